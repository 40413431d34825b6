"""What is asked often is found by an index, however long the tables become."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, event, select, text

from palaver.domain.conversation import Address
from palaver.domain.group import Group
from palaver.domain.identity import Identity
from palaver.domain.meaning import Meaning, Sought
from palaver.domain.page import Page
from palaver.domain.run import Run
from palaver.store import (
    agents,
    archives,
    batches,
    blocks,
    callbacks,
    claims,
    conversations,
    entries,
    events,
    files,
    folders,
    garbage,
    groups,
    identities,
    meanings,
    nearest,
    open_files,
    passages,
    recall,
    runs,
    schema,
    steps,
    tags,
    tools,
    traces,
    waiting,
)
from palaver.store.agents import AgentFilter
from palaver.store.archives import ArchiveFilter
from palaver.store.batches import Item
from palaver.store.blocks import BlockFilter
from palaver.store.claims import Owner
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Tx
from palaver.store.identities import AGENTS, IdentityFilter, Whose
from palaver.store.passages import PassageFilter
from palaver.store.recall import EntryFilter
from palaver.store.runs import RunFilter
from palaver.store.steps import StepFilter
from palaver.store.tools import ToolFilter
from tests.store import making
from tests.store.making import HERE

SMALL = "workers"  # a row for each process that lives
# Indexes that hold nothing but what is wanted, and what a handful is sorted by, always.
SHORT = (
    "runs_of_worker|runs_with_a_log|one_running_run|active_runs|garbage|agents_that_are_gone"
    "|callbacks_due|batch_callbacks_due|batches_that_go_on"
)
HANDFUL = r"((agents_blocks|agents_archives|segments)\.n|(run_events|news)\.run_id|"
HANDFUL += r"agents_folders\.folder_id|few_(blocks|archives|entries)\.sorted_as)\b"
# What a full-text index gives is in no order on PostgreSQL; SQLite's knows the order of numbers.
# What is near to what is compared anew for each question.
FOUND = r"hits\.n\b|\(+vectors\.numbers\)::vector <#>"


@dataclass
class Told:
    """A transaction that remembers the queries and updates that were made in it."""

    connection: Connection
    statements: list[tuple[str, Any]] = field(default_factory=list)

    def listen(
        self, _connection: object, _cursor: object, statement: str, given: Any, *_: object
    ) -> None:
        """Remember a statement with its parameters."""
        if not statement.startswith("INSERT"):
            one = given[0] if isinstance(given, list) else given
            self.statements.append((statement, one))

    def plans(self) -> list[str]:
        """What the database does for each of them, and what is wrong with it."""
        event.remove(self.connection, "before_cursor_execute", self.listen)
        faults = sqlite_faults if self.connection.dialect.name == "sqlite" else postgres_faults
        return [fault for one in self.statements for fault in faults(self.connection, *one)]


def sqlite_faults(connection: Connection, statement: str, given: Any) -> list[str]:
    """The tables that SQLite reads from end to end, and the sorting that it does."""
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
    steps = [row.detail for row in rows]
    walks = rf"{SMALL}|(wanted|words) VIRTUAL|(some|walk)$|\w+ USING INDEX ({SHORT})"
    bad = rf"SCAN (?!CONSTANT|{walks})"
    if not re.search(f"ORDER BY {HANDFUL}", statement):
        bad += "|USE TEMP B-TREE FOR ORDER BY"
    return [f"{step}\n  in {statement}" for step in steps if re.match(bad, step)]


def postgres_faults(connection: Connection, statement: str, given: Any) -> list[str]:
    """The same for PostgreSQL, whose plan must hold for any parameters."""
    numbers = {name: f"${n}" for n, name in enumerate(given, 1)}
    general = re.sub(r"%\((\w+)\)s", lambda found: numbers[found[1]], statement)
    asked = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {general}"
    plan = connection.connection.cursor().execute(asked).fetchone()[0]
    nodes = list(nodes_of(plan[0]["Plan"]))
    return [f"{fault}\n  in {statement}" for node in nodes if (fault := fault_of(node))]


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all plans in it."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


def fault_of(node: dict[str, Any]) -> str | None:
    """What is wrong with one node of a plan, if anything is."""
    kind, table, index = (
        node.get(f"{key}") for key in ("Node Type", "Relation Name", "Index Name")
    )
    if kind == "Sort" and not re.match(f"{HANDFUL}|{FOUND}", node["Sort Key"][0]):
        return f"sorts by {node['Sort Key']}"
    if kind == "Seq Scan" and table != SMALL:
        return f"reads all of {table}"
    if index and "Index Cond" not in node and table != SMALL and not re.match(SHORT, index):
        return f"walks all of {index}"
    return None


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection on which an index is taken wherever one can be taken, even for a few rows."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as opened:
        if opened.dialect.name == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort"):
                opened.execute(text(f"SET enable_{way} = off"))
        yield opened
    engine.dispose()


@dataclass(frozen=True)
class Kept:
    """What there is to ask for."""

    address: Address
    run: Run
    said: list[str]
    tool_id: str
    archives: list[str]
    block_id: str
    folder_id: str
    file_id: str
    identity: Identity
    done: Run
    batch_id: str
    group: Group


def keep(tx: Tx) -> Kept:
    """A conversation with a run, forked once."""
    address = making.fork(tx, making.keep_conversation(tx, said=5))
    block = making.keep_block(tx, address.agent_id, "human")
    done = making.start(tx, address).model_copy(update={"status": "completed"})
    runs.finish(tx, done)
    run = making.start(tx, address)
    making.wait(tx, address, request='{"inputs": []}')
    archive, _ = making.keep_passage(tx, address.agent_id, "grey rain")
    tool = making.tool()
    tools.add(tx, HERE, tool, making.NOON)
    file = making.keep_file(tx, address.agent_id, "grey rain")
    open_files.note(tx, address.agent_id, making.opened(file), making.NOON)
    said = making.say(tx, address, 5)
    identity = making.identity()
    identities.add(tx, HERE, identity, making.NOON)
    identities.attach(tx, HERE, AGENTS, address.agent_id, identity.id)
    entries.append(tx, HERE, address, [making.entry(run_id=run.id, step_id="step-1")])
    batch = making.keep_batch(tx, address.agent_id, run.id)
    group = making.group(address.agent_id)
    groups.add(tx, HERE, group)
    folder = (file.source_id, file.id)
    rest = (block.id, *folder, identity, done, batch.id, group)
    return Kept(address, run, said, tool.id, [archive.id], *rest)


def collected(tx: Tx, agent_id: str) -> None:
    """A conversation with a run and a fork, deleted, and then removed as far as may be."""
    address = making.keep_conversation(tx, agent_id, said=3)
    runs.finish(tx, making.start(tx, address).model_copy(update={"status": "completed"}))
    making.fork(tx, address)
    conversations.remove(tx, HERE, address.conversation_id, making.NOON)
    while garbage.collect(tx, making.LATER, 2):
        pass


def removed(tx: Tx, it: Kept) -> None:
    """A file, deleted, and then removed."""
    files.remove(tx, HERE, it.folder_id, it.file_id, making.NOON)
    while files.collect(tx, making.LATER, 1):
        pass


Ask = Callable[[Tx, Kept], object]

HOT: dict[str, Ask] = {
    "an agent": lambda tx, it: agents.get(tx, HERE, it.address.agent_id),
    "agents": lambda tx, it: agents.listed(tx, HERE, Page(), AgentFilter()),
    "an agent's blocks": lambda tx, it: blocks.of_agent(tx, HERE, it.address.agent_id),
    "a block to change": lambda tx, it: blocks.labelled(
        tx, HERE, it.address.agent_id, "human", for_update=True
    ),
    "an agent's tools": lambda tx, it: tools.by_ids(tx, HERE, [it.tool_id]),
    "a tool": lambda tx, it: tools.get(tx, HERE, it.tool_id, for_update=True),
    "a tool's name": lambda tx, it: tools.find_named(tx, HERE, "count", for_update=True),
    "tools": lambda tx, it: tools.listed(tx, HERE, Page(), ToolFilter(), {}),
    "a conversation": lambda tx, it: conversations.get(tx, HERE, it.address.conversation_id),
    "where a conversation is": lambda tx, it: conversations.locate(
        tx, HERE, it.address.conversation_id
    ),
    "an agent's default conversation": lambda tx, it: conversations.find_default(
        tx, HERE, it.address.agent_id
    ),
    "an agent's conversations": lambda tx, it: conversations.listed(
        tx, HERE, Page(), ConversationFilter(agent_id=it.address.agent_id)
    ),
    "all conversations": lambda tx, it: conversations.listed(
        tx, HERE, Page(), ConversationFilter()
    ),
    "stale prompts": lambda tx, it: conversations.mark_stale(tx, HERE, "block-1"),
    "a fork": lambda tx, it: making.fork(tx, it.address, upto=it.said[2]),
    "a window": lambda tx, it: entries.window(tx, it.address.conversation_id),
    "a history": lambda tx, it: entries.listed(tx, HERE, it.address.conversation_id, Page()),
    "a history from a message on": lambda tx, it: entries.listed(
        tx, HERE, it.address.conversation_id, Page(after=it.said[2], order="asc")
    ),
    "an agent's messages": lambda tx, it: entries.of_agent(
        tx, HERE, it.address.agent_id, Page(after=it.said[2])
    ),
    "a message": lambda tx, it: entries.get(tx, HERE, it.said[0]),
    "more messages": lambda tx, it: making.say(tx, it.address),
    "a new prompt": lambda tx, it: entries.rewrite_system(tx, it.address.conversation_id, "Talk."),
    "a run": lambda tx, it: runs.get(tx, HERE, it.run.id),
    "a conversation's runs": lambda tx, it: runs.listed(
        tx, HERE, Page(), RunFilter(conversation_id=it.address.conversation_id)
    ),
    "the active run": lambda tx, it: runs.active(tx, HERE, it.address.conversation_id),
    "a key": lambda tx, it: runs.find_of_key(tx, it.address.conversation_id, "key:1"),
    "an otid": lambda tx, it: entries.find_run(tx, it.address.conversation_id, "otid-1"),
    "an otid in the line": lambda tx, it: waiting.find_run(
        tx, HERE, it.address.conversation_id, "otid-1"
    ),
    "a place": lambda tx, it: waiting.place_for(
        tx, HERE, it.address.conversation_id, interrupts=True
    ),
    "who is next": lambda tx, it: waiting.first(tx, HERE, it.address.conversation_id, 1),
    "the newest entries": lambda tx, it: entries.newest(tx, it.address.conversation_id, 2),
    "what is overdue": lambda tx, it: conversations.overdue(tx, making.LATER),
    "the conversations of runs": lambda tx, it: runs.homes(
        tx, HERE, it.address.agent_id, [it.run.id]
    ),
    "how far a run is": lambda tx, it: runs.state(tx, it.run.id),
    "the fence": lambda tx, it: claims.owned(tx, [Owner(it.run.id, "worker-1", 1)]),
    "cancels": lambda tx, it: claims.cancel_wanted(tx, "worker-1"),
    "a worker's runs": lambda tx, it: claims.of_worker(tx, "worker-1"),
    "an end": lambda tx, it: runs.finish(tx, it.run),
    "the dead": lambda tx, it: claims.take_left(tx, "worker-2", []),
    "events of several runs": lambda tx, it: events.after_each(tx, {it.run.id: 5}, 100),
    "the last event": lambda tx, it: events.last(tx, it.run.id),
    "what was deleted": lambda tx, it: collected(tx, it.address.agent_id),
    "old logs": lambda tx, it: events.prune(tx, making.LATER, 20),
    "events": lambda tx, it: events.after(tx, it.run.id, 5, 100),
    "steps that were judged": lambda tx, it: steps.listed(
        tx, HERE, Page(), StepFilter(feedback="negative")
    ),
    "steps with a tag": lambda tx, it: steps.listed(tx, HERE, Page(), StepFilter(tags=("odd",))),
    "all messages": lambda tx, it: entries.of_project(tx, HERE, Page(after=it.said[2])),
    "archives": lambda tx, it: archives.listed(tx, HERE, Page(), ArchiveFilter()),
    "an agent's archives": lambda tx, it: archives.of_agent(tx, HERE, it.address.agent_id),
    "an archive's agents": lambda tx, it: agents.with_archive(tx, HERE, it.archives[0], Page()),
    "a run that is removed": lambda tx, it: runs.remove(tx, HERE, it.done.id),
    "an archive's passages": lambda tx, it: passages.listed(
        tx, HERE, Page(), PassageFilter(archives=it.archives)
    ),
    "folders": lambda tx, it: folders.listed(tx, HERE, Page()),
    "a folder's name": lambda tx, it: folders.find_named(tx, HERE, "count"),
    "an agent's folders": lambda tx, it: folders.of_agent(tx, HERE, it.address.agent_id),
    "a folder's agents": lambda tx, it: folders.holders(tx, HERE, it.folder_id, Page()),
    "a folder's files": lambda tx, it: files.listed(tx, HERE, it.folder_id, Page()),
    "a file's name": lambda tx, it: files.find_named(tx, HERE, it.folder_id, "count"),
    "a folder's passages": lambda tx, it: files.passages(tx, HERE, it.folder_id, Page()),
    "a file from a line on": lambda tx, it: list(files.read(tx, HERE, it.file_id, 5)),
    "an agent's files": lambda tx, it: open_files.listed(
        tx, HERE, it.address.agent_id, Page(after=it.file_id)
    ),
    "an agent's open files": lambda tx, it: open_files.listed(
        tx, HERE, it.address.agent_id, Page(), is_open=True
    ),
    "a file that was removed": lambda tx, it: removed(tx, it),
    "prompts that tell of a folder": lambda tx, it: conversations.mark_stale_folder(
        tx, HERE, it.folder_id
    ),
    "what an agent heard last": lambda tx, it: recall.found(
        tx, HERE, EntryFilter(agent_id=it.address.agent_id), Sought(None), 5
    ),
    "identities": lambda tx, it: identities.listed(
        tx, HERE, Page(after=it.identity.id), IdentityFilter()
    ),
    "the identity of a key": lambda tx, it: identities.find_keyed(
        tx, HERE, it.identity.identifier_key
    ),
    "an agent's identities": lambda tx, it: identities.of_agent(tx, HERE, it.address.agent_id),
    "an identity's agents": lambda tx, it: agents.of_identity(
        tx, HERE, it.identity.id, Page(limit=5)
    ),
    "somebody's agents": lambda tx, it: agents.listed(
        tx, HERE, Page(), AgentFilter(whose=Whose(it.identity.id))
    ),
    "an identity's blocks": lambda tx, it: blocks.of_identity(tx, HERE, it.identity.id, Page()),
    "agents of a name": lambda tx, it: agents.listed(tx, HERE, Page(), AgentFilter(name="Ada")),
    "agents by their changes": lambda tx, it: agents.listed(
        tx, HERE, Page(after=it.address.agent_id), AgentFilter(order_by="updated_at")
    ),
    "agents by their runs": lambda tx, it: agents.listed(
        tx, HERE, Page(before=it.address.agent_id), AgentFilter(order_by="last_run_completion")
    ),
    "agents with a tag": lambda tx, it: agents.listed(
        tx, HERE, Page(), AgentFilter(tags=("kind", "odd"))
    ),
    "agents with all tags": lambda tx, it: agents.listed(
        tx, HERE, Page(), AgentFilter(tags=("kind", "odd"), match_all_tags=True)
    ),
    "the agents of a block": lambda tx, it: agents.with_block(tx, HERE, it.block_id, Page()),
    "an agent's blocks on a page": lambda tx, it: blocks.of_agent(
        tx, HERE, it.address.agent_id, Page()
    ),
    "blocks": lambda tx, it: blocks.listed(tx, HERE, Page(after=it.block_id), BlockFilter()),
    "blocks of a label": lambda tx, it: blocks.listed(tx, HERE, Page(), BlockFilter(label="human")),
    "blocks of a name": lambda tx, it: blocks.listed(tx, HERE, Page(), BlockFilter(name="x")),
    "templates": lambda tx, it: blocks.listed(tx, HERE, Page(), BlockFilter(templates_only=True)),
    "blocks with a tag": lambda tx, it: blocks.listed(tx, HERE, Page(), BlockFilter(tags=("t",))),
    "tags": lambda tx, it: tags.listed(tx, HERE, Page(after="a", order="asc"), "k"),
    "conversations by their messages": lambda tx, it: conversations.listed(
        tx,
        HERE,
        Page(after=it.address.conversation_id),
        ConversationFilter(agent_id=it.address.agent_id, order_by="last_message_at"),
    ),
    "runs": lambda tx, it: runs.listed(tx, HERE, Page(after=it.run.id), RunFilter()),
    "runs that have failed": lambda tx, it: runs.listed(
        tx, HERE, Page(), RunFilter(statuses=("failed", "cancelled"))
    ),
    "an agent's active runs": lambda tx, it: runs.listed(
        tx,
        HERE,
        Page(),
        RunFilter(agent_ids=(it.address.agent_id,), statuses=("created", "running")),
    ),
    "runs that ended so": lambda tx, it: runs.listed(
        tx, HERE, Page(), RunFilter(stop_reason="max_steps")
    ),
    "runs in the background": lambda tx, it: runs.listed(
        tx, HERE, Page(), RunFilter(background=True)
    ),
    "the runs of agents": lambda tx, it: runs.listed(
        tx, HERE, Page(), RunFilter(agent_ids=(it.address.agent_id, "agent-2"))
    ),
    "steps of a model": lambda tx, it: steps.listed(tx, HERE, Page(), StepFilter(model="m")),
    "an agent's steps": lambda tx, it: steps.listed(
        tx, HERE, Page(), StepFilter(agent_id=it.address.agent_id)
    ),
    "steps of some days": lambda tx, it: steps.listed(
        tx, HERE, Page(), StepFilter(start_date=making.NOON, end_date=making.LATER)
    ),
    "archives of a name": lambda tx, it: archives.listed(
        tx, HERE, Page(), ArchiveFilter(name="Papers")
    ),
    "archives of an agent": lambda tx, it: archives.listed(
        tx, HERE, Page(), ArchiveFilter(agent_id=it.address.agent_id)
    ),
    "passages of some archives": lambda tx, it: passages.listed(
        tx, HERE, Page(), PassageFilter(archives=[*it.archives, "archive-2"])
    ),
    "identities of a name": lambda tx, it: identities.listed(
        tx, HERE, Page(), IdentityFilter(name="Ada")
    ),
    "groups": lambda tx, it: groups.listed(tx, HERE, Page(after=it.group.id)),
    "groups of a type": lambda tx, it: groups.listed(tx, HERE, Page(), "supervisor"),
    "an agent's groups": lambda tx, it: groups.of_agent(
        tx, HERE, it.address.agent_id, Page(limit=5), "supervisor"
    ),
    "the group that an agent manages": lambda tx, it: groups.find_managed(
        tx, HERE, it.address.agent_id
    ),
    "an agent that leaves its groups": lambda tx, it: groups.forget(tx, it.address.agent_id),
    "a step's trace": lambda tx, it: traces.find(tx, HERE, "step-1"),
    "a run's traces": lambda tx, it: traces.of_run(tx, HERE, it.run.id, 5),
    "old traces": lambda tx, it: traces.prune(tx, making.LATER, 5),
    "what has no vector": lambda tx, it: meanings.due(tx, "k:2", (0, 9_000), 5),
    "who is to be called": lambda tx, it: callbacks.claim(tx, making.LATER, making.LATER, 5),
    "what a call came to": lambda tx, it: callbacks.settle(tx, it.run, None),
    "batches": lambda tx, it: batches.listed(tx, HERE, Page(after=it.batch_id)),
    "a batch": lambda tx, it: batches.get(tx, HERE, it.batch_id),
    "a batch's messages": lambda tx, it: batches.said(tx, HERE, it.batch_id, Page(), None),
    "batches that go on": lambda tx, it: batches.going(tx),
    "a batch's next request": lambda tx, it: batches.next_item(tx, it.batch_id, 5),
    "a request that is taken": lambda tx, it: batches.hold(tx, Item(it.batch_id, 1, "{}"), 5),
    "a batch that is cancelled": lambda tx, it: batches.cancel(tx, HERE, it.batch_id),
    "a batch that is over": lambda tx, it: batches.close(tx, it.batch_id, making.LATER),
    "a run's steps": lambda tx, it: steps.of_run(tx, HERE, it.run.id, Page()),
}


FULL_TEXT: dict[str, Ask] = {
    "a word that an agent knows": lambda tx, it: recall.found(
        tx, HERE, EntryFilter(agent_id=it.address.agent_id), Sought("word"), 5
    ),
    "several words": lambda tx, it: recall.found(
        tx, HERE, EntryFilter(agent_id=it.address.agent_id, roles=("user",)), Sought("word 1 2"), 5
    ),
    "a word that anybody knows": lambda tx, it: recall.found(
        tx, HERE, EntryFilter(), Sought("word"), 5
    ),
    "a word in a conversation": lambda tx, it: recall.found(
        tx, HERE, EntryFilter(conversation_id=it.address.conversation_id), Sought("word"), 5
    ),
    "a word in files": lambda tx, it: files.found(tx, HERE, [it.folder_id], Sought("grey rain"), 5),
    "a word in archives": lambda tx, it: passages.found(
        tx, HERE, PassageFilter(archives=it.archives, tags=["grey"]), Sought("grey"), 5
    ),
}


@pytest.mark.parametrize("what", FULL_TEXT)
def test_the_full_text_index_finds(connection: Connection, what: str) -> None:
    if connection.dialect.name == "postgresql":  # which reads such an index in one way only
        for way, on in (("bitmapscan", "on"), ("indexscan", "off"), ("sort", "on")):
            connection.execute(text(f"SET enable_{way} = {on}"))
    tx, told = Tx(connection), Told(connection)
    kept = keep(tx)
    event.listen(connection, "before_cursor_execute", told.listen)

    FULL_TEXT[what](tx, kept)

    assert any("words" in statement for statement, _ in told.statements)
    assert told.plans() == []


NEAR = Sought("?", "vector", Meaning("k:2", (0.0, 1.0)))
NEAREST: dict[str, Ask] = {
    "what is near": lambda tx, it: passages.found(
        tx, HERE, PassageFilter(archives=it.archives), NEAR, 5
    ),
    "what is near of what is wanted": lambda tx, it: nearest.nearest(
        tx,
        Meaning("k:2", (0.0, 1.0)),
        (it.address.agent_id,),
        (schema.entries, select(schema.entries.c.id).where(schema.entries.c.role == "user")),
        400,
    ),
}


@pytest.mark.parametrize("what", NEAREST)
def test_only_what_is_in_a_scope_is_compared(connection: Connection, what: str) -> None:
    tx, told = Tx(connection), Told(connection)
    kept = keep(tx)
    nearest.prepare(tx)
    event.listen(connection, "before_cursor_execute", told.listen)

    NEAREST[what](tx, kept)

    assert any("vector_scopes" in statement for statement, _ in told.statements)
    assert told.plans() == []


@pytest.mark.parametrize("what", HOT)
def test_an_index_finds(connection: Connection, what: str) -> None:
    tx, told = Tx(connection), Told(connection)
    kept = keep(tx)
    event.listen(connection, "before_cursor_execute", told.listen)

    HOT[what](tx, kept)

    assert told.statements, "nothing was asked"
    assert told.plans() == []


@pytest.mark.parametrize(
    "statement",
    ["SELECT id FROM entries WHERE role = 'user'", "SELECT id FROM runs ORDER BY attempt"],
)
def test_a_scan_would_be_seen(connection: Connection, statement: str) -> None:
    told = Told(connection)
    told.statements.append((statement, {}))
    event.listen(connection, "before_cursor_execute", told.listen)

    assert told.plans() != []
