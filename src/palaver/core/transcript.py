"""What was said, told as one text: what a model reads that is to sum it up."""

from collections.abc import Iterable, Iterator

from palaver.domain.entry import Entry
from palaver.domain.part import Image, Part, Text, ToolCall, ToolReturn, Verdict

OPENING, CLOSING = "<transcript>\n", "\n</transcript>"
"""What a transcript stands between: what is in it is told, and not asked for."""

_LONGEST_RETURN = 5_000  # characters of a tool's return that are told


def told(entries: Iterable[Entry]) -> str:
    """All that was said, one paragraph for each part. Reasoning is left out."""
    return "\n\n".join(line for entry in entries for line in _lines(entry))


def pieces(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` characters, parted between paragraphs where it can be.

    Joined, they are the text.
    """
    found, begun = [], 0
    while len(text) - begun > size:
        end = text.rfind("\n\n", begun + size // 2, begun + size) + 2
        end = begun + size if end < begun + 2 else end
        found.append(text[begun:end])
        begun = end
    return [*found, text[begun:]]


def _lines(entry: Entry) -> Iterator[str]:
    if entry.role == "summary":
        yield f"What was said before that, in short: {entry.text}"
        return
    for part in entry.parts:
        line = _line(entry, part)
        if line:
            yield line


def _line(entry: Entry, part: Part) -> str:
    match part:
        case Text(text=text) if text.strip():
            return f"{entry.name or entry.role}: {text}"
        case Image():
            return f"{entry.name or entry.role}: [an image]"
        case ToolCall():
            return f"{entry.role} calls {part.name}: {part.arguments}"
        case ToolReturn():
            name = part.name or "a tool"
            return f"{name} returns ({part.status}): {_clipped(part)}"
        case Verdict(approve=False):
            return f"a call was denied: {part.reason or 'without a reason'}"
        case _:
            return ""


def _clipped(part: ToolReturn) -> str:
    text = part.content if isinstance(part.content, str) else part.text or "[an image]"
    left = len(text) - _LONGEST_RETURN
    return text if left <= 0 else f"{text[:_LONGEST_RETURN]}... [{left} characters more]"
