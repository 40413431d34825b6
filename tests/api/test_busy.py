"""A send to a conversation that is busy is refused, unless it takes the turn or waits for it."""

import asyncio
import re

import httpx2
import pytest

from tests.api.here import Client, Json
from tests.api.sending import (
    CALLING,
    ENDLESS,
    begin,
    cancel_run,
    ended,
    log_of,
    path_of,
    post,
    queued,
    said_in,
    told_in,
    until,
)
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal

_MODEL = "openai/gpt-4o"

pytestmark = pytest.mark.usefixtures("begin_again")


def _check_refused(answer: httpx2.Response, run: str, waiting: int = 0) -> None:
    assert answer.status_code == 409
    body = answer.json()
    detail = body.pop("detail")
    assert detail.startswith("CONFLICT: ")
    assert "is currently being processed" in detail
    assert re.findall(r"run_id=([A-Za-z0-9_-]+)", detail) == [run]
    assert body == {
        "run_id": run,
        "stream_url": f"/v1/runs/{run}/stream",
        "retry_after": 1,
        "code": "CONFLICT",
        "waiting": waiting,
    }
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("choice", [{}, {"on_busy": "reject"}], ids=["by default", "by name"])
async def test_a_busy_conversation_refuses(
    client: Client, conversation: str, choice: Json, streaming: bool
) -> None:
    run = (await begin(client, conversation)).run_id
    before = await client.history(conversation)

    answer = await post(client, conversation, "Hi", streaming=streaming, **choice)

    _check_refused(answer, run)
    assert [one["id"] for one in await client.history(conversation)] == [
        one["id"] for one in before
    ]
    followed = asyncio.create_task(client.ask("POST", answer.json()["stream_url"]))
    await client.cancel(conversation)
    assert told_in((await followed).content).stop == "cancelled"
    assert (await post(client, conversation, "Hi", **choice)).status_code == 200


async def test_a_refusal_tells_how_many_wait(client: Client, conversation: str) -> None:
    run = (await begin(client, conversation)).run_id
    for waiting in range(3):
        _check_refused(await post(client, conversation, "Hi"), run, waiting)
        await queued(client, conversation, "Hi")
    await client.cancel(conversation)


@pytest.mark.parametrize("choice", ["reject", "queue", "interrupt"])
@pytest.mark.parametrize("streaming", [True, False])
async def test_a_free_conversation_answers_at_once(
    client: Client, conversation: str, choice: str, streaming: bool
) -> None:
    answer = await post(client, conversation, "Hi", on_busy=choice, streaming=streaming)

    assert answer.status_code == 200
    assert "x-queue-position" not in answer.headers
    assert "You said: Hi" in (await client.history(conversation))[-1]["content"]


@pytest.mark.parametrize("choice", ["wait", "", None, 1, "QUEUE"])
async def test_an_unknown_choice_is_a_422(client: Client, conversation: str, choice: str) -> None:
    agent = (await client.get(f"/v1/conversations/{conversation}"))["agent_id"]
    for path in (path_of(conversation), f"/v1/agents/{agent}/messages"):
        answer = await client.ask("POST", path, {"input": "Hi", "on_busy": choice})
        assert answer.status_code == 422
    assert len(await client.history(conversation)) == 1


async def test_interrupting_takes_the_turn(client: Client, conversation: str) -> None:
    first = (await begin(client, conversation, "[[think: well]] " + ENDLESS)).run_id
    second = await queued(client, conversation, "I can wait")

    third = (await begin(client, conversation, "I cannot", on_busy="interrupt")).run_id

    assert await ended(client, first, third, second) == ["cancelled", "end_turn", "end_turn"]
    assert [text[-12:] for text in await said_in(client, conversation)][1:] == [
        "I cannot", "I can wait",
    ]  # fmt: skip


async def test_interrupting_an_interrupter_keeps_every_input_in_its_order(
    client: Client, conversation: str
) -> None:
    texts = [f"{ENDLESS} {n}" for n in range(6)]
    runs = [(await begin(client, conversation, texts[0])).run_id]
    waiting = await queued(client, conversation, "I can wait")
    for text in texts[1:]:
        runs.append((await begin(client, conversation, text, on_busy="interrupt")).run_id)
    last = (await begin(client, conversation, "the last", on_busy="interrupt")).run_id

    stops = await ended(client, *runs, last, waiting)

    assert stops == ["cancelled"] * 6 + ["end_turn"] * 2
    assert await said_in(client, conversation) == [*texts, "the last", "I can wait"]


async def test_interrupting_a_tool_leaves_no_call_alone(
    client: Client, fake: FakeProvider, conversation: str
) -> None:
    run = (await begin(client, conversation, CALLING, stream_tokens=True)).run_id
    last = await begin(client, conversation, "Hi", on_busy="interrupt", override_model=_MODEL)

    stops = await ended(client, run, last.run_id)

    assert stops[0] in ("cancelled", "end_turn")
    assert stops[1] == "end_turn"
    assert len(fake.requests) == 1


async def test_conversations_of_one_agent_do_not_touch_each_other(client: Client) -> None:
    agent = await client.agent()
    names = [("default", {"agent_id": agent})]
    names += [(await client.conversation(agent), {}) for _ in range(2)]
    runs: dict[str, list[str]] = {}
    for name, body in names:
        runs[name] = [(await begin(client, name, **body)).run_id]
        runs[name].append(await queued(client, name, "Hi", **body))

    async def statuses(name: str) -> list[str]:
        return [(await client.get(f"/v1/runs/{run}"))["status"] for run in runs[name]]

    left = [name for name, _ in names]
    for name, params in names:
        answer = await client.ask("POST", f"/v1/conversations/{name}/cancel", **params)
        assert answer.json() == dict.fromkeys(runs[name], "cancelled")
        assert await ended(client, *runs[name]) == ["cancelled"] * 2
        left.remove(name)
        for other in left:
            assert await statuses(other) == ["running", "created"]


async def test_interrupting_one_conversation_leaves_the_others(client: Client) -> None:
    agent = await client.agent()
    one, other = await client.conversation(agent), await client.conversation(agent)
    runs = [(await begin(client, each)).run_id for each in (one, other)]

    assert (await post(client, one, "Hi", on_busy="interrupt")).status_code == 200

    assert await ended(client, runs[0]) == ["cancelled"]
    assert (await client.get(f"/v1/runs/{runs[1]}"))["status"] == "running"
    await client.cancel(other)


@pytest.mark.parametrize("choice", ["queue", "interrupt"])
async def test_a_model_that_is_unknown_at_its_turn_fails_that_run_alone(
    client: Client, fake: FakeProvider, conversation: str, choice: str
) -> None:
    first = (await begin(client, conversation)).run_id
    fake.script(Refusal(404, {"error": {"message": "no such model"}}))
    begun = await begin(
        client, conversation, "Hi", on_busy=choice, override_model="openai/no-such-model"
    )
    after = await queued(client, conversation, "Ho")
    if choice == "queue":
        await cancel_run(client, first)

    log = await log_of(client, begun.run_id)

    assert b"event: error" in log.events[-1]
    assert (await until(client, begun.run_id, "failed"))["status"] == "failed"
    assert await ended(client, after) == ["end_turn"]
    assert await said_in(client, conversation) == [ENDLESS, "Hi", "Ho"]
