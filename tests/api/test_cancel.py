"""Cancel, whenever it comes: the run ends at once, what was said is kept, the next send works."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.here import Client, Heard, Json, joined, serving
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Call, Fault, Reply, Say

_MODELS = ("openai/gpt-4o", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-6")

pytestmark = pytest.mark.usefixtures("begin_again")
_WITHIN = 20  # seconds, for what would otherwise never happen


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that asks `fake`."""
    environment = {"OPENAI_BASE_URL": fake.openai_url, "ANTHROPIC_BASE_URL": fake.url}
    async with serving(file_url, environment) as client:
        yield client


async def _heard(client: Client, conversation: str, text: str, cancel_at: int) -> Heard:
    """What is heard of a send that is cancelled after so many frames."""
    frames: list[Json] = []
    done = False
    async for frame in client.stream(conversation, text, stream_tokens=True):
        if frame is None:
            done = True
            continue
        frames.append(frame)
        if len(frames) == cancel_at:
            assert (await client.cancel(conversation)).status_code == 200
    return Heard(tuple(frames), done)


async def _check_cancelled(client: Client, conversation: str, heard: Heard) -> None:
    """The stream and the run say so, once; history and stream agree; the conversation is free."""
    assert heard.done
    assert heard.stop == "cancelled"
    assert heard.frames[-1] == {
        "message_type": "stop_reason",
        "stop_reason": "cancelled",
        "seq_id": len(heard.frames),
    }
    run = await client.newest_run(conversation)
    assert (run["status"], run["stop_reason"]) == ("cancelled", "cancelled")
    assert joined(heard.messages) == (await client.history(conversation))[2:]
    assert (await client.cancel(conversation)).status_code == 409
    assert (await client.send(conversation, "Go on")).stop == "end_turn"


@pytest.mark.parametrize("model", _MODELS)
async def test_in_the_middle_of_a_sentence(client: Client, fake: FakeProvider, model: str) -> None:
    conversation = await client.conversation(await client.agent(model=model))
    pieces = tuple(f"word{n} " for n in range(40))
    fake.script(Reply(parts=(Say(pieces),), fault=Fault("stall", after=20)))

    async with asyncio.timeout(_WITHIN):
        heard = await _heard(client, conversation, "Hi", cancel_at=3)
        await fake.until_quiet()

    said = (await client.history(conversation))[-1]
    assert said["is_err"] is True
    assert said["content"].startswith("word0 word1 word2 ")
    await _check_cancelled(client, conversation, heard)


async def test_in_the_middle_of_a_sentence_of_the_offline_model(client: Client) -> None:
    conversation = await client.conversation(await client.agent())

    text = "[[think: well then]] [[words: 100000]] [[pace: 1]]"
    heard = await _heard(client, conversation, text, cancel_at=5)

    kinds = [one["message_type"] for one in (await client.history(conversation))[2:]]
    assert kinds == ["reasoning_message", "assistant_message"]
    await _check_cancelled(client, conversation, heard)


@pytest.mark.parametrize("streaming", [True, False])
async def test_before_the_first_word(client: Client, fake: FakeProvider, streaming: bool) -> None:
    conversation = await client.conversation(await client.agent(model=_MODELS[0]))
    fake.script(Reply(fault=Fault("stall")))
    path = f"/v1/conversations/{conversation}/messages"
    body = {"input": "Hi", "streaming": streaming}

    async with asyncio.timeout(_WITHIN):
        sending = asyncio.create_task(client.ask("POST", path, body))
        await fake.until_streaming()
        run = await client.newest_run(conversation)
        cancelled = await client.cancel(conversation)
        answer = await sending
        await fake.until_quiet()

    assert cancelled.json() == {run["id"]: "cancelled"}
    assert answer.status_code == 200
    assert '"stop_reason":"cancelled"' in answer.text
    assert len(await client.history(conversation)) == 2
    assert (await client.newest_run(conversation))["status"] == "cancelled"
    assert (await client.send(conversation, "Go on")).text == "Hello you"


async def test_while_a_tool_is_called(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await client.agent(model=_MODELS[0]))
    call = Call(name="memory_insert", pieces=('{"label"', ': "human"}'))
    fake.script(Reply(parts=(call,), fault=Fault("stall", after=3)))

    async with asyncio.timeout(_WITHIN):
        heard = await _heard(client, conversation, "Hi", cancel_at=1)

    asked, returned = (await client.history(conversation))[2:]
    assert asked["tool_call"]["name"] == "memory_insert"
    assert returned["tool_call_id"] == asked["tool_call"]["tool_call_id"]
    assert returned["status"] == "error"
    await _check_cancelled(client, conversation, heard)


async def test_twice_at_the_same_time(client: Client, fake: FakeProvider) -> None:
    conversation = await client.conversation(await client.agent(model=_MODELS[0]))
    fake.script(Reply(fault=Fault("stall", after=2)))
    sending = asyncio.create_task(client.send(conversation, "Hi", stream_tokens=True))
    async with asyncio.timeout(_WITHIN):
        await fake.until_streaming()
        answers = await asyncio.gather(*(client.cancel(conversation) for _ in range(3)))
        heard = await sending

    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 200
    assert set(codes) <= {200, 409}
    await _check_cancelled(client, conversation, heard)


async def test_of_nothing(client: Client) -> None:
    conversation = await client.conversation(await client.agent())

    answer = await client.cancel(conversation)

    assert answer.status_code == 409
    assert "No active runs" in answer.json()["detail"]
    assert answer.headers["x-should-retry"] == "false"


async def test_only_this_conversation_is_cancelled(client: Client, fake: FakeProvider) -> None:
    agent = await client.agent(model=_MODELS[0])
    one, other = await client.conversation(agent), await client.conversation(agent)
    fake.script(*[Reply(fault=Fault("stall", after=2))] * 2)
    sending = [asyncio.create_task(client.send(each, "Hi")) for each in (one, other)]
    async with asyncio.timeout(_WITHIN):
        await fake.until_streaming(2)
        assert (await client.cancel(one)).status_code == 200
        assert (await sending[0]).stop == "cancelled"
        assert (await client.newest_run(other))["status"] == "running"
        assert (await client.cancel(other)).status_code == 200
        assert (await sending[1]).stop == "cancelled"


async def test_deleting_a_conversation_ends_what_goes_on_in_it(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await client.conversation(await client.agent(model=_MODELS[0]))
    fake.script(Reply(fault=Fault("stall", after=2)))
    sending = asyncio.create_task(client.send(conversation, "Hi"))
    async with asyncio.timeout(_WITHIN):
        await fake.until_streaming()
        await client.delete(f"/v1/conversations/{conversation}")
        assert (await sending).stop == "cancelled"
        await fake.until_quiet()
