"""One process, from its start to the end of all that came of it.

What it says is read as it comes and cut at once; nothing that it does makes this process hold more
than its bounds. Everything here blocks: it is run in a thread.
"""

import contextlib
import os
import re
import select
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass
from time import monotonic
from typing import IO, Literal

from palaver.engine.sandbox.bounds import MIB, Bounds
from palaver.engine.sandbox.walls import SCRATCH, Start

TICK = 0.05  # seconds between two looks at the clock, at the memory, and at whether to stop
LONGEST_RESULT = 4 * MIB + 1024  # bytes: a million characters of four, and the line before them

_PIECE = 64 * 1024  # bytes read at once
_LEAVING = 0.5  # seconds that a process may take to end when it has said everything
_DYING = 10.0  # seconds that the kernel may take to end one that was killed
_SHARE = 0.2  # seconds of CPU that a call has its share for; then it is given what is left over
_MANY = 8  # processes, with which it is given no more from the start
_CARE = 20  # how much more time there is between two looks than the last one took
_SELDOM = 1.0  # seconds between two looks at most

_TICKS = os.sysconf("SC_CLK_TCK")  # in a second, by which the kernel counts CPU: proc_pid_stat(5)
_HELD = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB", re.MULTILINE)

Cause = Literal["ended", "time", "memory", "processes", "entries", "output", "stopped"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process has said, and why it ended. `written` counts what it wrote to stdout, stderr.

    `code` is what it exited with, or the number of the signal that ended it with 128 on top.
    """

    cause: Cause
    code: int
    result: bytes
    stdout: bytes
    stderr: bytes
    written: tuple[int, int]


def run(start: Start, request: bytes, bounds: Bounds, stop: threading.Event) -> Ended:
    """Start a process, give it `request`, and end it at its bounds or soon after `stop` is set.

    Nothing that it has started lives on. Raises `OSError` where it cannot be started.
    """
    mine, theirs = os.pipe()
    try:
        process = subprocess.Popen(
            (*start.argv, str(theirs)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs, *start.files),
            cwd=start.folder,
            env={},
            bufsize=0,
            process_group=0,
        )
    except OSError:
        os.close(mine)
        raise
    finally:
        os.close(theirs)
    with process, open(mine, "rb", buffering=0) as result:
        talk = _Talk(process, result.fileno(), bounds)
        cause: Cause = "stopped"
        try:
            cause = talk.listen(request, stop)
        finally:
            _end(process, _LEAVING if cause == "ended" else 0)
    return Ended(
        cause,
        128 - process.returncode if process.returncode < 0 else process.returncode,
        bytes(talk.result.kept),
        bytes(talk.stdout.kept),
        bytes(talk.stderr.kept),
        (talk.stdout.seen, talk.stderr.seen),
    )


class _Told:
    """A pipe that is written to."""

    def __init__(self, pipe: IO[bytes], text: bytes) -> None:
        self._pipe, self._rest = pipe, memoryview(text)
        self.number = pipe.fileno()
        os.set_blocking(self.number, False)

    def go_on(self) -> bool:
        """Write what fits; whether there is more to come, or else the pipe is closed."""
        try:
            self._rest = self._rest[os.write(self.number, self._rest) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:  # nobody listens any more
            self._rest = self._rest[:0]
        if not self._rest:
            self._pipe.close()
        return bool(self._rest)


class _Heard:
    """A pipe that is read: the first `most` bytes are kept, the others counted."""

    def __init__(self, number: int, most: int) -> None:
        self.number, self._most = number, most
        self.kept = bytearray()
        self.seen = 0

    def go_on(self) -> bool:
        """Take what is there; whether there may be more to come."""
        piece = os.read(self.number, _PIECE)
        self.seen += len(piece)
        self.kept += piece[: self._most - len(self.kept)]
        return bool(piece)


class _Talk:
    """What is said to a process and by it, and how long that may go on."""

    def __init__(self, process: "subprocess.Popen[bytes]", result: int, bounds: Bounds) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._pid, self._stdin, self._bounds = process.pid, process.stdin, bounds
        self._begun = monotonic()
        self._next = self._begun + TICK  # when to look
        self._behind: set[int] = set()  # the processes that have stepped back
        self.result = _Heard(result, LONGEST_RESULT)
        self.stdout = _Heard(process.stdout.fileno(), bounds.shown)
        self.stderr = _Heard(process.stderr.fileno(), bounds.shown)

    def listen(self, request: bytes, stop: threading.Event) -> Cause:
        """Hand in the request and read until all pipes are closed or a limit is met."""
        told = _Told(self._stdin, request)
        with selectors.DefaultSelector() as waiting:
            waiting.register(told.number, selectors.EVENT_WRITE, told)
            for pipe in (self.result, self.stdout, self.stderr):
                waiting.register(pipe.number, selectors.EVENT_READ, pipe)
            while waiting.get_map():
                for key, _ in waiting.select(TICK):
                    if not key.data.go_on():
                        waiting.unregister(key.fd)
                if self._wrote_too_much():
                    return "output"
                if stop.is_set():
                    return "stopped"
                if monotonic() >= self._next and (cause := self._look()) is not None:
                    return cause
        return "ended"

    def _wrote_too_much(self) -> bool:
        printed = self.stdout.seen + self.stderr.seen
        return printed > self._bounds.output or self.result.seen > LONGEST_RESULT

    def _look(self) -> Cause | None:
        """See how long it goes on, and what it holds by now."""
        begun = monotonic()
        family = dict(_family(self._pid))
        if self._behind or len(family) > _MANY or sum(map(_used, family)) > _SHARE:
            self._step_back(family.keys())
        took = monotonic() - begun
        self._next = monotonic() + min(max(TICK, _CARE * took), _SELDOM)
        if begun > self._begun + self._bounds.wall:
            return "time"
        if sum(family.values()) > self._bounds.memory:
            return "memory"
        if len(family) > self._bounds.processes:
            return "processes"
        if _entries([*family][-1], self._bounds.scratch) > self._bounds.entries:
            return "entries"
        return None

    def _step_back(self, family: Set[int]) -> None:
        """Give processes, and what they start, the CPU that nobody else wants and none else."""
        for pid in family - self._behind:
            with contextlib.suppress(OSError):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))
        self._behind = set(family)


def _end(process: "subprocess.Popen[bytes]", leaving: float) -> None:
    """Let a process end within `leaving` seconds; then end it, and all that it has started.

    The first process of its namespace is among those, and with it the kernel ends all others there.
    It is waited for only afterwards, so that its number cannot be somebody else's by then.
    """
    _wait(process.pid, leaving)
    family = [pid for pid, _ in _family(process.pid)]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in family:
        _wait(pid, _DYING)
    process.wait()


def _wait(pid: int, within: float) -> None:
    """Wait until a process has ended, for `within` seconds at most."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        waiting = select.poll()
        waiting.register(number, select.POLLIN)
        waiting.poll(within * 1000)
    finally:
        os.close(number)


def _family(pid: int) -> Iterator[tuple[int, int]]:
    """A process and all that it has started, as far as they live, each with the bytes it holds.

    What it has from a file is not counted.
    """
    told = _HELD.findall(_read(f"/proc/{pid}/status"))
    yield pid, 1024 * sum(map(int, told))
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in _read(f"/proc/{pid}/task/{thread}/children").split():
                yield from _family(int(child))


def _used(pid: int) -> float:
    """The seconds of CPU that a process has used, and children of its that have ended."""
    ticks = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[11:15]
    return sum(map(int, ticks)) / _TICKS


def _read(path: str) -> bytes:
    """A file of /proc; nothing where its process has ended."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def _entries(pid: int, size: int) -> int:
    """How many files and folders a process has made in its scratch folder, known by its size."""
    with contextlib.suppress(OSError):
        scratch = os.statvfs(f"/proc/{pid}/root{SCRATCH}")
        if scratch.f_blocks * scratch.f_frsize == size:
            return scratch.f_files - scratch.f_ffree
    return 0
