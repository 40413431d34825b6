"""A server stands still, loses its runs and goes on: it writes nothing more of what it has lost."""

import asyncio
import signal
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import httpx2
import pytest

from tests.api.sending import log_of
from tests.crash import stories
from tests.crash.checks import all_runs, check, settled
from tests.crash.lives import WITHIN
from tests.crash.playing import Figures, side_by_side, started, world_of
from tests.crash.stories import Story
from tests.crash.witness import Witness
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

BETWEEN = {
    "begin:log.write:5": stories.talking,
    "begin:ending.write:1": stories.calling,
    "begin:own_tools._use:1": stories.calling,
    "begin:ending.write:2": stories.calling,
    "begin:line.end:1": stories.speaking,
    "begin:lease._look:4": stories.talking,
}
"""Where nothing is under way in the database."""
AMID = {
    "before:line.admit:1": stories.speaking,
    "before:log.write:5": stories.talking,
    "before:ending.write:1": stories.calling,
    "before:own_tools._use:1": stories.calling,
    "before:line.end:1": stories.speaking,
    "before:line.end:2": stories.waiting,
    "before:lease._look:4": stories.talking,
}
"""In the middle of a transaction, with all the locks that it takes."""


async def test_what_a_server_has_lost_between_transactions(many: Databases) -> None:
    figures = await side_by_side({at: partial(_stand, many, at, BETWEEN[at]) for at in BETWEEN})

    figures.check()


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_what_a_server_has_lost_in_a_transaction(many: Databases) -> None:
    """On SQLite it keeps the file, and with it its runs: nobody else can write."""
    figures = await side_by_side({at: partial(_stand, many, at, AMID[at]) for at in AMID})

    figures.check()


async def _stand(databases: Databases, at: str, story: Story, figures: Figures) -> None:
    """One server stands still, the other takes over; when the first goes on, nothing changes."""
    with databases.fresh() as url, world_of(url) as world, world_of(url) as other:
        armed = {**world, "CRASH_AT": at, "CRASH_WITH": "SIGSTOP"}
        async with started(other, figures) as two, started(armed, figures) as one:
            witness, after = Witness(one), Witness(two)
            telling = asyncio.create_task(_tell(story, witness))
            await one.standing()
            begun = monotonic()
            await settled(after)
            figures.quiet = max(figures.quiet, monotonic() - begun)
            kept = await _all_there_is(after)

            one.signal(signal.SIGCONT)
            await asyncio.wait_for(telling, WITHIN)
            now = await _all_there_is(after)
            assert {path: now[path] for path in kept} == kept
            for sent in witness.sent:
                assert sent.told.done, f"{sent.refused}: {sent.refusal!r}"
            for life in (two, one):
                witness.life = life
                await check(witness)


async def _tell(story: Story, witness: Witness) -> None:
    with suppress(httpx2.TransportError):
        await story(witness)
    await witness.done()


async def _all_there_is(witness: Witness) -> dict[str, Any]:
    """The blocks, and the runs with their logs and messages."""
    client = witness.life.client
    found = {block["id"]: block for block in await witness.do("GET", "/v1/blocks/", limit=1000)}
    for run in await all_runs(witness):
        history = await client.history(run["conversation_id"])
        messages = [one for one in history if one["run_id"] == run["id"]]
        found[run["id"]] = run, await log_of(client, run["id"]), messages
    return found
