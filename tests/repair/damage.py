"""Transcripts that are broken, each in its own way, as rows that a database may hold.

A transcript is written as short lines: who speaks, and what. Between lines nothing is put in order.
"""

from dataclasses import dataclass

from palaver.clock import mint
from palaver.domain.entry import Entry, Role
from palaver.domain.part import (
    Gate,
    HiddenReasoning,
    Image,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    UrlImage,
    Verdict,
)
from tests.store.making import NOON

Line = tuple[Role, tuple[Part, ...], bool]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a conversation holds. What is sent to it next are words, which with `denies` deny what
    waits; or approval of the calls in `answers`. At least so many things are `mended` then.
    """

    lines: tuple[Line, ...]
    answers: tuple[str, ...] = ()
    denies: bool = False
    mended: int = 1

    def entries(self) -> list[Entry]:
        """The entries, not numbered yet."""
        return [
            Entry(id=mint("message"), seq=0, role=role, parts=parts, created_at=NOON, cut=cut)
            for role, parts, cut in self.lines
        ]


def says(text: str = "Hello.") -> Line:
    """Somebody says something."""
    return "user", (Text(text=text),), False


def model(*parts: Part, cut: bool = False) -> Line:
    """The model says something."""
    return "assistant", parts or (Text(text="Well."),), cut


def call(call_id: str, gate: Gate | None = None, name: str = "look", arguments: str = "{}") -> Part:
    """A call."""
    return ToolCall(call_id=call_id, name=name, arguments=arguments, gate=gate)


def came(call_id: str, content: str = "the sky", name: str = "look") -> Part:
    """What a call came to."""
    return ToolReturn(call_id=call_id, name=name, status="success", content=content)


def tool(*call_ids: str) -> Line:
    """What calls came to."""
    return "tool", tuple(came(one) for one in call_ids), False


def answer(*parts: Part) -> Line:
    """An answer to calls that wait."""
    return "approval", parts, False


def verdict(call_id: str, approve: bool = True) -> Part:
    """A yes or no."""
    return Verdict(call_id=call_id, approve=approve)


def _broken(*lines: Line) -> Transcript:
    return Transcript(lines)


def _asking(*lines: Line, mended: int = 0) -> Transcript:
    """The call ``a`` waits, and is approved of."""
    return Transcript(lines, ("a",), mended=mended)


_WAITS: Gate = "approval"
_PICTURE = Image(source=UrlImage(url="https://example.com/a.png"))

BROKEN: dict[str, Transcript] = {
    # Calls without returns.
    "a call is the last thing said": _broken(says(), model(call("a"))),
    "a call, then somebody speaks": _broken(says(), model(call("a")), says("Well?")),
    "a call, then many speak": _broken(
        says(), model(call("a")), says("Well?"), says("Anybody?"), model(), says()
    ),
    "a call, then the model speaks": _broken(says(), model(call("a")), model(), says()),
    "one of two calls has returned": _broken(
        says(), model(call("a"), call("b")), tool("a"), model()
    ),
    "none of three calls has returned": _broken(
        says(), model(Text(text="I look."), call("a"), call("b"), call("c")), says()
    ),
    "calls without returns, again and again": _broken(
        says(), model(call("a")), says(), model(call("b")), says(), model(call("c")), says()
    ),
    "the same id is called again after it was lost": _broken(
        says(), model(call("a")), says(), model(call("a")), tool("a"), model()
    ),
    "a call after reasoning": _broken(
        says(), model(Reasoning(text="Hm."), call("a")), says("Well?")
    ),
    "a call with hidden reasoning": _broken(
        says(), model(HiddenReasoning(state="redacted", data="x"), call("a")), says()
    ),
    # Steps that were cut.
    "a call cut in its arguments": _broken(
        says(), model(call("a", arguments='{"where": "u'), cut=True), says()
    ),
    "a cut say with a call, and nothing more": _broken(
        says(), model(Text(text="I lo"), call("a"), cut=True)
    ),
    "a cut say in which a call waits": _broken(says(), model(call("a", _WAITS), cut=True), says()),
    "a cut say without a word": _broken(says(), ("assistant", (), True), says()),
    # Returns without calls.
    "a return at the beginning": _broken(tool("a"), says(), model()),
    "a return of nothing": _broken(says(), model(), tool("a"), says()),
    "a return among those of calls": _broken(says(), model(call("a")), tool("a", "b"), model()),
    "a return after a question": _broken(says(), tool("a"), model()),
    "returns and nothing else": _broken(tool("a"), tool("b")),
    "a return before its call": _broken(says(), tool("a"), model(call("a")), says()),
    # Returns that came twice, or late.
    "a return twice in one": _broken(says(), model(call("a")), tool("a", "a"), model()),
    "a return twice in a row": _broken(says(), model(call("a")), tool("a"), tool("a"), model()),
    "a return again later": _broken(
        says(), model(call("a")), tool("a"), model(), says(), tool("a"), model()
    ),
    "a return after somebody has spoken": _broken(says(), model(call("a")), says(), tool("a")),
    "a return after the model has spoken": _broken(
        says(), model(call("a")), model(), tool("a"), says()
    ),
    "two returns late, in another order": _broken(
        says(), model(call("a"), call("b")), says(), tool("b"), says(), tool("a"), model()
    ),
    "one return in time and one late": _broken(
        says(), model(call("a"), call("b")), tool("b"), says(), tool("a"), model()
    ),
    # Calls that cannot be told apart.
    "a call twice in one say": _broken(says(), model(call("a"), call("a")), tool("a"), model()),
    "a call twice in one say, without returns": _broken(says(), model(call("a"), call("a"))),
    "calls without ids": _broken(says(), model(call(""), call("")), tool("", ""), model()),
    # Nothing in them.
    "somebody says nothing": _broken(says(), model(), ("user", (), False), model()),
    "somebody says an empty text": _broken(says(), model(), says("")),
    "the model says nothing": _broken(says(), ("assistant", (), False), says()),
    "the model says an empty text": _broken(says(), model(Text(text="")), says()),
    "a tool entry without returns": _broken(says(), model(call("a")), ("tool", (), False), says()),
    "an answer without verdicts": _broken(
        says(), model(call("a", _WAITS)), ("approval", (), False), says()
    ),
    "nothing but empties": _broken(("user", (), False), ("assistant", (), False), says("")),
    # Parts that are not of their role.
    "the model returns": _broken(says(), model(call("a"), came("a")), model()),
    "somebody returns in the middle of words": _broken(
        says(), model(call("a")), ("user", (came("a"), Text(text="Here.")), False), model()
    ),
    "somebody calls": _broken(says(), ("user", (Text(text="I"), call("a")), False), model()),
    "the model shows a picture": _broken(says(), model(Text(text="See:"), _PICTURE), says()),
    "a tool speaks": _broken(
        says(), model(call("a")), ("tool", (Text(text="Done."),), False), model()
    ),
    "somebody reasons": _broken(("user", (Reasoning(text="Hm."),), False), model()),
    # Approvals that are stuck.
    "a call waits, and somebody has spoken": _broken(says(), model(call("a", _WAITS)), says()),
    "a client's call waits, and the model has spoken": _broken(
        says(), model(call("a", "client")), model()
    ),
    "approved of, and never carried out": _broken(
        says(), model(call("a", _WAITS)), answer(verdict("a"))
    ),
    "denied, and never closed": _broken(
        says(), model(call("a", _WAITS)), answer(verdict("a", approve=False)), says()
    ),
    "a client has returned, and it was not carried on": _broken(
        says(), model(call("a", "client")), answer(came("a"))
    ),
    "answered twice": _broken(
        says(), model(call("a", _WAITS)), answer(verdict("a")), answer(verdict("a")), tool("a")
    ),
    "an answer to nothing": _broken(says(), model(), answer(verdict("a")), says()),
    "an answer to another call": _broken(
        says(), model(call("a", _WAITS)), answer(verdict("b")), says()
    ),
    "a late answer of a client": _broken(
        says(), model(call("a", "client")), says(), answer(came("a")), tool("a"), model()
    ),
    "the tool has vanished for which a call waits": _asking(
        says(), model(call("a", _WAITS, name="gone"))
    ),
    "the tool has vanished, and nobody wants to wait": Transcript(
        (says(), model(call("a", _WAITS, name="gone"))), denies=True, mended=0
    ),
    "two calls wait under one id": _asking(
        says(), model(call("a", _WAITS), call("a", _WAITS)), mended=1
    ),
    "a call waits beside one that is lost": _asking(
        says(), model(call("x")), says(), model(call("a", _WAITS), call("b")), mended=1
    ),
    "the context begins in the middle of a step": _broken(tool("a"), model(), says()),
    "the model speaks first": Transcript((model(), says(), model(call("a")), tool("a")), mended=0),
}
"""What is broken, by what is wrong with it."""
