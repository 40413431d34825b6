"""How many tokens a prompt has, before a provider has counted them.

A token is taken to be four bytes of UTF-8, and a fifth is put on top. Where a provider has counted
a prompt that this one begins with, its own measure of a byte is taken instead.
"""

from collections.abc import Iterable
from math import ceil

from palaver.domain.entry import Entry
from palaver.domain.part import HiddenReasoning, Image, Part, Reasoning, Text, ToolCall, ToolReturn
from palaver.domain.tool import ToolSpec

PER_BYTE = 1.2 / 4
"""Tokens in a byte of a text that nobody has counted."""

_LEAST, _MOST = 1 / 8, 1.0  # tokens in a byte; whoever counts beyond has counted something else
_IMAGE = 4_000  # bytes of text that count like a picture
_AROUND = 12  # bytes that a part costs besides its content
_AROUND_SUMMARY = 80  # bytes that say what a summary is


def tokens_of(size: int, per_byte: float = PER_BYTE) -> int:
    """The tokens in so many bytes, rounded up."""
    return ceil(size * per_byte)


def measured(tokens: int | None, size: int) -> float:
    """The tokens in a byte of a prompt that a provider has counted; `PER_BYTE` if it has not."""
    if not tokens or not size:
        return PER_BYTE
    return min(max(tokens / size, _LEAST), _MOST)


def size_of_text(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def size_of_tools(tools: Iterable[ToolSpec]) -> int:
    """The bytes of what a model is told of its tools."""
    return sum(size_of_text(tool.model_dump_json()) for tool in tools)


def size_of(entry: Entry, limit: int) -> int:
    """The bytes of an entry as it is sent: of a tool's return at most `limit` characters."""
    frame = _AROUND_SUMMARY if entry.role == "summary" else 0
    return frame + sum(_AROUND + _size(part, limit) for part in entry.parts)


def _size(part: Part, limit: int) -> int:
    match part:
        case Text(text=text) | Reasoning(text=text):
            return size_of_text(text)
        case ToolCall():
            return size_of_text(part.name) + size_of_text(part.arguments)
        case ToolReturn(content=str(content)):
            return size_of_text(content[:limit])
        case ToolReturn(content=list(content)):
            images = sum(isinstance(one, Image) for one in content)
            return size_of_text(part.text[:limit]) + images * _IMAGE
        case Image():
            return _IMAGE
        case HiddenReasoning(data=str(data)):
            return size_of_text(data)
        case _:
            return 0
