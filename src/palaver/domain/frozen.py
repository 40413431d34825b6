"""What every noun has in common: it never changes, it is copied."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value. Unknown fields are ignored, as the API's clients expect."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=()
    )


Stamp = datetime
"""A UTC moment; on the wire ISO-8601 with microseconds and ``Z`` (contract §1.7)."""

Date = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A UTC moment in whole seconds with ``+00:00``, as messages carry it (contract §1.7)."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("in UTC this lies outside the years 1 to 9999") from None


SentStamp = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment that a caller gives, in whatever zone; one without a zone is taken to be in UTC."""


def date_of(moment: datetime) -> Date:
    """The date that a message of a UTC `moment` carries."""
    return moment.isoformat(timespec="seconds")
