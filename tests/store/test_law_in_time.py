"""Whatever ids things have, lists are in the order of their creation, and their pages tile."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import given, settings

from palaver import clock
from palaver.clock import mint
from palaver.domain.agent import Agent
from palaver.domain.frozen import Frozen
from palaver.domain.ids import sorted_as
from palaver.domain.page import Order
from palaver.store import (
    agents,
    archives,
    blocks,
    conversations,
    entries,
    identities,
    passages,
    tools,
)  # fmt: skip
from palaver.store.agents import AgentFilter
from palaver.store.archives import ArchiveFilter
from palaver.store.blocks import BlockFilter
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Database, Tx
from palaver.store.identities import AGENTS, BLOCKS, IdentityFilter, Whose
from palaver.store.passages import PassageFilter
from palaver.store.tools import ToolFilter
from tests.store import making
from tests.store.making import HERE, NOON
from tests.store.test_law_pages_tile import Read, assert_tiles, limits, minutes, orders, some

T = TypeVar("T", bound=Frozen)


class Mixed:
    """Things of every kind that may come with an id of elsewhere, and when each was `made`."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.made: dict[str, dict[str, datetime]] = defaultdict(dict)
        self.word = mint("word")
        self.agent = making.keep_agent(tx)
        self.home = making.keep_conversation(tx)
        self.made["message"] = {entries.context_ids(tx, self.home.conversation_id)[0]: NOON}
        self.block, self.archive, self.identity = (
            making.block(),
            making.archive(),
            making.identity(),
        )
        blocks.add(tx, HERE, self.block, NOON)
        archives.add(tx, HERE, self.archive)
        identities.add(tx, HERE, self.identity, NOON)

    def keep(self, minute: int | None) -> None:
        """Keep one of each kind: with ids that tell no time, or as they are made here."""
        tx, word, mine = self.tx, self.word, self.agent.id
        agent: Agent = self._new(minute, making.agent(word), "agent")
        agents.add(tx, HERE, agent.model_copy(update={"tags": (word,)}))
        blocks.attach(tx, HERE, agent.id, self.block.id)
        archives.attach(tx, HERE, agent.id, self.archive.id)
        identities.attach(tx, HERE, AGENTS, agent.id, self.identity.id)
        block = self._new(minute, making.block(mint("label")), "block")
        tagged = block.model_copy(update={"tags": [word]})
        blocks.add(tx, HERE, tagged, self.made["block"][block.id])
        blocks.attach(tx, HERE, mine, block.id)
        identities.attach(tx, HERE, BLOCKS, block.id, self.identity.id)
        talk = self._new(minute, making.conversation(mine), "conv")
        conversations.add(tx, HERE, talk, making.system())
        entries.append(tx, HERE, self.home, [self._new(minute, making.entry(word), "message")])
        box = self._new(minute, making.archive(word), "archive")
        archives.add(tx, HERE, box)
        archives.attach(tx, HERE, mine, box.id)
        passages.add(tx, HERE, self.archive.id, [self._new(minute, making.passage(), "passage")])
        whose = making.identity().model_copy(update={"name": word})
        named = self._new(minute, whose, "identity")
        identities.add(tx, HERE, named, self.made["identity"][named.id])
        tool = self._new(minute, making.tool(f"{word}_{mint('t')}"), "tool")
        tools.add(tx, HERE, tool, self.made["tool"][tool.id])

    def lists(self) -> list[tuple[str, Read]]:
        """Lists of what was kept, each with the kind of what is in it."""
        tx, word, mine = self.tx, self.word, self.agent.id
        whose, boxes = Whose(self.identity.id), [self.archive.id]
        filters = [
            AgentFilter(name=word), AgentFilter(tags=(word,)), AgentFilter(whose=whose),
            AgentFilter(name=word, order_by="last_run_completion"),
        ]  # fmt: skip
        talks = [
            ConversationFilter(agent_id=mine),
            ConversationFilter(agent_id=mine, order_by="last_message_at"),
        ]
        return [
            *(("agent", _of(agents.listed, tx, wanted)) for wanted in filters),
            ("agent", lambda page: _ids(agents.with_block(tx, HERE, self.block.id, page))),
            ("agent", lambda page: _ids(agents.with_archive(tx, HERE, self.archive.id, page))),
            ("block", _of(blocks.listed, tx, BlockFilter(tags=(word,)))),
            ("block", _of(blocks.listed, tx, BlockFilter(whose=whose))),
            ("block", lambda page: _ids(blocks.of_agent(tx, HERE, mine, page))),
            *(("conv", _of(conversations.listed, tx, wanted)) for wanted in talks),
            ("message", lambda page: _ids(entries.of_agent(tx, HERE, self.home.agent_id, page))),
            ("archive", _of(archives.listed, tx, ArchiveFilter(name=word))),
            ("archive", _of(archives.listed, tx, ArchiveFilter(agent_id=mine))),
            ("passage", _of(passages.listed, tx, PassageFilter(archives=boxes))),
            ("identity", _of(identities.listed, tx, IdentityFilter(name=word))),
            ("tool", lambda page: _ids(tools.listed(tx, HERE, page, ToolFilter(search=word), {}))),
        ]

    def _new(self, minute: int | None, one: T, kind: str) -> T:
        at = clock.now() if minute is None else NOON + timedelta(minutes=minute)
        id = mint(kind) if minute is None else f"{kind}-{uuid4()}"
        self.made[kind][id] = at
        return one.model_copy(update={"id": id, "created_at": at})


def _of(listed: Any, tx: Tx, wanted: Any) -> Read:
    return lambda page: _ids(listed(tx, HERE, page, wanted))


def _ids(found: Sequence[Any]) -> list[str]:
    return [one.id for one in found]


@settings(some, max_examples=4)
@given(when=minutes, order=orders, limit=limits)
async def test_lists_are_in_time_and_their_pages_tile(
    db: Database, when: list[int | None], order: Order, limit: int
) -> None:
    def check(tx: Tx) -> None:
        mixed = Mixed(tx)
        for minute in when:
            mixed.keep(minute)
        for kind, read in mixed.lists():
            up = [id for _, id in sorted((at, id) for id, at in mixed.made[kind].items())]
            assert_tiles(read, up if order == "asc" else up[::-1], order, limit)

    await db.tx(check)


def test_an_id_that_tells_the_time_sorts_itself() -> None:
    now = clock.now()
    first, last = mint("agent"), mint("agent")
    foreign = f"agent-{uuid4()}"

    assert sorted_as(first, now) == first
    assert sorted_as(first, NOON) != first
    assert sorted_as(foreign, now - timedelta(seconds=1)) < first < last
    assert last < sorted_as(foreign, clock.now() + timedelta(seconds=1))
    assert sorted_as(foreign, NOON) < sorted_as(foreign, NOON + timedelta(microseconds=1))
    longest = sorted_as(f"mcp_server-{uuid4()}", now)
    assert len(longest) <= 64
