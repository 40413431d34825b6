"""What a send would ask its model, as its provider would get it. Nothing is sent or kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from palaver.core.repair import mended
from palaver.domain.entry import Entry
from palaver.engine import choosing
from palaver.engine.choosing import Opened
from palaver.engine.send import Send
from palaver.errors import Invalid
from palaver.providers.catalog import Catalog
from palaver.store import entries
from palaver.store.db import Database, Tx

_Found = tuple[Opened, Entry, Sequence[Entry]]


async def preview(db: Database, catalog: Catalog, send: Send) -> dict[str, Any]:
    """The body of the first request. Raises `NotFound`, and `Invalid` for an answer to calls."""
    if send.answer is not None:
        raise Invalid("What follows an answer to tool calls depends on what they come to; send it.")
    opened, system, said = await db.read(_read, send)
    choice = choosing.choose(catalog, opened, send.override_model)
    window = replace(
        choice.blank(opened.tools, send.address, send.client_tools),
        system=send.system(system.text),
        entries=mended((*said, *send.inputs)).entries,
        logprobs=send.logprobs,
    )
    return await choice.model.preview(window.request())


def _read(tx: Tx, send: Send) -> _Found:
    opened = choosing.opened(tx, send.project, send.address)
    return opened, *entries.window(tx, send.address.conversation_id)
