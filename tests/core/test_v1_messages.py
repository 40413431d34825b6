"""Rows of V1's messages, and what they say here."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from palaver.core.bundled_messages import Reader
from palaver.core.v1 import agent_of, handle_of, settings_of
from palaver.core.v1_messages import Messages
from palaver.domain.entry import Entry
from palaver.domain.model_settings import (
    AnthropicModelSettings,
    GoogleAIModelSettings,
    OpenAIModelSettings,
)
from palaver.domain.part import Reasoning, Text, ToolCall, ToolReturn, Verdict

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


def row(id: str, role: str, said: Any = None, **more: Any) -> Row:
    """A row of the table of messages."""
    content = [{"type": "text", "text": said}] if isinstance(said, str) else said
    blank = {"text": None, "conversation_id": None, "created_at": NOON}
    return {"id": id, "role": role, "content": content, **blank, **more}


def calls(*ids: str, name: str = "look") -> list[Row]:
    """Calls as they are stored."""
    function = {"name": name, "arguments": "{}"}
    return [{"id": one, "type": "function", "function": function} for one in ids]


def read(*rows: Row, summaries: tuple[str, ...] = (), older: bool = False) -> list[Entry]:
    """The entries that rows become."""
    messages, reader = Messages(summaries, older), Reader()
    for one in rows:
        assert messages.take(one).faults == ()
    said = messages.said.items()
    return [reader.read(message, local, n, NOON) for n, (local, message) in enumerate(said)]


def test_a_step_in_two_rows_is_one_say() -> None:
    (said,) = read(
        row("a", "assistant", "I look.", tool_calls=calls("free")),
        row("b", "approval", tool_calls=calls("asked")),
    )

    assert said.id == "a"
    assert [(one.call_id, one.gate) for one in said.parts if isinstance(one, ToolCall)] == [
        ("free", None),
        ("asked", "approval"),
    ]


def test_rows_of_two_conversations_are_not_joined() -> None:
    said = read(
        row("a", "assistant", "Well.", conversation_id="conv-1"),
        row("b", "approval", tool_calls=calls("asked"), conversation_id="conv-2"),
    )

    assert [one.role for one in said] == ["assistant", "assistant"]


@pytest.mark.parametrize(
    "answer",
    [
        {
            "approvals": [
                {"type": "approval", "tool_call_id": "x", "approve": False, "reason": "no"}
            ]
        },
        {"approve": False, "denial_reason": "no", "approval_request_id": "b"},
    ],
)
def test_answers_of_both_ages(answer: Row) -> None:
    said = read(
        row("a", "assistant", "Hm."),
        row("b", "approval", tool_calls=calls("x")),
        row("c", "approval", **answer),
    )

    assert said[-1].parts == (Verdict(call_id="x", approve=False, reason="no"),)


def test_what_a_client_returned() -> None:
    back = {"tool_call_id": "x", "status": "success", "func_response": {"found": 1}}
    (answer,) = read(row("a", "approval", approvals=[back]))

    assert answer.parts == (ToolReturn(call_id="x", status="success", content='{"found": 1}'),)


@pytest.mark.parametrize(
    ("stored", "content", "status"),
    [
        ({"func_response": '{"status": "OK", "message": "blue", "time": ""}'}, "blue", "success"),
        ({"func_response": '{"status": "Failed", "message": "dark"}'}, "dark", "error"),
        ({"func_response": '{"status": "cloudy"}'}, '{"status": "cloudy"}', "success"),
        ({"status": "error"}, "in the words", "error"),
    ],
)
def test_returns_out_of_their_envelopes(
    stored: Row, content: str, status: Literal["success", "error"]
) -> None:
    (tool,) = read(row("a", "tool", "in the words", tool_returns=[stored], tool_call_id="x"))

    assert tool.parts == (ToolReturn(call_id="x", status=status, content=content),)


def test_what_older_agents_think_and_say() -> None:
    spoke, back = read(
        row("a", "assistant", "Shy.", tool_calls=calls("x", name="send_message")),
        row("b", "tool", '{"status": "OK", "message": "None"}', tool_call_id="x"),
        older=True,
    )

    assert isinstance(spoke.parts[0], Reasoning)
    assert back.parts[0] == ToolReturn(
        call_id="x", name="send_message", status="success", content="The message was sent."
    )


@pytest.mark.parametrize(("where", "role"), [(("a",), "summary"), ((), "user")])
def test_an_alert_is_a_summary_where_a_window_begins_with_it(
    where: tuple[str, ...], role: str
) -> None:
    (said,) = read(row("a", "user", '{"type": "system_alert", "message": "!"}'), summaries=where)

    assert said.role == role


def test_characters_that_cannot_be_kept_are_replaced() -> None:
    (said,) = read(row("a", "user", "a\x00b\ud800c"))

    assert said.parts == (Text(text="a\ufffdb\ufffdc"),)


@pytest.mark.parametrize(
    ("config", "handle"),
    [
        ({"handle": "openai/gpt-4o", "model": "gpt-4o"}, "openai/gpt-4o"),
        (
            {"model": "claude", "model_endpoint_type": "anthropic", "handle": None},
            "anthropic/claude",
        ),
        ({"model": "m", "provider_name": "mine", "model_endpoint_type": "openai"}, "mine/m"),
        ({"handle": "bare", "model_endpoint_type": "groq"}, "groq/bare"),
        ({}, None),
    ],
)
def test_handles(config: Row, handle: str | None) -> None:
    assert handle_of(config) == handle


def test_the_settings_of_models() -> None:
    warm = {"temperature": 0.2, "max_tokens": 900, "parallel_tool_calls": False}
    thinks = {"enable_reasoner": True, "max_reasoning_tokens": 2048}

    openai = settings_of({"model_endpoint_type": "openai", "reasoning_effort": "low", **warm})
    claude = settings_of({"model_endpoint_type": "anthropic", **warm, **thinks})
    gemini = settings_of({"model_endpoint_type": "google_ai", **thinks})
    plain = settings_of({"model_endpoint_type": "anthropic", "enable_reasoner": False})

    assert isinstance(openai, OpenAIModelSettings)
    assert openai.reasoning.reasoning_effort == "low"
    assert (openai.temperature, openai.max_output_tokens) == (0.2, 900)
    assert isinstance(claude, AnthropicModelSettings)
    assert (claude.thinking.budget_tokens, claude.parallel_tool_calls) == (2048, False)
    assert isinstance(gemini, GoogleAIModelSettings)
    assert gemini.thinking_config.thinking_budget == 2048
    assert isinstance(plain, AnthropicModelSettings)
    assert plain.thinking.type == "disabled"
    assert "max_output_tokens" not in plain.model_fields_set
    assert settings_of({"model_endpoint_type": "webui", "temperature": 0.2}) is None


def test_of_an_agent_only_what_is_wrong_is_left_out() -> None:
    rules = [{"type": "exit_loop", "tool_name": "look"}, {"type": "TerminalRule"}]
    read = agent_of(
        {
            "id": "agent-1", "name": "Ada", "timezone": "Mars/Olympus", "llm_config": None,
            "embedding_config": None, "metadata_": {"n": 1}, "tool_rules": rules,
        },
        {"tags": ["a"]},
    )  # fmt: skip

    assert read.made is not None
    assert (read.made.name, read.made.timezone, read.made.metadata) == ("Ada", None, {"n": 1})
    assert [rule.tool_name for rule in read.made.tool_rules or ()] == ["look"]
    assert [one.partition(":")[0] for one in read.faults] == ["timezone", "tool_rules"]
