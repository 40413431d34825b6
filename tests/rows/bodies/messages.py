"""Prompts in Anthropic's Messages."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "messages": {
            "plain": {
                "messages": [
                    {"role": "user", "content": [{"text": "Hi", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "Hello you", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "And now?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {"text": "I note it.", "type": "text"},
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<warning>\nLine numbers are shown for orientation only. They are not part of the value: leave them out when you call a memory tool.\n</warning>\n<value>\n1→ \n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "parallel tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "Tea with milk.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                            {
                                "id": "call_milk",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "milk"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                            {
                                "tool_use_id": "call_milk",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<warning>\nLine numbers are shown for orientation only. They are not part of the value: leave them out when you call a memory tool.\n</warning>\n<value>\n1→ \n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "They like tea.",
                                "signature": "c2VhbC0x",
                                "type": "thinking",
                            },
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "It is noted.",
                                "signature": "c2VhbC0y",
                                "type": "thinking",
                            },
                            {"text": "Done.", "type": "text"},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<warning>\nLine numbers are shown for orientation only. They are not part of the value: leave them out when you call a memory tool.\n</warning>\n<value>\n1→ \n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "image": {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"text": "What is this?", "type": "text"},
                            {
                                "source": {
                                    "data": "YSBwaWN0dXJl",
                                    "media_type": "image/png",
                                    "type": "base64",
                                },
                                "type": "image",
                            },
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "A cat.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Sure?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "refusal": {
                "messages": [
                    {"role": "user", "content": [{"text": "Do harm.", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "I will not.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Why?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "json schema": {
                "messages": [
                    {"role": "user", "content": [{"text": "The sky?", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": '{"sky":"blue"}', "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Again",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "long": {
                "messages": [
                    {"role": "user", "content": [{"text": "Question 0. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 1. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 2. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 3. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 4. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 5. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 6. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 7. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 8. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 9. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {"role": "user", "content": [{"text": "Question 10. […]", "type": "text"}]},
                    {"role": "assistant", "content": [{"text": "[…]", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Question 11. […]",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
        },
        "moonshot_coding-messages": {
            "tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {"text": "I note it.", "type": "text"},
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "parallel tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "Tea with milk.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                            {
                                "id": "call_milk",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "milk"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                            {
                                "tool_use_id": "call_milk",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "They like tea.",
                                "signature": "c2VhbC0x",
                                "type": "thinking",
                            },
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "It is noted.",
                                "signature": "c2VhbC0y",
                                "type": "thinking",
                            },
                            {"text": "Done.", "type": "text"},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
        },
        "bedrock-messages": {
            "tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {"text": "I note it.", "type": "text"},
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "parallel tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "Tea with milk.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                            {
                                "id": "call_milk",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "milk"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                            {
                                "tool_use_id": "call_milk",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            },
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done.", "type": "text"}]},
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea.", "type": "text"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "They like tea.",
                                "signature": "c2VhbC0x",
                                "type": "thinking",
                            },
                            {
                                "id": "call_tea",
                                "type": "tool_use",
                                "name": "memory_insert",
                                "input": {"label": "human", "new_string": "tea"},
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "tool_use_id": "call_tea",
                                "type": "tool_result",
                                "content": [
                                    {
                                        "text": "The memory block `human` has been edited. It now reads:\ntea",
                                        "type": "text",
                                    }
                                ],
                                "is_error": False,
                            }
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "thinking": "It is noted.",
                                "signature": "c2VhbC0y",
                                "type": "thinking",
                            },
                            {"text": "Done.", "type": "text"},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "text": "Noted?",
                                "type": "text",
                                "cache_control": {"type": "ephemeral", "ttl": "5m"},
                            }
                        ],
                    },
                ],
                "system": [
                    {
                        "type": "text",
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
                        "cache_control": {"type": "ephemeral", "ttl": "5m"},
                    }
                ],
            },
        },
    }
)
