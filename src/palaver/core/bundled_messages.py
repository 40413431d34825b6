"""Entries as the messages of an agent file, and back.

The format tells what is said in its own words, and reads well in other programs. What it has no
words for (what providers attach, what a call waits for, an order that it does not know) is kept by
writing the entry's parts beside them. Whether that is needed is found out by reading it back.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never

from palaver.core import expand
from palaver.core.expand import answer_of, signature_of
from palaver.domain import bundle
from palaver.domain.bundle import BundledCall, BundledMessage, BundledReturn, CalledFunction
from palaver.domain.entry import SYSTEM_SEQ, Entry, Role
from palaver.domain.message import Approval, ImageContent, TextContent, TextOrImage
from palaver.domain.part import (
    Gate,
    HiddenReasoning,
    Image,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    Verdict,
)

_TEXT_OR_IMAGE = (TextContent, ImageContent)


def entries_of(said: Mapping[str, BundledMessage], at: datetime) -> dict[str, Entry]:
    """The entries that an agent's messages are, by their ids; they have no place yet.

    Those without a time were said at `at`.
    """
    reader = Reader()
    return {local: reader.read(one, local, SYSTEM_SEQ, at) for local, one in said.items()}


class Reader:
    """Reads the messages of one agent, in the order of its file: some name what earlier ones did.

    A return does not tell the name of its tool, and an answer may name the message that asked.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # of tools, by the ids of calls
        self._asked: dict[str, str] = {}  # ids of calls, by the ids of messages

    def read(self, message: BundledMessage, entry_id: str, seq: int, at: datetime) -> Entry:
        """The entry that a message is. One without a time was said at `at`."""
        parts = self.parts_of(message)
        calls = [part for part in parts if isinstance(part, ToolCall)]
        self._names.update((call.call_id, call.name) for call in calls)
        if calls and message.id is not None:
            self._asked[message.id] = calls[0].call_id
        return Entry(
            id=entry_id,
            seq=seq,
            role=role_of(message),
            parts=parts,
            created_at=message.created_at or at,
            otid=message.otid,
            name=message.name,
            sender_id=message.sender_id,
            group_id=message.group_id,
            model=message.model,
            cut=bool(message.cut),
            compaction=message.compaction,
        )

    def parts_of(self, message: BundledMessage) -> tuple[Part, ...]:
        """What a message holds, in order."""
        if message.parts is not None:
            return message.parts
        if message.role in ("tool", "function"):
            return tuple(self._returns(message))
        said = [part for content in _contents(message) for part in _read(content)]
        gate: Gate | None = "approval" if message.role == "approval" else None
        known = {part.call_id for part in said if isinstance(part, ToolCall)}
        for call in message.tool_calls or ():
            if call.id not in known:
                name, arguments = call.function.name, call.function.arguments
                said.append(ToolCall(call_id=call.id, name=name, arguments=arguments, gate=gate))
        return (*said, *self._answers(message))

    def _returns(self, message: BundledMessage) -> Iterable[Part]:
        contents = _contents(message)
        words = contents or [TextContent(text="")]
        alone = BundledReturn(func_response=[c for c in words if isinstance(c, _TEXT_OR_IMAGE)])
        for one in message.tool_returns or [alone]:
            call_id = one.tool_call_id or message.tool_call_id or ""
            yield ToolReturn(
                call_id=call_id,
                name=self._names.get(call_id) or message.name or "",
                status=one.status,
                content=_content(one.func_response),
                stdout=one.stdout,
                stderr=one.stderr,
            )

    def _answers(self, message: BundledMessage) -> Iterable[Part]:
        if not message.approvals and message.approve is not None:
            asked = message.approval_request_id or ""
            reason = message.denial_reason
            call_id = self._asked.get(asked, asked)
            yield Verdict(call_id=call_id, approve=message.approve, reason=reason)
        for one in message.approvals or ():
            if isinstance(one, Approval):
                yield Verdict(call_id=one.tool_call_id, approve=one.approve, reason=one.reason)
            else:
                yield ToolReturn(
                    call_id=one.tool_call_id,
                    name=self._names.get(one.tool_call_id, ""),
                    status=one.status,
                    content=_content(one.tool_return),
                    stdout=one.stdout,
                    stderr=one.stderr,
                )


class Writer:
    """Writes the entries of one agent, in the order of its file. `agent` is its id there."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._reader = Reader()

    def write(self, entry: Entry, local: str) -> BundledMessage:
        """The message that an entry is, under its id in the file."""
        calls = [part for part in entry.parts if isinstance(part, ToolCall)]
        returns = [part for part in entry.parts if isinstance(part, ToolReturn)]
        given = [part for part in entry.parts if isinstance(part, ToolReturn | Verdict)]
        content = [one for part in entry.parts for one in told(part)]
        answers = entry.role == "approval"
        asks = entry.role == "assistant" and any(call.gate for call in calls)
        if returns and not answers:
            content = [TextContent(text=returns[0].text)]
        message = BundledMessage(
            id=local,
            role="approval" if asks else entry.role,
            content=content,
            name=entry.name,
            otid=entry.otid,
            sender_id=entry.sender_id,
            group_id=entry.group_id,
            model=entry.model,
            agent_id=self._agent,
            tool_calls=[called(call) for call in calls] if calls and not answers else None,
            tool_call_id=returns[0].call_id if returns and not answers else None,
            tool_returns=[returned(part) for part in returns] if not answers else None,
            approvals=[answer_of(one) for one in given] if answers else None,
            created_at=entry.created_at,
            cut=entry.cut or None,
            compaction=entry.compaction,
        )
        if (role_of(message), self._reader.parts_of(message)) != (entry.role, entry.parts):
            message = message.model_copy(update={"parts": entry.parts})
        self._reader.read(message, entry.id, entry.seq, entry.created_at)  # it learns names
        return message


def role_of(message: BundledMessage) -> Role:
    """Who says it. What the format calls an approval may be the question or the answer."""
    match message.role:
        case "function":
            return "tool"
        case "approval" if message.tool_calls and not message.approvals:
            return "assistant" if message.approve is None else "approval"
        case role:
            return role


def _contents(message: BundledMessage) -> list[bundle.Content]:
    if isinstance(message.content, str):
        return [TextContent(text=message.content)] if message.content else []
    return message.content or []


def _read(content: bundle.Content) -> list[Part]:
    match content:
        case TextContent():
            return [Text(text=content.text, seal=_seal(content.signature))]
        case ImageContent():
            return [Image(source=content.source)]
        case bundle.ReasoningContent():
            return [Reasoning(text=content.reasoning, seal=_seal(content.signature))]
        case bundle.RedactedReasoningContent():
            return [HiddenReasoning(state="redacted", data=content.data)]
        case bundle.OmittedReasoningContent():
            return [HiddenReasoning(state="omitted", seal=_seal(content.signature))]
        case bundle.SummarizedReasoningContent():
            return [Reasoning(text="\n\n".join(one.text for one in content.summary))]
        case bundle.ToolCallContent():
            arguments = json.dumps(content.input, ensure_ascii=False)
            seal = _seal(content.signature)
            return [ToolCall(call_id=content.id, name=content.name, arguments=arguments, seal=seal)]
        case bundle.ToolReturnContent():
            return [
                ToolReturn(
                    call_id=content.tool_call_id,
                    status="error" if content.is_error else "success",
                    content=content.content,
                )
            ]
        case _:
            assert_never(content)


def told(part: Part) -> list[bundle.Content]:
    """A part among the words of a message. Calls, and what came of them, stand beside these."""
    match part:
        case Text():
            return [TextContent(text=part.text, signature=signature_of(part))]
        case Image():
            return [ImageContent(source=part.source)]
        case Reasoning():
            signature = signature_of(part)
            return [
                bundle.ReasoningContent(type="reasoning", reasoning=part.text, signature=signature)
            ]
        case HiddenReasoning(state="redacted"):
            return [
                bundle.RedactedReasoningContent(type="redacted_reasoning", data=part.data or "")
            ]
        case HiddenReasoning():
            signature = signature_of(part)
            return [bundle.OmittedReasoningContent(type="omitted_reasoning", signature=signature)]
        case ToolCall() | ToolReturn() | Verdict():
            return []
        case _:
            assert_never(part)


def _seal(signature: str | None) -> dict[str, str] | None:
    return None if signature is None else {"signature": signature}


def called(part: ToolCall) -> BundledCall:
    """A call, in the format's shape."""
    function = CalledFunction(name=part.name, arguments=part.arguments)
    return BundledCall(id=part.call_id, function=function)


def returned(part: ToolReturn) -> BundledReturn:
    """What a call came to, in the format's shape."""
    return BundledReturn(
        tool_call_id=part.call_id,
        status=part.status,
        func_response=expand.returned(part),
        stdout=part.stdout,
        stderr=part.stderr,
    )


def _content(told: str | list[TextOrImage] | None) -> str | list[Text | Image]:
    """What a call came to. Words alone are a text, however they were written."""
    if told is None or isinstance(told, str):
        return told or ""
    parts = [part for one in told for part in _read(one)]
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].seal is None:
        return parts[0].text
    return [part for part in parts if isinstance(part, Text | Image)]
