"""Passages are put into archives, by callers and by agents."""

from palaver import clock
from palaver.domain.agent import Agent
from palaver.domain.archive import Archive, NewPassage, Passage
from palaver.domain.ids import ProjectId
from palaver.store import archives, passages
from palaver.store.db import Tx


def archive_called(name: str, description: str | None = None) -> Archive:
    """An archive with an id of its own."""
    now = clock.now()
    return Archive(
        id=clock.mint("archive"),
        name=name,
        description=description,
        created_at=now,
        updated_at=now,
    )


def passage_from(new: NewPassage, archive_id: str) -> Passage:
    """A passage with an id of its own."""
    now = clock.now()
    return Passage(
        id=clock.mint("passage"),
        text=new.text,
        archive_id=archive_id,
        tags=new.tags,
        metadata=new.metadata or {},
        created_at=new.created_at or now,
        updated_at=now,
    )


def put(tx: Tx, project: ProjectId, agent: Agent, new: NewPassage) -> Passage:
    """Keep a passage in the agent's first archive, which is made if it has none. Or `NotFound`."""
    passage = passage_from(new, _first_archive(tx, project, agent))
    passages.add(tx, project, passage.archive_id or "", [passage])
    return passage


def _first_archive(tx: Tx, project: ProjectId, agent: Agent) -> str:
    for archive_id in archives.of_agent(tx, project, agent.id, lock=True):
        return archive_id
    archive = archive_called(f"{agent.name}'s archive")
    archives.add(tx, project, archive)
    archives.attach(tx, project, agent.id, archive.id)
    return archive.id
