"""A process is killed with vectors in its hands: the next one makes them."""

from contextlib import suppress

import anyio
import httpx2

from tests.api.here import Client, Json
from tests.crash.lives import living
from tests.crash.playing import world_of
from tests.databases import Databases

WITHIN = 30  # seconds; who is dead is noticed within four


async def test_what_was_acknowledged_is_found_by_meaning_after_a_kill(many: Databases) -> None:
    with many.fresh() as url, world_of(url) as world:
        world["PALAVER_EMBEDDING"] = "palaver/trigrams"
        async with living({**world, "CRASH_AT": "before:meanings.keep:1"}) as life:
            await life.ready()
            agent = await life.client.agent()
            with suppress(httpx2.TransportError):  # it may be dead before it has answered
                await _put(life.client, agent, "A colourful parrot flew by.")
            assert await life.ended() == -9
        async with living(world) as life:
            await life.ready()
            kept = await life.client.get(f"/v1/agents/{agent}/archival-memory")
            with anyio.fail_after(WITHIN):
                while not (found := await _search(life.client, agent)):
                    await anyio.sleep(0.1)
    assert [one["passage"]["text"] for one in found] == [one["text"] for one in kept]
    assert found[0]["metadata"]["vector_rank"] == 1


async def _put(client: Client, agent: str, text: str) -> None:
    await client.post(f"/v1/agents/{agent}/archival-memory", {"text": text})


async def _search(client: Client, agent: str) -> list[Json]:
    body = {"query": "colurful parots", "agent_id": agent}
    found: list[Json] = await client.post("/v1/passages/search", body)
    return found
