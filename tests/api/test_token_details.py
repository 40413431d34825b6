"""What was told of tokens is told again: to repeated sends, after a restart, by others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.answering import approvals, asked, gate, verdict
from tests.api.here import Client, Json, serving
from tests.api.sending import begin, post, until
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say
from tests.fakes.sglang import Started

pytestmark = pytest.mark.usefixtures("begin_again")

TEA = Call("call_1", "memory_insert", ('{"label":"human",', '"new_string":"Tea."}'))
SCRIPT = (Reply((Say(("I", " note")), TEA)), Reply((Say(("Tea", "!")),)))
ASKED: Json = {
    "streaming": False,
    "return_logprobs": True,
    "top_logprobs": 1,
    "return_token_ids": True,
}


@pytest.fixture
def environment(fake: FakeProvider) -> Json:
    """A server's that asks `fake` by either name."""
    fake.sglang = Started(tool_call_parser="qwen25")
    return {"OPENAI_BASE_URL": fake.openai_url, "SGLANG_BASE_URL": fake.openai_url}


@pytest.fixture
async def here(database_url: str, environment: Json) -> AsyncIterator[Client]:
    """A client of one server on the database."""
    async with serving(database_url, environment) as client:
        yield client


async def conversation_with(client: Client, model: str) -> str:
    blocks = [{"label": "human", "value": "no tea"}]
    return await client.conversation(await client.agent(model=model, memory_blocks=blocks))


async def told(client: Client, conversation: str, **body: Any) -> Json:
    answer = await post(client, conversation, "I like tea.", "k", **{**ASKED, **body})
    assert answer.status_code == 200, answer.text
    whole: Json = answer.json()
    return whole


@pytest.mark.parametrize("model", ["openai/gpt-4o", "sglang/served"])
async def test_a_send_that_is_repeated_is_told_the_same_here_and_after_a_restart(
    fake: FakeProvider, database_url: str, environment: Json, model: str
) -> None:
    fake.script(*SCRIPT)
    async with serving(database_url, environment) as client:
        conversation = await conversation_with(client, model)
        first = await told(client, conversation)
        again = await told(client, conversation)
    asked = len(fake.requests)
    async with serving(database_url, environment) as client:
        later = await told(client, conversation)

    assert first["logprobs"]["content"][0]["token"] == "Tea"
    turns = [turn["role"] for turn in first["turns"] or ()]
    assert turns == (["assistant", "tool", "assistant"] if model == "sglang/served" else [])
    assert first == again == later
    assert len(fake.requests) == asked


async def test_a_stream_is_repeated_as_a_whole_that_tells(here: Client, fake: FakeProvider) -> None:
    fake.script(*SCRIPT)
    conversation = await conversation_with(here, "sglang/served")
    wanted = {name: value for name, value in ASKED.items() if name != "streaming"}
    begun = await begin(here, conversation, "I like tea.", "k", **wanted)
    await until(here, begun.run_id, "completed")

    answer = await told(here, conversation)

    assert len(answer["turns"]) == 3
    assert answer["usage"]["run_ids"] == [begun.run_id]


async def test_a_send_that_waited_is_carried_out_with_what_it_asked(
    here: Client, fake: FakeProvider
) -> None:
    conversation = await conversation_with(here, "sglang/served")
    slow = "[[words: 50]] [[pace: 20]]"
    first = await begin(here, conversation, slow, override_model="palaver/offline")
    fake.script(*SCRIPT)

    answer = await told(here, conversation, on_busy="queue")

    assert answer["usage"]["run_ids"] != [first.run_id]
    assert len(answer["turns"]) == 3
    assert answer["logprobs"] is not None


@pytest.mark.parametrize("top", [-1, 21])
async def test_there_are_no_more_than_twenty_alternatives(here: Client, top: int) -> None:
    conversation = await conversation_with(here, "palaver/offline")

    refused = await post(here, conversation, "Hi", streaming=False, top_logprobs=top)

    assert refused.status_code == 422
    assert "top_logprobs" in refused.text


async def test_turns_go_on_where_calls_have_waited(here: Client, fake: FakeProvider) -> None:
    fake.script(*SCRIPT)
    conversation = await conversation_with(here, "sglang/served")
    await gate(here, conversation)

    first = await told(here, conversation)
    (call_id,) = await asked(here, conversation)
    yes = approvals(verdict(call_id, True))
    answer = {name: value for name, value in ASKED.items() if name != "streaming"}
    second = await here.post(
        f"/v1/conversations/{conversation}/messages",
        {"messages": [yes], "streaming": False, **answer},
    )

    assert first["stop_reason"]["stop_reason"] == "requires_approval"
    assert [turn["role"] for turn in first["turns"]] == ["assistant"]
    assert [turn["role"] for turn in second["turns"]] == ["tool", "assistant"]
    assert second["turns"][0]["tool_name"] == "memory_insert"
    assert second["logprobs"]["content"][0]["token"] == "Tea"
    assert await measured(here, first) == await measured(here, second) == [None]


async def measured(client: Client, answer: Json) -> list[Any]:
    """How long the tools took that the steps of an answer's run asked for."""
    (run_id,) = answer["usage"]["run_ids"]
    steps = await client.get(f"/v1/runs/{run_id}/steps")
    of = [await client.get(f"/v1/steps/{step['id']}/metrics") for step in steps]
    assert all(one["prefix_changed_at"] is None for one in of)
    return [one["tool_execution_ns"] for one in of]
