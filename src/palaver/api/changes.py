"""What a caller gives to change something."""

from collections.abc import Collection
from typing import Any

from palaver.domain.frozen import Frozen


def given(body: Frozen, never_null: Collection[str]) -> dict[str, Any]:
    """The fields that were given. One that cannot be null, and is, stays as it is."""
    return {
        name: value
        for name, value in body.model_dump().items()
        if name in body.model_fields_set and (value is not None or name not in never_null)
    }
