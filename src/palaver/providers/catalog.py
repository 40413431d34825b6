"""Which models there are, and who speaks to them."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec

from palaver.domain.llm import ChatModel, Handle
from palaver.domain.llm_model import EmbeddingModel, Model
from palaver.errors import NotFound
from palaver.providers import embedding, listing
from palaver.providers.embedding import Embedder, Trigrams, Vectorizer
from palaver.providers.listing import Listed
from palaver.providers.overheard import Tape
from palaver.providers.remote import Patience, RemoteModel
from palaver.providers.scripted import OfflineModel
from palaver.providers.table import PROVIDERS, Account, Provider, account, window_of

logger = logging.getLogger(__name__)

_FRESH = 300.0  # seconds that a list of models is kept
_AGAIN = 30.0  # seconds until a provider that did not list its models is asked again
_ROWS = {provider.name: provider for provider in PROVIDERS}
_OFFLINE = "palaver"
_LIBRARIES = {"google": "google.genai", "bedrock": "boto3"}  # what an extra installs


def is_installed(extra: str) -> bool:
    """Whether the library that palaver's `extra` is for is there. Nothing of it is imported."""
    try:
        return find_spec(_LIBRARIES[extra]) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


class Catalog:
    """The providers that `environment` configures, and their models.

    Nothing goes over the network before a model is called or listed. `clock` tells seconds, and
    `installed` whether the library of an extra is there. `embedder` is the embedding model that
    ``PALAVER_EMBEDDING`` names, if it does. Raises as `checked` does where that is none.
    With `traces` there are tapes.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        installed: Callable[[str], bool] = is_installed,
        *,
        traces: bool = False,
    ) -> None:
        found = (account(provider, environment) for provider in PROVIDERS)
        self._accounts = {one.provider.name: one for one in found if one is not None}
        self._patience = patience or Patience()
        self._clock = clock
        self._installed = installed
        self.traces = traces
        self._offline = OfflineModel()
        self._remotes: dict[str, RemoteModel] = {}
        self._listed: dict[str, dict[str, Listed]] = {}  # by provider and by name
        self._ask_at: dict[str, float] = {}
        self._default = self._choose_default(environment.get("PALAVER_DEFAULT_MODEL", ""))
        self.embedder = self._choose_embedder(environment.get("PALAVER_EMBEDDING", ""))

    def names(self) -> tuple[str, ...]:
        """The names of the configured providers."""
        return tuple(self._accounts)

    def configured(self) -> list[tuple[Provider, str]]:
        """The configured providers, each with the URL that may be shown."""
        return [(one.provider, one.shown_url) for one in self._accounts.values()]

    def tape(self) -> Tape | None:
        """What a run's requests are noted on, where traces are kept. No account's secrets are."""
        secrets = (secret for one in self._accounts.values() for secret in one.secrets)
        return Tape(tuple(secrets)) if self.traces else None

    def in_words(self) -> str:
        """The names for people to read: one that needs no key may still not be there."""
        perhaps = {name for name, one in self._accounts.items() if one.provider.keyless} - {
            _OFFLINE
        }
        return ", ".join(
            f"{name} (if it is running)" if name in perhaps else name for name in self.names()
        )

    def default_handle(self) -> Handle:
        """The model of agents that name none: ``PALAVER_DEFAULT_MODEL``, else a provider's own."""
        return self._default

    def checked(self, handle: str) -> Handle:
        """The handle that `handle` spells; ``letta/auto`` and its like are the default one.

        Raises `Invalid` where it is no handle, `NotFound` where its provider is not there.
        """
        parsed = Handle.of(handle)
        if parsed.provider == "letta" and parsed.model.startswith("auto"):
            parsed = self._default
        provider = self._provider(parsed)
        if provider.dialect == "offline" and parsed.model != provider.default_model:
            raise NotFound(f"Model {handle!r}", f"use {provider.name}/{provider.default_model}.")
        return parsed

    def resolve(self, handle: str) -> tuple[Handle, ChatModel]:
        """The handle that `handle` spells and who answers for it. Raises as `checked` does."""
        checked = self.checked(handle)
        if checked.provider == _OFFLINE:
            return checked, self._offline
        return checked, self._remote(checked.provider)

    def context_window(self, handle: Handle) -> int:
        """The tokens that fit into the model's window: as its provider told when it was last
        asked for its models, else as far as its name tells. Nobody is asked now.
        """
        told = self._listed.get(handle.provider, {}).get(handle.model)
        return (told and told.window) or window_of(handle.model)

    def endpoint_type(self, provider: str) -> str:
        """The contract's ``model_endpoint_type`` for a provider's name."""
        row = _ROWS.get(provider)
        return row.endpoint if row else "openai"

    async def models(self) -> list[Model]:
        """The models of all configured providers; one that does not answer has its last list."""
        return [
            self._model(one, told)
            for one, listed in await self._list()
            for told in listed
            if listing.role(told.name) == "chat"
        ]

    async def embeddings(self) -> list[EmbeddingModel]:
        """The embedding models of all configured providers, the one that is used first."""
        used = self.embedder.model if self.embedder else None
        listed = [
            self._embedding(Handle(one.provider.name, told.name))
            for one, listed in await self._list()
            for told in listed
            if listing.role(told.name) == "embedding"
        ]
        return [used, *(one for one in listed if one.handle != used.handle)] if used else listed

    async def close(self) -> None:
        """Close the connections to all providers."""
        for model in self._remotes.values():
            await model.close()

    def _choose_default(self, named: str) -> Handle:
        if named and not named.startswith("letta/auto"):
            return Handle.of(named)
        for one in self._accounts.values():
            if one.provider.default_model and self._is_speakable(one.provider):
                return Handle(one.provider.name, one.provider.default_model)
        raise AssertionError("the offline provider has a default model")

    def _choose_embedder(self, named: str) -> Embedder | None:
        if not named:
            return None
        handle = Handle.of(named)
        provider = self._provider(handle)
        what = f"Embedding model {named!r} (PALAVER_EMBEDDING)"
        if provider.dialect not in embedding.DIALECTS:
            raise NotFound(what, f"{provider.name} is not asked for vectors; use openai or ollama.")
        if provider.dialect == "offline" and handle.model != embedding.TRIGRAMS:
            raise NotFound(what, f"use {provider.name}/{embedding.TRIGRAMS}.")
        vectorizer: Vectorizer = (
            Trigrams() if provider.dialect == "offline" else self._remote(provider.name)
        )
        return Embedder(handle, self._embedding(handle), vectorizer)

    def _provider(self, handle: Handle) -> Provider:
        """Who is asked for a model. Raises `NotFound` where it is not there."""
        what = f"Model '{handle}'"
        provider = _ROWS.get(handle.provider)
        if provider is None:
            raise NotFound(what, f"the providers are {', '.join(_ROWS)}.")
        if provider.name not in self._accounts:
            raise NotFound(what, f"set {provider.key_variables[0]} to configure {provider.name}.")
        if not self._is_speakable(provider):
            install = f'pip install "palaver[{provider.extra}]"'
            raise NotFound(what, f"{install} to speak to {provider.name}.")
        return provider

    def _remote(self, provider: str) -> RemoteModel:
        if provider not in self._remotes:
            self._remotes[provider] = RemoteModel(self._accounts[provider], self._patience)
        return self._remotes[provider]

    def _is_speakable(self, provider: Provider) -> bool:
        return not provider.extra or self._installed(provider.extra)

    async def _list(self) -> list[tuple[Account, Collection[Listed]]]:
        accounts = [one for one in self._accounts.values() if self._is_speakable(one.provider)]
        return list(
            zip(accounts, await asyncio.gather(*map(self._models_of, accounts)), strict=True)
        )

    async def _models_of(self, one: Account) -> Collection[Listed]:
        name = one.provider.name
        if one.provider.dialect == "offline":
            return (Listed(one.provider.default_model),)
        known = self._listed.get(name, {})
        if self._clock() < self._ask_at.get(name, -math.inf):
            return known.values()
        try:
            known = {told.name: told for told in await listing.ask(one)}
        except listing.Failure as error:
            log = logger.warning if one.given else logger.debug
            log("%s does not list its models: %s", name, listing.reason(error))
            self._ask_at[name] = self._clock() + _AGAIN
            return known.values()
        self._listed[name] = known
        self._ask_at[name] = self._clock() + _FRESH
        return known.values()

    def _model(self, one: Account, told: Listed) -> Model:
        provider = one.provider
        window = self.context_window(Handle(provider.name, told.name))
        return Model(
            handle=f"{provider.name}/{told.name}",
            name=told.name,
            display_name=told.name,
            model=told.name,
            provider_type=provider.kind,
            provider_name=provider.name,
            model_endpoint_type=provider.endpoint,
            model_endpoint=one.shown_url or None,
            context_window=window,
            max_context_window=window,
            max_tokens=told.most_output,
        )

    def _embedding(self, handle: Handle) -> EmbeddingModel:
        one = self._accounts[handle.provider]
        dimensions = listing.EMBEDDINGS.get(handle.model, 0)
        return embedding.described(handle, one.provider.kind, one.shown_url, dimensions)
