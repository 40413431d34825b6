"""Tags: the words that agents and blocks are found by."""

from typing import Any

from sqlalchemy import CTE, Select, Table, func, select

from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import containing

_KEPT = (schema.agent_tags, schema.block_tags)


def listed(tx: Tx, project: ProjectId, page: Page, text: str | None = None) -> list[str]:
    """The tags on a page, each once, by the alphabet; `text` is part of them, in any case.

    The cursors are tags. One that nobody has any more still says where the list goes on. Each tag
    is a step in an index, however many things have it.
    """
    backwards = page.after is None and page.before is not None
    rising = (page.order == "asc") != backwards
    start, end = (page.before, None) if backwards else (page.after, page.before)
    found: set[str] = set()
    for kept in _KEPT:
        walk = _walk(kept, project, start, rising)
        query = select(walk.c.tag).where(walk.c.tag.is_not(None))
        if text:
            query = query.where(containing(walk.c.tag, text))
        if end is not None:
            query = query.where(walk.c.tag < end if rising else walk.c.tag > end)
        found.update(row.tag for row in tx.all(query.limit(page.limit)))
    first = sorted(found, reverse=not rising)[: page.limit]
    return first[::-1] if backwards else first


def _walk(kept: Table, project: ProjectId, start: str | None, rising: bool) -> CTE:
    """The tags of a project, each once, from after the first one on."""
    word = kept.c.tag
    end = func.min(word) if rising else func.max(word)
    query = select(end.label("tag")).where(kept.c.project_id == project)

    def after(tag: Any) -> Select[tuple[str]]:
        return query.where(word > tag if rising else word < tag)

    begun = (query if start is None else after(start)).cte("walk", recursive=True)
    further = select(after(begun.c.tag).correlate(begun).scalar_subquery())
    return begun.union_all(further.where(begun.c.tag.is_not(None)))
