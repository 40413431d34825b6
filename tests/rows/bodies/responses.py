"""Prompts in Responses."""

from inline_snapshot import snapshot

PROMPTS = snapshot(
    {
        "responses": {
            "plain": {
                "input": [
                    {"role": "user", "content": "Hi"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [
                            {"text": "Hello you", "type": "output_text", "annotations": []}
                        ],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "And now?"},
                ],
                "instructions": "Be kind.\n\n[…]",
            },
            "tools": {
                "input": [
                    {"role": "user", "content": "I like tea."},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [
                            {"text": "I note it.", "type": "output_text", "annotations": []}
                        ],
                        "type": "message",
                        "status": "completed",
                    },
                    {
                        "name": "memory_insert",
                        "arguments": '{"label": "human", "new_string": "tea"}',
                        "call_id": "call_tea",
                        "type": "function_call",
                        "id": "fc_1",
                    },
                    {
                        "type": "function_call_output",
                        "call_id": "call_tea",
                        "output": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "Done.", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Noted?"},
                ],
                "instructions": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
            },
            "parallel tools": {
                "input": [
                    {"role": "user", "content": "Tea with milk."},
                    {
                        "name": "memory_insert",
                        "arguments": '{"label": "human", "new_string": "tea"}',
                        "call_id": "call_tea",
                        "type": "function_call",
                        "id": "fc_0",
                    },
                    {
                        "name": "memory_insert",
                        "arguments": '{"label": "human", "new_string": "milk"}',
                        "call_id": "call_milk",
                        "type": "function_call",
                        "id": "fc_1",
                    },
                    {
                        "type": "function_call_output",
                        "call_id": "call_tea",
                        "output": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "type": "function_call_output",
                        "call_id": "call_milk",
                        "output": "The memory block `human` has been edited. It now reads:\ntea\nmilk",
                    },
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "Done.", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Noted?"},
                ],
                "instructions": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
            },
            "reasoning, tool, reasoning": {
                "input": [
                    {"role": "user", "content": "I like tea."},
                    {
                        "id": "rs_1",
                        "summary": [
                            {"text": "They like", "type": "summary_text"},
                            {"text": " tea.", "type": "summary_text"},
                        ],
                        "encrypted_content": "c2VhbC0x",
                        "type": "reasoning",
                    },
                    {
                        "name": "memory_insert",
                        "arguments": '{"label": "human", "new_string": "tea"}',
                        "call_id": "call_tea",
                        "type": "function_call",
                        "id": "fc_1",
                    },
                    {
                        "type": "function_call_output",
                        "call_id": "call_tea",
                        "output": "The memory block `human` has been edited. It now reads:\ntea",
                    },
                    {
                        "id": "rs_2",
                        "summary": [
                            {"text": "It is", "type": "summary_text"},
                            {"text": " noted.", "type": "summary_text"},
                        ],
                        "encrypted_content": "c2VhbC0y",
                        "type": "reasoning",
                    },
                    {
                        "role": "assistant",
                        "id": "msg_1",
                        "content": [{"text": "Done.", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Noted?"},
                ],
                "instructions": "Be kind.\n\n<memory_blocks>\nThese are the memory blocks that are always before your eyes:\n\n<human>\n<description>\n\n</description>\n<metadata>\n- chars_current=0\n- chars_limit=100000\n</metadata>\n<value>\n\n</value>\n</human>\n</memory_blocks>\n\n[…]",
            },
            "image": {
                "input": [
                    {
                        "role": "user",
                        "content": [
                            {"text": "What is this?", "type": "input_text"},
                            {
                                "image_url": "data:image/png;base64,YSBwaWN0dXJl",
                                "type": "input_image",
                                "detail": "auto",
                            },
                        ],
                    },
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "A cat.", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Sure?"},
                ],
                "instructions": "Be kind.\n\n[…]",
            },
            "refusal": {
                "input": [
                    {"role": "user", "content": "Do harm."},
                    {"role": "assistant", "content": "I will not."},
                    {"role": "user", "content": "Why?"},
                ],
                "instructions": "Be kind.\n\n[…]",
            },
            "json schema": {
                "input": [
                    {"role": "user", "content": "The sky?"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [
                            {"text": '{"sky":"blue"}', "type": "output_text", "annotations": []}
                        ],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Again"},
                ],
                "instructions": "Be kind.\n\n[…]",
            },
            "long": {
                "input": [
                    {"role": "user", "content": "Question 0. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 1. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 2. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 3. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 4. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 5. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 6. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 7. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 8. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 9. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 10. […]"},
                    {
                        "role": "assistant",
                        "id": "msg_0",
                        "content": [{"text": "[…]", "type": "output_text", "annotations": []}],
                        "type": "message",
                        "status": "completed",
                    },
                    {"role": "user", "content": "Question 11. […]"},
                ],
                "instructions": "Be kind.\n\n[…]",
            },
        }
    }
)
