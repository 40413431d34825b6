"""What texts mean, as an embedding model sees it, and what somebody looks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SearchMode = Literal["vector", "fts", "hybrid"]
"""Found by what it means, by its words, or by both."""

TEXT_LIMIT = 6_000
"""How many characters of a text are told to an embedding model, from its beginning."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A direction: `numbers` are of length 1 together. Only those of one `kind` can be compared.

    The kind is the handle of the model with the number of its numbers.
    """

    kind: str
    numbers: Sequence[float]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: the newest things if there are no `words`.

    Without a `meaning` words are what is gone by, whatever the `mode`.
    """

    words: str | None
    mode: SearchMode = "hybrid"
    meaning: Meaning | None = None

    @property
    def how(self) -> SearchMode:
        """The mode that is possible."""
        return self.mode if self.meaning else "fts"
