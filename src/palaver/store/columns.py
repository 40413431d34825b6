"""What stands in columns, besides texts and numbers: ids, moments, short lists of numbers."""

import json
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import REAL, Column, LargeBinary, String, Text, TextClause, TypeDecorator
from sqlalchemy.dialects.postgresql import ARRAY

from palaver.domain import ids


def _sorted_by_bytes(length: int) -> String:
    """Text that sorts as SQLite sorts it, whatever the language of a PostgreSQL database."""
    return String(length).with_variant(String(length, "C"), "postgresql")


Id = _sorted_by_bytes(64)
Word = Text().with_variant(Text(collation="C"), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A UTC moment as text: ``2026-01-02T03:04:05.000006Z``. A naive one is taken as UTC."""

    impl = _sorted_by_bytes(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> str | None:
        """A moment as it is stored."""
        if value is None:
            return None
        utc = value.astimezone(UTC) if value.tzinfo else value
        return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"

    def process_result_value(self, value: str | None, _dialect: Any) -> datetime | None:
        """A stored moment."""
        return None if value is None else datetime.fromisoformat(value)


class Numbers(TypeDecorator[tuple[int, ...]]):
    """A few numbers as text: ``[3,1]``; none at all are null."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[int, ...] | None, _dialect: Any) -> str | None:
        """Numbers as they are stored."""
        return json.dumps(value) if value else None

    def process_result_value(self, value: str | None, _dialect: Any) -> tuple[int, ...]:
        """Stored numbers."""
        return tuple(json.loads(value)) if value else ()


class Vector(TypeDecorator[Sequence[float]]):
    """Many numbers in single precision: as bytes in SQLite, as an array in PostgreSQL.

    They are compared where they are, and never read back as numbers.
    """

    impl = LargeBinary().with_variant(ARRAY(REAL), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: Sequence[float] | None, dialect: Any) -> Any:
        """Numbers as they are stored."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return list(value)
        return struct.pack(f"<{len(value)}f", *value)


def in_time() -> Column[str]:
    """The column that lists of things are sorted by whose ids may be of elsewhere; never null."""
    return Column("sorted_as", Id, default=_sorted_as)


def _sorted_as(context: Any) -> str:
    given = context.get_current_parameters()
    return ids.sorted_as(given["id"], given["created_at"])


def only(where: TextClause) -> dict[str, Any]:
    """What makes an index partial: it holds the rows of which `where` is true."""
    return {"sqlite_where": where, "postgresql_where": where}
