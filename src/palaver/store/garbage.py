"""What nobody can reach any more: the rows of conversations, agents and files that were deleted.

An entry stays for as long as there is a conversation that reaches it: by its segments a fork holds
what it shares with a source that is gone.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Delete, Select, and_, bindparam, delete, exists, select, tuple_, update

from palaver.domain.conversation import Address, Segment
from palaver.domain.entry import SYSTEM_SEQ
from palaver.store import belonging, entries, files, open_files, schema, schema_texts
from palaver.store.db import Tx

_agents = schema.agents
_conversations = schema.conversations
_entries = schema.entries
_events = schema.run_events
_runs = schema.runs
_segments = schema.segments
_steps = schema.steps
_traces = schema_texts.traces

_HERE = belonging.to_conversation(_runs)
_GOES_ON = exists().where(
    _runs.c.project_id == _conversations.c.project_id,
    _runs.c.conversation_id == _conversations.c.id,
    schema.ACTIVE,
)
_NEXT = (
    select(_conversations.c.id, _conversations.c.project_id, _conversations.c.agent_id)
    .where(schema.GARBAGE, _conversations.c.deleted_at < bindparam("before"), ~_GOES_ON)
    .order_by(_conversations.c.deleted_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_OF_EVENTS = select(_events.c.run_id, _events.c.seq).join(_runs, _runs.c.id == _events.c.run_id)
_OF_TRACES = select(_traces.c.id).join(
    _runs, and_(_runs.c.project_id == _traces.c.project_id, _runs.c.id == _traces.c.run_id)
)
_OF_STEPS = select(_steps.c.id).join(
    _runs, and_(_runs.c.project_id == _steps.c.project_id, _runs.c.id == _steps.c.run_id)
)


def _some(found: Select[*tuple[object, ...]]) -> Select[*tuple[object, ...]]:
    return found.where(*_HERE).limit(bindparam("most"))


_OF_RUNS: tuple[Delete, ...] = (
    delete(schema.step_tags).where(schema.step_tags.c.step_id.in_(_OF_STEPS.where(*_HERE))),
    delete(_events).where(tuple_(_events.c.run_id, _events.c.seq).in_(_some(_OF_EVENTS))),
    delete(_traces).where(_traces.c.id.in_(_some(_OF_TRACES))),
    delete(_steps).where(_steps.c.id.in_(_some(_OF_STEPS))),
    delete(_runs).where(_runs.c.id.in_(_some(select(_runs.c.id)))),
)
_HELD = select(_segments.c.lo, _segments.c.hi).where(
    _segments.c.source_conversation_id == bindparam("conversation")
)
_LAST = 2**31 - 1
_ALONE = ~exists().where(
    _conversations.c.project_id == _agents.c.project_id, _conversations.c.agent_id == _agents.c.id
)
_NOBODY = (
    select(_agents.c.id)
    .where(schema.GONE, _agents.c.deleted_at < bindparam("before"), _ALONE)
    .limit(bindparam("most"))
)


def collect(tx: Tx, before: datetime, most: int) -> bool:
    """Remove some rows, about `most`, of what had been deleted `before`; whether there were any.

    They are of the conversation that was deleted longest ago and of which nothing runs any more;
    agents go when the last of their conversations has gone, files when all that has.
    """
    row = tx.first(_NEXT, {"before": before})
    if row is None:
        return _forget_agents(tx, before, most) or files.collect(tx, before, most)
    mine = {"project": row.project_id, "conversation": row.id, "most": most}
    for removal in _OF_RUNS:
        if tx.run(removal, mine) == most:
            return True
    address = Address(conversation_id=row.id, agent_id=row.agent_id)
    for lo, hi in _gaps(tx, row.id):
        if entries.remove(tx, row.project_id, address, Segment(source=row.id, lo=lo, hi=hi), most):
            return True
    _let_go(tx, row.id)
    return True


def _gaps(tx: Tx, conversation_id: str) -> Iterator[tuple[int, int]]:
    """The numbers of a conversation that no other one holds, from the first to the last of each."""
    free = SYSTEM_SEQ
    for held in sorted(tx.all(_HELD, {"conversation": conversation_id})):
        if held.lo > free:
            yield free, held.lo - 1
        free = max(free, held.hi + 1)
    yield free, _LAST


def _let_go(tx: Tx, conversation_id: str) -> None:
    """Hold nothing of others any more, and go, or stay for those who hold something of this one."""
    mine = _segments.c.conversation_id == conversation_id
    sources = select(_segments.c.source_conversation_id).where(mine)
    theirs = _conversations.c.id.in_(sources)
    tx.run(update(_conversations).where(theirs).values(collected=False))
    tx.run(delete(_segments).where(mine))
    this = _conversations.c.id == conversation_id
    if tx.first(select(_entries.c.id).where(_entries.c.conversation_id == conversation_id)):
        tx.run(update(_conversations).where(this).values(collected=True))
    else:
        tx.run(delete(_conversations).where(this))


def _forget_agents(tx: Tx, before: datetime, most: int) -> bool:
    gone = [row.id for row in tx.all(_NOBODY, {"before": before, "most": most})]
    if gone:
        for of_them in (schema.agent_tags, schema_texts.agents_archives):
            tx.run(delete(of_them).where(of_them.c.agent_id.in_(gone)))
        open_files.forget(tx, gone)
        tx.run(delete(_agents).where(_agents.c.id.in_(gone)))
    return bool(gone)
