"""A page of a list: how many, from where, in which order.

Cursors are relative to the order: ``after`` is what comes next in the order that was asked for,
``before`` what came earlier in it. Pages therefore tile, whatever the limit and the order.
"""

from typing import Annotated, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen

MAX_LIMIT = 1000

Order = Literal["asc", "desc"]
Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT)]


class Page(Frozen):
    """Which part of a list is wanted. ``limit`` counts stored things; 0 is an empty list."""

    limit: Limit = 50
    after: str | None = None
    before: str | None = None
    order: Order = "desc"
