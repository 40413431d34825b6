import logging
import re
from collections.abc import Mapping
from typing import Any

import pytest

from palaver import errors
from palaver.domain.llm import Handle
from palaver.providers.catalog import Catalog, is_installed
from palaver.providers.scripted import OfflineModel
from palaver.providers.table import PROVIDERS, Account, account, reasons
from tests.contract.fields import CONTRACT
from tests.fakes.nowhere import refusing as nowhere
from tests.fakes.provider import FakeProvider


def configured(name: str, environment: Mapping[str, str]) -> Account | None:
    (row,) = (row for row in PROVIDERS if row.name == name)
    return account(row, environment)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.mark.parametrize(
    ("name", "environment", "url", "key"),
    [
        ("openai", {"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1", "k"),
        ("openai", {"OPENAI_BASE_URL": "http://x/v1/"}, "http://x/v1", "none"),
        (
            "openai",
            {"OPENAI_API_KEY": "k", "PALAVER_OPENAI_API_KEY": "p"},
            "https://api.openai.com/v1",
            "p",
        ),
        ("anthropic", {"ANTHROPIC_API_KEY": "k"}, "https://api.anthropic.com", "k"),
        ("anthropic", {"PALAVER_ANTHROPIC_BASE_URL": "http://x/v1"}, "http://x", "none"),
        ("ollama", {}, "http://127.0.0.1:11434/v1", "none"),
        ("ollama", {"OLLAMA_HOST": "0.0.0.0"}, "http://127.0.0.1:11434/v1", "none"),
        ("ollama", {"OLLAMA_HOST": "box:99"}, "http://box:99/v1", "none"),
        ("ollama", {"OLLAMA_BASE_URL": "https://box/v1"}, "https://box/v1", "none"),
    ],
)
def test_the_environment_configures_a_provider(
    name: str, environment: dict[str, str], url: str, key: str
) -> None:
    found = configured(name, environment)

    assert found is not None
    assert (found.url, found.key) == (url, key)


def test_a_key_is_never_shown() -> None:
    found = configured("openai", {"OPENAI_API_KEY": "sk-secret"})

    assert "secret" not in repr(found)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_nothing_is_configured_by_itself(name: str) -> None:
    assert configured(name, {}) is None


@pytest.mark.parametrize(
    ("model", "is_one"),
    [
        ("o1", True),
        ("o3-mini", True),
        ("gpt-5", True),
        ("gpt-5.6-luna", True),
        ("gpt-6-astra", True),
        ("codex-mini-latest", True),
        ("gpt-4o", False),
        ("gpt-4.1", False),
        ("gpt-oss:20b", False),
        ("omni", False),
    ],
)
def test_reasoning_models_are_known_by_their_names(model: str, is_one: bool) -> None:
    assert reasons(model) is is_one


@pytest.mark.parametrize(
    ("environment", "handle"),
    [
        ({}, "palaver/offline"),
        ({"ANTHROPIC_API_KEY": "k"}, "anthropic/claude-sonnet-4-6"),
        ({"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}, "openai/gpt-5-mini"),
        ({"PALAVER_DEFAULT_MODEL": "ollama/qwen3:8b"}, "ollama/qwen3:8b"),
        ({"PALAVER_DEFAULT_MODEL": "letta/auto"}, "palaver/offline"),
    ],
)
@pytest.mark.parametrize("auto", ["letta/auto", "letta/auto-fast"])
def test_auto_is_the_default_model(environment: dict[str, str], handle: str, auto: str) -> None:
    catalog = Catalog(environment)

    assert str(catalog.default_handle()) == handle
    assert str(catalog.resolve(auto)[0]) == handle


def test_without_any_variable_the_offline_model_answers() -> None:
    handle, model = Catalog({}).resolve("palaver/offline")

    assert handle == Handle("palaver", "offline")
    assert isinstance(model, OfflineModel)


@pytest.mark.parametrize(
    ("environment", "handle", "extra"),
    [
        ({"GEMINI_API_KEY": "k"}, "google_ai/gemini-x", "google"),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, "google_vertex/gemini-x", "google"),
        ({"AWS_ACCESS_KEY_ID": "k"}, "bedrock/x", "bedrock"),
        (
            {"PALAVER_DEFAULT_MODEL": "google_ai/gemini-x", "GEMINI_API_KEY": "k"},
            "letta/auto",
            "google",
        ),
    ],
)
def test_a_model_whose_library_is_missing_says_how_to_install_it(
    environment: dict[str, str], handle: str, extra: str
) -> None:
    asked: list[str] = []

    def installed(name: str) -> bool:
        asked.append(name)
        return False

    with pytest.raises(errors.NotFound, match=re.escape(f'pip install "palaver[{extra}]"')):
        Catalog(environment, installed=installed).checked(handle)

    assert set(asked) == {extra}


@pytest.mark.parametrize(
    ("is_there", "handle"), [(True, "google_ai/gemini-2.5-flash"), (False, "palaver/offline")]
)
async def test_a_provider_without_its_library_is_neither_the_default_nor_listed(
    is_there: bool, handle: str
) -> None:
    async with FakeProvider(["gemini-2.5-flash"]) as fake:
        environment = {"GOOGLE_GEMINI_BASE_URL": fake.url, "OLLAMA_HOST": nowhere()}
        catalog = Catalog(environment, installed=lambda _: is_there)

        listed = await catalog.models()

    assert str(catalog.default_handle()) == handle
    assert handle in [model.handle for model in listed]
    assert len(fake.requests) == int(is_there)


@pytest.mark.parametrize("extra", sorted({row.extra for row in PROVIDERS} - {""}))
def test_the_library_of_each_extra_is_looked_for_where_it_is(extra: str) -> None:
    assert is_installed(extra)  # the tests have them all


def test_a_handle_is_split_at_the_first_slash() -> None:
    handle, _ = Catalog({"OPENAI_API_KEY": "k"}).resolve("openai/meta/llama")

    assert handle == Handle("openai", "meta/llama")


@pytest.mark.parametrize("handle", ["", "gpt-4o", "/x", "openai/"])
def test_what_is_no_handle_is_refused(handle: str) -> None:
    with pytest.raises(errors.Invalid, match="must be provider/model"):
        Catalog({}).resolve(handle)


@pytest.mark.parametrize(
    ("handle", "remedy"),
    [
        ("acme/x", "openai, anthropic, .*, ollama, palaver"),
        ("openai/gpt-4o", "set OPENAI_API_KEY"),
        ("palaver/online", "use palaver/offline"),
    ],
)
def test_a_model_that_is_not_there_says_what_to_do(handle: str, remedy: str) -> None:
    with pytest.raises(errors.NotFound, match=remedy):
        Catalog({}).resolve(handle)


@pytest.mark.parametrize(
    ("handle", "window"),
    [
        (Handle("openai", "gpt-4.1-mini"), 1_000_000),
        (Handle("openai", "gpt-5.4-mini"), 400_000),
        (Handle("openai", "gpt-4"), 8_192),
        (Handle("anthropic", "claude-haiku-4-5"), 200_000),
        (Handle("ollama", "something"), 128_000),
        (Handle("openrouter", "anthropic/claude-haiku-4.5"), 200_000),
        (Handle("bedrock", "us.anthropic.claude-sonnet-4-6-v1:0"), 1_000_000),
        (Handle("baseten", "zai-org/GLM-4.6"), 200_000),
        (Handle("google_ai", "gemini-2.5-flash"), 1_048_576),
        (Handle("xai", "grok-4-fast"), 2_000_000),
    ],
)
def test_a_window_is_known_by_the_name(handle: Handle, window: int) -> None:
    assert Catalog({}).context_window(handle) == window


def listing_of(fake: FakeProvider, clock: Clock | None = None) -> Catalog:
    environment = {
        "OPENAI_BASE_URL": fake.openai_url,
        "OPENAI_API_KEY": "key",
        "OLLAMA_HOST": nowhere(),
    }
    return Catalog(environment, clock=clock or Clock())


async def test_models_are_those_that_the_providers_list_and_that_can_talk() -> None:
    async with FakeProvider(["gpt-4o", "text-embedding-3-small", "whisper-1"]) as fake:
        catalog = listing_of(fake)

        listed = await catalog.models()
        embeddings = await catalog.embeddings()

    assert [model.handle for model in listed] == ["openai/gpt-4o", "palaver/offline"]
    assert (listed[0].provider_type, listed[0].max_context_window) == ("openai", 128_000)
    assert [(one.handle, one.embedding_dim) for one in embeddings] == [
        ("openai/text-embedding-3-small", 1536)
    ]
    assert fake.requests[0].headers["authorization"] == "Bearer key"


async def test_anthropics_models_are_asked_for_in_its_own_way() -> None:
    async with FakeProvider(["claude-x"]) as fake:
        catalog = Catalog(
            {"ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": fake.url, "OLLAMA_HOST": nowhere()}
        )

        listed = await catalog.models()

    assert listed[0].handle == "anthropic/claude-x"
    assert fake.requests[0].path == "/v1/models?limit=1000"
    assert fake.requests[0].headers["x-api-key"] == "key"


async def test_geminis_models_are_asked_for_in_its_own_way_and_vertex_is_not_asked() -> None:
    async with FakeProvider(["gemini-x", "text-embed-y", "gemini-x-image"]) as fake:
        environment = {
            "GEMINI_API_KEY": "key",
            "GOOGLE_GEMINI_BASE_URL": fake.url,
            "GOOGLE_CLOUD_PROJECT": "atlas",
            "GOOGLE_VERTEX_BASE_URL": fake.url,
            "OLLAMA_HOST": nowhere(),
        }

        listed = await Catalog(environment).models()

    assert [model.handle for model in listed] == ["google_ai/gemini-x", "palaver/offline"]
    (asked,) = fake.requests
    assert asked.path == "/v1beta/models?pageSize=1000"
    assert asked.headers["x-goog-api-key"] == "key"


async def test_a_list_is_kept_for_five_minutes_and_longer_if_there_is_no_new_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    async with FakeProvider() as fake:
        catalog = listing_of(fake, clock)
        first = await catalog.models()
        clock.now = 299.0
        assert await catalog.models() == first
        assert len(fake.requests) == 1
        clock.now = 301.0
        await catalog.models()
        assert len(fake.requests) == 2
    clock.now = 1_000.0

    with caplog.at_level(logging.WARNING):
        assert await catalog.models() == first
        clock.now = 1_029.0
        assert await catalog.models() == first

    assert caplog.text.count("openai does not list its models") == 1


TOLD: dict[str, Any] = {
    "openai": {"data": [{"id": "gpt-4.1"}]},
    "anthropic": {"data": [{"id": "m", "max_input_tokens": 500, "max_tokens": 50}]},
    "google_ai": {
        "models": [
            {
                "name": "models/m",
                "inputTokenLimit": 500,
                "outputTokenLimit": 50,
                "supportedGenerationMethods": ["generateContent"],
            },
            {"name": "models/other", "supportedGenerationMethods": ["embedContent"]},
        ]
    },
    "groq": {"data": [{"id": "m", "context_window": 500, "max_completion_tokens": 50}]},
    "together": [{"id": "m", "context_length": 500, "type": "chat"}],
    "moonshot": {"data": [{"id": "m", "context_length": 500}]},
    "baseten": {"data": [{"id": "m", "context_length": 500, "max_completion_tokens": 50}]},
    "sglang": {"data": [{"id": "m", "max_model_len": 500}]},
    "openrouter": {
        "data": [
            {
                "id": "m",
                "context_length": 500,
                "top_provider": {"context_length": 400, "max_completion_tokens": 50},
            }
        ]
    },
    "deepseek": {"data": [{"id": "m", "context_length": None, "max_tokens": True}]},
}


@pytest.mark.parametrize("name", TOLD)
async def test_a_window_that_the_provider_tells_is_used_once_it_is_known(name: str) -> None:
    async with FakeProvider() as fake:
        fake.listing = TOLD[name]
        url = {f"PALAVER_{name.upper()}_BASE_URL": f"{fake.url}/v1"}
        catalog = Catalog({**url, "OLLAMA_HOST": nowhere()})
        (model, _) = await catalog.models()
        asked = len(fake.requests)
        handle = Handle(name, model.name)

        assert catalog.context_window(handle) == model.context_window == model.max_context_window

        assert asked == len(fake.requests) == 1
    guessed = {"openai": 1_000_000, "deepseek": 128_000}
    assert model.context_window == guessed.get(name, 500)
    untold = ("openai", "deepseek", "together", "moonshot", "sglang")
    assert model.max_tokens == (None if name in untold else 50)


async def test_a_subscription_has_its_models_and_the_clouds_are_not_asked() -> None:
    async with FakeProvider() as fake:
        names = ("chatgpt_oauth", "azure", "bedrock", "google_vertex")
        urls = {f"PALAVER_{name.upper()}_BASE_URL": fake.url for name in names}

        listed = await Catalog({**urls, "OLLAMA_HOST": nowhere()}).models()

        assert fake.requests == []
    assert {model.provider_type for model in listed} == {"chatgpt_oauth", "letta"}


@pytest.mark.parametrize(
    "listing", ["<html>", [], {"data": None}, {"data": ["m"]}, {"data": [{}]}, {"error": "no"}, 7]
)
async def test_a_list_that_is_none_is_none(listing: Any) -> None:
    async with FakeProvider() as fake:
        fake.listing = listing

        assert [model.handle for model in await listing_of(fake).models()] == ["palaver/offline"]


def test_the_contract_has_a_word_for_every_provider() -> None:
    model, config = CONTRACT["types"]["Model"], CONTRACT["types"]["LLMConfig"]

    assert {row.kind for row in PROVIDERS} <= set(model["provider_type"]["enum"])
    for written in (model, config):
        words = written["model_endpoint_type"]["enum"]
        assert {row.endpoint for row in PROVIDERS} <= set(words)


async def test_a_model_shows_no_password_of_its_url() -> None:
    async with FakeProvider(["gpt-4o"]) as fake:
        url = fake.openai_url.replace("//", "//me:canary@")
        (model, _) = await Catalog({"OPENAI_BASE_URL": url, "OLLAMA_HOST": nowhere()}).models()

    assert model.model_endpoint == fake.openai_url


async def test_a_provider_that_fails_does_not_hide_the_others() -> None:
    catalog = Catalog({"OPENAI_BASE_URL": nowhere(), "OLLAMA_HOST": nowhere()})

    assert [model.handle for model in await catalog.models()] == ["palaver/offline"]
