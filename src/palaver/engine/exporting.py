"""Agents go out: all that is an agent's, as a bundle."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from pydantic import TypeAdapter

from palaver import __version__, clock
from palaver.core.bundled_messages import Writer
from palaver.core.prompt import renamed
from palaver.domain.agent import Agent
from palaver.domain.archive import Archive
from palaver.domain.block import Block
from palaver.domain.bundle import (
    Bundle,
    BundledAgent,
    BundledArchive,
    BundledBlock,
    BundledConversation,
    BundledFile,
    BundledFolder,
    BundledMessage,
    BundledPassage,
    BundledServer,
    BundledTool,
    OpenedFile,
)
from palaver.domain.entry import SYSTEM_SEQ
from palaver.domain.ids import ProjectId
from palaver.domain.mcp import McpServer, StdioMcpServer
from palaver.domain.page import Page
from palaver.domain.rule import ToolRule
from palaver.domain.tool import Tool
from palaver.engine import equipment
from palaver.engine.choosing import llm_config
from palaver.errors import NotFound
from palaver.providers.catalog import Catalog
from palaver.store import (
    agents,
    archives,
    blocks,
    conversations,
    entries,
    files,
    folders,
    mcp_servers,
    open_files,
    passages,
)  # fmt: skip
from palaver.store.db import Tx
from palaver.store.passages import PassageFilter


class _Row(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Row)

_RULES: TypeAdapter[list[ToolRule] | None] = TypeAdapter(list[ToolRule] | None)

AGENT = "agent-0"
"""What an agent is called in a file that holds no other."""

_AT_ONCE = 500  # rows that are read together
_AS_THEY_ARE = (
    "name", "agent_type", "system", "description", "metadata", "model", "model_settings",
    "context_window_limit", "embedding", "compaction_settings", "response_format", "timezone",
    "hidden", "message_buffer_autoclear", "enable_sleeptime", "max_files_open",
    "per_file_view_window_char_limit",
)  # fmt: skip


def bundle_of(
    tx: Tx,
    project: ProjectId,
    catalog: Catalog,
    agent_id: str,
    only: str | None = None,
    *,
    scrubbed: bool = False,
) -> Bundle:
    """An agent with all that is its own, or with `only` one of its conversations.

    What is `scrubbed` holds no conversation. Secrets have no values. Raises `NotFound`.
    """
    agent = agents.get(tx, project, agent_id)
    held = blocks.of_agent(tx, project, agent.id)
    tools = equipment.of_agent(tx, project, agent)
    servers = _servers(tx, project, tools)
    texts = [archives.get(tx, project, one) for one in archives.of_agent(tx, project, agent.id)]
    told = None if scrubbed else _Told(tx, project, agent, only)
    shelf = _Shelf(tx, project, agent.id)
    named = {name: getattr(agent, name) for name in _AS_THEY_ARE}
    secrets: dict[str, str | None] = dict.fromkeys(agent.secrets, "")
    return Bundle(
        agents=[
            BundledAgent(
                **named,
                id=AGENT,
                llm_config=llm_config(catalog, agent).model_dump(exclude_none=True),
                tags=list(agent.tags),
                tool_ids=[f"tool-{n}" for n in range(len(tools))],
                tool_rules=_RULES.validate_python(agent.tool_rules),
                block_ids=[f"block-{n}" for n in range(len(held))],
                source_ids=[one.id for one in shelf.folders],
                files_agents=shelf.opened,
                archive_ids=[f"archive-{n}" for n in range(len(texts))],
                secrets=secrets,
                tool_exec_environment_variables=secrets,
                in_context_message_ids=told.window if told else [],
                messages=told.messages if told else [],
                conversations=told.conversations if told else None,
            )
        ],
        blocks=[_block(f"block-{n}", one) for n, one in enumerate(held)],
        tools=[_tool(f"tool-{n}", one, servers) for n, one in enumerate(tools)],
        mcp_servers=[_server(*one) for one in dict(servers.values()).items()],
        archives=[_archive(tx, project, f"archive-{n}", one) for n, one in enumerate(texts)],
        sources=shelf.folders,
        files=shelf.files,
        metadata={"written_by": f"palaver {__version__}"},
        created_at=clock.now(),
    )


class _Told:
    """What was said to an agent, as its file has it; or with `only` in one of its conversations."""

    def __init__(self, tx: Tx, project: ProjectId, agent: Agent, only: str | None) -> None:
        found = conversations.of_agent(tx, project, agent.id)
        if only is not None:
            found = [one for one in found if one[0].id == only]
            if not found:
                raise NotFound("Conversation of this agent")
        walks = [entries.all_ids(tx, one.id) for one, _ in found]
        wanted = {one for ids in walks for one in ids}
        names = {agent.id: AGENT, **{one.id: f"conv-{n}" for n, (one, _) in enumerate(found)}}
        said = _all(lambda page: entries.of_agent(tx, project, agent.id, page))
        writer = Writer(AGENT)
        self._locals: dict[str, str] = {}
        self.messages: list[BundledMessage] = []
        for entry in said:
            if entry.id in wanted:
                local = self._locals[entry.id] = f"message-{len(self._locals)}"
                told = renamed(entry, names) if entry.seq == SYSTEM_SEQ else entry
                self.messages.append(writer.write(told, local))
        self.conversations = [
            BundledConversation.model_validate(
                {
                    **dict(one),
                    "id": names[one.id],
                    "is_default": shape.is_default,
                    "hidden": shape.hidden,
                    "stale": shape.stale,
                    "message_ids": [self._locals[id] for id in ids],
                    "in_context_message_ids": [
                        self._locals[id] for id in entries.context_ids(tx, one.id)
                    ],
                }
            )
            for (one, shape), ids in zip(found, walks, strict=True)
        ]
        defaults = [one for one in self.conversations if one.is_default] or self.conversations
        self.window = defaults[0].in_context_message_ids


class _Shelf:
    """The folders of an agent with their files, and what it sees of these."""

    def __init__(self, tx: Tx, project: ProjectId, agent_id: str) -> None:
        self.folders: list[BundledFolder] = []
        self.files: list[BundledFile] = []
        names: dict[str, str] = {}
        for folder in folders.of_agent(tx, project, agent_id):
            source = f"source-{len(self.folders)}"
            told = folder.model_dump(exclude={"id"}, exclude_none=True)
            self.folders.append(BundledFolder.model_validate({**told, "id": source}))
            for file in _all(partial(files.listed, tx, project, folder.id)):
                about = file.model_dump(exclude_none=True)
                local = names[file.id] = f"file-{len(names)}"
                text = files.text_of(tx, project, file.id)
                named = {"id": local, "source_id": source, "content": text}
                self.files.append(BundledFile.model_validate({**about, **named}))
        self.opened = [
            OpenedFile(
                file_id=names[one.file_id],
                is_open=one.is_open,
                start_line=one.start_line,
                end_line=one.end_line,
            )
            for one in open_files.opened(tx, project, agent_id)
        ]


def _all(page_of: Callable[[Page], list[T]]) -> Iterator[T]:
    """All of a list, page by page."""
    after = None
    while page := page_of(Page(limit=_AT_ONCE, after=after, order="asc")):
        yield from page
        after = page[-1].id


def _servers(tx: Tx, project: ProjectId, tools: Sequence[Tool]) -> dict[str, tuple[str, McpServer]]:
    """The servers that tools come from, each under its name in the file, by the ids of tools."""
    locals_: dict[str, str] = {}
    found: dict[str, tuple[str, McpServer]] = {}
    for tool in tools:
        if tool.tool_type == "external_mcp":
            server = mcp_servers.of_tool(tx, project, tool.id)
            local = locals_.setdefault(server.id, f"mcp_server-{len(locals_)}")
            found[tool.id] = (local, server)
    return found


def _block(local: str, block: Block) -> BundledBlock:
    return BundledBlock.model_validate(
        {**dict(block), "id": local, "label": block.label or "block"}
    )


def _tool(local: str, tool: Tool, servers: Mapping[str, tuple[str, McpServer]]) -> BundledTool:
    metadata, source = tool.metadata_, (tool.metadata_ or {}).get("mcp")
    if isinstance(source, dict):  # its server's id means nothing elsewhere
        told = {name: value for name, value in source.items() if name != "server_id"}
        metadata = {**(tool.metadata_ or {}), "mcp": told}
    server = servers[tool.id][0] if tool.id in servers else None
    named = {"id": local, "name": tool.name or local, "mcp_server_id": server}
    return BundledTool.model_validate({**dict(tool), **named, "metadata_": metadata})


def _server(local: str, server: McpServer) -> BundledServer:
    about = {"id": local, "server_type": server.mcp_server_type, "server_name": server.server_name}
    if not isinstance(server, StdioMcpServer):
        return BundledServer.model_validate({**about, "server_url": server.server_url})
    config: dict[str, object] = {"command": server.command, "args": server.args}
    if server.env is not None:
        config["env"] = dict.fromkeys(server.env, "")
    return BundledServer.model_validate({**about, "stdio_config": config})


def _archive(tx: Tx, project: ProjectId, local: str, archive: Archive) -> BundledArchive:
    wanted = PassageFilter(archives=[archive.id])
    texts = _all(lambda page: passages.listed(tx, project, page, wanted))
    return BundledArchive(
        id=local,
        name=archive.name,
        description=archive.description,
        metadata=archive.metadata,
        created_at=archive.created_at,
        passages=[BundledPassage.model_validate({**dict(one), "id": None}) for one in texts],
    )
