"""What a prompt shares with the one before it: providers cache the beginning that is the same.

A prompt is a row of pieces in the order in which providers cache: the model, each tool, the system
text line by line, then the entries. Its outline is what is remembered of it: a digest of each piece
that may change, and one of the names of the entries. Entries are never changed and stand in one
line, so that they differ at their beginning or not at all, and the outline does not grow with them.
"""

import json
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count, islice
from typing import NamedTuple, Self

from palaver.core.window import Window
from palaver.domain.entry import Entry

_SIZE = 8  # bytes of a digest


class Outline(NamedTuple):
    """What is remembered of a prompt. `said` is of its entries: which, and how many."""

    head: bytes
    said: bytes = b""

    @classmethod
    def of(cls, window: Window) -> Self:
        """The outline of what a model is asked."""
        head = b"".join(_digest(piece) for piece in _pieces(window))
        return cls(head, _said(window.entries))

    def changed_at(self, before: "Outline", window: Window) -> int | None:
        """The byte of the prompt at which it goes another way than the one `before` it.

        It is where the first piece begins that differs, the model counting as a piece; None if the
        one before is the beginning of this one, or the same. `window` is what this is the outline
        of.
        """
        if self.head != before.head:
            same = next(n for n in count() if self._piece(n) != before._piece(n))
            return sum(len(piece) for piece in islice(_pieces(window), same))
        entries = int.from_bytes(before.said[_SIZE:])
        if before.said in (b"", _said(window.entries[:entries])):
            return None
        return sum(len(piece) for piece in _pieces(window))

    def asked(self, window: Window) -> int | None:
        """How many entries the prompt had that this is of, if `window` begins with all of it."""
        entries = int.from_bytes(self.said[_SIZE:])
        if self.said != _said(window.entries[:entries]) or self.head != Outline.of(window).head:
            return None
        return entries

    def _piece(self, n: int) -> bytes:
        return self.head[n * _SIZE : (n + 1) * _SIZE]


def _pieces(window: Window) -> Iterator[bytes]:
    yield str(window.handle).encode()
    for tool in window.tools:
        yield json.dumps(tool.model_dump(), sort_keys=True, separators=(",", ":")).encode()
    for line in window.system.splitlines(keepends=True):
        yield line.encode()


def _said(entries: tuple[Entry, ...]) -> bytes:
    names = "".join(entry.id for entry in entries).encode()
    return _digest(names) + len(entries).to_bytes(4)


def _digest(piece: bytes) -> bytes:
    return blake2b(piece, digest_size=_SIZE).digest()
