"""Words for the people as arguments of a tool: older agents speak by calling `send_message`.

Such a call is shown as what it says, and its return is not shown. The words are read while the
arguments still grow, and come out the same however these are cut up.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from palaver.domain.part import ToolReturn
from palaver.domain.tool import ToolSpec
from palaver.errors import ToolRefused

NAME = "send_message"
SENT = "The message was sent."

SPEC = ToolSpec(
    name=NAME,
    description="Say something to the user. Nothing else that you write is seen by them.",
    parameters={
        "type": "object",
        "properties": {"message": {"type": "string", "description": "What you say."}},
        "required": ["message"],
    },
)

_BEGIN = re.compile(r'(?<!\\)"message"\s*:\s*"')
_WHOLE = re.compile(
    r"""(?: [^"\\]
          | \\ ["\\/bfnrt]
          | \\u [dD][89abAB][0-9a-fA-F]{2} \\u [dD][c-fC-F][0-9a-fA-F]{2}
          | \\u (?![dD][89a-fA-F]) [0-9a-fA-F]{4}
        )*""",
    re.VERBOSE,
)


class Voice:
    """The arguments of one call as they come in, and the words in them."""

    def __init__(self) -> None:
        self._rest = ""  # what was heard and not understood yet
        self._begun = False

    def hear(self, arguments: str) -> str:
        """Take in the next piece of the arguments; the words that are understood by now."""
        self._rest += arguments
        if not self._begun:
            begin = _BEGIN.search(self._rest)
            if begin is None:
                return ""
            self._begun = True
            self._rest = self._rest[begin.end() :]
        whole = _WHOLE.match(self._rest)
        said = whole.group() if whole else ""
        self._rest = self._rest[len(said) :]
        words: str = json.loads(f'"{said}"', strict=False)
        return words.replace("\0", "")


def words_in(arguments: str) -> str:
    """What a whole call says; nothing where its arguments are broken."""
    return Voice().hear(arguments)


def is_echo(back: ToolReturn) -> bool:
    """Whether a return says only that words were said."""
    return back.name == NAME and back.content == SENT


def answer(arguments: Mapping[str, Any]) -> str:
    """What the model is told after it has spoken. Raises `ToolRefused` where it has not."""
    message = arguments.get("message")
    if not isinstance(message, str) or not message:
        raise ToolRefused("`message` must be what you say to the user.")
    return SENT
