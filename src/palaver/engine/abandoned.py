"""Runs whose process died: they are ended, with all that their clients had already seen kept."""

from collections.abc import Sequence
from datetime import datetime

from palaver import clock
from palaver.core.expand import parts_of
from palaver.core.fold import fold
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.run import Run
from palaver.engine import ending
from palaver.engine.ending import Ending, Unwritten
from palaver.engine.failure import Failure
from palaver.engine.log import Event, Frame, Tail, messages_in
from palaver.engine.tally import Tally
from palaver.store import entries, events, runs
from palaver.store.db import Tx

_ALL = 1_000_000  # more events than a run can have
_CANCELLED = Ending("cancelled")
_CRASHED = Ending("error", Failure.crashed())


def end_all(tx: Tx, worker: str) -> list[str]:
    """Take over the runs of dead workers and end them; the ids of those that were ended."""
    claimed = runs.claim_dead(tx, worker, clock.now())
    for claim in claimed:
        how = _CANCELLED if claim.cancel_requested else _CRASHED
        _end(tx, worker, claim.project, claim.address, claim.run, how)
    return [claim.run.id for claim in claimed]


def _end(tx: Tx, worker: str, project: ProjectId, address: Address, run: Run, how: Ending) -> None:
    logged = [Event(seq, data) for seq, data in events.after(tx, run.id, 0, _ALL)]
    stored = entries.of_run(tx, project, run.id, Page(limit=1000, order="asc"))
    said = unstored(logged, {entry.id for entry in stored}, run.id)
    calls = unanswered([*stored, *said])
    if calls:
        blank = Entry(
            id=clock.mint("message"),
            seq=0,
            role="tool",
            parts=(),
            created_at=clock.now(),
            run_id=run.id,
        )
        said.append(ending.closed(blank, calls))
    tally = Tally()
    tail = Tail(run.id, last=logged[-1].seq if logged else 0)
    frames: list[Frame] = [*ending.shown(said, tokens=True)]
    frames += how.frames(run.id, tally.usage(run.id))
    new = Unwritten(
        said=said,
        events=[tail.number(frame) for frame in frames],
        over=tally.over(run, how.stop, how.failure),
    )
    ending.write(tx, worker, project, address, run.id, new)


def unstored(logged: Sequence[Event], stored: set[str], run_id: str) -> list[Entry]:
    """The entries that the log tells of and the conversation does not hold yet."""
    found: dict[str, Entry] = {}
    for message in fold(one for one in messages_in(logged) if one.id not in stored):
        begun = found.get(message.id) or Entry(
            id=message.id,
            seq=0,
            role="tool" if message.message_type == "tool_return_message" else "assistant",
            parts=(),
            created_at=datetime.fromisoformat(message.date),
            run_id=run_id,
            step_id=message.step_id,
            cut=message.message_type != "tool_return_message",
        )
        found[message.id] = begun.model_copy(update={"parts": begun.parts + parts_of(message)})
    return list(found.values())


def unanswered(said: Sequence[Entry]) -> list[ToolCall]:
    """The tool calls among `said` that no return answers."""
    answered = {
        part.call_id for entry in said for part in entry.parts if isinstance(part, ToolReturn)
    }
    return [
        part
        for entry in said
        for part in entry.parts
        if isinstance(part, ToolCall) and part.call_id not in answered
    ]
