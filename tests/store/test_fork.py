"""Law 4: a fork is a snapshot."""

import pytest

from palaver.domain.conversation import Address
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import conversations, entries
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE


def history(tx: Tx, address: Address) -> list[str]:
    """The ids of all that a conversation holds, but for its system entry."""
    page = Page(limit=1000, order="asc")
    return [one.id for one in entries.listed(tx, HERE, address.conversation_id, page)][1:]


def context(tx: Tx, address: Address) -> list[str]:
    """The ids of what is in a conversation's window, but for its system entry."""
    return [one.id for one in entries.window(tx, address.conversation_id)[1]]


async def test_neither_side_sees_what_the_other_says_later(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx)
        shared = making.say(tx, source, 3)
        fork = making.fork(tx, source)
        mine, yours = making.say(tx, source, 2), making.say(tx, fork, 2)

        for reading in (history, context):
            assert reading(tx, source) == shared + mine
            assert reading(tx, fork) == shared + yours
        assert conversations.recall_count(tx, fork.conversation_id) == 5

    await db.tx(tell)


async def test_a_fork_of_a_fork_reaches_all_the_way_down(db: Database) -> None:
    def tell(tx: Tx) -> None:
        first = making.keep_conversation(tx)
        one = making.say(tx, first, 2)
        second = making.fork(tx, first)
        two = making.say(tx, second, 2)
        third = making.fork(tx, second)
        making.say(tx, first), making.say(tx, second)
        three = making.say(tx, third)

        assert history(tx, third) == context(tx, third) == one + two + three
        found = conversations.get(tx, HERE, third.conversation_id).in_context_message_ids
        assert found == entries.context_ids(tx, third.conversation_id)
        assert found is not None and found[1:] == one + two + three

    await db.tx(tell)


async def test_a_fork_at_an_entry_ends_with_it(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx)
        said = making.say(tx, source, 4)
        fork = making.fork(tx, source, upto=said[1])
        more = making.say(tx, fork)

        assert history(tx, fork) == said[:2] + more
        again = making.fork(tx, fork, upto=said[0])
        assert history(tx, again) == said[:1]

    await db.tx(tell)


async def test_a_fork_can_only_be_cut_at_what_is_in_the_context(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx, said=2)
        fork = making.fork(tx, source)
        later = making.say(tx, source)[0]
        first = entries.context_ids(tx, source.conversation_id)[0]
        elsewhere = making.say(tx, making.keep_conversation(tx))[0]

        for upto in (first, later, elsewhere, making.entry().id):
            with pytest.raises(NotFound):
                making.fork(tx, fork, upto=upto)

    await db.tx(tell)


async def test_a_fork_outlives_its_source(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx)
        said = making.say(tx, source, 3)
        fork = making.fork(tx, source, upto=said[1])
        conversations.remove(tx, HERE, source.conversation_id, making.LATER)

        assert history(tx, fork) == said[:2]
        assert entries.get(tx, HERE, said[1]).id == said[1]
        with pytest.raises(NotFound):
            entries.get(tx, HERE, said[2])
        listed = entries.of_agent(tx, HERE, fork.agent_id, Page(order="asc"))
        assert [one.id for one in listed if one.role == "user"] == said[:2]

    await db.tx(tell)


async def test_a_fork_of_silence_is_silent(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx)
        fork = making.fork(tx, source)

        assert history(tx, fork) == []
        said = making.say(tx, fork)
        assert history(tx, fork) == context(tx, fork) == said
        assert conversations.recall_count(tx, fork.conversation_id) == 1

    await db.tx(tell)
