"""Tools over HTTP: what callers bring, beside what is built in."""

import asyncio
from typing import Annotated, Any

from fastapi import Query

from palaver import clock
from palaver.api import changes, routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.problems import CONFLICT
from palaver.api.tool_bodies import (
    NewTool,
    ToolChange,
    ToolCounted,
    ToolQuery,
    ToolSearch,
    ToolSearchResult,
    ToolTrial,
)
from palaver.core import ranking, source
from palaver.core.builtin import BUILT_IN
from palaver.core.expand import messages_of
from palaver.domain.agent import Agent
from palaver.domain.ids import ToolId
from palaver.domain.message import ToolReturnMessage
from palaver.domain.tool import Outcome, Tool
from palaver.engine import equipment
from palaver.engine.says import says
from palaver.engine.toolbox import limited, returned
from palaver.engine.workshop import ToolUse
from palaver.errors import Conflict, Invalid
from palaver.store import tools
from palaver.store.db import Tx

Fields = dict[str, Any]

router = routing.router("/v1/tools", "tools")

_FLAT = 60  # how little the first ranks differ in score: the usual constant of rank fusion
_NEVER_NULL = frozenset({"source_code", "source_type", "tags", "return_char_limit"})
_TOLD = ("name", "description", "json_schema")
_TELLING = frozenset(
    {"source_code", "source_type", "json_schema", "args_json_schema", "description"}
)


@router.post("/", responses=CONFLICT)
async def create(body: NewTool, caller: Caller, db: Db) -> Tool:
    """Make a tool. Its name must not be taken."""
    tool = await asyncio.to_thread(_new, body)
    return await db.tx(_create, caller.project, tool)


@router.put("/", responses=CONFLICT)
async def upsert(body: NewTool, caller: Caller, db: Db) -> Tool:
    """Make a tool, or change the one that has its name."""
    tool = await asyncio.to_thread(_new, body)
    return await db.tx(_upsert, caller.project, tool, changes.given(body, _NEVER_NULL))


@router.get("/")
async def list_tools(query: Annotated[ToolQuery, Query()], caller: Caller, db: Db) -> list[Tool]:
    """List tools, also those that are built in."""
    return await db.read(equipment.listed, caller.project, query.page, query.wanted)


@router.get("/count")
async def count_tools(query: Annotated[ToolCounted, Query()], caller: Caller, db: Db) -> int:
    """Count tools, also those that are built in."""
    return await db.read(equipment.counted, caller.project, query.wanted)


@router.post("/add-base-tools")
async def add_built_in() -> list[Tool]:
    """List the tools that are built in. They are always there, so that there is none to add."""
    return list(BUILT_IN.values())


@router.post("/search")
async def search(body: ToolSearch, caller: Caller, db: Db) -> list[ToolSearchResult]:
    """Find tools by words in their names, tags, descriptions and arguments; the best comes first.

    There is no search by meaning: ``hybrid`` is by words as well.
    """
    if body.search_mode == "vector":
        raise Invalid("There is no search by meaning here; use `fts` or `hybrid`.")
    return await db.read(_found, caller.project, body)


@router.post("/run")
async def run_source(body: ToolTrial, caller: Caller, rooms: Rooms) -> ToolReturnMessage:
    """Carry out a tool that is not kept, for no agent; only `env_vars` are in its environment."""
    given = body.model_dump(exclude={"args", "env_vars"}, exclude_none=True)
    blank = Tool(id=clock.mint("tool"), **{"source_type": "python", **given})
    tool = await asyncio.to_thread(source.told, blank, given)
    now = clock.now()
    nobody = Agent(
        id=clock.mint("agent"), name="", system="", model="", secrets=body.env_vars,
        created_at=now, updated_at=now,
    )  # fmt: skip
    use = ToolUse(tool, body.args, caller.project, nobody)
    outcome = limited(await rooms.workshop.try_out(use), tool.return_char_limit)
    return _message(tool, outcome)


@router.get("/{tool_id}")
async def retrieve(tool_id: ToolId, caller: Caller, db: Db) -> Tool:
    """Read one tool."""
    return await db.read(equipment.get, caller.project, tool_id)


@router.patch("/{tool_id}", responses=CONFLICT)
async def update(tool_id: ToolId, body: ToolChange, caller: Caller, db: Db) -> Tool:
    """Change a tool; fields that are left out stay as they are."""
    given = changes.given(body, _NEVER_NULL)
    before = await db.read(equipment.brought, caller.project, tool_id)
    told = await asyncio.to_thread(_told, before, given)
    return await db.tx(_update, caller.project, before, given, told)


@router.delete("/{tool_id}")
async def delete(tool_id: ToolId, caller: Caller, db: Db) -> None:
    """Delete a tool, also from the agents that have it."""
    await db.tx(_delete, caller.project, tool_id)


def _found(tx: Tx, project: str, body: ToolSearch) -> list[ToolSearchResult]:
    words = ranking.words_of(body.query or "")
    tools = equipment.mentioning(tx, project, words, body.tool_types or None)
    tagged = [tool for tool in tools if not body.tags or set(body.tags) & set(tool.tags)]
    best = ranking.ranked(tagged, words)[: body.limit]
    return [
        ToolSearchResult(tool=tool, fts_rank=rank, combined_score=1 / (_FLAT + rank))
        for rank, tool in enumerate(best, start=1)
    ]


def _message(tool: Tool, outcome: Outcome) -> ToolReturnMessage:
    back = returned(clock.mint("call"), tool.name or "", outcome)
    [message] = messages_of(says("tool", back))
    assert isinstance(message, ToolReturnMessage)
    return message


def _create(tx: Tx, project: str, tool: Tool) -> Tool:
    tools.add(tx, project, tool, clock.now())
    return tool


def _upsert(tx: Tx, project: str, tool: Tool, given: Fields) -> Tool:
    known = tools.find_named(tx, project, tool.name or "", for_update=True)
    if known is None:
        return _create(tx, project, tool)
    if known.tool_type != "custom":
        raise Conflict(
            f"`{known.name}` comes from elsewhere, with its schema; choose another name."
        )
    told = {name: getattr(tool, name) for name in (*_TOLD, "args_json_schema")}
    return _update(tx, project, known, given, told)


def _update(tx: Tx, project: str, before: Tool, given: Fields, told: Fields) -> Tool:
    """Change a tool; what is `told` of it was read while it stood as `before`."""
    tool = equipment.brought(tx, project, before.id, for_update=True)
    if told and any(getattr(tool, name) != getattr(before, name) for name in _TELLING):
        raise Conflict("The tool was changed by somebody else meanwhile; send the change again.")
    after = tool.model_copy(update={**given, **told})
    tools.change(tx, project, after, clock.now())
    return after


def _delete(tx: Tx, project: str, tool_id: str) -> None:
    equipment.brought(tx, project, tool_id)
    tools.remove(tx, project, tool_id)


def _new(body: NewTool) -> Tool:
    given = body.model_dump()
    tool = Tool(id=clock.mint("tool"), **{**given, "tags": body.tags or []})
    return tool.model_copy(update=_told(tool, given))


def _told(tool: Tool, given: Fields) -> Fields:
    """What a model is told of a tool after a change, where the change has to do with that.

    It is found out before there is a transaction: a long source takes a tenth of a second.
    """
    if not given.keys() & _TELLING:
        return {}
    told = source.told(tool.model_copy(update=given), given)
    if told.name in BUILT_IN:
        raise Conflict(f"`{told.name}` is built in; choose another name.")
    return {name: getattr(told, name) for name in _TOLD}
