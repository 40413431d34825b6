"""What nobody reaches is removed in time, and nothing else."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select, text

from palaver.clock import mint
from palaver.domain.conversation import Address
from palaver.domain.folder import Piece
from palaver.domain.meaning import Sought
from palaver.store import (
    agents,
    conversations,
    entries,
    events,
    files,
    folders,
    garbage,
    open_files,
    recall,
    runs,
    schema,
    schema_texts,
    traces,
)
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE
from tests.store.test_fork import context, history

AFTER = making.LATER + timedelta(seconds=1)


def collect(tx: Tx, most: int = 500) -> None:
    """Remove all that may be removed."""
    while garbage.collect(tx, AFTER, most):
        pass


def count(tx: Tx, table: Table) -> int:
    """The rows of a table."""
    row = tx.first(select(func.count()).select_from(table))
    assert row is not None
    number: int = row[0]
    return number


def remove(tx: Tx, address: Address) -> None:
    """Delete a conversation."""
    conversations.remove(tx, HERE, address.conversation_id, making.LATER)


@pytest.mark.parametrize("most", [1, 3, 500])
async def test_a_deleted_conversation_leaves_nothing(db: Database, most: int) -> None:
    def tell(tx: Tx) -> None:
        kept = making.keep_conversation(tx, said=2)
        gone = making.keep_conversation(tx, kept.agent_id, said=5)
        run = making.start(tx, gone)
        events.append(tx, [(run.id, n, "{}") for n in range(1, 8)])
        traces.put(tx, HERE, [making.trace(run.id, f"step-{n}") for n in range(4)])
        runs.finish(tx, run.model_copy(update={"status": "completed"}))
        before = {table: count(tx, table) for table in schema.metadata.sorted_tables}
        remove(tx, gone)
        collect(tx, most)

        after = {table: count(tx, table) for table in schema.metadata.sorted_tables}
        assert before[schema.entries] - after[schema.entries] == 6
        assert after[schema.conversations] == 1
        assert after[schema.runs] == after[schema.run_events] == 0
        assert (before[schema_texts.traces], after[schema_texts.traces]) == (4, 0)
        assert len(history(tx, kept)) == 2

    await db.tx(tell)


async def test_what_was_deleted_just_now_stays_for_a_while(db: Database) -> None:
    def tell(tx: Tx) -> None:
        gone = making.keep_conversation(tx, said=2)
        remove(tx, gone)

        assert not garbage.collect(tx, making.LATER, 500)
        assert count(tx, schema.entries) == 3

    await db.tx(tell)


async def test_what_still_runs_is_left_alone(db: Database) -> None:
    def tell(tx: Tx) -> None:
        gone = making.keep_conversation(tx, said=2)
        making.start(tx, gone)
        remove(tx, gone)
        collect(tx)

        assert count(tx, schema.entries) == 3

    await db.tx(tell)


async def test_a_fork_holds_its_part_until_it_is_gone_as_well(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx)
        said = making.say(tx, source, 6)
        fork = making.fork(tx, source, upto=said[2])
        further = making.fork(tx, fork, upto=said[1])
        remove(tx, source)
        collect(tx)
        assert history(tx, fork) == said[:3]
        assert count(tx, schema.entries) == 3 + 2

        remove(tx, fork)
        collect(tx)
        assert history(tx, further) == said[:2]
        assert count(tx, schema.entries) == 2 + 1

        remove(tx, further)
        collect(tx)
        assert count(tx, schema.entries) == count(tx, schema.conversations) == 0

    await db.tx(tell)


async def test_an_agent_goes_with_the_last_of_its_conversations(db: Database) -> None:
    def tell(tx: Tx) -> None:
        other = making.keep_conversation(tx, said=1)
        gone = making.keep_conversation(tx, said=4)
        making.fork(tx, gone)
        agents.remove(tx, HERE, gone.agent_id, making.LATER)
        collect(tx, most=2)

        assert count(tx, schema.agents) == count(tx, schema.conversations) == 1
        assert len(history(tx, other)) == 1

    await db.tx(tell)


@pytest.mark.parametrize("most", [1, 500])
async def test_files_that_are_deleted_or_never_came_leave_nothing(db: Database, most: int) -> None:
    def tell(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        before = {table: count(tx, table) for table in schema.metadata.sorted_tables}
        gone = making.keep_file(tx, agent.id, "hello there")
        begun = making.file(gone.source_id, "begun")
        open_files.note(tx, agent.id, making.opened(gone), making.NOON)
        files.begin(tx, HERE, begun, making.LATER)
        pieces = [(mint("passage"), Piece(line=n, text="hello\n")) for n in (1, 2)]
        files.put(tx, HERE, begun, pieces)
        files.remove(tx, HERE, gone.source_id, gone.id, making.LATER)

        assert files.found(tx, HERE, [gone.source_id], Sought("hello"), 5) == []
        assert files.passages(tx, HERE, gone.source_id, making.all_of_it()) == []
        assert not garbage.collect(tx, making.LATER, most)
        collect(tx, most)
        folders.remove(tx, HERE, gone.source_id, making.LATER)

        assert before == {table: count(tx, table) for table in schema.metadata.sorted_tables}
        hits = "MATCH 'hello'" if tx.dialect == "sqlite" else "@@ to_tsquery('simple', 'hello')"
        column = "words" if tx.dialect == "sqlite" else "said"
        assert tx.all(text(f"SELECT 1 FROM words WHERE {column} {hits}")) == []

    await db.tx(tell)


async def test_an_agent_takes_its_folders_and_open_files_along(db: Database) -> None:
    def tell(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        file = making.keep_file(tx, agent.id)
        open_files.note(tx, agent.id, making.opened(file), making.NOON)
        agents.remove(tx, HERE, agent.id, making.LATER)
        collect(tx)

        assert count(tx, schema_texts.agents_files) == 0
        assert count(tx, schema_texts.agents_folders) == count(tx, schema.agents) == 0
        assert files.get(tx, HERE, file.source_id, file.id).file_name == "count"

    await db.tx(tell)


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_that_is_reached_is_ever_removed(db: Database, seed: int) -> None:
    dice = random.Random(seed)

    def tell(tx: Tx) -> None:
        here = [making.keep_conversation(tx, said=3)]
        for _ in range(30):
            one = dice.choice(here)
            match dice.choice(("say", "say", "fork", "fork", "delete", "collect")):
                case "say":
                    making.say(tx, one, dice.randint(1, 3))
                case "fork":
                    said = context(tx, one)
                    here.append(making.fork(tx, one, upto=dice.choice([*said, None])))
                case "delete" if len(here) > 1:
                    here.remove(one)
                    remove(tx, one)
                case "collect":
                    garbage.collect(tx, AFTER, dice.randint(1, 5))
        told = [history(tx, one) for one in here]
        collect(tx, most=2)

        assert [history(tx, one) for one in here] == told
        reached = {entry for one in told for entry in one}
        systems = {entries.context_ids(tx, one.conversation_id)[0] for one in here}
        left = {row.id for row in tx.all(select(schema.entries.c.id))}
        assert left == reached | systems

    await db.tx(tell)


async def test_what_was_removed_is_found_no_more(db: Database) -> None:
    def tell(tx: Tx) -> None:
        source = making.keep_conversation(tx, said=3)
        fork = making.fork(tx, source, upto=history(tx, source)[0])
        remove(tx, source)
        collect(tx)

        assert count(tx, schema_texts.searchable) == 1
        wanted = recall.EntryFilter(agent_id=fork.agent_id)
        assert [
            hit.entry.id for hit in recall.found(tx, HERE, wanted, Sought("word"), 9)
        ] == history(tx, fork)

    await db.tx(tell)
