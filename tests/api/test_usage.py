"""What a run has cost: the providers' own numbers, and marked estimates where there are none."""

from collections.abc import AsyncIterator

import pytest

from tests.api.here import Client, Json, serving
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Reply, Say, Usage

MODEL = "openai/gpt-4o"
CALL = Call("call_1", "memory_insert", ('{"label": "human", "new_string": "Likes tea."}',))


@pytest.fixture(scope="module")
async def client(module_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that asks the fake."""
    async with serving(module_url, {"OPENAI_BASE_URL": fake.openai_url}) as client:
        yield client


@pytest.mark.parametrize("tokens", [True, False], ids=["tokens", "messages"])
async def test_what_nobody_counted_is_estimated(
    client: Client, fake: FakeProvider, tokens: bool
) -> None:
    conversation = await client.conversation(await client.agent(model=MODEL))
    fake.script(
        Reply((Say(("Wait.",)), CALL), usage=Usage(1_000, 50)),
        Reply((Say(("Done ",) * 100),), usage=None),
    )

    heard = await client.send(conversation, "Hi", stream_tokens=tokens)

    (told,) = (one for one in heard.frames if one["message_type"] == "usage_statistics")
    run = await client.newest_run(conversation)
    steps: list[Json] = await client.get(f"/v1/runs/{run['id']}/steps", order="asc")
    counted, estimated = steps
    assert (counted["prompt_tokens"], counted["completion_tokens"]) == (1_000, 50)
    assert estimated["prompt_tokens"] > 100
    assert estimated["completion_tokens"] == pytest.approx(150, rel=0.3)
    metrics = [await client.get(f"/v1/steps/{step['id']}/metrics") for step in steps]
    assert [one["estimated"] for one in metrics] == [False, True]
    usage = await client.get(f"/v1/runs/{run['id']}/usage")
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert told[name] == usage[name] == counted[name] + estimated[name]
    assert told["context_tokens"] == estimated["total_tokens"]
