"""The tags of agents and blocks over HTTP."""

from typing import Annotated, Literal

from fastapi import Query

from palaver.api import routing
from palaver.api.deps import Caller, Db
from palaver.api.pages import Paged
from palaver.domain.page import Limit, Order
from palaver.store import tags

router = routing.router("/v1/tags", "tags")


class TagQuery(Paged):
    """Which tags are wanted: those that contain `name` (its older name is `query_text`)."""

    limit: Limit | None = 50
    order: Order = "asc"
    order_by: Literal["name"] = "name"
    name: str | None = None
    query_text: str | None = None


@router.get("/")
async def list_tags(query: Annotated[TagQuery, Query()], caller: Caller, db: Db) -> list[str]:
    """List the tags of all agents and blocks by the alphabet."""
    return await db.read(tags.listed, caller.project, query.page, query.name or query.query_text)
