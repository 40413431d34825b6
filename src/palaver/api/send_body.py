"""What a caller may send to a conversation (contract §3.1, §3.2), and the entries it becomes."""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from palaver.api import pictures
from palaver.core.prompt import Skill
from palaver.domain.entry import Entry
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId
from palaver.domain.message import Approval, ImageContent, MessageType, TextContent
from palaver.domain.part import Image, Part, Text, ToolReturn, Verdict
from palaver.domain.run import OnBusy, OnPending, RequestConfig
from palaver.domain.tool import NO_PARAMETERS, ToolSpec
from palaver.engine.says import says
from palaver.errors import Invalid

MAX_MESSAGES = 1000  # messages in one request
MAX_TTL = 366 * 24 * 3600  # seconds for which calls may wait before they are denied

_SAID = {"role", "parts", "otid", "name", "sender_id", "group_id"}
_NOT_ASKED = {
    "input", "messages", "agent_id", "streaming", "stream_tokens", "include_pings", "background",
    "on_busy", "on_pending", "cancel_on_disconnect", "include_return_message_types",
}  # fmt: skip


class SentOther(Frozen):
    """What a model or a tool said elsewhere; it is kept as text."""

    type: Literal[
        "tool_call", "tool_return", "reasoning", "redacted_reasoning", "omitted_reasoning",
        "summarized_reasoning",
    ]  # fmt: skip
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    content: str | None = None
    reasoning: str | None = None
    is_native: bool | None = None
    is_error: bool | None = None
    tool_call_id: str | None = None
    data: str | None = None
    signature: str | None = None
    summary: list[dict[str, Any]] | None = None
    encrypted_content: str | None = None


def _part_kind(value: Any) -> str:
    kind = value.get("type", "text") if isinstance(value, dict) else getattr(value, "type", "text")
    return kind if kind in ("text", "image") else "other"


SentPart = Annotated[
    Annotated[TextContent, Tag("text")]
    | Annotated[ImageContent, Tag("image")]
    | Annotated[SentOther, Tag("other")],
    Discriminator(_part_kind),
]

Content = str | list[SentPart]


class SentMessage(Frozen):
    """Something that is said."""

    type: Literal["message"] | None = "message"
    role: Literal["user", "system", "assistant"]
    content: Content
    otid: str | None = None
    name: str | None = None
    sender_id: str | None = None
    group_id: str | None = None
    batch_item_id: str | None = None


class SentReturn(Frozen):
    """What a call came to that the client carried out."""

    type: Literal["tool"] = "tool"
    tool_call_id: str
    status: Literal["success", "error"]
    tool_return: Content
    stdout: list[str] | None = None
    stderr: list[str] | None = None


def _answer_kind(value: Any) -> str:
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return str(fields.get("type") or ("approval" if "approve" in fields else "tool"))


SentAnswer = Annotated[
    Annotated[Approval, Tag("approval")] | Annotated[SentReturn, Tag("tool")],
    Discriminator(_answer_kind),
]


class SentApproval(Frozen):
    """An answer to tool calls that wait for the client.

    In its older form it names one call, or the message that asks, and says yes or no to that.
    """

    type: Literal["approval"] = "approval"
    approvals: list[SentAnswer] | None = None
    approve: bool | None = None
    approval_request_id: str | None = None
    reason: str | None = None
    otid: str | None = None
    group_id: str | None = None

    @property
    def answers(self) -> Sequence[SentAnswer]:
        """The answers in it, in the newer form."""
        if self.approvals is not None or self.approve is None:
            return self.approvals or ()
        named = self.approval_request_id or ""
        return [Approval(tool_call_id=named, approve=self.approve, reason=self.reason)]


class SentToolReturn(Frozen):
    """Results of tool calls that the client carried out."""

    type: Literal["tool_return"] = "tool_return"
    tool_returns: list[SentReturn]
    otid: str | None = None
    group_id: str | None = None

    @property
    def answers(self) -> Sequence[SentAnswer]:
        """The answers in it."""
        return self.tool_returns


def _message_kind(value: Any) -> str:
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    kind = fields.get("type")
    if kind is None and ("approve" in fields or "approval_request_id" in fields):
        return "approval"
    return str(kind or "message")


Sent = Annotated[
    Annotated[SentMessage, Tag("message")]
    | Annotated[SentApproval, Tag("approval")]
    | Annotated[SentToolReturn, Tag("tool_return")],
    Discriminator(_message_kind),
]


class ClientSkill(Frozen):
    """Something the client can do, told to the model for this request only."""

    name: str
    description: str
    location: str


class ClientTool(Frozen):
    """A tool that the client carries out."""

    name: Annotated[str, Field(min_length=1)]
    description: str | None = None
    parameters: dict[str, Any] | None = None

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it."""
        parameters = NO_PARAMETERS if self.parameters is None else self.parameters
        return ToolSpec(name=self.name, description=self.description or "", parameters=parameters)


class AgentSendBody(Frozen):
    """A send by way of the agent: not streamed unless it says so.

    ``return_logprobs`` and ``return_token_ids`` fill ``logprobs`` and ``turns`` of an answer that
    is not streamed, where the provider tells them: likelihoods come from those that speak OpenAI's
    protocols (not from models while they reason), ids from SGLang alone. With any other the send is
    carried out the same and they are null. ``top_logprobs`` means nothing without
    ``return_logprobs``.
    """

    input: Content | None = None
    messages: Annotated[list[Sent], Field(max_length=MAX_MESSAGES)] | None = None
    streaming: bool = False
    stream_tokens: bool = False
    include_pings: bool = True
    background: bool = False
    on_busy: OnBusy = "reject"
    on_pending: OnPending = "reject"
    approval_ttl: Annotated[float, Field(gt=0, le=MAX_TTL)] | None = None
    cancel_on_disconnect: bool = False
    max_steps: Annotated[int, Field(ge=-(2**31), le=2**31)] = 50
    override_model: str | None = None
    override_system: str | None = None
    client_tools: list[ClientTool] | None = None
    client_skills: list[ClientSkill] | None = None
    include_return_message_types: list[MessageType] | None = None
    include_compaction_messages: bool = False
    return_logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    return_token_ids: bool = False
    use_assistant_message: bool = True
    assistant_message_tool_name: str = "send_message"
    assistant_message_tool_kwarg: str = "message"
    enable_thinking: str | bool = True

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "AgentSendBody":
        if (self.input is None) == (self.messages is None):
            raise ValueError("give exactly one of `input` and `messages`")
        if self.messages is not None and not self.messages:
            raise ValueError("`messages` must not be empty")
        if self.background and self.cancel_on_disconnect:
            raise ValueError("a run in the background is not cancelled when its client goes away")
        return self

    @property
    def in_background(self) -> bool:
        """Whether the run is one of the background."""
        return self.background and self.streaming

    @property
    def config(self) -> RequestConfig:
        """What a run remembers of how its answer was wanted."""
        return RequestConfig(
            use_assistant_message=self.use_assistant_message,
            assistant_message_tool_name=self.assistant_message_tool_name,
            assistant_message_tool_kwarg=self.assistant_message_tool_kwarg,
            include_return_message_types=self.include_return_message_types,
        )

    def fingerprint(self, inputs: Sequence[Entry]) -> str:
        """What is said and how it is to be carried out, however the answer is delivered."""
        said = [entry.model_dump(mode="json", include=_SAID) for entry in inputs]
        asked = self.model_dump(mode="json", exclude=_NOT_ASKED, exclude_defaults=True)
        return hashlib.sha256(json.dumps([said, asked]).encode()).hexdigest()

    def key(self, given: str | None) -> str | None:
        """By what a repeated send is known: the key it was `given`, else the otids of it all."""
        if given is not None:
            return f"key:{given}"
        otids = [sent.otid for sent in self.messages or ()]
        if not otids or not all(otids):
            return None
        return f"otids:{hashlib.sha256(json.dumps(otids).encode()).hexdigest()}"

    @property
    def skills(self) -> tuple[Skill, ...]:
        """The client's skills."""
        return tuple(
            Skill(skill.name, skill.description, skill.location)
            for skill in self.client_skills or ()
        )

    @property
    def logprobs(self) -> int | None:
        """How many alternatives of each token are to be told; null where nothing is."""
        return (self.top_logprobs or 0) if self.return_logprobs else None

    def inputs(self) -> tuple[Entry, ...]:
        """The entries that this send adds.

        Raises `Invalid` for one that says nothing, and for an answer that does not come first.
        """
        if self.messages is None:
            sent: Sequence[Sent] = [SentMessage(role="user", content=self.input or "")]
        else:
            sent = self.messages
        if any(not isinstance(one, SentMessage) for one in sent[1:]):
            raise Invalid(
                "An answer to tool calls is the first message of a send, and one message."
            )
        return tuple(_entry(one) for one in sent)


CallbackUrl = Annotated[str, Field(min_length=1, max_length=2083)]


class BackgroundSendBody(AgentSendBody):
    """A send whose run nobody waits for."""

    callback_url: CallbackUrl | None = None

    @property
    def in_background(self) -> bool:
        """It always is."""
        return True


class SendBody(AgentSendBody):
    """A send to a conversation: streamed unless it says otherwise."""

    streaming: bool = True
    agent_id: AgentId | None = None


def _entry(sent: Sent) -> Entry:
    if not isinstance(sent, SentMessage):
        answers = map(_answer, sent.answers)
        return says("approval", *answers, otid=sent.otid, group_id=sent.group_id)
    parts = parts_of(sent.content)
    if not any(not isinstance(part, Text) or part.text for part in parts):
        raise Invalid("There is empty content in the message; say something.")
    return says(
        sent.role,
        *parts,
        otid=sent.otid,
        name=sent.name,
        sender_id=sent.sender_id,
        group_id=sent.group_id,
    )


def _answer(sent: SentAnswer) -> Part:
    if isinstance(sent, Approval):
        return Verdict(call_id=sent.tool_call_id, approve=sent.approve, reason=sent.reason)
    content = sent.tool_return
    return ToolReturn(
        call_id=sent.tool_call_id,
        status=sent.status,
        content=content if isinstance(content, str) else [_part(part) for part in content],
        stdout=sent.stdout,
        stderr=sent.stderr,
    )


def parts_of(content: str | Sequence[SentPart]) -> tuple[Part, ...]:
    """What is said, as the parts of an entry."""
    if isinstance(content, str):
        return (Text(text=content),)
    return tuple(_part(part) for part in content)


def _part(sent: TextContent | ImageContent | SentOther) -> Text | Image:
    match sent:
        case TextContent():
            return Text(text=sent.text)
        case ImageContent():
            return pictures.taken(sent.source)
        case SentOther():
            return Text(text=_as_text(sent))


def _as_text(sent: SentOther) -> str:
    said = sent.reasoning or sent.content
    if said is None and sent.input is not None:
        said = f"{sent.name}({json.dumps(sent.input)})"
    return said or f"[{sent.type}]"
