"""A line to a model: the library's object for it, and the protocol that is spoken on it."""

from dataclasses import dataclass
from typing import Protocol

from pydantic_ai.models import Model
from pydantic_ai.profiles import ModelProfile

from palaver.providers.encode import Wire

# What was said goes out as it was said: no invisible characters in what looks like a special token.
PROFILE = ModelProfile(may_tokenize_special_tokens_in_content=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A model with the protocol that it is spoken to by.

    `fetches` says whether the provider takes an image by its URL.
    """

    wire: Wire
    model: Model
    fetches: bool = True


class Lines(Protocol):
    """An account's connections: to whatever model of it is named."""

    def line(self, name: str) -> Line:
        """The model called `name`."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
