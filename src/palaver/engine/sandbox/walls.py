"""What a call runs behind: the two ways to start a Python for it."""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from palaver.engine.sandbox import seccomp
from palaver.engine.sandbox.bounds import Bounds

SCRATCH = "/tmp"
_SYSTEM = ("bin", "lib", "lib64")  # of / and of /usr; often the former are links to the latter
PACKAGES = "/packages"  # where a tool's packages are seen

_INSIDE = resources.files("palaver.engine.sandbox").joinpath("inside.py").read_text()
_UIDS = 61184, 65519  # nobody's: systemd lends them to services that need a user for a while


@dataclass(frozen=True, slots=True)
class Start:
    """How a call's process is started: its command line, open files, folder; and what it is told.

    `told` goes into the request to `inside`.
    """

    argv: tuple[str, ...]
    told: dict[str, Any]
    files: tuple[int, ...] = ()
    folder: str = "/"


class Walls(Protocol):
    """Whoever makes a place for a call to run in."""

    def around(self, bounds: Bounds, packages: Path | None) -> AbstractContextManager[Start]:
        """A place that is there for as long as the context lasts."""
        ...


class Bare:
    """No walls: a process like any other of this user, with limits."""

    @contextmanager
    def around(self, bounds: Bounds, packages: Path | None) -> Iterator[Start]:
        """A temporary folder."""
        with tempfile.TemporaryDirectory(prefix="palaver-tool-", ignore_cleanup_errors=True) as own:
            path = [str(packages)] if packages else []
            rlimits = _rlimits(bounds)
            del rlimits["RLIMIT_NPROC"]  # would count what else this user runs
            told = {"uid": None, "path": path, "limits": rlimits}
            yield Start((*_python(), _INSIDE), told, folder=own)


class Bubblewrap:
    """Namespaces of its own, an empty root with the system's libraries read-only, and a filter.

    `program` is bubblewrap's. An ordinary user's tools run as that user in a user namespace; root's
    run as a user of their own that nobody else is, because the kernel limits root in nothing.
    """

    def __init__(self, program: str) -> None:
        self._filter = seccomp.program()
        found = shutil.which(program) or program
        self._walls = (found, *_namespaces(), *_view(), *_devices())
        self._uids = itertools.count(os.getpid() * 64)

    @contextmanager
    def around(self, bounds: Bounds, packages: Path | None) -> Iterator[Start]:
        """Walls that fall with the process."""
        reader, writer = os.pipe()
        try:
            os.write(writer, self._filter)
            os.close(writer)
            brought = ("--ro-bind", str(packages), PACKAGES) if packages else ()
            scratch = ("--perms", "1777", "--size", str(bounds.scratch), "--tmpfs", SCRATCH)
            shut = ("--remount-ro", "/", "--seccomp", str(reader), "--chdir", SCRATCH, "--")
            told = {
                "uid": self._uid() if os.geteuid() == 0 else None,
                "path": [PACKAGES] if packages else [],
                "limits": _rlimits(bounds),
            }
            argv = (*self._walls, *brought, *scratch, *shut, *_python(), _INSIDE)
            yield Start(argv, told, (reader,))
        finally:
            os.close(reader)

    def _uid(self) -> int:
        first, last = _UIDS
        return first + next(self._uids) % (last - first + 1)


def _namespaces() -> Sequence[str]:
    common = (
        "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--clearenv", "--hostname", "tool", "--cap-drop", "ALL",
    )  # fmt: skip
    if os.geteuid() == 0:
        return (*common, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    return (*common, "--unshare-user")


def _view() -> Iterator[str]:
    """The folders that a Python needs, read-only, and their parents, which anybody may enter."""
    seen = [Path("/etc/ld.so.cache"), Path("/usr/share/zoneinfo")]
    seen += [Path("/usr", name) for name in _SYSTEM]
    if sys.base_prefix != "/usr":
        seen.append(Path(sys.base_prefix))
    seen += [top for name in _SYSTEM if not (top := Path("/", name)).is_symlink()]
    seen = [path for path in dict.fromkeys(seen) if path.exists()]
    parents = {parent for path in seen for parent in path.parents} - {Path("/")}
    for parent in sorted(parents):
        yield from ("--dir", str(parent))
    for path in sorted(seen):
        yield from ("--ro-bind", str(path), str(path))
    for name in _SYSTEM:
        if (top := Path("/", name)).is_symlink():
            yield from ("--symlink", os.readlink(top), str(top))


def _devices() -> Sequence[str]:
    return (
        "--proc", "/proc", "--remount-ro", "/proc", "--dir", "/dev",
        "--dev-bind", os.devnull, os.devnull, "--symlink", SCRATCH, "/dev/shm",
    )  # fmt: skip


def _python() -> Sequence[str]:
    """A Python with nothing but its own library, as fast as it starts."""
    real = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    return (real, "-I", "-S", "-B", "-X", "utf8", "-c")


def _rlimits(bounds: Bounds) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": bounds.cpu,
        "RLIMIT_AS": bounds.memory,
        "RLIMIT_FSIZE": bounds.file,
        "RLIMIT_NOFILE": bounds.files,
        "RLIMIT_NPROC": bounds.processes,
        "RLIMIT_SIGPENDING": bounds.files,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
