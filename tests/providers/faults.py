"""What can go wrong at a provider, and what must come of it, whatever its wire.

A fault is told in the neutral words of `tests.fakes.reply`, so that any fake can play it. Where it
has no meaning on a wire, the fault says why.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from palaver import errors
from tests.fakes.reply import WORDS, Answer, Bend, Call, Fault, Refusal, Reply, Say, Think
from tests.providers.rows import Row

TRIES = 3

Place = Literal["fake", "impatient", "refused", "unknown", "tls", "deaf"]
"""Where it happens: at the fake, there with little patience, or where no provider is."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault by name: what the provider answers, and what must come of it.

    `answers` are those of one try after the other, or are made from the row's wire. `comes_to` is
    the kind of error, or why the run stops that has heard a whole answer; `said` is the text that
    is kept. `tries` counts the requests. `chosen` ones are run each time.
    """

    name: str
    answers: tuple[Answer, ...] | Callable[[str], tuple[Answer, ...]]
    comes_to: type[errors.LLMError] | str
    said: str = ""
    tries: int = 1
    waits: tuple[float, ...] | None = None
    place: Place = "fake"
    chosen: bool = False
    only_lines: bool = False
    not_on: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    def excuse(self, row: Row) -> str | None:
        """Why it has no meaning on the row's wire, or None where it has one."""
        if self.only_lines and not row.lines:
            return "its frames are binary: there are no lines in them"
        return self.not_on.get(row.wire)

    def at(self, row: Row) -> "Trouble":
        """The fault on the row: Amazon alone tells a key without a right from one it refuses."""
        if row.provider.dialect == "bedrock" and self.name == "403":
            return replace(self, comes_to=errors.PermissionMissing)
        return self

    def played(self, row: Row) -> tuple[Answer, ...]:
        """The answers on the row's wire."""
        return self.answers if isinstance(self.answers, tuple) else self.answers(row.wire)


def _refused(status: int, message: str = "no", **headers: str) -> Refusal:
    """A refusal that all can read: Amazon's message stands above where that of the others is."""
    error = {"message": message, "type": "some_error"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"type": "error", "message": message, "error": error}
    return Refusal(status, body, named)


def _status(status: int, kind: type[errors.LLMError], *, again: bool = False) -> Trouble:
    tries = TRIES if again else 1
    chosen = status in (401, 500)
    return Trouble(
        str(status), (_refused(status),) * tries, kind, "", tries, (0.5, 1.0) if again else (),
        chosen=chosen,
    )  # fmt: skip


def _broken(kind: Literal["break", "cut", "reset", "nonsense", "end", "hang", "stall"]) -> Reply:
    return Reply(fault=Fault(kind, WORDS))


def _bent(name: str, bend: Bend, said: str = "Hello you", **more: Any) -> Trouble:
    reply = Reply(parts=(Say(tuple(_pieces(said))),), bend=bend)
    return Trouble(name, (reply,), "end_turn", said, only_lines=True, **more)


def _pieces(words: str) -> list[str]:
    first, *others = words.split(" ")
    return [first, *(f" {word}" for word in others)]


def _as_utf8(frames: list[bytes]) -> list[bytes]:
    """JSON with its letters as they are, and not as escapes."""
    return [_lines(frame, lambda data: json.dumps(data, ensure_ascii=False)) for frame in frames]


def _lines(frame: bytes, change: Callable[[Any], str]) -> bytes:
    """The frame with its data changed, if it is JSON."""
    out = []
    for line in frame.decode().split("\n"):
        is_json = line.startswith("data: {")
        out.append(f"data: {change(json.loads(line[6:]))}" if is_json else line)
    return "\n".join(out).encode()


def _byte_by_byte(frames: list[bytes]) -> list[bytes]:
    return [bytes([byte]) for byte in b"".join(_as_utf8(frames))]


def _mixed_ends(frames: list[bytes]) -> list[bytes]:
    ends = (b"\r\n", b"\r", b"\n")
    plain = [frame.replace(b"\r\n", b"\n") for frame in frames]
    return [frame.replace(b"\n", ends[number % 3]) for number, frame in enumerate(plain)]


def _many_lines(frames: list[bytes]) -> list[bytes]:
    def indented(data: Any) -> str:
        return json.dumps(data, indent=1).replace("\n", "\ndata: ")

    return [_lines(frame, indented) for frame in frames]


def _with_comments(frames: list[bytes]) -> list[bytes]:
    return [part for frame in frames for part in (b": busy\n\n", b":\n" + frame)]


def _with_news(frames: list[bytes]) -> list[bytes]:
    news = b'event: brand.new\ndata: {"type": "brand.new", "object": "brand.new"}\n\n'
    return [*frames[:2], news, *frames[2:]]


def _last_twice(frames: list[bytes]) -> list[bytes]:
    last = [frame for frame in frames if frame][-1]
    return [*frames, last]


def _without_last(frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if frame][:-1]


def _with_gaps(frames: list[bytes]) -> list[bytes]:
    def spread(data: Any) -> Any:
        if isinstance(data, list):
            return [spread(one) for one in data]
        if not isinstance(data, dict):
            return data
        return {
            name: value * 3 if name in ("index", "output_index") else spread(value)
            for name, value in data.items()
        }

    return [_lines(frame, lambda data: json.dumps(spread(data))) for frame in frames]


def _counting(frames: list[bytes]) -> list[bytes]:
    """What the last chunk reports is reported by each of them."""
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return [_lines(frame, lambda data: json.dumps({**data, "usage": usage})) for frame in frames]


def _bad_letter(frames: list[bytes]) -> list[bytes]:
    return [frame.replace(b" you", b" y\xffu") for frame in frames]


_LENGTH = {"chat": "length", "responses": "max_output_tokens", "messages": "max_tokens",
           "gemini": "MAX_TOKENS", "converse": "max_tokens"}  # fmt: skip
_FILTER = {"chat": "content_filter", "responses": "content_filter", "messages": "refusal",
           "gemini": "SAFETY", "converse": "guardrail_intervened"}  # fmt: skip
_OVERLOADED = {
    "type": "overloaded_error", "code": "server_is_overloaded", "message": "Overloaded",
}  # fmt: skip
_NO_MARK = dict.fromkeys(
    ("responses", "gemini"), "an answer's last event is its end; there is no mark behind it"
)
_LONG = "x" * 10_000_000
_CALLS = (Call(), Call(id="call_2"))


def _called(*calls: Call) -> tuple[Answer, ...]:
    return (Reply(parts=calls), Reply())


def _silent(wire: str, finish: str = "") -> Reply:
    """An answer without a word. Without parts, Gemini's would be a question it will not hear."""
    return Reply(parts=(Say(()),) if wire == "gemini" else (), finish=finish)


TROUBLES = (
    Trouble("connection refused", (), errors.ProviderFailed, place="refused"),
    Trouble("unknown host", (), errors.ProviderFailed, place="unknown"),
    Trouble("no TLS", (), errors.ProviderFailed, place="tls"),
    Trouble("connect timeout", (), errors.LLMTimeout, place="deaf"),
    Trouble("first byte timeout", (Reply(fault=Fault("stall")),), errors.LLMTimeout,
            place="impatient"),
    Trouble("idle timeout", (_broken("stall"),), errors.LLMTimeout, "Hello", place="impatient",
            chosen=True),
    Trouble("stall in mid-token", (_broken("hang"),), errors.LLMTimeout, "Hello",
            place="impatient"),
    Trouble("drip", (Reply(fault=Fault("drip", WORDS)),), "end_turn", "Hello you",
            place="impatient"),
    Trouble("connection broken between chunks", (_broken("break"),), errors.ProviderFailed,
            "Hello"),
    Trouble("FIN in mid-chunk", (_broken("cut"),), errors.ProviderFailed, "Hello", chosen=True),
    Trouble("RST", (_broken("reset"),), errors.ProviderFailed, "Hello"),
    Trouble("RST before the first word", (Reply(fault=Fault("reset")),) * TRIES,
            errors.ProviderFailed, tries=TRIES),
    Trouble("400 overflow", (_refused(400, "This model's maximum context length is 8 tokens."
                                           " The input token count exceeds it."
                                           " prompt is too long: 9 > 8"),),
            errors.ContextOverflow, chosen=True),
    _status(401, errors.AuthenticationFailed),
    _status(403, errors.AuthenticationFailed),
    _status(404, errors.RequestRefused),
    _status(408, errors.LLMTimeout),
    _status(409, errors.RequestRefused),
    _status(413, errors.ContextOverflow),
    _status(429, errors.RateLimited, again=True),
    Trouble("429 for seconds", (_refused(429, retry_after="7"), Reply()), "end_turn", "Hello you",
            2, (7.0,), chosen=True),
    Trouble("429 for milliseconds", (_refused(429, retry_after_ms="1500"), Reply()), "end_turn",
            "Hello you", 2, (1.5,)),
    Trouble("429 until a date gone by",
            (_refused(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), Reply()), "end_turn",
            "Hello you", 2, (0.0,)),
    Trouble("429 until a date far off",
            (_refused(429, retry_after="Fri, 31 Dec 2100 23:59:59 GMT"),), errors.RateLimited),
    Trouble("429 for long", (_refused(429, retry_after="21"),), errors.RateLimited),
    _status(500, errors.ProviderFailed, again=True),
    _status(502, errors.ProviderFailed, again=True),
    _status(503, errors.Overloaded, again=True),
    _status(504, errors.LLMTimeout),
    _status(529, errors.Overloaded, again=True),
    Trouble("200 with HTML", (Refusal(200, "<html>Hello</html>"),), errors.BrokenReply,
            chosen=True),
    Trouble("200 with an error", (Refusal(200, {"error": {"message": "no", "code": 1}}),),
            errors.BrokenReply),
    Trouble("error in mid-stream", (Reply(fault=Fault("error", WORDS), error=_OVERLOADED),),
            errors.Overloaded, "Hello", chosen=True),
    _bent("no last mark", _without_last, not_on=_NO_MARK),
    _bent("last mark twice", _last_twice, not_on=_NO_MARK),
    Trouble("an end in mid-sentence", (_broken("end"),), errors.BrokenReply, "Hello"),
    Trouble("broken JSON", (_broken("nonsense"),), errors.BrokenReply, "Hello", only_lines=True,
            chosen=True),
    _bent("split UTF-8", _byte_by_byte, "Grüße 🌍"),
    Trouble("bad UTF-8", (Reply(bend=_bad_letter),), errors.BrokenReply, "Hello", only_lines=True),
    _bent("mixed line ends", _mixed_ends),
    _bent("data in many lines", _many_lines),
    _bent("comments", _with_comments),
    Trouble("a line of 10 MB", (Reply(parts=(Say((_LONG,)),)),), "end_turn", _LONG),
    _bent("unknown event", _with_news),
    Trouble("tool id used twice", _called(Call(), Call()), "end_turn", "Hello you", 2, chosen=True),
    Trouble("tool id used again", (Reply(parts=(Call(),)), Reply(parts=(Call(),)), Reply()),
            "end_turn", "Hello you", 3),
    Trouble("blank tool id", _called(Call(id="")), "end_turn", "Hello you", 2),
    Trouble("tool arguments cut short", _called(Call(pieces=('{"where": "u',))), "end_turn",
            "Hello you", 2,
            not_on={"gemini": "arguments are an object of the frame: they are whole or it is not"}),
    Trouble("tool index with gaps",
            (replace(Reply(parts=_CALLS), bend=_with_gaps), Reply()), "end_turn", "Hello you", 2,
            only_lines=True),
    Trouble("empty reply", lambda wire: (_silent(wire),) * TRIES, errors.EmptyReply, tries=TRIES,
            chosen=True),
    Trouble("reasoning only", (Reply(parts=(Think(seal="sealed"),)),), "end_turn"),
    Trouble("length", lambda wire: (Reply(finish=_LENGTH[wire]),), "max_tokens_exceeded",
            "Hello you"),
    Trouble("length before the first word",
            lambda wire: (_silent(wire, _LENGTH[wire]),), "max_tokens_exceeded"),
    Trouble("filtered", lambda wire: (Reply(finish=_FILTER[wire]),), "end_turn", "Hello you"),
    Trouble("filtered before the first word",
            lambda wire: (Reply(parts=(), finish=_FILTER[wire]),), errors.RequestRefused,
            chosen=True),
    Trouble("usage absent", (Reply(usage=None),), "end_turn", "Hello you"),
    _bent("usage in each chunk", _counting, not_on={
        "responses": "only the last event reports what was used",
        "messages": "usage is told at the start and at the end, as the protocol says",
        "gemini": "each chunk tells what was used, as the protocol says"}),
    Trouble("gzip that is none", (Reply(headers={"content-encoding": "gzip"}),),
            errors.BrokenReply),
)  # fmt: skip
