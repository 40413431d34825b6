"""JSON text that may be long, and may be wrong: read piece by piece, and told of with its lines.

Python reads a text at one go, and nobody else gets a turn meanwhile; so a long list is read element
by element. What is wrong with a file is told with the place where it stands.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

Path = Sequence[str | int]
Shape = Mapping[str, Any] | list[Any] | type[BaseModel] | None
"""What is read piece by piece: the members of an object that have a shape, the elements of a list
(of the one shape in it), and values of a class. Nothing else is."""

_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_skip = json.JSONDecoder().raw_decode
_DEEP = "this is nested too deeply"
_DEEPEST = 199  # lists and objects in each other; one more is around them where they are kept


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text, counted from 1, and by which steps it was reached."""

    line: int
    column: int
    steps: tuple[str | int, ...] = ()


class Unreadable(Exception):
    """A text is no JSON, or holds what cannot be kept."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark


class Misshapen(Exception):
    """A value at `at`, to which a `path` leads, is not of its class: `error` says why."""

    def __init__(self, at: int, error: ValidationError) -> None:
        super().__init__(str(error))
        self.at = at
        self.path: Path = ()
        self.error = error


class JsonText:
    """A text that is taken to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).raw_decode

    def read(self, shape: Shape) -> Any:
        """The value of the text. Raises `Unreadable` and `Misshapen`."""
        at = self._after_space(0)
        try:
            value, at = self._value(at, shape)
            at = self._after_space(at)
            if at < len(self._text):
                self._fail("nothing may follow here", at)
        except json.JSONDecodeError as error:
            said = error.msg[:1].lower() + error.msg[1:]
            raise Unreadable(Mark(error.lineno, error.colno), f"this is no JSON: {said}") from None
        return value

    def mark(self, at: int, steps: Path = ()) -> Mark:
        """A place as people tell it."""
        line = self._text.count("\n", 0, at) + 1
        return Mark(line, at - self._text.rfind("\n", 0, at), tuple(steps))

    def place_of(self, path: Path, at: int = 0) -> Mark:
        """Where the value stands that a path leads to, from the value at `at` on.

        A step that leads nowhere is left out: what is missing is told with what it is missing in.
        The text must have been read.
        """
        at, steps = self._after_space(at), []
        for step in path:
            found = self._step(at, step)
            if found is not None:
                at = found
                steps.append(step)
        return self.mark(at, steps)

    def _value(self, at: int, shape: Shape) -> tuple[Any, int]:
        if isinstance(shape, Mapping) and self._text.startswith("{", at):
            return self._members(at, shape)
        if isinstance(shape, list) and self._text.startswith("[", at):
            return self._elements(at, shape[0])
        try:
            value, end = self._decode(self._text, at)
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise Unreadable(self._odd_number(at), str(error)) from None
        except RecursionError:
            raise Unreadable(self.mark(at), _DEEP) from None
        opened = self._text.count("{", at, end) + self._text.count("[", at, end)
        if opened > _DEEPEST and _is_deeper(value, _DEEPEST):
            raise Unreadable(self.mark(at), _DEEP)
        if isinstance(shape, type):
            try:
                value = shape.model_validate(value)
            except ValidationError as error:
                raise Misshapen(at, error) from None
        return value, end

    def _odd_number(self, at: int) -> Mark:
        """Where in a value there is a number that is not finite; one may also have no end."""
        try:
            path = unkept(_skip(self._text, at)[0])
        except ValueError:
            path = None
        return self.place_of(path or (), at)

    def _members(self, at: int, shape: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self._after_space(at + 1)
        while not self._text.startswith("}", at):
            if not self._text.startswith('"', at):
                self._fail("a name in double quotes is expected", at)
            key, at = self._decode(self._text, at)
            at = self._after(":", at)
            with _within(key):
                found[key], at = self._value(at, shape.get(key))
            at = self._next(at, "}")
        return found, at + 1

    def _elements(self, at: int, shape: Shape) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._after_space(at + 1)
        while not self._text.startswith("]", at):
            with _within(len(found)):
                value, at = self._value(at, shape)
            found.append(value)
            at = self._next(at, "]")
        return found, at + 1

    def _next(self, at: int, end: str) -> int:
        """Where the next one begins, or where the `end` stands."""
        at = self._after_space(at)
        if self._text.startswith(end, at):
            return at
        at = self._after(",", at)
        if self._text.startswith(end, at):
            self._fail("a comma is not followed by anything", at)
        return at

    def _after(self, mark: str, at: int) -> int:
        at = self._after_space(at)
        if not self._text.startswith(mark, at):
            self._fail(f"`{mark}` is expected", at)
        return self._after_space(at + 1)

    def _after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _fail(self, message: str, at: int) -> NoReturn:
        raise json.JSONDecodeError(message, self._text, at)

    def _step(self, at: int, step: str | int) -> int | None:
        """Where a member or an element begins of what stands at `at`."""
        kind = self._text[at]
        if kind not in "{[" or isinstance(step, int) == (kind == "{"):
            return None
        found, n, end = None, 0, "}" if kind == "{" else "]"
        at = self._after_space(at + 1)
        while not self._text.startswith(end, at):
            key: str | int = n
            if kind == "{":
                key, at = _skip(self._text, at)
                at = self._after(":", at)
            if key == step:
                found = at  # of a name that is there twice the last counts
                if kind == "[":
                    break
            at = self._next(_skip(self._text, at)[1], end)
            n += 1
        return found


def spelled(path: Path) -> str:
    """A path as people write it: ``agents[0].name``."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def unkept(value: Any) -> Path | None:
    """The way to the first text or number that cannot be kept (decision 0006), if there is one."""
    match value:
        case str():
            return () if "\0" in value or _SURROGATE.search(value) else None
        case float():
            return None if math.isfinite(value) else ()
        case list():
            items: Any = enumerate(value)
        case dict():
            items = value.items()
        case _:
            return None
    for key, item in items:
        if isinstance(key, str) and unkept(key) is not None:
            return ()
        found = unkept(item)
        if found is not None:
            return (key, *found)
    return None


def holds_more(value: Any, most: int) -> bool:
    """Whether there are more than so many values in a value, at whatever depth."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        seen += len(inside)
        if seen > most:
            return True
        waiting.extend(inside)
    return False


def _is_deeper(value: Any, most: int) -> bool:
    """Whether more than so many lists and objects are in each other."""
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_is_deeper(one, most - 1) for one in inside)


@contextmanager
def _within(step: str | int) -> Iterator[None]:
    """What is misshapen in here is found by a path that leads through `step`."""
    try:
        yield
    except Misshapen as error:
        error.path = (step, *error.path)
        raise


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("numbers must be finite")
    return number
