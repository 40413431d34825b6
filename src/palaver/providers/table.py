"""The providers, a row each, and what of them the environment configures.

A variable ``X`` of a row is looked for as ``PALAVER_X`` first and then as ``X``. A provider counts
as configured when a key or a URL of it is set; one with a URL alone (a local server) is sent the
key ``none``. Ollama needs no variable at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Dialect = Literal["openai", "chat", "anthropic", "offline"]
"""How a provider is spoken to: OpenAI's own two protocols, Chat Completions alone, or Messages."""

NO_KEY = "none"
DEFAULT_WINDOW = 128_000  # tokens, for models that no row below knows


@dataclass(frozen=True, slots=True)
class Provider:
    """A row. `name` is the first half of a handle; `url` is where it is unless a variable says so.

    `kind` is the contract's name for it (``provider_type``). `keyless` providers are there without
    any variable.
    """

    name: str
    dialect: Dialect
    kind: str
    url: str = ""
    key_variable: str = ""
    url_variables: tuple[str, ...] = ()
    keyless: bool = False
    default_model: str = ""

    @property
    def endpoint(self) -> str:
        """The contract's ``model_endpoint_type``, which has no word for the offline model."""
        return "openai" if self.dialect == "offline" else self.kind


PROVIDERS = (
    Provider(
        "openai",
        "openai",
        kind="openai",
        url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        url_variables=("OPENAI_BASE_URL",),
        default_model="gpt-5-mini",
    ),
    Provider(
        "anthropic",
        "anthropic",
        kind="anthropic",
        url="https://api.anthropic.com",
        key_variable="ANTHROPIC_API_KEY",
        url_variables=("ANTHROPIC_BASE_URL",),
        default_model="claude-sonnet-4-6",
    ),
    Provider(
        "ollama",
        "chat",
        kind="ollama",
        url="http://127.0.0.1:11434/v1",
        key_variable="OLLAMA_API_KEY",
        url_variables=("OLLAMA_BASE_URL", "OLLAMA_HOST"),
        keyless=True,
    ),
    Provider("palaver", "offline", kind="letta", keyless=True, default_model="offline"),
)

_WINDOWS = (  # the first size with a prefix that fits
    (128_000, ("gpt-5.3-chat", "gpt-4o", "gpt-4-turbo")),
    (400_000, ("gpt-5.4-mini", "gpt-5.4-nano")),
    (1_000_000, ("gpt-6", "gpt-5.6", "gpt-5.5", "gpt-5.4", "gpt-4.1")),
    (400_000, ("gpt-5",)),
    (8_192, ("gpt-4",)),
    (16_385, ("gpt-3.5",)),
    (1_000_000, ("claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8")),
    (200_000, ("o1", "o3", "o4", "codex", "claude-2", "claude-3")),
    (200_000, ("claude-haiku-4", "claude-sonnet-4", "claude-opus-4")),
    (1_000_000, ("claude",)),
)

_REASONS = re.compile(r"o\d|gpt-([5-9]|\d\d)|codex")


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as it is configured. Where `given` is false nobody asked for it by a variable."""

    provider: Provider
    url: str
    key: str = field(repr=False)
    given: bool = True


def account(provider: Provider, environment: Mapping[str, str]) -> Account | None:
    """The provider as `environment` configures it, or None where it does not."""
    key = _first(environment, (provider.key_variable,))
    url = _first(environment, provider.url_variables)
    if not (key or url or provider.keyless):
        return None
    where = _tidy(provider, url or provider.url)
    return Account(provider, where, key or NO_KEY, given=bool(key or url))


def reasons(model: str) -> bool:
    """Whether the name is one of OpenAI's reasoning models, which are spoken to by Responses."""
    return _REASONS.match(model) is not None


def window_of(model: str) -> int:
    """The tokens that fit into the model's window, as far as its name tells."""
    return next((size for size, names in _WINDOWS if model.startswith(names)), DEFAULT_WINDOW)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        value = environment.get(f"PALAVER_{name}") or environment.get(name)
        if value:
            return value.strip()
    return ""


def _tidy(provider: Provider, url: str) -> str:
    """The URL in the form that the provider's client takes."""
    url = url.rstrip("/")
    if provider.dialect == "anthropic":
        return url.removesuffix("/v1")  # its client adds the path itself
    if provider.name != "ollama":
        return url
    if "//" not in url:  # OLLAMA_HOST is a host and a port, and may be the address it listens on
        url = f"http://{url}" if ":" in url else f"http://{url}:11434"
    url = url.replace("//0.0.0.0", "//127.0.0.1")
    return url if urlsplit(url).path else f"{url}/v1"
