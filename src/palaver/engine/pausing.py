"""Conversations whose calls wait for an answer, and sends that give one.

That a conversation waits is said by its newest entry alone (`palaver.core.approval`). Beside it
only a deadline is kept, with the conversation.
"""

from palaver.core import approval
from palaver.core.turn import RunTools
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.part import Text
from palaver.engine import ending, equipment
from palaver.engine.says import says
from palaver.engine.send import Send
from palaver.errors import AwaitingApproval
from palaver.store import agents, conversations, entries, runs
from palaver.store.db import Tx

CANCELLED = "The request was cancelled."
_DENIED = "Another message was sent instead of an answer."
_KEEP_ALIVE = "[keep-alive: the tools have returned before; go on]"
_FAR = 40  # entries back from the newest, among which a repeated answer is known


def find(tx: Tx, conversation_id: str) -> Entry | None:
    """The entry whose calls wait for an answer, if a conversation waits for one."""
    newest = entries.newest(tx, conversation_id, 1)
    return newest[0] if newest and approval.waiting(newest[0]) else None


def patience(tx: Tx, send: Send, asked: Entry) -> float | None:
    """How many seconds the calls in `asked` wait for an answer, if not for ever.

    The send may say so, and each tool that waits for approval; the shortest time counts.
    """
    waiting = {call.name for call in approval.waiting(asked) if call.gate == "approval"}
    agent = agents.get(tx, send.project, send.address.agent_id)
    tools = (tool for tool in equipment.of_agent(tx, send.project, agent) if tool.name in waiting)
    times = (send.approval_ttl, *(tool.approval_ttl for tool in tools))
    return min((time for time in times if time is not None), default=None)


def answering(send: Send, asked: Entry) -> Send:
    """`send` with an answer to `asked` as its first input: its own, or the denial that it wants.

    Raises `Invalid` for one that answers something else, and `AwaitingApproval` for a send that
    neither answers nor denies nor waits in line.
    """
    if send.answer is not None:
        return send.saying(approval.matched(asked, send.answer), *send.held)
    if send.denies:
        return send.saying(denial(asked, _DENIED), *send.inputs)
    if send.on_busy == "queue":
        return send
    calls = [
        {"tool_call_id": call.call_id, "name": call.name, "arguments": call.arguments}
        for call in approval.waiting(asked)
    ]
    raise AwaitingApproval(asked.id, asked.run_id, calls)


def denial(asked: Entry, reason: str) -> Entry:
    """The answer that denies all calls that wait in `asked`."""
    return approval.denial(asked, says("approval"), reason)


def close(tx: Tx, project: ProjectId, address: Address, asked: Entry, reason: str) -> None:
    """Deny the calls that wait in `asked`, and leave it at that: no run goes on from there."""
    answer = denial(asked, reason)
    returns = ending.closed(says("tool"), approval.carrying_out(asked, answer))
    entries.append(tx, project, address, [answer, returns])
    conversations.await_answer(tx, address.conversation_id, None)
    agents.note_run(tx, address.agent_id, answer.created_at, "cancelled", 0)


def begun(tx: Tx, send: Send, run_id: str) -> RunTools | None:
    """What the answer comes to that a run has begun with, if it was not carried out yet."""
    newest = entries.newest(tx, send.address.conversation_id, 2)
    if len(newest) < 2 or newest[1].role != "approval" or newest[1].run_id != run_id:
        return None
    then = [entry.model_copy(update={"run_id": run_id}) for entry in send.inputs]
    return approval.carrying_out(newest[0], newest[1], then)


def repeated(tx: Tx, send: Send) -> str | Send | None:
    """What becomes of an answer that was given before: the run that it has started then.

    It is a send without the answer where something else is said, too, or where that run has not
    come to a good end. None for an answer that is new.
    """
    recent = entries.newest(tx, send.address.conversation_id, _FAR)
    for asked, earlier in zip(recent[-2::-1], recent[:0:-1], strict=True):
        if earlier.role == "approval" and approval.is_repeated(send.inputs[0], asked, earlier):
            break
    else:
        return None
    if send.held:
        return send.saying(*send.held)
    if earlier.run_id and runs.state(tx, earlier.run_id).well:
        return earlier.run_id
    return send.saying(says("user", Text(text=_KEEP_ALIVE)))
