"""The rows of the providers' table as the suites go through them, each with its own key and URL."""

from dataclasses import dataclass

from palaver.providers.table import PROVIDERS, Dialect, Provider


@dataclass(frozen=True, slots=True)
class Row:
    """A provider, a model of it, and the protocol that the model is spoken to by.

    Where `lines` is false, the protocol's frames are not lines of text.
    """

    provider: Provider
    model: str
    wire: str
    lines: bool = True

    def __str__(self) -> str:
        return self.handle.replace("/", "-")

    @property
    def handle(self) -> str:
        """The model's handle."""
        return f"{self.provider.name}/{self.model}"


_MODELS: dict[Dialect, tuple[tuple[str, str], ...]] = {
    "openai": (("gpt-4o", "chat"), ("gpt-5-mini", "responses")),
    "chat": (("maker/some-model", "chat"),),  # OpenRouter knows none without its maker
    "codex": (("gpt-5-codex", "responses"),),
    "sglang": (("some-model", "chat"),),
    "anthropic": (("claude-sonnet-4-6", "messages"),),
    "gemini": (("gemini-2.5-flash", "gemini"),),
    "bedrock": (
        ("us.anthropic.claude-sonnet-4-6", "messages"),
        ("us.amazon.nova-pro-v1:0", "converse"),
    ),
}
_PLAIN = {
    "project": "atlas",
    "location": "europe-west4",
    "region": "eu-west-1",
    "version": "2024-10-21",
}
"""What is no secret among the options, as it may be."""

ROWS = tuple(
    Row(provider, model, wire, lines=provider.dialect != "bedrock")
    for provider in PROVIDERS
    for model, wire in _MODELS.get(provider.dialect, ())
)


def canary(provider: Provider, what: str = "key") -> str:
    """The provider's key, or another secret of it, that is seen wherever it turns up."""
    return f"canary_{provider.name}_{what}_0123456789"


def environment(url: str) -> dict[str, str]:
    """All providers at `url`, each with a key of its own and with all options."""
    variables = {}
    for provider in PROVIDERS:
        name = f"PALAVER_{provider.name.upper()}"
        variables[f"{name}_BASE_URL"] = f"{url}/v1"
        variables[f"{name}_API_KEY"] = canary(provider)
        for option, names in provider.options.items():
            variables[f"PALAVER_{names[0]}"] = _PLAIN.get(option) or canary(provider, option)
    return variables
