"""What a side says now: entries as they begin, before a conversation has given them a number."""

from typing import Any

from palaver import clock
from palaver.domain.entry import Entry, Role
from palaver.domain.part import Part


def says(role: Role, *parts: Part, **about: Any) -> Entry:
    """A new entry, with an id and a time of its own; `about` are its other fields."""
    fields = {"id": clock.mint("message"), "seq": 0, "created_at": clock.now(), **about}
    return Entry(role=role, parts=parts, **fields)
