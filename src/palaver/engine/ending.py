"""How a run ends: what is kept of a broken answer, which frames come last, and one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from palaver import clock
from palaver.core.compaction import Trigger
from palaver.core.cutting import Cut
from palaver.core.expand import envelope, messages_of
from palaver.core.fold import mark_of
from palaver.core.prefix import Outline
from palaver.core.turn import RunTools
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.message import EventMessage, Message, Stop, StreamError, Usage
from palaver.domain.run import Run, Step, StepMetrics, StopReason
from palaver.engine import summarising
from palaver.engine.failure import Failure
from palaver.engine.send import Send
from palaver.engine.tail import Event
from palaver.errors import LLMError
from palaver.providers.overheard import Exchange
from palaver.store import agents, claims, entries, events, prompts, runs, steps, traces
from palaver.store.claims import Owner
from palaver.store.db import Tx

UNANSWERED = "The run was broken off before this call had returned."


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run stopped, and the failure behind it if there was one."""

    stop: StopReason
    failure: Failure | None = None

    def frames(self, run_id: str, usage: Usage) -> list[Stop | StreamError | Usage]:
        """The last frames of the run's stream, in order (contract §3.6)."""
        if self.failure is not None:
            error = StreamError(
                run_id=run_id,
                error_type=self.failure.error_type,
                message=self.failure.message,
                detail=self.failure.detail or "",
            )
            return [Stop(stop_reason=self.stop), error]
        if self.stop == "cancelled":
            return [Stop(stop_reason=self.stop)]
        return [Stop(stop_reason=self.stop), usage]


@dataclass(slots=True)
class Unwritten:
    """What a run has to write in its next transaction: all of it is seen, or nothing."""

    said: list[Entry] = field(default_factory=list)
    cut: Cut | None = None  # how the window is cut whose summary is the last that was said
    system: str | None = None  # the prompt that it gets then
    step: Step | None = None
    metrics: StepMetrics | None = None  # of that step, or of the one that asked for the tools
    prompt: Outline | None = None  # what that step asked the model
    heard: list[Exchange] = field(default_factory=list)  # what went over the wire meanwhile
    events: list[Event] = field(default_factory=list)
    over: Run | None = None  # the run as it has ended


def of_error(error: LLMError) -> Ending:
    """How a run ends whose model failed."""
    return Ending(cast(StopReason, error.stop_reason), Failure.of(error))


def closed(blank: Entry, due: RunTools) -> Entry:
    """The returns of calls that were not carried out, so that no call stays without one."""
    broken = [call.failed(UNANSWERED) for call in due.calls]
    return blank.model_copy(update={"parts": (*due.given, *broken)})


def compacting(blank: Entry, window: Window, trigger: Trigger) -> EventMessage:
    """The message that a window is about to be compacted; no entry tells it again."""
    told = {
        "trigger": trigger,
        "context_token_estimate": window.estimate,
        "context_window": window.tokens,
    }
    return EventMessage(**envelope(blank, 0), event_data=told)


def is_told(entry: Entry) -> bool:
    """Whether an entry of a run is told in its stream: what stands on the people's side is not."""
    return entry.role == "tool" or (entry.step_id is not None and entry.role != "user")


def shown(said: Sequence[Entry], tokens: bool) -> list[Message]:
    """What followers still have to see of the entries that a run leaves behind.

    Of an answer that was streamed in fragments they only miss the mark that it was broken off.
    """
    missing: list[Message] = []
    for entry in filter(is_told, said):
        messages = messages_of(entry)
        if tokens and entry.role == "assistant":
            messages = [mark_of(messages[-1])] if entry.cut else []
        missing += messages
    return missing


def step_of(step: Step, ending: Ending) -> Step:
    """A step as it is stored when its run ended in the middle of it."""
    failure = ending.failure
    return step.model_copy(
        update={
            "status": "cancelled" if ending.stop == "cancelled" else "failed",
            "stop_reason": ending.stop,
            "error_type": failure.error_type if failure else None,
            "error_data": failure.model_dump() if failure else None,
        }
    )


def write(tx: Tx, owner: Owner, send: Send, new: Unwritten, again: bool = False) -> bool:
    """Write it in this one transaction.

    Done `again`, it does not write what a try that seemed to fail has written after all, and says
    so with False. Raises `Lost` if `owner` may not write for the run any more.
    """
    if again and _is_written(tx, owner.run_id, new):
        return False
    claims.hold(tx, owner)
    if new.over is not None and new.over.completed_at is not None:
        duration = (new.over.total_duration_ns or 0) // 1_000_000
        at, why = new.over.completed_at, new.over.stop_reason
        agents.note_run(tx, new.over.agent_id, at, why, duration)
    if new.said:
        entries.append(tx, send.project, send.address, new.said)
    conversation = send.address.conversation_id
    if new.cut is not None:
        summary = new.said[-1].id
        summarising.keep(tx, send.project, conversation, new.cut, summary, new.system)
    if new.step is not None:
        steps.put(tx, send.project, conversation, new.step, clock.now(), new.metrics)
    elif new.metrics is not None:
        steps.measure(tx, send.project, new.metrics)
    if new.prompt is not None:
        prompts.put(tx, send.project, conversation, new.prompt)
    traces.put(
        tx, send.project, (one.told(owner.run_id, send.address.agent_id) for one in new.heard)
    )
    events.append(tx, [(owner.run_id, event.seq, event.data) for event in new.events])
    if new.over is not None:
        runs.finish(tx, new.over)
    return True


def _is_written(tx: Tx, run_id: str, new: Unwritten) -> bool:
    """Whether a try that seemed to fail has reached the database after all."""
    if new.events:
        last = new.events[-1]
        return events.find(tx, run_id, last.seq) == last.data
    return any(entries.is_kept(tx, entry.id) for entry in new.said)
