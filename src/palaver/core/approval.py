"""Calls that wait for an answer: which they are, and what an answer to them means.

A conversation waits while its newest entry is a say of the model with calls that have a gate.
Nothing else says so: whatever is written after that entry ends the waiting.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from palaver.core.turn import RunTools
from palaver.domain.entry import Entry
from palaver.domain.part import Gate, Part, ToolCall, ToolReturn, Verdict
from palaver.domain.tool import Tool, ToolSpec
from palaver.errors import Invalid

RULE = "requires_approval"
"""The type of the tool rule that makes a tool's calls wait."""


def with_gates(
    rules: list[dict[str, Any]] | None, tools: Iterable[Tool]
) -> list[dict[str, Any]] | None:
    """The rules of an agent that is given `tools`: some of them want their calls to wait."""
    wanted = [
        {"type": RULE, "tool_name": tool.name} for tool in tools if tool.default_requires_approval
    ]
    known = [(rule["type"], rule["tool_name"]) for rule in rules or ()]
    more = [rule for rule in wanted if (rule["type"], rule["tool_name"]) not in known]
    return [*(rules or ()), *more] if more else rules


def gates(
    rules: Iterable[Mapping[str, Any]] | None, clients: Iterable[ToolSpec]
) -> dict[str, Gate]:
    """The tools whose calls wait, by name, and for what. A client's tool is the client's own."""
    found: dict[str, Gate] = {
        rule["tool_name"]: "approval" for rule in rules or () if rule["type"] == RULE
    }
    return found | {spec.name: "client" for spec in clients}


def offered(own: Iterable[ToolSpec], clients: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
    """What the model is told of; a client's tool stands in the place of ours of the same name."""
    named = {spec.name: spec for spec in own} | {spec.name: spec for spec in clients}
    return tuple(named.values())


def waiting(entry: Entry) -> tuple[ToolCall, ...]:
    """The calls that wait for an answer if `entry` is the newest of its conversation.

    Of calls that have the same id only the first one counts: no answer could tell them apart.
    """
    calls = (part for part in entry.parts if isinstance(part, ToolCall) and part.gate)
    first: dict[str, ToolCall] = {}
    for call in calls:
        first.setdefault(call.call_id, call)
    return tuple(first.values()) if entry.role == "assistant" and not entry.cut else ()


def denial(asked: Entry, blank: Entry, reason: str) -> Entry:
    """`blank` as the answer that denies all calls that wait in `asked`."""
    calls = waiting(asked)
    parts = tuple(Verdict(call_id=call.call_id, approve=False, reason=reason) for call in calls)
    return blank.model_copy(update={"parts": parts})


def matched(asked: Entry, answer: Entry) -> Entry:
    """The `answer`, if it answers each call that waits in `asked` and nothing else, or `Invalid`.

    Their order is free. The older form may name the request instead of its only call.
    """
    parts = _meant(asked, answer)
    expected = [call.call_id for call in waiting(asked)]
    received = [_call_id(part) for part in parts]
    if sorted(expected) != sorted(received):
        raise Invalid(
            f"Invalid tool call IDs. Expected {expected}, but received {received}; "
            "answer all calls that wait, each once, in one message."
        )
    return answer.model_copy(update={"parts": tuple(parts)})


def is_repeated(answer: Entry, asked: Entry, earlier: Entry) -> bool:
    """Whether an answer says what an `earlier` one to the same calls has said, in any order."""
    return sorted(_meant(asked, answer), key=_call_id) == sorted(earlier.parts, key=_call_id)


def carrying_out(asked: Entry, answer: Entry, then: Sequence[Entry] = ()) -> RunTools:
    """What an answer to the calls in `asked` comes to: returns that are known, and calls to do.

    First what the client returned, then what was denied; to be carried out are the calls that were
    approved of, and last those that have waited beside them. `then` is what is said afterwards.
    """
    answers = {_call_id(part): part for part in answer.parts}
    returned, denied, approved = [], [], []
    for call in waiting(asked):
        match answers[call.call_id]:
            case ToolReturn() as given:
                returned.append(given)
            case Verdict(approve=True) if call.gate == "approval":
                approved.append(call)
            case Verdict(approve=True):
                text = f"Tool not found: {call.name} is the client's, and it gave no return."
                denied.append(call.failed(text))
            case Verdict() as verdict:
                denied.append(refused(call, verdict.reason))
            case _:
                raise ValueError("an answer holds verdicts and returns")
    beside = [part for part in asked.parts if isinstance(part, ToolCall) and not part.gate]
    return RunTools((*approved, *beside), (*returned, *denied), asked.step_id, tuple(then))


def refused(call: ToolCall, reason: str | None) -> ToolReturn:
    """What a call comes to that was denied."""
    return call.failed(f"Error: request to call tool denied. User reason: {reason or '(none)'}")


def _call_id(part: Part) -> str:
    return part.call_id if isinstance(part, ToolCall | ToolReturn | Verdict) else ""


def _meant(asked: Entry, answer: Entry) -> list[Part]:
    """The parts of an answer with the ids that they mean, and the names of what has returned."""
    calls = waiting(asked)
    names = {call.call_id: call.name for call in calls}
    parts: list[Part] = []
    for part in answer.parts:
        call_id = _call_id(part)
        if call_id == asked.id and len(calls) == 1:
            call_id = calls[0].call_id
        known = {"name": names.get(call_id, "")} if isinstance(part, ToolReturn) else {}
        parts.append(part.model_copy(update={"call_id": call_id, **known}))
    return parts
