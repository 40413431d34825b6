"""How a send gets into a conversation: at once, or in line behind the run that goes on."""

from dataclasses import dataclass

from palaver.domain.entry import Entry
from palaver.domain.run import Run
from palaver.engine import compiling, ending
from palaver.engine.ending import Ending, Unwritten
from palaver.engine.send import Send
from palaver.engine.tail import event_of
from palaver.engine.tally import Tally
from palaver.errors import ConversationBusy, KeyReused, LineFull
from palaver.store import conversations, entries, runs, waiting
from palaver.store.claims import Owner
from palaver.store.db import Tx
from palaver.store.runs import Ticket

MOST = 100  # runs that may wait in one conversation


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a send: the run it started (or had started before), and how that stands.

    `owner` is set where the run begins at once; `position` where it waits (1 is next).
    `interrupted` are runs that have to be stopped for it.
    """

    run_id: str
    owner: Owner | None = None
    position: int | None = None
    interrupted: tuple[str, ...] = ()


def admit(tx: Tx, worker: str, send: Send, run: Run) -> Admitted:
    """Start `run` for a send, or let it wait, or find the run that the same send has started.

    Raises `NotFound` for a deleted conversation, `KeyReused` for a key that was given to another
    request, `ConversationBusy` or `LineFull` where the send cannot get in.
    """
    conversation = send.address.conversation_id
    runs.hold(tx, send.project, conversation)
    if send.key is not None:
        known = runs.find_of_key(tx, conversation, send.key)
        if known is not None:
            run_id, fingerprint = known
            if fingerprint != send.fingerprint:
                raise KeyReused(run_id)
            return Admitted(run_id)
    active = runs.active(tx, send.project, conversation)
    if active and send.on_busy == "reject":
        raise ConversationBusy(active[0], len(active) - 1)
    if len(active) > MOST:
        raise LineFull(active[0], MOST)
    conversations.touch(tx, conversation, run.created_at)
    if active:
        return _wait(tx, send, run, active[0])
    ticket = Ticket(send.request(), worker, key=send.key, fingerprint=send.fingerprint)
    running = run.model_copy(update={"status": "running"})
    runs.add(tx, send.project, running, send.address, ticket)
    _enter(tx, send, run.id)
    return Admitted(run.id, Owner(run.id, worker, 1))


def end(tx: Tx, owner: Owner, send: Send, new: Unwritten, again: bool = False) -> Owner | None:
    """Write the end of a run and begin the one that waits next; who has that. Or `Lost`."""
    if not ending.write(tx, owner, send, new, again):
        return None  # what that try has begun is found by the lease
    while found := waiting.find_next(tx, send.project, send.address.conversation_id):
        after = Send.recalled(found.request, send.project, send.address)
        begun = waiting.begin(tx, found, owner.worker, after.request())
        if not found.cancel_requested:
            _enter(tx, after, found.run.id)
            return begun
        entries.append(tx, after.project, after.address, _inputs(after, found.run.id))
        ending.write(tx, begun, after, _cancelled(found.run))
    return None


def _wait(tx: Tx, send: Send, run: Run, holder: str) -> Admitted:
    interrupts = send.on_busy == "interrupt"
    conversation = send.address.conversation_id
    stopped: list[str] = []
    if interrupts:
        stopped = [holder, *waiting.urgent(tx, send.project, conversation)]
        runs.ask_to_end(tx, stopped)
    place, position = waiting.place_for(tx, send.project, conversation, interrupts=interrupts)
    ticket = Ticket(
        send.request(inputs=True), place=place, key=send.key, fingerprint=send.fingerprint
    )
    runs.add(tx, send.project, run, send.address, ticket)
    return Admitted(run.id, position=position, interrupted=tuple(stopped))


def _enter(tx: Tx, send: Send, run_id: str) -> None:
    """Let the input of a run stand in the conversation."""
    compiling.refresh(tx, send.project, send.address)
    entries.append(tx, send.project, send.address, _inputs(send, run_id))


def _cancelled(run: Run) -> Unwritten:
    """The whole of a run that was cancelled before it had begun."""
    how, tally = Ending("cancelled"), Tally()
    frames = how.frames(run.id, tally.usage(run.id))
    return Unwritten(
        events=[event_of(n, frame) for n, frame in enumerate(frames, start=1)],
        over=tally.over(run, how.stop, None),
    )


def _inputs(send: Send, run_id: str) -> list[Entry]:
    return [entry.model_copy(update={"run_id": run_id}) for entry in send.inputs]
