"""The shared conversations: what is said, and what the model is to answer, on any wire."""

import base64
from dataclasses import dataclass
from typing import Any

from tests.fakes.reply import Call, Part, Reply, Say, Think

Json = dict[str, Any]

_PIXEL = base64.b64encode(b"a picture").decode()
_PICTURE: Json = {"type": "base64", "media_type": "image/png", "data": _PIXEL}
_TEA = Call("call_tea", "memory_insert", ('{"label": "human",', ' "new_string": "tea"}'))
_MILK = Call("call_milk", "memory_insert", ('{"label": "human", "new_string": "milk"}',))
_SCHEMA: Json = {
    "type": "object",
    "properties": {"sky": {"type": "string"}},
    "required": ["sky"],
    "additionalProperties": False,
}
_LONG = 12  # sends, and as many answers


@dataclass(frozen=True, slots=True)
class Talk:
    """Sends (their content) one after the other, and the model's replies to all of them.

    `form` is the form that the answers are to have, `tools` whether the agent has tools.
    """

    says: tuple[Any, ...]
    replies: tuple[Reply, ...]
    form: Json | None = None
    tools: bool = False


def _answer(*parts: Part) -> Reply:
    return Reply(parts)


TALKS = {
    "plain": Talk(("Hi", "And now?"), (Reply(), _answer(Say(("Still", " here"))))),
    "tools": Talk(
        ("I like tea.", "Noted?"),
        (_answer(Say(("I", " note it.")), _TEA), _answer(Say(("Done.",))), _answer(Say(("Yes.",)))),
        tools=True,
    ),
    "parallel tools": Talk(
        ("Tea with milk.", "Noted?"),
        (_answer(_TEA, _MILK), _answer(Say(("Done.",))), _answer(Say(("Yes.",)))),
        tools=True,
    ),
    "reasoning, tool, reasoning": Talk(
        ("I like tea.", "Noted?"),
        (
            _answer(Think(("They like", " tea."), seal="c2VhbC0x", id="rs_1"), _TEA),
            _answer(Think(("It is", " noted."), seal="c2VhbC0y", id="rs_2"), Say(("Done.",))),
            _answer(Say(("Yes.",))),
        ),
        tools=True,
    ),
    "image": Talk(
        (
            [{"type": "text", "text": "What is this?"}, {"type": "image", "source": _PICTURE}],
            "Sure?",
        ),
        (_answer(Say(("A cat.",))), _answer(Say(("Yes.",)))),
    ),
    "json schema": Talk(
        ("The sky?", "Again"),
        (_answer(Say(('{"sky":', '"blue"}'))), _answer(Say(('{"sky":"grey"}',)))),
        form={"type": "json_schema", "json_schema": {"name": "sky", "schema": _SCHEMA}},
    ),
    "long": Talk(
        tuple(f"Question {n}. " + "Word after word. " * 20 for n in range(_LONG)),
        tuple(_answer(Say(tuple(f"part {m} of {n}, " for m in range(20)))) for n in range(_LONG)),
    ),
}
