"""Where something stands in JSON text: what is wrong with a file is told with its line."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Path = Sequence[str | int]

SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?\d{3}|\d{309}|NaN|Infinity")
"""What JSON holds that spells a NUL, or a number that is not finite."""

_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_skip = json.JSONDecoder(strict=False).raw_decode


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text, counted from 1, and by which steps it was reached."""

    line: int
    column: int
    steps: tuple[str | int, ...]


def place_of(text: str, path: Path) -> Mark:
    """Where in a valid JSON text the value stands that a path leads to.

    A step that leads nowhere is left out: what is missing is told with what it is missing in.
    """
    at, steps = _after(_SPACE, text, 0), []
    for step in path:
        found = _step(text, at, step)
        if found is not None:
            at = found
            steps.append(step)
    line = text.count("\n", 0, at) + 1
    return Mark(line, at - text.rfind("\n", 0, at), tuple(steps))


def spelled(path: Path) -> str:
    """A path as people write it: ``agents[0].name``."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def unkept(value: Any) -> Path | None:
    """The way to the first text with a NUL, or number that is not finite (decision 0006)."""
    match value:
        case str():
            return () if "\0" in value else None
        case float():
            return None if math.isfinite(value) else ()
        case list():
            items: Any = enumerate(value)
        case dict():
            items = value.items()
        case _:
            return None
    for key, item in items:
        if isinstance(key, str) and "\0" in key:
            return ()
        found = unkept(item)
        if found is not None:
            return (key, *found)
    return None


def _step(text: str, at: int, step: str | int) -> int | None:
    """Where the value of a key or a number begins, in the object or list that stands at `at`."""
    kind = text[at]
    if kind not in "{[" or isinstance(step, int) == (kind == "{"):
        return None
    found, n, at = None, 0, _after(_SPACE, text, at + 1)
    while text[at] not in "}]":
        key: str | int = n
        if kind == "{":
            key, at = _skip(text, at)
            at = _after(_COLON, text, at)
        if key == step:
            found = at  # of a key that is there twice the last counts
            if kind == "[":
                break
        at = _skip(text, at)[1]
        at = _after(_COMMA if _COMMA.match(text, at) else _SPACE, text, at)
        n += 1
    return found


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
