"""A server that kills itself at a named point, or stands still there.

`CRASH_AT` names it: ``before:line.admit:2`` is inside the second transaction of the unit `admit`
of the module `line`, when its work is done and nothing is committed; ``after:…`` is when the
commit has come back and nobody has heard of it. ``begin:…`` is before the transaction begins, when
no other one is under way either. With ``+`` for a number it is the first one that
gives anything but nothing. ``statement:CREATE TABLE runs`` is before the first statement that
begins so, ``statement:#7`` before the seventh. Without it the server lives until somebody else
ends it.

`CRASH_WITH` is the signal, SIGKILL if it is not said. Who goes on after it does not meet it again.

`CRASH_TRACE` names a file in which it notes all units as they begin, to choose points from.
"""

import asyncio
import logging
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Concatenate

import uvicorn
from sqlalchemy import Engine, event

from palaver import settings
from palaver.app import make_app
from palaver.store.db import Database, P, T, Tx
from palaver.store.opening import open_database

_LOOK = 0.001  # seconds between looks for a moment in which nothing is under way
_GRACE = 8  # seconds that open streams have after SIGTERM, as in `palaver serve`


def serve(listener: socket.socket, environment: dict[str, str], log: str) -> None:
    """Serve on a socket until the end, with nothing but `environment`; what is said goes to `log`.

    For a process of its own: it makes that process's environment and output its own.
    """
    os.environ.clear()
    os.environ.update(environment)
    with Path(log).open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    logging.basicConfig(level="INFO", format="%(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = make_app(settings.read(os.environ), None, open_crashing)
    config = uvicorn.Config(
        app, log_level="warning", ws="none", lifespan="on", timeout_graceful_shutdown=_GRACE
    )
    uvicorn.Server(config).run(sockets=[listener])


def open_crashing(url: str) -> Database:
    """Open a database that kills this process where `CRASH_AT` says."""
    at, trace = os.environ.get("CRASH_AT", ""), os.environ.get("CRASH_TRACE", "")
    when, _, rest = at.partition(":")
    if when == "statement":
        event.listen(Engine, "before_cursor_execute", partial(_die_at, rest, count(1)))
        return open_database(url)
    unit, _, number = rest.rpartition(":")
    point = Point(when, unit, number, signal.Signals[os.environ.get("CRASH_WITH", "SIGKILL")])
    return Crashing(open_database(url), point, Path(trace) if trace else None)


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after the commit of the so-manieth transaction of a unit, or its beginning."""

    when: str
    unit: str
    number: str
    signal: signal.Signals

    def watches(self, unit: str, number: int) -> bool:
        """Whether it may be in this transaction."""
        return unit == self.unit and self.number in ("+", str(number))

    def is_in(self, when: str, result: object) -> bool:
        """Whether it is here, with what the unit gives."""
        return when == self.when and (self.number != "+" or bool(result))


class Crashing:
    """A database, until the point is reached."""

    def __init__(self, db: Database, point: Point, trace: Path | None) -> None:
        self.url = db.url
        self.look_every = db.look_every
        self._db = db
        self._point = point
        self._trace = trace
        self._begun: Counter[str] = Counter()
        self._under_way = 0
        self._met = False

    async def tx(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.tx`."""
        name = name_of(unit)
        self._begun[name] += 1
        self._note(name)
        watches = self._point.watches(name, self._begun[name])
        while watches and self._point.is_in("begin", True) and self._under_way:
            await asyncio.sleep(_LOOK)
        self._under_way += 1
        try:
            if not watches:
                return await self._db.tx(unit, *args, **kwargs)
            self._passed("begin", True)
            return await self._watched(unit, *args, **kwargs)
        finally:
            self._under_way -= 1

    async def _watched(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def watched(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return self._passed("before", unit(tx, *args, **kwargs))

        return self._passed("after", await self._db.tx(watched, *args, **kwargs))

    async def read(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        return await self._db.read(unit, *args, **kwargs)

    def listen(self, heard: Callable[[str], None]) -> None:
        """See `Database.listen`."""
        self._db.listen(heard)

    async def hint(self, said: str) -> None:
        """See `Database.hint`."""
        await self._db.hint(said)

    async def close(self) -> None:
        """See `Database.close`."""
        await self._db.close()

    def _passed(self, when: str, result: T) -> T:
        if self._point.is_in(when, result) and not self._met:
            self._met = True
            _die(self._point.signal)
        return result

    def _note(self, name: str) -> None:
        if self._trace is not None:
            with self._trace.open("a") as file:
                print(f"{name}:{self._begun[name]}", file=file)


def name_of(unit: Callable[..., Any]) -> str:
    """A unit's module and what it is called there, without the word ``locals``."""
    while isinstance(unit, partial):
        unit = unit.func
    module = unit.__module__.rpartition(".")[2]
    return f"{module}.{unit.__qualname__.replace('.<locals>', '')}"


def _die_at(wanted: str, numbers: "count[int]", *said: Any) -> None:
    statement = " ".join(said[2].split())
    if f"#{next(numbers)}" == wanted or statement.startswith(wanted):
        _die()


def _die(how: signal.Signals = signal.SIGKILL) -> None:
    """End the process in this very instruction of this thread, or let it stand still there."""
    signal.pthread_kill(threading.get_ident(), how)


if __name__ == "__main__":
    address = ("127.0.0.1", int(os.environ.get("PALAVER_PORT", "8283")))
    serve(socket.create_server(address), dict(os.environ), "/dev/stderr")
