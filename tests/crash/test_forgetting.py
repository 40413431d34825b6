"""Servers are killed while they remove old logs; runs can be followed before, after and between."""

import asyncio
from functools import partial

import pytest

from tests.api.here import joined
from tests.api.sending import Told, json_of, log_of
from tests.crash import stories
from tests.crash.checks import check_next
from tests.crash.lives import WITHIN
from tests.crash.playing import Figures, side_by_side, started, told, world_of
from tests.crash.witness import Witness
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

DEATHS = [
    "statement:UPDATE runs SET pruned_to",
    "statement:DELETE FROM run_events",
    "before:events.prune:+",
    "after:events.prune:+",
]


async def test_a_log_is_forgotten_entirely_or_not_at_all(many: Databases) -> None:
    plays = {death: partial(_forget, many, death) for death in DEATHS}

    figures = await side_by_side(plays)

    figures.check()


async def _forget(databases: Databases, death: str, figures: Figures) -> None:
    with databases.fresh() as url, world_of(url) as world:
        world["PALAVER_EVENTS_KEEP"] = "1s"
        witness = await told(stories.calling, world, death, figures)
        (sent,) = witness.sent
        first = sent.told
        assert first.done
        async with started(world, figures) as life:
            witness.life = life
            log = await _forgotten(witness, first)
            assert log.numbers == list(range(log.numbers[0], first.numbers[-1] + 1))
            assert joined(_messages(log)) == joined(_messages(first))
            assert log.events[-2:] == first.events[-2:]
            for number in first.numbers:
                rest = await log_of(life.client, first.run_id, starting_after=number)
                assert (rest.events, rest.done) == (log.after(number), True)
            again = await witness.again(sent)
            assert again.told.events == log.events
            await check_next(witness, sent.conversation)


async def _forgotten(witness: Witness, first: Told) -> Told:
    """What is told of a run when its events are gone."""
    async with asyncio.timeout(WITHIN):
        while True:
            log = await log_of(witness.life.client, first.run_id)
            if log.numbers != first.numbers:
                return log
            assert log.events == first.events
            await asyncio.sleep(0.05)


def _messages(log: Told) -> list[dict[str, object]]:
    told = map(json_of, log.events)
    return [one for one in told if one["message_type"] not in ("stop_reason", "usage_statistics")]
