"""A bundle is taken in: all of it in one transaction, or nothing.

What is there already is left as it is and counted, down to single conversations. What cannot be
had here is refused by name, and the rest goes on without it.
"""

from collections.abc import Iterable
from typing import Any

from palaver import clock
from palaver.core.prompt import DEFAULT_SYSTEM
from palaver.domain.agent import Agent
from palaver.domain.archive import Archive, Passage
from palaver.domain.block import DEFAULT_LIMIT, Block
from palaver.domain.bundle import (
    BundledAgent,
    BundledArchive,
    BundledBlock,
    BundledFile,
    BundledFolder,
    BundledServer,
    BundledTool,
)
from palaver.domain.folder import MAX_NAME, File, Folder
from palaver.domain.ids import ProjectId
from palaver.domain.intake import Intake, Noun
from palaver.domain.mcp import McpServer, StdioMcpServer
from palaver.domain.tool import Tool
from palaver.engine import equipment, filing, shelves
from palaver.engine.importing import Order
from palaver.engine.retelling import Retelling
from palaver.errors import Invalid, NotFound
from palaver.store import (
    agents,
    archives,
    blocks,
    files,
    folders,
    known,
    mcp_servers,
    open_files,
    passages,
    tools,
)  # fmt: skip
from palaver.store.db import Database, Tx
from palaver.store.known import Kind

_NO_GROUPS = "groups are not taken from agent files; make one with POST /v1/groups"
_NOT_INSIDE = "a folder of that name is here, without this file; upload it there"
_GONE = (
    "it was here and was deleted; bring it again when it has left the database "
    "(PALAVER_DELETED_KEEP), or import the file over HTTP, where everything gets new ids"
)

_AS_GIVEN = (
    "agent_type", "model_settings", "description", "metadata", "timezone", "hidden",
    "compaction_settings", "response_format", "message_buffer_autoclear", "enable_sleeptime",
    "max_files_open", "per_file_view_window_char_limit",
)  # fmt: skip


class _Rehearsed(Exception):
    """A dry run is at its end, and all that it has written is undone."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake


async def take_in(db: Database, project: ProjectId, order: Order) -> Intake:
    """Take a bundle in, or rehearse that; what became of it."""
    try:
        return await db.tx(_take_in, project, order)
    except _Rehearsed as rehearsed:
        return rehearsed.intake


def _take_in(tx: Tx, project: ProjectId, order: Order) -> Intake:
    known.take_time(tx)
    work = _Work(tx, project, order)
    work.take()
    if order.wishes.dry_run:
        raise _Rehearsed(work.intake)
    return work.intake


class _Work:
    """One bundle on its way in. The ids of what is there are known by those in the bundle."""

    def __init__(self, tx: Tx, project: ProjectId, order: Order) -> None:
        self.intake = Intake()
        self._tx = tx
        self._project = project
        self._order = order
        self._now = clock.now()
        self._servers: dict[str, str] = {}
        self._tools: dict[str, str] = {}
        self._blocks: dict[str, str] = {}
        self._archives: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._files: dict[str, str] = {}

    def take(self) -> None:
        """Take everything in."""
        bundle = self._order.bundle
        for n, server in enumerate(bundle.mcp_servers):
            self._take_server(n, server)
        for n, tool in enumerate(bundle.tools):
            self._take_tool(n, tool)
        for n, block in enumerate(bundle.blocks):
            self._blocks[block.id or ""] = self._take_block(n, block, block.id or "")
        for n, archive in enumerate(bundle.archives):
            self._take_archive(n, archive)
        for n, folder in enumerate(bundle.sources):
            self._take_folder(n, folder)
        for n, agent in enumerate(bundle.agents):
            self._take_agent(n, agent)
        for group in bundle.groups:
            self.intake.refuse("groups", str(group.get("id")), _NO_GROUPS)

    def _new(self, noun: Noun, kind: Kind, local: str, n: int) -> tuple[str, bool]:
        """The id of something, and whether it is new; what is not, is counted or refused."""
        made = self._order.naming(kind, local, n)
        taken = known.among(self._tx, self._project, kind, [made])
        if made not in taken:
            self.intake.count(noun, "added")
        elif taken[made]:
            self.intake.count(noun, "there")
        else:
            self.intake.refuse(noun, local, _GONE)
        return made, made not in taken

    def _take_server(self, n: int, one: BundledServer) -> None:
        local, name = one.id, one.server_name
        server = self._order.servers[local]
        same = [
            here for here in mcp_servers.listed(self._tx, self._project) if here.server_name == name
        ]
        if isinstance(server, str):
            self.intake.refuse("mcp_servers", name, server)
        elif not same:
            made, _ = self._new("mcp_servers", "mcp_server", local, n)
            kept = server.model_copy(update={"id": made})
            mcp_servers.add(self._tx, self._project, kept, one.created_at or self._now)
            self._servers[local] = made
        elif _address(same[0]) == _address(server):
            self.intake.count("mcp_servers", "there")
            self._servers[local] = same[0].id
        else:
            reason = "there is another MCP server of that name here; rename one of them"
            self.intake.refuse("mcp_servers", name, reason)

    def _take_tool(self, n: int, one: BundledTool) -> None:
        """A tool is known by its name: agents get the one that is there."""
        made = self._order.tools[one.id]
        there = equipment.find_named(self._tx, self._project, one.name)
        if there is not None:
            self._tools[one.id] = there.id
            return self.intake.count("tools", "changed" if self._override(there, made) else "there")
        if isinstance(made, str):
            return self.intake.refuse("tools", one.name, made)
        server = self._server_of(one)
        if made.tool_type == "external_mcp" and server is None:
            reason = "the MCP server that it comes from was not taken in"
            return self.intake.refuse("tools", one.name, reason)
        made = made.model_copy(update={"id": self._new("tools", "tool", one.id, n)[0]})
        at = one.created_at or self._now
        if server is None:
            tools.add(self._tx, self._project, made, at)
        else:
            source = {**(made.metadata_ or {}).get("mcp", {}), "server_id": server}
            told = {"metadata_": {**(made.metadata_ or {}), "mcp": source}}
            mcp_servers.give(self._tx, self._project, server, made.model_copy(update=told), at)
        self._tools[one.id] = made.id
        return None

    def _override(self, there: Tool, made: Tool | str) -> bool:
        """Let a tool become what the bundle's is, if that is wished for; whether it has changed."""
        if not self._order.wishes.override_tools or isinstance(made, str):
            return False
        after = made.model_copy(update={"id": there.id})
        if after == there or {there.tool_type, made.tool_type} != {"custom"}:
            return False
        tools.change(self._tx, self._project, after, self._now)
        return True

    def _server_of(self, one: BundledTool) -> str | None:
        """The server that a tool comes from, if it was taken in; older files only tell its name."""
        if one.tool_type != "external_mcp":
            return None
        if one.mcp_server_id is not None:
            return self._servers.get(one.mcp_server_id)
        told = (one.metadata_ or {}).get("mcp")
        names = [told.get("server_name")] if isinstance(told, dict) else []
        names += [tag.removeprefix("mcp:") for tag in one.tags or () if tag.startswith("mcp:")]
        for server in self._order.bundle.mcp_servers:
            if server.server_name in names:
                return self._servers.get(server.id)
        return None

    def _take_block(self, n: int, one: BundledBlock, local: str) -> str:
        made, is_new = self._new("blocks", "block", local, n)
        if is_new:
            limit = DEFAULT_LIMIT if one.limit is None else one.limit
            block = Block.model_validate({**one.model_dump(), "id": made, "limit": limit})
            blocks.add(self._tx, self._project, block, one.created_at or self._now)
        return made

    def _take_archive(self, n: int, one: BundledArchive) -> None:
        made, is_new = self._new("archives", "archive", one.id, n)
        self._archives[one.id] = made
        if not is_new:
            return self.intake.count("passages", "there", len(one.passages))
        archive = Archive(
            id=made,
            created_at=one.created_at or self._now,
            name=one.name,
            description=one.description,
            metadata=one.metadata,
        )
        archives.add(self._tx, self._project, archive)
        texts = []
        for i, text in enumerate(one.passages):
            local = text.id or f"{one.id} #{i}"
            passage = Passage(
                id=self._order.naming("passage", local, i),
                text=text.text,
                archive_id=made,
                tags=text.tags,
                metadata=text.metadata,
                created_at=text.created_at or self._now,
            )
            texts.append(passage)
        ids = known.among(self._tx, self._project, "passage", [one.id for one in texts])
        new = [one for one in texts if one.id not in ids]
        passages.add(self._tx, self._project, made, new)
        self.intake.count("passages", "added", len(new))
        return None

    def _take_folder(self, n: int, one: BundledFolder) -> None:
        """A folder is known by its name: agents get the one that is there, as it is."""
        inside = [file for file in self._order.bundle.files if file.source_id == one.id]
        there = folders.find_named(self._tx, self._project, one.name)
        if there is not None:
            self._folders[one.id] = there
            self.intake.count("folders", "there")
            for file in inside:
                found = files.find_named(self._tx, self._project, there, file.file_name)
                if found is not None:
                    self._files[file.id] = found.id
                    self.intake.count("files", "there")
                else:
                    self.intake.refuse("files", file.file_name, _NOT_INSIDE)
            return
        made, _ = self._new("folders", "source", one.id, n)
        told = one.model_dump(exclude={"id"}, exclude_none=True)
        folder = Folder.model_validate({**told, "id": made, "created_at": self._now})
        folders.add(self._tx, self._project, folder)
        self._folders[one.id] = made
        for i, file in enumerate(inside):
            self._take_file(i, file, folder)

    def _take_file(self, n: int, one: BundledFile, folder: Folder) -> None:
        if one.content is None:
            return self.intake.refuse("files", one.file_name, "the file does not hold its text")
        data = one.content.encode()
        made = self._order.naming("file", one.id, n)
        about = one.model_dump(exclude={"content"}, exclude_none=True)
        new = File.model_validate(
            {
                **about,
                "id": made,
                "source_id": folder.id,
                "file_size": len(data),
                "created_at": self._now,
            }
        )
        file, pieces = filing.cut(new, data, folder)
        files.begin(self._tx, self._project, file, self._now)
        texts = [(clock.mint("passage"), piece) for piece in pieces]
        files.put(self._tx, self._project, file, texts)
        files.finish(self._tx, self._project, file)
        self._files[one.id] = made
        return self.intake.count("files", "added")

    def _take_agent(self, n: int, one: BundledAgent) -> None:
        made, is_new = self._new("agents", "agent", one.id, n)
        if is_new:
            agent = self._agent(one, made)
            agents.add(self._tx, self._project, agent)
            for block_id in self._held(one):
                blocks.attach(self._tx, self._project, made, block_id)
            for archive in one.archive_ids or ():
                archives.attach(self._tx, self._project, made, self._archives[archive])
            self._shelve(one, made)
        else:
            try:
                agent = agents.get(self._tx, self._project, made)
            except NotFound:  # which was refused
                return
        self.intake.agent_ids.append(made)
        said = self._order.said[one.id]
        if self._order.wishes.strip_messages:
            one, said = one.model_copy(update={"messages": [], "conversations": None}), {}
        told = Retelling(self._tx, self._project, agent, self._order.naming, self.intake)
        told.retell(one, said, is_new=is_new)

    def _shelve(self, one: BundledAgent, made: str) -> None:
        """Give an agent its folders, and open its files."""
        for folder in one.source_ids or ():
            shelves.attach(self._tx, self._project, made, self._folders[folder])
        for opened in one.files_agents or ():
            if opened.is_open and opened.file_id in self._files:
                file = open_files.get(self._tx, self._project, made, self._files[opened.file_id])
                seen = opened.model_dump(exclude={"file_id"})
                open_files.note(self._tx, made, file.model_copy(update=seen), clock.now())

    def _held(self, one: BundledAgent) -> Iterable[str]:
        """The blocks of an agent: those that it names, and those that stand in it."""
        yield from (self._blocks[block] for block in one.block_ids or ())
        for i, block in enumerate(one.memory_blocks or ()):
            yield self._take_block(i, block, f"{one.id} {block.label}")

    def _agent(self, one: BundledAgent, made: str) -> Agent:
        wishes = self._order.wishes
        secrets = {**(one.tool_exec_environment_variables or {}), **(one.secrets or {})}
        config = one.embedding_config or {}
        given = {name: getattr(one, name) for name in _AS_GIVEN}
        model, limit = self._model(one)
        return Agent(
            **{name: value for name, value in given.items() if value is not None},
            id=made,
            name=wishes.name or one.name[: MAX_NAME - len(wishes.suffix)] + wishes.suffix,
            system=DEFAULT_SYSTEM if one.system is None else one.system,
            model=model,
            context_window_limit=limit,
            embedding=wishes.embedding or one.embedding or config.get("handle"),
            tools=self._tools_of(one),
            tags=tuple(dict.fromkeys(one.tags or ())),
            tool_rules=_rules(one),
            secrets={**{key: value or "" for key, value in secrets.items()}, **wishes.secrets},
            created_at=one.created_at or self._now,
            updated_at=self._now,
        )

    def _tools_of(self, one: BundledAgent) -> tuple[str, ...]:
        found = [self._tools[local] for local in one.tool_ids or () if local in self._tools]
        for name in one.tools or ():
            tool = equipment.find_named(self._tx, self._project, name)
            if tool is None:
                self.intake.refuse("tools", name, f"there is none here, and {one.name} asks for it")
            else:
                found.append(tool.id)
        return tuple(dict.fromkeys(found))

    def _model(self, one: BundledAgent) -> tuple[str, int | None]:
        """The model of an agent, and the window it may have. Older files tell both elsewhere."""
        config, catalog = one.llm_config or {}, self._order.catalog
        handle, limit = one.model, one.context_window_limit
        if handle is None and config.get("model"):
            handle = str(
                config.get("handle")
                or "{model_endpoint_type}/{model}".format_map(
                    {"model_endpoint_type": "openai", **config}
                )
            )
            told = config.get("context_window")
            limit = limit or (told if isinstance(told, int) and 0 < told < 2**31 else None)
        wanted = self._order.wishes.model or handle
        if wanted is None:
            return str(catalog.default_handle()), limit
        try:
            return str(catalog.checked(wanted)), limit
        except Invalid:
            wanted, said = str(catalog.default_handle()), f"gets a model: {wanted} is none"
        except NotFound as error:
            said = f"keeps its model, and cannot speak yet: {error}"
        self.intake.remarks.append(f"{one.name} {said}")
        return wanted, limit


def _rules(one: BundledAgent) -> list[dict[str, Any]] | None:
    if one.tool_rules is None:
        return None
    return [rule.model_dump(exclude_unset=True) for rule in one.tool_rules]


def _address(server: McpServer) -> tuple[str, object]:
    """What a server is known by besides its name."""
    if isinstance(server, StdioMcpServer):
        return server.mcp_server_type, (server.command, *server.args)
    return server.mcp_server_type, server.server_url
