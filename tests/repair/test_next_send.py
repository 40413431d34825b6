"""Whatever a conversation holds, the next send works: with every protocol and its strict server."""

import pytest

from palaver.domain.conversation import Address
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.store import entries
from palaver.store.db import Database
from tests.api.answering import approvals, verdict
from tests.api.here import Client, Json, waits
from tests.fakes.provider import FakeProvider
from tests.repair.damage import BROKEN, Transcript
from tests.rows.rows import ROWS, Row

WIRES = {row.wire: row for row in reversed(ROWS)}
WHERE = [("sqlite", row) for row in WIRES.values()] + [("postgres", WIRES["chat"])]


@pytest.fixture(scope="module")
async def agent(request: pytest.FixtureRequest, client: Client) -> str:
    """The id of an agent that speaks a protocol."""
    row: Row = request.param
    return await client.agent(model=row.handle, tools=["memory_insert"], include_base_tools=False)


@pytest.mark.parametrize(
    ("databases", "agent"), WHERE, indirect=True, ids=lambda one: getattr(one, "name", one)
)
@pytest.mark.parametrize("name", BROKEN)
async def test_the_next_send_works(
    client: Client, db: Database, fake: FakeProvider, agent: str, name: str
) -> None:
    fake.forget()
    broken = BROKEN[name]
    conversation = await client.conversation(agent)
    address = Address(conversation_id=conversation, agent_id=agent)
    stored = await db.tx(entries.append, DEFAULT_PROJECT, address, broken.entries())
    before = await client.history(conversation)

    heard = await client.send(conversation, **next_send(broken))

    assert (heard.stop, heard.error, heard.text) == ("end_turn", None, "Hello you")
    assert len(fake.requests) == 1
    history = await client.history(conversation)
    assert history[: len(before)] == before
    assert waits(history) == []
    run = await client.newest_run(conversation)
    repaired = run["metadata"].get("repaired", [])
    assert len(repaired) >= broken.mended
    assert {one["message_id"] for one in repaired} <= {one.id for one in stored}


def next_send(broken: Transcript) -> Json:
    """What is sent after a transcript."""
    if broken.answers:
        verdicts = [verdict(call_id, approve=True) for call_id in broken.answers]
        return {"text": "", "messages": [approvals(*verdicts)]}
    return {"text": "Go on.", **({"on_pending": "deny"} if broken.denies else {})}
