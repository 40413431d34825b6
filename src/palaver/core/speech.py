"""One answer of a model, as it comes in.

Each event becomes the fragment that a client is shown, and is remembered, so that the whole can be
stored when the answer ends, or as much of it as there is when it is broken off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from palaver.core import voice
from palaver.core.expand import envelope, signature_of
from palaver.core.voice import Voice
from palaver.domain.entry import Entry
from palaver.domain.llm import (
    Completion,
    HiddenReasoningGiven,
    ReasoningDelta,
    Sealed,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from palaver.domain.message import (
    ApprovalRequestMessage,
    AssistantMessage,
    Call,
    HiddenReasoningMessage,
    Message,
    ReasoningMessage,
    ToolCallMessage,
)
from palaver.domain.part import Gate, HiddenReasoning, Part, Reasoning, Text, ToolCall


@dataclass(slots=True)
class _Said:
    """A part while it grows: an empty one of its kind, and the words it has so far."""

    kind: Text | Reasoning | HiddenReasoning | ToolCall
    about: dict[str, Any]
    words: list[str] = field(default_factory=list)

    def part(self) -> Part:
        text = "".join(self.words)
        match self.kind:
            case ToolCall():
                return self.kind.model_copy(update={"arguments": text})
            case HiddenReasoning():
                return self.kind
            case _:
                return self.kind.model_copy(update={"text": text})


class Speech:
    """An answer that grows. `blank` is its entry as it will be stored, without parts.

    `gates` are the tools whose calls wait. All such calls of an answer are shown as one message.
    """

    def __init__(self, blank: Entry, gates: Mapping[str, Gate] | None = None) -> None:
        self.completion: Completion | None = None
        self._blank = blank
        self._gates = gates or {}
        self._said: dict[int, _Said] = {}
        self._voices: dict[int, Voice] = {}
        self._messages = 0
        self._request: dict[str, Any] | None = None

    def hear(self, event: StreamEvent) -> Message | None:
        """Take in the next event; the fragment that it is shown as, if it is shown."""
        match event:
            case TextDelta():
                said = self._grow(event.part, Text(text=""), event.text)
                return AssistantMessage(**said.about, content=event.text)
            case ReasoningDelta():
                said = self._grow(event.part, Reasoning(text=""), event.text)
                return ReasoningMessage(**said.about, reasoning=event.text)
            case ToolCallDelta():
                return self._call(event)
            case HiddenReasoningGiven():
                hidden = HiddenReasoning(state=event.state, data=event.data)
                about = self._grow(event.part, hidden, "").about
                return HiddenReasoningMessage(
                    **about, state=event.state, hidden_reasoning=event.data
                )
            case Sealed():
                return self._seal(event)
            case Completion():
                self.completion = event
                return None
            case _:
                assert_never(event)

    def entry(self) -> Entry | None:
        """All that was said, or None where nothing was. Marked as cut while there is no end."""
        if not self._said:
            return None
        parts = tuple(said.part() for said in self._said.values())
        return self._blank.model_copy(update={"parts": parts, "cut": self.completion is None})

    def _grow(
        self, part: int, new: Text | Reasoning | HiddenReasoning | ToolCall, words: str
    ) -> _Said:
        said = self._said.get(part)
        if said is None:
            said = self._said[part] = _Said(new, self._about(new))
        said.words.append(words)
        return said

    def _about(self, new: Text | Reasoning | HiddenReasoning | ToolCall) -> dict[str, Any]:
        waits = isinstance(new, ToolCall) and new.gate is not None
        if waits and self._request is not None:
            return self._request
        about = envelope(self._blank, self._messages)
        self._messages += 1
        if waits:
            self._request = about
        return about

    def _call(self, event: ToolCallDelta) -> Message:
        new = event.part not in self._said
        name = event.name or ""
        gate = self._gates.get(name)
        begun = ToolCall(call_id=event.call_id, name=name, arguments="", gate=gate)
        said = self._grow(event.part, begun, event.arguments)
        if new and name == voice.NAME and gate is None:
            self._voices[event.part] = Voice()
        if event.part in self._voices:
            words = self._voices[event.part].hear(event.arguments)
            return AssistantMessage(**said.about, content=words)
        call = Call(
            name=event.name if new else None,
            arguments=event.arguments,
            tool_call_id=event.call_id,
        )
        if said.about is self._request:
            return ApprovalRequestMessage(**said.about, tool_call=call, tool_calls=call)
        return ToolCallMessage(**said.about, tool_call=call, tool_calls=call)

    def _seal(self, event: Sealed) -> Message | None:
        said = self._said[event.part]
        before = signature_of(said.kind)
        seal = {**(said.kind.seal or {}), **event.seal}
        said.kind = said.kind.model_copy(update={"seal": seal})
        signature = signature_of(said.kind)
        if isinstance(said.kind, Reasoning) and signature and signature != before:
            return ReasoningMessage(**said.about, reasoning="", signature=signature)
        return None
