"""Prompts in Amazon's Converse."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "converse": {
            "plain": {
                "messages": [
                    {"role": "user", "content": [{"text": "Hi"}]},
                    {"role": "assistant", "content": [{"text": "Hello you"}]},
                    {
                        "role": "user",
                        "content": [{"text": "And now?"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [{"text": "Be kind.\n\n[…]"}, {"cachePoint": {"type": "default"}}],
            },
            "tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea."}]},
                    {
                        "role": "assistant",
                        "content": [
                            {"text": "I note it."},
                            {
                                "toolUse": {
                                    "toolUseId": "call_tea",
                                    "name": "memory_insert",
                                    "input": {"label": "human", "new_string": "tea"},
                                }
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "toolResult": {
                                    "toolUseId": "call_tea",
                                    "content": [
                                        {
                                            "text": "The memory block `human` has been edited. It now reads:\ntea"
                                        }
                                    ],
                                    "status": "success",
                                }
                            }
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done."}]},
                    {
                        "role": "user",
                        "content": [{"text": "Noted?"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [
                    {
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                    },
                    {"cachePoint": {"type": "default"}},
                ],
            },
            "parallel tools": {
                "messages": [
                    {"role": "user", "content": [{"text": "Tea with milk."}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "toolUse": {
                                    "toolUseId": "call_tea",
                                    "name": "memory_insert",
                                    "input": {"label": "human", "new_string": "tea"},
                                }
                            },
                            {
                                "toolUse": {
                                    "toolUseId": "call_milk",
                                    "name": "memory_insert",
                                    "input": {"label": "human", "new_string": "milk"},
                                }
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "toolResult": {
                                    "toolUseId": "call_tea",
                                    "content": [
                                        {
                                            "text": "The memory block `human` has been edited. It now reads:\ntea"
                                        }
                                    ],
                                    "status": "success",
                                }
                            },
                            {
                                "toolResult": {
                                    "toolUseId": "call_milk",
                                    "content": [
                                        {
                                            "text": "The memory block `human` has been edited. It now reads:\ntea\nmilk"
                                        }
                                    ],
                                    "status": "success",
                                }
                            },
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "Done."}]},
                    {
                        "role": "user",
                        "content": [{"text": "Noted?"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [
                    {
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                    },
                    {"cachePoint": {"type": "default"}},
                ],
            },
            "reasoning, tool, reasoning": {
                "messages": [
                    {"role": "user", "content": [{"text": "I like tea."}]},
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "reasoningContent": {
                                    "reasoningText": {
                                        "text": "They like tea.",
                                        "signature": "c2VhbC0x",
                                    }
                                }
                            },
                            {
                                "toolUse": {
                                    "toolUseId": "call_tea",
                                    "name": "memory_insert",
                                    "input": {"label": "human", "new_string": "tea"},
                                }
                            },
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "toolResult": {
                                    "toolUseId": "call_tea",
                                    "content": [
                                        {
                                            "text": "The memory block `human` has been edited. It now reads:\ntea"
                                        }
                                    ],
                                    "status": "success",
                                }
                            }
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [
                            {
                                "reasoningContent": {
                                    "reasoningText": {
                                        "text": "It is noted.",
                                        "signature": "c2VhbC0y",
                                    }
                                }
                            },
                            {"text": "Done."},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [{"text": "Noted?"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [
                    {
                        "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                    },
                    {"cachePoint": {"type": "default"}},
                ],
            },
            "image": {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"text": "What is this?"},
                            {"image": {"format": "png", "source": {"bytes": "YSBwaWN0dXJl"}}},
                        ],
                    },
                    {"role": "assistant", "content": [{"text": "A cat."}]},
                    {
                        "role": "user",
                        "content": [{"text": "Sure?"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [{"text": "Be kind.\n\n[…]"}, {"cachePoint": {"type": "default"}}],
            },
            "json schema": {
                "messages": [
                    {"role": "user", "content": [{"text": "The sky?"}]},
                    {"role": "assistant", "content": [{"text": '{"sky":"blue"}'}]},
                    {
                        "role": "user",
                        "content": [{"text": "Again"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "system": [{"text": "Be kind.\n\n[…]"}, {"cachePoint": {"type": "default"}}],
            },
            "long": {
                "messages": [
                    {"role": "user", "content": [{"text": "Question 0. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 1. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 2. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 3. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 4. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 5. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 6. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 7. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 8. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 9. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {"role": "user", "content": [{"text": "Question 10. […]"}]},
                    {"role": "assistant", "content": [{"text": "[…]"}]},
                    {
                        "role": "user",
                        "content": [
                            {"text": "Question 11. […]"},
                            {"cachePoint": {"type": "default"}},
                        ],
                    },
                ],
                "system": [{"text": "Be kind.\n\n[…]"}, {"cachePoint": {"type": "default"}}],
            },
        }
    }
)
