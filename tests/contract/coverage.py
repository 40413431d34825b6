"""Makes docs/reference/coverage.md: which operations of the API are there.

``python -m tests.contract.coverage`` writes it. ``operations.json`` has the operations: those of
the official clients (by the name that they have there), and what the vendor's server has beside
them. Whether one is there, the program says.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from fastapi.routing import APIRoute

from palaver.api.unplanned import NOT_PLANNED, NOT_YET
from palaver.app import make_app
from palaver.settings import read
from tests.contract.calls import CALLS

PAGE = Path(__file__).parents[2] / "docs/reference/coverage.md"
State = Literal["supported", "partial", "not yet", "not planned"]

PARTLY = {
    "POST /v1/agents": (
        "templates, and what `model_settings` has replaced (`max_tokens`, `parallel_tool_calls`, "
        "`reasoning`), are ignored, and `enable_sleeptime` is only kept"
    ),
    "PATCH /v1/agents/{agent_id}": (
        "templates, `message_ids`, and what `model_settings` has replaced (`max_tokens`, "
        "`parallel_tool_calls`, `reasoning`), are ignored, and `enable_sleeptime` is only kept"
    ),
    "GET /v1/agents": "nothing is found by a template",
    "POST /v1/groups": "its agents do not get the shared blocks",
    "PATCH /v1/groups/{group_id}": "its agents do not get the shared blocks",
    "GET /v1/steps": "nothing is found by `trace_ids`",
}
"""What is there, but not all of it."""

_HEAD = """\
# Which operations are there

Made by `python -m tests.contract.coverage`; a test holds it to what the program does.

What is *not yet* or *not planned* answers 501 with the reason (or 404, where nobody has thought
about it yet). Names are those of the official Python client, version 1.12.1; operations without
one are not in it, but the vendor's server has them.
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An operation of the API; `client` is its name in the official client, where it has one."""

    method: str
    path: str
    client: str | None

    @property
    def row(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def noun(self) -> str:
        """What it is about."""
        return self.path.split("/")[2]


KNOWN = tuple(
    Known(**one) for one in json.loads(Path(__file__).with_name("operations.json").read_text())
)


def shape(row: str) -> str:
    """Method and path, whatever the variables are called."""
    return re.sub(r"\{.*?\}", "{}", row.rstrip("/"))


def served() -> frozenset[str]:
    """The shapes of the operations that the program serves."""
    app = make_app(read({"PALAVER_HOME": "nowhere"}))
    return frozenset(
        shape(f"{method} {route.path}")
        for route in app.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    )


def state(known: Known, there: frozenset[str]) -> tuple[State, str]:
    """How far an operation is there, and what there is to say of it."""
    if shape(known.row) in there:
        less = PARTLY.get(known.row)
        return ("partial", less) if less else ("supported", "")
    if known.row in NOT_PLANNED:
        return "not planned", NOT_PLANNED[known.row]
    return "not yet", NOT_YET.get(known.row, "")


def page() -> str:
    """The page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    there = served()
    states = {known: state(known, there) for known in KNOWN}
    yield _HEAD
    yield "| | supported | partial | not yet | not planned |"
    yield "|---|--:|--:|--:|--:|"
    for name, of_client in (("of the official clients", True), ("others", False)):
        counted = [states[one][0] for one in KNOWN if (one.client is not None) == of_client]
        counts = (counted.count(s) for s in ("supported", "partial", "not yet", "not planned"))
        yield f"| {len(counted)} {name} | " + " | ".join(map(str, counts)) + " |"
    yield ""
    yield f"{len(CALLS)} of the clients' are called by the tests with every parameter they have."
    for noun, group in groupby(KNOWN, lambda one: one.noun):
        yield f"\n## {noun}\n"
        yield "| Operation | In the client | State | |"
        yield "|---|---|---|---|"
        for one in group:
            how, why = states[one]
            name = f"`{one.client}`" if one.client else ""
            yield f"| `{one.row}` | {name} | {how} | {why} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
