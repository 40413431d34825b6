"""Runs and steps: one send carried out, and its calls to the model."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen, Stamp
from palaver.domain.token_details import TokenDetails

RunStatus = Literal["created", "running", "completed", "failed", "cancelled"]

StopReason = Literal[
    "end_turn", "error", "llm_api_error", "invalid_llm_response", "invalid_tool_call",
    "max_steps", "max_tokens_exceeded", "no_tool_call", "tool_rule", "cancelled",
    "insufficient_credits", "requires_approval", "context_window_overflow_in_system_prompt",
]  # fmt: skip

OnBusy = Literal["reject", "queue", "interrupt"]
"""What becomes of a send to a conversation that has an active run."""

OnPending = Literal["reject", "deny"]
"""What becomes of a send to a conversation whose calls wait for an answer, and that is none."""

ACTIVE: tuple[RunStatus, ...] = ("created", "running")

_COMPLETED = {"end_turn", "max_steps", "tool_rule", "requires_approval"}


def status_of(stop: StopReason) -> RunStatus:
    """The status that a run ends with, from why it stopped (contract §3.5)."""
    if stop == "cancelled":
        return "cancelled"
    return "completed" if stop in _COMPLETED else "failed"


class RequestConfig(Frozen):
    """What the send asked of its answer (deprecated fields of the API)."""

    use_assistant_message: bool = True
    assistant_message_tool_name: str = "send_message"
    assistant_message_tool_kwarg: str = "message"
    include_return_message_types: Sequence[str] | None = None


class Undertaking(Frozen):
    """Something that goes on until it ends, which somebody may be told of then."""

    id: str
    status: RunStatus = "created"
    stop_reason: StopReason | None = None
    created_at: Stamp
    completed_at: Stamp | None = None
    metadata: dict[str, Any] | None = None
    callback_url: str | None = None
    callback_sent_at: Stamp | None = None
    callback_status_code: int | None = None
    callback_error: str | None = None
    ttft_ns: int | None = None
    total_duration_ns: int | None = None


class Run(Undertaking):
    """One send, carried out. ``conversation_id`` is null for the default conversation.

    A run that waits for another one to end has the status ``created``.
    """

    agent_id: str
    conversation_id: str | None = None
    background: bool | None = False
    request_config: RequestConfig | None = None
    base_template_id: str | None = None


class Step(Frozen):
    """One call to the model within a run. ``token_details`` are kept with it, and not shown."""

    id: str
    run_id: str | None = None
    agent_id: str | None = None
    project_id: str | None = None
    status: Literal["pending", "success", "failed", "cancelled"] | None = "pending"
    stop_reason: StopReason | None = None
    model: str | None = None
    model_handle: str | None = None
    model_endpoint: str | None = None
    provider_name: str | None = None
    provider_category: str | None = None
    provider_id: str | None = None
    context_window_limit: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    prompt_tokens_details: dict[str, Any] | None = None
    completion_tokens_details: dict[str, Any] | None = None
    error_type: str | None = None
    error_data: dict[str, Any] | None = None
    request_id: str | None = None
    origin: str | None = None
    tags: list[str] = Field(default_factory=list)
    messages: list[dict[str, Any]] = Field(default_factory=list)
    feedback: Literal["positive", "negative"] | None = None
    tid: str | None = None
    trace_id: str | None = None
    token_details: TokenDetails | None = Field(None, exclude=True)


class StepMetrics(Frozen):
    """How long a step took, and what the provider's cache could make of its prompt.

    Starts are nanoseconds since 1970. ``prefix_changed_at`` is the byte of the prompt at which it
    goes another way than the conversation's previous one; null where that one is its beginning.
    The tokens of the step are ``estimated`` where its provider has counted none.
    """

    id: str
    agent_id: str | None = None
    run_id: str | None = None
    project_id: str | None = None
    provider_id: str | None = None
    base_template_id: str | None = None
    template_id: str | None = None
    step_start_ns: int | None = None
    step_ns: int | None = None
    llm_request_start_ns: int | None = None
    llm_request_ns: int | None = None
    tool_execution_ns: int | None = None
    prefix_changed_at: int | None = None
    estimated: bool = False
    cached_input_tokens: int | None = None


class RunMetrics(Frozen):
    """How long a run took, and the ids of the tools that it used.

    The start is nanoseconds since 1970; ``run_ns`` is null until the run has ended.
    """

    id: str
    agent_id: str | None = None
    project_id: str | None = None
    run_start_ns: int | None = None
    run_ns: int | None = None
    num_steps: int | None = None
    tools_used: list[str] | None = None
    template_id: str | None = None
    base_template_id: str | None = None


class PromptTokensDetails(Frozen):
    """How much of the prompt came from, or went into, the provider's cache."""

    cached_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None


class CompletionTokensDetails(Frozen):
    """How much of the completion was reasoning."""

    reasoning_tokens: int | None = None


class RunUsage(Frozen):
    """Tokens of a run, summed over its steps."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None
