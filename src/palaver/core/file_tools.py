"""The tools by which a model looks into files: what it is told of them, and what they return.

Looking is the engine's part.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from palaver.core.calls import tool_called
from palaver.core.pieces import View
from palaver.core.recall import MOST
from palaver.domain.frozen import Frozen
from palaver.domain.tool import ToolSpec

CLIP = 1_000
"""How many characters of a line, or of a piece that was found, a search shows."""

PER_PAGE = 20
"""How many lines that match are shown at once."""

_LINES = 100_000_000


class Opening(Frozen):
    """A file to open: all of it, or `length` lines from the one after the first `offset`."""

    file_name: str = Field(min_length=1, description='The name, with its folder: "notes/plan.md".')
    offset: int = Field(
        0,
        ge=0,
        le=_LINES,
        description="How many lines to leave out at the beginning; none by default.",
    )
    length: int | None = Field(
        None, ge=1, le=_LINES, description="How many lines to show; all that fit by default."
    )

    @property
    def first(self) -> int | None:
        """The first line that is wanted, or None for all of the file."""
        return None if self.offset == 0 and self.length is None else self.offset + 1

    @property
    def last(self) -> int | None:
        """The last one, or None for the end."""
        return None if self.length is None else self.offset + self.length


class OpenFiles(Frozen):
    """What `open_files` is asked."""

    file_requests: list[Opening] = Field(min_length=1, description="The files to open.")
    close_all_others: bool = Field(False, description="Whether all other files are closed.")


class GrepFiles(Frozen):
    """What `grep_files` is asked."""

    pattern: str = Field(
        min_length=1,
        max_length=1_000,
        description='The expression: "total.*\\d+", or "(?i)error" in any case.',
    )
    include: str | None = Field(
        None,
        max_length=255,
        description='Only files whose names are like this: "*.md", "notes/*".',
    )
    context_lines: int = Field(
        1,
        ge=0,
        le=20,
        description="How many lines to show around each, up to 20. The default is 1.",
    )
    offset: int = Field(
        0,
        ge=0,
        le=_LINES,
        description=f"How many matches to pass over: {PER_PAGE} for the second page.",
    )


class SearchFiles(Frozen):
    """What `semantic_search_files` is asked."""

    query: str = Field(
        min_length=1, description="What to look for; few and telling words find most."
    )
    limit: int = Field(
        5, ge=1, le=MOST, description=f"How many passages at most, up to {MOST}. The default is 5."
    )


def opened(name: str, view: View, lines: int) -> str:
    """What the model is told of a file that it has opened."""
    if not view.lines:
        return f"[{name} has {lines} lines, and none in this range]"
    last = view.first + len(view.lines) - 1
    note = f"\n[the view ends here: open it at offset {last} for more]" if view.is_cut else ""
    return f"[{name}, lines {view.first} to {last} of {lines}]\n{view.numbered}{note}"


Matches = Callable[[str], object]
"""Something true for a line that matches."""


@dataclass(slots=True)
class Grep:
    """A search through the lines of files, of which one page of matches is kept."""

    matches: Matches
    asked: GrepFiles
    seen: int = 0
    shown: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether there are more matches than a page has."""
        return self.seen > self.asked.offset + PER_PAGE

    def look(self, name: str, lines: Iterable[tuple[int, str]]) -> None:
        """Search one file, and no further than until the page is full."""
        around = self.asked.context_lines
        before: list[tuple[int, str]] = []
        wanted = last = 0  # up to which line those after a match are shown; which was shown last
        for n, line in lines:
            clipped = line[:CLIP]
            if self.matches(clipped):
                self.seen += 1
                if self.is_full:
                    return
                if self.seen > self.asked.offset:
                    head = [one for one in before if one[0] > last]
                    self._begin(name, n - len(head), last)
                    self.shown += [f"  {k}: {text}" for k, text in head]
                    self.shown.append(f"> {n}: {clipped}")
                    wanted, last = n + around, n
            elif n <= wanted:
                self.shown.append(f"  {n}: {clipped}")
                last = n
            before = [*before, (n, clipped)][-around:] if around else []

    def told(self, note: str = "") -> str:
        """What the model is told."""
        if not self.shown:
            return f"No line has matched. {note}" if note else "No line matches."
        end = f"[more lines match: ask again with offset {self.asked.offset + PER_PAGE}]"
        return "\n".join([*self.shown, *([end] if self.is_full else []), *([note] if note else [])])

    def _begin(self, name: str, first: int, last: int) -> None:
        if last == 0:
            self.shown.append(f"[{name}]")
        elif first > last + 1:
            self.shown.append("  …")


def pieces_found(found: Iterator[tuple[str, int, str]]) -> str:
    """What the model is told of pieces: of each its file, its line and its text."""
    told = [f"[{name}, from line {line}]\n{text[:CLIP]}" for name, line, text in found]
    return "\n\n".join(told) if told else "Nothing was found; try other words, or grep_files."


TOOLS: Mapping[str, ToolSpec] = {
    tool.name: tool
    for tool in (
        tool_called(
            "open_files",
            "Open files of your folders and see their lines, with numbers. If more are open than "
            "you may have, those that were opened longest ago are closed.",
            OpenFiles,
        ),
        tool_called(
            "grep_files",
            "Find the lines of all files in your folders that match a regular expression (RE2: "
            "neither backreferences nor looking around). "
            f"{PER_PAGE} lines are shown at once, with those around them.",
            GrepFiles,
        ),
        tool_called(
            "semantic_search_files",
            "Search the files of your folders. The best passages come first.",
            SearchFiles,
        ),
    )
}
"""The tools, by name."""
