"""An errand: a function of a source, called once, behind walls, and what came of it in words."""

import json
import marshal
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from palaver.domain.tool import Outcome
from palaver.engine.sandbox import process
from palaver.engine.sandbox.bounds import MIB, Bounds
from palaver.engine.sandbox.process import Ended
from palaver.engine.sandbox.walls import Walls
from palaver.errors import ToolRefused

_LONGEST_HEAD = 200  # bytes of the line before a result


@dataclass(frozen=True, slots=True)
class Errand:
    """A function in Python source, what it is called with, and what it finds around itself.

    `packages` is a folder with what it may import besides Python's own library.
    """

    name: str
    source: str
    arguments: Mapping[str, Any]
    environment: Mapping[str, str]
    packages: Path | None = None


TRIAL = Errand("trial", "def trial():\n    return 'it holds'\n", {}, {})


class Sandbox:
    """Walls and bounds for any number of errands at once. Everything here blocks."""

    def __init__(self, walls: Walls, bounds: Bounds) -> None:
        self._walls = walls
        self._bounds = bounds

    def carry_out(self, errand: Errand, stop: threading.Event) -> Outcome:
        """Carry an errand out; soon after `stop` is set it has ended.

        One that is ended at its bounds takes a while, however soon it broke them.

        Raises `ToolRefused` where the walls cannot be built.
        """
        begun = monotonic()
        try:
            with self._walls.around(self._bounds, errand.packages) as start:
                request = {
                    "name": errand.name,
                    "source": errand.source,
                    "arguments": dict(errand.arguments),
                    "environment": dict(errand.environment),
                    **start.told,
                }
                ended = process.run(start, marshal.dumps(request), self._bounds, stop)
        except OSError as error:
            raise ToolRefused(f"The sandbox cannot be started: {error}.") from None
        if ended.cause not in ("ended", "stopped"):
            stop.wait(max(0.0, begun + self._bounds.penalty - monotonic()))
        return self._outcome(errand, ended)

    def fault(self) -> str | None:
        """What is wrong with the walls, found out by an errand; None if they stand."""
        try:
            outcome = self.carry_out(TRIAL, threading.Event())
        except ToolRefused as refusal:
            return str(refusal)
        if (outcome.status, outcome.text) == ("success", "it holds"):
            return None
        return " ".join([outcome.text, *(outcome.stderr or ())])

    def _outcome(self, errand: Errand, ended: Ended) -> Outcome:
        told = _told(ended.result) if ended.cause == "ended" else None
        if told is None:
            fault = f"Error executing function {errand.name}: {self._fault(ended)}"
            told = Outcome(status="error", text=fault)
        written_out, written_err = ended.written
        lines = {
            "stdout": _lines(ended.stdout, written_out),
            "stderr": _lines(ended.stderr, written_err),
        }
        return told.model_copy(update=lines)

    def _fault(self, ended: Ended) -> str:
        """Why there is no result."""
        bounds = self._bounds
        match ended.cause:
            case "time":
                return f"TimeoutError: it was ended after {bounds.wall:g} seconds."
            case "memory":
                most = bounds.memory // MIB
                return f"MemoryError: its processes held more than {most} MiB together."
            case "processes":
                return (
                    f"OSError: it started {bounds.processes} processes, which is as many as may be."
                )
            case "entries":
                return f"OSError: it made more than {bounds.entries} files and folders."
            case "output":
                most = bounds.output // MIB
                return f"OutputError: it wrote more than {most} MiB, and was ended."
            case "stopped":
                return "Cancelled: it was ended."
        if ended.code == 128 + signal.SIGXCPU:
            return f"TimeoutError: it used more than {bounds.cpu} seconds of CPU."
        if ended.code > 128:
            return f"ProcessError: it was ended by {_signal(ended.code - 128)}."
        return f"ProcessError: it ended with code {ended.code} and without a result."


def _told(result: bytes) -> Outcome | None:
    """The outcome that a process has told, if it kept to the form."""
    head, _, body = result.partition(b"\n")
    try:
        told = json.loads(head[:_LONGEST_HEAD])
        status, size, characters = told["status"], told["bytes"], told["characters"]
    except (ValueError, TypeError, KeyError):
        return None
    if status not in ("success", "error") or size != len(body) or type(characters) is not int:
        return None
    text = _text(body)
    return Outcome(status=status, text=text, characters=max(characters, len(text)))


def _lines(kept: bytes, written: int) -> list[str]:
    lines = _text(kept).splitlines()
    if written > len(kept):
        lines.append(f"... [truncated: the first {len(kept)} of {written} bytes are shown]")
    return lines


def _text(said: bytes) -> str:
    """Text that can be kept (docs/decisions/0006), whatever was said."""
    return said.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
