"""Amazon Bedrock: its two protocols, and how it is told who is calling."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from palaver import errors
from palaver.domain.llm import Completion
from palaver.domain.model_settings import (
    AnthropicModelSettings,
    AnthropicThinking,
    BedrockModelSettings,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelSettings,
    OpenAIModelSettings,
    OpenAIReasoning,
)
from palaver.domain.part import Base64Image, Image, Text, ToolCall, ToolReturn, UrlImage
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from palaver.providers.table import PROVIDERS, account
from tests.fakes import bedrock
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Redacted, Reply, Say, Think
from tests.providers.talk import (
    CONVERSE,
    INVOKE,
    LOOK,
    answer,
    asks,
    body,
    entry,
    returns,
    spoken,
)

BOTH = pytest.mark.parametrize("model", [INVOKE, CONVERSE])
GPT = "bedrock/openai.gpt-oss-120b-1:0"
GROK = "bedrock/xai.grok-4.6"
POINT = {"cachePoint": {"type": "default"}}
PICTURE = Image(source=Base64Image(media_type="image/png", data="aGVsbG8="))
ELSEWHERE = Image(source=UrlImage(url="http://x/y.png"))
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
AS_SCHEMA = JsonSchemaFormat(json_schema={"name": "thing", "schema": SCHEMA, "strict": True})

TALK = (
    entry("user", Text(text="What is this?"), PICTURE),
    entry("assistant", Text(text="I look."), ToolCall(call_id="c1", name="look", arguments="{}")),
    entry("tool", ToolReturn(call_id="c1", status="error", content="too dark")),
    entry("system", Text(text="The lamp is on.")),
)


async def test_a_talk_in_converse(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, CONVERSE, *TALK, tools=(LOOK,))

    assert fake.requests[-1].path == "/model/us.amazon.nova-pro-v1%3A0/converse-stream"
    assert sent == {
        "system": [{"text": "Be kind."}, POINT],
        "inferenceConfig": {},
        "toolConfig": {
            "toolChoice": {"auto": {}},
            "tools": [
                {
                    "toolSpec": {
                        "name": "look",
                        "description": "Look somewhere.",
                        "inputSchema": {"json": LOOK.parameters},
                    }
                }
            ],
        },
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "What is this?"},
                    {"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"text": "I look."},
                    {"toolUse": {"toolUseId": "c1", "name": "look", "input": {}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "toolResult": {
                            "toolUseId": "c1",
                            "content": [{"text": "too dark"}],
                            "status": "error",
                        }
                    },
                    {"text": "The lamp is on."},
                    POINT,
                ],
            },
        ],
    }


async def test_a_talk_with_claude(fake: FakeProvider, models: Catalog) -> None:
    sent = await body(fake, models, INVOKE, *TALK, tools=(LOOK,))

    path = "/model/us.anthropic.claude-sonnet-4-6/invoke-with-response-stream"
    assert fake.requests[-1].path == path
    assert sent["anthropic_version"] == "bedrock-2023-05-31"
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][0]["content"][1]["source"]["data"] == "aGVsbG8="
    cached = {"type": "ephemeral", "ttl": "5m"}
    for block in (sent["system"][-1], sent["tools"][-1], sent["messages"][-1]["content"][-1]):
        assert block["cache_control"] == cached


async def test_llama_is_sent_no_cache_points_and_a_return_alone(
    fake: FakeProvider, models: Catalog
) -> None:
    llama = "bedrock/us.meta.llama4-maverick-17b-instruct-v1:0"

    sent = await body(fake, models, llama, *TALK, tools=(LOOK,))

    assert sent["system"] == [{"text": "Be kind."}]
    assert [list(m["content"][0]) for m in sent["messages"][2:]] == [
        ["toolResult"],
        ["text"],
        ["text"],
    ]


@BOTH
async def test_an_image_is_not_fetched_from_anywhere(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    sent = await body(fake, models, model, entry("user", ELSEWHERE))

    assert sent["messages"][0]["content"][0]["text"] == "[an image that cannot be shown]"


async def test_converse_gets_back_signatures_and_redacted_reasoning(
    fake: FakeProvider, models: Catalog
) -> None:
    thoughts = (Think(("Let me", " see"), seal="sig=="), Redacted("red=="))
    fake.script(Reply((*thoughts, Say(("I", " look")), Call("call_1"), Call("call_2"))))
    said = spoken(await answer(models, CONVERSE, asks("hi"), tools=(LOOK,)), CONVERSE)

    sent = await body(
        fake, models, CONVERSE, asks("hi"), said, returns("call_1", "call_2"), tools=(LOOK,)
    )

    assistant, results = sent["messages"][1:]
    assert assistant["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Let me see", "signature": "sig=="}}},
        {"reasoningContent": {"redactedContent": "cmVkPT0="}},
        {"text": "I look"},
        {"toolUse": {"toolUseId": "call_1", "name": "look", "input": {"where": "up"}}},
        {"toolUse": {"toolUseId": "call_2", "name": "look", "input": {"where": "up"}}},
    ]
    ids = [b["toolResult"]["toolUseId"] for b in results["content"] if "toolResult" in b]
    assert ids == ["call_1", "call_2"]


async def test_claude_gets_back_signatures_and_redacted_thinking(
    fake: FakeProvider, models: Catalog
) -> None:
    fake.script(Reply((Think(("hm",), seal="sig=="), Redacted("red=="), Call())))
    said = spoken(await answer(models, INVOKE, asks("hi"), tools=(LOOK,)), INVOKE)

    sent = await body(fake, models, INVOKE, asks("hi"), said, returns("call_1"), tools=(LOOK,))

    assert sent["messages"][1]["content"][:2] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "red=="},
    ]


async def test_reasoning_that_nobody_signed_stays_here(fake: FakeProvider, models: Catalog) -> None:
    fake.script(Reply((Think(("hm",)), Say(("Hello",)))))
    said = spoken(await answer(models, GPT, asks("hi")), GPT)

    sent = await body(fake, models, GPT, asks("hi"), said, asks("go on"))

    assert sent["messages"][1]["content"] == [{"text": "Hello"}]


FORMAT = {
    "type": "json_schema",
    "structure": {
        "jsonSchema": {
            "name": "thing",
            "schema": '{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}',
        }
    },
}
THINK = AnthropicThinking(budget_tokens=2000)
OLD_CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        (CONVERSE, BedrockModelSettings(), {"inferenceConfig": {"temperature": 0.7}}),
        (
            CONVERSE,
            BedrockModelSettings(temperature=0.3, max_output_tokens=99, parallel_tool_calls=False),
            {"inferenceConfig": {"temperature": 0.3, "maxTokens": 99}},
        ),
        (
            CONVERSE,
            BedrockModelSettings(response_format=AS_SCHEMA),
            {"outputConfig": {"textFormat": FORMAT}},
        ),
        (
            GPT,
            OpenAIModelSettings(reasoning=OpenAIReasoning(reasoning_effort="low")),
            {"additionalModelRequestFields": {"reasoning_effort": "low"}},
        ),
        (
            GPT,
            AnthropicModelSettings(effort="high"),
            {"additionalModelRequestFields": {"reasoning_effort": "high"}},
        ),
        (GROK, BedrockModelSettings(temperature=0.3), {"inferenceConfig": {}}),
        (INVOKE, BedrockModelSettings(temperature=0.3), {"temperature": 0.3}),
        (INVOKE, BedrockModelSettings(max_output_tokens=99), {"max_tokens": 99}),
        (
            INVOKE,
            BedrockModelSettings(parallel_tool_calls=False),
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (
            INVOKE,
            AnthropicModelSettings(thinking=THINK, effort="high"),
            {
                "thinking": {"type": "enabled", "budget_tokens": 2000},
                "output_config": {"effort": "high"},
            },
        ),
        (
            OLD_CLAUDE,
            AnthropicModelSettings(thinking=THINK, max_output_tokens=500),
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 2500},
        ),
    ],
)
async def test_settings_on_bedrock(
    fake: FakeProvider,
    models: Catalog,
    model: str,
    settings: ModelSettings,
    expected: dict[str, Any],
) -> None:
    sent = await body(fake, models, model, settings=settings, tools=(LOOK,))

    assert {name: sent[name] for name in expected} == expected


async def test_claude_follows_a_schema_and_calls_to_the_letter(
    fake: FakeProvider, models: Catalog
) -> None:
    settings = AnthropicModelSettings(strict=True, response_format=AS_SCHEMA)

    sent = await body(fake, models, OLD_CLAUDE, settings=settings, tools=(LOOK,))

    assert sent["tools"][0]["strict"] is True
    assert sent["output_config"]["format"]["schema"]["properties"] == SCHEMA["properties"]


@BOTH
async def test_any_json_has_no_field(fake: FakeProvider, models: Catalog, model: str) -> None:
    settings = BedrockModelSettings(response_format=JsonObjectFormat())

    sent = await body(fake, models, model, settings=settings)

    assert not {"outputConfig", "output_config"} & sent.keys()


KEYS = {"AWS_ACCESS_KEY_ID": bedrock.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": bedrock.SECRET_KEY}


def signing(fake: FakeProvider, **variables: str) -> Catalog:
    environment = {**KEYS, "PALAVER_BEDROCK_BASE_URL": fake.url, **variables}
    return Catalog(environment, Patience(tries=1))


@BOTH
async def test_keys_sign_what_is_sent(fake: FakeProvider, model: str) -> None:
    models = signing(fake, AWS_SESSION_TOKEN="session", AWS_REGION="eu-west-1")

    events = await answer(models, model)

    assert isinstance(events[-1], Completion)
    headers = fake.requests[-1].headers
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    assert "x-amz-security-token" in headers["authorization"].partition("Signature")[0]
    assert headers["x-amz-security-token"] == "session"
    await models.close()


@BOTH
async def test_wrong_keys_are_refused(fake: FakeProvider, model: str) -> None:
    models = signing(fake, AWS_SECRET_ACCESS_KEY="another")

    with pytest.raises(errors.AuthenticationFailed):
        await answer(models, model)

    await models.close()


def test_amazons_own_url_is_the_regions() -> None:
    from palaver.providers.bedrock_lines import BedrockLines

    row = next(row for row in PROVIDERS if row.name == "bedrock")
    for variables, host in [
        ({"AWS_REGION": "eu-west-1"}, "bedrock-runtime.eu-west-1.amazonaws.com"),
        ({}, "bedrock-runtime.us-east-1.amazonaws.com"),
    ]:
        configured = account(row, {**KEYS, **variables})
        assert configured is not None
        lines = BedrockLines(configured, httpx2.Timeout(1))
        for name in ("amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-6"):
            assert str(lines.line(name).model.base_url).strip("/") == f"https://{host}"


SCRIPT = """
import asyncio, sys
from palaver.providers.catalog import Catalog
from tests.providers.talk import CONVERSE, INVOKE, answer

async def main(**environment):
    models = Catalog(environment)
    for model in (CONVERSE, INVOKE):
        await answer(models, model)
    await models.close()

asyncio.run(main(**dict(one.split("=", 1) for one in sys.argv[1:])))
"""


async def test_nothing_is_taken_from_the_process_or_its_home(
    fake: FakeProvider, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[default]\nregion = nowhere-1\n")
    (tmp_path / ".aws/credentials").write_text("this is no such file")
    given = {**KEYS, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": fake.url}
    around = {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "nobody",
        "AWS_REGION": "nowhere-2",
        "AWS_BEARER_TOKEN_BEDROCK": "another",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SCRIPT,
        *(f"{name}={value}" for name, value in given.items()),
        env={**os.environ, **around, "PYTHONPATH": os.getcwd()},
    )

    assert await process.wait() == 0
    assert len(fake.requests) == 2
    for request in fake.requests:
        assert "/us-east-1/bedrock/" in request.headers["authorization"]


@BOTH
async def test_cancelling_hangs_up_while_there_is_no_answer_at_all(model: str) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            asked.set()
        gone.set()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        models = Catalog({**KEYS, "PALAVER_BEDROCK_BASE_URL": f"http://{host}:{port}"})
        task = asyncio.create_task(answer(models, model))
        await asked.wait()
        task.cancel()
        async with asyncio.timeout(1):
            await gone.wait()
        await models.close()
