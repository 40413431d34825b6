"""The main job: messages go in, a stream comes out, and the history holds the same."""

from letta_client import Letta

from tests.contract.conftest import Say


def test_a_send_is_answered_by_a_stream(say: Say, conversation: str) -> None:
    turn = say(conversation, "Hello", stream_tokens=True)

    assert turn.kinds == ["ping", "assistant_message", "stop_reason", "usage_statistics"]
    assert "Hello" in turn.text


def test_without_tokens_messages_come_whole(say: Say, conversation: str) -> None:
    turn = say(conversation, "[[think: well]] Hello", stream_tokens=False)

    assert len(turn.of("reasoning_message")) == 1
    assert len(turn.of("assistant_message")) == 1
    assert len(turn.messages) == 2


def test_with_tokens_they_come_in_fragments(say: Say, conversation: str) -> None:
    turn = say(conversation, "[[think: well then]] Hello", stream_tokens=True)

    assert len(turn.of("reasoning_message")) > 1
    assert len(turn.of("assistant_message")) > 1
    assert len(turn.messages) == 2


def test_the_client_types_every_event(client: Letta, conversation: str) -> None:
    stream = client.conversations.messages.create(
        conversation, input='[[think: well]] [[call: memory_insert {"label": "x"}]]'
    )

    assert [type(event).__name__ for event in stream] == [
        "LettaPing",
        "ReasoningMessage",
        "ToolCallMessage",
        "ToolReturnMessage",
        "ReasoningMessage",
        "AssistantMessage",
        "LettaStopReason",
        "LettaUsageStatistics",
    ]
