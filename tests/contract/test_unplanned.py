"""What the contract has and palaver has not is refused with a reason, and repeated by nobody."""

import re
from collections.abc import Iterator

import httpx
import httpx2
import pytest
from fastapi.routing import APIRoute
from letta_client import InternalServerError, Letta
from starlette.routing import Match

from palaver.api.unplanned import NOT_PLANNED, NOT_YET
from palaver.app import make_app
from palaver.settings import read
from tests.contract.fields import OPERATIONS
from tests.servers import Server

ROWS = {**NOT_YET, **NOT_PLANNED}
APP = make_app(read({"PALAVER_HOME": "nowhere"}))


def _real() -> Iterator[tuple[str, APIRoute]]:
    for route in APP.router.routes:
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                yield method, route


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"\1-00000000-0000-4000-8000-000000000000", path)


@pytest.mark.parametrize("slash", ["", "/"])
def test_each_is_refused_with_its_reason(http: httpx2.Client, slash: str) -> None:
    for row, why in ROWS.items():
        method, path = row.split()
        answer = http.request(method, _filled(path) + slash)

        assert answer.status_code == 501, row
        assert answer.json()["detail"] == f"NOT_IMPLEMENTED: {method} {path}: {why}"
        assert answer.headers["x-should-retry"] == "false"


def test_the_official_client_asks_only_once(server: Server) -> None:
    asked: list[str] = []
    hooks = {"request": [lambda request: asked.append(request.method)]}
    with (
        httpx.Client(event_hooks=hooks, trust_env=False) as http,
        Letta(base_url=server.url, http_client=http) as client,
        pytest.raises(InternalServerError, match="no templates"),
    ):
        client.templates.create(type="agent", agent_id="agent-1")

    assert asked == ["POST"]


def test_no_line_stands_for_what_is_there() -> None:
    there = {f"{method} {_shape(route.path)}" for method, route in _real()}
    stale = [row for row in ROWS if _shape(row) in there]

    assert stale == [], "these are built: take their lines out of palaver.api.unplanned"


def test_no_line_stands_before_what_is_there() -> None:
    for method, route in _real():
        path = _filled(route.path).removesuffix("/") if "{" in route.path else route.path
        scope = {"type": "http", "method": method, "path": path}
        first = next(one for one in APP.router.routes if one.matches(scope)[0] is Match.FULL)

        assert isinstance(first, APIRoute), f"{method} {route.path} is refused"


def test_no_operation_of_the_tests_is_left_out() -> None:
    served = {f"{one.method} {one.path}" for one in OPERATIONS}

    assert served & ROWS.keys() == set()


def _shape(path: str) -> str:
    return re.sub(r"\{.*?\}", "{}", path.rstrip("/"))
