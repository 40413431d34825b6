"""A server stood still, was thought dead and goes on: it writes nothing more of what it lost."""

import signal

from tests.api.sending import log_of
from tests.crash.checks import check, settled
from tests.crash.lives import living
from tests.crash.playing import world_of
from tests.crash.stories import ENDLESS
from tests.crash.witness import Witness
from tests.databases import Databases


async def test_what_a_revived_server_says_is_not_written(many: Databases) -> None:
    with many.fresh() as url, world_of(url) as world, world_of(url) as other:
        async with living(world) as one, living(other) as two:
            witness = Witness(one)
            conversation = await witness.conversation()
            sent = witness.begin(conversation, ENDLESS)
            queued = witness.begin(await witness.conversation(), ENDLESS)
            await sent.until(events=5)
            await queued.until(events=5)
            one.signal(signal.SIGSTOP)

            witness.life = two
            runs = await settled(witness)
            assert {run["stop_reason"] for run in runs} == {"error"}
            logs = [await log_of(two.client, run["id"]) for run in runs]
            one.signal(signal.SIGCONT)
            await witness.done()

            for log in logs:
                heard = sent if sent.told.run_id == log.run_id else queued
                assert heard.told.done
                assert heard.told.events == log.events
            await check(witness)
            witness.life = one
            await check(witness)
