"""OpenAI's two protocols, by a client that does not walk over the messages.

Before a request goes out, the client walks through every field of it to rename keys, which it does
on the event loop and at 0.3 ms a message: a long window would hold up every other stream. The
messages need no renaming, so they are handed to it as what it leaves alone, an extra part of the
body. The bytes on the wire are the same. Measured in docs/decisions.
"""

from functools import cached_property
from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai.resources.chat import AsyncChat
from openai.resources.chat.completions import AsyncCompletions
from openai.resources.responses import AsyncResponses
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.ollama import OllamaProvider
from pydantic_ai.providers.openai import OpenAIProvider

from palaver.providers import sglang
from palaver.providers.line import PROFILE, Line
from palaver.providers.table import Account, reasons


class OpenAILines:
    """The models of an account, over one pool of connections."""

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        self._provider = account.provider
        self._client = _Client(
            api_key=account.key, base_url=account.url, timeout=timeout, max_retries=0
        )

    def line(self, name: str) -> Line:
        """The model called `name`: a reasoning one of OpenAI's by Responses, any other by Chat."""
        if self._provider.dialect != "openai":
            ollama = OllamaProvider(openai_client=self._client)
            return Line("chat", OpenAIChatModel(name, provider=ollama, profile=PROFILE))
        own = OpenAIProvider(openai_client=self._client)
        if reasons(name):
            return Line("responses", OpenAIResponsesModel(name, provider=own, profile=PROFILE))
        return Line("chat", OpenAIChatModel(name, provider=own, profile=PROFILE))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class _Completions(AsyncCompletions):
    @cached_property
    def _native(self) -> sglang.Native:
        return sglang.Native(self._client)

    async def create(self, **given: Any) -> Any:
        if "return_token_ids" in (given.get("extra_body") or {}):
            return await self._native.stream(given)
        return await super().create(**_left_alone(given, "messages"))


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client)


class _Responses(AsyncResponses):
    async def create(self, **given: Any) -> Any:
        return await super().create(**_left_alone(given, "input"))


class _Client(AsyncOpenAI):
    @cached_property
    def chat(self) -> AsyncChat:
        return _Chat(self)

    @cached_property
    def responses(self) -> AsyncResponses:
        return _Responses(self)


def _left_alone(given: dict[str, Any], name: str) -> dict[str, Any]:
    """The same request with one of its fields in the part that the client does not look into."""
    extra = {**(given.get("extra_body") or {}), name: given[name]}
    return {**given, name: [], "extra_body": extra}
