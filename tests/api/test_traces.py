"""Traces of what went wrong, of what is too long, and of what is too old."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from palaver.providers import overheard
from palaver.providers.remote import Patience
from tests.api.here import Client, Json, serving
from tests.api.tables import counts, looking_into
from tests.fakes import nowhere
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Refusal, Reply, Say

pytestmark = pytest.mark.usefixtures("begin_again")
_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that keeps traces."""
    known = {"OPENAI_BASE_URL": fake.openai_url, "GROQ_BASE_URL": nowhere.refusing()}
    patience = Patience(tries=1)
    async with serving(file_url, {**known, "GROQ_API_KEY": "k"}, patience, traces_keep=_DAY) as one:
        yield one


async def _newest(client: Client, conversation: str) -> tuple[Json, Json | None]:
    """The last step of a conversation, and its trace."""
    run = await client.newest_run(conversation)
    (step,) = await client.get(f"/v1/runs/{run['id']}/steps")
    return step, await client.get(f"/v1/steps/{step['id']}/trace")


async def test_a_step_that_was_cancelled(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await client.agent(model="openai/gpt-4o"))
    pieces = tuple(f"word{n} " for n in range(40))
    fake.script(Reply(parts=(Say(pieces),), fault=Fault("stall", after=20)))
    seen = 0
    async for _ in client.stream(conversation, "Hello", stream_tokens=True):
        seen += 1
        if seen == 10:
            await client.cancel(conversation)

    step, trace = await _newest(client, conversation)
    assert step["status"] == "cancelled"
    assert trace is not None
    assert trace["request_json"] == fake.bodies[0]
    assert "word9" in trace["response_json"]["text"]
    assert "word39" not in trace["response_json"]["text"]


async def test_a_step_whose_provider_is_not_there(client: Client) -> None:
    conversation = await client.conversation(await client.agent(model="groq/x"))
    await client.send(conversation, "Hello")

    step, trace = await _newest(client, conversation)
    assert step["status"] == "failed"
    assert trace is not None
    assert trace["request_json"]["model"] == "x"
    assert (trace["response_json"], trace["http"]["status"]) == ({}, None)
    assert trace["latency_ms"] is None


async def test_what_is_long_is_cut_and_says_so(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await client.agent(model="openai/gpt-4o"))
    pieces = tuple(f"{n} {'x' * 100_000}" for n in range(15))
    fake.script(Reply(parts=(Say(pieces),)), Reply())
    await client.send(conversation, "y" * (overheard.MOST_BYTES - 1))

    _, trace = await _newest(client, conversation)
    assert trace is not None
    for side in (trace["request_json"], trace["response_json"]):
        assert side["cut"] is True
        assert overheard.MOST_BYTES * 0.9 < len(side["text"]) < overheard.MOST_BYTES


async def test_an_answer_that_cannot_be_written_as_json_is_text(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await client.conversation(await client.agent(model="openai/gpt-4o"))
    deep = '{"a":' * 300 + "1" + "}" * 300
    for odd in ('{"half": "\\ud800"}', deep, "[" * 100_000, "[1]"):
        fake.script(Refusal(200, odd))
        await client.send(conversation, "Hello")

        _, trace = await _newest(client, conversation)
        assert trace is not None
        assert trace["response_json"] == {"text": odd}


async def test_a_summary_is_in_the_trace_of_its_run(client: Client, fake: FakeProvider) -> None:
    said = [{"role": role, "content": "words " * 60} for role in ("user", "assistant")]
    agent = await client.agent(
        model="openai/gpt-4o",
        include_base_tools=False,
        initial_message_sequence=said * 10,
        context_window_limit=2000,
    )
    answer = await client.post(f"/v1/agents/{agent}/messages", {"input": "Hello"})

    told = await client.get(f"/v1/runs/{answer['messages'][-1]['run_id']}/trace")
    kinds = [one["call_type"] for one in told]
    assert kinds == ["summarization", "agent_step"]
    assert told[0]["step_id"] is None


async def test_what_a_tool_asks_for_is_not_the_steps(
    tmp_path_factory: pytest.TempPathFactory, fake: FakeProvider
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('own') / 'palaver.db'}"
    known = {"OPENAI_BASE_URL": fake.openai_url}
    known["PALAVER_EMBEDDING"] = "openai/text-embedding-3-small"
    tool = "archival_memory_search"
    async with serving(url, known, traces_keep=_DAY) as client:
        agent = await client.agent(model="openai/gpt-4o", tools=[tool], include_base_tools=False)
        await client.post(f"/v1/agents/{agent}/archival-memory", {"text": "Tea."})
        conversation = await client.conversation(agent)
        async with asyncio.timeout(20):
            while not fake.requests:  # the text is given its meaning
                await client.get("/v1/health/")
        fake.script(Reply(parts=(Call(name=tool, pieces=('{"query": "tea"}',)),)), Reply())
        await client.send(conversation, "Hello")

        run = await client.newest_run(conversation)
        told = await client.get(f"/v1/runs/{run['id']}/trace")
        assert [one["call_type"] for one in told] == ["agent_step", "tool", "agent_step"]
        assert told[1]["http"]["url"].endswith("/embeddings")
        first = await client.get(f"/v1/steps/{told[0]['step_id']}/trace")
        assert first == told[0]


async def test_nothing_is_kept_unasked_and_what_is_old_goes(
    tmp_path_factory: pytest.TempPathFactory, fake: FakeProvider
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('own') / 'palaver.db'}"
    asked = {"OPENAI_BASE_URL": fake.openai_url}
    async with (
        serving(url, asked, traces_keep=timedelta(seconds=1)) as client,
        looking_into(url) as db,
    ):
        conversation = await client.conversation(await client.agent(model="openai/gpt-4o"))
        await client.send(conversation, "Hello")
        assert (await db.read(counts))["traces"] == 1
        async with asyncio.timeout(20):
            while (await db.read(counts))["traces"]:
                await client.get("/v1/health/")
        assert (
            await client.get(f"/v1/runs/{(await client.newest_run(conversation))['id']}/trace")
            == []
        )

    async with serving(url, asked) as client, looking_into(url) as db:
        await client.send(conversation, "Hello")
        run = await client.newest_run(conversation)
        (step,) = await client.get(f"/v1/runs/{run['id']}/steps")

        assert await client.get(f"/v1/steps/{step['id']}/trace") is None
        refused = await client.ask("GET", f"/v1/runs/{run['id']}/trace")
        assert refused.status_code == 501
        assert "PALAVER_TRACES" in refused.json()["detail"]
        assert refused.headers["x-should-retry"] == "false"
        assert (await db.read(counts))["traces"] == 0
