"""OpenAI's two protocols, spoken to whoever understands them.

What a server wants said differently (which field holds the reasoning, what the limit on tokens is
called) is in the library's class for it, where there is one, and else in a row here.
"""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import httpx2
from openai import DefaultAsyncHttpxClient, Omit
from pydantic_ai.profiles import ModelProfile, merge_profile
from pydantic_ai.profiles.openai import OpenAIModelProfile

from palaver.providers.certificates import trusted
from palaver.providers.line import PROFILE, Line
from palaver.providers.openai_client import Client, learn_to_read
from palaver.providers.overheard import HOOKS
from palaver.providers.table import Account, reasons


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a server is spoken to: ``module:Class`` of the library's provider and model for it.

    `profile` is what the library does not know of the server, or refuses in its place.
    """

    provider: str = ""
    model: str = "openai:OpenAIChatModel"
    profile: OpenAIModelProfile = field(default_factory=OpenAIModelProfile)


# Whether an answer can have a form is for the server to say: a form is refused there, not here.
_CHAT = merge_profile(
    PROFILE, ModelProfile(supports_json_schema_output=True, supports_json_object_output=True)
)
# The older name of the limit on tokens is the one that these servers document.
_OLD_LIMIT = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)

_MANNERS = {
    "openai": _Manner("openai:OpenAIProvider"),
    "azure": _Manner("azure:AzureProvider"),
    "moonshot": _Manner("moonshotai:MoonshotAIProvider"),
    "zai": _Manner(
        "zai:ZaiProvider",
        "zai:ZaiModel",
        # Every model of theirs thinks by now; the library knows only some names.
        OpenAIModelProfile(**_OLD_LIMIT, supports_thinking=True),
    ),
    "deepseek": _Manner("deepseek:DeepSeekProvider"),
    "together": _Manner("together:TogetherProvider", profile=_OLD_LIMIT),
    "openrouter": _Manner("openrouter:OpenRouterProvider", "openrouter:OpenRouterModel"),
    "baseten": _Manner(profile=_OLD_LIMIT),
    "sglang": _Manner(profile=_OLD_LIMIT),
    "ollama": _Manner(
        "ollama:OllamaProvider",
        # Reasoning goes back in the field that it came in, whatever version of theirs this is.
        profile=OpenAIModelProfile(**_OLD_LIMIT, openai_chat_thinking_field=None),
    ),
    "chatgpt_oauth": _Manner("openai_codex:OpenAICodexProvider", "openai_codex:OpenAICodexModel"),
}
"""By the provider's name. A server that does as OpenAI does needs no row."""

_COMPATIBLE = "openai_compatible:OpenAICompatibleProvider"

# What the client takes from the environment to tell OpenAI is not told to others.
_NOBODY_ELSES: dict[str, str | Omit] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}


class OpenAILines:
    """The models of an account, over one pool of connections."""

    def __init__(self, account: Account, timeout: httpx2.Timeout) -> None:
        self._account = account
        self._manner = _MANNERS.get(account.provider.name, _Manner())
        self._client = Client(
            api_key=account.key,
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                timeout=timeout, event_hooks=HOOKS, verify=trusted()
            ),
            **_address(account),
        )
        # What the first line is made of, and its answer read with, is there before: it takes long.
        _named(f"models.{self._manner.model}")
        _named(f"providers.{self._manner.provider or _COMPATIBLE}")
        learn_to_read(responses=account.provider.dialect in ("openai", "codex"))

    def line(self, name: str) -> Line:
        """The model called `name`: a reasoning one of OpenAI's by Responses, any other by Chat.

        A ChatGPT subscription has Responses alone.
        """
        dialect, manner = self._account.provider.dialect, self._manner
        if dialect == "codex":
            return Line("responses", self._model(manner.model, name, PROFILE))
        if dialect == "openai" and reasons(name):
            return Line("responses", self._model("openai:OpenAIResponsesModel", name, PROFILE))
        return Line("chat", self._model(manner.model, name, merge_profile(_CHAT, manner.profile)))

    def embedding(self, name: str) -> Any:
        """The library's embedding model for the one called `name`."""
        return _named("embeddings.openai:OpenAIEmbeddingModel")(name, provider=self._provider(name))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _model(self, kind: str, name: str, profile: ModelProfile) -> Any:
        return _named(f"models.{kind}")(name, provider=self._provider(name), profile=profile)

    def _provider(self, name: str) -> Any:
        client = self._client
        version = self._account.options.get("version")
        if self._account.provider.name == "azure" and version:  # a model has a URL of its own there
            url = f"{client.base_url}deployments/{name}"
            client = client.copy(base_url=url, default_query={"api-version": version})
        if self._manner.provider:
            return _named(f"providers.{self._manner.provider}")(openai_client=client)
        compatible = _named(f"providers.{_COMPATIBLE}")
        return compatible(self._account.provider.name, openai_client=client)


def _address(account: Account) -> dict[str, Any]:
    """Where the account is, and how its key is shown, as arguments of the client."""
    if account.provider.dialect == "openai":
        return {"base_url": account.url}
    url, headers = account.url, {**_NOBODY_ELSES}
    if account.provider.dialect == "codex":
        url = f"{url}/backend-api/codex"
        headers |= {
            "chatgpt-account-id": account.options.get("account", ""),
            "originator": "palaver",
        }
    elif account.provider.name == "azure":
        url = f"{url.removesuffix('/openai')}/openai"
        url = url if account.options.get("version") else f"{url}/v1"
        # A key is no token there, and the usual header would be taken for one.
        headers |= {"api-key": account.key, "Authorization": Omit()}
    return {"base_url": url, "default_headers": headers}


def _named(path: str) -> Any:
    """The library's class at ``module:Class``, imported when it is first needed."""
    module, _, name = path.partition(":")
    return getattr(import_module(f"pydantic_ai.{module}"), name)
