"""Who wants to be called back is called once it is over, and what came of that is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from palaver import clock
from palaver.engine.callbacks import Callbacks
from palaver.engine.egress import Egress
from palaver.store import callbacks
from tests.api.here import Client, Json, serving
from tests.api.tables import looking_into
from tests.fakes import nowhere
from tests.fakes.receiver import Receiver

_LOOPBACK = (ip_network("127.0.0.1"),)


@pytest.fixture(scope="module")
async def client(module_url: str) -> AsyncIterator[Client]:
    """A client of a server that may call this machine."""
    async with serving(module_url, private_networks=_LOOPBACK) as client:
        yield client


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Who is called."""
    async with Receiver() as receiver:
        yield receiver


async def _sent(client: Client, url: str, said: str = "Hello") -> Json:
    """A run that somebody is to be told of."""
    path = f"/v1/agents/{await client.agent()}/messages/async"
    run: Json = await client.post(path, {"input": said, "callback_url": url})
    return run


async def _settled(client: Client, run: Json) -> Json:
    """The run when a call has been tried."""
    async with asyncio.timeout(30):
        while run["callback_sent_at"] is None:
            await asyncio.sleep(0.02)
            run = await client.get(f"/v1/runs/{run['id']}")
    return run


async def test_a_run_that_ends_well(client: Client, receiver: Receiver) -> None:
    run = await _sent(client, receiver.url)
    assert (run["callback_url"], run["callback_sent_at"]) == (receiver.url, None)

    (told,) = await receiver.called(1)
    run = await _settled(client, run)

    assert told == {
        "run_id": run["id"],
        "agent_id": run["agent_id"],
        "conversation_id": None,
        "status": "completed",
        "stop_reason": "end_turn",
        "completed_at": run["completed_at"],
        "metadata": run["metadata"],
    }
    assert (run["callback_status_code"], run["callback_error"]) == (200, None)
    assert len(receiver.bodies) == 1


async def test_runs_that_end_otherwise(client: Client, receiver: Receiver) -> None:
    failing = await _sent(client, receiver.url, "[[fail: auth]]")
    slow = await _sent(client, receiver.url, "[[pace: 50]] [[words: 1000]]")
    path = f"/v1/agents/{slow['agent_id']}/messages"
    waiting = await client.post(
        f"{path}/async", {"input": "And?", "callback_url": receiver.url, "on_busy": "queue"}
    )
    ids = [waiting["id"], slow["id"]]
    assert (await client.ask("POST", f"{path}/cancel", {"run_ids": ids})).status_code == 200

    told = {one["run_id"]: one for one in await receiver.called(3)}

    assert told[failing["id"]]["status"] == "failed"
    assert told[failing["id"]]["metadata"]["error"]["error_type"] == "llm_authentication"
    assert [told[one]["status"] for one in ids] == ["cancelled", "cancelled"]


async def test_who_fails_is_called_again(client: Client, receiver: Receiver) -> None:
    receiver.statuses.extend((503, 0, 204))

    run = await _sent(client, receiver.url)
    await receiver.called(3)
    async with asyncio.timeout(30):
        while (await client.get(f"/v1/runs/{run['id']}"))["callback_status_code"] != 204:
            await asyncio.sleep(0.02)

    assert (await client.get(f"/v1/runs/{run['id']}"))["callback_error"] is None


@pytest.mark.parametrize("status", [302, 404])
async def test_who_says_no_is_not_called_again(
    client: Client, receiver: Receiver, status: int, module_url: str
) -> None:
    receiver.statuses.append(status)

    run = await _settled(client, await _sent(client, receiver.url))

    assert run["callback_status_code"] == status
    assert run["callback_error"] == f"It was answered with {status}."
    async with looking_into(module_url) as db:
        later = clock.now() + timedelta(days=1)
        due = await db.tx(callbacks.claim, later, later, 100)
    assert run["id"] not in [one.id for one in due]
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/latest", "ftp://x.example", "nonsense"]
)
async def test_an_address_that_is_not_called_begins_no_run(client: Client, url: str) -> None:
    agent = await client.agent()
    path = f"/v1/agents/{agent}/messages/async"

    refused = await client.ask("POST", path, {"input": "Hello", "callback_url": url})

    assert refused.status_code == 400
    assert await client.get("/v1/runs/", agent_id=agent) == []
    long = await client.ask("POST", path, {"input": "Hello", "callback_url": "https://x/" * 999})
    assert long.status_code == 422


async def test_an_address_is_looked_at_again_when_it_is_called(database_url: str) -> None:
    async with Receiver() as receiver:
        receiver.statuses.extend([503] * 20)
        async with serving(database_url, private_networks=_LOOPBACK) as client:
            run = await _settled(client, await _sent(client, receiver.url))
        assert run["callback_status_code"] == 503
        async with serving(database_url) as client:  # which may call nobody here
            async with asyncio.timeout(60):
                while run["callback_status_code"] == 503:
                    run = await client.get(f"/v1/runs/{run['id']}")
                    await asyncio.sleep(0.05)
    assert "PALAVER_ALLOW_PRIVATE_URLS" in run["callback_error"]


async def test_nobody_is_called_for_ever(database_url: str) -> None:
    async with serving(database_url, private_networks=_LOOPBACK) as client:
        run = await _settled(client, await _sent(client, nowhere.refusing()))
        assert "ConnectError" in run["callback_error"]
    async with looking_into(database_url) as db:
        one = Callbacks(db, Egress(_LOOPBACK), give_up=timedelta())
        one.start()
        async with asyncio.timeout(60):
            while await db.read(callbacks.are_due, clock.now() + timedelta(days=1)):
                await asyncio.sleep(0.05)
        await one.close()
