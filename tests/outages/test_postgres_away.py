"""PostgreSQL goes away under a server at work, and comes back."""

import asyncio
from itertools import cycle
from pathlib import Path
from time import monotonic

from tests.clusters import alone
from tests.outages import checks
from tests.outages.callers import PAUSE, until_answered
from tests.outages.scenes import playing, reads, writes
from tests.servers import serve

_AWAY = 10  # seconds
_BACK_WITHIN = 5  # seconds after its return


async def test_everything_is_refused_and_then_goes_on(tmp_path: Path) -> None:
    with alone() as cluster, serve(tmp_path, {"PALAVER_DATABASE_URL": cluster.url}) as server:
        async with playing(server.url, lasts=_AWAY + 2) as scene:
            conversation = await scene.client.conversation(scene.agent)
            await asyncio.to_thread(cluster.stop, "immediate")
            back = monotonic() + _AWAY
            for request in cycle([*reads(conversation), *writes(conversation)]):
                if monotonic() > back:
                    break
                await scene.refused(request)
                await asyncio.sleep(PAUSE)
            await asyncio.to_thread(cluster.start)
            late = await until_answered(scene.client, lambda answer: answer.status_code == 200)
            assert late <= _BACK_WITHIN, f"It took {late:.1f} s until a write succeeded."
            await scene.end()
            await checks.check_untouched(scene.client, conversation)
