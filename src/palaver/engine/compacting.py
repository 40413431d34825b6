"""Compaction because somebody wants it: of a conversation in which no run is active."""

from dataclasses import dataclass

from palaver.core import compaction
from palaver.core.compaction import Compacted
from palaver.domain.agent import CompactionSettings
from palaver.domain.conversation import Address, Context
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.engine import choosing, summarising
from palaver.engine.choosing import Opened
from palaver.engine.says import says
from palaver.engine.summarising import Summariser
from palaver.errors import WindowChanged
from palaver.providers.catalog import Catalog
from palaver.store import compactions, entries, runs
from palaver.store.db import Database, Tx


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation as it stands before it is compacted."""

    opened: Opened
    context: Context
    system: Entry
    said: tuple[Entry, ...]


async def compact(
    db: Database,
    catalog: Catalog,
    where: tuple[ProjectId, Address],
    asked: CompactionSettings | None,
    dry_run: bool = False,
) -> Compacted:
    """Compact a conversation, and keep that unless it is a `dry_run`.

    Raises `ConversationBusy` while a run is active there, `WindowChanged` where another compaction
    was faster, and what `palaver.core.compaction.Compaction.carry` raises: nothing is changed then.
    """
    project, address = where
    found = await db.read(_find, project, address)
    settings = compaction.merged(found.opened.agent.compaction_settings, asked)
    window = choosing.window(catalog, found.opened, address, found.system, found.said)
    done = await Summariser(catalog, settings).compacted(window)
    if not dry_run:
        await db.tx(_keep, project, address, found.context, done)
    return done


def undo(tx: Tx, project: ProjectId, address: Address) -> tuple[int, int]:
    """Take the last compaction back; how many messages were in the window, and are now.

    Raises `ConversationBusy`, and `NothingToUndo`.
    """
    conversation = address.conversation_id
    _hold(tx, project, conversation)
    before = len(entries.context_ids(tx, conversation))
    compactions.undo(tx, project, conversation)
    return before, len(entries.context_ids(tx, conversation))


def _find(tx: Tx, project: ProjectId, address: Address) -> Found:
    conversation = address.conversation_id
    runs.refuse_if_active(tx, project, conversation)
    opened = choosing.opened(tx, project, address)
    context = entries.reach(tx, conversation).context
    return Found(opened, context, *entries.window(tx, conversation))


def _keep(tx: Tx, project: ProjectId, address: Address, before: Context, done: Compacted) -> None:
    conversation = address.conversation_id
    _hold(tx, project, conversation)
    if entries.reach(tx, conversation).context != before:
        raise WindowChanged
    (summary,) = entries.append(tx, project, address, [done.entry(says("summary"))])
    summarising.keep(tx, project, conversation, done.cut, summary.id)


def _hold(tx: Tx, project: ProjectId, conversation: str) -> None:
    runs.hold(tx, project, conversation)
    runs.refuse_if_active(tx, project, conversation)
