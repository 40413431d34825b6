"""Summaries are asked for here, as a compaction wants them."""

from collections.abc import Generator
from contextlib import aclosing

from palaver.core.compaction import Compacted, Compaction
from palaver.core.summaries import Summarize
from palaver.core.window import Window
from palaver.domain.agent import CompactionSettings
from palaver.domain.llm import Handle, TextDelta
from palaver.errors import Invalid, LLMError, NotFound
from palaver.providers.catalog import Catalog

_USUAL = {
    "anthropic": "anthropic/claude-haiku-4-5",
    "openai": "openai/gpt-5-mini",
    "google_ai": "google_ai/gemini-2.5-flash",
}
"""Who sums up where nothing is said of it, by the provider of the conversation's own model."""


def blank(catalog: Catalog, window: Window, settings: CompactionSettings) -> Window:
    """An empty window of the model that sums up: the conversation's own if there is none other."""
    own = window.blank
    handle = _checked(catalog, settings.model or _USUAL.get(own.handle.provider))
    if handle is None or handle == own.handle:
        return Window(own.handle, settings=settings.model_settings, tokens=own.tokens)
    tokens = catalog.context_window(handle)
    return Window(handle, settings=settings.model_settings, tokens=tokens)


async def compacted(catalog: Catalog, compaction: Compaction) -> Compacted:
    """Carry a compaction out, or raise what it raises. Nothing is kept."""
    return await _driven(catalog, compaction.carry())


async def _driven(catalog: Catalog, going: Generator[Summarize, str, Compacted]) -> Compacted:
    said, failure = "", None
    want = next(going)
    while True:
        try:
            said, failure = await _answer(catalog, want.window), None
        except LLMError as error:
            failure = error
        try:
            want = going.send(said) if failure is None else going.throw(failure)
        except StopIteration as ended:
            done: Compacted = ended.value
            return done


async def _answer(catalog: Catalog, window: Window) -> str:
    """The words that the model of a window has to say to it."""
    _, model = catalog.resolve(str(window.handle))
    words = []
    async with aclosing(model.stream(window.request())) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                words.append(event.text)
    return "".join(words)


def _checked(catalog: Catalog, handle: str | None) -> Handle | None:
    try:
        return None if handle is None else catalog.checked(handle)
    except (NotFound, Invalid):
        return None
