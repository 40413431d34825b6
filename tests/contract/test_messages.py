"""Messages: listed, paged through and read one by one."""

from typing import Any

import httpx2
import pytest
from letta_client import Letta, NotFoundError

from tests.contract.conftest import Say
from tests.contract.talk import paged
from tests.contract.things import OFFLINE

NOWHERE = "message-00000000-0000-4000-8000-000000000000"
TALKATIVE = '[[think: well]] [[call: memory_insert {"label": "x"}]] Hello'


def names(client: Letta, conversation: str, **wanted: object) -> list[str | None]:
    """What tells the messages of a list apart, in its order."""
    return [one.otid for one in client.conversations.messages.list(conversation, **wanted)]  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_messages_tile(client: Letta, say: Say, conversation: str, order: str) -> None:
    say(conversation, "one")
    say(conversation, TALKATIVE)
    whole = names(client, conversation, order=order)

    assert len(whole) == len(set(whole)) == 9
    for limit in (1, 2, 3, 100):
        assert names(client, conversation, order=order, limit=limit) == whole


def test_descending_lists_turn_entries_round_but_not_their_parts(
    client: Letta, say: Say, conversation: str
) -> None:
    say(conversation, TALKATIVE)

    newest = client.conversations.messages.list(conversation)

    assert [one.message_type for one in newest] == [
        "reasoning_message",
        "assistant_message",
        "tool_return_message",
        "reasoning_message",
        "tool_call_message",
        "user_message",
        "system_message",
    ]


def test_cursors_are_relative_to_the_order(client: Letta, say: Say, conversation: str) -> None:
    say(conversation, "one")
    ids = [one.id for one in client.conversations.messages.list(conversation, order="asc")]

    def listed(**wanted: object) -> list[str]:
        page = client.conversations.messages.list(conversation, **wanted)  # type: ignore[arg-type]
        return [one.id for one in page.items]

    assert listed(order="asc", after=ids[0]) == ids[1:]
    assert listed(order="asc", before=ids[2]) == ids[:2]
    assert listed(order="desc", after=ids[2]) == ids[1::-1]
    assert listed(order="desc", before=ids[0]) == ids[:0:-1]
    assert listed(order="asc", limit=1, before=ids[2]) == [ids[1]]


def test_a_limit_of_nothing_is_an_empty_list(client: Letta, conversation: str) -> None:
    assert client.conversations.messages.list(conversation, limit=0).items == []


def test_kinds_are_filtered(client: Letta, say: Say, conversation: str) -> None:
    say(conversation, TALKATIVE)

    found = client.conversations.messages.list(
        conversation,
        order="asc",
        include_return_message_types=["user_message", "tool_call_message"],
    )

    assert [one.message_type for one in found] == ["user_message", "tool_call_message"]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_a_kind_end_where_the_list_does(
    client: Letta, http: httpx2.Client, say: Say, conversation: str, agent: str, order: Any
) -> None:
    for text in (TALKATIVE, "Hello", TALKATIVE, "Hello"):
        say(conversation, text)
    calls: dict[str, Any] = {
        "order": order, "limit": 1, "include_return_message_types": ["tool_call_message"],
    }  # fmt: skip
    whole = [one.id for one in client.conversations.messages.list(conversation, order=order)]

    found = list(client.conversations.messages.list(conversation, **calls))
    back = client.conversations.messages.list(conversation, before=whole[-1], **calls).items

    assert [one.message_type for one in found] == ["tool_call_message"] * 2
    assert [one.id for one in client.agents.messages.list(agent, **calls)] == [m.id for m in found]
    assert [one.id for one in back] == [found[-1].id]
    nothing = {"group_id": "nobody's", "limit": "1"}
    assert http.get(f"/v1/conversations/{conversation}/messages", params=nothing).json() == []


def test_an_unknown_cursor_is_not_found(client: Letta, conversation: str) -> None:
    with pytest.raises(NotFoundError):
        client.conversations.messages.list(conversation, after=NOWHERE)


def test_a_stored_message_is_read_with_all_its_parts(
    client: Letta, say: Say, conversation: str
) -> None:
    turn = say(conversation, TALKATIVE)
    call = turn.of("tool_call_message")[0]

    parts = client.messages.retrieve(call["id"])

    assert [part.message_type for part in parts] == ["reasoning_message", "tool_call_message"]
    assert {part.id for part in parts} == {call["id"]}
    with pytest.raises(NotFoundError):
        client.messages.retrieve(NOWHERE)


def test_an_agents_messages_are_those_of_all_or_one_conversation(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    say(conversation, "there")
    say("default", "here", agent_id=agent)

    def heard(**wanted: str) -> set[object]:
        listed = client.agents.messages.list(agent, limit=1, **wanted)  # type: ignore[arg-type]
        return {one.content for one in listed if one.message_type == "user_message"}

    assert heard() == {"here", "there"}
    assert heard(conversation_id="default") == {"here"}
    assert heard(conversation_id=conversation) == {"there"}
    theirs = client.conversations.create(agent_id=client.agents.create(model=OFFLINE).id).id
    with pytest.raises(NotFoundError):
        heard(conversation_id=theirs)


def test_the_default_conversation_has_three_names(client: Letta, say: Say, agent: str) -> None:
    say(agent, "old name")
    say("default", "new name", agent_id=agent)

    of_agent = [one.id for one in client.agents.messages.list(agent)]
    of_default = [one.id for one in client.conversations.messages.list("default", agent_id=agent)]

    assert of_agent == of_default == [one.id for one in client.conversations.messages.list(agent)]
    assert len(of_agent) == 7 - 2


def test_a_default_conversation_belongs_to_somebody(http: httpx2.Client) -> None:
    answer = http.get("/v1/conversations/default/messages")

    assert answer.status_code == 404


def test_pages_of_runs_and_steps_tile(client: Letta, say: Say, agent: str) -> None:
    turns = [say("default", TALKATIVE, agent_id=agent) for _ in range(3)]
    runs = [turn.run_id for turn in turns]

    assert paged(lambda n: client.runs.list(agent_id=agent, limit=n)) == [runs[::-1]] * 3
    assert paged(lambda n: client.runs.list(agent_id=agent, limit=n, order="asc")) == [runs] * 3
    [steps, *others] = paged(lambda n: client.steps.list(agent_id=agent, limit=n, order="asc"))
    assert len(set(steps)) == 6
    assert others == [steps] * 2
    assert paged(lambda n: client.steps.list(agent_id=agent, limit=n)) == [steps[::-1]] * 3
    assert paged(lambda n: client.runs.steps.list(runs[0], limit=n, order="asc")) == [steps[:2]] * 3
    said = [one.id for one in client.runs.messages.list(runs[0])]
    assert [one.id for one in client.steps.messages.list(steps[0])] == said[1:4]
