"""`palaver doctor`: it finds what is broken, mends it where it stands, and then finds nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.core.approval import waiting
from palaver.domain.conversation import Address, Context
from palaver.domain.entry import Entry
from palaver.domain.page import Page
from palaver.domain.part import Text
from palaver.engine import doctor
from palaver.store import compactions, conversations, entries, runs
from palaver.store.db import Database, Tx
from tests.core.test_repair import broken_lines, calls_in, complaints, words_in
from tests.repair.damage import BROKEN, Line, Transcript, call, came, model, says, tool
from tests.servers import command
from tests.store import making
from tests.store.making import HERE, NOON

BAD = [case for case in BROKEN.values() if case.mended]
SOUND = [case for case in BROKEN.values() if not case.mended]


def told_by(home: Path, url: str, *options: str) -> dict[str, str]:
    """The condition of each conversation that the doctor tells a program of."""
    code, said = command(home, url, "doctor", "--json", *options)
    found = {one["conversation_id"]: one["condition"] for one in json.loads(said)}
    assert code == (1 if {*found.values()} - {"mended"} else 0)
    return found


async def finds(db: Database, *, fix: bool = False) -> dict[str, str]:
    """The condition of each conversation that the doctor finds."""
    found = [one async for one in doctor.examine(db, fix=fix)]
    return {one.home.conversation_id: one.condition for one in found}


def keep(tx: Tx, *lines: Line) -> Address:
    """A conversation that holds these lines."""
    address = making.keep_conversation(tx)
    entries.append(tx, HERE, address, Transcript(lines).entries())
    return address


def keep_all(tx: Tx, cases: Sequence[Transcript]) -> list[Address]:
    """A conversation for each."""
    return [keep(tx, *case.lines) for case in cases]


def say(tx: Tx, address: Address, *lines: Line) -> None:
    """Have these lines said in a conversation."""
    entries.append(tx, HERE, address, Transcript(lines).entries())


def read(tx: Tx, address: Address) -> list[Entry]:
    """All that a conversation holds, but for its system entry, under numbers without gaps."""
    page = Page(limit=1000, order="asc")
    said = entries.listed(tx, HERE, address.conversation_id, page)[1:]
    assert [entry.seq for entry in said] == list(range(1, len(said) + 1))
    assert conversations.recall_count(tx, address.conversation_id) == len(said)
    return said


def window(tx: Tx, address: Address) -> list[Entry]:
    """What a model would see of a conversation."""
    return list(entries.window(tx, address.conversation_id)[1])


def roles(said: list[Entry]) -> str:
    """Who speaks, by first letters."""
    return "".join(entry.role[0] for entry in said)


def is_sound(said: list[Entry]) -> bool:
    """Whether a strict reader finds nothing wrong; what waits at the end may wait."""
    rest = said[:-1] if said and waiting(said[-1]) else said
    return not list(complaints(rest))


async def test_the_corpus_is_found_then_mended_and_then_nothing_is_found(
    db: Database, tmp_path: Path, module_url: str
) -> None:
    bad = await db.tx(keep_all, BAD)
    good = await db.tx(keep_all, SOUND)
    before = [await db.read(read, one) for one in good]

    assert told_by(tmp_path, module_url) == {one.conversation_id: "broken" for one in bad}
    assert told_by(tmp_path, module_url, "--fix") == {one.conversation_id: "mended" for one in bad}
    mended = [await db.read(read, one) for one in bad]
    assert all(map(is_sound, mended))
    assert told_by(tmp_path, module_url, "--fix") == {}
    assert told_by(tmp_path, module_url) == {}
    assert [await db.read(read, one) for one in bad] == mended
    assert [await db.read(read, one) for one in good] == before


async def test_only_looking_changes_nothing(db: Database) -> None:
    home = await db.tx(keep, says(), model(call("a")), says(), tool("a"))
    before = await db.read(read, home)

    assert await finds(db) == {home.conversation_id: "broken"}
    assert await db.read(read, home) == before
    assert await finds(db, fix=True) == {home.conversation_id: "mended"}


async def test_a_return_is_put_where_it_is_missing_and_a_late_one_moves(db: Database) -> None:
    home = await db.tx(
        keep, says(), model(call("a")), says("1"), model(call("b")), says("2"), tool("b"), model()
    )
    before = await db.read(read, home)
    await finds(db, fix=True)
    after = await db.read(read, home)

    assert roles(before) == "uauauta"
    assert roles(after) == "uatuatua"
    assert after[5].parts == (came("b"),)
    old = {entry.id: entry for entry in before}
    kept = [entry for entry in after if entry.id in old]
    assert [old[one.id].model_copy(update={"seq": one.seq}) for one in kept] == kept
    assert len(kept) == 6


async def test_who_shares_what_is_broken_is_mended_with_it(db: Database) -> None:
    source = await db.tx(keep, says(), model(call("a")), says("1"), model(), says("2"))
    whole = await db.tx(making.fork, source)
    begun = await db.tx(_fork_at, source, 1)
    grown = await db.tx(making.fork, whole)
    for home in (source, whole, begun, grown):
        await db.tx(say, home, model(), says("3"))
    deeper = await db.tx(making.fork, begun)

    assert {*await finds(db)} == {
        one.conversation_id for one in (source, whole, begun, grown, deeper)
    }
    assert {*(await finds(db, fix=True)).values()} == {"mended"}
    assert await finds(db) == {}
    for home in (source, whole, grown):
        assert roles(await db.read(read, home)) == "uatuauau"
    for home in (begun, deeper):
        assert roles(await db.read(read, home)) == "uatau"


def _fork_at(tx: Tx, source: Address, number: int) -> Address:
    return making.fork(tx, source, upto=read(tx, source)[number].id)


async def test_a_fork_of_what_was_deleted_is_mended(db: Database) -> None:
    source = await db.tx(keep, says(), model(call("a")), says())
    fork = await db.tx(making.fork, source)
    await db.tx(conversations.remove, HERE, source.conversation_id, NOON)

    assert await finds(db, fix=True) == {fork.conversation_id: "mended"}
    assert roles(await db.read(read, fork)) == "uatu"


async def test_a_window_that_does_not_begin_at_the_beginning(db: Database) -> None:
    summary: Line = ("summary", (Text(text="So far."),), False)
    early, late = (says("0"), model(call("x"))), (says("1"), model(call("a")), says("2"), model())
    source = await db.tx(keep, *early, *late, says("3"), summary)
    await db.tx(compactions.put, HERE, source.conversation_id, Context(start=3, head=(8,)))
    fork = await db.tx(making.fork, source)
    later = Context(start=6, head=(8, 5))
    await db.tx(compactions.put, HERE, fork.conversation_id, later)
    deeper = await db.tx(making.fork, fork)
    for home in (fork, deeper):
        await db.tx(say, home, model(Text(text="4")))
    before = [await db.read(window, home) for home in (source, fork, deeper)]

    assert await finds(db, fix=True) == {source.conversation_id: "mended"}

    after = [await db.read(window, home) for home in (source, fork, deeper)]
    assert [roles(said) for said in before] == ["suauau", "suaua", "suaua"]
    assert roles(after[0]) == "suatuau"
    assert [_ids(said) for said in after[1:]] == [_ids(said) for said in before[1:]]
    for home in (fork, source):
        await db.tx(compactions.undo, HERE, home.conversation_id)
    assert roles(await db.read(window, fork)) == "suatuaua"
    assert await finds(db, fix=True) == {source.conversation_id: "mended"}
    assert roles(await db.read(window, source)) == "uatuatuau"
    assert roles(await db.read(window, fork)) == "suatuaua"
    assert _ids(await db.read(window, deeper)) == _ids(before[2])


def _ids(said: list[Entry]) -> list[str]:
    return [entry.id for entry in said]


async def test_where_a_run_is_active_nothing_is_done(db: Database) -> None:
    source = await db.tx(keep, says(), model(call("a")), says())
    fork = await db.tx(making.fork, source)
    run = await db.tx(making.start, fork)
    before = await db.read(read, source)

    assert await finds(db, fix=True) == {
        source.conversation_id: "busy",
        fork.conversation_id: "busy",
    }
    assert await db.read(read, source) == before
    ended = run.model_copy(update={"status": "completed", "completed_at": NOON})
    await db.tx(runs.finish, ended)
    assert {*(await finds(db, fix=True)).values()} <= {"mended"}
    assert roles(await db.read(read, fork)) == "uatu"


async def test_a_run_that_is_under_way_is_not_taken_for_damage(db: Database) -> None:
    home = await db.tx(keep, says())
    run = await db.tx(making.start, home)
    await db.tx(_calls, home, run.id)

    assert await finds(db) == {}
    await db.tx(runs.finish, run.model_copy(update={"status": "failed", "completed_at": NOON}))
    assert await finds(db, fix=True) == {home.conversation_id: "mended"}


def _calls(tx: Tx, home: Address, run_id: str) -> None:
    (entry,) = Transcript((model(call("a")),)).entries()
    entries.append(tx, HERE, home, [entry.model_copy(update={"run_id": run_id})])


async def test_people_are_told_what_is_broken_and_what_to_do(
    db: Database, tmp_path: Path, module_url: str
) -> None:
    home = await db.tx(keep, says(), model(call("call-7")), says())
    code, said = command(tmp_path, module_url, "doctor")

    assert code == 1
    assert home.conversation_id in said
    assert "unanswered call (call-7)" in said
    assert "palaver doctor --fix" in said
    code, said = command(tmp_path, module_url, "doctor", "--fix")
    assert (code, said.splitlines()[-1]) == (0, "0 broken, 1 mended.")


def test_no_database_is_made_for_the_doctor(tmp_path: Path) -> None:
    path = tmp_path / "palaver.db"
    code, said = command(tmp_path, f"sqlite:///{path}", "doctor")

    assert code == 1
    assert str(path) in said
    assert not path.exists()


@dataclass(frozen=True, slots=True)
class Family:
    """What is said in a conversation; where forks of it begin, and what is said in them."""

    lines: list[Line]
    forks: list[tuple[int, list[Line]]]


families = st.builds(
    Family, broken_lines, st.lists(st.tuples(st.integers(0, 9), broken_lines), max_size=2)
)


@settings(max_examples=20, deadline=None)
@given(families)
async def test_whatever_is_broken_is_mended_for_all_who_share_it(
    db: Database, family: Family
) -> None:
    homes = [await db.tx(keep, *family.lines)]
    for at, lines in family.forks:
        said = await db.read(read, homes[-1])
        upto = said[at % len(said)].id if said else None
        homes.append(await db.tx(making.fork, homes[-1], upto))
        await db.tx(say, homes[-1], *lines)
    before = [await db.read(window, home) for home in homes]
    async for found in doctor.examine(db, fix=True):
        assert found.condition == "mended"
    after = [await db.read(window, home) for home in homes]

    assert all(map(is_sound, after))
    assert [found async for found in doctor.examine(db, fix=True)] == []
    assert [words_in(said) for said in after] == [words_in(said) for said in before]
    assert [calls_in(said) for said in after] == [calls_in(said) for said in before]
    for home in homes:
        await db.read(read, home)
    for home in homes:
        await db.tx(conversations.remove, HERE, home.conversation_id, NOON)
