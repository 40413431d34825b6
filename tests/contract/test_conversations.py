"""Conversations: opened, read, listed, changed, forked and removed by the official clients."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from letta_client import ConflictError, Letta, NotFoundError
from letta_client.types import Conversation

from tests.contract.conftest import Say
from tests.contract.talk import paged


def test_a_conversation_begins_with_the_system_message(client: Letta, agent: str) -> None:
    made = client.conversations.create(
        agent_id=agent,
        summary="Sums",
        description="About numbers",
        model="palaver/offline",
        model_settings={"provider_type": "openai", "temperature": 0.5},
        context_window_limit=9_000,
    )
    read = client.conversations.retrieve(made.id)

    assert read == made
    assert (read.agent_id, read.summary, read.description) == (agent, "Sums", "About numbers")
    assert (read.model, read.context_window_limit) == ("palaver/offline", 9_000)
    assert read.archived is False
    [message] = client.conversations.messages.list(made.id)
    assert [message.id] == read.in_context_message_ids
    assert message.message_type == "system_message"


def test_what_is_left_out_stays_and_null_clears(client: Letta, agent: str) -> None:
    made = client.conversations.create(agent_id=agent, summary="s", description="d", model="a/b")

    changed = client.conversations.update(made.id, summary=None, model="c/d")

    assert (changed.summary, changed.description, changed.model) == (None, "d", "c/d")
    read = client.conversations.retrieve(made.id)
    assert (read.summary, read.description, read.model) == (None, "d", "c/d")
    assert read.updated_at == changed.updated_at


def test_archiving_and_taking_back(client: Letta, conversation: str) -> None:
    archived = client.conversations.update(conversation, archived=True)
    again = client.conversations.update(conversation, archived=True)
    back = client.conversations.update(conversation, archived=False)

    assert archived.archived is True
    assert archived.archived_at is not None
    assert again.archived_at == archived.archived_at
    assert (back.archived, back.archived_at) == (False, None)


def test_the_archived_are_listed_apart(client: Letta, agent: str) -> None:
    live, old = (client.conversations.create(agent_id=agent).id for _ in range(2))
    client.conversations.update(old, archived=True)

    def listed(status: Any) -> set[str]:
        found = client.conversations.list(agent_id=agent, archive_status=status)
        return {one.id for one in found}

    assert listed("unarchived") == {live}
    assert listed("archived") == {old}
    assert listed("all") == {live, old}
    assert [one.id for one in client.conversations.list(agent_id=agent)] == [live]


def test_summaries_are_searched(client: Letta, agent: str) -> None:
    found = client.conversations.create(agent_id=agent, summary="100% of the Sums").id
    client.conversations.create(agent_id=agent, summary="100 of them")
    client.conversations.create(agent_id=agent)

    listed = client.conversations.list(agent_id=agent, summary_search="0% of")

    assert [one.id for one in listed] == [found]


def test_an_empty_search_is_none(http: httpx2.Client, agent: str, conversation: str) -> None:
    listed = http.get("/v1/conversations/", params={"agent_id": agent, "summary_search": ""})

    assert [one["id"] for one in listed.json()] == [conversation]


@pytest.mark.parametrize("order_by", ["created_at", "last_run_completion", "last_message_at"])
def test_pages_of_conversations_tile(client: Letta, agent: str, say: Say, order_by: Any) -> None:
    made = [client.conversations.create(agent_id=agent).id for _ in range(3)]
    for conversation in reversed(made):
        say(conversation, "Hi")
    expected = made if order_by == "created_at" else made[::-1]

    up = paged(lambda limit: _listed(client, agent, order_by=order_by, order="asc", limit=limit))
    down = paged(lambda limit: _listed(client, agent, order_by=order_by, limit=limit))

    assert up == [expected] * 3
    assert down == [expected[::-1]] * 3


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_those_in_which_nothing_was_said_come_last(
    client: Letta, agent: str, say: Say, order: Any
) -> None:
    made = [client.conversations.create(agent_id=agent).id for _ in range(3)]
    say(made[1], "Hi")

    pages = paged(
        lambda limit: _listed(client, agent, order_by="last_message_at", order=order, limit=limit)
    )

    assert [page[0] for page in pages] == [made[1]] * 3
    assert [set(page) for page in pages] == [set(made)] * 3
    assert [len(page) for page in pages] == [3] * 3


def _listed(client: Letta, agent: str, **wanted: Any) -> Iterator[Conversation]:
    """All conversations of an agent, page by page: here the clients leave that to their users."""
    after = None
    while page := client.conversations.list(agent_id=agent, after=after, **wanted):
        yield from page
        after = page[-1].id


def test_a_list_leaves_the_context_out(client: Letta, agent: str, conversation: str) -> None:
    [listed] = client.conversations.list(agent_id=agent)

    assert listed.id == conversation
    assert listed.in_context_message_ids is None


def test_an_unknown_cursor_is_not_found(client: Letta, agent: str) -> None:
    with pytest.raises(NotFoundError):
        client.conversations.list(agent_id=agent, after="conv-00000000-0000-4000-8000-000000000000")


def test_hidden_conversations_are_read_but_not_listed(client: Letta, agent: str) -> None:
    hidden = client.conversations.create(agent_id=agent, hidden=True).id

    assert client.conversations.list(agent_id=agent) == []
    assert client.conversations.retrieve(hidden).id == hidden


def test_a_deleted_conversation_is_gone(
    client: Letta, http: httpx2.Client, conversation: str
) -> None:
    assert http.delete(f"/v1/conversations/{conversation}").text == "null"

    with pytest.raises(NotFoundError):
        client.conversations.retrieve(conversation)
    with pytest.raises(NotFoundError):
        client.conversations.delete(conversation)
    with pytest.raises(NotFoundError):
        client.conversations.messages.list(conversation)


def test_the_last_message_is_dated(client: Letta, say: Say, conversation: str) -> None:
    assert client.conversations.retrieve(conversation).last_message_at is None
    say(conversation, "Hi")
    dated = client.conversations.retrieve(conversation)

    assert dated.last_message_at is not None
    stamp = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert client.conversations.update(conversation, last_message_at=stamp).last_message_at == stamp


def test_recompiling_replaces_the_system_message_unless_it_is_tried(
    client: Letta, agent: str, conversation: str
) -> None:
    block = client.blocks.create(label="human", value="newest words")
    client.agents.blocks.attach(block.id, agent_id=agent)

    def system() -> str:
        [message] = client.conversations.messages.list(conversation)
        assert message.message_type == "system_message"
        return str(message.content)

    before = system()
    assert "newest words" in client.conversations.recompile(conversation, dry_run=True)
    assert system() == before
    client.conversations.recompile(conversation)
    assert "newest words" in system()


def test_recompiling_answers_a_json_string(http: httpx2.Client, conversation: str) -> None:
    answer = http.post(f"/v1/conversations/{conversation}/recompile", params={"dry_run": True})

    assert isinstance(answer.json(), str)


def test_nothing_to_cancel_is_a_conflict(client: Letta, conversation: str) -> None:
    with pytest.raises(ConflictError, match="No active runs"):
        client.conversations.cancel(conversation)
