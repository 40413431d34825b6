"""The tools of a request, and how they may be called."""

from inline_snapshot import snapshot

TOOLS = snapshot(
    {
        "chat, strict": {
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "memory_insert",
                        "description": "Insert text into a memory block, after a given line or at its end.",
                        "parameters": {
                            "type": "object",
                            "properties": {
                                "label": {
                                    "type": "string",
                                    "description": "Which memory block to edit, by its label.",
                                },
                                "new_string": {
                                    "type": "string",
                                    "description": "The text to insert, without line numbers.",
                                },
                                "insert_line": {
                                    "type": "integer",
                                    "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                                },
                            },
                            "required": ["label", "new_string", "insert_line"],
                            "additionalProperties": False,
                        },
                        "strict": True,
                    },
                }
            ],
        },
        "responses, strict": {
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [
                {
                    "name": "memory_insert",
                    "parameters": {
                        "type": "object",
                        "properties": {
                            "label": {
                                "type": "string",
                                "description": "Which memory block to edit, by its label.",
                            },
                            "new_string": {
                                "type": "string",
                                "description": "The text to insert, without line numbers.",
                            },
                            "insert_line": {
                                "type": "integer",
                                "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                            },
                        },
                        "required": ["label", "new_string", "insert_line"],
                        "additionalProperties": False,
                    },
                    "type": "function",
                    "description": "Insert text into a memory block, after a given line or at its end.",
                    "strict": True,
                }
            ],
        },
        "messages, strict": {
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "tools": [
                {
                    "name": "memory_insert",
                    "description": "Insert text into a memory block, after a given line or at its end.",
                    "input_schema": {
                        "type": "object",
                        "properties": {
                            "label": {
                                "type": "string",
                                "description": "Which memory block to edit, by its label.",
                            },
                            "new_string": {
                                "type": "string",
                                "description": "The text to insert, without line numbers.",
                            },
                            "insert_line": {
                                "type": "integer",
                                "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                            },
                        },
                        "additionalProperties": False,
                        "required": ["label", "new_string"],
                    },
                    "strict": True,
                    "cache_control": {"type": "ephemeral", "ttl": "5m"},
                }
            ],
        },
        "gemini": {
            "tools": [
                {
                    "functionDeclarations": [
                        {
                            "description": "Insert text into a memory block, after a given line or at its end.",
                            "name": "memory_insert",
                            "parameters_json_schema": {
                                "type": "object",
                                "properties": {
                                    "label": {
                                        "type": "string",
                                        "description": "Which memory block to edit, by its label.",
                                    },
                                    "new_string": {
                                        "type": "string",
                                        "description": "The text to insert, without line numbers.",
                                    },
                                    "insert_line": {
                                        "type": "integer",
                                        "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                                    },
                                },
                                "required": ["label", "new_string"],
                            },
                        }
                    ]
                }
            ],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        },
        "chat": {
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "memory_insert",
                        "description": "Insert text into a memory block, after a given line or at its end.",
                        "parameters": {
                            "type": "object",
                            "properties": {
                                "label": {
                                    "type": "string",
                                    "description": "Which memory block to edit, by its label.",
                                },
                                "new_string": {
                                    "type": "string",
                                    "description": "The text to insert, without line numbers.",
                                },
                                "insert_line": {
                                    "type": "integer",
                                    "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                                },
                            },
                            "required": ["label", "new_string"],
                        },
                    },
                }
            ],
        },
        "messages": {
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "tools": [
                {
                    "name": "memory_insert",
                    "description": "Insert text into a memory block, after a given line or at its end.",
                    "input_schema": {
                        "type": "object",
                        "properties": {
                            "label": {
                                "type": "string",
                                "description": "Which memory block to edit, by its label.",
                            },
                            "new_string": {
                                "type": "string",
                                "description": "The text to insert, without line numbers.",
                            },
                            "insert_line": {
                                "type": "integer",
                                "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                            },
                        },
                        "required": ["label", "new_string"],
                    },
                    "cache_control": {"type": "ephemeral", "ttl": "5m"},
                }
            ],
        },
        "converse": {
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "memory_insert",
                            "inputSchema": {
                                "json": {
                                    "type": "object",
                                    "properties": {
                                        "label": {
                                            "type": "string",
                                            "description": "Which memory block to edit, by its label.",
                                        },
                                        "new_string": {
                                            "type": "string",
                                            "description": "The text to insert, without line numbers.",
                                        },
                                        "insert_line": {
                                            "type": "integer",
                                            "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                                        },
                                    },
                                    "required": ["label", "new_string"],
                                }
                            },
                            "description": "Insert text into a memory block, after a given line or at its end.",
                        }
                    }
                ],
                "toolChoice": {"auto": {}},
            }
        },
        "openrouter-chat": {
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "memory_insert",
                        "description": "Insert text into a memory block, after a given line or at its end.",
                        "parameters": {
                            "type": "object",
                            "properties": {
                                "label": {
                                    "type": "string",
                                    "description": "Which memory block to edit, by its label.",
                                },
                                "new_string": {
                                    "type": "string",
                                    "description": "The text to insert, without line numbers.",
                                },
                                "insert_line": {
                                    "type": "integer",
                                    "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                                },
                            },
                            "required": ["label", "new_string"],
                        },
                    },
                    "cache_control": {"type": "ephemeral", "ttl": "5m"},
                }
            ],
        },
        "responses": {
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [
                {
                    "name": "memory_insert",
                    "parameters": {
                        "type": "object",
                        "properties": {
                            "label": {
                                "type": "string",
                                "description": "Which memory block to edit, by its label.",
                            },
                            "new_string": {
                                "type": "string",
                                "description": "The text to insert, without line numbers.",
                            },
                            "insert_line": {
                                "type": "integer",
                                "description": "The line to insert after: 0 is the beginning, -1 (the default) the end.",
                            },
                        },
                        "required": ["label", "new_string"],
                    },
                    "type": "function",
                    "description": "Insert text into a memory block, after a given line or at its end.",
                    "strict": False,
                }
            ],
        },
    }
)
