"""Servers are killed between the end of a run and the call that it wants; the next one makes it."""

import asyncio
from contextlib import suppress
from functools import partial

import httpx2
import pytest

from tests.crash.lives import WITHIN
from tests.crash.playing import Figures, side_by_side, started, world_of
from tests.databases import Databases
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

DEATHS = ["after:line.end:1", "before:callbacks.claim:+"]


async def test_who_wants_to_be_called_is_called(many: Databases) -> None:
    figures = await side_by_side({death: partial(_call, many, death) for death in DEATHS})

    figures.check()


async def _call(databases: Databases, death: str, figures: Figures) -> None:
    with databases.fresh() as url, world_of(url) as world:
        world["PALAVER_ALLOW_PRIVATE_URLS"] = "127.0.0.1"
        async with Receiver() as receiver:
            async with started({**world, "CRASH_AT": death}, figures) as life:
                path = f"/v1/agents/{await life.client.agent()}/messages/async"
                with suppress(httpx2.TransportError):
                    await life.client.post(path, {"input": "Hi", "callback_url": receiver.url})
                assert await life.ended() == -9
            assert receiver.bodies == []
            async with started(world, figures) as life:
                (told,) = await receiver.called(1)
                async with asyncio.timeout(WITHIN):
                    while True:
                        run = await life.client.get(f"/v1/runs/{told['run_id']}")
                        if run["callback_sent_at"]:
                            break
                        await asyncio.sleep(0.05)
                assert (told["status"], run["callback_status_code"]) == ("completed", 200)
                assert len(receiver.bodies) == 1
