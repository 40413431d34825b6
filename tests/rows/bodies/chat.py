"""Prompts in Chat Completions."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "chat": {
            "plain": {
                "messages": [
                    {"role": "system", "content": "Be kind.\n\n[…]"},
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello you"},
                    {"role": "user", "content": "And now?"},
                ]
            },
            "tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                    },
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "content": "I note it.",
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {"role": "assistant", "content": "Done."},
                    {"role": "user", "content": "Noted?"},
                ]
            },
            "parallel tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                    },
                    {"role": "user", "content": "Tea with milk."},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            },
                            {
                                "id": "call_milk",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "milk"}',
                                },
                            },
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_milk",
                        "content": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                    },
                    {"role": "assistant", "content": "Done."},
                    {"role": "user", "content": "Noted?"},
                ]
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {
                        "role": "system",
                        "content": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                    },
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "reasoning_content": "They like tea.",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {"role": "assistant", "reasoning_content": "It is noted.", "content": "Done."},
                    {"role": "user", "content": "Noted?"},
                ]
            },
            "image": {
                "messages": [
                    {"role": "system", "content": "Be kind.\n\n[…]"},
                    {
                        "role": "user",
                        "content": [
                            {"text": "What is this?", "type": "text"},
                            {
                                "image_url": {"url": "data:image/png;base64,YSBwaWN0dXJl"},
                                "type": "image_url",
                            },
                        ],
                    },
                    {"role": "assistant", "content": "A cat."},
                    {"role": "user", "content": "Sure?"},
                ]
            },
            "refusal": {
                "messages": [
                    {"role": "system", "content": "Be kind.\n\n[…]"},
                    {"role": "user", "content": "Do harm."},
                    {"role": "assistant", "content": "I will not."},
                    {"role": "user", "content": "Why?"},
                ]
            },
            "json schema": {
                "messages": [
                    {"role": "system", "content": "Be kind.\n\n[…]"},
                    {"role": "user", "content": "The sky?"},
                    {"role": "assistant", "content": '{"sky":"blue"}'},
                    {"role": "user", "content": "Again"},
                ]
            },
            "long": {
                "messages": [
                    {"role": "system", "content": "Be kind.\n\n[…]"},
                    {"role": "user", "content": "Question 0. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 1. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 2. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 3. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 4. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 5. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 6. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 7. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 8. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 9. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 10. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 11. […]"},
                ]
            },
        },
        "deepseek-chat": {
            "tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                    },
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "content": "I note it.",
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            }
                        ],
                        "reasoning_content": "",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {"role": "assistant", "content": "Done."},
                    {"role": "user", "content": "Noted?"},
                ]
            },
            "parallel tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                    },
                    {"role": "user", "content": "Tea with milk."},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            },
                            {
                                "id": "call_milk",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "milk"}',
                                },
                            },
                        ],
                        "reasoning_content": "",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_milk",
                        "content": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                    },
                    {"role": "assistant", "content": "Done."},
                    {"role": "user", "content": "Noted?"},
                ]
            },
        },
        "openrouter-chat": {
            "plain": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello you"},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "And now?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "content": "I note it.",
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {"role": "assistant", "content": "Done."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Noted?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "parallel tools": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "Tea with milk."},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            },
                            {
                                "id": "call_milk",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "milk"}',
                                },
                            },
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_milk",
                        "content": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                    },
                    {"role": "assistant", "content": "Done."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Noted?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_tea",
                                "type": "function",
                                "function": {
                                    "name": "memory_insert",
                                    "arguments": '{"label": "human", "new_string": "tea"}',
                                },
                            }
                        ],
                        "reasoning": "",
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_tea",
                        "content": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {"role": "assistant", "content": "Done."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Noted?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "image": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {"text": "What is this?", "type": "text"},
                            {
                                "image_url": {"url": "data:image/png;base64,YSBwaWN0dXJl"},
                                "type": "image_url",
                            },
                        ],
                    },
                    {"role": "assistant", "content": "A cat."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Sure?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "refusal": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "Do harm."},
                    {"role": "assistant", "content": "I will not."},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Why?",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "json schema": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "The sky?"},
                    {"role": "assistant", "content": '{"sky":"blue"}'},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Again",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
            "long": {
                "messages": [
                    {
                        "role": "system",
                        "content": [
                            {
                                "type": "text",
                                "text": "Be kind.\n\n[…]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                    {"role": "user", "content": "Question 0. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 1. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 2. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 3. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 4. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 5. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 6. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 7. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 8. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 9. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {"role": "user", "content": "Question 10. […]"},
                    {"role": "assistant", "content": "[…]"},
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "text",
                                "text": "Question 11. […]",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ]
            },
        },
    }
)
