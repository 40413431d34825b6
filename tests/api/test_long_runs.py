"""Fifty turns on each wire: between two summaries the prompt only grows, whatever happens."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.api.here import Client, Json, check_calls, serving
from tests.fakes import bedrock
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say, Think

TURNS = 50
SUM_UP = "Sum up what was said."
LIMIT = 4_200  # tokens: some twenty turns


@dataclass(frozen=True, slots=True)
class Wire:
    """A model, and what its provider reads of a request, piece by piece, in its order."""

    model: str
    pieces: Callable[[Json], list[Any]]
    seal: str | None = None


def _of_chat(body: Json) -> list[Any]:
    return [body.get("tools"), *body["messages"]]


def _of_responses(body: Json) -> list[Any]:
    return [body.get("tools"), body.get("instructions"), *body["input"]]


def _of_blocks(body: Json) -> list[Any]:
    said = [(one["role"], block) for one in body["messages"] for block in _blocks(one["content"])]
    return [body.get("tools") or body.get("toolConfig"), *_blocks(body["system"]), *said]


def _of_contents(body: Json) -> list[Any]:
    said = [(one["role"], part) for one in body["contents"] for part in one["parts"]]
    return [body.get("tools"), body["systemInstruction"], *said]


def _blocks(content: Any) -> list[Any]:
    return [{"text": content}] if isinstance(content, str) else content


WIRES = {
    "chat": Wire("openai/gpt-4o", _of_chat),
    "responses": Wire("openai/gpt-5-mini", _of_responses, "seal=="),
    "messages": Wire("anthropic/claude-sonnet-4-6", _of_blocks, "seal=="),
    "gemini": Wire("google_ai/gemini-2.5-flash", _of_contents, "seal=="),
    "converse": Wire("bedrock/amazon.nova-pro-v1:0", _of_blocks),
    "claude on bedrock": Wire("bedrock/anthropic.claude-sonnet-4-5-v1:0", _of_blocks, "seal=="),
    "sglang": Wire("sglang/qwen3-32b", _of_chat),
}


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that finds all its providers at `fake`."""
    environment = {
        "OPENAI_BASE_URL": fake.openai_url,
        "ANTHROPIC_BASE_URL": fake.url,
        "GEMINI_API_KEY": "a-key",
        "GOOGLE_GEMINI_BASE_URL": fake.url,
        "SGLANG_BASE_URL": fake.openai_url,
        "PALAVER_BEDROCK_API_KEY": bedrock.TOKEN,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": fake.url,
    }
    async with serving(file_url, environment) as client:
        yield client


def turn(n: int, wire: Wire) -> list[Reply]:
    """What is answered in a turn: words, and in most turns calls before them."""
    thought = [Think((f"thought {n}",), wire.seal, id=f"rs_{n}")] if wire.seal else []
    note = json.dumps({"label": "notes", "new_string": f"fact {n} of many " * 4})
    calls = [Call(f"call_{n}_{k}", "memory_insert", (note,)) for k in range(n % 3)]
    last = Reply((Say((f"Done {n}. ", "And so on. " * 10)),), usage=None)
    return [Reply((*thought, Say((f"Wait {n}.",)), *calls), usage=None), last] if calls else [last]


def without_marks(value: Any) -> Any:
    """A request without the marks that say where a cache is to end."""
    if isinstance(value, dict):
        return {k: without_marks(v) for k, v in value.items() if k != "cache_control"}
    if isinstance(value, list):
        return [without_marks(one) for one in value if "cachePoint" not in one]
    return value


def parts_between_summaries(bodies: list[Json]) -> list[list[Json]]:
    """The requests of the steps, cut where a summary was asked for."""
    parts: list[list[Json]] = [[]]
    for body in bodies:
        if SUM_UP in json.dumps(body):
            parts.append([])
        else:
            parts[-1].append(body)
    return parts


@pytest.mark.parametrize("name", WIRES)
async def test_between_summaries_each_request_begins_as_the_one_before(
    client: Client, fake: FakeProvider, name: str
) -> None:
    wire = WIRES[name]
    fake.forget()
    agent = await client.agent(
        model=wire.model,
        system="Be kind.",
        memory_blocks=[{"label": "notes", "value": "None.", "limit": 100_000}],
        context_window_limit=LIMIT,
        compaction_settings={"prompt": SUM_UP},
    )
    conversation = await client.conversation(agent)
    for n in range(TURNS):
        fake.script(*turn(n, wire))
        heard = await client.send(conversation, f"Question {n}? " + "Tell me more. " * 10)
        assert (heard.stop, heard.error) == ("end_turn", None)
        if n % 9 == 4:
            block = f"/v1/agents/{agent}/core-memory/blocks/notes"
            await client.patch(block, {"value": f"Forgotten {n} times."})

    parts = parts_between_summaries(fake.bodies)
    assert len(parts) > 1, "nothing was compacted"
    for part in parts:
        requests = [wire.pieces(without_marks(body)) for body in part]
        for n, (before, after) in enumerate(pairwise(requests)):
            assert len(after) > len(before)
            assert after[: len(before)] == before, f"request {n + 1} left request {n}"
    history = await client.history(conversation)
    check_calls(history)
    told = [one for one in history if one["message_type"] == "summary_message"]
    assert len(told) == sum(map(bool, parts)) - 1, "a step made room twice"
    assert sum(one["message_type"] == "user_message" for one in history) == TURNS
