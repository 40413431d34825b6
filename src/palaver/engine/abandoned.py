"""Runs that change hands: what their worker has left is put in order, then they go on or end.

A run goes on from its last committed step if nobody has seen anything of the step after it.
Otherwise it ends, and all that its clients have seen is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from palaver.core.expand import parts_of
from palaver.core.fold import fold
from palaver.core.turn import RunTools
from palaver.domain.entry import Entry
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.run import Run
from palaver.engine import ending, line, pausing
from palaver.engine.ending import Ending, Unwritten
from palaver.engine.failure import Failure
from palaver.engine.says import says
from palaver.engine.send import Send
from palaver.engine.tail import Event, Frame, Tail, messages_in
from palaver.engine.tally import Tally
from palaver.store import claims, entries, events, steps
from palaver.store.claims import Owner, Recalled
from palaver.store.db import Tx

_ATTEMPTS = 3  # workers that may try a run; one that kills them all is ended
_CANCELLED = Ending("cancelled")
_CRASHED = Ending("error", Failure.crashed())


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run that goes on: what was asked for, what is done of it, its last event's number.

    `due` are the calls that it begins with, where an answer to them has started it.
    """

    owner: Owner
    run: Run
    send: Send
    tally: Tally
    last: int
    due: RunTools | None = None


def settle(tx: Tx, owner: Owner) -> Resumed | Owner | None:
    """Put a run in order that `owner` has got: it goes on, or ends.

    Where it ends, the run that waited behind it has begun, if there is one: its owner comes back.
    Raises `Lost` if somebody else has taken the run meanwhile.
    """
    claims.hold(tx, owner)
    known = claims.recall(tx, owner.run_id)
    send = Send.recalled(known.request, known.project, known.address)
    logged = (Event(seq, data) for seq, data in events.of_run(tx, owner.run_id))
    tally = Tally.resumed(steps.all_of_run(tx, known.project, owner.run_id))
    stored = entries.all_of_run(tx, known.project, owner.run_id)
    said = unstored(logged, {entry.id for entry in stored}, owner.run_id)
    how = _ending_of(known, said)
    due = pausing.begun(tx, send, owner.run_id)
    if due is not None and (how is not None or known.attempt > 1):
        returns = says("tool", run_id=owner.run_id, step_id=due.step_id)
        said += [ending.closed(returns, due), *due.then]
        due = None  # who had the run before may have carried some of it out
    calls = unanswered([*stored, *said])
    if calls:
        step_id = said[-1].step_id if said else tally.last_step
        returns = says("tool", run_id=owner.run_id, step_id=step_id)
        said.append(ending.closed(returns, RunTools(tuple(calls))))
    tail = Tail(owner.run_id, last=events.last(tx, owner.run_id))
    frames: list[Frame] = [*ending.shown(said, tokens=True)]
    if how is not None:
        frames += how.frames(owner.run_id, tally.usage(owner.run_id))
    new = Unwritten(said=said, events=[tail.number(frame) for frame in frames])
    if how is None:
        ending.write(tx, owner, send, new)
        return Resumed(owner, known.run, send, tally, tail.last, due)
    new.over = tally.over(known.run, how.stop, how.failure)
    return line.end(tx, owner, send, new)


def _ending_of(known: Recalled, seen: Sequence[Entry]) -> Ending | None:
    """How a run ends of whose unfinished step this was `seen`; None if it goes on."""
    if known.cancel_requested:
        return _CANCELLED
    if seen or known.request is None or known.attempt > _ATTEMPTS:
        return _CRASHED
    return None


def unstored(logged: Iterable[Event], stored: set[str], run_id: str) -> list[Entry]:
    """The entries that the log tells of and the conversation does not hold yet."""
    found: dict[str, Entry] = {}
    told = (one for one in messages_in(logged) if one.message_type != "event_message")
    for message in fold(one for one in told if one.id not in stored):
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
