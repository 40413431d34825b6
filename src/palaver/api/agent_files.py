"""Agent files over HTTP: agents go out, and come in."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import Body, Form, Header, Query, Response, UploadFile
from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from palaver.api import addressing, routing
from palaver.api.agent_bodies import Variables
from palaver.api.deps import Caller, House, Rooms
from palaver.api.requests import ImportRoute
from palaver.core import bundles
from palaver.core.json_places import unkept
from palaver.domain.bundle import Bundle
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ConversationName, ProjectId
from palaver.domain.intake import Refusal
from palaver.engine import exporting
from palaver.engine.importing import Porter, Wishes, anew
from palaver.engine.taking_in import take_in
from palaver.errors import Invalid
from palaver.store.db import Tx

router = routing.router("/v1/agents/{agent_id}/export", "agents")
imports = routing.router("/v1/agents/import", "agents", ImportRoute)

_COPY = "_copy"
_SECRETS: TypeAdapter[Variables] = TypeAdapter(Variables)
_LEGACY = (
    "The legacy format is written no longer; leave `use_legacy_format` out. It holds one "
    "conversation, and this server's files hold all of them."
)


class Imported(Frozen):
    """The agents that a file held, under their new ids; what was left out, and what to look at.

    The contract knows the ids only.
    """

    agent_ids: list[str]
    refused: list[Refusal] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)


class ExportQuery(Frozen):
    """What of an agent is exported, as a query has it."""

    conversation_id: ConversationName | None = None
    scrub_messages: bool = False
    max_steps: int | None = None
    use_legacy_format: bool = False


class Exported(Frozen):
    """What of an agent is exported. ``skills`` are put into the file as they are."""

    skills: list[dict[str, Any]] | None = None
    conversation_id: ConversationName | None = None
    scrub_messages: bool = False


def _kept(value: Any) -> Any:
    if unkept(value) is not None:
        raise ValueError("text must not hold NUL (U+0000), nor half of a surrogate pair")
    return value


Said = Annotated[str, BeforeValidator(_kept)]
Name = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_kept)]


class Changes(Frozen):
    """What is to be otherwise than in the file. Empty is as good as left out."""

    append_copy_suffix: bool = True
    name: Name | None = None
    model: Said | None = None
    embedding: Said | None = None
    secrets: str | None = None
    override_existing_tools: bool = True
    strip_messages: bool = False
    override_name: Name | None = None
    override_model_handle: Said | None = None
    override_embedding_handle: Said | None = None
    env_vars_json: str | None = None
    project_id: str | None = None

    def wishes(self, embedding: str | None) -> Wishes:
        """The same, with older names for newer ones. Raises `Invalid`."""
        name = self.name or self.override_name or None
        return Wishes(
            name=name,
            suffix=_COPY if self.append_copy_suffix else "",
            model=self.model or self.override_model_handle or None,
            embedding=self.embedding or self.override_embedding_handle or embedding,
            secrets=_secrets(self.secrets or self.env_vars_json or "{}"),
            override_tools=self.override_existing_tools,
            strip_messages=self.strip_messages,
        )


@router.get("")
async def export(
    agent_id: AgentId, query: Annotated[ExportQuery, Query()], caller: Caller, rooms: Rooms
) -> Response:
    """Write an agent with all its conversations, or one of them, as an agent file."""
    if query.use_legacy_format:
        raise Invalid(_LEGACY)
    wanted = Exported.model_validate(query.model_dump())
    return await _export(rooms, caller.project, agent_id, wanted)


@router.post("")
async def export_with(
    agent_id: AgentId,
    caller: Caller,
    rooms: Rooms,
    body: Annotated[Exported | None, Body()] = None,
) -> Response:
    """Write an agent with all its conversations, or one of them, as an agent file."""
    return await _export(rooms, caller.project, agent_id, body or Exported())


@imports.post("")
async def import_file(
    file: UploadFile,
    changes: Annotated[Changes, Form()],
    caller: Caller,
    rooms: Rooms,
    x_override_embedding_model: Annotated[str | None, Header()] = None,
) -> Imported:
    """Make agents from an agent file, all that it holds or none; everything gets new ids.

    What this server cannot have (tools of other servers, MCP servers that the operator does not
    allow) is left out, and ``refused`` says why.
    """
    wishes = changes.wishes(x_override_embedding_model)
    data = await file.read()
    await file.close()
    bundle = await asyncio.to_thread(bundles.read, data)
    del data
    order = await Porter(rooms.catalog, rooms.mcp).order(bundle, anew, wishes)
    intake = await take_in(rooms.db, caller.project, order)
    return Imported(agent_ids=intake.agent_ids, refused=intake.refused, remarks=intake.remarks)


async def _export(rooms: House, project: ProjectId, agent_id: str, wanted: Exported) -> Response:
    def read(tx: Tx) -> str:
        only = wanted.conversation_id
        if only is not None:
            only = addressing.find(tx, project, only, agent_id).conversation_id
        found = exporting.bundle_of(
            tx, project, rooms.catalog, agent_id, only, scrubbed=wanted.scrub_messages
        )
        return _written(found.model_copy(update={"skills": wanted.skills or []}))

    return Response(await rooms.db.read(read), media_type="application/json")


def _written(bundle: Bundle) -> str:
    return bundle.model_dump_json(indent=2, exclude_none=True)


def _secrets(text: str) -> dict[str, str]:
    try:
        return _SECRETS.validate_python(_kept(json.loads(text)))
    except (ValueError, ValidationError, RecursionError):
        raise Invalid('secrets must be JSON text like {"KEY": "value"}.') from None
