"""What every noun has in common: it never changes, it is copied."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A value. Unknown fields are ignored, as the API's clients expect."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, protected_namespaces=()
    )


Stamp = datetime
"""A UTC moment; on the wire ISO-8601 with microseconds and ``Z`` (contract §1.7)."""

Date = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A UTC moment in whole seconds with ``+00:00``, as messages carry it (contract §1.7)."""


def date_of(moment: datetime) -> Date:
    """The date that a message of a UTC `moment` carries."""
    return moment.isoformat()[:19] + "+00:00"
