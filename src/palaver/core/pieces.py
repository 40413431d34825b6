"""A text in pieces, and what is seen of it through a window of lines.

Pieces end where a paragraph, a line or at least a word does; joined they are the text again. A line
ends with a line feed, and the first one is 1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from palaver.domain.folder import Piece

_ENDS = ("\n\n", "\n", " ")


def cut(text: str, size: int) -> Iterator[Piece]:
    """The pieces of a text: of at most `size` characters, and at least half of that."""
    at, line = 0, 1
    while at < len(text):
        end = _end(text, at, size)
        yield Piece(line=line, text=text[at:end])
        line += text.count("\n", at, end)
        at = end


def lines_in(text: str) -> int:
    """How many lines a text has."""
    return text.count("\n") + (0 if text.endswith("\n") or not text else 1)


@dataclass(frozen=True, slots=True)
class View:
    """What is seen of a text: its lines from the line `first` on, perhaps not to their end."""

    first: int
    lines: list[str]
    is_cut: bool = False

    @property
    def text(self) -> str:
        """The lines as they stand in the text."""
        return "\n".join(self.lines)

    @property
    def numbered(self) -> str:
        """The lines, each with its number."""
        return "\n".join(f"{n}: {line}" for n, line in enumerate(self.lines, start=self.first))


def view(pieces: Iterable[Piece], first: int, last: int | None, most: int) -> View:
    """The lines from `first` to `last`, or to the end, but at most so many characters.

    `pieces` begin at or before the first line; no more of them is read than is needed.
    """
    lines: list[str] = []
    left = most
    for n, line in lines_of(pieces, most):
        if n < first:
            continue
        if last is not None and n > last:
            break
        if len(line) > left or left == 0:
            shown = [*lines, line[:left]] if left else lines
            return View(first, shown, is_cut=True)
        lines.append(line)
        left -= min(left, len(line) + 1)
    return View(first, lines)


def lines_of(pieces: Iterable[Piece], most: int) -> Iterator[tuple[int, str]]:
    """The lines that pieces hold, with their numbers; the first may lack its beginning.

    Of a line that has more than `most` characters there are one more than that, to tell.
    """
    number, begun, size = 0, [""], 0
    for piece in pieces:
        number = number or piece.line
        *whole, rest = piece.text.split("\n")
        for end in whole:
            if size <= most:
                yield number, "".join([*begun, end])[: most + 1]
            number, begun, size = number + 1, [""], 0
        if rest and size <= most:
            begun.append(rest)
            size += len(rest)
            if size > most:
                yield number, "".join(begun)[: most + 1]
    if 0 < size <= most:
        yield number, "".join(begun)


def _end(text: str, at: int, size: int) -> int:
    if len(text) - at <= size:
        return len(text)
    for mark in _ENDS:
        found = text.rfind(mark, at + size // 2, at + size)
        if found >= 0:
            return found + len(mark)
    return at + size
