"""The prompt of a conversation only grows, on the wire too, and each step says whether it did."""

import json
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from palaver.core.builtin import BUILT_IN
from tests.api.here import Client, Json, serving
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Redacted, Refusal, Reply, Say, Think, Usage

TURNS = 20
MODEL = "openai/gpt-4o"

Pieces = list[Any]


def _of_chat(body: Json) -> Pieces:
    return [*body.get("tools", []), *body["messages"]]


def _of_responses(body: Json) -> Pieces:
    return [*body.get("tools", []), body.get("instructions"), *body["input"]]


def _of_messages(body: Json) -> Pieces:
    blocks = [(m["role"], block) for m in body["messages"] for block in _blocks(m["content"])]
    return [*body.get("tools", []), *_blocks(body["system"]), *blocks]


def _blocks(content: Any) -> Pieces:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


CACHED: dict[str, Callable[[Json], Pieces]] = {
    MODEL: _of_chat,
    "openai/gpt-5-mini": _of_responses,
    "anthropic/claude-sonnet-4-6": _of_messages,
}
"""What the providers of these models cache of a request, piece by piece, in their order."""


def without_marks(value: Any) -> Any:
    """A piece of a request without the marks that say where a cache is to end."""
    if isinstance(value, dict):
        return {k: without_marks(v) for k, v in value.items() if k != "cache_control"}
    return [without_marks(one) for one in value] if isinstance(value, list) else value


def turn(n: int, model: str) -> list[Reply | Refusal]:
    """What the model answers in a turn: thoughts and calls, one or several; some turns fail."""
    if n % 7 == 3:
        return [Refusal(401, {"error": {"message": "no"}})]
    seal = None if model == MODEL else f"seal-{n}=="
    thought: list[Any] = [Think((f"thought {n}", " on"), seal, id=f"rs_{n}")]
    if model.startswith("anthropic"):
        thought.append(Redacted(f"red-{n}"))
    if n % 5 == 4:
        return [Reply((*thought, Say((f"Plainly {n}.",))))]
    arguments = json.dumps({"label": "human", "new_string": f"fact {n}"})
    calls = [Call(f"call_{n}_{k}", "memory_insert", (arguments,)) for k in range(1 + n % 2)]
    return [
        Reply((*thought, Say((f"Wait {n}.",)), *calls)),
        Reply((Think(("so",), seal, id=f"rs_{n}_2"), Say((f"Done {n}.",)))),
    ]


@pytest.fixture
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that asks `fake` for everything."""
    fake.forget()
    async with serving(file_url, environment(fake)) as client:
        yield client


def environment(fake: FakeProvider) -> dict[str, str]:
    """Where the providers are."""
    return {"OPENAI_BASE_URL": fake.openai_url, "ANTHROPIC_BASE_URL": fake.url}


async def new_agent(client: Client, model: str = MODEL, **body: Any) -> str:
    """An agent with a block to edit."""
    human = {"label": "human", "value": "Ada\nlikes tea"}
    return await client.agent(model=model, system="Be kind.", memory_blocks=[human], **body)


async def metrics(client: Client, conversation: str) -> list[Json]:
    """The metrics of all steps of a conversation, oldest first."""
    found = await client.get("/v1/runs/", conversation_id=conversation, limit=1000, order="asc")
    steps = [
        step
        for run in found
        for step in await client.get(f"/v1/runs/{run['id']}/steps", order="asc")
    ]
    return [await client.get(f"/v1/steps/{step['id']}/metrics") for step in steps]


async def changed_at(client: Client, conversation: str, **body: Any) -> int | None:
    """Send something; where the prompt of its first step left the one before it."""
    before = len(await metrics(client, conversation))
    await client.send(conversation, "And now?", **body)
    at: int | None = (await metrics(client, conversation))[before]["prefix_changed_at"]
    return at


async def prompt(client: Client, conversation: str) -> str:
    """The system text of a conversation."""
    text: str = (await client.history(conversation))[0]["content"]
    return text


def parted(before: str, after: str) -> int:
    """The bytes of the lines that two texts begin with alike."""
    size = 0
    for one, other in zip(before.splitlines(True), after.splitlines(True), strict=False):
        if one != other:
            return size
        size += len(one.encode())
    raise AssertionError("the texts do not part")


@pytest.mark.parametrize("model", CACHED)
async def test_each_request_of_a_long_conversation_begins_as_the_one_before(
    client: Client, fake: FakeProvider, model: str
) -> None:
    conversation = await client.conversation(await new_agent(client, model))
    for n in range(TURNS):
        fake.script(*turn(n, model))
        await client.send(conversation, f"Question {n}?", stream_tokens=n % 2 == 0)

    requests = [CACHED[model](without_marks(body)) for body in fake.bodies]
    assert len(requests) > TURNS
    for n, (before, after) in enumerate(pairwise(requests)):
        assert after[: len(before)] == before, f"request {n + 1} left request {n}"
        assert len(after) > len(before)
    steps = await metrics(client, conversation)
    assert [step["prefix_changed_at"] for step in steps] == [None] * len(requests)


async def test_a_block_that_was_changed_is_where_the_prompt_changes_once(client: Client) -> None:
    agent = await new_agent(client, include_base_tools=False)
    conversation = await client.conversation(agent)
    assert await changed_at(client, conversation) is None
    before = await prompt(client, conversation)
    await client.patch(f"/v1/agents/{agent}/core-memory/blocks/human", {"value": "Ada\nhates tea"})
    assert await changed_at(client, conversation) is None  # it keeps its prompt until then

    await client.post(f"/v1/conversations/{conversation}/recompile")

    after = await prompt(client, conversation)
    at = await changed_at(client, conversation)
    assert at == len(MODEL) + parted(before, after)
    assert "likes tea" in before[at - len(MODEL) :].splitlines()[0]
    assert await changed_at(client, conversation) is None


async def test_another_model_changes_all(client: Client) -> None:
    conversation = await client.conversation(await new_agent(client))
    await client.send(conversation, "Hi")

    assert await changed_at(client, conversation, override_model="openai/gpt-5-mini") == 0
    assert await changed_at(client, conversation) == 0
    assert await changed_at(client, conversation) is None


async def test_a_new_tool_is_where_the_prompt_changes(client: Client) -> None:
    agent = await new_agent(client)
    conversation = await client.conversation(agent)
    await client.send(conversation, "Hi")
    had = (await client.get(f"/v1/agents/{agent}", include="agent.tools"))["tools"]

    more = [*(tool["id"] for tool in had), BUILT_IN["memory_rethink"].id]
    await client.patch(f"/v1/agents/{agent}", {"tool_ids": more})

    specs = [BUILT_IN[tool["name"]].spec.model_dump() for tool in had]
    told = [json.dumps(spec, sort_keys=True, separators=(",", ":")) for spec in specs]
    assert len(told) == 3
    assert await changed_at(client, conversation) == len(MODEL) + len("".join(told))


async def test_another_system_text_changes_the_prompt_for_its_request(client: Client) -> None:
    conversation = await client.conversation(await new_agent(client, include_base_tools=False))
    await client.send(conversation, "Hi")

    same = await prompt(client, conversation)
    assert await changed_at(client, conversation, override_system=same) is None
    assert await changed_at(client, conversation, override_system="Be brief.") == len(MODEL)
    assert await changed_at(client, conversation) == len(MODEL)


async def test_skills_change_the_end_of_the_system_text(client: Client) -> None:
    conversation = await client.conversation(await new_agent(client, include_base_tools=False))
    await client.send(conversation, "Hi")
    skill = {"name": "sing", "description": "Sings.", "location": "skills/sing"}

    text = await prompt(client, conversation)
    at = await changed_at(client, conversation, client_skills=[skill])

    assert at == len(MODEL) + len(text.encode()) - len(text.splitlines()[-1].encode())
    assert await changed_at(client, conversation, client_skills=[skill]) is None


async def test_a_fork_begins_with_what_its_source_was_asked(client: Client) -> None:
    source = await client.conversation(await new_agent(client, include_base_tools=False))
    for word in ("Hi", "Well?"):
        await client.send(source, word, override_system="Be brief.")
    middle = (await client.history(source))[1]["id"]

    whole = (await client.post(f"/v1/conversations/{source}/fork"))["id"]
    part = (await client.post(f"/v1/conversations/{source}/fork", message_id=middle))["id"]

    assert await changed_at(client, part, override_system="Be brief.") is None
    assert await changed_at(client, whole) == len(MODEL)
    assert await changed_at(client, source, override_system="Be brief.") is None
    again = (await client.post(f"/v1/conversations/{whole}/fork"))["id"]
    own = parted(await prompt(client, whole), await prompt(client, again))
    assert await changed_at(client, again) == len(MODEL) + own


async def test_another_process_knows_what_was_asked(tmp_path: Path, fake: FakeProvider) -> None:
    url = f"sqlite:///{tmp_path / 'palaver.db'}"
    async with serving(url, environment(fake)) as client:
        conversation = await client.conversation(await new_agent(client))
        await client.send(conversation, "Hi")

    async with serving(url, environment(fake)) as client:
        assert await changed_at(client, conversation, override_model="openai/gpt-5-mini") == 0


async def test_what_the_provider_had_cached_stands_beside_it(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await client.conversation(await new_agent(client))
    fake.script(Reply(usage=Usage(cached=64)))

    await client.send(conversation, "Hi")

    (step,) = await metrics(client, conversation)
    assert step["cached_input_tokens"] == 64


async def test_a_step_that_failed_is_measured(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await new_agent(client))
    fake.script(Refusal(401, {"error": {"message": "no"}}))

    await client.send(conversation, "Hi")

    (step,) = await metrics(client, conversation)
    assert 0 < step["llm_request_ns"] <= step["step_ns"]
    assert step["tool_execution_ns"] is None
