"""Bundles: agents with all that is theirs, as an agent file (``.af``) holds them.

The fields are those of the public Agent File format, version 2. What that cannot say of an agent
stands in fields of palaver's own, which other readers ignore; docs/agent-files.md describes them.

Things name each other by ids that need to be unique in the file only: ``agent-0``, ``message-7``.
Whatever is not known is ignored, and what another version leaves out may be missing here.
"""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, FailFast, Field, PlainSerializer, StringConstraints

from palaver.domain.agent import AgentType, CompactionSettings, Zone
from palaver.domain.folder import MAX_NAME, EmbeddingConfig
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.message import (
    Approval,
    CompactionStats,
    ImageContent,
    Return,
    TextContent,
    TextOrImage,
)
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.part import Part
from palaver.domain.rule import ToolRule
from palaver.domain.tool import DEFAULT_RETURN_LIMIT, ToolType

LocalId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Positive = Annotated[int, Field(ge=1, le=2**31 - 1)]


def _as_given(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_given(one) for one in value]
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value


_KEPT = PlainSerializer(_as_given)  # what was left out is left out again, and null stays null


class ReasoningContent(Frozen):
    """Words that the model thought."""

    type: Literal["reasoning"]
    reasoning: str
    is_native: bool = True
    signature: str | None = None


class RedactedReasoningContent(Frozen):
    """Thoughts that the provider has encrypted."""

    type: Literal["redacted_reasoning"]
    data: str


class OmittedReasoningContent(Frozen):
    """Thoughts that the provider does not show."""

    type: Literal["omitted_reasoning"]
    signature: str | None = None


class ReasoningSummary(Frozen):
    """A piece of what a provider tells of thoughts."""

    index: int = 0
    text: str


class SummarizedReasoningContent(Frozen):
    """Thoughts of which the provider tells a summary, and keeps the rest encrypted."""

    type: Literal["summarized_reasoning"]
    id: str | None = None
    summary: list[ReasoningSummary]
    encrypted_content: str | None = None


class ToolCallContent(Frozen):
    """A call among the words, as some versions write it."""

    type: Literal["tool_call"]
    id: str
    name: str
    input: dict[str, Any]
    signature: str | None = None


class ToolReturnContent(Frozen):
    """A return among the words, as some versions write it."""

    type: Literal["tool_return"]
    tool_call_id: str
    content: str
    is_error: bool = False


Content = Annotated[
    TextContent
    | ImageContent
    | ReasoningContent
    | RedactedReasoningContent
    | OmittedReasoningContent
    | SummarizedReasoningContent
    | ToolCallContent
    | ToolReturnContent,
    Field(discriminator="type"),
]


class CalledFunction(Frozen):
    """What a call calls. ``arguments`` is JSON text, as the model wrote it."""

    name: str
    arguments: str = "{}"


class BundledCall(Frozen):
    """A tool call in the shape of OpenAI's."""

    id: str
    function: CalledFunction
    type: Literal["function"] = "function"


class BundledReturn(Frozen):
    """What a call came to. One without an id answers the call that its message names."""

    tool_call_id: str | None = None
    status: Literal["success", "error"] = "success"
    func_response: str | list[TextOrImage] | None = None
    stdout: list[str] | None = None
    stderr: list[str] | None = None


class BundledMessage(Frozen):
    """One side's say: what palaver keeps as an entry.

    Palaver's own: ``parts`` are exactly what the entry holds, where the other fields cannot say
    that, and then go before them; ``cut`` marks a say that was broken off, and ``compaction`` tells
    of a summary what it did to the window.
    """

    type: Literal["message"] = "message"
    id: LocalId | None = None
    role: Literal["system", "user", "assistant", "tool", "function", "approval", "summary"]
    content: list[Content] | str | None = None
    name: str | None = None
    otid: str | None = None
    sender_id: str | None = None
    group_id: str | None = None
    model: str | None = None
    agent_id: str | None = None
    tool_calls: list[BundledCall] | None = None
    tool_call_id: str | None = None
    tool_returns: list[BundledReturn] | None = None
    created_at: SentStamp | None = None
    approve: bool | None = None
    approval_request_id: str | None = None
    denial_reason: str | None = None
    approvals: list[Annotated[Approval | Return, Field(discriminator="type")]] | None = None
    parts: tuple[Part, ...] | None = None
    cut: bool | None = None
    compaction: CompactionStats | None = None


class BundledConversation(Frozen):
    """A conversation of an agent, which palaver has many of. The format knows one without a name.

    ``message_ids`` are all of its messages in order, the system text first, those of a fork's
    beginning among them: they stand in other conversations, too. ``in_context_message_ids`` are
    those in its window, in the window's order. A ``stale`` system text is older than the blocks:
    the next send compiles it anew.
    """

    id: LocalId
    is_default: bool = False
    summary: str | None = None
    description: str | None = None
    model: str | None = None
    model_settings: Annotated[ModelSettings | None, _KEPT] = None
    context_window_limit: Positive | None = None
    hidden: bool = False
    archived: bool = False
    archived_at: SentStamp | None = None
    created_at: SentStamp | None = None
    last_message_at: SentStamp | None = None
    message_ids: list[LocalId] = Field(default_factory=list)
    in_context_message_ids: list[LocalId] = Field(default_factory=list)
    stale: bool = False


class BundledBlock(Frozen):
    """A memory block. What has no id stands in its agent."""

    id: LocalId | None = None
    label: Label
    value: str = ""
    limit: Whole | None = None
    description: str | None = None
    read_only: bool = False
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    hidden: bool | None = None
    is_template: bool = False
    template_name: str | None = Field(None, validation_alias=AliasChoices("template_name", "name"))
    preserve_on_migration: bool | None = None
    created_at: SentStamp | None = None


class BundledTool(Frozen):
    """A tool. Palaver's own: ``approval_ttl``, and the ``mcp_server_id`` of what it comes from."""

    id: LocalId
    name: Label
    tool_type: ToolType = "custom"
    description: str | None = None
    source_type: str | None = None
    source_code: str | None = None
    json_schema: dict[str, Any] | None = None
    args_json_schema: dict[str, Any] | None = None
    tags: list[str] | None = None
    return_char_limit: Positive = DEFAULT_RETURN_LIMIT
    pip_requirements: list[dict[str, Any]] | None = None
    npm_requirements: list[dict[str, Any]] | None = None
    default_requires_approval: bool | None = None
    enable_parallel_execution: bool | None = None
    metadata_: dict[str, Any] | None = None
    approval_ttl: Annotated[float, Field(gt=0)] | None = None
    mcp_server_id: LocalId | None = None
    created_at: SentStamp | None = None


class BundledServer(Frozen):
    """An MCP server, without what it would be told in confidence."""

    id: LocalId
    server_type: Literal["stdio", "sse", "streamable_http"]
    server_name: Label
    server_url: str | None = None
    stdio_config: dict[str, Any] | None = None
    created_at: SentStamp | None = None


class BundledFolder(Frozen):
    """A folder, which the format calls a source."""

    id: LocalId
    name: Label
    description: str | None = None
    instructions: str | None = None
    metadata: dict[str, Any] | None = None
    embedding_config: EmbeddingConfig | None = None


class BundledFile(Frozen):
    """A file of a folder, with its text."""

    id: LocalId
    source_id: LocalId
    file_name: Label
    original_file_name: str | None = None
    file_path: str | None = None
    file_type: str | None = None
    content: str | None = None


class OpenedFile(Frozen):
    """What an agent sees of a file."""

    file_id: LocalId
    is_open: bool = False
    start_line: Positive | None = None
    end_line: Positive | None = None


class BundledPassage(Frozen):
    """A text in an archive."""

    id: LocalId | None = None
    text: Annotated[str, StringConstraints(min_length=1)]
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    created_at: SentStamp | None = None


class BundledArchive(Frozen):
    """An archive with its passages. The format has none: this is palaver's own."""

    id: LocalId
    name: str
    description: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: SentStamp | None = None
    passages: list[BundledPassage] = Field(default_factory=list)


class BundledAgent(Frozen):
    """An agent. Palaver's own: its ``conversations`` and ``archive_ids``.

    Without conversations all its messages are of the default one, in the order of the file, and
    ``in_context_message_ids`` is its window; with them, the same fields repeat that one's.
    """

    id: LocalId
    name: Label = "Imported agent"
    agent_type: AgentType = "letta_v1_agent"
    system: str | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None
    model: str | None = None
    llm_config: dict[str, Any] | None = None
    model_settings: Annotated[ModelSettings | None, _KEPT] = None
    context_window_limit: Positive | None = None
    embedding: str | None = None
    embedding_config: dict[str, Any] | None = None
    compaction_settings: Annotated[CompactionSettings | None, _KEPT] = None
    response_format: Annotated[ResponseFormat | None, _KEPT] = None
    tags: list[str] | None = None
    tool_ids: list[LocalId] | None = None
    tools: list[str] | None = None
    tool_rules: Annotated[list[ToolRule] | None, _KEPT] = None
    block_ids: list[LocalId] | None = None
    memory_blocks: list[BundledBlock] | None = None
    secrets: dict[str, str | None] | None = None
    tool_exec_environment_variables: dict[str, str | None] | None = None
    timezone: Zone | None = None
    hidden: bool | None = None
    message_buffer_autoclear: bool | None = None
    enable_sleeptime: bool | None = None
    max_files_open: Annotated[int, Field(ge=0, le=1000)] | None = None
    per_file_view_window_char_limit: Whole | None = None
    created_at: SentStamp | None = None
    in_context_message_ids: list[LocalId] | None = None
    messages: list[BundledMessage] = Field(default_factory=list)
    source_ids: list[LocalId] | None = None
    files_agents: list[OpenedFile] | None = None
    archive_ids: list[LocalId] | None = None
    conversations: list[BundledConversation] | None = None


class Bundle(Frozen):
    """All that a file holds. Blocks, tools, servers and archives may belong to several agents.

    ``groups`` are told of and not taken over; ``skills`` are the business of clients.
    """

    agents: Annotated[list[BundledAgent], FailFast()]
    groups: list[dict[str, Any]] = Field(default_factory=list)
    blocks: Annotated[list[BundledBlock], FailFast()] = Field(default_factory=list)
    files: Annotated[list[BundledFile], FailFast()] = Field(default_factory=list)
    sources: Annotated[list[BundledFolder], FailFast()] = Field(default_factory=list)
    tools: Annotated[list[BundledTool], FailFast()] = Field(default_factory=list)
    mcp_servers: Annotated[list[BundledServer], FailFast()] = Field(default_factory=list)
    archives: Annotated[list[BundledArchive], FailFast()] = Field(default_factory=list)
    skills: list[dict[str, Any]] = Field(default_factory=list)
    metadata: dict[str, Any] | None = None
    created_at: SentStamp | None = None
