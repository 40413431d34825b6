"""A client that hangs up: the run goes on without it, unless it asked for the opposite."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from tests.api.here import Client, joined
from tests.api.sending import (
    ENDLESS,
    WITHIN,
    begin,
    json_of,
    log_of,
    path_of,
    post,
    told_in,
    until,
)

_PACED = "[[words: 40]] [[pace: 10]]"


@pytest.mark.parametrize("background", [False, True])
async def test_who_hangs_up_leaves_the_run_alone(
    client: Client, conversation: str, background: bool
) -> None:
    run = (await begin(client, conversation, _PACED, background=background)).run_id

    assert (await log_of(client, run)).stop == "end_turn"

    history = await client.history(conversation)
    assert len(history[-1]["content"].split()) == 40
    assert (await client.send(conversation, "Hello")).stop == "end_turn"


async def test_who_hangs_up_on_an_answer_at_once_leaves_the_run_alone(
    client: Client, conversation: str
) -> None:
    run = await _hung_up(client, conversation, _PACED)

    assert (await until(client, run, "completed", "cancelled"))["status"] == "completed"
    assert len((await client.history(conversation))[-1]["content"].split()) == 40


async def _hung_up(client: Client, conversation: str, text: str, **body: Any) -> str:
    """The run of a send that did not stream, and whose sender has hung up."""
    sending = asyncio.create_task(post(client, conversation, text, streaming=False, **body))
    async with asyncio.timeout(WITHIN):
        while True:
            found = await client.get("/v1/runs/", conversation_id=conversation)
            if found and found[0]["status"] == "running":
                break
            await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    return str(found[0]["id"])


@pytest.mark.parametrize("streaming", [True, False])
async def test_who_asked_for_it_ends_the_run_by_hanging_up(
    client: Client, conversation: str, streaming: bool
) -> None:
    wish = {"cancel_on_disconnect": True}
    if streaming:
        path, run = path_of(conversation), ""
        body = {"input": ENDLESS, "stream_tokens": True, **wish}
        async with (
            client.http.stream("POST", path, json=body) as response,
            aclosing(response.aiter_raw()) as pieces,
        ):
            raw = b""
            while len(told_in(raw).events) < 3:
                raw += await anext(pieces)
        run = told_in(raw).run_id
    else:
        run = await _hung_up(client, conversation, ENDLESS, **wish)

    await until(client, run, "cancelled")
    told = await log_of(client, run)
    assert told.stop == "cancelled"
    said = [json_of(frame) for frame in told.events[:-1]]
    assert joined(said) == (await client.history(conversation))[2:]
    assert len(said) >= (3 if streaming else 0)
    assert (await client.send(conversation, "Hello")).stop == "end_turn"


async def test_a_run_that_ends_in_the_background_cannot_end_with_its_sender(
    client: Client, conversation: str
) -> None:
    answer = await post(client, conversation, "Hello", background=True, cancel_on_disconnect=True)
    assert answer.status_code == 422
    assert len(await client.history(conversation)) == 1


async def test_who_hears_the_end_has_cancelled_nothing(client: Client, conversation: str) -> None:
    answer = await post(client, conversation, "Hello", cancel_on_disconnect=True)
    told = told_in(answer.content)
    assert told.stop == "end_turn"
    assert (await client.get(f"/v1/runs/{told.run_id}"))["status"] == "completed"
