"""What an agent's model settings come to on the wire."""

from typing import Any

import pytest

from palaver.domain.model_settings import (
    AnthropicModelSettings,
    AnthropicThinking,
    GeminiThinking,
    GoogleAIModelSettings,
    GoogleVertexModelSettings,
    GroqModelSettings,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelSettings,
    OpenAIModelSettings,
    OpenAIReasoning,
    TextFormat,
)
from palaver.errors import RequestRefused
from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.providers.talk import CHAT, GEMINI, LOOK, MESSAGES, RESPONSES, VERTEX, body

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
AS_SCHEMA = JsonSchemaFormat(json_schema={"name": "thing", "schema": SCHEMA, "strict": True})
AS_JSON = {
    "responseMimeType": "application/json",
    "responseJsonSchema": {"title": "thing", **SCHEMA},
}
OPENAI = OpenAIModelSettings(
    temperature=0.3,
    max_output_tokens=99,
    parallel_tool_calls=False,
    strict=True,
    reasoning=OpenAIReasoning(reasoning_effort="low"),
)


async def test_settings_in_chat_completions(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, CHAT, settings=OPENAI, tools=(LOOK,))

    assert sent["temperature"] == 0.3
    assert sent["max_completion_tokens"] == 99
    assert sent["parallel_tool_calls"] is False
    assert sent["tools"][0]["function"]["strict"] is True
    assert "reasoning_effort" not in sent


async def test_settings_in_responses(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, RESPONSES, settings=OPENAI, tools=(LOOK,))

    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    assert sent["max_output_tokens"] == 99
    assert sent["parallel_tool_calls"] is False
    assert sent["tools"][0]["strict"] is True
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (AnthropicModelSettings(), {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (
            AnthropicModelSettings(
                max_output_tokens=500, thinking=AnthropicThinking(budget_tokens=2000)
            ),
            {"max_tokens": 2500, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        (
            AnthropicModelSettings(
                temperature=0.2,
                max_output_tokens=500,
                thinking=AnthropicThinking(type="disabled"),
            ),
            {"max_tokens": 500, "temperature": 0.2},
        ),
        (AnthropicModelSettings(effort="high"), {"output_config": {"effort": "high"}}),
        (
            AnthropicModelSettings(parallel_tool_calls=False),
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (OpenAIModelSettings(max_output_tokens=77), {"max_tokens": 77}),
    ],
)
async def test_settings_in_messages(
    fake: FakeProvider, models: Catalog, settings: ModelSettings, expected: dict[str, Any]
) -> None:
    sent = await body(fake, models, MESSAGES, settings=settings, tools=(LOOK,))

    assert {name: sent[name] for name in expected} == expected


THINKS = {"include_thoughts": True, "thinking_budget": 1024}


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        (GEMINI, GoogleAIModelSettings(), {"temperature": 0.7, "thinkingConfig": THINKS}),
        (
            VERTEX,
            GoogleVertexModelSettings(
                temperature=0.2,
                max_output_tokens=99,
                parallel_tool_calls=False,
                thinking_config=GeminiThinking(include_thoughts=False, thinking_budget=-1),
            ),
            {
                "temperature": 0.2,
                "maxOutputTokens": 99,
                "thinkingConfig": {"include_thoughts": False, "thinking_budget": -1},
            },
        ),
        (
            GEMINI,
            GoogleAIModelSettings(thinking_config=GeminiThinking(thinking_budget=0)),
            {
                "temperature": 0.7,
                "thinkingConfig": {"include_thoughts": False, "thinking_budget": 0},
            },
        ),
        (  # a model that chooses a level is told no budget that nobody set
            "google_ai/gemini-3.8-flash",
            GoogleAIModelSettings(),
            {"temperature": 0.7, "thinkingConfig": {"include_thoughts": True}},
        ),
        (
            "google_ai/gemini-3.8-flash",
            GoogleAIModelSettings(thinking_config=GeminiThinking(thinking_budget=2048)),
            {
                "temperature": 0.7,
                "thinkingConfig": {"include_thoughts": True, "thinking_budget": 2048},
            },
        ),
        ("google_ai/gemini-2.0-flash", GoogleAIModelSettings(), {"temperature": 0.7}),
        (GEMINI, OPENAI, {"temperature": 0.3, "maxOutputTokens": 99}),
        (GEMINI, AnthropicModelSettings(), {"temperature": 1.0}),
        (
            GEMINI,
            GoogleAIModelSettings(response_schema=TextFormat()),
            {"temperature": 0.7, "thinkingConfig": THINKS},
        ),
        (
            GEMINI,
            GoogleAIModelSettings(response_schema=JsonObjectFormat()),
            {"temperature": 0.7, "thinkingConfig": THINKS, "responseMimeType": "application/json"},
        ),
        (
            VERTEX,
            GoogleVertexModelSettings(response_schema=AS_SCHEMA),
            {"temperature": 0.7, "thinkingConfig": THINKS, **AS_JSON},
        ),
        (GEMINI, GroqModelSettings(response_format=AS_SCHEMA), {"temperature": 0.7, **AS_JSON}),
    ],
)
async def test_settings_in_gemini(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    settings: ModelSettings,
    expected: dict[str, Any],
) -> None:
    sent = await body(fake, models, model, settings=settings)

    assert sent["generationConfig"] == {"responseModalities": ["TEXT"], **expected}


async def test_a_schema_beside_tools_is_for_gemini_to_take_or_to_refuse(
    fake: FakeProvider, models: Catalog
) -> None:
    settings = GoogleAIModelSettings(response_schema=AS_SCHEMA)

    newer = await body(fake, models, "google_ai/gemini-3.8-flash", settings=settings, tools=(LOOK,))
    with pytest.raises(RequestRefused) as caught:
        await body(fake, models, GEMINI, settings=settings, tools=(LOOK,))

    assert newer["generationConfig"].items() >= AS_JSON.items()
    assert "Function calling with a response mime type" in caught.value.detail
    assert len(fake.requests) == 2


async def test_strict_calls_in_gemini(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, GEMINI, settings=OPENAI, tools=(LOOK,))

    assert sent["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}


@pytest.mark.parametrize("model", [CHAT, RESPONSES])
async def test_no_limit_is_sent_that_nobody_set(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    sent = await body(fake, models, model, settings=OpenAIModelSettings())

    assert not {"max_completion_tokens", "max_tokens", "max_output_tokens"} & set(sent)


async def test_an_answer_that_follows_a_schema(fake: FakeProvider, models: Catalog) -> None:
    settings = GroqModelSettings(response_format=AS_SCHEMA)

    chat = await body(fake, models, CHAT, settings=settings)
    responses = await body(fake, models, RESPONSES, settings=settings)
    messages = await body(fake, models, MESSAGES, settings=settings)

    schema = {"name": "thing", "schema": SCHEMA, "strict": True}
    assert chat["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert responses["text"]["format"] == {"type": "json_schema", **schema}
    assert messages["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}


async def test_an_answer_that_is_any_json(fake: FakeProvider, models: Catalog) -> None:
    settings = OpenAIModelSettings(response_format=JsonObjectFormat())

    chat = await body(fake, models, CHAT, settings=settings)
    responses = await body(fake, models, RESPONSES, settings=settings)
    messages = await body(fake, models, MESSAGES, settings=settings)

    assert "output_config" not in messages  # Anthropic has no such thing
    assert chat["response_format"] == {"type": "json_object"}
    assert responses["text"]["format"] == {"type": "json_object"}
    assert chat["messages"][0] == {"role": "system", "content": "Be kind."}
