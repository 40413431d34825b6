"""OpenAI's client, without what it does to messages and with what servers like OpenAI's leave out.

Before a request goes out, the client walks through every field of it to rename keys, which it does
on the event loop and at 0.3 ms a message: a long window would hold up every other stream. The
messages need no renaming, so they are handed to it as what it leaves alone, an extra part of the
body. The bytes on the wire are the same. Measured in docs/decisions.
"""

from collections.abc import AsyncIterator
from functools import cached_property
from typing import Any

from openai import AsyncOpenAI, AsyncStream
from openai._models import construct_type
from openai._streaming import ServerSentEvent
from openai.resources.chat import AsyncChat
from openai.resources.chat.completions import AsyncCompletions
from openai.resources.responses import AsyncResponses
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import Choice, ChoiceDelta
from openai.types.responses import ResponseStreamEvent

from palaver.errors import BrokenReply
from palaver.providers import sglang

# What a response is of which the client has several kinds, and builds a reader for each field.
_SAID: dict[str, Any] = {
    "response": {
        "instructions": "",
        "model": "",
        "output": [{"type": "message", "content": [{"type": "output_text"}]}],
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [{"type": "function"}],
    }
}


class Client(AsyncOpenAI):
    """The client. It takes and gives what OpenAI's own does."""

    @cached_property
    def chat(self) -> AsyncChat:
        """Chat Completions."""
        return _Chat(self)

    @cached_property
    def responses(self) -> AsyncResponses:
        """Responses."""
        return _Responses(self)

    async def post(self, path: str, **given: Any) -> Any:
        """Ask; a streamed answer of Chat Completions comes as `_Chunks`."""
        if path == "/chat/completions":
            given["stream_cls"] = _Chunks
        return await super().post(path, **given)

    def _validate_headers(self, headers: Any, custom_headers: Any) -> None:
        """No header is missed: Azure's key stands in another one."""


def learn_to_read(*, responses: bool) -> None:
    """Have the client build what it reads answers with, which it else does at the first one.

    For Responses that takes 0.4 s, and the first answer is read on the event loop.
    """
    choice = {"index": 0, "delta": {"content": ""}}
    construct_type(type_=ChatCompletionChunk, value={"choices": [choice], "usage": {}})
    if responses:
        construct_type(type_=ResponseStreamEvent, value={"type": "response.created", **_SAID})


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client)


class _Completions(AsyncCompletions):
    @cached_property
    def _native(self) -> sglang.Native:
        return sglang.Native(self._client)

    async def create(self, **given: Any) -> Any:
        if "return_token_ids" in (given.get("extra_body") or {}):
            return await self._native.stream(given)
        return await super().create(**_left_alone(given, "messages"))


class _Responses(AsyncResponses):
    async def create(self, **given: Any) -> Any:
        return await super().create(**_left_alone(given, "input"))


class _Chunks(AsyncStream[ChatCompletionChunk]):
    """A streamed answer of Chat Completions, whichever server gives it.

    * It is whole when a finish reason came, or at least the ``[DONE]`` after which servers that
      give no reason end; else it was cut, and `BrokenReply` is raised.
    * Usage comes once and last, wherever the server put it and however often it said it.
    * A call that is begun while another one has its index gets an index of its own.
    """

    _is_whole = False

    async def _iter_events(self) -> AsyncIterator[ServerSentEvent]:
        async for event in super()._iter_events():
            self._is_whole = self._is_whole or event.data.startswith("[DONE]")
            yield event

    async def __stream__(self) -> AsyncIterator[ChatCompletionChunk]:
        calls = _Calls()
        last: ChatCompletionChunk | None = None
        usage: CompletionUsage | None = None
        async for chunk in super().__stream__():
            last, usage = chunk, _usage(chunk) or usage
            chunk.usage = None
            for choice in chunk.choices or ():  # servers are less strict than the client's types
                self._is_whole = self._is_whole or bool(choice.finish_reason)
                calls.count(choice)
            yield chunk
        if not self._is_whole:
            raise BrokenReply("The provider's answer stopped in the middle; send again.")
        if last is not None and usage is not None:
            yield last.model_copy(update={"choices": [], "usage": usage})


class _Calls:
    """The calls of an answer, told apart by id where the server gives them all the same index."""

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}
        self._now: dict[int, int] = {}  # our index, by the server's

    def count(self, choice: Choice) -> None:
        """Give the choice's pieces of calls their indexes."""
        delta: ChoiceDelta | None = choice.delta
        for piece in (delta.tool_calls if delta else None) or ():
            if piece.index is None:
                continue
            index = self._now.setdefault(piece.index, piece.index)
            known = self._ids.setdefault(index, piece.id or "")
            if piece.id and known and piece.id != known and piece.function and piece.function.name:
                index = self._now[piece.index] = max(self._ids) + 1
                self._ids[index] = piece.id
            piece.index = index


def _usage(chunk: ChatCompletionChunk) -> CompletionUsage | None:
    """The usage: where OpenAI puts it, where Groq does, or where Moonshot does."""
    if chunk.usage is not None:
        return chunk.usage
    places = [(chunk.model_extra or {}).get("x_groq")]
    places += [choice.model_extra for choice in chunk.choices or ()]
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("usage"), dict):
            return CompletionUsage.construct(**place["usage"])
    return None


def _left_alone(given: dict[str, Any], name: str) -> dict[str, Any]:
    """The same request with one of its fields in the part that the client does not look into."""
    extra = {**(given.get("extra_body") or {}), name: given[name]}
    return {**given, name: [], "extra_body": extra}
