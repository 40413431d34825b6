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
            }
        }
    }
)
