"""Law 2: any number will do. A stream is taken up where it was left: later, elsewhere."""

import asyncio
from contextlib import aclosing
from typing import Any

import httpx
import httpx2
import pytest
from letta_client import APIStatusError, AsyncLetta
from letta_client._streaming import AsyncStream

from palaver.providers.certificates import trusted
from tests.api.here import Client, Json, serving
from tests.api.sending import (
    ENDLESS,
    WITHIN,
    Told,
    begin,
    cancel_run,
    conversation_to_edit,
    follow,
    json_of,
    log_of,
    post,
    queued,
    told_in,
    until_said,
)

_CALLING = (
    '[[think: let me see]] [[call: memory_insert {"label": "human", "new_string": "tea"}]] '
    "[[words: 6]]"
)
_TEXTS = {
    "words": "Hello",
    "tool call": _CALLING,
    "nothing": "[[empty]]",
    "cut": "[[words: 20]] [[fail: cut]]",
    "refused": "[[fail: auth]]",
}
_PACED = "[[words: 40]] [[pace: 10]]"
_NOBODY = "00000000-0000-4000-8000-000000000000"


async def _sent(client: Client, conversation: str, text: str, **body: Any) -> Told:
    """All that the first stream of a send tells."""
    answer = await post(client, conversation, text, **body)
    assert answer.status_code == 200, answer.text
    told = told_in(answer.content)
    assert told.done
    return told


def _doors(conversation: str, run: str) -> list[tuple[str, Json]]:
    """The ways to take up a run's stream."""
    return [
        (f"/v1/conversations/{conversation}/stream", {"run_id": run, "include_pings": False}),
        (f"/v1/runs/{run}/stream", {"include_pings": False}),
    ]


async def _check_every_number(client: Client, conversation: str, first: Told) -> None:
    """From any number on, by any way, the rest of the first stream is told, byte for byte."""
    for path, body in _doors(conversation, first.run_id):
        for number in range(first.numbers[-1] + 3):
            again = await follow(client, path, {**body, "starting_after": number})
            assert again == Told(first.after(number), (), True)


@pytest.mark.parametrize("tokens", [False, True], ids=["steps", "tokens"])
@pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
async def test_from_any_number_the_same_is_told(
    client: Client, conversation: str, text: str, tokens: bool
) -> None:
    first = await _sent(client, conversation, text, stream_tokens=tokens)

    assert first.numbers == list(range(1, len(first.events) + 1))
    await _check_every_number(client, conversation, first)


async def test_from_any_number_while_it_is_being_told(client: Client, conversation: str) -> None:
    run = (await begin(client, conversation, _PACED, stream_tokens=True)).run_id
    async with asyncio.timeout(WITHIN):
        followers = [
            asyncio.create_task(follow(client, path, {**body, "starting_after": number}))
            for number in range(0, 40, 4)
            for path, body in _doors(conversation, run)
        ]
        told = [await follower for follower in followers]

    whole = told[0]
    assert whole.numbers == list(range(1, 43))
    assert told == [Told(whole.after(number), (), True) for number in range(0, 40, 4) for _ in "ab"]
    assert whole == await log_of(client, run)


async def test_a_cancelled_run(client: Client, conversation: str) -> None:
    run = (await begin(client, conversation, ENDLESS, stream_tokens=True)).run_id
    async with asyncio.timeout(WITHIN):
        following = asyncio.create_task(log_of(client, run))
        await until_said(client, run)
        assert (await client.cancel(conversation)).json() == {run: "cancelled"}
        first = await following

    assert first.stop == "cancelled"
    assert len(first.events) > 1
    await _check_every_number(client, conversation, first)


@pytest.mark.parametrize(
    "body",
    [{"batch_size": 1}, {"batch_size": None, "poll_interval": None}, {"poll_interval": 0.01}, {}],
    ids=str,
)
async def test_what_others_tune_changes_nothing(
    client: Client, conversation: str, body: Json
) -> None:
    first = await _sent(client, conversation, _CALLING, stream_tokens=True)
    assert (await log_of(client, first.run_id, **body)).events == first.events


async def test_a_number_beyond_the_end_waits_for_the_end(client: Client, conversation: str) -> None:
    run = (await begin(client, conversation, _PACED)).run_id
    path = f"/v1/runs/{run}/stream"

    told = await follow(client, path, {"starting_after": 1000})

    assert told.done
    assert told.events == ()
    assert {ping["seq_id"] for ping in told.pings} == {1000}
    assert (await client.get(f"/v1/runs/{run}"))["status"] == "completed"


@pytest.mark.parametrize("number", [0, 2, 99])
async def test_pings_tell_the_last_number(client: Client, conversation: str, number: int) -> None:
    first = await _sent(client, conversation, "Hello", stream_tokens=True)

    told = await follow(
        client, f"/v1/conversations/{conversation}/stream",
        {"run_id": first.run_id, "starting_after": number},
    )  # fmt: skip

    assert [(ping["seq_id"], ping["run_id"]) for ping in told.pings] == [(number, first.run_id)]
    assert told.events == first.after(number)


async def test_the_filter_of_the_first_stream_is_kept(client: Client, conversation: str) -> None:
    wanted = ["assistant_message", "tool_return_message"]
    first = await _sent(client, conversation, _CALLING, include_return_message_types=wanted)
    kinds = [json_of(frame)["message_type"] for frame in first.events]
    assert kinds == [
        "assistant_message", "tool_return_message", "assistant_message",
        "stop_reason", "usage_statistics",
    ] or kinds == [
        "tool_return_message", "assistant_message", "stop_reason", "usage_statistics",
    ]  # fmt: skip
    await _check_every_number(client, conversation, first)


async def test_the_newest_active_run_is_meant_where_none_is_named(
    client: Client, conversation: str
) -> None:
    await _sent(client, conversation, "Hello")
    run = (await begin(client, conversation, _PACED)).run_id
    path = f"/v1/conversations/{conversation}/stream"

    told = [await follow(client, path, body) for body in (None, {})[:1]]

    assert told[0].run_id == run
    assert told[0].events == (await log_of(client, run)).events


@pytest.mark.parametrize("body", [None, {}, {"starting_after": 3}])
async def test_nothing_that_goes_on_is_a_400(
    client: Client, conversation: str, body: Json | None
) -> None:
    await _sent(client, conversation, "Hello")

    answer = await client.ask("POST", f"/v1/conversations/{conversation}/stream", body)

    assert answer.status_code == 400
    assert "No active runs found for this conversation" in answer.json()["detail"]


async def test_the_running_run_is_meant_before_one_that_waits(
    client: Client, conversation: str
) -> None:
    running = (await begin(client, conversation, _PACED)).run_id
    waiting = (await begin(client, conversation, "Hello", on_busy="queue")).run_id

    told = await follow(client, f"/v1/conversations/{conversation}/stream")

    assert told.run_id == running
    assert (await log_of(client, waiting)).stop == "end_turn"


async def test_a_run_is_found_by_the_otid_of_its_input(client: Client, conversation: str) -> None:
    def said(*names: str) -> list[Json]:
        return [{"role": "user", "content": f"I am {name}", "otid": name} for name in names]

    first = await _sent(client, conversation, "", messages=said("a", "b"))
    second = await _sent(client, conversation, "", messages=said("b", "c"))
    await _sent(client, conversation, "Hello")
    path = f"/v1/conversations/{conversation}/stream"

    for name, run in {"a": first, "b": second, "c": second}.items():
        told = await follow(client, path, {"otid": name, "include_pings": False})
        assert told.events == run.events
    elsewhere = await conversation_to_edit(client)
    for body, where in (({"otid": "d"}, conversation), ({"otid": "a"}, elsewhere)):
        answer = await client.ask("POST", f"/v1/conversations/{where}/stream", body)
        assert answer.status_code == 404


async def test_a_run_that_waits_is_found_by_its_otid(client: Client, conversation: str) -> None:
    first = (await begin(client, conversation)).run_id
    said = [{"role": "user", "content": "Hi", "otid": "early"}]
    waiting = await queued(client, conversation, "", messages=said)
    path, body = f"/v1/conversations/{conversation}/stream", {"otid": "early"}
    async with (
        asyncio.timeout(WITHIN),
        client.http.stream("POST", path, json=body) as response,
        aclosing(response.aiter_raw()) as pieces,
    ):
        assert response.status_code == 200
        raw = await anext(pieces)
        assert told_in(raw).pings[0]["run_id"] == waiting
        await cancel_run(client, first)
        raw += b"".join([piece async for piece in pieces])
    assert told_in(raw).stop == "end_turn"
    assert told_in(raw).events == (await log_of(client, waiting)).events


async def test_the_default_conversation_is_named_by_its_agent(client: Client) -> None:
    agent = await client.agent()
    first = await _sent(client, "default", "Hello", agent_id=agent)

    for number in (0, 1):
        body = {"run_id": first.run_id, "starting_after": number, "agent_id": agent}
        told = await follow(client, "/v1/conversations/default/stream", body)
        assert told.events == first.after(number)
    idle = await client.ask("POST", "/v1/conversations/default/stream", {"agent_id": agent})
    assert idle.status_code == 400


async def test_what_is_not_there_is_a_404(client: Client, conversation: str) -> None:
    first = await _sent(client, conversation, "Hello")
    elsewhere = await conversation_to_edit(client)
    asked: list[tuple[str, Json | None]] = [
        (f"/v1/conversations/{conversation}/stream", {"run_id": f"run-{_NOBODY}"}),
        (f"/v1/conversations/{elsewhere}/stream", {"run_id": first.run_id}),
        (f"/v1/conversations/conv-{_NOBODY}/stream", None),
        (f"/v1/conversations/conv-{_NOBODY}/stream", {"run_id": first.run_id}),
        (f"/v1/runs/run-{_NOBODY}/stream", None),
        ("/v1/conversations/default/stream", {"agent_id": f"agent-{_NOBODY}"}),
    ]
    for path, body in asked:
        assert (await client.ask("POST", path, body)).status_code == 404, path


async def test_a_deleted_conversations_streams_are_gone(client: Client, conversation: str) -> None:
    run = (await _sent(client, conversation, "Hello")).run_id
    await client.delete(f"/v1/conversations/{conversation}")

    for path, body in _doors(conversation, run):
        assert (await client.ask("POST", path, body)).status_code == 404, path


@pytest.mark.parametrize(
    "body",
    [
        {"starting_after": "soon"},
        {"starting_after": None},
        {"run_id": 3},
        {"include_pings": "perhaps"},
        [],
        "run",
    ],
    ids=str,
)
async def test_what_cannot_be_meant_is_a_422(client: Client, conversation: str, body: Json) -> None:
    run = (await _sent(client, conversation, "Hello")).run_id
    for path in (f"/v1/conversations/{conversation}/stream", f"/v1/runs/{run}/stream"):
        assert (await client.ask("POST", path, body)).status_code == 422


@pytest.mark.parametrize("text", ["Hello", _CALLING])
async def test_the_official_client_takes_up_a_stream(
    client: Client, conversation: str, text: str
) -> None:
    first = await _sent(client, conversation, text, stream_tokens=True)
    async with _official(client) as letta:
        messages = letta.conversations.messages
        ways = [
            await messages.stream(
                conversation_id=conversation, run_id=first.run_id, starting_after=2
            ),
            await letta.runs.messages.stream(first.run_id, starting_after=2),
        ]
        for stream in ways:
            assert await _numbers(stream) == [2, *range(3, len(first.events) + 1)]


async def test_the_official_client_takes_up_what_goes_on(client: Client, conversation: str) -> None:
    run = (await begin(client, conversation, _PACED)).run_id
    async with _official(client) as letta:
        stream = await letta.conversations.messages.stream(
            conversation_id=conversation, include_pings=False
        )
        assert await _numbers(stream) == (await log_of(client, run)).numbers


async def test_the_official_client_hears_of_an_error(client: Client, conversation: str) -> None:
    first = await _sent(client, conversation, "[[fail: auth]]")
    async with _official(client) as letta:
        stream = await letta.runs.messages.stream(first.run_id, include_pings=False)
        with pytest.raises(APIStatusError, match="auth"):
            await _numbers(stream)


def _official(client: Client) -> AsyncLetta:
    http = httpx.AsyncClient(timeout=WITHIN, trust_env=False, verify=trusted())
    return AsyncLetta(
        base_url=str(client.http.base_url), api_key="none", max_retries=0, http_client=http
    )


async def _numbers(stream: AsyncStream[Any]) -> list[int]:
    """The numbers of what an official client hears, to the end."""
    async with asyncio.timeout(WITHIN):
        return [message.seq_id async for message in stream]


async def test_another_process_tells_the_same_and_so_does_a_later_one(
    database_url: str,
) -> None:
    texts = [*_TEXTS.values(), ENDLESS]
    told: dict[str, Told] = {}
    async with serving(database_url) as here, serving(database_url) as there:
        conversation = await conversation_to_edit(here)
        for text in texts[:-1]:
            told[text] = await _sent(here, conversation, text, stream_tokens=True)
            await _check_every_number(there, conversation, told[text])
        run = (await begin(here, conversation, ENDLESS, stream_tokens=True)).run_id
        async with asyncio.timeout(WITHIN):
            following = [asyncio.create_task(log_of(one, run)) for one in (here, there)]
            await until_said(there, run)
            assert (await there.cancel(conversation)).json() == {run: "cancelled"}
            told[ENDLESS], other = [await one for one in following]
        assert told[ENDLESS] == other
    async with serving(database_url) as later:
        for text in texts:
            await _check_every_number(later, conversation, told[text])


async def test_a_keyed_send_is_told_again_after_a_restart(database_url: str) -> None:
    answers: list[httpx2.Response] = []
    conversation = ""
    for _ in range(2):
        async with serving(database_url) as client:
            conversation = conversation or await conversation_to_edit(client)
            for way in ({"include_pings": False}, {"streaming": False}):
                answers.append(await post(client, conversation, _CALLING, "again", **way))
    assert [one.content for one in answers[:2]] == [one.content for one in answers[2:]]
