"""What a caller may say of an agent (contract §5.3). Fields not named here are ignored."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from palaver.domain.agent import AgentType, CompactionSettings, Zone
from palaver.domain.block import NewBlock
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.ids import BlockId, FolderId, IdentityId
from palaver.domain.mcp import VariableName
from palaver.domain.message import TextOrImage
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.rule import ToolRule
from palaver.domain.run import StopReason

Name = Annotated[str, StringConstraints(pattern=r"^[\w '\-.]+$", min_length=1, max_length=200)]
Variables = dict[VariableName, str]
"""What tools find in their environment; no name there is empty or holds ``=``."""

WindowLimit = Annotated[int, Field(ge=1, le=2**31 - 1)]


class FirstMessage(Frozen):
    """A message that stands at the beginning of an agent's default conversation."""

    role: Literal["user", "system", "assistant"]
    content: str | list[TextOrImage]
    name: str | None = None
    otid: str | None = None


class _AgentFields(Frozen):
    name: Name | None = None
    system: str | None = None
    model: str | None = None
    model_settings: ModelSettings | None = None
    llm_config: dict[str, Any] | None = None
    context_window_limit: WindowLimit | None = None
    embedding: str | None = None
    block_ids: list[BlockId] | None = None
    folder_ids: list[FolderId] | None = None
    source_ids: list[FolderId] | None = None
    identity_ids: list[IdentityId] | None = None
    tool_ids: list[str] | None = None
    tool_rules: list[ToolRule] | None = None
    tags: list[str] | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None
    timezone: Zone | None = None
    hidden: bool | None = None
    secrets: Variables | None = None
    tool_exec_environment_variables: Variables | None = None
    compaction_settings: CompactionSettings | None = None
    response_format: ResponseFormat | None = None
    enable_sleeptime: bool | None = None
    max_files_open: Annotated[int, Field(ge=0, le=1000)] | None = None
    per_file_view_window_char_limit: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class NewAgent(_AgentFields):
    """What makes an agent. A model that is not named is the server's default."""

    agent_type: AgentType = "letta_v1_agent"
    memory_blocks: list[NewBlock] | None = None
    tools: list[str] | None = None
    include_base_tools: bool = True
    initial_message_sequence: list[FirstMessage] | None = None
    message_buffer_autoclear: bool = False


class AgentChange(_AgentFields):
    """What changes of an agent: fields left out stay as they are."""

    message_buffer_autoclear: bool | None = None
    last_stop_reason: StopReason | None = None
    last_run_completion: SentStamp | None = None
    last_run_duration_ms: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
