"""An agent goes out, comes in and goes out again: the two files are the same but for times.

What was said and done before is anything: forks of forks, compactions, deleted conversations.
"""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from palaver.core import bundles
from palaver.domain.conversation import Address, Context
from palaver.domain.entry import Entry
from palaver.domain.ids import DEFAULT_PROJECT as HERE
from palaver.engine import exporting
from palaver.engine.egress import Egress
from palaver.engine.importing import Porter, Wishes, anew
from palaver.engine.mcp.client import McpClient
from palaver.engine.taking_in import take_in
from palaver.providers.catalog import Catalog
from palaver.store import compactions, conversations, entries
from palaver.store.db import Database, Tx
from tests.bundles import said
from tests.store import making

CATALOG = Catalog({})
PORTER = Porter(CATALOG, McpClient(Egress(), 1))
Windows = list[list[dict[str, Any]]]


@dataclass(frozen=True)
class Deed:
    """Something that is done to one of the conversations there are."""

    kind: str
    which: int
    at: int
    spoken: list[Entry]


_HELLO = [making.entry(f"hello {n}") for n in range(3)]
GAP = [Deed("say", 0, 0, _HELLO), Deed("compact", 0, 1, []), Deed("fork", 0, 9, [])]
"""A fork of a window in which the newest input stands apart from what follows."""

deeds = st.lists(
    st.builds(
        Deed,
        kind=st.sampled_from(["open", "say", "say", "fork", "compact", "delete", "hide"]),
        which=st.integers(0, 20),
        at=st.integers(0, 20),
        spoken=st.lists(said.entries, min_size=1, max_size=3),
    ),
    max_size=9,
)


@settings(max_examples=20, deadline=None)
@given(deeds)
@example(GAP)
@example([Deed("open", 0, 0, []), Deed("hide", 1, 0, [])])
async def test_an_agent_that_went_out_and_came_in_goes_out_the_same(
    module_db: Database, done: list[Deed]
) -> None:
    agent = await module_db.tx(lived, done)
    first = await module_db.read(exporting.bundle_of, HERE, CATALOG, agent)
    text = first.model_dump_json(exclude_none=True)

    read = bundles.read(text.encode())
    intake = await take_in(module_db, HERE, await PORTER.order(read, anew, Wishes()))
    (copy,) = intake.agent_ids
    second = await module_db.read(exporting.bundle_of, HERE, CATALOG, copy)

    other_way = {"conversations": (read.agents[0].conversations or [])[::-1]}
    turned = read.model_copy(update={"agents": [read.agents[0].model_copy(update=other_way)]})
    again = await take_in(module_db, HERE, await PORTER.order(turned, anew, Wishes()))

    assert intake.refused == again.refused == []
    assert (
        await module_db.read(windows, again.agent_ids[0])
        == (await module_db.read(windows, agent))[::-1]
    )
    assert timeless(second.model_dump_json(exclude_none=True)) == timeless(text)
    assert await module_db.read(windows, copy) == await module_db.read(windows, agent)


def lived(tx: Tx, done: list[Deed]) -> str:
    """An agent to which all this was done; it has a default conversation."""
    agent = making.keep_agent(tx)
    first = making.conversation(agent.id)
    conversations.add(tx, HERE, first, making.system(), is_default=True)
    there = [Address(conversation_id=first.id, agent_id=agent.id, is_default=True)]
    for deed in done:
        address = there[deed.which % len(there)]
        match deed.kind:
            case "open":
                there.append(making.keep_conversation(tx, agent.id))
            case "say":
                entries.append(tx, HERE, address, deed.spoken)
            case "fork":
                upto = entries.window(tx, address.conversation_id)[1]
                at = upto[deed.at % len(upto)].id if upto else None
                there.append(making.fork(tx, address, at))
            case "compact":
                compact(tx, address, deed.at)
            case "delete" if not address.is_default:
                conversations.remove(tx, HERE, address.conversation_id, making.NOON)
                there.remove(address)
            case "hide" if not address.is_default:
                now = conversations.bare(tx, HERE, address.conversation_id)
                archived = {"archived": True, "archived_at": making.NOON}
                conversations.change(tx, HERE, now.model_copy(update=archived))
                conversations.hide(tx, HERE, address.conversation_id)
    return agent.id


def compact(tx: Tx, address: Address, at: int) -> None:
    """A summary in the place of what comes before the `at`-th of what is in the window."""
    window = entries.window(tx, address.conversation_id)[1]
    kept = [one for one in window if one.role != "summary"]
    if len(kept) < 2:
        return
    start = kept[1 + at % (len(kept) - 1)]
    (summary,) = entries.append(tx, HERE, address, [said.summary("In short.")])
    numbers = entries.reach(tx, address.conversation_id)
    first = numbers.seq_of(tx, start.id)
    pinned = numbers.seq_of(tx, kept[0].id)
    head = (summary.seq, pinned) if pinned < first and at % 2 else (summary.seq,)
    compactions.put(tx, HERE, address.conversation_id, Context(start=first, head=head))


def windows(tx: Tx, agent: str) -> Windows:
    """What a model would see in each conversation, ids aside."""
    return [
        [
            one.model_dump(exclude={"id", "seq", "run_id", "step_id"})
            for one in entries.window(tx, conversation.id)[1]
        ]
        for conversation, _ in conversations.of_agent(tx, HERE, agent)
    ]


def timeless(text: str) -> Any:
    found = json.loads(text)
    del found["created_at"]
    return found
