"""Law 6: whatever the limit and the order, joined pages are the whole list once."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palaver.clock import mint
from palaver.domain.conversation import Address
from palaver.domain.page import MAX_LIMIT, Order, Page
from palaver.domain.run import Step
from palaver.errors import NotFound
from palaver.store import agents, archives, blocks, conversations, entries, passages, runs, steps
from palaver.store.agents import AgentFilter
from palaver.store.archives import ArchiveFilter
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Database, Tx
from palaver.store.passages import PassageFilter
from palaver.store.runs import RunFilter
from palaver.store.steps import StepFilter
from tests.store import making
from tests.store.making import HERE, NOON

Read = Callable[[Page], Sequence[str]]

orders = st.sampled_from(("asc", "desc"))
limits = st.integers(1, 5)
minutes = st.lists(st.none() | st.integers(0, 3), max_size=7)
# How often something is said before the next fork, and how much of it the fork leaves out.
stories = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=5)

some = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example keeps its own rows
)


def joined(read: Read, order: Order, limit: int) -> list[str]:
    """All pages of a list, one after the other."""
    found: list[str] = []
    after = None
    while page := read(Page(limit=limit, order=order, after=after)):
        assert len(page) <= limit
        found += page
        after = page[-1]
    return found


def assert_tiles(read: Read, whole: Sequence[str], order: Order, limit: int) -> None:
    """A page is that piece of the list that its cursors say, whichever they are."""
    assert list(read(Page(limit=MAX_LIMIT, order=order))) == whole
    assert read(Page(limit=0, order=order)) == []
    assert joined(read, order, limit) == whole
    for n, cursor in enumerate(whole):
        earlier = read(Page(limit=limit, order=order, before=cursor))
        assert earlier == whole[max(n - limit, 0) : n]
        between = read(Page(limit=limit, order=order, after=whole[0], before=cursor))
        assert between == whole[1:n][:limit]


def tell(tx: Tx, story: Sequence[tuple[int, int]]) -> tuple[Address, list[str]]:
    """A conversation that was forked again and again, and the ids of what is in it."""
    address = making.keep_conversation(tx)
    said: list[str] = []
    for times, left_out in story:
        source, said = address, said + making.say(tx, address, times)
        said = said[: max(len(said) - left_out, 1)]
        address = making.fork(tx, source, upto=said[-1] if said else None)
        making.say(tx, source)  # goes on, unheard
    system = entries.context_ids(tx, address.conversation_id)[0]
    return address, [system, *said]


@some
@given(story=stories, order=orders, limit=limits)
async def test_a_history_through_forks_of_forks(
    db: Database, story: list[tuple[int, int]], order: Order, limit: int
) -> None:
    def check(tx: Tx) -> None:
        address, up = tell(tx, story)

        def read(page: Page) -> list[str]:
            return [one.id for one in entries.listed(tx, HERE, address.conversation_id, page)]

        assert_tiles(read, up if order == "asc" else up[::-1], order, limit)

    await db.tx(check)


@some
@given(when=minutes, order=orders, limit=limits)
async def test_conversations_by_a_time_that_some_do_not_have(
    db: Database, when: list[int | None], order: Order, limit: int
) -> None:
    def check(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        moments: dict[str, int | None] = {}
        for minute in when:
            new = making.conversation(agent.id)
            conversations.add(tx, HERE, new, making.system())
            if minute is not None:
                conversations.touch(tx, new.id, NOON + timedelta(minutes=minute))
            moments[new.id] = minute

        def read(page: Page) -> list[str]:
            wanted = ConversationFilter(agent_id=agent.id, order_by="last_message_at")
            return [one.id for one in conversations.listed(tx, HERE, page, wanted)]

        assert_tiles(read, nulls_last(moments, order), order, limit)

    await db.tx(check)


@some
@given(when=minutes, order=orders, limit=limits)
async def test_agents_by_a_time_that_some_do_not_have(
    db: Database, when: list[int | None], order: Order, limit: int
) -> None:
    def check(tx: Tx) -> None:
        name = mint("name")
        moments: dict[str, int | None] = {}
        for minute in when:
            agent = making.keep_agent(tx, name)
            if minute is not None:
                agents.note_run(tx, agent.id, NOON + timedelta(minutes=minute), "end_turn", 5)
            moments[agent.id] = minute

        def read(page: Page) -> list[str]:
            wanted = AgentFilter(name=name, order_by="last_run_completion")
            return [one.id for one in agents.listed(tx, HERE, page, wanted)]

        assert_tiles(read, nulls_last(moments, order), order, limit)

    await db.tx(check)


def nulls_last(moments: dict[str, int | None], order: Order) -> list[str]:
    """The ids sorted by their moments, then by themselves; those without one at the end."""
    dated = sorted((at, one) for one, at in moments.items() if at is not None)
    undated = sorted(one for one, at in moments.items() if at is None)
    turn = 1 if order == "asc" else -1
    return [one for _, one in dated[::turn]] + undated[::turn]


class Shelf:
    """Lists of every other kind, with seven things on each."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.agent = making.keep_agent(tx)
        self.block = making.keep_block(tx, self.agent.id, "shared")
        self.archives: list[str] = []
        self.run_id, self.step_id = mint("run"), mint("step")
        for n in range(7):
            making.keep_block(tx, self.agent.id, f"label {n}")
            blocks.attach(tx, HERE, making.keep_agent(tx).id, self.block.id)
            address = making.keep_conversation(tx, self.agent.id)
            making.start(tx, address)
            archive, _ = making.keep_passage(tx, self.agent.id)
            self.archives.append(archive.id)
            step = Step(id=mint("step"), run_id=self.run_id, agent_id=self.agent.id)
            steps.put(tx, HERE, address.conversation_id, step, NOON)
            said = making.entry(run_id=self.run_id, step_id=self.step_id)
            entries.append(tx, HERE, address, [said])

    def read(self, name: str, page: Page) -> list[str]:
        """The ids on a page of the list called `name`."""
        tx, agent_id = self.tx, self.agent.id
        lists: dict[str, Callable[[], Sequence[making.Kept]]] = {
            "blocks of an agent": lambda: blocks.of_agent(tx, HERE, agent_id, page),
            "agents with a block": lambda: agents.with_block(tx, HERE, self.block.id, page),
            "runs": lambda: runs.listed(tx, HERE, page, RunFilter(agent_ids=(agent_id,))),
            "steps": lambda: steps.listed(tx, HERE, page, StepFilter(agent_id=agent_id)),
            "steps of a run": lambda: steps.of_run(tx, HERE, self.run_id, page),
            "entries of an agent": lambda: entries.of_agent(tx, HERE, agent_id, page),
            "entries of a run": lambda: entries.of_run(tx, HERE, self.run_id, page),
            "archives": lambda: archives.listed(tx, HERE, page, ArchiveFilter(agent_id=agent_id)),
            "passages": lambda: passages.listed(
                tx, HERE, page, PassageFilter(archives=self.archives)
            ),
            "passages with a word": lambda: passages.listed(
                tx, HERE, page, PassageFilter(archives=self.archives), "hello"
            ),
            "entries of a step": lambda: entries.of_step(tx, HERE, self.step_id, page),
        }
        return [one.id for one in lists[name]()]


LISTS = [
    "archives", "passages", "passages with a word",
    "blocks of an agent", "agents with a block", "runs", "steps", "steps of a run",
    "entries of an agent", "entries of a run", "entries of a step",
]  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
async def test_every_other_list(db: Database, name: str) -> None:
    def check(tx: Tx) -> None:
        shelf = Shelf(tx)
        up = shelf.read(name, Page(limit=MAX_LIMIT, order="asc"))

        assert len(up) >= 7
        assert up == sorted(up)
        for limit in (1, 3, 7):
            assert_tiles(lambda page: shelf.read(name, page), up, "asc", limit)
            assert_tiles(lambda page: shelf.read(name, page), up[::-1], "desc", limit)
        for page in (Page(after=mint("run")), Page(before=mint("message"))):
            with pytest.raises(NotFound, match="Cursor"):
                shelf.read(name, page)

    await db.tx(check)
