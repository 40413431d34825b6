"""The events of a run, as they are kept."""

from palaver.store import events
from palaver.store.db import Database, Tx
from tests.store import making


async def test_a_long_log_is_read_whole_and_in_order(db: Database) -> None:
    def keep(tx: Tx) -> list[tuple[int, str]]:
        runs = [making.start(tx, making.keep_conversation(tx), "worker-1") for _ in range(2)]
        events.append(tx, [(run.id, seq, f"{seq}") for run in runs for seq in range(1, 2_501)])
        return list(events.of_run(tx, runs[0].id))

    assert await db.tx(keep) == [(seq, f"{seq}") for seq in range(1, 2_501)]
    assert await db.tx(lambda tx: list(events.of_run(tx, "run-nowhere"))) == []
