"""The file of the database is held by another program, or its disk is full, and then no more."""

import asyncio
import resource
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path
from time import monotonic

import pytest

from tests.outages import checks
from tests.outages.callers import PAUSE, until_answered
from tests.outages.scenes import Scene, playing, writes
from tests.servers import Server, serve

_HELD = 11  # seconds: longer than a unit waits for another program
_FULL = 4  # seconds
_BACK_WITHIN = 5  # seconds after its return
_ROOM = 2_000  # bytes that still fit on a full disk: half a page

_HOLDS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server on a file."""
    with serve(tmp_path, {}) as running:
        yield running


async def test_another_program_holds_the_file(server: Server, tmp_path: Path) -> None:
    async with playing(server.url, lasts=_HELD + 2) as scene:
        conversation = await scene.client.conversation(scene.agent)
        with _held(tmp_path / "palaver.db", "BEGIN EXCLUSIVE"):
            free = monotonic() + _HELD
            asked = asyncio.create_task(scene.client.ask("POST", "/v1/agents/", {"name": "Ada"}))
            while monotonic() < free:
                await _check_readable(scene, conversation)
                await asyncio.sleep(PAUSE)
        if (answer := await asked).status_code != 200:  # it has waited, or was refused
            checks.check_refusal(answer)
        await _check_back(scene)
        await checks.check_untouched(scene.client, conversation)


async def test_the_disk_is_full(server: Server, tmp_path: Path) -> None:
    # Somebody reads the file all the time, so that its write-ahead log can only grow.
    with _held(tmp_path / "palaver.db", "BEGIN", "SELECT count(*) FROM runs"):
        async with playing(server.url, lasts=_FULL + 2) as scene:
            conversation = await scene.client.conversation(scene.agent)
            folder = await scene.client.post("/v1/folders/", {"name": "plans"})
            with _full(server.pid, tmp_path):
                await until_answered(scene.client, lambda answer: answer.status_code == 503)
                large = {"file": ("a.txt", b"x" * 12_000_000)}  # which does not wait in memory
                put = await scene.client.http.post(
                    f"/v1/folders/{folder['id']}/upload", files=large
                )
                checks.check_refusal(put)
                assert "TMPDIR" in put.json()["detail"]
                free = monotonic() + _FULL
                for request in cycle(writes(conversation)):
                    if monotonic() > free:
                        break
                    await scene.refused(request)
                    await _check_readable(scene, conversation)
                    await asyncio.sleep(PAUSE)
            await _check_back(scene)
            await checks.check_untouched(scene.client, conversation)
    with closing(sqlite3.connect(tmp_path / "palaver.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def _check_readable(scene: Scene, conversation: str) -> None:
    """What is there can still be read."""
    assert len(await scene.client.history(conversation)) == 1


async def _check_back(scene: Scene) -> None:
    late = await until_answered(scene.client, lambda answer: answer.status_code == 200)
    assert late <= _BACK_WITHIN, f"It took {late:.1f} s until a write succeeded."
    await scene.end()


@contextmanager
def _held(path: Path, *statements: str) -> Iterator[None]:
    """Another program has said `statements` to the file, and does not come to an end.

    It is a process of its own: the locks that this one has on a file would end when it closes that
    file, however it had opened it, and `_committed` does.
    """
    command = [sys.executable, "-c", _HOLDS, str(path), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _full(pid: int, folder: Path) -> Iterator[None]:
    """The file that a process writes to ends where its last transaction did, but for a little."""
    before, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (_committed(folder) + _ROOM, most))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (before, most))


def _committed(folder: Path) -> int:
    """How many bytes of the write-ahead log are committed. Its file may be longer: what a
    transaction wrote that was rolled back is free for the next.

    The numbers are those of SQLite's description of its WAL-index and log, `walformat.html`.
    """
    index = (folder / "palaver.db-shm").read_bytes()
    page, frames = struct.unpack_from("=HI", index, 14)
    return 32 + int(frames) * (24 + int(page))
