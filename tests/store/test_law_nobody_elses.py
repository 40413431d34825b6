"""Law 9: another project's id answers as an absent one does, whichever function is asked."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert, select

from palaver.clock import mint
from palaver.domain.conversation import Address, Context, Segment
from palaver.domain.folder import Piece
from palaver.domain.ids import ProjectId
from palaver.domain.meaning import Meaning, Sought
from palaver.domain.page import Page
from palaver.domain.run import Step, StepMetrics
from palaver.errors import PalaverError
from palaver.store import (
    agents,
    archives,
    batches,
    blocks,
    compactions,
    conversations,
    entries,
    files,
    folders,
    groups,
    identities,
    meanings,
    nearest,
    open_files,
    passages,
    prompts,
    recall,
    runs,
    schema,
    steps,
    tools,
    traces,
    waiting,
)  # fmt: skip
from palaver.store.db import Database, Tx
from palaver.store.identities import AGENTS, BLOCKS
from palaver.store.runs import Ticket
from tests.store import making
from tests.store.making import HERE

ELSEWHERE = mint("project")
MEANT = Meaning("some/model:2", (0.0, 1.0))

# They make something new in the project that they are given, and reach nothing.
MAKERS: set[Callable[..., Any]] = {
    agents.add, archives.add, batches.add, blocks.add, conversations.add, conversations.take_in,
    entries.insert_all, folders.add, groups.add, identities.add, runs.add, steps.put, tools.add,
    traces.put,
}  # fmt: skip


def functions_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions of a module that a caller can reach, by name."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "project" in inspect.signature(function).parameters
        and function not in MAKERS
    }


FUNCTIONS = {
    name: function
    for module in (
        agents,
        archives,
        batches,
        blocks,
        compactions,
        conversations,
        entries,
        files,
        folders,
        open_files,
        groups,
        identities,
        passages,
        prompts,
        recall,
        runs,
        steps,
        tools,
        traces,
        waiting,
    )
    for name, function in functions_of(module).items()
}


@dataclass(frozen=True)
class Outcome:
    """What a call gave or raised, and what the tables held afterwards."""

    answer: object
    rows: Mapping[str, object]


class Undo(Exception):
    """Takes an outcome out of a unit that leaves nothing behind."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def keep_world(tx: Tx) -> dict[str, Any]:
    """One of each thing, kept in this project; what it is called among the parameters."""
    tx.run(insert(schema.projects), {"id": ELSEWHERE, "name": "theirs", "created_at": making.NOON})
    agent = making.keep_agent(tx)
    block = making.keep_block(tx, agent.id)
    default = making.conversation(agent.id)
    conversations.add(tx, HERE, default, making.system(), is_default=True)
    busy, quiet = (making.keep_conversation(tx, agent.id) for _ in range(2))
    done = making.start(tx, busy).model_copy(update={"status": "completed"})
    runs.finish(tx, done)
    run = making.start(tx, busy)
    making.wait(tx, busy, interrupts=True, request='{"inputs": [{"otid": "otid-1"}]}')
    prompts.put(tx, HERE, busy.conversation_id, (b"head", b"said"))
    compactions.put(tx, HERE, busy.conversation_id, Context(start=2))
    step = Step(id=mint("step"), run_id=run.id, agent_id=agent.id)
    steps.put(tx, HERE, busy.conversation_id, step, making.NOON)
    said = entries.append(tx, HERE, busy, [making.entry(run_id=run.id, step_id=step.id)])
    traces.put(tx, HERE, [making.trace(run.id, step.id)])
    batch = making.keep_batch(tx, agent.id, run.id)
    archive, passage = making.keep_passage(tx, agent.id)
    file = making.keep_file(tx, agent.id)
    open_files.note(tx, agent.id, making.opened(file), making.NOON)
    unfinished = making.file(file.source_id, "other")
    files.begin(tx, HERE, unfinished, making.LATER)
    identity = making.identity()
    identities.add(tx, HERE, identity, making.NOON)
    identities.attach(tx, HERE, AGENTS, agent.id, identity.id)
    identities.attach(tx, HERE, BLOCKS, block.id, identity.id)
    group = making.group(agent.id)
    groups.add(tx, HERE, group)
    tool = making.tool()
    tools.add(tx, HERE, tool, making.NOON)
    nearest.prepare(tx)
    due = meanings.due(tx, MEANT.kind, (0, meanings.newest(tx)), 100)
    meanings.keep(tx, MEANT.kind, due, dict.fromkeys(due, MEANT))
    return {
        "agent": agent.model_copy(update={"name": "Bob"}),
        "agent_id": agent.id,
        "block": block.model_copy(update={"value": "Likes snow."}),
        "block_id": block.id,
        "conversation": making.conversation(agent.id, id=quiet.conversation_id, summary="other"),
        "conversation_id": busy.conversation_id,
        "source_id": busy.conversation_id,
        "default_id": default.id,
        "address": quiet,
        "entry_id": said[0].id,
        "run_id": run.id,
        "batch_id": batch.id,
        "run_ids": [run.id],
        "done_id": done.id,
        "step_id": step.id,
        "step": step.model_copy(update={"feedback": "positive"}),
        "metrics": StepMetrics(id=step.id, step_ns=1),
        "label": block.label,
        "archive_id": archive.id,
        "archive": archive.model_copy(update={"name": "other"}),
        "passage_id": passage.id,
        "within": [archive.id],
        "folder": folders.get(tx, HERE, file.source_id).model_copy(update={"name": "other"}),
        "folder_id": file.source_id,
        "folder_ids": [file.source_id],
        "file": unfinished,
        "before": file,
        "after": unfinished,
        "file_id": file.id,
        "identity": identity.model_copy(update={"name": "other"}),
        "identity_id": identity.id,
        "key": identity.identifier_key,
        "group": group.model_copy(update={"description": "other"}),
        "group_id": group.id,
        "agent_ids": [agent.id],
        "block_ids": [block.id],
        "thing_id": agent.id,
        "thing_ids": [],
        "tool": tool.model_copy(update={"name": "other"}),
        "tool_id": tool.id,
        "ids": [tool.id],
        "name": tool.name,
    }


def absent_world() -> dict[str, Any]:
    """The same names, for things that nobody ever kept."""
    agent, block, conversation = making.agent(), making.block(), mint("conv")
    return {
        "agent": agent,
        "agent_id": agent.id,
        "block": block,
        "block_id": block.id,
        "conversation": making.conversation(agent.id),
        "conversation_id": conversation,
        "source_id": conversation,
        "default_id": conversation,
        "address": Address(conversation_id=conversation, agent_id=agent.id),
        "entry_id": mint("message"),
        "run_id": mint("run"),
        "run_ids": [mint("run")],
        "batch_id": mint("job"),
        "done_id": mint("run"),
        "step_id": mint("step"),
        "step": Step(id=mint("step"), run_id=mint("run"), agent_id=agent.id),
        "metrics": StepMetrics(id=mint("step"), step_ns=1),
        "label": block.label,
        "archive_id": mint("archive"),
        "archive": making.archive(),
        "passage_id": mint("passage"),
        "within": [mint("archive")],
        "folder": making.folder(),
        "folder_id": mint("source"),
        "folder_ids": [mint("source")],
        "file": making.file(mint("source")),
        "before": making.file(mint("source")),
        "after": making.file(mint("source")),
        "file_id": mint("file"),
        "identity": making.identity(),
        "identity_id": mint("identity"),
        "key": "nobody",
        "group": making.group(agent.id),
        "group_id": mint("group"),
        "agent_ids": [agent.id],
        "block_ids": [block.id],
        "thing_id": agent.id,
        "thing_ids": [],
        "tool": making.tool("other"),
        "tool_id": mint("tool"),
        "ids": [mint("tool")],
        "name": "count",
    }


def arguments(function: Callable[..., Any], world: Mapping[str, Any]) -> dict[str, Any]:
    """What `function` is to be called with, by the names of its parameters."""
    parameters = inspect.signature(function).parameters
    address: Address = world["address"]
    given = {
        **world,
        "at": making.NOON,
        "new": making.conversation(world["agent_id"]),
        "more": [making.passage()],
        "by": 1,
        "page": Page(),
        "run": making.run(address),
        "said": [making.entry()],
        "system": making.system(),
        "ticket": Ticket("{}", "worker-1"),
        "interrupts": False,
        "otid": "otid-1",
        "limit": 1,
        "prompt": (b"other", b"words"),
        "built_in": {},
        "words": ["words"] if function.__module__ == tools.__name__ else "hello",
        "sought": Sought("hello", "hybrid", MEANT),
        "types": None,
        "context": Context(start=3),
        "text": "Be brief.",
        "fork_id": address.conversation_id,
        "stretch": Segment(source=address.conversation_id, lo=0, hi=9),
        "most": 5,
        "until": making.LATER,
        "pieces": [(mint("passage"), Piece(line=2, text="more"))],
        "line": 1,
        "holders": AGENTS,
    }
    if function is runs.remove:
        given["run_id"] = world["done_id"]
    if function is files.begin:
        given["file"] = making.file(world["folder_id"])
    if function is conversations.demote:
        given["conversation_id"] = world["default_id"]
    if "wanted" in parameters:
        given["wanted"] = parameters["wanted"].annotation()
    wanted = (p for p in parameters.values() if p.default is p.empty)
    return {p.name: given[p.name] for p in wanted if p.name not in {"tx", "project"}}


def call(
    tx: Tx, function: Callable[..., Any], project: ProjectId, world: Mapping[str, Any]
) -> None:
    """Call a function of the store; the outcome comes out as `Undo`."""
    try:
        answer = function(tx, project, **arguments(function, world))
        answer = list(answer) if inspect.isgenerator(answer) else answer
    except PalaverError as error:
        answer = (type(error), re.sub(r"[\da-f]{8}-[-\da-f]{27}", "…", str(error)))
    tables = schema.metadata.sorted_tables
    raise Undo(
        Outcome(answer, {table.name: sorted(map(repr, tx.all(select(table)))) for table in tables})
    )


async def outcome(
    db: Database, function: Callable[..., Any], project: ProjectId, world: Mapping[str, Any]
) -> Outcome:
    """What comes of calling a function, undone."""
    with pytest.raises(Undo) as undone:
        await db.tx(call, function, project, world)
    return undone.value.outcome


@pytest.fixture(scope="module")
async def world(module_db: Database) -> dict[str, Any]:
    """What is kept in it."""
    return await module_db.tx(keep_world)


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_a_foreign_id_answers_as_an_absent_one(
    module_db: Database, world: Mapping[str, Any], name: str
) -> None:
    function = FUNCTIONS[name]

    foreign = await outcome(module_db, function, ELSEWHERE, world)
    absent = await outcome(module_db, function, ELSEWHERE, absent_world())

    assert foreign == absent
    assert await outcome(module_db, function, HERE, world) != absent, (
        "the call reaches nothing at all"
    )
