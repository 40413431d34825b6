"""The doctor: it finds conversations that are broken, and writes them anew where they are.

A run mends the window that it sees and leaves what is stored as it is (`palaver.core.repair`). The
doctor does the same to what is stored, by the same rules, while nobody is at work there. What it
looks at is what a model would see: what has left the context does no harm.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from palaver import clock
from palaver.core.repair import Mend, Mended, mended_at_rest
from palaver.domain.entry import Entry
from palaver.store import conversations, entries, mending, runs
from palaver.store.conversations import Home
from palaver.store.db import Database, Tx
from palaver.store.mending import Place

_AT_ONCE = 500  # conversations whose names are in memory

Condition = Literal["broken", "busy", "mended", "unreadable"]
_WORDS: dict[Condition, str] = {
    "broken": "broken",
    "busy": "broken; a run is active: wait for its end or cancel it, then try again",
    "mended": "mended",
    "unreadable": "its rows cannot be read; restore them from a backup",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A conversation that is (or was) broken, and how.

    One that is ``busy`` is broken and has an active run, or shares its rows with one that has: the
    doctor leaves it alone. Of an ``unreadable`` one no window can be had at all.
    """

    home: Home
    condition: Condition
    faults: tuple[Mend, ...] = ()

    def told(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "conversation_id": self.home.conversation_id,
            "agent_id": self.home.agent_id,
            "condition": self.condition,
            "faults": [mend.told() for mend in self.faults],
        }

    def in_words(self) -> str:
        """It for people: a line, and one more for each fault."""
        lines = [f"{self.home.conversation_id} of {self.home.agent_id}: {_WORDS[self.condition]}"]
        for mend in self.faults:
            call = f" ({mend.call_id})" if mend.call_id else ""
            lines.append(f"  {mend.fault}{call} in {mend.entry_id}")
        return "\n".join(lines)


async def examine(db: Database, *, fix: bool) -> AsyncIterator[Diagnosis]:
    """All conversations that are broken, of all projects, one after the other.

    Those that can be are mended if `fix` says so, each in a transaction of its own. What is in
    memory is one window, as much as a run of that conversation needs.
    """
    after = ""
    while page := await db.read(conversations.everywhere, after, _AT_ONCE):
        for home in page:
            found = await db.read(_look, home)
            if found is not None and fix and found.condition == "broken":
                found = await db.tx(_mend, home)
            if found is not None:
                yield found
        after = page[-1].conversation_id


def _look(tx: Tx, home: Home) -> Diagnosis | None:
    """What is wrong with a conversation, what its active runs say left aside."""
    try:
        system, said = entries.window(tx, home.conversation_id)
    except ValueError:
        return Diagnosis(home, "unreadable")
    if system.role != "system":
        return Diagnosis(home, "unreadable")
    active = {*runs.active(tx, home.project, home.conversation_id)}
    rest = tuple(entry for entry in said if entry.run_id not in active)
    faults = mended_at_rest(rest).mends
    if not faults:
        return None
    return Diagnosis(home, "busy" if active else "broken", faults)


def _mend(tx: Tx, home: Home) -> Diagnosis | None:
    """Write a conversation anew where it is broken; None if it is not, or is gone."""
    reached = entries.reach(tx, home.conversation_id)
    mending.hold(tx, {home.conversation_id, *(stretch.source for stretch in reached.stretches)})
    reached = entries.reach(tx, home.conversation_id)
    said = entries.window(tx, home.conversation_id)[1]
    whole = mended_at_rest(said)
    if not whole.mends:
        return None
    changes = _changes(reached, said, whole)
    shared: set[str] = {home.conversation_id}
    for change in changes:
        shared |= mending.sharing(tx, change.place)
    if any(runs.active(tx, *one) for one in mending.hold(tx, shared)):
        return Diagnosis(home, "busy", whole.mends)
    for change in changes:
        _carry_out(tx, home, change)
    return Diagnosis(home, "mended", whole.mends)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done at a place. Those behind others are carried out before them."""

    place: Place
    kind: Literal["put in", "rewrite", "take out"]
    entry: Entry


def _changes(reached: entries.Reach, said: Sequence[Entry], whole: Mended) -> list[_Change]:
    """How what was said becomes what it should be, from the newest change to the oldest."""
    found: list[_Change] = []
    kept = {entry.id: entry for entry in whole.entries}
    for entry in said:
        place, now = Place.of(reached, entry.seq), kept.get(entry.id)
        if now is None:
            found.append(_Change(place, "take out", entry))
        elif now is not entry:
            found.append(_Change(place, "rewrite", now))
    stored = {entry.id for entry in said}
    # As late as can be: a fork that was cut between a call and its return gets a row of its own.
    following = reached.head + 1
    for entry in reversed(whole.entries):
        if entry.id in stored:
            following = entry.seq
        else:
            found.append(_Change(Place.of(reached, following), "put in", entry))
    # At one place, what stands there is rewritten before something comes in: the sort is stable.
    return sorted(found, key=lambda one: -one.place.seq)


def _carry_out(tx: Tx, home: Home, change: _Change) -> None:
    match change.kind:
        case "rewrite":
            mending.rewrite(tx, change.entry)
        case "take out":
            mending.take_out(tx, change.place)
        case "put in":
            # It is nothing that its run has said: the run's stream stays what it was.
            new = {"id": clock.mint("message"), "created_at": clock.now()}
            entry = change.entry.model_copy(update={**new, "run_id": None, "step_id": None})
            mending.put_in(tx, home.project, home.agent_id, change.place, entry)
