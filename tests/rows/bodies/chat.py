"""Prompts on the wire `chat`."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "chat": {
            "plain": {
                "messages": [
                    {
                        "role": "system",
                        "content": """\
Be kind.

<memory_metadata>
- AGENT_ID: […]
- CONVERSATION_ID: […]
- System prompt last recompiled: […]
- 0 previous messages are stored in this conversation
</memory_metadata>\
""",
                    },
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello you"},
                    {"role": "user", "content": "And now?"},
                ]
            }
        }
    }
)
