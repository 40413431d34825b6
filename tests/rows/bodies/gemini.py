"""Prompts in Gemini's generateContent."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "gemini": {
            "plain": {
                "contents": [
                    {"parts": [{"text": "Hi"}], "role": "user"},
                    {"parts": [{"text": "Hello you"}], "role": "model"},
                    {"parts": [{"text": "And now?"}], "role": "user"},
                ],
                "systemInstruction": {"parts": [{"text": "Be kind.\n\n[…]"}], "role": "user"},
            },
            "tools": {
                "contents": [
                    {"parts": [{"text": "I like tea."}], "role": "user"},
                    {
                        "parts": [
                            {"text": "I note it."},
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIGFpIG1lbW9yeV9pbnNlcnQgeyJsYWJlbCI6ICJodW1hbiIsICJuZXdfc3RyaW5nIjogInRlYSJ9",
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            }
                        ],
                        "role": "user",
                    },
                    {"parts": [{"text": "Done."}], "role": "model"},
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
            "parallel tools": {
                "contents": [
                    {"parts": [{"text": "Tea with milk."}], "role": "user"},
                    {
                        "parts": [
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIGFpIG1lbW9yeV9pbnNlcnQgeyJsYWJlbCI6ICJodW1hbiIsICJuZXdfc3RyaW5nIjogInRlYSJ9",
                            },
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "milk"},
                                    "name": "memory_insert",
                                }
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            },
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea\nmilk"
                                    },
                                }
                            },
                        ],
                        "role": "user",
                    },
                    {"parts": [{"text": "Done."}], "role": "model"},
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
            "reasoning, tool, reasoning": {
                "contents": [
                    {"parts": [{"text": "I like tea."}], "role": "user"},
                    {
                        "parts": [
                            {
                                "text": "They like tea.",
                                "thought": True,
                                "thoughtSignature": "YzJWaGJDMHg=",
                            },
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIGFpIG1lbW9yeV9pbnNlcnQgeyJsYWJlbCI6ICJodW1hbiIsICJuZXdfc3RyaW5nIjogInRlYSJ9",
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            }
                        ],
                        "role": "user",
                    },
                    {
                        "parts": [
                            {
                                "text": "It is noted.",
                                "thought": True,
                                "thoughtSignature": "YzJWaGJDMHk=",
                            },
                            {"text": "Done."},
                        ],
                        "role": "model",
                    },
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
            "image": {
                "contents": [
                    {
                        "parts": [
                            {"text": "What is this?"},
                            {"inlineData": {"data": "YSBwaWN0dXJl", "mime_type": "image/png"}},
                        ],
                        "role": "user",
                    },
                    {"parts": [{"text": "A cat."}], "role": "model"},
                    {"parts": [{"text": "Sure?"}], "role": "user"},
                ],
                "systemInstruction": {"parts": [{"text": "Be kind.\n\n[…]"}], "role": "user"},
            },
            "json schema": {
                "contents": [
                    {"parts": [{"text": "The sky?"}], "role": "user"},
                    {"parts": [{"text": '{"sky":"blue"}'}], "role": "model"},
                    {"parts": [{"text": "Again"}], "role": "user"},
                ],
                "systemInstruction": {"parts": [{"text": "Be kind.\n\n[…]"}], "role": "user"},
            },
            "long": {
                "contents": [
                    {"parts": [{"text": "Question 0. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 1. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 2. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 3. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 4. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 5. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 6. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 7. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 8. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 9. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 10. […]"}], "role": "user"},
                    {"parts": [{"text": "[…]"}], "role": "model"},
                    {"parts": [{"text": "Question 11. […]"}], "role": "user"},
                ],
                "systemInstruction": {"parts": [{"text": "Be kind.\n\n[…]"}], "role": "user"},
            },
        },
        "google_vertex-gemini": {
            "tools": {
                "contents": [
                    {"parts": [{"text": "I like tea."}], "role": "user"},
                    {
                        "parts": [
                            {"text": "I note it."},
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIHZlcnRleCBtZW1vcnlfaW5zZXJ0IHsibGFiZWwiOiAiaHVtYW4iLCAibmV3X3N0cmluZyI6ICJ0ZWEifQ==",
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            }
                        ],
                        "role": "user",
                    },
                    {"parts": [{"text": "Done."}], "role": "model"},
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
            "parallel tools": {
                "contents": [
                    {"parts": [{"text": "Tea with milk."}], "role": "user"},
                    {
                        "parts": [
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIHZlcnRleCBtZW1vcnlfaW5zZXJ0IHsibGFiZWwiOiAiaHVtYW4iLCAibmV3X3N0cmluZyI6ICJ0ZWEifQ==",
                            },
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "milk"},
                                    "name": "memory_insert",
                                }
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            },
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea\nmilk"
                                    },
                                }
                            },
                        ],
                        "role": "user",
                    },
                    {"parts": [{"text": "Done."}], "role": "model"},
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
            "reasoning, tool, reasoning": {
                "contents": [
                    {"parts": [{"text": "I like tea."}], "role": "user"},
                    {
                        "parts": [
                            {
                                "text": "They like tea.",
                                "thought": True,
                                "thoughtSignature": "YzJWaGJDMHg=",
                            },
                            {
                                "functionCall": {
                                    "id": "[…]",
                                    "args": {"label": "human", "new_string": "tea"},
                                    "name": "memory_insert",
                                },
                                "thoughtSignature": "c2lnbmVkIHZlcnRleCBtZW1vcnlfaW5zZXJ0IHsibGFiZWwiOiAiaHVtYW4iLCAibmV3X3N0cmluZyI6ICJ0ZWEifQ==",
                            },
                        ],
                        "role": "model",
                    },
                    {
                        "parts": [
                            {
                                "functionResponse": {
                                    "id": "[…]",
                                    "name": "memory_insert",
                                    "response": {
                                        "return_value": "The memory block `human` has been edited. It now reads:\ntea"
                                    },
                                }
                            }
                        ],
                        "role": "user",
                    },
                    {
                        "parts": [
                            {
                                "text": "It is noted.",
                                "thought": True,
                                "thoughtSignature": "YzJWaGJDMHk=",
                            },
                            {"text": "Done."},
                        ],
                        "role": "model",
                    },
                    {"parts": [{"text": "Noted?"}], "role": "user"},
                ],
                "systemInstruction": {
                    "parts": [
                        {
                            "text": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]"
                        }
                    ],
                    "role": "user",
                },
            },
        },
    }
)
