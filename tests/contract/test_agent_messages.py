"""The agents' own routes for messages: the default conversation under its older name."""

from typing import Any

import pytest
from letta_client import Letta

from tests.contract.talk import Record, heard


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


def test_create_streams_on_request(client: Letta, records: list[Record], agent: str) -> None:
    turn = heard(client.agents.messages.create(agent, input="Hello", streaming=True), records)

    assert turn.kinds == ["ping", "assistant_message", "stop_reason", "usage_statistics"]


def test_the_older_route_streams_always(client: Letta, records: list[Record], agent: str) -> None:
    messages: Any = [{"role": "user", "content": "Hello"}]

    with pytest.deprecated_call():
        stream = client.agents.messages.stream(agent, messages=messages, stream_tokens=True)
    turn = heard(stream, records)

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


@pytest.mark.parametrize("named", [True, False])
def test_cancelling_by_way_of_the_agent(client: Letta, agent: str, named: bool) -> None:
    slow = "[[pace: 20]] [[words: 1000]]"
    stream: Any = client.agents.messages.create(
        agent, input=slow, streaming=True, stream_tokens=True
    )
    events = iter(stream)
    run_id = next(events).run_id

    which: Any = {"run_ids": [run_id]} if named else {}
    cancelled = client.agents.messages.cancel(agent, **which)
    *_, last = events

    assert cancelled == {run_id: "cancelled"}
    assert last.stop_reason == "cancelled"
