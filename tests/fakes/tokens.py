"""Tokens: each piece of an answer is one, and its text tells all about it."""

from typing import Any
from zlib import crc32


def id_of(text: str) -> int:
    """The id of a token."""
    return crc32(text.encode()) % 100_000


def logprob(text: str) -> float:
    """How likely it was."""
    return -(1 + id_of(text) % 500) / 100


def likely(text: str, alternatives: int, *, in_bytes: bool = False) -> dict[str, Any]:
    """A token with its alternatives, as OpenAI tells it: Responses without bytes."""
    others = [_one(other, in_bytes) for other in others_of(text, alternatives)]
    return {**_one(text, in_bytes), "top_logprobs": others}


def others_of(text: str, alternatives: int) -> list[str]:
    """What could have been said instead; the likeliest is what was said."""
    return [text, *(f"{text}{n}" for n in range(alternatives))][:alternatives]


def _one(text: str, in_bytes: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"token": text, "logprob": logprob(text)}
    return {**told, "bytes": list(text.encode())} if in_bytes else told
