"""Anthropic's Messages protocol, spoken to whoever understands it."""

import httpx2
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.profiles import ModelProfile, merge_profile
from pydantic_ai.providers.anthropic import AnthropicProvider

from palaver.providers.certificates import trusted
from palaver.providers.line import PROFILE, Line
from palaver.providers.overheard import HOOKS
from palaver.providers.table import Account

# Whether an answer or a call can follow a schema is for the server to say.
_MESSAGES = merge_profile(PROFILE, ModelProfile(supports_json_schema_output=True))
_VERSION = "2023-06-01"
"""Of the protocol: the one that everybody who took it over speaks."""


class AnthropicLines:
    """The models of an account, over one pool of connections."""

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        self._name = account.provider.name
        # The key is sent as a token as well, by the client; not everybody takes that.
        headers = {"x-api-key": account.key, "anthropic-version": _VERSION}
        self._client = AsyncAnthropic(
            api_key=account.key,
            base_url=account.url,
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                timeout=timeout, event_hooks=HOOKS, verify=trusted()
            ),
            default_headers=None if self._is_anthropics else headers,
        )

    def line(self, name: str) -> Line:
        """The model called `name`."""
        provider = AnthropicProvider(anthropic_client=self._client)
        if not self._is_anthropics:
            provider = _Elsewhere(anthropic_client=self._client)
            provider.name_here = self._name
        return Line("messages", AnthropicModel(name, provider=provider, profile=_MESSAGES))

    @property
    def _is_anthropics(self) -> bool:
        return self._name == "anthropic"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class _Elsewhere(AnthropicProvider):
    """Somebody else who speaks the protocol; what they sign, Anthropic could not read."""

    name_here = ""

    @property
    def name(self) -> str:
        return self.name_here

    @property
    def canonical_system(self) -> str:
        return self.name_here
