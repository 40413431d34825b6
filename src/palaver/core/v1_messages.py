"""What the messages of a V1 database mean, told as palaver tells them.

V1 writes some things into its texts that have a place of their own here: what a tool returned, what
a summary sums up, what older agents thought. And it writes a step of the model in two rows if calls
of it wait for an answer: here that is one say, under the id of its first row.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from palaver.core import voice
from palaver.core.bundled_messages import Reader, role_of
from palaver.core.v1 import Read, Row, fault_of, fields_of
from palaver.domain.bundle import BundledMessage
from palaver.domain.message import CompactionStats

_DONE = {"OK": "success", "Failed": "error"}


@dataclass(slots=True)
class Messages:
    """Reads the messages of one agent in the order in which they were said.

    `summaries` are those that stand behind the system text of a window. An agent that is `older`
    speaks by a tool, and thinks aloud. What was `said` is kept by its ids; `joined` tells which
    rows became a part of which others, and `unread` are those that could not be read.
    """

    summaries: Collection[str]
    older: bool
    said: dict[str, BundledMessage] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    _newest: dict[str | None, str] = field(default_factory=dict)  # by conversation
    _asked: dict[str, list[str]] = field(default_factory=dict)  # calls, by the row that asks
    _names: dict[str, str] = field(default_factory=dict)  # of tools, by the ids of their calls

    def take(self, row: Row) -> Read[BundledMessage]:
        """The next message; what was made of it is also in what was `said`."""
        try:
            message = BundledMessage.model_validate(self._fields(row))
        except ValidationError as error:
            self.unread.add(row["id"])
            return Read(None, (fault_of(error),))
        calls = message.tool_calls or []
        self._names.update((call.id, call.function.name) for call in calls)
        self._asked[row["id"]] = [call.id for call in calls]
        before = self._newest.get(row["conversation_id"])
        asks = message.role == "approval" and role_of(message) == "assistant"
        if asks and before is not None and self.said[before].role == "assistant":
            message = _as_one(self.said[before], message)
            self.joined[row["id"]] = before
        else:
            self._newest[row["conversation_id"]] = before = row["id"]
        self.said[before] = message
        return Read(message)

    def _fields(self, row: Row) -> dict[str, Any]:
        fields = fields_of(row)
        if not fields.get("content") and row.get("text"):
            fields["content"] = fields["text"]
        for name in ("content", "tool_calls", "tool_returns", "approvals"):
            if not fields.get(name):
                fields.pop(name, None)
        fields.pop("model", None)  # a bare name, which tells of no provider
        match row["role"]:
            case "user" | "summary":
                self._unpack(fields)
            case "tool":
                self._returns(fields)
            case "assistant" if self.older and "tool_calls" in fields:
                fields["content"] = [*map(_as_thought, _parts(fields.get("content")))]
            case "approval":
                self._answers(fields)
        return fields

    def _unpack(self, fields: dict[str, Any]) -> None:
        """Words in an envelope: what somebody has said, or a summary. Others stay as they are."""
        packed = _packed(fields.get("content"))
        stats = packed.get("compaction_stats")
        sums_up = packed.get("type") == "system_alert" and (
            stats or fields["role"] == "summary" or fields["id"] in self.summaries
        )
        if sums_up or packed.get("type") == "user_message":
            fields["content"] = str(packed.get("message") or "")
        if sums_up:
            fields["role"] = "summary"
        if sums_up and _is(CompactionStats, stats):
            fields["compaction"] = stats

    def _returns(self, fields: dict[str, Any]) -> None:
        """What calls came to. Older versions tell that of the only one in the words alone."""
        words = {"tool_call_id": fields.get("tool_call_id"), "func_response": _words(fields)}
        returns = fields.get("tool_returns") or [{}]
        only = words if len(returns) == 1 else {}
        fields["tool_returns"] = [self._return({**only, **_told(one)}) for one in returns]

    def _return(self, one: dict[str, Any]) -> dict[str, Any]:
        packed = _packed(one.get("func_response"))
        if packed.get("status") in _DONE and "message" in packed:
            one["status"] = _DONE[packed["status"]]
            one["func_response"] = packed["message"]
        one["func_response"] = _text(one.get("func_response"))
        spoke = self._names.get(one.get("tool_call_id") or "") == voice.NAME
        if spoke and one.get("status", "success") == "success":
            one["func_response"] = voice.SENT
        return one

    def _answers(self, fields: dict[str, Any]) -> None:
        """What was answered to calls that wait. Older versions answered the row that asks."""
        asked = fields.get("approval_request_id") or ""
        if fields.get("approve") is not None and "approvals" not in fields:
            said = {"approve": fields["approve"], "reason": fields.get("denial_reason")}
            fields["approvals"] = [
                {"type": "approval", "tool_call_id": call_id, **said}
                for call_id in self._asked.get(asked, [asked])
            ]
        if "approvals" in fields:
            fields["approvals"] = [*map(_answer, fields["approvals"])]


def _as_one(said: BundledMessage, asks: BundledMessage) -> BundledMessage:
    """A say of the model, with the calls that wait."""
    parts = (*Reader().parts_of(said), *Reader().parts_of(asks))
    return said.model_copy(update={"parts": parts})


def _answer(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer; a return of a client has other names in the database."""
    if "func_response" not in one:
        return one
    return {**one, "type": "tool", "tool_return": _text(one["func_response"])}


def _as_thought(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if part.get("type") != "text":
        return part
    return {"type": "reasoning", "is_native": False, "reasoning": part.get("text") or ""}


def _parts(content: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


def _words(fields: Mapping[str, Any]) -> str:
    parts = _parts(fields.get("content"))
    return "".join(str(part.get("text") or part.get("content") or "") for part in parts)


def _packed(told: Any) -> dict[str, Any]:
    """What is in a text that is a JSON object, and nothing else."""
    if isinstance(told, list) and len(told) == 1:
        told = told[0].get("text")
    if not isinstance(told, str) or not told.startswith("{"):
        return {}
    try:
        found = json.loads(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _text(told: Any) -> Any:
    """What a tool has returned, as text; a list is one of texts and pictures."""
    if told is None or isinstance(told, str | list):
        return told or ""
    return json.dumps(told, ensure_ascii=False)


def _is(kind: type[CompactionStats], told: Any) -> bool:
    try:
        kind.model_validate(told)
    except ValidationError:
        return False
    return True
