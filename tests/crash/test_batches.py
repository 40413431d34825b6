"""Servers are killed in the middle of a batch; the next one sends what is left, none twice."""

import asyncio
from contextlib import suppress
from functools import partial

import httpx2
import pytest

from tests.crash.lives import WITHIN
from tests.crash.playing import Figures, side_by_side, started, world_of
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

DEATHS = [
    "after:batches.add:1", "before:batches._admit:1", "after:batches._admit:4", "before:line.end:3",
    "before:batches.close:1", "after:batches.close:1",
]  # fmt: skip
_PATH = "/v1/messages/batches"


async def test_a_batch_goes_on_where_it_was(many: Databases) -> None:
    figures = await side_by_side({death: partial(_batch, many, death) for death in DEATHS})

    figures.check()


async def _batch(databases: Databases, death: str, figures: Figures) -> None:
    with databases.fresh() as url, world_of(url) as world:
        async with started({**world, "CRASH_AT": death}, figures) as life:
            agents = [await life.client.agent() for _ in range(3)]
            wanted = [{"agent_id": agents[n % 3], "input": f"number {n}"} for n in range(9)]
            with suppress(httpx2.TransportError):
                await life.client.post(_PATH, {"requests": wanted})
            assert await life.ended() == -9
        async with started(world, figures) as life:
            async with asyncio.timeout(WITHIN):
                while not (job := (await life.client.get(_PATH))[0])["completed_at"]:
                    await asyncio.sleep(0.05)
            job = await life.client.get(f"{_PATH}/{job['id']}")
            assert job["status"] == "completed"
            assert len(set(job["metadata"]["run_ids"])) == 9
            assert None not in job["metadata"]["run_ids"]
            for n, agent in enumerate(agents):
                said = await life.client.get(f"/v1/agents/{agent}/messages", order="asc")
                heard = [one["content"] for one in said if one["message_type"] == "user_message"]
                assert heard == [f"number {m}" for m in range(n, 9, 3)]
