"""Agents come in: what a bundle holds becomes rows, in one transaction.

How things get their ids is said by whoever brings them: ids of their own each time, ids that follow
from where they come from, so that bringing them twice adds nothing, or those that they have.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from palaver import clock
from palaver.core import bundles, source
from palaver.core import mcp_servers as config
from palaver.core.builtin import BUILT_IN
from palaver.core.bundled_messages import entries_of
from palaver.core.histories import messages_of
from palaver.core.json_places import spelled
from palaver.domain.bundle import Bundle, BundledServer, BundledTool
from palaver.domain.entry import Entry
from palaver.domain.ids import is_id, shape
from palaver.domain.mcp import McpServer
from palaver.domain.tool import NO_PARAMETERS, Tool
from palaver.engine.mcp.client import McpClient
from palaver.errors import Invalid, SourceRefused
from palaver.providers.catalog import Catalog
from palaver.store.known import Kind

_CALLABLE = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ELSEWHERE = "no tool of that name is built in here, and nobody has brought one"


class Naming(Protocol):
    """How new things get their ids.

    `local` is what the `n`-th of a kind is called where it comes from, within a `scope`.
    """

    def __call__(self, kind: Kind, local: str, n: int, scope: str = "") -> str:
        """The id of something new."""
        ...


def anew(kind: Kind, local: str, n: int, scope: str = "") -> str:
    """An id that nothing ever had."""
    return clock.mint(kind)


@dataclass(frozen=True, slots=True)
class Derived:
    """Ids that follow from where things come from: the same ones, whenever they are brought.

    `origin` tells apart what has the same names in it. Ids sort by their numbers, as if they had
    been minted from `since` on, in milliseconds.
    """

    origin: str
    since: int = 0

    def __call__(self, kind: Kind, local: str, n: int, scope: str = "") -> str:
        """See `Naming`."""
        name = "\n".join((self.origin, kind, scope, local))
        noise = int.from_bytes(sha256(name.encode()).digest()[:8]) >> 2
        return shape(kind, self.since + (n >> 12), (n & 0xFFF) << 62 | noise)


@dataclass(frozen=True, slots=True)
class Kept:
    """The ids that things have. What has none, or needs a second one, gets one that is derived."""

    derived: Derived

    def __call__(self, kind: Kind, local: str, n: int, scope: str = "") -> str:
        """See `Naming`."""
        return local if is_id(kind, local) else self.derived(kind, local, n, scope)


def of_file(path: Path) -> tuple[Bundle, Derived]:
    """What stands in an agent file, and ids that follow from every byte of it.

    Raises `FileRefused`, and `Invalid` where it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read ({error.strerror}); name an agent file.") from None
    bundle = bundles.read(data)
    since = int(bundle.created_at.timestamp() * 1000) if bundle.created_at else 0
    return bundle, Derived(sha256(data).hexdigest(), max(since, 0))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be otherwise than a bundle says. A `dry_run` tells what would become of it."""

    name: str | None = None
    suffix: str = ""
    model: str | None = None
    embedding: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    override_tools: bool = False
    strip_messages: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A bundle that is to be taken in, with all that has to be known before.

    `tools` and `servers` are what is made of the bundle's, by their ids in it, or why not; `said`
    is what was said to its agents, by their ids and those of the messages: entries without a place.
    """

    bundle: Bundle
    tools: Mapping[str, Tool | str]
    servers: Mapping[str, McpServer | str]
    said: Mapping[str, Mapping[str, Entry]]
    naming: Naming
    wishes: Wishes
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Porter:
    """Looks at bundles before they are taken in: what of them this server may have."""

    catalog: Catalog
    mcp: McpClient

    async def order(self, bundle: Bundle, naming: Naming, wishes: Wishes) -> Order:
        """A bundle that can be taken in. Nothing of it is run; the names of servers are looked up.

        Raises `Invalid` for one that names what it does not hold, and for a model that is wished
        for and not there.
        """
        fault = bundles.first_fault(bundle)
        if fault is not None:
            raise Invalid(f"{spelled(fault.path)}: {fault.message}.")
        if wishes.model is not None:
            self.catalog.checked(wishes.model)
        tools = await asyncio.to_thread(lambda: {one.id: _tool(one) for one in bundle.tools})
        servers = {one.id: await self._server(one) for one in bundle.mcp_servers}
        said = await asyncio.to_thread(_said, bundle, clock.now())
        return Order(bundle, tools, servers, said, naming, wishes, self.catalog)

    async def _server(self, one: BundledServer) -> McpServer | str:
        told: dict[str, Any] = {"server_url": one.server_url}
        if one.server_type == "stdio":
            told = {"args": [], **(one.stdio_config or {})}
        named = {"id": "", "server_name": one.server_name, "mcp_server_type": one.server_type}
        try:
            server = config.read({**told, **named})
            await self.mcp.look(server)
        except Invalid as error:
            return str(error)
        return server


def _said(bundle: Bundle, at: datetime) -> dict[str, dict[str, Entry]]:
    """What was said to each agent. It is read before, as nobody else may write meanwhile."""
    return {one.id: entries_of(messages_of(one), at) for one in bundle.agents}


def _tool(one: BundledTool) -> Tool | str:
    """The tool that a bundle tells of, without an id; or why there can be none."""
    if one.name in BUILT_IN:
        return BUILT_IN[one.name]
    given = one.model_dump(exclude={"id", "mcp_server_id", "created_at"}, exclude_none=True)
    tool = Tool(id="", **{"source_type": "python", **given})
    if one.tool_type == "external_mcp":
        if not _CALLABLE.fullmatch(one.name):
            return "no model can call a tool of that name"
        schema = {"parameters": NO_PARAMETERS, **(one.json_schema or {}), "name": one.name}
        return tool.model_copy(update={"json_schema": schema})
    if one.tool_type != "custom":
        return _ELSEWHERE
    try:
        told = source.told(tool, given)
    except SourceRefused as error:
        return str(error)
    return told if told.name == one.name else f"its source names it `{told.name}`"
