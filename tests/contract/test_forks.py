"""Forks: a conversation that begins as another one stands."""

from collections.abc import Sequence

import pytest
from letta_client import ConflictError, Letta, NotFoundError

from tests.contract.conftest import Say
from tests.contract.talk import Record


def said(client: Letta, conversation: str) -> Sequence[str]:
    """The ids of the messages of a conversation but for its system message, oldest first."""
    listed = client.conversations.messages.list(conversation, order="asc")
    return [one.id for one in listed if one.message_type != "system_message"]


def test_a_fork_shares_what_was_said_and_then_goes_its_own_way(
    client: Letta, say: Say, conversation: str
) -> None:
    say(conversation, "one")
    before = said(client, conversation)

    fork = client.conversations.fork(conversation)
    say(conversation, "two")
    say(fork.id, "three")

    assert fork.id != conversation
    assert said(client, fork.id)[: len(before)] == before
    assert len(said(client, fork.id)) == len(before) + 2
    assert not set(said(client, fork.id)[2:]) & set(said(client, conversation))


def test_a_fork_takes_the_model_but_not_the_summary(client: Letta, agent: str) -> None:
    source = client.conversations.create(agent_id=agent, summary="s", model="palaver/offline")

    fork = client.conversations.fork(source.id)

    assert (fork.agent_id, fork.model, fork.summary) == (agent, "palaver/offline", None)


def test_a_fork_may_begin_at_a_message(client: Letta, say: Say, conversation: str) -> None:
    say(conversation, "one")
    say(conversation, "two")
    messages = said(client, conversation)

    fork = client.conversations.fork(conversation, message_id=messages[1])

    assert said(client, fork.id) == messages[:2]


def test_a_fork_at_the_system_message_is_empty(client: Letta, say: Say, conversation: str) -> None:
    say(conversation, "[[words: 200]]")
    say(conversation, "two")
    client.conversations.messages.compact(conversation)
    listed = client.conversations.messages.list(conversation, order="asc", limit=1).items

    fork = client.conversations.fork(conversation, message_id=listed[0].id)

    assert said(client, fork.id) == []
    assert len(client.conversations.retrieve(fork.id).in_context_message_ids or ()) == 1
    assert say(fork.id, "Hello").stop == "end_turn"


def test_a_hidden_fork_is_not_listed(client: Letta, agent: str, conversation: str) -> None:
    client.conversations.fork(conversation, hidden=True)

    assert [one.id for one in client.conversations.list(agent_id=agent)] == [conversation]


def test_the_default_conversation_is_forked_too(client: Letta, say: Say, agent: str) -> None:
    say("default", "one", agent_id=agent)

    fork = client.conversations.fork("default", agent_id=agent)
    old = client.conversations.fork(agent)

    assert len(said(client, fork.id)) == len(said(client, old.id)) == 2


def test_an_unknown_message_is_not_found(client: Letta, conversation: str) -> None:
    with pytest.raises(NotFoundError):
        client.conversations.fork(
            conversation, message_id="message-00000000-0000-4000-8000-000000000000"
        )


def test_a_running_conversation_is_forked_as_it_was_kept(
    client: Letta, say: Say, conversation: str
) -> None:
    say(conversation, "one")
    before = said(client, conversation)
    running = client.conversations.messages.create(
        conversation, input="[[pace: 200]] [[words: 500]]", stream_tokens=True, background=True
    )
    next(iter(running))
    with pytest.raises(ConflictError):
        say(conversation, "busy")

    fork = client.conversations.fork(conversation).id

    kept = said(client, fork)
    assert kept[:-1] == before
    assert len(kept) == len(before) + 1  # what was asked, not what is being said
    assert say(fork, "three").text
    client.conversations.cancel(conversation)
    for _ in running:
        pass
    assert said(client, fork)[: len(kept)] == kept


def test_forks_of_forks_stay_whole_when_those_before_them_go(
    client: Letta, say: Say, conversation: str, records: list[Record]
) -> None:
    line = [conversation]
    for n in range(5):
        say(line[-1], f"turn {n}")
        line.append(client.conversations.fork(line[-1]).id)
    whole = said(client, line[-1])
    assert len(whole) == 10

    records.clear()  # nobody reads what is deleted
    for gone in (line[2], *line[:2], *line[3:-1]):
        client.conversations.delete(gone)
        assert said(client, line[-1]) == whole

    window = client.conversations.retrieve(line[-1]).in_context_message_ids
    assert window is not None
    assert window[1:] == whole
    assert client.messages.retrieve(whole[0])
    assert "can see: 6)" in say(line[-1], "How many?").text
    records.clear()
    for gone in line[:-1]:
        with pytest.raises(NotFoundError):
            client.conversations.retrieve(gone)
