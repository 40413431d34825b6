"""Every field of the settings of everybody who speaks OpenAI's or Anthropic's protocols."""

from typing import Any

import pytest

from palaver.domain.model_settings import (
    AnthropicModelSettings,
    AnthropicThinking,
    AzureModelSettings,
    BasetenModelSettings,
    ChatGPTOAuthModelSettings,
    ChatGPTReasoning,
    DeepseekModelSettings,
    GroqModelSettings,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelSettings,
    MoonshotCodingModelSettings,
    MoonshotModelSettings,
    OpenAIModelSettings,
    OpenAIReasoning,
    OpenRouterModelSettings,
    ResponseFormat,
    SGLangModelSettings,
    TextFormat,
    TogetherModelSettings,
    XaiModelSettings,
    ZAIModelSettings,
    ZaiThinking,
)
from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.providers.talk import LOOK, ROWS, body, handle_of
from tests.providers.test_settings import AS_SCHEMA, SCHEMA

ON_CHAT: list[tuple[str, type[Any]]] = [
    ("openai", OpenAIModelSettings),
    ("azure", AzureModelSettings),
    ("xai", XaiModelSettings),
    ("moonshot", MoonshotModelSettings),
    ("zai", ZAIModelSettings),
    ("groq", GroqModelSettings),
    ("deepseek", DeepseekModelSettings),
    ("together", TogetherModelSettings),
    ("openrouter", OpenRouterModelSettings),
    ("baseten", BasetenModelSettings),
    ("sglang", SGLangModelSettings),
]
"""Whoever is spoken to by Chat Completions, with the class of settings of its own."""
OLD_LIMIT = ("zai", "deepseek", "together", "openrouter", "baseten", "sglang")
TALKATIVE: dict[str, Any] = {
    "temperature": 0.3,
    "max_output_tokens": 99,
    "parallel_tool_calls": False,
}


@pytest.mark.parametrize(("name", "kind"), ON_CHAT)
async def test_what_all_settings_have_in_common(
    fake: FakeProvider, everybody: Catalog, name: str, kind: type[Any]
) -> None:
    sent = await body(fake, everybody, handle_of(name), settings=kind(**TALKATIVE), tools=(LOOK,))

    limit = "max_tokens" if name in OLD_LIMIT else "max_completion_tokens"
    limits = {one: sent[one] for one in ("max_tokens", "max_completion_tokens") if one in sent}
    assert limits == {limit: 99}
    assert sent["temperature"] == 0.3
    assert sent["parallel_tool_calls"] is False
    assert sent["tools"][0]["function"] == {
        "name": "look",
        "description": "Look somewhere.",
        "parameters": LOOK.parameters,
    }


@pytest.mark.parametrize(("name", "kind"), ON_CHAT)
async def test_what_nobody_set(
    fake: FakeProvider, everybody: Catalog, name: str, kind: type[Any]
) -> None:
    sent = await body(fake, everybody, handle_of(name), settings=kind(), tools=(LOOK,))

    # Moonshot's models have a temperature of their own, and no default of the contract's.
    assert sent.get("temperature") == (None if name == "moonshot" else 0.7)
    left = {"max_tokens", "max_completion_tokens", "parallel_tool_calls", "reasoning_effort"}
    assert not left & set(sent)


SCHEMA_AS_ASKED = {"name": "thing", "schema": SCHEMA, "strict": True}
FORMS: list[tuple[ResponseFormat, dict[str, Any] | None]] = [
    (TextFormat(), None),
    (JsonObjectFormat(), {"type": "json_object"}),
    (AS_SCHEMA, {"type": "json_schema", "json_schema": SCHEMA_AS_ASKED}),
]


@pytest.mark.parametrize(("name", "kind"), [row for row in ON_CHAT if row[0] != "baseten"])
@pytest.mark.parametrize(("form", "wire"), FORMS)
async def test_the_form_of_an_answer(
    fake: FakeProvider,
    everybody: Catalog,
    name: str,
    kind: type[Any],
    form: ResponseFormat,
    wire: dict[str, Any] | None,
) -> None:
    settings = kind(response_format=form)

    sent = await body(fake, everybody, handle_of(name), settings=settings, tools=(LOOK,))

    assert sent.get("response_format") == wire
    system, said = sent["messages"]  # and nothing about JSON is added
    assert "Be kind." in str(system["content"]) and "JSON" not in str(sent["messages"])
    assert (system["role"], said["role"]) == ("system", "user")


@pytest.mark.parametrize("name", ["anthropic", "moonshot_coding"])
@pytest.mark.parametrize("strict", [True, False])
async def test_a_schema_is_sent_to_anthropics_kind_strict_or_not(
    fake: FakeProvider, everybody: Catalog, name: str, strict: bool
) -> None:
    schema = JsonSchemaFormat(json_schema={"schema": SCHEMA, "strict": strict})
    settings = MoonshotCodingModelSettings(response_format=schema)

    sent = await body(fake, everybody, handle_of(name), settings=settings)

    assert sent["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("openai", OpenAIModelSettings(strict=True)),
        ("sglang", SGLangModelSettings(strict=True)),
        ("moonshot", MoonshotModelSettings(strict=True)),
        ("groq", MoonshotModelSettings(strict=True)),
        ("anthropic", AnthropicModelSettings(strict=True)),
        ("moonshot_coding", MoonshotCodingModelSettings(strict=True)),
        ("chatgpt_oauth", OpenAIModelSettings(strict=True)),
    ],
)
async def test_tools_are_strict_where_that_was_asked_for(
    fake: FakeProvider, everybody: Catalog, name: str, settings: ModelSettings
) -> None:
    sent = await body(fake, everybody, handle_of(name), settings=settings, tools=(LOOK,))

    (tool,) = sent["tools"]
    assert tool.get("function", tool)["strict"] is True


LOW = OpenAIReasoning(reasoning_effort="low")


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("sglang/qwen3", SGLangModelSettings(reasoning=LOW), "low"),
        ("sglang/qwen3", OpenAIModelSettings(reasoning=LOW), "low"),
        ("sglang/qwen3", SGLangModelSettings(), None),
        ("openai/gpt-4o", OpenAIModelSettings(reasoning=LOW), None),
        ("azure/gpt-5-mini", OpenAIModelSettings(reasoning=LOW), "low"),
        ("azure/gpt-4o", OpenAIModelSettings(reasoning=LOW), None),
        ("groq/llama", OpenAIModelSettings(reasoning=LOW), None),
    ],
)
async def test_an_effort_is_told_to_those_who_reason(
    fake: FakeProvider,
    everybody: Catalog,
    model: str,
    settings: ModelSettings,
    expected: str | None,
) -> None:
    sent = await body(fake, everybody, model, settings=settings)

    assert sent.get("reasoning_effort") == expected
    assert ("temperature" in sent) is ("gpt-5" not in model)


async def test_settings_of_a_subscription(fake: FakeProvider, everybody: Catalog) -> None:
    settings = ChatGPTOAuthModelSettings(
        **TALKATIVE, reasoning=ChatGPTReasoning(reasoning_effort="xhigh")
    )

    sent = await body(fake, everybody, handle_of("chatgpt_oauth"), settings=settings, tools=(LOOK,))

    assert sent["reasoning"] == {"effort": "xhigh", "summary": "auto"}
    assert sent["store"] is False
    assert sent["parallel_tool_calls"] is False
    assert not {"temperature", "max_output_tokens"} & set(sent)  # refused there


@pytest.mark.parametrize(
    ("model", "settings", "thinking"),
    [
        ("glm-4.6", ZAIModelSettings(), {"type": "enabled", "clear_thinking": False}),
        (
            "glm-4.6",
            ZAIModelSettings(thinking=ZaiThinking(type="disabled", clear_thinking=True)),
            {"type": "disabled", "clear_thinking": True},
        ),
        (
            "a-model-of-tomorrow",
            ZAIModelSettings(thinking=ZaiThinking(type="disabled")),
            {"type": "disabled", "clear_thinking": False},
        ),
        (
            "glm-4.6",
            AnthropicModelSettings(thinking=AnthropicThinking(type="disabled")),
            {"type": "disabled", "clear_thinking": False},
        ),
    ],
)
async def test_zais_thinking(
    fake: FakeProvider,
    everybody: Catalog,
    model: str,
    settings: ModelSettings,
    thinking: dict[str, Any],
) -> None:
    sent = await body(fake, everybody, f"zai/{model}", settings=settings)

    assert sent["thinking"] == thinking


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            MoonshotCodingModelSettings(effort="max", verbosity="low"),
            {
                "thinking": {"type": "enabled", "budget_tokens": 1024},
                "output_config": {"effort": "max"},
            },
        ),
        (
            MoonshotCodingModelSettings(thinking=AnthropicThinking(type="disabled")),
            {"thinking": {"type": "disabled"}},
        ),
        (
            MoonshotCodingModelSettings(parallel_tool_calls=False, max_output_tokens=2000),
            {
                "max_tokens": 2000,
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            },
        ),
        (GroqModelSettings(temperature=1.7), {"temperature": 1.0}),
    ],
)
async def test_settings_of_moonshots_coding_models(
    fake: FakeProvider, everybody: Catalog, settings: ModelSettings, expected: dict[str, Any]
) -> None:
    model = handle_of("moonshot_coding")

    sent = await body(fake, everybody, model, settings=settings, tools=(LOOK,))

    assert {name: sent[name] for name in expected} == expected
    assert "verbosity" not in str(sent)  # the protocol has no such thing


EVERY_KIND: list[type[Any]] = [
    *(kind for _, kind in ON_CHAT),
    AnthropicModelSettings,
    MoonshotCodingModelSettings,
    ChatGPTOAuthModelSettings,
]


@pytest.mark.parametrize("name", ROWS)
async def test_everybody_takes_the_settings_of_everybody_else(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    for kind in EVERY_KIND:
        sent = await body(fake, everybody, handle_of(name), settings=kind(max_output_tokens=2048))

        limits = [sent.get(f"max_{one}tokens") for one in ("", "completion_", "output_")]
        if name != "chatgpt_oauth":
            assert set(limits) == {None, 2048}, kind


@pytest.mark.parametrize(
    ("model", "marked"),
    [("anthropic/claude-sonnet-4.5", 3), ("google/gemini-2.5-pro", 1), ("openai/gpt-4o", 0)],
)
async def test_openrouter_is_told_what_to_cache(
    fake: FakeProvider, everybody: Catalog, model: str, marked: int
) -> None:
    sent = await body(fake, everybody, f"openrouter/{model}", tools=(LOOK,))

    assert str(sent).count("cache_control") == marked


async def test_a_subscription_finds_its_cache_by_the_conversation(
    fake: FakeProvider, everybody: Catalog
) -> None:
    sent = await body(fake, everybody, handle_of("chatgpt_oauth"), conversation="conv-1")

    assert sent["prompt_cache_key"] == "conv-1"
    assert fake.requests[-1].headers["session-id"] == "conv-1"
