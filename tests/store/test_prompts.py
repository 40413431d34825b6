"""What is remembered of prompts: one row a conversation, which goes when it goes."""

from sqlalchemy import select

from palaver.store import agents, conversations, prompts, schema
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE, LATER


def remembered(tx: Tx) -> set[str]:
    """The conversations of which something is remembered."""
    return {row.conversation_id for row in tx.all(select(schema.prompts))}


async def test_the_newest_prompt_is_remembered(db: Database) -> None:
    address = await db.tx(making.keep_conversation)
    name = address.conversation_id
    assert await db.read(prompts.find, HERE, name) is None

    for prompt in ((b"one", b"1"), (b"\x00two\xff", b"")):
        await db.tx(prompts.put, HERE, name, prompt)
        assert await db.read(prompts.find, HERE, name) == prompt

    assert await db.read(remembered) == {name}


async def test_a_fork_remembers_what_its_source_does_but_for_the_entries(db: Database) -> None:
    source = await db.tx(making.keep_conversation, said=2)
    await db.tx(prompts.put, HERE, source.conversation_id, (b"head", b"said"))

    fork = await db.tx(making.fork, source)
    bare = await db.tx(making.fork, await db.tx(making.keep_conversation))

    assert await db.read(prompts.find, HERE, fork.conversation_id) == (b"head", b"")
    assert await db.read(prompts.find, HERE, bare.conversation_id) is None


async def test_nothing_is_remembered_of_what_was_deleted(db: Database) -> None:
    agent = await db.tx(making.keep_agent)
    gone, also, other = [await db.tx(making.keep_conversation, agent.id) for _ in range(3)]
    theirs = await db.tx(making.keep_conversation)
    for address in (gone, also, other, theirs):
        await db.tx(prompts.put, HERE, address.conversation_id, (b"head", b"said"))

    await db.tx(conversations.remove, HERE, gone.conversation_id, LATER)
    assert len(await db.read(remembered)) == 3
    await db.tx(agents.remove, HERE, agent.id, LATER)
    for address in (gone, also):  # a run that still goes on
        await db.tx(prompts.put, HERE, address.conversation_id, (b"head", b"said"))

    assert await db.read(remembered) == {theirs.conversation_id}
