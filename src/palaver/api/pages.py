"""How a part of a list is asked for, oldest or newest first."""

from typing import Literal

from palaver.domain.agent import Include
from palaver.domain.frozen import Frozen
from palaver.domain.page import Limit, Order, Page


class Paged(Frozen):
    """A part of a list. Where there is one order only, it may be named."""

    limit: Limit | None = 100
    before: str | None = None
    after: str | None = None
    order: Order

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        limit = 100 if self.limit is None else self.limit
        return Page(limit=limit, before=self.before, after=self.after, order=self.order)


class OldestFirst(Paged):
    """A part of a list, oldest first unless asked otherwise."""

    order: Order = "asc"
    order_by: Literal["created_at"] = "created_at"


class NewestFirst(Paged):
    """A part of a list, newest first unless asked otherwise."""

    order: Order = "desc"
    order_by: Literal["created_at"] = "created_at"


class Fifty(NewestFirst):
    """The same, fifty at a time unless asked otherwise."""

    limit: Limit | None = 50


class AgentsQuery(Fifty):
    """A part of a list of agents, and what of them is shown."""

    include: list[Include] | None = None
    include_relationships: list[str] | None = None
