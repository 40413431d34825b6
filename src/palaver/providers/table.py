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

    `kind` and `endpoint` are the contract's names for it (``provider_type`` and
    ``model_endpoint_type``). `keyless` providers are there without any variable.
    """

    name: str
    dialect: Dialect
    kind: str
    endpoint: str
    url: str = ""
    key_variable: str = ""
    url_variables: tuple[str, ...] = ()
    keyless: bool = False
    default_model: str = ""


PROVIDERS = (
    Provider(
        "openai",
        "openai",
        kind="openai",
        endpoint="openai",
        url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        url_variables=("OPENAI_BASE_URL",),
        default_model="gpt-5-mini",
    ),
    Provider(
        "anthropic",
        "anthropic",
        kind="anthropic",
        endpoint="anthropic",
        url="https://api.anthropic.com",
        key_variable="ANTHROPIC_API_KEY",
        url_variables=("ANTHROPIC_BASE_URL",),
        default_model="claude-sonnet-4-6",
    ),
    Provider(
        "ollama",
        "chat",
        kind="ollama",
        endpoint="ollama",
        url="http://127.0.0.1:11434/v1",
        key_variable="OLLAMA_API_KEY",
        url_variables=("OLLAMA_BASE_URL", "OLLAMA_HOST"),
        keyless=True,
    ),
    Provider(
        "palaver",
        "offline",
        kind="letta",
        endpoint="openai",
        keyless=True,
        default_model="offline",
    ),
)

_WINDOWS = (  # the first prefix that fits
    ("gpt-6", 1_050_000),
    ("gpt-5.6", 1_050_000),
    ("gpt-5.5", 1_000_000),
    ("gpt-5.4-mini", 400_000),
    ("gpt-5.4-nano", 400_000),
    ("gpt-5.4", 1_050_000),
    ("gpt-5.3-codex", 400_000),
    ("gpt-5.3", 128_000),
    ("gpt-5", 400_000),
    ("gpt-4.1", 1_000_000),
    ("gpt-4o", 128_000),
    ("gpt-4-turbo", 128_000),
    ("gpt-4", 8_192),
    ("gpt-3.5", 16_385),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("codex", 200_000),
    ("claude-2", 200_000),
    ("claude-3", 200_000),
    ("claude-haiku-4", 200_000),
    ("claude-sonnet-4-6", 1_000_000),
    ("claude-sonnet-4", 200_000),
    ("claude-opus-4-6", 1_000_000),
    ("claude-opus-4-7", 1_000_000),
    ("claude-opus-4-8", 1_000_000),
    ("claude-opus-4", 200_000),
    ("claude", 1_000_000),
)

_REASONS = re.compile(r"o\d|gpt-([5-9]|\d\d)|codex")


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as it is configured: where it is and the key that it is sent. `given` is false
    where nobody asked for it and it may as well not be there.
    """

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
    return next((size for prefix, size in _WINDOWS if model.startswith(prefix)), DEFAULT_WINDOW)


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
