"""Summaries: asked for as a compaction wants them, and put in the place of what leaves a window."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from palaver.core.compaction import Compacted, Compaction, Trigger
from palaver.core.cutting import Cut
from palaver.core.summaries import Summarize
from palaver.core.window import Window
from palaver.domain.agent import CompactionSettings
from palaver.domain.ids import ProjectId
from palaver.domain.llm import Completion, Handle, TextDelta
from palaver.errors import Invalid, LLMError, NotFound
from palaver.providers.catalog import Catalog
from palaver.store import compactions, entries
from palaver.store.db import Tx

_USUAL = {
    "anthropic": "anthropic/claude-haiku-4-5",
    "openai": "openai/gpt-5-mini",
    "google_ai": "google_ai/gemini-2.5-flash",
}
"""Who sums up where nothing is said of it, by the provider of the conversation's own model."""


@dataclass(frozen=True, slots=True)
class Summariser:
    """Who sums up conversations, held to these settings."""

    catalog: Catalog
    settings: CompactionSettings

    async def compacted(
        self,
        window: Window,
        trigger: Trigger = "requested",
        begun: Callable[[], Awaitable[None]] | None = None,
    ) -> Compacted:
        """Compact a window, or raise what `Compaction.carry` raises. Nothing is kept.

        Once it is known that something can leave the window, `begun` is called.
        """
        going = Compaction(window, self._blank(window), self.settings, trigger).carry()
        want = next(going)
        if begun is not None:
            await begun()
        return await _driven(self.catalog, going, want)

    def _blank(self, window: Window) -> Window:
        """An empty window of the model that sums up: the own one if there is no other."""
        own, settings = window.blank, self.settings.model_settings
        handle = self._checked(self.settings.model or _USUAL.get(own.handle.provider))
        if handle is None or handle == own.handle:
            return replace(own, settings=settings)
        tokens = self.catalog.context_window(handle)
        return Window(handle, settings=settings, tokens=tokens)

    def _checked(self, handle: str | None) -> Handle | None:
        try:
            return None if handle is None else self.catalog.checked(handle)
        except (NotFound, Invalid):
            return None


def keep(
    tx: Tx,
    project: ProjectId,
    conversation_id: str,
    cut: Cut,
    summary_id: str,
    system: str | None = None,
) -> None:
    """Let a conversation's window be cut, its summary being written already.

    With a `system` text it gets a new prompt as well. All of it can be undone.
    """
    reached = entries.reach(tx, conversation_id)
    context = cut.context(summary_id, partial(reached.seq_of, tx))
    compactions.put(tx, project, conversation_id, context, system)


async def _driven(
    catalog: Catalog, going: Generator[Summarize, str, Compacted], want: Summarize
) -> Compacted:
    said, failure = "", None
    while True:
        try:
            said, failure = await answered(catalog, want.window), None
        except LLMError as error:
            failure = error
        try:
            want = going.send(said) if failure is None else going.throw(failure)
        except StopIteration as ended:
            done: Compacted = ended.value
            return done


async def answered(catalog: Catalog, window: Window) -> str:
    """The words that the model of a window has to say to it."""
    return (await heard(catalog, window))[0]


async def heard(catalog: Catalog, window: Window) -> tuple[str, Completion]:
    """The words that the model of a window has to say to it, and how it ended."""
    completion = Completion("stop")
    _, model = catalog.resolve(str(window.handle))
    words = []
    async with aclosing(model.stream(window.request())) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                words.append(event.text)
            elif isinstance(event, Completion):
                completion = event
    return "".join(words), completion
