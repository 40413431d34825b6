"""Where a window may be parted, and how much is left of it then.

What leaves is the beginning, up to a place at which no tool call is parted from its return. The
newest turn stays word for word; where that alone is too long, its input stays, and the end of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self

from palaver.core.estimate import tokens_of
from palaver.core.window import Window
from palaver.domain.conversation import Context
from palaver.domain.entry import Entry
from palaver.domain.part import ToolCall, ToolReturn

_STEP = 0.1  # by which the share grows that is to leave the window


@dataclass(frozen=True, slots=True)
class Cut:
    """A window in parts: what leaves it, and what stays as it is.

    `pinned` is the newest input, if that stands before what is `kept`.
    """

    evicted: tuple[Entry, ...]
    pinned: tuple[Entry, ...]
    kept: tuple[Entry, ...]

    def window(self, before: Window, summary: Entry) -> Window:
        """The window with a summary in the place of what leaves it."""
        return replace(before, entries=(summary, *self.pinned, *self.kept))

    def context(self, summary_id: str, number_of: Callable[[str], int]) -> Context:
        """The same in numbers; `number_of` tells that of an entry by its id."""
        head = [summary_id, *(entry.id for entry in self.pinned)]
        return Context(start=number_of(self.kept[0].id), head=tuple(map(number_of, head)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens that may stay in a window, its frame among them.

    `most` must not be exceeded. The oldest part leaves until no more than `sliding` stay; the
    newest turn stays whole if that makes no more than `turn`, else the end of it up to `tail`.
    """

    most: float
    sliding: float
    turn: float
    tail: float


def boundaries(entries: Sequence[Entry]) -> list[int]:
    """The places at which entries may be parted: somebody begins, no call is left alone."""
    asked: dict[str, int] = {}
    parted = [0] * (len(entries) + 1)
    for at, entry in enumerate(entries):
        for part in entry.parts:
            if isinstance(part, ToolCall):
                asked[part.call_id] = at
            elif isinstance(part, ToolReturn) and part.call_id in asked:
                parted[asked.pop(part.call_id) + 1] += 1
                parted[at + 1] -= 1
    depths = list(accumulate(parted))
    return [
        at
        for at, entry in enumerate(entries)
        if at and not depths[at] and entry.role in ("user", "system", "assistant")
    ]


def orphans(entries: Sequence[Entry]) -> set[str]:
    """The ids of the returns whose calls are not before them."""
    asked: set[str] = set()
    alone: set[str] = set()
    for entry in entries:
        for part in entry.parts:
            if isinstance(part, ToolCall):
                asked.add(part.call_id)
            elif isinstance(part, ToolReturn) and part.call_id not in asked:
                alone.add(part.call_id)
    return alone


@dataclass(frozen=True, slots=True)
class Layout:
    """A window laid out to be cut: the places where it may be, and what would stay behind each."""

    entries: tuple[Entry, ...]
    places: tuple[int, ...]
    newest: int  # where the newest input stands; before everything if there is none
    left: tuple[int, ...]  # the bytes from each place on
    sizes: tuple[int, ...]
    frame: int
    per_byte: float

    @classmethod
    def of(cls, window: Window) -> Self:
        """How a window may be cut."""
        entries, sizes = window.entries, window.sizes()
        inputs = [at for at, entry in enumerate(entries) if entry.is_input]
        left = list(accumulate(reversed(sizes), initial=0))[::-1]
        return cls(
            entries,
            tuple(boundaries(entries)),
            inputs[-1] if inputs else -1,
            tuple(left),
            tuple(sizes),
            window.frame,
            window.per_byte,
        )

    def cut(self, at: int) -> Cut:
        """The window, parted before place `at`."""
        pinned = (self.entries[self.newest],) if 0 <= self.newest < at else ()
        evicted = self.entries[:at]
        if pinned:
            evicted = self.entries[: self.newest] + self.entries[self.newest + 1 : at]
        return Cut(evicted, pinned, self.entries[at:])

    def stays(self, at: int) -> int:
        """The tokens that stay if the window is parted before place `at`."""
        pinned = self.sizes[self.newest] if 0 <= self.newest < at else 0
        return tokens_of(self.frame + pinned + self.left[at], self.per_byte)

    def sliding(self, share: float, limits: Limits) -> int | None:
        """Where the window begins if its oldest part leaves: this share and a tenth, or more."""
        share += _STEP
        while share < 1:
            wanted = round(share * (len(self.entries) + 1)) - 1  # the system entry counts, too
            newest = self.newest if self.newest >= 0 else wanted
            at = max((p for p in self.places if p <= min(wanted, newest)), default=0)
            if self._is_worth_it(at) and self.stays(at) < min(limits.sliding, limits.most):
                return at
            share += _STEP
        return None

    def last(self, limits: Limits) -> int | None:
        """Where the window begins if the newest turn stays, or as much of it as may."""
        whole = [at for at in self.places if at == self.newest and self._is_worth_it(at)]
        if whole and self.stays(self.newest) <= min(limits.turn, limits.most):
            return self.newest
        later = [at for at in self.places if at > self.newest and self._is_worth_it(at)]
        fitting = [at for at in later if self.stays(at) <= limits.most]
        small = (at for at in fitting if self.stays(at) <= limits.tail)
        return next(small, fitting[-1] if fitting else None)

    def _is_worth_it(self, at: int) -> bool:
        """Whether so much leaves that a summary makes the window shorter."""
        return at - (0 <= self.newest < at) > 1
