"""Messages: the parts of entries as the API shows them, and the other frames of a stream.

Names, types and which fields are null come from the contract (§3.3). ``message_type`` stands first
so that a serialised message begins with its kind. While a message is streamed its text, reasoning
or arguments come in fragments that share ``id`` and ``otid``; `palaver.core.fold` joins them.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from palaver.domain.frozen import Date, Frozen
from palaver.domain.part import Base64Image, LettaImage, UrlImage
from palaver.domain.run import StopReason

MessageType = Literal[
    "system_message", "user_message", "assistant_message", "reasoning_message",
    "hidden_reasoning_message", "tool_call_message", "tool_return_message",
    "approval_request_message", "approval_response_message", "summary_message", "event_message",
]  # fmt: skip


class TextContent(Frozen):
    """Words, as the API writes them."""

    type: Literal["text"] = "text"
    text: str
    signature: str | None = None


class ImageContent(Frozen):
    """A picture, as the API writes it."""

    type: Literal["image"] = "image"
    source: Annotated[UrlImage | Base64Image | LettaImage, Field(discriminator="type")]


TextOrImage = Annotated[TextContent | ImageContent, Field(discriminator="type")]


class Call(Frozen):
    """A tool call, whole or (while streaming) the next fragment of its arguments."""

    name: str | None = None
    arguments: str | None = None
    tool_call_id: str | None = None


class Return(Frozen):
    """What a tool call came to."""

    type: Literal["tool"] = "tool"
    tool_call_id: str
    status: Literal["success", "error"]
    tool_return: str | list[TextOrImage]
    stdout: list[str] | None = None
    stderr: list[str] | None = None


class Approval(Frozen):
    """A person's yes or no to a tool call."""

    type: Literal["approval"] = "approval"
    tool_call_id: str
    approve: bool
    reason: str | None = None


class Said(Frozen):
    """What every message carries. `is_err` marks one that was broken off."""

    message_type: str
    id: str
    date: Date
    name: str | None = None
    otid: str | None = None
    sender_id: str | None = None
    step_id: str | None = None
    run_id: str | None = None
    seq_id: int | None = None
    is_err: bool | None = None


class SystemMessage(Said):
    """The compiled system prompt."""

    message_type: Literal["system_message"] = "system_message"
    content: str


class UserMessage(Said):
    """What somebody sent."""

    message_type: Literal["user_message"] = "user_message"
    content: str | list[TextOrImage]


class ReasoningMessage(Said):
    """Words from the model, meant for itself."""

    message_type: Literal["reasoning_message"] = "reasoning_message"
    reasoning: str
    signature: str | None = None  # opaque; the provider wants it back unchanged
    source: Literal["reasoner_model", "non_reasoner_model"] = "reasoner_model"


class HiddenReasoningMessage(Said):
    """Reasoning that the provider keeps to itself."""

    message_type: Literal["hidden_reasoning_message"] = "hidden_reasoning_message"
    state: Literal["redacted", "omitted"]
    hidden_reasoning: str | None = None


class AssistantMessage(Said):
    """What the model says to the people."""

    message_type: Literal["assistant_message"] = "assistant_message"
    content: str | list[TextContent]


class ToolCallMessage(Said):
    """A tool call of the model. ``tool_calls`` is a list when whole, one object in fragments."""

    message_type: Literal["tool_call_message"] = "tool_call_message"
    tool_call: Call
    tool_calls: list[Call] | Call | None = None


class ToolReturnMessage(Said):
    """What the calls of a step came to; the top fields repeat the first (deprecated)."""

    message_type: Literal["tool_return_message"] = "tool_return_message"
    tool_call_id: str
    status: Literal["success", "error"]
    tool_return: str
    stdout: list[str] | None = None
    stderr: list[str] | None = None
    tool_returns: list[Return] | None = None


class ApprovalRequestMessage(Said):
    """Calls that wait for the client."""

    message_type: Literal["approval_request_message"] = "approval_request_message"
    tool_call: Call
    tool_calls: list[Call] | Call | None = None


class ApprovalResponseMessage(Said):
    """What the client answered."""

    message_type: Literal["approval_response_message"] = "approval_response_message"
    approvals: list[Annotated[Approval | Return, Field(discriminator="type")]] | None = None
    approve: bool | None = None
    approval_request_id: str | None = None
    reason: str | None = None


class CompactionStats(Frozen):
    """What a compaction did to the window, in tokens and messages."""

    trigger: str
    context_window: int
    messages_count_before: int
    messages_count_after: int
    context_tokens_before: int | None = None
    context_tokens_after: int | None = None


class SummaryMessage(Said):
    """What stands in the window for the messages that left it."""

    message_type: Literal["summary_message"] = "summary_message"
    summary: str
    compaction_stats: CompactionStats | None = None


class EventMessage(Said):
    """Something happened to the window."""

    message_type: Literal["event_message"] = "event_message"
    event_type: Literal["compaction"] = "compaction"
    event_data: dict[str, Any]


Message = Annotated[
    SystemMessage
    | UserMessage
    | ReasoningMessage
    | HiddenReasoningMessage
    | ToolCallMessage
    | ToolReturnMessage
    | AssistantMessage
    | ApprovalRequestMessage
    | ApprovalResponseMessage
    | SummaryMessage
    | EventMessage,
    Field(discriminator="message_type"),
]


class Ping(Said):
    """Nothing happened, and the connection is alive. Not part of the log."""

    message_type: Literal["ping"] = "ping"


class StreamError(Frozen):
    """Why a run failed, told inside its stream."""

    message_type: Literal["error_message"] = "error_message"
    run_id: str
    error_type: str
    message: str
    detail: str = ""
    seq_id: int | None = None


class Stop(Frozen):
    """Why a run ended."""

    message_type: Literal["stop_reason"] = "stop_reason"
    stop_reason: StopReason
    seq_id: int | None = None


class Usage(Frozen):
    """Tokens, summed over the steps of a run. Null counts were not reported by the provider."""

    message_type: Literal["usage_statistics"] = "usage_statistics"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    step_count: int = 0
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    context_tokens: int | None = None
    run_ids: list[str] | None = None
    seq_id: int | None = None
