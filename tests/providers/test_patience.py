"""Trying again, and letting go."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from palaver import errors
from palaver.domain.llm import Completion, TextDelta
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import gemini
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Fault, Refusal, Reply
from tests.providers import talk
from tests.providers.talk import (
    CHAT,
    CONVERSE,
    GEMINI,
    INVOKE,
    LONG,
    MESSAGES,
    RESPONSES,
    VERTEX,
)

MODELS = (CHAT, RESPONSES, MESSAGES, GEMINI, VERTEX, INVOKE, CONVERSE)
BUSY = {"error": {"message": "busy"}}


class Sleeper:
    """Remembers how long it was asked to sleep, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Return at once."""
        self.slept.append(seconds)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_what_may_pass_is_tried_again_before_the_first_event(
    fake: FakeProvider, model: str, status: int
) -> None:
    sleeper = Sleeper()
    models = talk.catalog(fake, Patience(sleep=sleeper))
    fake.script(Refusal(status, BUSY), Refusal(status, BUSY), Reply())

    events = await talk.answer(models, model)

    assert isinstance(events[-1], Completion)
    assert len(fake.requests) == 3
    assert 0.5 <= sleeper.slept[0] <= 1 <= sleeper.slept[1] <= 2
    await models.close()


async def test_three_tries_are_enough(fake: FakeProvider) -> None:
    models = talk.catalog(fake, Patience(sleep=Sleeper()))
    fake.script(*[Refusal(500, BUSY)] * 5)

    with pytest.raises(errors.ProviderFailed):
        await talk.answer(models, MODELS[0])

    assert len(fake.requests) == 3
    await models.close()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("headers", "seconds", "tries"),
    [
        ({"retry-after": "7"}, 7, 2),
        ({"retry-after": "20"}, 20, 2),
        ({"retry-after": "21"}, 21, 1),
        ({"retry-after-ms": "1500"}, 1.5, 2),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5, 2),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, 2),
    ],
)
async def test_the_provider_says_how_long_to_wait_and_a_long_wait_is_the_callers(
    fake: FakeProvider, model: str, headers: dict[str, str], seconds: float, tries: int
) -> None:
    sleeper = Sleeper()
    models = talk.catalog(fake, Patience(tries=2, sleep=sleeper))
    fake.script(*[Refusal(429, BUSY, headers)] * 2)

    with pytest.raises(errors.RateLimited) as caught:
        await talk.answer(models, model)

    assert caught.value.retry_after == seconds
    assert sleeper.slept == [seconds] * (tries - 1)
    assert len(fake.requests) == tries
    await models.close()


async def test_gemini_says_how_long_to_wait_in_its_body(fake: FakeProvider) -> None:
    models = talk.catalog(fake)
    told = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}
    fake.script(Refusal(429, gemini.error(429, "RESOURCE_EXHAUSTED", "slower", told)))

    with pytest.raises(errors.RateLimited) as caught:
        await talk.answer(models, GEMINI)

    assert caught.value.retry_after == 7.5


@pytest.mark.parametrize("model", MODELS)
async def test_a_wait_until_a_date_is_waited(fake: FakeProvider, model: str) -> None:
    sleeper = Sleeper()
    models = talk.catalog(fake, Patience(tries=2, sleep=sleeper))
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)
    fake.script(Refusal(503, BUSY, {"retry-after": soon}))

    await talk.answer(models, model)

    (slept,) = sleeper.slept
    assert 0 < slept <= 10
    await models.close()


@pytest.mark.parametrize("status", [400, 401, 402, 404])
async def test_what_will_not_pass_is_not_tried_again(fake: FakeProvider, status: int) -> None:
    models = talk.catalog(fake, Patience(sleep=Sleeper()))
    fake.script(Refusal(status, BUSY))

    with pytest.raises(errors.LLMError):
        await talk.answer(models, MODELS[0])

    assert len(fake.requests) == 1
    await models.close()


@pytest.mark.parametrize("model", MODELS)
async def test_nothing_is_tried_again_after_the_first_event(fake: FakeProvider, model: str) -> None:
    models = talk.catalog(fake, Patience(sleep=Sleeper()))
    fake.script(Reply(LONG, fault=Fault("break", 5)))

    with pytest.raises(errors.ProviderFailed):
        await talk.answer(models, model)

    assert len(fake.requests) == 1
    await models.close()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [0, 5])
async def test_cancelling_hangs_up(
    fake: FakeProvider, models: Catalog, model: str, after: int
) -> None:
    fake.script(Reply(LONG, fault=Fault("stall", after)))
    task = asyncio.create_task(talk.answer(models, model))
    await fake.until_streaming()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        await fake.until_alone()


@pytest.mark.parametrize("model", MODELS)
async def test_closing_the_stream_hangs_up(fake: FakeProvider, models: Catalog, model: str) -> None:
    fake.script(Reply(LONG, fault=Fault("stall", 6)))
    handle, chat = models.resolve(model)

    async with aclosing(chat.stream(talk.request(handle))) as events:
        assert isinstance(await anext(events), TextDelta)

    async with asyncio.timeout(1):
        await fake.until_alone()


@pytest.mark.parametrize("model", MODELS)
async def test_slow_streams_hold_up_nobody(fake: FakeProvider, models: Catalog, model: str) -> None:
    fake.script(*[Reply(fault=Fault("stall", 0))] * 60)
    slow = [asyncio.create_task(talk.answer(models, model)) for _ in range(60)]
    await fake.until_streaming(60)

    async with asyncio.timeout(5):
        events = await talk.answer(models, model)

    assert isinstance(events[-1], Completion)
    for task in slow:
        task.cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*slow, return_exceptions=True)
        await fake.until_quiet()
