"""The window: all that the model sees of a conversation when it is called."""

from dataclasses import dataclass, replace

from palaver.core.estimate import (
    PER_BYTE,
    measured,
    size_of,
    size_of_text,
    size_of_tools,
    tokens_of,
)
from palaver.domain.entry import Entry
from palaver.domain.llm import ChatRequest, Handle
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.part import Image, Text, ToolReturn
from palaver.domain.tool import ToolSpec

_LEAST = 5_000  # characters of a tool's return that a model sees, however small its window is
_CHARACTERS = 4  # in a token, more or less
_SHARE = 5  # one return gets at most this part of a window
_FULL = 0.9  # of the tokens that a model takes: the rest is for its answer
_SUMMARY = "<summary>\nWhat was said before this point, in short:\n\n{}\n</summary>"


@dataclass(frozen=True, slots=True)
class Window:
    """The system text, the entries after it, and the tools, for one model.

    `tokens` is how many the model takes (0: nobody knows): what a tool returned is told up to a
    share of them. `per_byte` is how many of them its provider makes of a byte.
    `logprobs` and `token_ids` say what is to be told of the tokens of its answers.
    Of its tools the `barred` ones may not be called now; of those in `must_call`, if there are any,
    one has to. `form` is that of its answer, where it is not that of its settings.
    """

    handle: Handle
    system: str = ""
    entries: tuple[Entry, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    settings: ModelSettings | None = None
    conversation: str = ""
    tokens: int = 0
    per_byte: float = PER_BYTE
    logprobs: int | None = None
    token_ids: bool = False
    barred: frozenset[str] = frozenset()
    must_call: tuple[str, ...] = ()
    form: ResponseFormat | None = None

    def with_entries(self, *entries: Entry) -> "Window":
        """The window after more was said."""
        return replace(self, entries=self.entries + entries)

    @property
    def blank(self) -> "Window":
        """An empty window of the same model."""
        return Window(self.handle, conversation=self.conversation, tokens=self.tokens)

    @property
    def room(self) -> int:
        """The tokens that may be asked, so that there are some left for the answer."""
        return int(self.tokens * _FULL)

    @property
    def frame(self) -> int:
        """The bytes of what stays whatever leaves the window: the system text and the tools."""
        return size_of_text(self.system) + size_of_tools(self.tools)

    @property
    def size(self) -> int:
        """The bytes of it all."""
        return self.frame + sum(self.sizes())

    @property
    def estimate(self) -> int:
        """The tokens of it all, as far as one can tell."""
        return tokens_of(self.size, self.per_byte)

    @property
    def is_full(self) -> bool:
        """Whether there is no room left for an answer."""
        return 0 < self.room < self.estimate

    def sizes(self) -> list[int]:
        """The bytes of each entry."""
        limit = self._limit
        return [size_of(entry, limit) for entry in self.entries]

    def counted(self, tokens: int | None) -> "Window":
        """The window, after a provider has counted so many tokens in it, if it has."""
        return replace(self, per_byte=measured(tokens, self.size)) if tokens else self

    @property
    def _limit(self) -> int:
        return max(_LEAST, self.tokens * _CHARACTERS // _SHARE)

    def request(self) -> ChatRequest:
        """What to ask the model."""
        limit = self._limit
        return ChatRequest(
            handle=self.handle,
            system=self.system,
            entries=tuple(_clipped(entry, limit) for entry in self.entries),
            tools=self.tools,
            settings=self.settings,
            conversation=self.conversation,
            logprobs=self.logprobs,
            token_ids=self.token_ids,
            must_call=self.must_call,
            form=self.form,
        )


def _clipped(entry: Entry, limit: int) -> Entry:
    """The entry as a model sees it: a summary says what it is, and no return is too long."""
    if entry.role == "summary":
        told = (Text(text=_SUMMARY.format(p.text)) for p in entry.parts if isinstance(p, Text))
        return entry.model_copy(update={"parts": tuple(told)})
    parts = tuple(_shorter(p, limit) if isinstance(p, ToolReturn) else p for p in entry.parts)
    changed = any(ours is not before for ours, before in zip(parts, entry.parts, strict=True))
    return entry.model_copy(update={"parts": parts}) if changed else entry


def _shorter(part: ToolReturn, limit: int) -> ToolReturn:
    if isinstance(part.content, str):
        if len(part.content) <= limit:
            return part
        return part.model_copy(update={"content": _cut(part.content, limit)})
    if sum(len(one.text) for one in part.content if isinstance(one, Text)) <= limit:
        return part
    content: list[Text | Image] = []
    for one in part.content:
        if isinstance(one, Text):
            content.append(Text(text=_cut(one.text, max(limit, 0))))
            limit -= len(one.text)
        else:
            content.append(one)
    return part.model_copy(update={"content": content})


def _cut(text: str, limit: int) -> str:
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]}... [truncated {left} chars]"
