"""What is broken in a window, and how it is mended before a model sees it.

A window is sound if each call has its return right after the say that made it, before anybody says
anything else; if each return and each answer has its call, once; and if each entry holds something,
and only what its role may hold. A conversation that a crash, a bug or an import has left otherwise
would be refused by its provider for ever.

Mending keeps every entry and part that is sound, the same ones in the same order. What has no
place is left out, what has come late is put where it belongs, and a call that nothing came to gets
a return that says so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from palaver.core.approval import refused, waiting
from palaver.domain.entry import Entry, Role
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

Fault = Literal[
    "unanswered call", "late return", "stray return", "doubled return", "doubled call",
    "stray answer", "doubled answer", "misplaced part", "empty entry",
]  # fmt: skip

LOST = "What this call came to was lost; call again if it matters."

_OF_PEOPLE = (Text, Image)
_MAY_HOLD: Mapping[Role, tuple[type[Part], ...]] = {
    "system": _OF_PEOPLE,
    "user": _OF_PEOPLE,
    "summary": _OF_PEOPLE,
    "assistant": (Text, Reasoning, HiddenReasoning, ToolCall),
    "tool": (ToolReturn,),
    "approval": (ToolReturn, Verdict),
}


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing that was mended: what was wrong, in which entry, with which call."""

    fault: Fault
    entry_id: str
    call_id: str | None = None

    def told(self) -> dict[str, str]:
        """It in the words of the API."""
        call = {} if self.call_id is None else {"tool_call_id": self.call_id}
        return {"fault": self.fault, "message_id": self.entry_id, **call}


@dataclass(frozen=True, slots=True)
class Mended:
    """A sound window, and what had to be mended for it.

    An entry that is as it was is the same object. One that lacks parts has its id still. One that
    was put in has an id that no stored entry has, the same one whenever this window is mended.
    """

    entries: tuple[Entry, ...]
    mends: tuple[Mend, ...] = ()


def mended(entries: tuple[Entry, ...]) -> Mended:
    """The window made sound; a sound one comes back as it is."""
    work = _Work(entries)
    for number, entry in enumerate(entries):
        work.take(number, entry)
    work.close(len(entries))
    return Mended(tuple(work.said), tuple(work.mends)) if work.mends else Mended(entries)


def mended_at_rest(entries: tuple[Entry, ...]) -> Mended:
    """The same for a conversation that nobody carries on: where it waits for an answer, it may."""
    whole = mended(entries)
    if len(whole.entries) < 2 or whole.entries[-1].id != f"{entries[-1].id}+":
        return whole
    *before, asked, _ = whole.entries
    if not waiting(asked):
        return whole
    lost = ("unanswered call", asked.id)
    mends = tuple(mend for mend in whole.mends if (mend.fault, mend.entry_id) != lost)
    return Mended((*before, asked), mends) if mends else Mended(entries)


@dataclass(slots=True)
class _Work:
    """A window on its way. `asked` is the say whose calls may be answered now, `due` those of them
    without a return, `answers` what was answered to them, `found` the numbers of late returns.
    """

    entries: Sequence[Entry]
    said: list[Entry] = field(default_factory=list)
    mends: list[Mend] = field(default_factory=list)
    asked: Entry | None = None
    due: dict[str, ToolCall] = field(default_factory=dict)
    answers: dict[str, Part] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    found: set[tuple[int, int]] = field(default_factory=set)
    _places: dict[str, list[tuple[int, int]]] | None = None

    def take(self, number: int, entry: Entry) -> None:
        """The next entry, with what may stay of it."""
        if entry.role not in ("tool", "approval"):
            self.close(number)
        if entry.role == "assistant":
            self.asked = entry
        if _is_empty(entry):
            self._note("empty entry", entry)
            return
        kept = [p for n, p in enumerate(entry.parts) if self._stays(entry, (number, n), p)]
        if len(kept) < len(entry.parts):
            entry = entry.model_copy(update={"parts": tuple(kept)})
            if _is_empty(entry):
                return
        self.said.append(entry)

    def close(self, number: int) -> None:
        """Nothing more is said to the calls that are due: what comes from `number` on is late."""
        asked = self.asked
        if asked is not None and self.due:
            parts = tuple(self._return(asked, call, number) for call in self.due.values())
            blank = {"id": f"{asked.id}+", "role": "tool", "model": None, "cut": False}
            self.said.append(asked.model_copy(update={**blank, "otid": None, "parts": parts}))
        if asked is not None:
            self.asked, self.due, self.answers, self.known = None, {}, {}, set()

    def _stays(self, entry: Entry, place: tuple[int, int], part: Part) -> bool:
        """Whether a part may stay where it is; why not is noted."""
        if self.found and place in self.found:
            return False
        fault = self._fault(entry.role, part)
        if fault is not None:
            self._note(fault, entry, part)
        return fault is None

    def _fault(self, role: Role, part: Part) -> Fault | None:
        """What is wrong with the next part of somebody who has this role."""
        if not isinstance(part, _MAY_HOLD[role]):
            return "misplaced part"
        if isinstance(part, ToolCall):
            if part.call_id in self.known:
                return "doubled call"
            self.known.add(part.call_id)
            self.due[part.call_id] = part
        elif role == "tool" and isinstance(part, ToolReturn):
            if self.due.pop(part.call_id, None) is None:
                return "doubled return" if part.call_id in self.known else "stray return"
        elif isinstance(part, ToolReturn | Verdict):
            if part.call_id not in self.due:
                return "stray answer"
            if self.answers.setdefault(part.call_id, part) is not part:
                return "doubled answer"
        return None

    def _return(self, asked: Entry, call: ToolCall, number: int) -> ToolReturn:
        """What a call came to that has no return in its place, as far as anybody knows."""
        late = self._late(asked, call, number)
        self._note("late return" if late else "unanswered call", asked, call)
        if late is not None:
            return late
        match self.answers.get(call.call_id):
            case ToolReturn() as given:
                return given
            case Verdict(approve=False, reason=reason):
                return refused(call, reason)
            case _:
                return call.failed(LOST)

    def _late(self, asked: Entry, call: ToolCall, number: int) -> ToolReturn | None:
        """The return of a call that comes too late, or stands beside it; it is taken from there.

        One that follows another call of the same id belongs to that.
        """
        for place in self._mentions(call.call_id):
            entry = self.entries[place[0]]
            if place[0] < number and entry is not asked:
                continue
            part = entry.parts[place[1]]
            if isinstance(part, ToolReturn):
                self.found.add(place)
                return part
            if entry is not asked:
                return None
        return None

    def _mentions(self, call_id: str) -> list[tuple[int, int]]:
        """Where the calls and returns of an id stand, in order."""
        if self._places is None:
            self._places = defaultdict(list)
            for number, entry in enumerate(self.entries):
                for n, part in enumerate(entry.parts):
                    called = isinstance(part, ToolCall) and entry.role == "assistant"
                    if called or isinstance(part, ToolReturn):
                        self._places[_call_id(part) or ""].append((number, n))
        return self._places.get(call_id, [])

    def _note(self, fault: Fault, entry: Entry, part: Part | None = None) -> None:
        self.mends.append(Mend(fault, entry.id, _call_id(part)))


def _is_empty(entry: Entry) -> bool:
    """Whether an entry holds nothing at all."""
    return all(isinstance(part, Text) and not part.text for part in entry.parts)


def _call_id(part: Part | None) -> str | None:
    return part.call_id if isinstance(part, ToolCall | ToolReturn | Verdict) else None
