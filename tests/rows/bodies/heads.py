"""What a request has besides its prompt and its tools, for each provider."""

from inline_snapshot import snapshot

HEADS = snapshot(
    {
        "openai-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "gpt-4o",
                "stream": True,
                "max_completion_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "gpt-4o",
                "stream": True,
                "max_completion_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "openai-responses": {
            "others": {
                "path": "/v1/responses",
                "model": "gpt-5-mini",
                "stream": True,
                "include": ["reasoning.encrypted_content"],
                "max_output_tokens": 900,
                "prompt_cache_key": "[…]",
                "reasoning": {"effort": "low", "summary": "auto"},
                "store": False,
            },
            "json schema": {
                "path": "/v1/responses",
                "model": "gpt-5-mini",
                "stream": True,
                "include": ["reasoning.encrypted_content"],
                "max_output_tokens": 900,
                "prompt_cache_key": "[…]",
                "reasoning": {"effort": "low", "summary": "auto"},
                "store": False,
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    }
                },
            },
        },
        "sglang-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "qwen3-32b",
                "stream": True,
                "max_tokens": 900,
                "reasoning_effort": "low",
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "qwen3-32b",
                "stream": True,
                "max_tokens": 900,
                "reasoning_effort": "low",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "anthropic-messages": {
            "others": {
                "path": "/v1/messages",
                "max_tokens": 2948,
                "model": "claude-sonnet-4-6",
                "output_config": {"effort": "high"},
                "stream": True,
                "thinking": {"type": "enabled", "budget_tokens": 2048},
            },
            "json schema": {
                "path": "/v1/messages",
                "max_tokens": 2948,
                "model": "claude-sonnet-4-6",
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "additionalProperties": False,
                            "required": ["sky"],
                        },
                    },
                    "effort": "high",
                },
                "stream": True,
                "thinking": {"type": "enabled", "budget_tokens": 2048},
            },
        },
        "google_ai-gemini": {
            "others": {
                "path": "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
                "generationConfig": {
                    "temperature": 0.3,
                    "maxOutputTokens": 900,
                    "responseModalities": ["TEXT"],
                    "thinkingConfig": {"include_thoughts": False, "thinking_budget": 2048},
                },
            },
            "json schema": {
                "path": "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
                "generationConfig": {
                    "temperature": 0.3,
                    "maxOutputTokens": 900,
                    "responseMimeType": "application/json",
                    "responseJsonSchema": {
                        "type": "object",
                        "properties": {"sky": {"type": "string"}},
                        "required": ["sky"],
                        "additionalProperties": False,
                        "title": "sky",
                    },
                    "responseModalities": ["TEXT"],
                    "thinkingConfig": {"include_thoughts": False, "thinking_budget": 2048},
                },
            },
        },
        "google_vertex-gemini": {
            "others": {
                "path": "/v1beta1/projects/a-project/locations/europe-west4/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                "generationConfig": {
                    "temperature": 0.3,
                    "maxOutputTokens": 900,
                    "responseModalities": ["TEXT"],
                    "thinkingConfig": {"include_thoughts": False, "thinking_budget": 2048},
                },
            },
            "json schema": {
                "path": "/v1beta1/projects/a-project/locations/europe-west4/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                "generationConfig": {
                    "temperature": 0.3,
                    "maxOutputTokens": 900,
                    "responseMimeType": "application/json",
                    "responseJsonSchema": {
                        "type": "object",
                        "properties": {"sky": {"type": "string"}},
                        "required": ["sky"],
                        "additionalProperties": False,
                        "title": "sky",
                    },
                    "responseModalities": ["TEXT"],
                    "thinkingConfig": {"include_thoughts": False, "thinking_budget": 2048},
                },
            },
        },
        "azure-chat": {
            "others": {
                "path": "/openai/v1/chat/completions",
                "model": "gpt-4.1",
                "stream": True,
                "max_completion_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/openai/v1/chat/completions",
                "model": "gpt-4.1",
                "stream": True,
                "max_completion_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "xai-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "grok-4",
                "stream": True,
                "max_completion_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "grok-4",
                "stream": True,
                "max_completion_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "moonshot-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "kimi-k2-thinking",
                "stream": True,
                "max_completion_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "kimi-k2-thinking",
                "stream": True,
                "max_completion_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "zai-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "glm-4.6",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
                "thinking": {"type": "enabled", "clear_thinking": True},
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "glm-4.6",
                "stream": True,
                "max_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
                "thinking": {"type": "enabled", "clear_thinking": True},
            },
        },
        "moonshot_coding-messages": {
            "others": {
                "path": "/v1/messages",
                "max_tokens": 2948,
                "model": "kimi-for-coding",
                "output_config": {"effort": "high"},
                "stream": True,
                "thinking": {"type": "enabled", "budget_tokens": 2048},
            },
            "json schema": {
                "path": "/v1/messages",
                "max_tokens": 2948,
                "model": "kimi-for-coding",
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "additionalProperties": False,
                            "required": ["sky"],
                        },
                    },
                    "effort": "high",
                },
                "stream": True,
                "thinking": {"type": "enabled", "budget_tokens": 2048},
            },
        },
        "groq-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "qwen/qwen3-32b",
                "stream": True,
                "max_completion_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "qwen/qwen3-32b",
                "stream": True,
                "max_completion_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "deepseek-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "deepseek-reasoner",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "deepseek-reasoner",
                "stream": True,
                "max_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "together-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "Qwen/Qwen3-235B-A22B",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "Qwen/Qwen3-235B-A22B",
                "stream": True,
                "max_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "bedrock-messages": {
            "others": {
                "path": "/model/anthropic.claude-sonnet-4-5-v1:0/invoke-with-response-stream",
                "max_tokens": 900,
                "temperature": 0.3,
                "anthropic_version": "bedrock-2023-05-31",
            },
            "json schema": {
                "path": "/model/anthropic.claude-sonnet-4-5-v1:0/invoke-with-response-stream",
                "max_tokens": 900,
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "additionalProperties": False,
                            "required": ["sky"],
                        },
                    }
                },
                "temperature": 0.3,
                "anthropic_version": "bedrock-2023-05-31",
            },
        },
        "bedrock-converse": {
            "others": {
                "path": "/model/amazon.nova-pro-v1%3A0/converse-stream",
                "inferenceConfig": {"maxTokens": 900, "temperature": 0.3},
            },
            "json schema": {
                "path": "/model/amazon.nova-pro-v1%3A0/converse-stream",
                "inferenceConfig": {"maxTokens": 900, "temperature": 0.3},
                "outputConfig": {
                    "textFormat": {
                        "type": "json_schema",
                        "structure": {
                            "jsonSchema": {
                                "name": "sky",
                                "schema": '{"type":"object","properties":{"sky":{"type":"string"}},"required":["sky"],"additionalProperties":false}',
                            }
                        },
                    }
                },
            },
        },
        "baseten-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "zai-org/GLM-4.6",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "zai-org/GLM-4.6",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "openrouter-chat": {
            "others": {
                "path": "/v1/chat/completions",
                "model": "anthropic/claude-sonnet-4.5",
                "stream": True,
                "max_tokens": 900,
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
            "json schema": {
                "path": "/v1/chat/completions",
                "model": "anthropic/claude-sonnet-4.5",
                "stream": True,
                "max_tokens": 900,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "sky",
                        "schema": {
                            "type": "object",
                            "properties": {"sky": {"type": "string"}},
                            "required": ["sky"],
                            "additionalProperties": False,
                        },
                        "strict": False,
                    },
                },
                "stream_options": {"include_usage": True},
                "temperature": 0.3,
            },
        },
        "chatgpt_oauth-responses": {
            "others": {
                "path": "/backend-api/codex/responses",
                "model": "gpt-5-codex",
                "stream": True,
                "include": ["reasoning.encrypted_content"],
                "prompt_cache_key": "[…]",
                "reasoning": {"effort": "low", "summary": "auto"},
                "store": False,
            },
            "json schema": {
                "path": "/backend-api/codex/responses",
                "model": "gpt-5-codex",
                "stream": True,
                "include": ["reasoning.encrypted_content"],
                "prompt_cache_key": "[…]",
                "reasoning": {"effort": "low", "summary": "auto"},
                "store": False,
            },
        },
    }
)
