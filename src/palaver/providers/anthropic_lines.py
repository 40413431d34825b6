"""Anthropic's Messages protocol."""

import httpx2
from anthropic import AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from palaver.providers.line import PROFILE, Line
from palaver.providers.table import Account


class AnthropicLines:
    """The models of an account, over one pool of connections."""

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        self._client = AsyncAnthropic(
            api_key=account.key, base_url=account.url, timeout=timeout, max_retries=0
        )

    def line(self, name: str) -> Line:
        """The model called `name`."""
        provider = AnthropicProvider(anthropic_client=self._client)
        return Line("messages", AnthropicModel(name, provider=provider, profile=PROFILE))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
