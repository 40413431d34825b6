"""Agents: a model, a system prompt, memory blocks and tools, that outlive any conversation."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from palaver.domain.block import Block
from palaver.domain.folder import HeldFolder
from palaver.domain.frozen import Frozen, Stamp
from palaver.domain.group import Group
from palaver.domain.identity import Identity
from palaver.domain.message import ApprovalRequestMessage
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.run import StopReason
from palaver.domain.tool import Tool

AgentType = Literal[
    "memgpt_agent", "memgpt_v2_agent", "letta_v1_agent", "react_agent", "workflow_agent",
    "split_thread_agent", "sleeptime_agent", "voice_convo_agent", "voice_sleeptime_agent",
]  # fmt: skip

AgentSort = Literal["created_at", "updated_at", "last_run_completion"]

Include = Literal[
    "agent.blocks", "agent.identities", "agent.managed_group", "agent.pending_approval",
    "agent.secrets", "agent.sources", "agent.tags", "agent.tools",
]  # fmt: skip

CompactionMode = Literal[
    "all", "sliding_window", "self_compact_all", "self_compact_sliding_window"
]  # fmt: skip


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone's name, like Europe/Berlin or UTC") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


class CompactionSettings(Frozen):
    """How a window is compacted when it fills (contract §4.3)."""

    mode: CompactionMode = "sliding_window"
    model: str | None = None
    model_settings: ModelSettings | None = None
    prompt: str | None = None
    prompt_acknowledgement: bool = False
    clip_chars: Annotated[int, Field(ge=1)] | None = 50_000
    sliding_window_percentage: Annotated[float, Field(ge=0, le=1)] = 0.3


class _Kept(Frozen):
    id: str
    name: str
    system: str
    model_settings: ModelSettings | None = None
    embedding: str | None = None
    tool_rules: list[dict[str, Any]] | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None
    timezone: str | None = None
    hidden: bool | None = None
    compaction_settings: CompactionSettings | None = None
    response_format: ResponseFormat | None = None
    message_buffer_autoclear: bool = False
    enable_sleeptime: bool | None = None
    max_files_open: int | None = None
    per_file_view_window_char_limit: int | None = None
    last_run_completion: Stamp | None = None
    last_run_duration_ms: int | None = None
    last_stop_reason: StopReason | None = None


class Agent(_Kept):
    """What palaver keeps of an agent; its blocks and tags are rows of their own.

    ``tools`` are the ids of its tools; one that was deleted may still be among them.
    ``context_window_limit`` is null where the model's own window holds.
    """

    model: str
    agent_type: AgentType = "letta_v1_agent"
    context_window_limit: int | None = None
    tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    secrets: dict[str, str] = Field(default_factory=dict)
    created_at: Stamp
    updated_at: Stamp


class LLMConfig(Frozen):
    """The model of an agent in the older, deprecated form that clients still read."""

    model: str
    model_endpoint_type: str
    context_window: int
    handle: str | None = None
    display_name: str | None = None
    model_endpoint: str | None = None
    model_wrapper: str | None = None
    provider_name: str | None = None
    provider_category: Literal["base", "byok"] | None = "base"
    temperature: float = 1.0
    max_tokens: int | None = None
    enable_reasoner: bool = True
    reasoning_effort: str | None = None
    max_reasoning_tokens: int = 0
    effort: str | None = None
    frequency_penalty: float | None = None
    put_inner_thoughts_in_kwargs: bool | None = False
    parallel_tool_calls: bool | None = True
    response_format: ResponseFormat | None = None
    strict: bool = False
    verbosity: str | None = None
    tier: str | None = None
    compatibility_type: Literal["gguf", "mlx"] | None = None
    return_logprobs: bool = False
    return_token_ids: bool = False
    top_logprobs: int | None = None
    tool_call_parser: str | None = None


class Memory(Frozen):
    """An agent's blocks in the older, deprecated form."""

    blocks: list[Block]
    agent_type: AgentType | None = None
    file_blocks: list[dict[str, Any]] = Field(default_factory=list)
    git_enabled: bool = False
    prompt_template: str = ""


class Variable(Frozen):
    """A secret that the agent's tools find in their environment."""

    agent_id: str
    key: str
    value: str
    id: str | None = None
    description: str | None = None
    value_enc: str | None = None
    created_at: Stamp | None = None
    updated_at: Stamp | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None


class AgentState(_Kept):
    """An agent as the API shows it. Relations are empty unless they were asked for."""

    agent_type: AgentType
    model: str | None
    llm_config: LLMConfig
    embedding_config: dict[str, Any] | None = None
    memory: Memory
    blocks: list[Block] = Field(default_factory=list)
    tools: list[Tool] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    sources: list[HeldFolder] = Field(default_factory=list)
    secrets: list[Variable] = Field(default_factory=list)
    tool_exec_environment_variables: list[Variable] = Field(default_factory=list)
    identities: list[Identity] = Field(default_factory=list)
    identity_ids: list[str] = Field(default_factory=list)
    message_ids: list[str] | None = None
    in_context_message_ids: list[str] | None = None
    pending_approval: ApprovalRequestMessage | None = None
    managed_group: Group | None = None
    multi_agent_group: Group | None = None
    created_at: Stamp | None = None
    updated_at: Stamp | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
    project_id: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    entity_id: str | None = None
