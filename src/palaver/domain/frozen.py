"""What every noun has in common: it never changes, it is copied."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer


class Frozen(BaseModel):
    """A value. Unknown fields are ignored, as the API's clients expect."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=()
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


Stamp = Annotated[
    datetime,
    PlainSerializer(_stamp, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}),
]
"""A UTC moment; on the wire ISO-8601 with microseconds and ``Z`` (contract §1.7)."""

Date = Annotated[
    datetime,
    PlainSerializer(_date, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}),
]
"""A UTC moment; on the wire ISO-8601 in whole seconds with ``+00:00`` (contract §1.7)."""
