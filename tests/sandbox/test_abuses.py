"""Nothing that a tool tries reaches what it must not, and nothing of it stays."""

import os
import platform
import re
import threading
from dataclasses import replace
from time import monotonic

import pytest

from palaver.domain.tool import Outcome
from palaver.engine.sandbox.sandbox import Errand, Sandbox
from palaver.engine.sandbox.walls import Bare, Bubblewrap, Walls
from tests.sandbox.places import NARROW, Canaries
from tests.sandbox.rows import ROWS, Abuse

LATE = 5.0  # seconds after its limit that a call may end, on a machine that has other work
REACHES = ("read a file of the server", "list its folder", "a link to it", "climb to it")


def _tried(row: Abuse, canaries: Canaries, walls: Walls) -> tuple[Outcome, str]:
    """What comes of an abuse, and all that it says."""
    environment = row.environment or {"DECLARED": "yes"}
    errand = Errand("abuse", row.source, {"at": canaries.at}, environment)
    sandbox = Sandbox(walls, replace(NARROW, wall=row.wall))
    outcome = sandbox.carry_out(errand, threading.Event())
    return outcome, "\n".join([outcome.text, *(outcome.stdout or ()), *(outcome.stderr or ())])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_nothing_is_reached_and_nothing_stays(row: Abuse, canaries: Canaries) -> None:
    if "system_call" in row.body and platform.machine() != "x86_64":
        pytest.skip("the numbers of system calls in this row are those of x86_64")
    open_before, begun = os.listdir("/proc/self/fd"), monotonic()

    outcome, said = _tried(row, canaries, Bubblewrap(str(canaries.bwrap)))

    assert monotonic() - begun < row.wall + LATE
    assert outcome.status == row.status, said
    assert re.search(row.answer, outcome.text, re.DOTALL), said
    assert canaries.secret not in said
    assert canaries.touched() == []
    assert canaries.left() == []
    assert os.listdir("/proc/self/fd") == open_before


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in REACHES], ids=lambda r: r.name)
def test_without_walls_the_same_reaches_it(row: Abuse, canaries: Canaries) -> None:
    outcome, said = _tried(row, canaries, Bare())

    assert outcome.status == "success", said
    assert canaries.secret in said or "canary.txt" in said
