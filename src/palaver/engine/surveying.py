"""What fills the window of a conversation now, and by which measure it is counted."""

from dataclasses import replace

from palaver.core.overview import Around, overview
from palaver.core.prefix import Outline
from palaver.core.window import Window
from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.domain.overview import ContextWindowOverview
from palaver.engine import choosing
from palaver.providers.catalog import Catalog
from palaver.store import archives, conversations, entries, prompts, steps
from palaver.store.db import Tx


def survey(tx: Tx, project: ProjectId, catalog: Catalog, address: Address) -> ContextWindowOverview:
    """What the next send would find in the window, in the measure that it would take.

    Raises `NotFound`.
    """
    conversation = address.conversation_id
    opened = choosing.opened(tx, project, address)
    system, said = entries.window(tx, conversation)
    window = choosing.window(catalog, opened, address, system, said)
    before = prompts.find(tx, project, conversation)
    measured = calibrated(tx, project, window, before and Outline(*before))
    around = Around(
        messages=conversations.recall_count(tx, conversation) + 1,
        passages=sum(archives.of_agent(tx, project, address.agent_id).values()),
    )
    return overview(measured, system, address, around)


def calibrated(tx: Tx, project: ProjectId, window: Window, before: Outline | None) -> Window:
    """The window with its provider's measure, if that has counted what the window begins with.

    `before` is the outline of what the model was asked last.
    """
    asked = before.asked(window) if before else None
    step_id = None if asked is None else next((e.step_id for e in window.entries[asked:]), None)
    step = None if step_id is None else steps.find(tx, project, step_id)
    if step is None:
        return window
    counted = replace(window, entries=window.entries[:asked]).counted(step.prompt_tokens)
    return replace(window, per_byte=counted.per_byte)
