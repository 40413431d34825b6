"""The providers, a row each, and what of them the environment configures.

A row's key is looked for in ``<NAME>_API_KEY``, its URL in ``<NAME>_BASE_URL``, and then in the
variables of the row: each ``X`` first as ``PALAVER_X``. A provider counts as configured when its
key, its URL or one of its options in `Provider.enough` is set; one without a key (a local server)
is sent the key ``none``. Ollama needs no variable at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from palaver.errors import Invalid

Dialect = Literal["openai", "chat", "codex", "anthropic", "gemini", "bedrock", "sglang", "offline"]
"""How a provider is spoken to.

``openai`` is OpenAI's own two protocols, ``chat`` Chat Completions alone, ``codex`` Responses as a
ChatGPT subscription has it, ``anthropic`` Messages, ``gemini`` generateContent, ``bedrock``
Converse (and Messages for Claude), ``sglang`` Chat Completions and, for token ids, generate.
"""

NO_KEY = "none"
_NO_SECRETS = ("project", "location", "region", "version")  # among the options
DEFAULT_WINDOW = 128_000  # tokens, for models that no row below knows


@dataclass(frozen=True, slots=True)
class Provider:
    """A row. `name` is the contract's ``provider_type`` and the first half of a handle.

    `url` is where it is unless a variable says so: it ends in ``/v1`` (or what stands for it) where
    OpenAI's protocols are spoken, elsewhere it is the bare host. `keys` and `urls` are variables
    that are customary besides, `options` those of what else it needs, by our name for it. `keyless`
    providers are there without any variable. `extra` is the extra of palaver that installs the
    provider's library, where it has one of its own.
    """

    name: str
    dialect: Dialect
    url: str = ""
    keys: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    enough: tuple[str, ...] = ()
    keyless: bool = False
    extra: str = ""
    default_model: str = ""

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variables to tell people of who have no key set, the first above all."""
        return self.keys or (f"{self.name.upper()}_API_KEY",)

    @property
    def url_variables(self) -> tuple[str, ...]:
        """Those to tell people of whose URL is wrong."""
        return self.urls or (f"{self.name.upper()}_BASE_URL",)

    @property
    def kind(self) -> str:
        """The contract's ``provider_type``, which has no word for the offline model."""
        return "letta" if self.dialect == "offline" else self.name

    @property
    def endpoint(self) -> str:
        """The contract's ``model_endpoint_type``, which has no word for two of them."""
        return "openai" if self.dialect in ("offline", "sglang") else self.name


PROVIDERS = (
    Provider(
        "openai",
        "openai",
        url="https://api.openai.com/v1",
        default_model="gpt-5-mini",
    ),
    Provider(
        "anthropic",
        "anthropic",
        url="https://api.anthropic.com",
        default_model="claude-sonnet-4-6",
    ),
    Provider(
        "google_ai",
        "gemini",
        url="https://generativelanguage.googleapis.com",
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        urls=("GOOGLE_GEMINI_BASE_URL",),
        extra="google",
        default_model="gemini-2.5-flash",
    ),
    Provider(
        "google_vertex",
        "gemini",
        options={
            "project": ("GOOGLE_CLOUD_PROJECT",),
            "location": ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"),
        },
        enough=("project",),
        extra="google",
    ),
    Provider(
        "azure",
        "chat",
        keys=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
        urls=("AZURE_OPENAI_ENDPOINT", "AZURE_BASE_URL"),
        options={"version": ("AZURE_API_VERSION", "OPENAI_API_VERSION")},
    ),
    Provider("xai", "chat", url="https://api.x.ai/v1"),
    Provider(
        "moonshot",
        "chat",
        url="https://api.moonshot.ai/v1",
        keys=("MOONSHOT_API_KEY", "MOONSHOTAI_API_KEY"),
        urls=("MOONSHOT_BASE_URL", "MOONSHOTAI_BASE_URL"),
    ),
    # A plan for coding: it lets in the agents it knows by name, and may answer 403 to others.
    Provider(
        "moonshot_coding",
        "anthropic",
        url="https://api.kimi.com/coding",
        keys=("KIMI_API_KEY",),
        urls=("KIMI_BASE_URL",),
    ),
    Provider("zai", "chat", url="https://api.z.ai/api/paas/v4"),
    Provider("groq", "chat", url="https://api.groq.com/openai/v1"),
    Provider("deepseek", "chat", url="https://api.deepseek.com/v1"),
    Provider("together", "chat", url="https://api.together.xyz/v1"),
    Provider(
        "bedrock",
        "bedrock",
        keys=("AWS_BEARER_TOKEN_BEDROCK",),
        urls=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME",),
        options={
            "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
            "access_key": ("AWS_ACCESS_KEY_ID",),
            "secret_key": ("AWS_SECRET_ACCESS_KEY",),
            "session_token": ("AWS_SESSION_TOKEN",),
        },
        enough=("access_key",),
        extra="bedrock",
    ),
    Provider("openrouter", "chat", url="https://openrouter.ai/api/v1"),
    Provider("baseten", "chat", url="https://inference.baseten.co/v1"),
    Provider("sglang", "sglang", url="http://127.0.0.1:30000/v1"),
    # What a ChatGPT subscription pays for, as OpenAI's own Codex client is given it: no API that is
    # offered to others, by a token that ends after some days and that nobody renews here.
    Provider(
        "chatgpt_oauth",
        "codex",
        url="https://chatgpt.com",
        keys=("CHATGPT_OAUTH_TOKEN",),
        urls=("CHATGPT_BASE_URL",),
        options={"account": ("CHATGPT_ACCOUNT_ID",)},
    ),
    Provider(
        "ollama",
        "chat",
        url="http://127.0.0.1:11434/v1",
        urls=("OLLAMA_BASE_URL", "OLLAMA_HOST"),
        keyless=True,
    ),
    Provider("palaver", "offline", keyless=True, default_model="offline"),
)

_WINDOWS = (  # the first size with a name that fits, at the start or behind a maker's
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
    (1_048_576, ("gemini",)),
    (2_000_000, ("grok-4-fast", "grok-4-1-fast")),
    (256_000, ("grok-4", "grok-code")),
    (131_072, ("grok", "glm-4.5", "gpt-oss")),
    (200_000, ("glm",)),
    (8_192, ("moonshot-v1-8k",)),
    (32_768, ("moonshot-v1-32k",)),
    (131_072, ("moonshot-v1", "kimi-k2-0711")),
    (262_144, ("kimi",)),
)
_SIZES = tuple(
    (size, re.compile(rf"(?:^|[/.])(?:{'|'.join(map(re.escape, names))})", re.IGNORECASE))
    for size, names in _WINDOWS
)

_REASONS = re.compile(r"o\d|gpt-([5-9]|\d\d)|codex")


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as it is configured. Where `given` is false nobody asked for it by a variable.

    `options` are the row's that are set, secrets among them, so they are never shown.
    """

    provider: Provider
    url: str
    key: str = field(repr=False)
    given: bool = True
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown_url(self) -> str:
        """The URL for people to see: without the user and the password that may stand in it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it nobody may see, in no error and no log."""
        hidden = [value for name, value in self.options.items() if name not in _NO_SECRETS]
        password = urlsplit(self.url).password or NO_KEY
        return tuple(value for value in (self.key, password, *hidden) if value != NO_KEY)


def account(provider: Provider, environment: Mapping[str, str]) -> Account | None:
    """The provider as `environment` configures it, or None where it does not.

    Raises `Invalid` where a secret has characters that cannot be sent: what fails later shows them.
    """
    kind = provider.name.upper()
    key = _first(environment, (f"{kind}_API_KEY", *provider.keys))
    url = _first(environment, (f"{kind}_BASE_URL", *provider.urls))
    found = {name: _first(environment, names) for name, names in provider.options.items()}
    options = {name: value for name, value in found.items() if value}
    given = bool(key or url or options.keys() & set(provider.enough))
    if not (given or provider.keyless):
        return None
    where = _tidy(provider, url or provider.url)
    one = Account(provider, where, key or NO_KEY, given, options)
    if not all(re.fullmatch("[!-~]+", secret) for secret in one.secrets):
        raise Invalid(
            f"A key of {provider.name} ({provider.key_variables[0]}, perhaps) has a character that "
            "is in no key; copy it again."
        )
    return one


def reasons(model: str) -> bool:
    """Whether the name is one of OpenAI's reasoning models, which are spoken to by Responses."""
    return _REASONS.match(model) is not None


def window_of(model: str) -> int:
    """The tokens that fit into the model's window, as far as its name tells."""
    return next((size for size, names in _SIZES if names.search(model)), DEFAULT_WINDOW)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        value = environment.get(f"PALAVER_{name}") or environment.get(name)
        if value:
            return value.strip()
    return ""


def _tidy(provider: Provider, url: str) -> str:
    """The URL in the form that the provider's client takes."""
    url = url.rstrip("/")
    if provider.dialect in ("anthropic", "gemini", "bedrock", "codex") or provider.name == "azure":
        return url.removesuffix("/v1")  # their clients add the path themselves
    if provider.name != "ollama":
        return url
    if "//" not in url:  # OLLAMA_HOST is a host and a port, and may be the address it listens on
        url = f"http://{url}" if ":" in url else f"http://{url}:11434"
    url = url.replace("//0.0.0.0", "//127.0.0.1")
    return url if urlsplit(url).path else f"{url}/v1"
