"""Two databases on one URL are two processes: what they must agree on, they agree on."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from palaver.domain.conversation import Address
from palaver.domain.run import Run
from palaver.errors import Conflict, ConversationBusy, NotFound, Refused
from palaver.store import (
    blocks,
    claims,
    conversations,
    entries,
    events,
    runs,
    tools,
    waiting,
    workers,
)
from palaver.store.claims import Lost, Owner
from palaver.store.db import Database, Tx
from palaver.store.opening import open_database
from palaver.store.runs import Ticket
from tests.store import making
from tests.store.making import HERE, LATER


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """The database, opened a second time."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


async def race(
    one: Database, other: Database, unit: Callable[[Tx], object], times: int = 4
) -> tuple[list[object], list[BaseException]]:
    """Run a unit so many times at once on either; what it gave, and what it raised."""
    running = (db.tx(unit) for _ in range(times) for db in (one, other))
    came = await asyncio.gather(*running, return_exceptions=True)
    failed = [each for each in came if isinstance(each, BaseException)]
    return [each for each in came if not isinstance(each, BaseException)], failed


async def test_of_many_starts_one_wins(db: Database, other: Database) -> None:
    address = await db.tx(making.keep_conversation)

    def start(tx: Tx) -> str:
        return making.start(tx, address).id

    won, lost = await race(db, other, start)

    assert len(won) == 1
    assert all(isinstance(each, ConversationBusy) and each.run_id == won[0] for each in lost)
    assert await db.read(runs.active, HERE, address.conversation_id) == won


async def test_of_many_tools_of_a_name_one_is_kept(db: Database, other: Database) -> None:
    def add(tx: Tx) -> str:
        tool = making.tool()
        tools.add(tx, HERE, tool, making.NOON)
        return tool.id

    won, lost = await race(db, other, add)

    assert len(won) == 1
    assert [type(each) for each in lost] == [Conflict] * 7


async def test_starts_in_two_conversations_of_an_agent_do_not_meet(
    db: Database, other: Database
) -> None:
    first = await db.tx(making.keep_conversation)
    second = await db.tx(making.keep_conversation, first.agent_id)

    for one, address in ((db, first), (other, second)):
        await one.tx(making.start, address)


async def test_entries_that_are_added_at_once_are_numbered_once(
    db: Database, other: Database
) -> None:
    address = await db.tx(making.keep_conversation)

    said, failed = await race(db, other, lambda tx: making.say(tx, address, 3), times=8)

    system, stored = await db.read(entries.window, address.conversation_id)
    assert failed == []
    assert [one.seq for one in (system, *stored)] == list(range(8 * 2 * 3 + 1))
    by_id = {one.id: one.seq for one in stored}
    for ids in said:
        assert isinstance(ids, list)
        first = by_id[ids[0]]
        assert [by_id[one] for one in ids] == [first, first + 1, first + 2]


async def test_a_fork_taken_while_others_speak_is_one_moment(db: Database, other: Database) -> None:
    address = await db.tx(making.keep_conversation)

    def speak_and_fork(tx: Tx) -> tuple[str, Address]:
        return making.say(tx, address, 2)[-1], making.fork(tx, address)

    taken, failed = await race(db, other, speak_and_fork)

    assert failed == []
    for pair in taken:
        assert isinstance(pair, tuple)
        last, fork = pair
        assert (await db.read(entries.context_ids, fork.conversation_id))[-1] == last


async def test_of_two_blocks_of_one_label_one_is_attached(db: Database, other: Database) -> None:
    agent = await db.tx(making.keep_agent)

    won, lost = await race(db, other, lambda tx: making.keep_block(tx, agent.id, "human"))

    assert len(won) == 1
    assert {type(each) for each in lost} == {Conflict}
    assert await db.read(blocks.of_agent, HERE, agent.id) == won


async def test_blocks_that_are_attached_at_once_all_have_their_place(
    db: Database, other: Database
) -> None:
    agent = await db.tx(making.keep_agent)

    won, lost = await race(db, other, lambda tx: making.keep_block(tx, agent.id, making.block().id))

    assert lost == []
    assert len(await db.read(blocks.of_agent, HERE, agent.id)) == len(won) == 8


async def test_nothing_starts_in_a_conversation_that_was_deleted(db: Database) -> None:
    address = await db.tx(making.keep_conversation)
    await db.tx(conversations.remove, HERE, address.conversation_id, LATER)

    with pytest.raises(NotFound):
        await db.tx(making.start, address)


async def test_two_runs_that_are_carried_out_at_once_are_refused(db: Database) -> None:
    address = await db.tx(making.keep_conversation)
    await db.tx(runs.add, HERE, making.run(address), address, Ticket("{}", "worker-1"))

    with pytest.raises(Refused):
        await db.tx(runs.add, HERE, making.run(address), address, Ticket("{}", "worker-2"))


async def test_who_queues_while_a_run_ends_is_not_left_waiting(
    db: Database, other: Database
) -> None:
    address = await db.tx(making.keep_conversation)
    run = await db.tx(making.start, address)
    over = run.model_copy(update={"status": "completed", "completed_at": LATER})

    def end(tx: Tx) -> bool:
        runs.finish(tx, over)
        return waiting.first(tx, HERE, address.conversation_id, 1) != []

    def queue(tx: Tx) -> bool:
        runs.hold(tx, HERE, address.conversation_id)
        if not runs.active(tx, HERE, address.conversation_id):
            return False
        making.wait(tx, address)
        return True

    begun, queued = await asyncio.gather(db.tx(end), other.tx(queue))

    assert begun == queued


def keep_run(tx: Tx, worker: str) -> Run:
    """A run that `worker` carries out."""
    workers.beat(tx, worker)
    return making.start(tx, making.keep_conversation(tx), worker)


def taken_from(tx: Tx, gone: str, worker: str = "worker-2") -> Sequence[Owner]:
    """The runs that `worker` takes over when another one is gone."""
    workers.forget(tx, {gone: 1})
    workers.beat(tx, worker)
    return claims.take_left(tx, worker, [])


async def test_the_runs_of_the_living_are_theirs(db: Database) -> None:
    run = await db.tx(keep_run, "worker-1")
    mine, theirs = (Owner(run.id, worker, 1) for worker in ("worker-1", "worker-2"))

    assert await db.tx(claims.take_left, "worker-2", []) == []
    assert await db.tx(claims.owned, [mine]) == {mine}
    assert await db.tx(claims.owned, [theirs]) == set()
    assert await db.read(claims.of_worker, "worker-1") == {run.id}


async def test_what_was_taken_over_is_lost_to_its_owner(db: Database) -> None:
    run = await db.tx(keep_run, "worker-1")
    assert run.conversation_id is not None
    await db.tx(runs.cancel, HERE, run.conversation_id)

    (owner,) = await db.tx(taken_from, "worker-1")

    assert owner == Owner(run.id, "worker-2", 2)
    known = await db.read(claims.recall, run.id)
    assert (known.run.id, known.attempt, known.cancel_requested) == (run.id, 2, True)
    assert known.address.conversation_id == run.conversation_id
    with pytest.raises(Lost):
        await db.tx(claims.hold, Owner(run.id, "worker-1", 1))
    await db.tx(claims.hold, owner)
    assert await db.read(claims.cancel_wanted, "worker-2") == [run.id]


async def test_a_worker_that_gets_its_run_back_is_not_the_one_it_was(db: Database) -> None:
    run = await db.tx(keep_run, "worker-1")
    await db.tx(taken_from, "worker-1")
    (again,) = await db.tx(taken_from, "worker-2", "worker-1")

    assert again == Owner(run.id, "worker-1", 3)
    with pytest.raises(Lost):
        await db.tx(claims.hold, Owner(run.id, "worker-1", 1))


async def test_a_worker_that_left_is_dead_at_once(db: Database) -> None:
    run = await db.tx(keep_run, "worker-1")
    await db.tx(workers.leave, "worker-1")

    taken = await db.tx(claims.take_left, "worker-2", [])
    assert [one.run_id for one in taken] == [run.id]


async def test_a_worker_that_beats_again_is_not_forgotten(db: Database) -> None:
    await db.tx(keep_run, "worker-1")
    await db.tx(workers.beat, "worker-1")

    assert await db.tx(taken_from, "worker-1") == []


async def test_what_has_ended_is_nobodys(db: Database) -> None:
    run = await db.tx(keep_run, "worker-1")
    over = run.model_copy(
        update={"status": "completed", "stop_reason": "end_turn", "completed_at": LATER}
    )
    await db.tx(runs.finish, over)

    assert await db.tx(claims.owned, [Owner(run.id, "worker-1", 1)]) == set()
    assert await db.tx(taken_from, "worker-1") == []
    assert not (await db.read(runs.state, run.id)).active
    assert await db.read(runs.get, HERE, run.id) == over


async def test_the_dead_are_claimed_once(db: Database, other: Database) -> None:
    kept = [await db.tx(keep_run, "worker-1") for _ in range(5)]
    await db.tx(workers.leave, "worker-1")
    for claimer in ("worker-2", "worker-3"):
        await db.tx(workers.beat, claimer)
    names = iter(["worker-2", "worker-3"] * 8)

    def claim(tx: Tx) -> list[str]:
        return [one.run_id for one in claims.take_left(tx, next(names), [])]

    claimed, failed = await race(db, other, claim)

    assert failed == []
    every = [run_id for ids in claimed if isinstance(ids, list) for run_id in ids]
    assert sorted(every) == sorted(run.id for run in kept)


async def test_a_flush_that_has_begun_is_seen_by_who_takes_the_run_over(
    db: Database, other: Database
) -> None:
    run = await db.tx(keep_run, "worker-1")
    loop, fenced, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def flush(tx: Tx) -> None:
        claims.hold(tx, Owner(run.id, "worker-1", 1))
        loop.call_soon_threadsafe(fenced.set)
        go.wait()
        events.append(tx, [(run.id, 1, "{}")])

    def claim(tx: Tx) -> list[list[tuple[int, str]]]:
        return [events.after(tx, one.run_id, 0, 10) for one in taken_from(tx, "worker-1")]

    flushing = asyncio.create_task(db.tx(flush))
    await fenced.wait()
    claiming = asyncio.create_task(other.tx(claim))
    loop.call_soon(go.set)
    await flushing

    seen = await claiming or await other.tx(claim)
    assert seen == [[(1, "{}")]]
