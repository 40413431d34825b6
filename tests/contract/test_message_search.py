"""What was said by all agents: listed and searched."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from letta_client import Letta, NotFoundError, UnprocessableEntityError

from tests.contract.conftest import Say

LATE = datetime(2100, 1, 1, tzinfo=UTC)


def test_what_was_said_is_found_where_it_is_looked_for(
    client: Letta, agent: str, conversation: str, say: Say
) -> None:
    word, thought = f"w{uuid4().hex}", f"t{uuid4().hex}"
    say(conversation, f"[[think: {thought}]] {word} one")
    client.agents.messages.create(agent, input=f"{word} two")

    def found(query: str = word, **asked: Any) -> list[str]:
        items = client.messages.search(query=query, **asked)
        assert {one.agent_id for one in items} <= {agent}
        return [str(one.message_type) for one in items]

    said = ["assistant_message", "user_message"]
    assert found() == found(agent_id=agent) == said * 2
    assert found(conversation_id=conversation) == said
    assert found(conversation_id="default") == said
    assert found(query=thought) == ["reasoning_message", "user_message"]
    assert found(limit=3) == [*said, said[0]]
    assert found(start_date=LATE) == []
    assert found(end_date=LATE, search_mode="fts") == said * 2
    assert found(search_mode="vector", agent_id=client.agents.create().id) == []
    assert found(query="'\"(*)") == []
    with pytest.raises(NotFoundError):
        found(conversation_id="conv-00000000-0000-4000-8000-00000000dead")
    with pytest.raises(UnprocessableEntityError):
        found(limit=101)


def test_a_find_says_where_it_was_said(
    client: Letta, agent: str, conversation: str, say: Say
) -> None:
    word = f"w{uuid4().hex}"
    say(conversation, word)
    client.agents.messages.create(agent, input=f"{word} again")

    found = client.messages.search(query=word)

    assert [one.conversation_id for one in found] == [None, None, conversation, conversation]
    assert [one.content for one in found if one.message_type == "user_message"] == [
        f"{word} again",
        word,
    ]
    (stored, *_) = client.messages.retrieve(found[-1].message_id)
    assert stored.id == found[-1].message_id


def test_pages_of_all_messages_tile(client: Letta, conversation: str, say: Say) -> None:
    say(conversation, "one")
    say(conversation, "two")

    def walk(limit: int, **how: Any) -> list[str]:
        ids: list[str] = []
        while page := client.messages.list(limit=limit, **{**how, "after": ids[-1:] and ids[-1]}):
            ids += [str(one.id) for one in page]
        return list(dict.fromkeys(ids))

    newest = list(dict.fromkeys(one.id for one in client.messages.list(limit=5)))
    own = walk(2, conversation_id=conversation, order="asc")
    assert newest == own[::-1]
    assert walk(3, conversation_id=conversation) == newest
    older = client.messages.list(after=newest[0], limit=1)
    assert {one.id for one in older} == {newest[1]}
    newer = client.messages.list(before=newest[1], limit=1)
    assert {one.id for one in newer} == {newest[0]}
    kinds = client.messages.list(limit=2, include_return_message_types=["user_message"])
    assert [one.message_type for one in kinds] == ["user_message"]
