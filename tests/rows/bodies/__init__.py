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
from tests.rows.bodies.tools import TOOLS
from tests.rows.rows import Row
from tests.rows.talks import TALKS

Json = dict[str, Any]

_PROMPT = {"messages", "input", "contents", "system", "instructions", "systemInstruction"}
_TOOLS = {"tools", "toolConfig", "tool_choice", "parallel_tool_calls"}
_PROMPTS = {
    "chat": chat.PROMPTS,
    "responses": responses.PROMPTS,
    "messages": messages.PROMPTS,
    "gemini": gemini.PROMPTS,
    "converse": converse.PROMPTS,
}
_WITH_TOOLS = {name for name, talk in TALKS.items() if talk.tools}
_OWN = {
    "bedrock-messages": _WITH_TOOLS,  # blocks without the line numbers that Anthropic's models get
    "moonshot_coding-messages": _WITH_TOOLS,
    "google_vertex-gemini": _WITH_TOOLS,  # each door signs in its own way
    "deepseek-chat": {"tools", "parallel tools"},  # reasoning, and be it empty
    "openrouter-chat": set(TALKS),  # marks of what is to be cached
}
"""Rows that have a form of their own for some conversations."""

_CHANGING = re.compile(
    r"<memory_metadata>.*</memory_metadata>|conv-[0-9a-f-]{36}|pyd_ai_[0-9a-f]{32}", re.DOTALL
)
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
    form = row.name if talk in _OWN.get(row.name, ()) else row.wire
    assert sent.prompt == _PROMPTS[row.wire][form][talk]
    if sent.tools:
        assert sent.tools == TOOLS[row.tools]
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
