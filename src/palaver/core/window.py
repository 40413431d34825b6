"""The window: all that the model sees of a conversation when it is called."""

from dataclasses import dataclass, replace

from palaver.domain.entry import Entry
from palaver.domain.llm import ChatRequest, Handle
from palaver.domain.model_settings import ModelSettings
from palaver.domain.tool import ToolSpec


@dataclass(frozen=True, slots=True)
class Window:
    """The system text, the entries after it, and the tools, for one model.

    ``logprobs`` and ``token_ids`` say what is to be told of the tokens of its answers.
    """

    handle: Handle
    system: str = ""
    entries: tuple[Entry, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    settings: ModelSettings | None = None
    conversation: str = ""
    logprobs: int | None = None
    token_ids: bool = False

    def with_entries(self, *entries: Entry) -> "Window":
        """The window after more was said."""
        return replace(self, entries=self.entries + entries)

    def request(self) -> ChatRequest:
        """What to ask the model."""
        return ChatRequest(
            handle=self.handle,
            system=self.system,
            entries=self.entries,
            tools=self.tools,
            settings=self.settings,
            conversation=self.conversation,
            logprobs=self.logprobs,
            token_ids=self.token_ids,
        )
