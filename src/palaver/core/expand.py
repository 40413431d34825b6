"""Entries in, messages out: how the API shows what is stored.

One entry becomes a message for each of its parts, and one for all calls that wait for an answer.
They share the entry's id and are told apart by ``otid``, the id with the message's number in it.
Streams use the same names (`palaver.core.speech`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from palaver.core import voice
from palaver.domain.entry import Entry
from palaver.domain.frozen import date_of
from palaver.domain.ids import otid_of
from palaver.domain.message import (
    Approval,
    ApprovalRequestMessage,
    ApprovalResponseMessage,
    AssistantMessage,
    Call,
    HiddenReasoningMessage,
    ImageContent,
    Message,
    ReasoningMessage,
    Return,
    SummaryMessage,
    SystemMessage,
    TextContent,
    TextOrImage,
    ToolCallMessage,
    ToolReturnMessage,
    UserMessage,
)
from palaver.domain.part import (
    HiddenReasoning,
    Image,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    Verdict,
)

_IMAGE_IN_TEXT = "[image]"


def messages_of(entry: Entry) -> list[Message]:
    """The messages that `entry` is shown as, in the order they were said.

    What is damaged (`palaver.core.repair`) shows what can be shown of it, which may be nothing.
    """
    match entry.role:
        case "system":
            return [SystemMessage(**envelope(entry, 0), content=entry.text)]
        case "user":
            return [UserMessage(**envelope(entry, 0), content=_content(entry.parts))]
        case "summary":
            about = envelope(entry, 0)
            return [SummaryMessage(**about, summary=entry.text, compaction_stats=entry.compaction)]
        case "tool":
            return _returns(entry)
        case "approval":
            return _response(entry)
        case "assistant":
            return _spoken(entry)
        case _:
            assert_never(entry.role)


def envelope(entry: Entry, number: int) -> dict[str, Any]:
    """What one message of an entry carries besides its content."""
    return {
        "id": entry.id,
        "date": date_of(entry.created_at),
        "name": entry.name,
        "otid": (entry.otid if number == 0 else None) or otid_of(entry.id, number),
        "sender_id": entry.sender_id,
        "step_id": entry.step_id,
        "run_id": entry.run_id,
    }


def signature_of(part: Text | Reasoning | HiddenReasoning | ToolCall) -> str | None:
    """The provider's signature of a part, which is the one piece of a seal that the API shows."""
    signature = (part.seal or {}).get("signature")
    return signature if isinstance(signature, str) else None


def _spoken(entry: Entry) -> list[Message]:
    waiting = [part for part in entry.parts if isinstance(part, ToolCall) and part.gate]
    spoken: list[Message] = []
    for part in entry.parts:
        about = envelope(entry, len(spoken))
        if not isinstance(part, ToolCall) or part.gate is None:
            spoken += _said(about, part)
        elif part is waiting[0]:
            calls = [_call(call) for call in waiting]
            spoken.append(ApprovalRequestMessage(**about, tool_call=calls[0], tool_calls=calls))
    if entry.cut and spoken:
        spoken[-1] = spoken[-1].model_copy(update={"is_err": True})
    return spoken


def _said(about: dict[str, Any], part: Part) -> list[Message]:
    match part:
        case Text():
            return [AssistantMessage(**about, content=part.text)]
        case Reasoning():
            signature = signature_of(part)
            return [ReasoningMessage(**about, reasoning=part.text, signature=signature)]
        case HiddenReasoning():
            return [HiddenReasoningMessage(**about, state=part.state, hidden_reasoning=part.data)]
        case ToolCall(name=voice.NAME):
            return [AssistantMessage(**about, content=voice.words_in(part.arguments))]
        case ToolCall():
            call = _call(part)
            return [ToolCallMessage(**about, tool_call=call, tool_calls=[call])]
        case Image() | ToolReturn() | Verdict():
            return []
        case _:
            assert_never(part)


def _call(part: ToolCall) -> Call:
    return Call(name=part.name, arguments=part.arguments, tool_call_id=part.call_id)


def _response(entry: Entry) -> list[Message]:
    """What was answered; the top fields repeat the first verdict (deprecated)."""
    answers = [answer_of(part) for part in entry.parts if isinstance(part, ToolReturn | Verdict)]
    verdict = next((one for one in answers if isinstance(one, Approval)), None)
    response = ApprovalResponseMessage(
        **envelope(entry, 0),
        approvals=answers,
        approve=verdict.approve if verdict else None,
        approval_request_id=answers[0].tool_call_id if answers else None,
        reason=verdict.reason if verdict else None,
    )
    return [response] if answers else []


def _returns(entry: Entry) -> list[Message]:
    parts = [
        part for part in entry.parts if isinstance(part, ToolReturn) and not voice.is_echo(part)
    ]
    if not parts:
        return []
    first = parts[0]
    message = ToolReturnMessage(
        **{**envelope(entry, 0), "name": first.name or entry.name},
        tool_call_id=first.call_id,
        status=first.status,
        tool_return=_as_text(first.content),
        stdout=first.stdout,
        stderr=first.stderr,
        tool_returns=[_return(part) for part in parts],
    )
    return [message]


def answer_of(part: ToolReturn | Verdict) -> Return | Approval:
    """What a client, or somebody, has answered to a call."""
    if isinstance(part, ToolReturn):
        return _return(part)
    return Approval(tool_call_id=part.call_id, approve=part.approve, reason=part.reason)


def _return(part: ToolReturn) -> Return:
    return Return(
        tool_call_id=part.call_id,
        status=part.status,
        tool_return=returned(part),
        stdout=part.stdout,
        stderr=part.stderr,
    )


def _as_text(content: str | list[Text | Image]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.text if isinstance(part, Text) else _IMAGE_IN_TEXT for part in content)


def returned(part: ToolReturn) -> str | list[TextOrImage]:
    """What a call came to, as the API writes it."""
    return part.content if isinstance(part.content, str) else _shown(part.content)


def _content(parts: Sequence[Part]) -> str | list[TextOrImage]:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return _shown(parts)


def _shown(parts: Iterable[Part]) -> list[TextOrImage]:
    shown: list[TextOrImage] = []
    for part in parts:
        if isinstance(part, Text):
            shown.append(TextContent(text=part.text, signature=signature_of(part)))
        elif isinstance(part, Image):
            shown.append(ImageContent(source=part.source))
    return shown


def parts_of(message: Message) -> tuple[Part, ...]:
    """The parts that a whole message shows: what `messages_of` does, turned round.

    What the API does not show (a seal, but for its signature; what calls wait for) is not in them.
    """
    match message:
        case AssistantMessage(content=str(text)):
            return (Text(text=text),)
        case ReasoningMessage():
            seal = {"signature": message.signature} if message.signature else None
            return (Reasoning(text=message.reasoning, seal=seal),)
        case HiddenReasoningMessage():
            return (HiddenReasoning(state=message.state, data=message.hidden_reasoning),)
        case (
            ToolCallMessage(tool_calls=list(calls)) | ApprovalRequestMessage(tool_calls=list(calls))
        ):
            return tuple(
                ToolCall(
                    call_id=call.tool_call_id or "",
                    name=call.name or "",
                    arguments=call.arguments or "",
                    gate="approval" if isinstance(message, ApprovalRequestMessage) else None,
                )
                for call in calls
            )
        case ToolReturnMessage():
            return tuple(
                ToolReturn(
                    call_id=one.tool_call_id,
                    name=message.name or "",
                    status=one.status,
                    content=one.tool_return if isinstance(one.tool_return, str) else "",
                    stdout=one.stdout,
                    stderr=one.stderr,
                )
                for one in message.tool_returns or []
            )
        case _:
            return ()
