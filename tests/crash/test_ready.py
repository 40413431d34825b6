"""How soon `palaver serve` answers when it is started on what a killed one has left."""

from pathlib import Path
from time import monotonic

from tests.crash import stories
from tests.crash.playing import READY_WITHIN, Figures, told, world_of
from tests.databases import Databases
from tests.servers import serve


async def test_the_program_is_ready_soon_after_a_crash(many: Databases, tmp_path: Path) -> None:
    with many.fresh() as url, world_of(url) as world:
        await told(stories.talking, world, "heard:7", Figures())
        begun = monotonic()
        with serve(tmp_path, {"PALAVER_DATABASE_URL": url}, program=True) as server:
            took = monotonic() - begun
            runs = server.http.get("/v1/runs/").json()

    print(f"ready after {took:.2f} s")
    assert took < READY_WITHIN
    assert len(runs) == 1
