"""Batches: all of it is sent or nothing, some at the same time, and how it stands is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest

from palaver.engine.batches import AT_ONCE
from tests.api.here import Client, Json, serving
from tests.contract.fields import check
from tests.fakes.receiver import Receiver

_SLOW = "[[pace: 30]] [[words: 2000]]"
_PATH = "/v1/messages/batches"


@pytest.fixture(scope="module")
async def client(module_url: str) -> AsyncIterator[Client]:
    """A client of a server that may call this machine."""
    async with serving(module_url, private_networks=(ip_network("127.0.0.1"),)) as client:
        yield client


def _asking(agent: str, text: str, **more: Any) -> Json:
    return {"agent_id": agent, "messages": [{"role": "user", "content": text}], **more}


async def _over(client: Client, job: Json) -> Json:
    """The batch when it has ended; never has it more active runs than it may."""
    async with asyncio.timeout(90):
        while job["completed_at"] is None:
            counts = job["metadata"]
            assert counts.get("created", 0) + counts.get("running", 0) <= AT_ONCE
            await asyncio.sleep(0.02)
            job = await client.get(f"{_PATH}/{job['id']}")
    return job


async def _history(client: Client, agent: str) -> list[str]:
    """What was said to an agent in its default conversation, oldest first."""
    said = await client.get(f"/v1/agents/{agent}/messages", order="asc", limit=1000)
    return [one["content"] for one in said if one["message_type"] == "user_message"]


async def test_twenty_requests_to_five_agents(client: Client) -> None:
    agents = [await client.agent() for _ in range(5)]
    texts = [f"request {n} [[pace: 5]] [[words: 20]]" for n in range(20)]
    texts[7] = "request 7 [[fail: auth]]"
    wanted = [_asking(agents[n % 5], text) for n, text in enumerate(texts)]
    async with Receiver() as receiver:
        job = await client.post(_PATH, {"requests": wanted, "callback_url": receiver.url})
        check("BatchJob", job)
        assert job["status"] in ("created", "running")
        job = await _over(client, job)
        (told,) = await receiver.called(1)

    assert job["status"] == "completed"
    counts, runs = job["metadata"], job["metadata"]["run_ids"]
    assert (counts["completed"], counts["failed"], counts["errors"]) == (19, 1, {})
    assert told == {
        "job_id": job["id"],
        "status": "completed",
        "completed_at": job["completed_at"],
        "metadata": {"completed": 19, "failed": 1},
    }
    for n, agent in enumerate(agents):
        assert await _history(client, agent) == texts[n::5]
    found = [await client.get(f"/v1/runs/{run}") for run in runs]
    assert [run["agent_id"] for run in found] == [one["agent_id"] for one in wanted]
    assert Counter(run["status"] for run in found) == {"completed": 19, "failed": 1}
    assert all(run["background"] for run in found)

    said = (await client.get(f"{_PATH}/{job['id']}/messages", order="asc"))["messages"]
    check("LettaBatchMessages", {"messages": said})
    assert {one["run_id"] for one in said} == set(runs) - {runs[7]}
    assert {one["role"] for one in said} == {"assistant"}
    ids: list[str] = []
    after: Json = {}
    while page := (
        await client.get(f"{_PATH}/{job['id']}/messages", order="asc", limit=7, **after)
    )["messages"]:
        ids += [one["id"] for one in page]
        after = {"after": ids[-1]}
    assert ids == [one["id"] for one in said]
    mine = (await client.get(f"{_PATH}/{job['id']}/messages", agent_id=agents[0]))["messages"]
    assert [one["run_id"] for one in mine] == runs[0::5][::-1]
    (listed,) = await client.get(_PATH, limit=1)
    assert listed["id"] == job["id"]
    assert listed["metadata"] == {"completed": 19, "failed": 1}


async def test_if_one_cannot_be_sent_none_is(client: Client) -> None:
    agent = await client.agent()
    nobody = "agent-00000000-0000-4000-8000-00000000dead"
    good = _asking(agent, "Hello")
    before = await client.get(_PATH)
    for status, bad in (
        (404, {"requests": [good, _asking(nobody, "Hello")]}),
        (400, {"requests": [good, _asking(agent, "")]}),
        (404, {"requests": [good, _asking(agent, "Hello", override_model="openai/x")]}),
        (400, {"requests": [good], "callback_url": "http://10.0.0.1"}),
        (422, {"requests": [good, {"agent_id": agent}]}),
        (422, {"requests": [good] * 1001}),
        (422, {"requests": []}),
        (422, {"requests": [good], "callback_url": ""}),
    ):
        refused = await client.ask("POST", _PATH, bad)
        assert refused.status_code == status, refused.text
    assert await client.get(_PATH) == before
    assert await client.get("/v1/runs/", agent_id=agent) == []


async def test_a_cancel_ends_what_is_left(client: Client) -> None:
    agents = [await client.agent() for _ in range(3)]
    wanted = [_asking(agents[n % 3], f"{n} {_SLOW}") for n in range(15)]
    job = await client.post(_PATH, {"requests": wanted})
    async with asyncio.timeout(30):
        while job["metadata"].get("running", 0) < 3:
            job = await client.get(f"{_PATH}/{job['id']}")

    assert await client.patch(f"{_PATH}/{job['id']}/cancel") is None
    assert (await client.get(f"{_PATH}/{job['id']}"))["status"] == "cancelled"
    job = await _over(client, job)

    assert job["status"] == "cancelled"
    assert job["metadata"]["cancelled"] == 15
    assert (await client.ask("PATCH", f"{_PATH}/{job['id']}/cancel")).status_code == 409
    for agent in agents:
        answer = await client.post(f"/v1/agents/{agent}/messages", {"input": "Hello"})
        assert answer["stop_reason"]["stop_reason"] == "end_turn"


async def test_an_agent_that_goes_meanwhile_gets_nothing(client: Client) -> None:
    first, other = await client.agent(), await client.agent()
    wanted = [_asking(first, f"{n} {_SLOW}") for n in range(AT_ONCE)]
    job = await client.post(_PATH, {"requests": [*wanted, _asking(other, "Hello")]})
    async with asyncio.timeout(30):
        while job["metadata"]["waiting"] > 1:
            job = await client.get(f"{_PATH}/{job['id']}")
    await client.delete(f"/v1/agents/{other}")
    await client.post(f"/v1/agents/{first}/messages/cancel", {})
    job = await _over(client, job)

    assert job["status"] == "failed"
    assert (job["metadata"]["cancelled"], job["metadata"]["failed"]) == (AT_ONCE, 1)
    assert job["metadata"]["run_ids"][-1] is None
    assert "not found" in job["metadata"]["errors"][str(AT_ONCE)].lower()


async def test_a_repeated_batch_has_the_same_runs(client: Client) -> None:
    agents = [await client.agent() for _ in range(2)]
    body = {"requests": [_asking(agent, "Hello") for agent in agents]}
    jobs = []
    for _ in range(2):
        answer = await client.http.post(_PATH, json=body, headers={"idempotency-key": agents[0]})
        assert answer.status_code == 200, answer.text
        jobs.append(await _over(client, answer.json()))

    assert jobs[0]["metadata"] == jobs[1]["metadata"]
    assert [len(await _history(client, agent)) for agent in agents] == [1, 1]
    page = await client.get(_PATH, limit=1, after=jobs[1]["id"])
    assert [one["id"] for one in page] == [jobs[0]["id"]]


async def test_two_processes_send_each_request_once(client: Client, module_url: str) -> None:
    agents = [await client.agent() for _ in range(4)]
    texts = [f"number {n} [[pace: 2]] [[words: 5]]" for n in range(40)]
    wanted = [_asking(agents[n % 4], text) for n, text in enumerate(texts)]
    async with serving(module_url) as other:
        job = await _over(other, await client.post(_PATH, {"requests": wanted}))

    assert (job["metadata"]["completed"], len(set(job["metadata"]["run_ids"]))) == (40, 40)
    for n, agent in enumerate(agents):
        assert await _history(client, agent) == texts[n::4]
