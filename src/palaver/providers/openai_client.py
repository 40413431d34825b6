"""The OpenAI client, without its walk over the messages.

Before a request goes out, the client walks through every field of it to rename keys, which it does
on the event loop and at 0.3 ms a message: a long window would hold up every other stream. The
messages need no renaming, so they are handed to it as what it leaves alone, an extra part of the
body. The bytes on the wire are the same. Measured in docs/decisions.
"""

from functools import cached_property
from typing import Any

from openai import AsyncOpenAI
from openai.resources.chat import AsyncChat
from openai.resources.chat.completions import AsyncCompletions
from openai.resources.responses import AsyncResponses


class _Completions(AsyncCompletions):
    async def create(self, **given: Any) -> Any:
        return await super().create(**_left_alone(given, "messages"))


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client)


class _Responses(AsyncResponses):
    async def create(self, **given: Any) -> Any:
        return await super().create(**_left_alone(given, "input"))


class OpenAIClient(AsyncOpenAI):
    """A client that sends long conversations without touching each message."""

    @cached_property
    def chat(self) -> AsyncChat:
        """Chat completions."""
        return _Chat(self)

    @cached_property
    def responses(self) -> AsyncResponses:
        """Responses."""
        return _Responses(self)


def _left_alone(given: dict[str, Any], name: str) -> dict[str, Any]:
    """The same request with one of its fields in the part that the client does not look into."""
    extra = {**(given.get("extra_body") or {}), name: given[name]}
    return {**given, name: [], "extra_body": extra}
