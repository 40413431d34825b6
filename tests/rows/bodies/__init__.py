"""What goes over the wire, in three parts: the prompt, the tools, and everything else (the head).

The prompt and the tools are the wire's own, the same for all providers that speak it but for those
that have a form of their own; the head is the provider's. Each stands once, as it is sent.
"""

import re
from dataclasses import dataclass
from typing import Any

from tests.fakes.provider import Request
from tests.rows.bodies import chat, converse, gemini, messages, responses
from tests.rows.bodies.heads import HEADS
from tests.rows.bodies.tools import OWN_TOOLS, TOOLS
from tests.rows.rows import Row

Json = dict[str, Any]

_PROMPT = {"messages", "input", "contents", "system", "instructions", "systemInstruction"}
_TOOLS = {"tools", "toolConfig", "tool_choice"}
_PROMPTS = {
    "chat": chat.PROMPTS,
    "responses": responses.PROMPTS,
    "messages": messages.PROMPTS,
    "gemini": gemini.PROMPTS,
    "converse": converse.PROMPTS,
}
OWN_PROMPTS: set[tuple[str, str]] = set()
"""Rows that have a form of their own for a conversation."""

_CHANGING = re.compile(r"<memory_metadata>.*</memory_metadata>|conv-[0-9a-f-]{36}", re.DOTALL)
_REPEATED = re.compile(r"(Word after word\. ){2,}|(part \d+ of \d+, ){2,}")


@dataclass(frozen=True, slots=True)
class Parts:
    """A body in its parts."""

    head: Json
    prompt: Json
    tools: Json


def parts_of(request: Request) -> Parts:
    """The parts of a request's body; what changes from run to run is blotted out."""
    body = _still(request.body)
    return Parts(
        head={"path": request.path} | _without(body, _PROMPT | _TOOLS),
        prompt={name: value for name, value in body.items() if name in _PROMPT},
        tools={name: value for name, value in body.items() if name in _TOOLS},
    )


def check(row: Row, talk: str, sent: Parts) -> None:
    """A body is what it is expected to be."""
    words = row.name if (row.name, talk) in OWN_PROMPTS else row.wire
    assert sent.prompt == _PROMPTS[row.wire][words][talk]
    if sent.tools:
        assert sent.tools == TOOLS[row.name if row.name in OWN_TOOLS else row.wire]
    assert sent.head == HEADS[row.name]["json schema" if talk == "json schema" else "others"]


def _without(body: Json, names: set[str]) -> Json:
    return {name: value for name, value in body.items() if name not in names}


def _still(value: Any) -> Any:
    match value:
        case dict():
            return {name: _still(one) for name, one in value.items()}
        case list():
            return [_still(one) for one in value]
        case str():
            return _REPEATED.sub("[…]", _CHANGING.sub("[…]", value))
        case _:
            return value
