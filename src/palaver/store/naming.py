"""Names that are given once in a project: whoever gives one keeps the others waiting."""

from sqlalchemy import select

from palaver.domain.ids import ProjectId
from palaver.store.db import Tx
from palaver.store.schema import projects


def hold(tx: Tx, project: ProjectId) -> None:
    """Keep others from giving names, or keys, until this transaction is over."""
    here = select(projects.c.id).where(projects.c.id == project)
    tx.first(here.with_for_update(key_share=True))
