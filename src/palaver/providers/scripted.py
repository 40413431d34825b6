"""The offline model: it answers without a key, a network or chance.

It says what it is and repeats what it was told. Words in double brackets, anywhere in the newest
user message, tell it how to answer:

    [[think: first this]]        reason in these words before anything else
    [[call: tool {"key": 1}]]    call a tool; several calls are made at once. When their returns are
                                 in, the answer quotes them. The arguments are sent as written
    [[then]]                     make the calls that follow only in the next step
    [[words: 200]]               say exactly so many words (before the calls, if there are any)
    [[pace: 20]]                 wait so many milliseconds before each fragment
    [[length]]                   end as if the limit of tokens had been reached
    [[empty]]                    end without a word
    [[fail: kind]]               fail; kinds: auth, credits, rate_limit, overloaded, timeout,
                                 overflow, error, broken, and cut, which fails in mid-sentence

With calls, ``length``, ``empty`` and ``fail`` wait for the answer that follows their returns.
What stands in a transcript is no order: whoever asks for a summary gives orders in the system text.
Fragments are words, so the same conversation always has the same events.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from palaver.domain.entry import Entry
from palaver.domain.llm import (
    ChatRequest,
    Completion,
    FinishReason,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    TokenCount,
    ToolCallDelta,
)
from palaver.domain.part import Image, Part, Reasoning, Text, ToolCall, ToolReturn
from palaver.errors import (
    AuthenticationFailed,
    BrokenReply,
    ContextOverflow,
    CreditsExhausted,
    LLMError,
    LLMTimeout,
    Overloaded,
    ProviderFailed,
    RateLimited,
    RequestRefused,
)

_Fragment = TextDelta | ReasoningDelta | ToolCallDelta

_ORDER = re.compile(r"\[\[(\w+)(?:\s*:\s*([^{\]]*?)\s*(\{.*?\})?)?\s*\]\]", re.DOTALL)
_WORDS = ("so", "many", "words", "were", "asked", "for", "and", "here", "they", "are,")
_TRANSCRIPT = "<transcript>\n"
_PIECE = 24  # characters of a call's arguments in one fragment
_MOST_WORDS = 100_000
_MOST_PACE = 60_000  # milliseconds

_FAILURES: dict[str, type[LLMError]] = {
    "auth": AuthenticationFailed,
    "credits": CreditsExhausted,
    "rate_limit": RateLimited,
    "overloaded": Overloaded,
    "timeout": LLMTimeout,
    "overflow": ContextOverflow,
    "error": ProviderFailed,
    "broken": BrokenReply,
    "cut": ProviderFailed,
}


@dataclass(frozen=True, slots=True)
class _Script:
    """What the newest user message asks for, and the words around that."""

    said: str
    think: str
    steps: tuple[tuple[ToolCall, ...], ...]
    words: int | None
    pace: float
    ending: str  # "", "length", "empty" or "fail"
    failure: str


class OfflineModel:
    """``palaver/offline``. `sleep` is how it waits, in seconds."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Answer as the newest user message tells; raises the error that it asks for."""
        heard = _heard(request.entries)
        script = _script(heard[0] if heard else None, request.system)
        returns = _returns(heard)
        done = sum(entry.role in ("tool", "user") for entry in heard[1:])
        calls = script.steps[done] if done < len(script.steps) else ()
        ending = "" if calls else script.ending
        if ending == "fail" and script.failure != "cut":
            raise _failure(script.failure)
        text = _answer(request.entries, script, returns, bool(calls))
        said = 0
        for event in _events(script.think, "" if ending == "empty" else text, calls):
            await self._sleep(script.pace)
            yield event
            said += _size(event)
            if ending == "fail" and isinstance(event, TextDelta) and said > len(text) // 2:
                raise _failure(script.failure)
        tokens = TokenCount(
            prompt=_tokens(request), completion=said // 4 + 1, reasoning=len(script.think) // 4
        )
        finish: FinishReason = "tool_call" if calls else "length" if ending == "length" else "stop"
        yield Completion(finish, tokens, finish)

    async def preview(self, request: ChatRequest) -> dict[str, Any]:
        """What it would be told: it has no protocol, so this has a form of its own."""
        return {
            "model": str(request.handle),
            "system": request.system,
            "messages": [
                {"role": one.role, "parts": [part.model_dump(mode="json") for part in one.parts]}
                for one in request.entries
            ],
            "tools": [tool.model_dump(mode="json") for tool in request.tools],
        }


def _heard(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The newest thing that a user has said and what came after it, reminders of the turn too."""
    for at in range(len(entries) - 1, -1, -1):
        if entries[at].is_input:
            return entries[at:]
    return ()


def _returns(heard: Sequence[Entry]) -> list[ToolReturn]:
    said = (part for entry in heard if entry.role == "tool" for part in entry.parts)
    return [part for part in said if isinstance(part, ToolReturn)]


def _script(entry: Entry | None, system: str) -> _Script:
    said = entry.text if entry else ""
    told = said
    if _TRANSCRIPT in said:
        told, said = system, f"a transcript of {len(said)} characters"
    orders: dict[str, str] = {}
    steps: list[tuple[ToolCall, ...]] = [()]
    for name, value, braces in _ORDER.findall(told):
        if name == "call":
            call_id = f"call_{entry.id[-12:] if entry else ''}_{sum(map(len, steps))}"
            call = ToolCall(call_id=call_id, name=value, arguments=braces or "{}")
            steps[-1] = (*steps[-1], call)
        elif name == "then":
            steps.append(())
        else:
            orders[name] = value
    return _Script(
        said=_ORDER.sub("", said).strip(),
        think=orders.get("think", ""),
        steps=tuple(steps),
        words=_number(orders["words"], _MOST_WORDS) if "words" in orders else None,
        pace=_number(orders.get("pace", ""), _MOST_PACE) / 1000,
        ending=next((end for end in ("fail", "empty", "length") if end in orders), ""),
        failure=orders.get("fail", ""),
    )


def _number(text: str, most: int) -> int:
    return min(int(text), most) if text.isdecimal() else 0


def _failure(kind: str) -> LLMError:
    if kind not in _FAILURES:
        return RequestRefused(f"[[fail: {kind}]] is none of {', '.join(_FAILURES)}.")
    return _FAILURES[kind](f"The offline model was told to fail ({kind}).")


def _answer(
    entries: Sequence[Entry], script: _Script, returns: Sequence[ToolReturn], calling: bool
) -> str:
    if script.words is not None:
        return " ".join(islice(cycle(_WORDS), script.words))
    if calling:
        return ""
    if returns:
        return " ".join(_quote(part) for part in returns)
    count = sum(entry.role == "user" for entry in entries)
    return (
        "I am palaver's offline model: no language model is configured, so I can only repeat "
        f"what I am told. You said: {script.said or '(nothing)'} "
        f"(user messages that I can see: {count})"
    )


def _quote(part: ToolReturn) -> str:
    verb = "returned" if part.status == "success" else "failed with"
    return f"The tool {part.name or part.call_id} {verb}: {part.text}"


def _events(think: str, text: str, calls: Sequence[ToolCall]) -> Iterator[_Fragment]:
    """One after the other: most of a long answer is never asked for if its reader hangs up."""
    part = 0
    if think:
        yield from (ReasoningDelta(part, word) for word in _words(think))
        part += 1
    if text:
        yield from (TextDelta(part, word) for word in _words(text))
        part += 1
    for number, call in enumerate(calls, start=part):
        yield ToolCallDelta(number, call.call_id, call.name, "")
        for at in range(0, len(call.arguments), _PIECE):
            piece = call.arguments[at : at + _PIECE]
            yield ToolCallDelta(number, call.call_id, None, piece)


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in re.finditer(r"\S+\s*|\s+", text))


def _size(event: _Fragment) -> int:
    said = event.arguments if isinstance(event, ToolCallDelta) else event.text
    return len(said.encode())


def _tokens(request: ChatRequest) -> int:
    """What a model would count, roughly: a token for four bytes."""
    size = len(request.system.encode())
    for entry in request.entries:
        size += sum(_weight(part) for part in entry.parts)
    return size // 4 + 1


def _weight(part: Part) -> int:
    match part:
        case Text() | Reasoning():
            return len(part.text.encode())
        case ToolCall():
            return len(part.arguments.encode())
        case ToolReturn(content=str(content)):
            return len(content.encode())
        case Image():
            return 3_000
        case _:
            return 0
