"""The providers as the tests of this room know them: how each is reached, which models speak what.

A provider that speaks two protocols stands here twice. The settings of a row have each of its
fields, none of them as it would be by itself, so that all are seen on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.provider import FakeProvider

Json = dict[str, Any]

_COMMON: Json = {"temperature": 0.3, "max_output_tokens": 900, "parallel_tool_calls": False}


@dataclass(frozen=True, slots=True)
class Row:
    """A model of a provider. `wire` names the protocol, `settings` are the API's own.

    `home` is what follows the bare host in its base URL. `variables` are what it wants besides a
    key and a URL. `form` is the field that says which form the answer has.
    """

    provider: str
    model: str
    wire: str
    settings: Json
    home: str = "/v1"
    variables: Mapping[str, str] = field(default_factory=dict)
    form: str | None = "response_format"

    @property
    def handle(self) -> str:
        """How an agent names it."""
        return f"{self.provider}/{self.model}"

    @property
    def name(self) -> str:
        """How a test names it."""
        return f"{self.provider}-{self.wire}"

    def model_settings(self, form: Json | None = None) -> Json:
        """The settings as a caller sends them, perhaps with a form for the answer."""
        wanted = {self.form: form} if form and self.form else {}
        return {"provider_type": self.provider, **_COMMON, **self.settings, **wanted}

    def environment(self, fake: FakeProvider) -> dict[str, str]:
        """The variables that configure the provider, with `fake` in its place."""
        kind = self.provider.upper()
        return {
            f"PALAVER_{kind}_API_KEY": f"key-of-{self.provider}",
            f"PALAVER_{kind}_BASE_URL": fake.url + self.home,
            **self.variables,
        }


_EFFORT: Json = {"reasoning": {"reasoning_effort": "low"}, "strict": True}
_THINKING: Json = {
    "effort": "high",
    "strict": True,
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "verbosity": "low",
}
_GEMINI: Json = {"thinking_config": {"include_thoughts": False, "thinking_budget": 2048}}
_VERTEX = {"GOOGLE_CLOUD_PROJECT": "a-project", "GOOGLE_CLOUD_LOCATION": "europe-west4"}
_GLM: Json = {"thinking": {"type": "enabled", "clear_thinking": True}}

ROWS = (
    Row("openai", "gpt-4o", "chat", _EFFORT),
    Row("openai", "gpt-5-mini", "responses", _EFFORT),
    Row("sglang", "qwen3-32b", "chat", {**_EFFORT, "tool_call_parser": "qwen25"}),
    Row("anthropic", "claude-sonnet-4-6", "messages", _THINKING, home=""),
    Row("google_ai", "gemini-2.5-flash", "gemini", _GEMINI, home="", form="response_schema"),
    Row("google_vertex", "gemini-2.5-pro", "gemini", _GEMINI, "", _VERTEX, "response_schema"),
    Row("azure", "gpt-4.1", "chat", {}, home=""),
    Row("xai", "grok-4", "chat", {}),
    Row("moonshot", "kimi-k2-thinking", "chat", {"strict": True}),
    Row("zai", "glm-4.6", "chat", _GLM),
    Row("moonshot_coding", "kimi-for-coding", "messages", _THINKING, home=""),
    Row("groq", "qwen/qwen3-32b", "chat", {}),
    Row("deepseek", "deepseek-reasoner", "chat", {}),
    Row("together", "Qwen/Qwen3-235B-A22B", "chat", {}),
    Row("bedrock", "anthropic.claude-sonnet-4-5-v1:0", "messages", {}, home=""),
    Row("bedrock", "amazon.nova-pro-v1:0", "converse", {}, home=""),
    Row("baseten", "deepseek-ai/DeepSeek-V3", "chat", {}, form=None),
    Row("openrouter", "anthropic/claude-sonnet-4.5", "chat", {}),
    Row(
        "chatgpt_oauth",
        "gpt-5-codex",
        "responses",
        {"reasoning": {"reasoning_effort": "low"}},
        home="",
        variables={"CHATGPT_ACCOUNT_ID": "an-account"},
        form=None,
    ),
)


def environment(fake: FakeProvider) -> dict[str, str]:
    """The variables of all providers, with `fake` in the place of each."""
    found: dict[str, str] = {}
    for row in ROWS:
        found |= row.environment(fake)
    return found
