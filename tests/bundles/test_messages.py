"""Entries become messages of a file and come back as they were."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.core.bundled_messages import Reader, Writer
from palaver.domain.bundle import BundledMessage
from palaver.domain.entry import Entry
from palaver.domain.part import Reasoning, Text, ToolCall, ToolReturn
from tests.bundles import said
from tests.core.said import NOON, entry


@settings(deadline=None)
@given(st.lists(said.entries, max_size=6))
def test_whatever_is_said_comes_back(spoken: list[Entry]) -> None:
    writer, reader = Writer("agent-0"), Reader()

    for n, one in enumerate(spoken):
        text = writer.write(one, f"message-{n}").model_dump_json(exclude_none=True)
        read = BundledMessage.model_validate_json(text)
        assert reader.read(read, one.id, one.seq, one.created_at) == one


def test_what_the_format_can_say_is_said_in_its_own_words() -> None:
    asked = entry(
        "assistant",
        Reasoning(text="Let me count.", seal={"signature": "s"}),
        Text(text="One moment."),
        ToolCall(call_id="call-1", name="count", arguments='{"to": 3}'),
    )
    came = entry("tool", ToolReturn(call_id="call-1", name="count", status="error", content="No."))
    writer = Writer("agent-0")

    first, second = (
        json.loads(writer.write(one, f"message-{n}").model_dump_json(exclude_none=True))
        for n, one in enumerate((asked, came))
    )

    assert "parts" not in first | second
    assert first["content"] == [
        {
            "type": "reasoning",
            "reasoning": "Let me count.",
            "is_native": True,
            "signature": "s",
        },
        {"type": "text", "text": "One moment."},
    ]
    function = {"name": "count", "arguments": '{"to": 3}'}
    assert first["tool_calls"] == [{"id": "call-1", "function": function, "type": "function"}]
    assert second["tool_call_id"] == "call-1"
    assert second["content"] == [{"type": "text", "text": "No."}]
    assert second["tool_returns"] == [
        {"tool_call_id": "call-1", "status": "error", "func_response": "No."}
    ]


def test_older_ways_to_answer_are_understood() -> None:
    reader = Reader()
    call = {"id": "call-1", "function": {"name": "pay", "arguments": "{}"}}
    asked = {"id": "message-1", "role": "approval", "content": [], "tool_calls": [call]}
    answered = {"role": "approval", "approve": False, "approval_request_id": "message-1",
                "denial_reason": "too much"}  # fmt: skip
    returned = {"role": "function", "tool_call_id": "call-1", "name": "pay", "content": "OK"}

    roles, parts = [], []
    for n, one in enumerate((asked, answered, returned)):
        message = BundledMessage.model_validate(one)
        found = reader.read(message, f"m{n}", n, NOON)
        roles.append(found.role)
        parts += [part.model_dump(exclude_none=True) for part in found.parts]

    assert roles == ["assistant", "approval", "tool"]
    assert parts == [
        {"type": "tool_call", "call_id": "call-1", "name": "pay", "arguments": "{}",
         "gate": "approval"},
        {"type": "verdict", "call_id": "call-1", "approve": False, "reason": "too much"},
        {"type": "tool_return", "call_id": "call-1", "name": "pay", "status": "success",
         "content": "OK"},
    ]  # fmt: skip
