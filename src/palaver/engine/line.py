"""How a send gets into a conversation: at once, or in line behind the run that goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from palaver.core import approval
from palaver.core.turn import RunTools
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.run import Run
from palaver.engine import compiling, ending, pausing
from palaver.engine.ending import Ending, Unwritten
from palaver.engine.send import Send
from palaver.engine.tail import event_of
from palaver.engine.tally import Tally
from palaver.errors import Conflict, ConversationBusy, Invalid, KeyReused, LineFull
from palaver.store import claims, conversations, entries, runs, steps, waiting
from palaver.store.claims import Owner
from palaver.store.db import Tx
from palaver.store.runs import Ticket
from palaver.store.waiting import Waiting

MOST = 100  # runs that may wait in one conversation


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a send: the run it started (or had started before), and how that stands.

    `owner` is set where the run begins at once, `due` if it begins with calls that were answered;
    `position` where it waits (1 is next). `interrupted` are runs that have to be stopped for it.
    """

    run_id: str
    owner: Owner | None = None
    position: int | None = None
    interrupted: tuple[str, ...] = ()
    due: RunTools | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancel has done: the runs that it ends, and those that have begun in their place."""

    run_ids: tuple[str, ...]
    begun: tuple[Owner, ...] = ()


def admit(tx: Tx, worker: str, send: Send, run: Run) -> Admitted:
    """Start `run` for a send, or let it wait, or find the run that the same send has started.

    Raises `NotFound` for a deleted conversation, `KeyReused` for a key that was given to another
    request, `ConversationBusy` or `LineFull` where the send cannot get in, `AwaitingApproval` where
    an answer is wanted instead, and `Invalid` for an answer that fits nothing.
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
    asked = pausing.find(tx, conversation)
    active = runs.active(tx, send.project, conversation)
    if asked is not None:
        send = pausing.answering(send, asked)
    elif send.answer is not None:
        before = pausing.repeated(tx, send)
        if isinstance(before, str):
            return Admitted(before)
        send = before or _refused(active)
    free = send.answer is not None or not (active or asked)
    if not free and send.on_busy == "reject":
        raise ConversationBusy(active[0], len(active) - 1)
    if not free and len(active) > MOST:
        raise LineFull(active[0], MOST)
    conversations.touch(tx, conversation, run.created_at)
    return _begin(tx, worker, send, run, asked) if free else _wait(tx, send, run, active)


def end(tx: Tx, owner: Owner, send: Send, new: Unwritten, again: bool = False) -> Owner | None:
    """Write the end of a run and begin the one that waits next; who has that. Or `Lost`."""
    if not ending.write(tx, owner, send, new, again):
        return None  # what that try has begun is found by the lease
    asked = None
    if new.over is not None and new.over.stop_reason == "requires_approval":
        asked = _pause(tx, send, new.over)
    return _go_on(tx, owner.worker, send.project, send.address, asked)


def cancel(tx: Tx, worker: str, project: ProjectId, address: Address) -> Cancelled:
    """End the active runs of a conversation, and deny the calls of one that waits for an answer."""
    ended = runs.cancel(tx, project, address.conversation_id)
    return _clear(tx, worker, project, [address], Cancelled(tuple(ended)))


def cancel_some(
    tx: Tx, worker: str, project: ProjectId, agent_id: str, run_ids: Sequence[str]
) -> Cancelled:
    """End those of an agent's runs that are active, and deny the calls that wait in the others."""
    homes = runs.homes(tx, project, agent_id, run_ids)
    ended = Cancelled(tuple(runs.cancel_some(tx, project, agent_id, run_ids)))
    return _clear(tx, worker, project, homes, ended, run_ids)


def cancel_all(tx: Tx, worker: str, project: ProjectId, agent_id: str) -> Cancelled:
    """End all of an agent's active runs, and let none wait for one that is not answered."""
    ended = runs.cancel_all(tx, project, agent_id)
    homes = runs.homes(tx, project, agent_id, ended)
    return _clear(tx, worker, project, homes, Cancelled(tuple(ended)))


def remove(tx: Tx, project: ProjectId, run_id: str) -> None:
    """Remove a run that has ended, with its steps and its log; what was said in it stays.

    Raises `NotFound`, and `Conflict` while it is active or its calls wait for an answer.
    """
    conversation = runs.conversation_of(tx, project, run_id)
    runs.hold(tx, project, conversation)
    asked = pausing.find(tx, conversation)
    if asked is not None and asked.run_id == run_id:
        raise Conflict("Tool calls of this run wait for an answer; answer or cancel them first.")
    runs.remove(tx, project, run_id)


def expire(tx: Tx, worker: str, now: datetime) -> list[Owner]:
    """Deny the calls that nobody has answered in time; the runs that go on from there."""
    begun = []
    for conversation in conversations.overdue(tx, now):
        asked = pausing.find(tx, conversation)
        conversations.await_answer(tx, conversation, None)
        if asked is None or asked.run_id is None:
            continue
        known = claims.recall(tx, asked.run_id)
        before = Send.recalled(known.request, known.project, known.address)
        done = len(steps.all_of_run(tx, known.project, asked.run_id))
        late = pausing.denial(asked, "Nobody answered in time.")
        rest = {
            "inputs": (late,),
            "max_steps": max(before.max_steps - done, 0),
            "background": True,
            "config": known.run.request_config,
        }
        send = before.model_copy(update=rest)
        admitted = _begin(tx, worker, send, send.new_run(), asked)
        begun += [admitted.owner] if admitted.owner else []
    return begun


def _refused(active: Sequence[str]) -> Send:
    """Refuse an answer that is not wanted."""
    if active:
        raise ConversationBusy(active[0], len(active) - 1)
    raise Invalid(
        "No tool call is currently awaiting approval in this conversation, and this answer was not "
        "given before; read its messages, and send something else."
    )


def _begin(tx: Tx, worker: str, send: Send, run: Run, asked: Entry | None) -> Admitted:
    kept = send.request(*send.held)
    ticket = Ticket(kept, worker, key=send.key, fingerprint=send.fingerprint)
    running = run.model_copy(update={"status": "running"})
    runs.add(tx, send.project, running, send.address, ticket)
    due = _enter(tx, send, run.id, asked)
    return Admitted(run.id, Owner(run.id, worker, 1), due=due)


def _wait(tx: Tx, send: Send, run: Run, active: Sequence[str]) -> Admitted:
    interrupts = send.on_busy == "interrupt"
    conversation = send.address.conversation_id
    stopped: list[str] = []
    if interrupts:
        stopped = [active[0], *waiting.urgent(tx, send.project, conversation)]
        runs.ask_to_end(tx, stopped)
    place, position = waiting.place_for(tx, send.project, conversation, interrupts=interrupts)
    kept = send.request(*send.inputs)
    ticket = Ticket(kept, place=place, key=send.key, fingerprint=send.fingerprint)
    runs.add(tx, send.project, run, send.address, ticket)
    return Admitted(run.id, position=position, interrupted=tuple(stopped))


def _pause(tx: Tx, send: Send, over: Run) -> Entry | None:
    """Let calls wait for an answer, unless the run was to be cancelled; the entry they are in."""
    conversation = send.address.conversation_id
    asked = pausing.find(tx, conversation)
    if asked is not None and claims.recall(tx, over.id).cancel_requested:
        pausing.close(tx, send.project, send.address, asked, pausing.CANCELLED)
        return None
    patience = pausing.patience(tx, send, asked) if asked is not None else None
    if patience is not None and over.completed_at is not None:
        due = over.completed_at + timedelta(seconds=patience)
        conversations.await_answer(tx, conversation, due)
    return asked


def _go_on(
    tx: Tx, worker: str, project: ProjectId, address: Address, asked: Entry | None
) -> Owner | None:
    """Begin the run that waits next, if there is one; who has it. Cancelled ones end here."""
    while found := _next(tx, project, address, asked):
        after = Send.recalled(found.request, project, address)
        if asked is not None:
            after = pausing.answering(after, asked)
        begun = waiting.begin(tx, found, worker, after.request(*after.held))
        _enter(tx, after, found.run.id, asked)
        if not found.cancel_requested:
            return begun
        ending.write(tx, begun, after, _cancelled(found.run))
    return None


def _next(tx: Tx, project: ProjectId, address: Address, asked: Entry | None) -> Waiting | None:
    """The run that is to begin: the first, or while calls wait the first that denies them."""
    if asked is None:
        return next(iter(waiting.first(tx, project, address.conversation_id, 1)), None)
    for found in waiting.first(tx, project, address.conversation_id, MOST + 1):
        denies = Send.recalled(found.request, project, address).denies
        if denies and not found.cancel_requested:
            return found
    return None


def _clear(
    tx: Tx,
    worker: str,
    project: ProjectId,
    homes: Sequence[Address],
    ended: Cancelled,
    only: Sequence[str] | None = None,
) -> Cancelled:
    """Deny the calls that wait in conversations (of `only` these runs), and let them go on."""
    run_ids, begun = list(ended.run_ids), list(ended.begun)
    for address in homes:
        asked = pausing.find(tx, address.conversation_id)
        if asked is None or asked.run_id is None or asked.run_id not in (only or [asked.run_id]):
            continue
        pausing.close(tx, project, address, asked, pausing.CANCELLED)
        run_ids.insert(0, asked.run_id)
        after = _go_on(tx, worker, project, address, None)
        begun += [after] if after else []
    return Cancelled(tuple(run_ids), tuple(begun))


def _enter(tx: Tx, send: Send, run_id: str, asked: Entry | None) -> RunTools | None:
    """Let the input of a run stand in the conversation; what an answer in it comes to.

    What is said after an answer enters with the returns, and stands behind them.
    """
    compiling.refresh(tx, send.project, send.address)
    said = [entry.model_copy(update={"run_id": run_id}) for entry in send.inputs]
    if asked is None:
        if send.forgets:
            conversations.forget(tx, send.project, send.address.conversation_id)
        entries.append(tx, send.project, send.address, said)
        return None
    answer, *then = said
    entries.append(tx, send.project, send.address, [answer])
    conversations.await_answer(tx, send.address.conversation_id, None)
    return approval.carrying_out(asked, answer, then)


def _cancelled(run: Run) -> Unwritten:
    """The whole of a run that was cancelled before it had begun."""
    how, tally = Ending("cancelled"), Tally()
    frames = how.frames(run.id, tally.usage(run.id))
    return Unwritten(
        events=[event_of(n, frame) for n, frame in enumerate(frames, start=1)],
        over=tally.over(run, how.stop, None),
    )
