"""What a V1 database holds, as bundles: one for each agent with all that is its own.

What is in memory is one agent. Organizations and users are not told apart: all of it is of one
project.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from palaver.core import v1
from palaver.core.histories import WITHOUT_NAME
from palaver.core.v1 import Read
from palaver.core.v1_messages import Messages
from palaver.domain.bundle import (
    Bundle,
    BundledArchive,
    BundledBlock,
    BundledConversation,
    BundledMessage,
    BundledPassage,
    BundledServer,
    BundledTool,
)
from palaver.domain.frozen import Frozen
from palaver.domain.identity import Identity
from palaver.domain.intake import Intake, Noun
from palaver.store.v1 import Row, V1Database

T = TypeVar("T", bound=Frozen)

_AGENT = (
    "id", "name", "description", "message_ids", "system", "agent_type", "llm_config",
    "embedding_config", "metadata_", "tool_rules", "created_at", "message_buffer_autoclear",
    "enable_sleeptime", "response_format", "timezone", "max_files_open",
    "per_file_view_window_char_limit", "hidden", "compaction_settings",
)  # fmt: skip
_BLOCK = (
    "id", "label", "value", "limit", "template_name", "metadata_", "description", "is_template",
    "read_only", "preserve_on_migration", "hidden", "created_at",
)  # fmt: skip
_TOOL = (
    "id", "name", "description", "source_type", "source_code", "json_schema", "args_json_schema",
    "tags", "return_char_limit", "tool_type", "pip_requirements", "npm_requirements", "metadata_",
    "default_requires_approval", "enable_parallel_execution", "created_at",
)  # fmt: skip
_SERVER = ("id", "server_name", "server_type", "server_url", "stdio_config", "created_at")
_ARCHIVE = ("id", "name", "description", "metadata_", "created_at")
_PASSAGE = ("id", "text", "tags", "metadata_", "created_at")
_CONVERSATION = (
    "id", "summary", "description", "model", "model_settings", "context_window_limit", "hidden",
    "archived_at", "created_at", "last_message_at",
)  # fmt: skip
_LINK = ("message_id", "in_context")
_MESSAGE = (
    "id", "role", "text", "content", "model", "name", "otid", "sender_id", "group_id", "tool_calls",
    "tool_call_id", "tool_returns", "approve", "approval_request_id", "denial_reason", "approvals",
    "conversation_id", "created_at",
)  # fmt: skip
_TABLES = {
    "agents": "agents", "block": "blocks", "tools": "tools", "archives": "archives",
    "archival_passages": "passages", "agent_passages": "passages", "conversations": "conversations",
    "messages": "messages", "identities": "identities",
}  # fmt: skip
_IDENTITY = ("id", "identifier_key", "name", "identity_type", "properties", "created_at")
_STAYS = ("groups", "sources", "sandbox_environment_variables")
_SHARED = ("blocks", "tools", "archives", "mcp_servers")
_OWN_TOOLS = ("custom", "external_mcp")
_OLDER = (
    "memgpt_agent", "memgpt_v2_agent", "sleeptime_agent", "split_thread_agent", "voice_convo_agent",
    "voice_sleeptime_agent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation of V1: its window and all that is linked to it, as ids of messages."""

    row: Row
    window: Sequence[str]
    linked: Iterable[str]


@dataclass(slots=True)
class Gathering:
    """Reads all that there is, once.

    Meanwhile it counts what it `found` of each noun and what it `left`, and why; `intake` has what
    cannot be read, and remarks. `joined` messages are now parts of those before them.
    """

    _source: V1Database
    found: Counter[str] = field(default_factory=Counter)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    joined: int = 0
    intake: Intake = field(default_factory=Intake)
    _seen: set[str] = field(default_factory=set)
    _tool_ids: dict[str, str] = field(default_factory=dict)  # of callers' own, by their names

    def bundles(self) -> Iterator[Bundle]:
        """A bundle for each agent, then bundles of what no agent has."""
        for row in self._source.rows("agents", _AGENT):
            if row["hidden"]:
                self._leave("agents", "hidden")
            elif (bundle := self._agent(row)) is not None:
                yield bundle
        for row in self._unseen("block", _BLOCK):
            yield Bundle(agents=[], blocks=self._blocks([row]))
        for row in self._unseen("tools", _TOOL):
            if row["tool_type"] in _OWN_TOOLS:
                tools, servers = self._tools([row])
                yield Bundle(agents=[], tools=tools, mcp_servers=servers)
        for row in self._unseen("archives", _ARCHIVE):
            yield Bundle(agents=[], archives=self._archives([row]))

    def identities(self) -> Iterator[tuple[Identity, datetime | None]]:
        """The identities, with the agents and blocks that have them, and when they were created.

        Then all has been read.
        """
        ids: dict[str, str] = {}
        for row in self._source.rows("identities", _IDENTITY):
            mine = {"identity_id": row["id"]}
            agents = self._column("identities_agents", "agent_id", mine)
            blocks = self._column("identities_blocks", "block_id", mine)
            made = self._made("identities", row["id"], v1.identity_of(row, agents, blocks))
            if made is not None and ids.setdefault(made.identifier_key, made.id) == made.id:
                yield made, row["created_at"]
            elif made is not None:
                told = f"its key is that of {ids[made.identifier_key]}"
                self.intake.refuse("identities", made.id, told)
        self._count_what_stays()

    def _agent(self, row: Row) -> Bundle | None:
        mine = {"agent_id": row["id"]}
        blocks = self._blocks(self._linked("block", _BLOCK, "blocks_agents", mine))
        tools, servers = self._tools(self._linked("tools", _TOOL, "tools_agents", mine))
        archives = self._archives(self._linked("archives", _ARCHIVE, "archives_agents", mine))
        archives += self._older_archive(row)
        said, talks = self._histories(row)
        keys = self._column("agent_environment_variables", "key", mine)
        if keys:
            self.intake.remarks.append(f"{row['id']} has secrets to be set anew: {', '.join(keys)}")
        theirs = {
            "tags": self._column("agents_tags", "tag", mine),
            "block_ids": [one.id for one in blocks],
            "tool_ids": [one.id for one in tools],
            "archive_ids": [one.id for one in archives],
            "secrets": dict.fromkeys(keys),
            "conversations": talks,
            "messages": said,
        }
        agent = self._made("agents", row["id"], v1.agent_of(row, theirs))
        if agent is None:
            return None
        return Bundle(
            agents=[agent], blocks=blocks, tools=tools, mcp_servers=servers, archives=archives
        )

    def _blocks(self, rows: Sequence[Row]) -> list[BundledBlock]:
        found = []
        for row in rows:
            tags = self._column("blocks_tags", "tag", {"block_id": row["id"]})
            found.append(self._made("blocks", row["id"], v1.block_of(row, tags)))
        return _there(found)

    def _tools(self, rows: Iterable[Row]) -> tuple[list[BundledTool], list[BundledServer]]:
        """Tools, and the MCP servers that they come from."""
        tools, servers = [], dict[str, BundledServer]()
        for row in {row["id"]: row for row in map(self._of_the_name, rows)}.values():
            mine = {"tool_id": row["id"]}
            server_id = None
            for server in self._linked("mcp_server", _SERVER, "mcp_tools", mine)[:1]:
                made = self._made("mcp_servers", server["id"], v1.server_of(server))
                if made is not None:
                    servers[made.id], server_id = made, made.id
            tools.append(self._made("tools", row["id"], v1.tool_of(row, server_id)))
        return _there(tools), list(servers.values())

    def _of_the_name(self, tool: Row) -> Row:
        """The tool, or the first of its name: several organizations may have one, a project not."""
        first = self._tool_ids.setdefault(tool["name"], tool["id"])
        if first == tool["id"] or tool["tool_type"] not in _OWN_TOOLS:
            return tool
        if tool["id"] not in self._seen:
            self._seen.add(tool["id"])
            self._leave("tools", "another one has the name")
            told = f"agents with {tool['id']} get {first}, whose name is `{tool['name']}`, too"
            self.intake.remarks.append(told)
        return next(self._source.rows("tools", _TOOL, id=first))

    def _archives(self, rows: Sequence[Row]) -> list[BundledArchive]:
        found = []
        for row in rows:
            mine = {"archive_id": row["id"]}
            passages = self._passages("archival_passages", row["id"], mine)
            found.append(self._made("archives", row["id"], v1.archive_of(row, passages)))
        return _there(found)

    def _older_archive(self, agent: Row) -> list[BundledArchive]:
        """The passages that an agent had before there were archives, in one of its own."""
        archive_id = f"archive-{agent['id'].removeprefix('agent-')}"
        passages = self._passages("agent_passages", archive_id, {"agent_id": agent["id"]})
        name = f"{agent['name'] or agent['id']}'s Archive"
        row = {"id": archive_id, "name": name, "created_at": agent["created_at"]}
        if not passages:
            return []
        return _there([self._made("archives", archive_id, v1.archive_of(row, passages))])

    def _passages(
        self, table: str, archive_id: str, mine: Mapping[str, str]
    ) -> list[BundledPassage]:
        """The passages of an archive; none of one that was in an earlier bundle."""
        if archive_id in self._seen:
            return []
        rows = self._source.rows(table, _PASSAGE, **mine)
        return _there([self._made("passages", row["id"], v1.passage_of(row)) for row in rows])

    def _histories(self, agent: Row) -> tuple[list[BundledMessage], list[BundledConversation]]:
        """All that was said to an agent, and its conversations, the default one first.

        V1 numbers what is in a window anew when it compacts, so that only the messages tell in
        which order everything was said.
        """
        window, talks = agent["message_ids"] or [], self._talks(agent["id"])
        summaries = {one for those in (window, *(t.window for t in talks)) for one in those[1:2]}
        said, loose = Messages(summaries, agent["agent_type"] in _OLDER), []
        newer = self._source.has("messages", "sequence_id")
        key = ("sequence_id",) if newer else ("created_at", "id")
        for row in self._source.rows("messages", _MESSAGE, key, agent_id=agent["id"]):
            self._made("messages", row["id"], said.take(row))
            loose += [] if row["conversation_id"] else [row["id"]]
        self.joined += len(said.joined)
        default = {
            "id": WITHOUT_NAME,
            "created_at": agent["created_at"],
            "is_default": True,
        }
        talks.insert(0, _Talk(default, window, [*loose, *window]))
        made = _there([self._conversation(talk, said) for talk in talks])
        reached = {one for conversation in made for one in conversation.message_ids}
        self.left["messages", "in no conversation"] += len(said.said.keys() - reached)
        return [message for one, message in said.said.items() if one in reached], made

    def _talks(self, agent_id: str) -> list[_Talk]:
        """The conversations of an agent, older ones first: a fork follows its source."""
        found, mine = [], {"agent_id": agent_id}
        for row in self._source.rows("conversations", _CONVERSATION, ("created_at", "id"), **mine):
            order, its = ("position", "message_id"), {"conversation_id": row["id"]}
            links = list(self._source.rows("conversation_messages", _LINK, order, **its))
            window = [one["message_id"] for one in links if one["in_context"]]
            found.append(_Talk(row, window, [one["message_id"] for one in links]))
            for block_id in self._column("blocks_conversations", "block_id", its):
                told = f"{block_id} was in the prompt of {row['id']} alone; it is there, unused"
                self.intake.remarks.append(told)
        return found

    def _conversation(self, talk: _Talk, said: Messages) -> BundledConversation | None:
        def those(ids: Iterable[str]) -> list[str]:
            known = (said.joined.get(one, one) for one in ids)
            return [one for one in dict.fromkeys(known) if one in said.said]

        known = said.said.keys() | said.joined.keys() | said.unread
        gone = {*talk.window, *talk.linked} - known
        if gone:
            self._leave("links", "to messages that are not there", len(gone))
        linked = set(those(talk.linked))
        order = [one for one in said.said if one in linked]
        read = v1.conversation_of(talk.row, order, those(talk.window))
        return self._made("conversations", talk.row["id"], read)

    def _linked(
        self, table: str, wanted: Sequence[str], link: str, mine: Mapping[str, str]
    ) -> list[Row]:
        """The rows of a table that another one links to what is mine."""
        column = {"block": "block_id", "tools": "tool_id", "archives": "archive_id"}
        ids = self._column(link, column.get(table, "mcp_server_id"), mine)
        return list(self._source.rows(table, wanted, id=ids)) if ids else []

    def _column(self, table: str, column: str, mine: Mapping[str, str]) -> list[str]:
        return [row[column] for row in self._source.rows(table, (column,), (column,), **mine)]

    def _unseen(self, table: str, wanted: Sequence[str]) -> Iterator[Row]:
        for row in self._source.rows(table, wanted):
            if row["id"] not in self._seen and not row.get("hidden"):
                yield row

    def _made(self, noun: Noun, id: str, read: Read[T]) -> T | None:
        """What was made of a row, which is counted when it is seen first."""
        if id in self._seen:
            return read.made
        self.found[noun] += 1
        for fault in read.faults:
            self.intake.refuse(noun, id, fault)
        if noun in _SHARED:
            self._seen.add(id)
        return read.made

    def _leave(self, noun: str, why: str, number: int = 1) -> None:
        self.found[noun] += number
        self.left[noun, why] += number

    def _count_what_stays(self) -> None:
        """What was deleted in V1, and what has no place here."""
        for table, noun in _TABLES.items():
            self._leave(noun, "deleted", self._source.count(table, deleted=True))
        for table in _STAYS:
            self._leave(table, "of a kind that is not taken over", self._source.count(table))
        if (number := self._source.count("organizations")) > 1:
            self.intake.remarks.append(f"{number} organizations are one project here")
        self.left += Counter()  # without those of which there are none
        self.found += Counter()


def _there(found: Sequence[T | None]) -> list[T]:
    return [one for one in found if one is not None]
