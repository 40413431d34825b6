"""How the tests of this room talk to models."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from palaver.core.speech import Speech
from palaver.domain import ids
from palaver.domain.entry import Entry, Role
from palaver.domain.llm import ChatModel, ChatRequest, Handle, StreamEvent
from palaver.domain.model_settings import ModelSettings
from palaver.domain.part import Part, Text, ToolReturn
from palaver.domain.tool import ToolSpec
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import bedrock
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Say

CHAT, RESPONSES = "openai/gpt-4o", "openai/gpt-5-mini"
MESSAGES = "anthropic/claude-sonnet-4-6"
ROWS = {
    "openai": "gpt-4o",
    "anthropic": "claude-sonnet-4-6",
    "azure": "gpt-4o",
    "xai": "grok-4",
    "moonshot": "kimi-k2.5",
    "moonshot_coding": "kimi-for-coding",
    "zai": "glm-4.6",
    "groq": "openai/gpt-oss-120b",
    "deepseek": "deepseek-reasoner",
    "together": "zai-org/GLM-5.2",
    "openrouter": "anthropic/claude-sonnet-4.5",
    "baseten": "moonshotai/Kimi-K2-Thinking",
    "sglang": "qwen3",
    "chatgpt_oauth": "gpt-5-codex",
    "ollama": "qwen3",
}
"""The providers that speak a protocol of OpenAI's or Anthropic's, with a model of each."""
_BARE = ("anthropic", "azure", "moonshot_coding", "chatgpt_oauth")
GEMINI, VERTEX = "google_ai/gemini-2.5-flash", "google_vertex/gemini-2.5-flash"
CONVERSE = "bedrock/us.amazon.nova-pro-v1:0"
INVOKE = "bedrock/us.anthropic.claude-sonnet-4-6"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPENAI_KEY = "sk-test-0123456789abcdef"
ANTHROPIC_KEY = "sk-ant-test-0123456789abcdef"
GEMINI_KEY = "AIzaTest0123456789abcdef"
VERTEX_TOKEN = "ya29.test0123456789abcdef"
LONG = (Say(("Once", " upon", " a", " time", " there", " was", " a", " king")),)
LOOK = ToolSpec(
    name="look",
    description="Look somewhere.",
    parameters={
        "type": "object",
        "properties": {"where": {"type": "string"}},
        "required": ["where"],
    },
)


def catalog(fake: FakeProvider, patience: Patience | None = None) -> Catalog:
    """The models of `fake`, under the names of those whose protocols there are."""
    return catalog_at(fake.url, patience)


def catalog_at(url: str, patience: Patience | None = None) -> Catalog:
    """The models of OpenAI, Anthropic, SGLang, Google and Amazon, if they were at `url`."""
    environment = {
        "OPENAI_API_KEY": OPENAI_KEY,
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": ANTHROPIC_KEY,
        "ANTHROPIC_BASE_URL": url,
        "SGLANG_BASE_URL": f"{url}/v1",
        "GEMINI_API_KEY": GEMINI_KEY,
        "GOOGLE_GEMINI_BASE_URL": url,
        "PALAVER_GOOGLE_VERTEX_API_KEY": VERTEX_TOKEN,
        "GOOGLE_VERTEX_BASE_URL": url,
        "GOOGLE_CLOUD_PROJECT": "atlas",
        "GOOGLE_CLOUD_LOCATION": "europe-west4",
        "AWS_BEARER_TOKEN_BEDROCK": bedrock.TOKEN,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
    }
    return Catalog(environment, patience or Patience(tries=1))


def everybody(fake: FakeProvider) -> Catalog:
    """The models of `fake`, under every name in `ROWS`."""
    environment = {"CHATGPT_ACCOUNT_ID": "account-1"}
    for name in ROWS:
        url = fake.url if name in _BARE else fake.openai_url
        environment[f"PALAVER_{name.upper()}_BASE_URL"] = url
        environment[f"PALAVER_{name.upper()}_API_KEY"] = key_of(name)
    return Catalog(environment, Patience(tries=1))


def key_of(name: str) -> str:
    """The key that `everybody` has at the provider."""
    return f"key-of-{name}"


def handle_of(name: str) -> str:
    """The handle of the provider's model in `ROWS`."""
    return f"{name}/{ROWS[name]}"


def entry(role: Role, *parts: Part, seq: int = 1, **more: Any) -> Entry:
    """A say."""
    return Entry(
        id=ids.shape("message", seq, 0), seq=seq, role=role, parts=parts, created_at=NOW, **more
    )


def asks(words: str) -> Entry:
    """Somebody says `words`."""
    return entry("user", Text(text=words))


def returns(*call_ids: str, content: str = "the sky") -> Entry:
    """What the calls came to."""
    parts = [ToolReturn(call_id=one, status="success", content=content) for one in call_ids]
    return entry("tool", *parts)


def request(
    handle: Handle, *said: Entry, settings: ModelSettings | None = None, **more: Any
) -> ChatRequest:
    """A request with a system text and no tools."""
    fields = {"system": "Be kind.", "entries": said or (asks("hi"),), **more}
    return ChatRequest(handle=handle, settings=settings, **fields)


async def listen(model: ChatModel, asked: ChatRequest) -> list[StreamEvent]:
    """The whole answer."""
    async with aclosing(model.stream(asked)) as events:
        return [event async for event in events]


async def answer(
    models: Catalog, named: str, *said: Entry, settings: ModelSettings | None = None, **more: Any
) -> list[StreamEvent]:
    """The whole answer of the model called `named`."""
    handle, model = models.resolve(named)
    return await listen(model, request(handle, *said, settings=settings, **more))


async def body(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    *said: Entry,
    settings: ModelSettings | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What is sent for these entries."""
    await answer(models, model, *said, settings=settings, **more)
    return fake.bodies[-1]


def spoken(events: list[StreamEvent], model: str) -> Entry:
    """The entry that the answer is stored as."""
    speech = Speech(entry("assistant", model=model))
    for event in events:
        speech.hear(event)
    said = speech.entry()
    assert said is not None
    return Entry.model_validate_json(said.model_dump_json())
