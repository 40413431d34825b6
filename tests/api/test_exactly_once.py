"""A send with a key is carried out once, however often, wherever and however it is repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import cycle, islice
from typing import Any

import httpx2
import pytest

from tests.api.here import Client, Json
from tests.api.sending import (
    ENDLESS,
    WITHIN,
    begin,
    log_of,
    path_of,
    post,
    said_in,
    talking,
    told_in,
    until,
)
from tests.api.tables import contents, looking_into
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Refusal, Reply, Say
from tests.servers import asking, serve_two

_COPIES = 64
_KEYS = 2  # of each way to say it, on each database: more than fifty in all
_MODEL = "openai/gpt-4o"

pytestmark = pytest.mark.usefixtures("begin_again")
_DELIVERED: dict[str, Json] = {
    "streamed": {"stream_tokens": True, "include_pings": False},
    "background": {"background": True, "include_pings": False},
    "whole": {"streaming": False},
    "by way of the agent": {"streaming": False},
}

Doors = tuple[Client, Client]


@pytest.fixture(scope="module")
async def doors(
    module_url: str, fake: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Doors]:
    """Clients of two processes that share a database and nothing else."""
    environment = asking(fake) | {"PALAVER_DATABASE_URL": module_url}
    with serve_two(tmp_path_factory.mktemp, environment) as (one, other):
        async with talking(one.url) as here, talking(other.url) as there:
            yield here, there


@pytest.fixture
async def conversation(doors: Doors) -> str:
    """A conversation with an agent that asks the provider."""
    return await doors[0].conversation(await doors[0].agent(model=_MODEL))


def _named(how: str, name: str) -> tuple[dict[str, str], Json]:
    """Headers and body of a send that has a key."""
    if how == "header":
        return {"idempotency-key": name}, {"input": "Hi"}
    said = [{"role": "user", "content": word, "otid": f"{name}-{word}"} for word in ("Hi", "You")]
    return {}, {"messages": said}


async def _copies(
    doors: Sequence[Client], path: str, body: Json, headers: dict[str, str]
) -> list[httpx2.Response]:
    """The answers to so many copies of a send, which race."""
    async with asyncio.timeout(WITHIN):
        return await asyncio.gather(
            *(
                door.http.post(path, json=body, headers=headers)
                for door in islice(cycle(doors), _COPIES)
            )
        )


async def _runs(client: Client, conversation: str) -> list[Json]:
    found: list[Json] = await client.get("/v1/runs/", conversation_id=conversation)
    return found


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("delivered", _DELIVERED)
@pytest.mark.parametrize("how", ["header", "otids"])
async def test_of_copies_that_race_one_is_carried_out(
    doors: Doors, fake: FakeProvider, how: str, delivered: str, processes: int
) -> None:
    agent = await (here := doors[0]).agent(model=_MODEL)
    for number in range(_KEYS):
        headers, body = _named(how, f"{delivered} {number}")
        body |= _DELIVERED[delivered]
        direct = delivered == "by way of the agent"
        conversation = "default" if direct else await here.conversation(agent)
        path = f"/v1/agents/{agent}/messages" if direct else path_of(conversation)
        fake.forget()

        answers = await _copies(doors[:processes], path, body, headers)

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert "Hello" in answers[0].text
        assert len(fake.requests) == 1
        found = await here.get("/v1/runs/", agent_id=agent, limit=2 * _KEYS)
        assert len(found) == number + 1
        said = await here.get(f"/v1/runs/{found[0]['id']}/messages")
        assert len(said) == len(body.get("messages", "1")) + 1
        assert told_in(answers[0].content).done == ("include_pings" in body)


async def test_copies_join_what_goes_on(doors: Doors, conversation: str) -> None:
    here, there = doors
    text = "[[words: 30]] [[pace: 20]]"
    body: Json = {"override_model": "palaver/offline", "include_pings": False}
    run = (await begin(here, conversation, text, "joined", **body, stream_tokens=True)).run_id

    answers = await asyncio.gather(
        *(post(door, conversation, text, "joined", **body) for door in (here, there) * 4)
    )

    assert len({answer.content for answer in answers}) == 1
    assert told_in(answers[0].content) == await log_of(there, run)
    assert len(await _runs(here, conversation)) == 1


@pytest.mark.parametrize("first", [0, 1])
async def test_how_it_is_delivered_may_differ(
    doors: Doors, fake: FakeProvider, conversation: str, first: int
) -> None:
    ways: list[Json] = [
        {"include_pings": False},
        {"streaming": False},
        {"background": True},
        {"stream_tokens": True},
        {"on_busy": "queue"},
        {"on_busy": "interrupt"},
        {"cancel_on_disconnect": True},
        {"include_return_message_types": ["tool_call_message"]},
    ]
    text, key = "Hi", f"ways {first}"
    await post(doors[0], conversation, text, key, **ways[first])

    answers = [await post(doors[1], conversation, text, key, **way) for way in ways]

    assert [answer.status_code for answer in answers] == [200] * len(ways)
    assert len(fake.requests) == 1
    assert len(await _runs(doors[0], conversation)) == 1
    assert answers[1].json()["messages"][0]["content"] == "Hello you"


@pytest.mark.parametrize(
    "other",
    [
        {"input": "Ho"},
        {"max_steps": 2},
        {"override_model": "palaver/offline"},
        {"override_system": "Be brief."},
        {"client_skills": [{"name": "a", "description": "b", "location": "c"}]},
    ],
    ids=lambda other: next(iter(other)),
)
@pytest.mark.parametrize("way", [{}, {"streaming": False}], ids=["streamed", "whole"])
async def test_something_else_under_the_same_key_is_refused(
    doors: Doors, module_url: str, conversation: str, way: Json, other: Json
) -> None:
    here, there = doors
    assert (await post(here, conversation, "Hi", "same", **way)).status_code == 200
    async with looking_into(module_url) as db:
        before = await contents(db)

        for door in doors:
            refused = await door.http.post(
                path_of(conversation),
                json={"input": "Hi"} | way | other,
                headers={"idempotency-key": "same"},
            )
            assert refused.status_code == 422
            assert "key" in refused.json()["detail"].lower()

        assert await contents(db) == before
    assert (await post(there, conversation, "Hi", "same", **way)).status_code == 200


async def test_other_words_under_the_same_otids_are_refused(
    doors: Doors, fake: FakeProvider, conversation: str
) -> None:
    said = {"role": "user", "content": "Hi", "otid": "one"}
    await post(doors[0], conversation, "", messages=[said])

    refused = await post(doors[1], conversation, "", messages=[{**said, "content": "Ho"}])

    assert refused.status_code == 422
    assert len(fake.requests) == 1
    assert await said_in(doors[0], conversation) == ["Hi"]


@pytest.mark.parametrize(
    "sugar",
    [
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"messages": [{"type": "message", "role": "user", "content": "Hi"}]},
        {"input": [{"type": "text", "text": "Hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        {"input": "Hi", "max_steps": 50, "use_assistant_message": True},
    ],
)
async def test_the_same_said_otherwise_is_the_same(
    doors: Doors, fake: FakeProvider, conversation: str, sugar: Json
) -> None:
    first = await post(doors[0], conversation, "Hi", "sugar", streaming=False)

    again = await post(doors[1], conversation, "", "sugar", streaming=False, **sugar)

    assert (again.status_code, again.content) == (200, first.content)
    assert len(fake.requests) == 1


async def test_the_set_of_otids_is_the_key(
    doors: Doors, fake: FakeProvider, conversation: str
) -> None:
    one, two, bare = (
        {"role": "user", "content": "Hi", **named} for named in ({"otid": "1"}, {"otid": "2"}, {})
    )
    for number, messages in enumerate(([one], [one, two], [two], [one, bare], [one, bare]), 1):
        sent = await post(doors[number % 2], conversation, "", messages=messages)
        assert sent.status_code == 200
        assert len(fake.requests) == number
    await post(doors[0], conversation, "", messages=[one, two])
    assert len(fake.requests) == 5


async def test_the_header_comes_before_the_otids(
    doors: Doors, fake: FakeProvider, conversation: str
) -> None:
    messages = [{"role": "user", "content": "Hi", "otid": "named"}]
    for key in ("a", "b", "a", "b"):
        await post(doors[0], conversation, "", key, messages=messages)
    assert len(fake.requests) == 2


async def test_sends_without_a_key_are_all_carried_out(
    doors: Doors, fake: FakeProvider, conversation: str
) -> None:
    for door in doors:
        assert (await post(door, conversation, "Hi")).status_code == 200
        unnamed = [{"role": "user", "content": "Hi", "otid": ""}]
        assert (await post(door, conversation, "", messages=unnamed)).status_code == 200
    assert len(fake.requests) == len(await _runs(doors[0], conversation)) == 4


async def test_a_key_is_one_conversations_own(doors: Doors, fake: FakeProvider) -> None:
    here, there = doors
    agent = await here.agent(model=_MODEL)
    answers = [
        await post(there, await here.conversation(agent), "Hi", "shared", streaming=False)
        for _ in range(2)
    ]
    for door in doors:
        answers.append(await post(door, "default", "Hi", "shared", agent_id=agent))
        body, headers = {"input": "Hi"}, {"idempotency-key": "shared"}
        path = f"/v1/agents/{agent}/messages"
        answers.append(await door.http.post(path, json=body, headers=headers))

    assert {answer.status_code for answer in answers} == {200}
    assert len(fake.requests) == 3


async def test_a_key_in_a_fork_is_free(doors: Doors, fake: FakeProvider, conversation: str) -> None:
    await post(doors[0], conversation, "Hi", "forked")
    fork = await doors[0].post(f"/v1/conversations/{conversation}/fork")

    await post(doors[1], fork["id"], "Hi", "forked")

    assert len(fake.requests) == 2
    assert await said_in(doors[0], fork["id"]) == ["Hi", "Hi"]


@pytest.mark.parametrize("way", [{"include_pings": False}, {"streaming": False}])
async def test_a_failure_is_told_again(
    doors: Doors, fake: FakeProvider, conversation: str, way: Json
) -> None:
    fake.script(Refusal(401, {"error": {"message": "no such key"}}))
    first = await post(doors[0], conversation, "Hi", "failing", **way)
    asked = len(fake.requests)

    again = [await post(door, conversation, "Hi", "failing", **way) for door in doors]

    assert [(one.status_code, one.content) for one in again] == [
        (first.status_code, first.content)
    ] * 2
    assert first.status_code == (200 if "include_pings" in way else 401)
    assert len(fake.requests) == asked == 1
    assert len(await _runs(doors[0], conversation)) == 1


@pytest.mark.parametrize("way", [{"include_pings": False}, {"streaming": False}])
async def test_a_cancelled_send_stays_cancelled(
    doors: Doors, fake: FakeProvider, conversation: str, way: Json
) -> None:
    here, there = doors
    fake.script(Reply(parts=(Say(("Hello",) * 9),), fault=Fault("stall", after=4)))
    async with asyncio.timeout(WITHIN):
        sending = asyncio.create_task(post(here, conversation, "Hi", "stopped", **way))
        await fake.until_streaming()
        waiting = asyncio.create_task(post(there, conversation, "Hi", "stopped", **way))
        assert (await there.cancel(conversation)).status_code == 200
        first = await sending
        assert (await waiting).content == first.content

    again = await post(there, conversation, "Hi", "stopped", **way)

    assert (again.status_code, again.content) == (200, first.content)
    assert '"stop_reason":"cancelled"' in again.text
    assert len(fake.requests) == 1


async def test_a_send_with_a_tool_call_is_told_again(
    doors: Doors, fake: FakeProvider, conversation: str
) -> None:
    call = Call(name="memory_insert", pieces=('{"label": "human", "new_string": "tea"}',))
    fake.script(Reply(parts=(call,)))
    first = await post(doors[0], conversation, "Hi", "called", include_pings=False)

    again = await post(doors[1], conversation, "Hi", "called", include_pings=False)

    assert again.content == first.content
    assert b"tool_return_message" in first.content
    assert len(fake.requests) == 2


@pytest.mark.parametrize("named", [{"key": "late"}, {"otid": "late"}], ids=["header", "otid"])
async def test_a_refused_send_leaves_its_key_free(
    doors: Doors, fake: FakeProvider, conversation: str, named: dict[str, str]
) -> None:
    def body(text: str) -> Json:
        said = {"role": "user", "content": text}
        return {"messages": [said | {"otid": named["otid"]} if "otid" in named else said]}

    holder = await begin(doors[0], conversation, ENDLESS, override_model="palaver/offline")
    refused = await post(doors[1], conversation, "", named.get("key"), **body("Hi"))
    assert refused.status_code == 409
    assert (await doors[1].cancel(conversation)).status_code == 200
    await until(doors[0], holder.run_id, "cancelled")

    for door in doors:
        sent = await post(door, conversation, "", named.get("key"), **body("Something else"))
        assert sent.status_code == 200

    assert len(fake.requests) == 1
    assert await said_in(doors[0], conversation) == [ENDLESS, "Something else"]


async def test_a_holder_that_asks_again_is_not_refused(doors: Doors, conversation: str) -> None:
    body: dict[str, Any] = {"override_model": "palaver/offline"}
    first = await begin(doors[0], conversation, ENDLESS, "mine", **body)

    again = await begin(doors[1], conversation, ENDLESS, "mine", **body)

    assert again.run_id == first.run_id
    assert (await post(doors[1], conversation, "Ho", "mine", **body)).status_code == 422
    assert (await doors[0].cancel(conversation)).json() == {first.run_id: "cancelled"}
    await until(doors[0], first.run_id, "cancelled")


@pytest.mark.parametrize(("key", "status"), [("", 422), ("k" * 256, 422), ("k" * 255, 200)])
async def test_a_key_has_1_to_255_characters(
    doors: Doors, conversation: str, key: str, status: int
) -> None:
    answer = await post(doors[0], conversation, "Hi", key)

    assert answer.status_code == status
    assert await said_in(doors[0], conversation) == (["Hi"] if status == 200 else [])


async def test_the_key_of_a_deleted_conversation_is_gone(doors: Doors, conversation: str) -> None:
    await post(doors[0], conversation, "Hi", "deleted")
    await doors[0].delete(f"/v1/conversations/{conversation}")

    assert (await post(doors[1], conversation, "Hi", "deleted")).status_code == 404
