"""One call of an agent's model that has nothing to do with what the agent knows or has said."""

from dataclasses import dataclass

from palaver.core.window import Window
from palaver.domain.llm import Handle
from palaver.domain.message import Usage
from palaver.domain.model_settings import ResponseFormat
from palaver.domain.part import Text
from palaver.engine import choosing, summarising, tally
from palaver.engine.choosing import Opened
from palaver.engine.says import says
from palaver.providers.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a model is asked: of the agent's if no other is named."""

    prompt: str
    system: str = ""
    model: str | None = None
    form: ResponseFormat | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model has said, which one it was, and what it cost."""

    text: str
    handle: Handle
    usage: Usage


async def generate(catalog: Catalog, found: Opened, inquiry: Inquiry) -> Generated:
    """Ask it; nothing of it is kept. Raises what `choose` raises, and `LLMError`."""
    choice = choosing.choose(catalog, found, inquiry.model)
    window = Window(
        choice.handle,
        system=inquiry.system,
        entries=(says("user", Text(text=inquiry.prompt)),),
        settings=choice.settings,
        form=inquiry.form,
    )
    text, completion = await summarising.heard(catalog, window)
    said = says("assistant", Text(text=text))
    tokens = tally.completed(completion, window, said).tokens
    return Generated(text, choice.handle, tally.counted(Usage(), tokens))
