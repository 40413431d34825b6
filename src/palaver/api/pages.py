"""How a part of a list is asked for, oldest or newest first."""

from typing import Literal

from palaver.domain.frozen import Frozen
from palaver.domain.page import Limit, Order, Page


class Paged(Frozen):
    """A part of a list."""

    limit: Limit | None = 100
    before: str | None = None
    after: str | None = None

    def part(self, order: Order) -> Page:
        """The part of the list that is wanted."""
        limit = 100 if self.limit is None else self.limit
        return Page(limit=limit, before=self.before, after=self.after, order=order)


class OldestFirst(Paged):
    """A part of a list, oldest first unless asked otherwise."""

    order: Order = "asc"
    order_by: Literal["created_at"] = "created_at"

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        return self.part(self.order)


class NewestFirst(Paged):
    """A part of a list, newest first unless asked otherwise."""

    order: Order = "desc"
    order_by: Literal["created_at"] = "created_at"

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        return self.part(self.order)
