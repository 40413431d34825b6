"""A check: a sentence that is true of a server, or not, and how to find out."""

from collections.abc import Callable
from dataclasses import dataclass

from palaver.conformance.visit import Sight, Visit

FindOut = Callable[[Visit], None]


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is the sentence, `section` where in the contract it stands.

    `find_out` asks the server. It raises `palaver.conformance.visit.Mismatch`, or whatever it runs
    into, where the sentence is not true.
    """

    section: str
    name: str
    find_out: FindOut


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check: what it saw, and what broke it off if that was no mismatch."""

    check: Check
    sights: tuple[Sight, ...]
    error: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the sentence is true of the server. Who saw nothing cannot say so."""
        return self.error is None and bool(self.sights) and all(one.holds for one in self.sights)


class Section:
    """The checks of one section of the contract, in the order in which they are written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.checks: list[Check] = []

    def check(self, find_out: FindOut) -> FindOut:
        """Add a check; its sentence is the function's docstring."""
        sentence = " ".join((find_out.__doc__ or "").split()).removesuffix(".")
        self.checks.append(Check(self.name, sentence, find_out))
        return find_out
