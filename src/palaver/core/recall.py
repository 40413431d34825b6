"""The tools by which a model finds again what was said, and what it has put aside.

They are told to the model, what it asks for is read, and what was found is spelled out here;
looking it up is the engine's part. Semantics: behaviour §17.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from palaver.core.calls import tool_called
from palaver.domain.archive import Passage, TagMatch
from palaver.domain.entry import Entry, Role
from palaver.domain.frozen import Frozen, date_of
from palaver.domain.tool import ToolSpec

MOST = 50
"""How many results a model can ask for."""

CLIP = 2_000
"""How many characters of one result it is shown."""

MOST_SHOWN = 1_000_000
"""The limit of what a search returns: more than it can come to, so that it is never cut twice."""

SpokenRole = Literal["user", "assistant"]


def _moment(given: object, *, end: bool) -> object:
    """A moment as models write it. A day is its beginning or, as an end, its last microsecond."""
    if not isinstance(given, str):
        return given
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31 or 2026-01-31T18:00") from None
    if end and len(given.strip()) <= len("2026-01-31"):
        moment += timedelta(days=1, microseconds=-1)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _begin(given: object) -> object:
    return _moment(given, end=False)


def _end(given: object) -> object:
    return _moment(given, end=True)


def _one_or_many(given: object) -> object:
    return [given] if isinstance(given, str) else given


Since = Annotated[datetime | None, BeforeValidator(_begin)]
Until = Annotated[datetime | None, BeforeValidator(_end)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Words = Annotated[list[str] | None, BeforeValidator(_one_or_many)]


class Search(Frozen):
    """What `conversation_search` is asked."""

    query: str | None = Field(
        None, description="Words to look for; few and telling ones find most."
    )
    roles: Annotated[list[SpokenRole] | None, BeforeValidator(_one_or_many)] = Field(
        None, description="Whose messages; left out, everybody's."
    )
    limit: Count = Field(
        5, description=f"How many messages at most, up to {MOST}. The default is 5."
    )
    start_date: Since = Field(
        None, description="Only messages from then on, in UTC: 2026-01-31 or 2026-01-31T18:00."
    )
    end_date: Until = Field(
        None, description="Only messages up to then; a day is meant to its end."
    )
    this_conversation_only: bool = Field(
        False, description="Whether your other conversations are left out."
    )

    @property
    def wanted_roles(self) -> tuple[Role, ...]:
        """Whose words are wanted."""
        return tuple(self.roles or ("user", "assistant"))


class ArchivalInsert(Frozen):
    """What `archival_memory_insert` is given."""

    content: Annotated[
        str, Field(min_length=1, description="The text, so that it can be understood by itself.")
    ]
    tags: Words = Field(None, description="Words to sort it under.")


class ArchivalSearch(Frozen):
    """What `archival_memory_search` is asked."""

    query: str = Field(description="Words to look for; few and telling ones find most.")
    tags: Words = Field(None, description="Only what has one of these tags.")
    tag_match_mode: TagMatch = Field(
        "any", description="Whether any of the tags is enough, or all are needed."
    )
    top_k: Count = Field(
        10, description=f"How many texts at most, up to {MOST}. The default is 10."
    )
    start_datetime: Since = Field(
        None, description="Only texts from then on, in UTC: 2026-01-31 or 2026-01-31T18:00."
    )
    end_datetime: Until = Field(
        None, description="Only texts up to then; a day is meant to its end."
    )


def said(found: Iterable[tuple[Entry, str]]) -> str:
    """What the model is told of entries, each with the conversation that it was said in."""
    results = [
        {
            "timestamp": date_of(entry.created_at),
            "role": entry.role,
            "conversation": conversation,
            "content": _clipped(entry.lines),
        }
        for entry, conversation in found
    ]
    return _told(results)


def kept(found: Iterable[Passage]) -> str:
    """What the model is told of passages."""
    results = [
        {
            "id": passage.id,
            "timestamp": date_of(passage.created_at),
            "tags": passage.tags or [],
            "content": _clipped(passage.text),
        }
        for passage in found
    ]
    return _told(results)


def _told(results: list[dict[str, Any]]) -> str:
    return json.dumps({"count": len(results), "results": results}, ensure_ascii=False)


def _clipped(text: str) -> str:
    if len(text) <= CLIP:
        return text
    return f"{text[:CLIP]}... [truncated: the first {CLIP} of {len(text)} characters are shown]"


TOOLS: Mapping[str, ToolSpec] = {
    tool.name: tool
    for tool in (
        tool_called(
            "conversation_search",
            "Search what was said before, in this conversation and in your others, by words. The "
            "best matches come first. Without a query the newest messages are given.",
            Search,
        ),
        tool_called(
            "archival_memory_insert",
            "Put a text into your archive, where it stays out of sight until you search for it.",
            ArchivalInsert,
        ),
        tool_called(
            "archival_memory_search",
            "Search your archive by words. The best matches come first.",
            ArchivalSearch,
        ),
    )
}
"""The tools, by name."""
