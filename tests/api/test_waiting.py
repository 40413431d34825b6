"""Sends that wait: in their order, for as long as it takes, whatever happens to the server."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.api.here import Client, Json
from tests.api.sending import (
    CALLING,
    ENDLESS,
    WITHIN,
    Told,
    begin,
    cancel_run,
    ended,
    log_of,
    post,
    queued,
    said_in,
    talking,
    told_in,
    until_said,
)
from tests.fakes.provider import FakeProvider
from tests.servers import serve

_MOST = 100
_MODEL = "openai/gpt-4o"

pytestmark = pytest.mark.usefixtures("begin_again")


async def _position(client: Client, run: str) -> int | None:
    told = await client.get(f"/v1/runs/{run}")
    assert (told["status"] == "created") == ("queue_position" in (told["metadata"] or {}))
    position: int | None = (told["metadata"] or {}).get("queue_position")
    return position


async def test_sends_wait_their_turn(client: Client, conversation: str) -> None:
    first = (await begin(client, conversation)).run_id
    begun = [await begin(client, conversation, f"number {n}", on_busy="queue") for n in (1, 2, 3)]
    runs = [one.run_id for one in begun]

    assert [one.position for one in begun] == ["1", "2", "3"]
    assert [await _position(client, run) for run in (first, *runs)] == [None, 1, 2, 3]
    assert await said_in(client, conversation) == [ENDLESS]
    listed = await client.get("/v1/runs/", conversation_id=conversation, statuses=["created"])
    assert {run["id"] for run in listed} == set(runs)

    await cancel_run(client, first)
    assert await ended(client, first, *runs) == ["cancelled"] + ["end_turn"] * 3
    assert await said_in(client, conversation) == [ENDLESS, "number 1", "number 2", "number 3"]
    kinds = [one["message_type"] for one in await client.history(conversation)]
    assert kinds[-6:] == ["user_message", "assistant_message"] * 3
    counts = [text[-2] for text in await said_in(client, conversation, "assistant_message")]
    assert counts[-3:] == ["2", "3", "4"]


async def test_places_move_up(client: Client, conversation: str) -> None:
    paced = "[[words: 15]] [[pace: 20]]"
    runs = [(await begin(client, conversation, paced)).run_id]
    runs += [await queued(client, conversation, paced) for _ in range(2)]
    runs.append(await queued(client, conversation, "Hi"))
    seen = {await _position(client, runs[-1])}
    while (await client.get(f"/v1/runs/{runs[-1]}"))["status"] == "created":
        seen.add((await client.get(f"/v1/runs/{runs[-1]}"))["metadata"].get("queue_position"))

    assert seen - {None} == {1, 2, 3}
    assert await ended(client, *runs) == ["end_turn"] * 4


async def test_what_waits_says_so_at_once_and_goes_on_when_its_turn_comes(
    client: Client, conversation: str
) -> None:
    first = (await begin(client, conversation)).run_id
    streamed = asyncio.create_task(post(client, conversation, "streamed", on_busy="queue"))
    await _until_waiting(client, conversation, 1)
    quiet: Json = {"on_busy": "queue", "include_pings": False, "stream_tokens": True}
    pingless = asyncio.create_task(post(client, conversation, "pingless", **quiet))
    await _until_waiting(client, conversation, 2)
    whole = asyncio.create_task(
        post(client, conversation, "whole", on_busy="queue", streaming=False)
    )
    await _until_waiting(client, conversation, 3)
    assert not any(task.done() for task in (streamed, pingless, whole))

    await cancel_run(client, first)
    async with asyncio.timeout(WITHIN):
        answers = [await task for task in (streamed, pingless, whole)]

    assert [one.headers["x-queue-position"] for one in answers] == ["1", "2", "3"]
    told: list[Told] = [told_in(one.content) for one in answers[:2]]
    assert [one.stop for one in told] == ["end_turn"] * 2
    assert [len(one.pings) for one in told] == [1, 0]
    assert told[0].pings[0]["seq_id"] == 0
    assert [one.numbers[0] for one in told] == [1, 1]
    assert "You said: whole" in answers[2].json()["messages"][0]["content"]
    assert await said_in(client, conversation) == [ENDLESS, "streamed", "pingless", "whole"]


async def _until_waiting(client: Client, conversation: str, count: int) -> None:
    """Wait until so many sends wait."""
    async with asyncio.timeout(WITHIN):
        while True:
            found = await client.get(
                "/v1/runs/", conversation_id=conversation, statuses=["created"]
            )
            if len(found) == count:
                return
            await asyncio.sleep(0.01)


async def test_an_input_that_waits_does_not_part_a_call_from_its_return(
    client: Client, fake: FakeProvider, conversation: str
) -> None:
    first = (await begin(client, conversation, CALLING)).run_id
    second = await queued(client, conversation, "Hi", override_model=_MODEL)

    assert await ended(client, first, second) == ["end_turn"] * 2

    kinds = [one["message_type"] for one in await client.history(conversation)]
    assert kinds == [
        "system_message", "user_message", "tool_call_message", "tool_return_message",
        "assistant_message", "user_message", "assistant_message",
    ]  # fmt: skip
    roles = [message["role"] for message in fake.bodies[0]["messages"]]
    assert roles[1:] == ["user", "assistant", "tool", "assistant", "user"]


async def test_at_most_so_many_wait(client: Client, conversation: str) -> None:
    first = (await begin(client, conversation)).run_id
    begun = [
        (await begin(client, conversation, f"number {n}", on_busy="queue")).position
        for n in range(1, _MOST + 1)
    ]
    assert begun == [str(n) for n in range(1, _MOST + 1)]

    for choice in ({"on_busy": "queue"}, {"on_busy": "interrupt"}, {}):
        refused = await post(client, conversation, "one too many", key="late", **choice)
        assert refused.status_code == 409
        assert refused.headers["x-should-retry"] == "false"
        assert str(_MOST) in refused.text

    cancelled = (await client.cancel(conversation)).json()
    assert len(cancelled) == _MOST + 1
    assert set(await ended(client, first, *cancelled)) == {"cancelled"}
    assert await said_in(client, conversation) == [
        ENDLESS, *(f"number {n}" for n in range(1, _MOST + 1)),
    ]  # fmt: skip
    assert (await post(client, conversation, "at last", key="late")).status_code == 200


async def test_cancelling_ends_what_waits_as_well(
    client: Client, fake: FakeProvider, conversation: str
) -> None:
    first = (await begin(client, conversation)).run_id
    waiting = [
        await queued(client, conversation, f"number {n}", override_model=_MODEL) for n in (1, 2)
    ]

    answer = await client.cancel(conversation)

    assert answer.json() == dict.fromkeys([first, *waiting], "cancelled")
    logs = [await log_of(client, run) for run in waiting]
    assert [(log.stop, log.numbers) for log in logs] == [("cancelled", [1])] * 2
    for run in (first, *waiting):
        told = await client.get(f"/v1/runs/{run}")
        assert (told["status"], told["stop_reason"]) == ("cancelled", "cancelled")
    assert await said_in(client, conversation) == [ENDLESS, "number 1", "number 2"]
    assert fake.requests == []
    assert (await client.cancel(conversation)).status_code == 409


async def test_one_that_waits_is_cancelled_alone(client: Client, conversation: str) -> None:
    first = (await begin(client, conversation)).run_id
    waiting = [await queued(client, conversation, f"number {n}") for n in (1, 2)]

    await cancel_run(client, waiting[0])
    assert (await client.get(f"/v1/runs/{first}"))["status"] == "running"
    await cancel_run(client, first)

    assert await ended(client, first, *waiting) == ["cancelled", "cancelled", "end_turn"]
    assert await said_in(client, conversation) == [ENDLESS, "number 1", "number 2"]


async def test_deleting_ends_what_waits(
    client: Client, fake: FakeProvider, conversation: str
) -> None:
    sending = asyncio.create_task(post(client, conversation, ENDLESS, include_pings=False))
    await _until_running(client, conversation)
    waiting = asyncio.create_task(
        post(client, conversation, "Hi", on_busy="queue", override_model=_MODEL)
    )
    await _until_waiting(client, conversation, 1)

    await client.delete(f"/v1/conversations/{conversation}")

    async with asyncio.timeout(WITHIN):
        assert told_in((await sending).content).stop == "cancelled"
        assert told_in((await waiting).content).done
    assert fake.requests == []
    assert (await post(client, conversation, "Hi", on_busy="queue")).status_code == 404


async def _until_running(client: Client, conversation: str) -> None:
    async with asyncio.timeout(WITHIN):
        while not await client.get("/v1/runs/", conversation_id=conversation, statuses=["running"]):
            await asyncio.sleep(0.01)


async def test_what_waits_survives_the_servers_death(database_url: str, tmp_path: Path) -> None:
    texts = [f"number {n}" for n in range(5)]
    environment = {"PALAVER_DATABASE_URL": database_url}
    with (
        pytest.raises(AssertionError, match=f"ended with -{signal.SIGKILL:d}"),
        serve(tmp_path, environment) as server,
    ):
        async with talking(server.url) as client:
            conversation = await client.conversation(await client.agent())
            first = (await begin(client, conversation, stream_tokens=True)).run_id
            await until_said(client, first)
            begun = [
                await begin(client, conversation, text, key=text, on_busy="queue") for text in texts
            ]
            await cancel_run(client, begun[2].run_id)
        os.kill(server.pid, signal.SIGKILL)
    runs = [one.run_id for one in begun]

    with serve(tmp_path, environment) as server:
        async with talking(server.url) as client, asyncio.timeout(WITHIN):
            again = await begin(client, conversation, texts[4], key=texts[4], on_busy="queue")
            assert again.run_id == runs[4]
            stops = await ended(client, first, *runs)
            assert stops == ["error", *["end_turn"] * 2, "cancelled", *["end_turn"] * 2]
            assert await said_in(client, conversation) == [ENDLESS, *texts]
            assert (await client.send(conversation, "Hi")).stop == "end_turn"
