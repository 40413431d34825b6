"""What a tool may do, and how it is told what came of it."""

import threading
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from palaver.domain.tool import Outcome
from palaver.engine.sandbox.bounds import Bounds
from palaver.engine.sandbox.sandbox import Errand, Sandbox
from palaver.engine.sandbox.walls import Bare, Bubblewrap, Walls

RETURNS = {
    "a text": ("return 'as it is: é\\n'", "as it is: é\n"),
    "nothing": ("pass", "null"),
    "a number": ("return 1.5", "1.5"),
    "a dict": ("return {'a': [1, None, 'é']}", '{"a": [1, null, "é"]}'),
    "something else": ("from pathlib import Path\n    return [Path('x')]", '["x"]'),
    "its arguments": ("return given", '{"a": [1, "é", null]}'),
    "its variables": ("import os\n    return os.environ['KEY']", "of the agent"),
    "a dataclass": (
        "from dataclasses import asdict, dataclass\n    @dataclass\n    class A:\n        a: int\n"
        "    return asdict(A(1))",
        '{"a": 1}',
    ),
    "what threads do": (
        "from concurrent.futures import ThreadPoolExecutor as T\n"
        "    return list(T(4).map(abs, [-1, -2]))",
        "[1, 2]",
    ),
    "what programs say": (
        "import subprocess\n    return subprocess.check_output(['/bin/echo', 'hi'], text=True)",
        "hi\n",
    ),
    "what it wrote": (
        "import tempfile\n    with tempfile.TemporaryFile('w+') as f:\n        f.write('x')\n"
        "        f.seek(0)\n        return f.read()",
        "x",
    ),
    "types that are no texts": (
        "def f(a: int): pass\n    return f.__annotations__['a'] is int",
        "true",
    ),
    "chance": ("import random, uuid\n    return len(str(uuid.uuid4()))", "36"),
    "zones": (
        "from zoneinfo import ZoneInfo\n    return str(ZoneInfo('Europe/London'))",
        "Europe/London",
    ),
}


@pytest.fixture(scope="module", params=["bubblewrap", "bare"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """A sandbox with the bounds of a server, and no sandbox."""
    if request.param == "bare":
        return Sandbox(Bare(), Bounds())
    request.getfixturevalue("walls")
    return Sandbox(Bubblewrap("bwrap"), Bounds())


def _called(sandbox: Sandbox, source: str, **arguments: Any) -> Outcome:
    errand = Errand("tool", source, arguments, {"KEY": "of the agent"})
    return sandbox.carry_out(errand, threading.Event())


@pytest.mark.parametrize("name", RETURNS)
def test_what_it_gives_back_is_told(sandbox: Sandbox, name: str) -> None:
    body, text = RETURNS[name]

    outcome = _called(sandbox, f"def tool(given):\n    {body}\n", given={"a": [1, "é", None]})

    assert (outcome.status, outcome.text) == ("success", text), outcome


def test_it_may_be_a_coroutine(sandbox: Sandbox) -> None:
    source = "import asyncio\nasync def tool():\n    await asyncio.sleep(0)\n    return 'waited'\n"

    assert _called(sandbox, source).text == "waited"


def test_what_it_prints_is_kept_by_line(sandbox: Sandbox) -> None:
    source = "import sys\ndef tool():\n    print('a\\nb')\n    print('c', file=sys.stderr)\n"

    outcome = _called(sandbox, source)

    assert (outcome.stdout, outcome.stderr) == (["a", "b"], ["c"])


def test_an_error_is_told_with_its_place(sandbox: Sandbox) -> None:
    source = "print('so far')\ndef tool(n):\n    return 1 / n\n"

    outcome = _called(sandbox, source, n=0)

    assert outcome.status == "error"
    assert outcome.text == "Error executing function tool: ZeroDivisionError: division by zero"
    assert outcome.stdout == ["so far"]
    assert outcome.stderr is not None
    assert outcome.stderr[:2] == [
        "Traceback (most recent call last):",
        '  File "tool.py", line 3, in tool',
    ]
    assert outcome.stderr[2] == "    return 1 / n"
    assert outcome.stderr[-1] == "ZeroDivisionError: division by zero"


def test_arguments_that_do_not_fit_are_an_error(sandbox: Sandbox) -> None:
    outcome = _called(sandbox, "def tool(a): pass\n", b=1)

    assert outcome.status == "error"
    assert "TypeError: tool() got an unexpected keyword argument 'b'" in outcome.text


def test_output_that_is_cut_says_so(walls: None) -> None:
    sandbox = Sandbox(Bubblewrap("bwrap"), replace(Bounds(), shown=10))

    outcome = _called(sandbox, "def tool():\n    print('x' * 99)\n    return 'fine'\n")

    assert outcome.text == "fine"
    assert outcome.stdout == [
        "xxxxxxxxxx",
        "... [truncated: the first 10 of 100 bytes are shown]",
    ]


def test_a_text_that_is_cut_says_how_long_it_was(sandbox: Sandbox) -> None:
    outcome = _called(sandbox, "def tool(): return 'é' * 1_000_001\n")

    assert (len(outcome.text), outcome.characters) == (1_000_000, 1_000_001)


def test_a_forged_length_does_not_get_a_long_text_past_the_limit(sandbox: Sandbox) -> None:
    source = (
        "import os, sys\ndef tool():\n"
        '    head = b\'{"status": "success", "bytes": 9000, "characters": 1}\\n\'\n'
        "    os.write(int(sys.argv[1]), head + b'x' * 9000)\n    os._exit(0)\n"
    )

    outcome = _called(sandbox, source)

    assert (len(outcome.text), outcome.characters) == (9000, 9000)


def test_an_argument_may_be_long(sandbox: Sandbox) -> None:
    outcome = _called(sandbox, "def tool(text): return len(text)\n", text="x" * 5_000_000)

    assert outcome.text == "5000000"


@pytest.mark.parametrize("walls_", [Bare()], ids=["bare"])
def test_without_walls_there_are_limits_still(walls_: Walls) -> None:
    sandbox = Sandbox(walls_, replace(Bounds(), wall=1.0))
    source = "import os, time\ndef tool():\n    os.fork()\n    time.sleep(1000)\n"

    outcome = _called(sandbox, source)

    assert (
        outcome.text == "Error executing function tool: TimeoutError: it was ended after 1 seconds."
    )


def test_whoever_breaks_a_bound_is_answered_late(walls: None) -> None:
    sandbox = Sandbox(Bubblewrap("bwrap"), replace(Bounds(), output=1000, penalty=0.5))
    begun = monotonic()

    outcome = _called(sandbox, "def tool():\n    while True: print('x' * 99)\n")

    assert "OutputError" in outcome.text
    assert monotonic() - begun >= 0.5


def test_who_works_on_and_on_is_given_the_cpu_that_nobody_else_wants(sandbox: Sandbox) -> None:
    source = (
        "import os\ndef tool():\n    while os.sched_getscheduler(0) != os.SCHED_IDLE: pass\n"
        "    return 'behind the others'\n"
    )

    assert _called(sandbox, source).text == "behind the others"


def test_who_only_waits_keeps_its_share(sandbox: Sandbox) -> None:
    source = (
        "import os, time\ndef tool():\n    time.sleep(0.5)\n"
        "    return os.sched_getscheduler(0) == os.SCHED_OTHER\n"
    )

    assert _called(sandbox, source).text == "true"
