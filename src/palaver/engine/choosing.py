"""Who answers in a conversation: its model, with which settings, and how much that model reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from palaver.core import approval
from palaver.core.repair import mended
from palaver.core.window import Window
from palaver.domain.agent import Agent, LLMConfig
from palaver.domain.conversation import Address, Conversation
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.llm import ChatModel, Handle
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.tool import Tool, ToolSpec
from palaver.engine import equipment
from palaver.providers.catalog import Catalog
from palaver.store import agents, conversations
from palaver.store.db import Tx

MAX_WINDOW = 128_000  # tokens; a model's own window counts up to here unless a limit is set


class Opened(NamedTuple):
    """Whose conversation it is. The default one has nothing of its own."""

    agent: Agent
    tools: Sequence[Tool]
    conversation: Conversation | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that answers, with its settings and the window it may have."""

    handle: Handle
    model: ChatModel
    settings: ModelSettings | None
    context_window: int
    form: ResponseFormat | None = None

    def blank(
        self, tools: Iterable[Tool], address: Address, client_tools: Sequence[ToolSpec] = ()
    ) -> Window:
        """Its window in a conversation, with nothing in it yet."""
        return Window(
            self.handle,
            tools=approval.offered([tool.spec for tool in tools], client_tools),
            settings=self.settings,
            conversation=address.conversation_id,
            tokens=self.context_window,
            form=self.form,
        )


def opened(tx: Tx, project: ProjectId, address: Address) -> Opened:
    """What is needed to choose. Raises `NotFound`."""
    agent = agents.get(tx, project, address.agent_id)
    held = equipment.of_agent(tx, project, agent)
    if address.is_default:
        return Opened(agent, held, None)
    return Opened(agent, held, conversations.bare(tx, project, address.conversation_id))


def choose(catalog: Catalog, found: Opened, override: str | None = None) -> Choice:
    """Whose model answers: an `override`, else the conversation's, else the agent's.

    Raises `NotFound`, and `Invalid` for what is no handle.
    """
    agent, _, conversation = found
    named, settings = agent.model, agent.model_settings
    if conversation is not None and conversation.model:
        named, settings = conversation.model, None
    if conversation is not None and conversation.model_settings is not None:
        settings = conversation.model_settings
    if override:
        named, settings = override, None
    handle, model = catalog.resolve(named)
    limit = conversation.context_window_limit if conversation is not None else None
    limit = limit or agent.context_window_limit or MAX_WINDOW
    form = getattr(settings, "response_format", None) or getattr(settings, "response_schema", None)
    older = None if override or form else agent.response_format  # from before settings had one
    return Choice(handle, model, settings, min(catalog.context_window(handle), limit), older)


def window(
    catalog: Catalog, found: Opened, address: Address, system: Entry, said: tuple[Entry, ...]
) -> Window:
    """The window as the next send would find it. Raises what `choose` raises."""
    blank = choose(catalog, found).blank(found.tools, address)
    return replace(blank, system=system.text, entries=mended(said).entries)


def llm_config(catalog: Catalog, agent: Agent) -> LLMConfig:
    """The model of an agent in its older form."""
    provider, _, model = agent.model.partition("/")
    settings = agent.model_settings
    return LLMConfig(
        model=model,
        handle=agent.model,
        display_name=model,
        provider_name=provider,
        model_endpoint_type=catalog.endpoint_type(provider),
        context_window=agent.context_window_limit
        or min(MAX_WINDOW, catalog.context_window(Handle(provider, model))),
        temperature=settings.temperature if settings else 1.0,
        max_tokens=settings.max_output_tokens if settings else None,
        parallel_tool_calls=settings.parallel_tool_calls if settings else True,
    )
