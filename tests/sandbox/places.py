"""Sandboxes to try, and things near them that nothing inside may reach."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from palaver.engine.sandbox.bounds import MIB, Bounds
from palaver.engine.sandbox.sandbox import Sandbox
from palaver.engine.sandbox.walls import Bubblewrap

NARROW = Bounds(
    penalty=0.0,
    cpu=1,
    memory=192 * MIB,
    scratch=8 * MIB,
    entries=2000,
    file=4 * MIB,
    files=64,
    processes=32,
    output=MIB,
)
"""Small enough to be met soon."""


@cache
def fault() -> str | None:
    """Why there is no sandbox on this machine; None if there is one."""
    return Sandbox(Bubblewrap("bwrap"), Bounds()).fault()


@dataclass(frozen=True, slots=True)
class Canaries:
    """A file, sockets and a process of the server's, and a secret that is in the file.

    `bwrap` is a name of bubblewrap's that nobody else uses, by which its processes are known.
    """

    secret: str
    folder: Path
    bwrap: Path
    victim: "subprocess.Popen[bytes]"
    listeners: tuple[socket.socket, ...]

    @property
    def at(self) -> dict[str, Any]:
        """Where they are."""
        port = self.listeners[0].getsockname()[1]
        return {
            "file": str(self.folder / "canary.txt"),
            "folder": str(self.folder),
            "port": port,
            "socket": str(self.folder / "socket"),
            "abstract": self.bwrap.name,
            "pid": self.victim.pid,
            "token": self.token,
        }

    @property
    def token(self) -> str:
        """How long a process sleeps that is to be recognised by it."""
        return f"98765.{int(self.bwrap.name[5:], 16)}"

    def touched(self) -> list[str]:
        """What has happened to them."""
        found = []
        if sorted(os.listdir(self.folder)) != ["canary.txt", "socket"]:
            found.append(f"the folder has {os.listdir(self.folder)}")
        elif (self.folder / "canary.txt").read_text() != self.secret:
            found.append("the file was written to")
        if self.victim.poll() is not None:
            found.append("the process was killed")
        for listener in self.listeners:
            try:
                listener.accept()
                found.append(f"somebody called at {listener.getsockname()}")
            except BlockingIOError:
                pass
        return found

    def left(self) -> list[str]:
        """The processes of sandboxes that are still there."""
        marks = (str(self.bwrap), self.token)
        return [said for said in _command_lines() if any(mark in said for mark in marks)]


@contextmanager
def canaries(folder: Path) -> Iterator[Canaries]:
    """Canaries that live in `folder` for as long as the context lasts."""
    with ExitStack() as open_:
        bwrap = folder / f"bwrap{secrets.token_hex(6)}"
        bwrap.symlink_to(shutil.which("bwrap") or "bwrap")
        home = folder / "server"
        home.mkdir()
        secret = f"canary-{secrets.token_hex(16)}"
        (home / "canary.txt").write_text(secret)
        victim = open_.enter_context(subprocess.Popen(["sleep", "100000"]))
        open_.callback(victim.kill)
        listeners = []
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, str(home / "socket")),
            (socket.AF_UNIX, f"\0{bwrap.name}"),
        ):
            listener = open_.enter_context(socket.socket(family))
            listener.bind(address)
            listener.listen()
            listener.setblocking(False)
            listeners.append(listener)
        yield Canaries(secret, home, bwrap, victim, tuple(listeners))


def _command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_text(errors="replace")
        except OSError:
            continue
