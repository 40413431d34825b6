"""Tags: the words that agents and blocks are found by."""

from sqlalchemy import select, union

from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import containing


def listed(tx: Tx, project: ProjectId, page: Page, text: str | None = None) -> list[str]:
    """The tags on a page, each once, by the alphabet; `text` is part of them, in any case.

    The cursors are tags. One that nobody has any more still says where the list goes on.
    """
    agents, blocks = schema.agents, schema.blocks
    of_agents = (
        select(schema.agent_tags.c.tag)
        .join(agents, agents.c.id == schema.agent_tags.c.agent_id)
        .where(agents.c.project_id == project, agents.c.deleted_at.is_(None))
    )
    of_blocks = (
        select(schema.block_tags.c.tag)
        .join(blocks, blocks.c.id == schema.block_tags.c.block_id)
        .where(blocks.c.project_id == project)
    )
    every = union(of_agents, of_blocks).subquery()
    tag = every.c.tag
    query = select(tag)
    if text:
        query = query.where(containing(tag, text))
    upwards = page.order == "asc"
    if page.after is not None:
        query = query.where(tag > page.after if upwards else tag < page.after)
    if page.before is not None:
        query = query.where(tag < page.before if upwards else tag > page.before)
    backwards = page.after is None and page.before is not None
    order = tag.asc() if upwards != backwards else tag.desc()
    found = [row.tag for row in tx.all(query.order_by(order).limit(page.limit))]
    return found[::-1] if backwards else found
