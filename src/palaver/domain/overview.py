"""What fills a conversation's window, part by part, as the API shows it."""

from collections.abc import Sequence
from typing import Any, Literal

from palaver.domain.entry import Role
from palaver.domain.frozen import Frozen, Stamp
from palaver.domain.tool import ToolSpec


class FunctionDefinition(ToolSpec):
    """A tool as a model is told of it."""

    strict: bool | None = None


class FunctionTool(Frozen):
    """A tool as a provider's API has it."""

    type: Literal["function"] = "function"
    function: FunctionDefinition


class WholeMessage(Frozen):
    """An entry in one piece, where elsewhere each of its parts is shown as a message.

    ``content`` has its words, pictures and reasoning; calls, returns and verdicts stand apart.
    """

    id: str
    role: Role
    content: list[dict[str, Any]]
    created_at: Stamp
    agent_id: str | None = None
    conversation_id: str | None = None
    model: str | None = None
    name: str | None = None
    otid: str | None = None
    run_id: str | None = None
    step_id: str | None = None
    sender_id: str | None = None
    group_id: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    tool_returns: list[dict[str, Any]] | None = None
    approvals: list[dict[str, Any]] | None = None
    is_err: bool | None = None
    approval_request_id: str | None = None
    approve: bool | None = None
    denial_reason: str | None = None
    batch_item_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
    updated_at: Stamp | None = None


class ContextWindowOverview(Frozen):
    """The tokens of a window by part; together they are ``context_window_size_current``.

    They are estimates, in the measure of the provider that has counted the window's beginning.
    ``external_memory_summary`` is what the prompt tells of the conversation.
    """

    context_window_size_max: int
    context_window_size_current: int
    num_messages: int
    num_archival_memory: int
    num_recall_memory: int
    num_tokens_external_memory_summary: int
    external_memory_summary: str
    num_tokens_system: int
    system_prompt: str
    num_tokens_core_memory: int
    core_memory: str
    num_tokens_memory_filesystem: int = 0
    memory_filesystem: str | None = None
    num_tokens_tool_usage_rules: int
    tool_usage_rules: str | None
    num_tokens_directories: int
    directories: str | None
    num_tokens_summary_memory: int
    summary_memory: str | None
    num_tokens_functions_definitions: int
    functions_definitions: Sequence[FunctionTool]
    num_tokens_messages: int
    messages: Sequence[WholeMessage]
