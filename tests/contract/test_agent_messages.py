"""The agents' own routes for messages: the default conversation under its older name."""

from typing import Any

import httpx2
import pytest
from letta_client import Letta

from tests.contract.talk import check_history, heard


def test_an_answer_comes_at_once_when_it_is_not_streamed(client: Letta, agent: str) -> None:
    answer = client.agents.messages.create(agent, input="[[think: well]] Hello")

    assert [message.message_type for message in answer.messages] == [
        "reasoning_message",
        "assistant_message",
    ]
    assert answer.stop_reason.stop_reason == "end_turn"
    assert answer.usage.step_count == 1
    assert answer.usage.total_tokens == (
        (answer.usage.prompt_tokens or 0) + (answer.usage.completion_tokens or 0)
    )
    listed = client.agents.messages.list(agent, order="asc")
    assert [message.otid for message in listed][-2:] == [
        message.otid for message in answer.messages
    ]


def test_create_streams_on_request(client: Letta, http: httpx2.Client, agent: str) -> None:
    turn = heard(client.agents.messages.create(agent, input="Hello", streaming=True))

    check_history(http, turn)
    assert turn.kinds == ["ping", "assistant_message", "stop_reason", "usage_statistics"]


def test_the_older_route_streams_always(client: Letta, http: httpx2.Client, agent: str) -> None:
    messages: Any = [{"role": "user", "content": "Hello"}]

    with pytest.deprecated_call():
        stream = client.agents.messages.stream(agent, messages=messages, stream_tokens=True)
    turn = heard(stream)

    check_history(http, turn)
    assert len(turn.of("assistant_message")) > 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_an_agents_messages_tile(client: Letta, agent: str, order: Any) -> None:
    client.agents.messages.create(agent, input="[[think: well]] one")
    client.agents.messages.create(agent, input="two")

    def listed(limit: int) -> list[str | None]:
        found = client.agents.messages.list(agent, order=order, limit=limit)
        return [one.otid for one in found]

    whole = listed(100)
    assert len(set(whole)) == len(whole) == 6
    assert [listed(1), listed(2), listed(3)] == [whole] * 3
