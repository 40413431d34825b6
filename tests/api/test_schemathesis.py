"""The OpenAPI document keeps its word: whatever is asked, the answer is one that it announces."""

import os
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from palaver.app import make_app
from palaver.settings import Settings
from tests.api.here import OFFLINE, serving

CASES = int(os.environ.get("PALAVER_CASES", "3"))
"""For each operation, in each of schemathesis' phases; `make soak` has more of them."""

_PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
_LABEL = "notes"

document = make_app(Settings(home=Path("nowhere"), database_url="sqlite:///nowhere")).openapi()
schema = schemathesis.openapi.from_dict(document)
schema.config.phases.coverage.enabled = "PALAVER_CASES" in os.environ


@pytest.fixture(scope="module")
def url(file_url: str) -> Iterator[str]:
    """A server that runs beside the tests."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            serving(file_url, traces_keep=timedelta(hours=1))
        ) as client,
    ):
        yield str(client.http.base_url)


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx2.Client]:
    """Who makes what is asked about."""
    with httpx2.Client(base_url=url, trust_env=False) as http:
        yield http


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """What stands as it was made; an operation that may have changed it empties this."""
    return {}


@pytest.fixture
def things(http: httpx2.Client, made: dict[str, str]) -> dict[str, str]:
    """One of each thing that has an id, by the name of the id, as it was made."""
    if not made:
        made.update(_one_of_each(http))
    return dict(made)


def _one_of_each(http: httpx2.Client) -> dict[str, str]:
    block = http.post("/v1/blocks/", json={"label": _LABEL, "value": ""}).json()
    body = {"model": OFFLINE, "block_ids": [block["id"]]}
    agent = http.post("/v1/agents/", json=body).json()
    conversation = http.post("/v1/conversations/", params={"agent_id": agent["id"]}).json()
    messages = f"/v1/conversations/{conversation['id']}/messages"
    said = http.post(messages, json={"input": "Hello", "streaming": False}).json()
    folder = http.post("/v1/folders/", json={"name": conversation["id"]}).json()["id"]
    file = http.post(f"/v1/folders/{folder}/upload", files={"file": ("a.txt", b"Tea.")})
    http.patch(f"/v1/agents/{agent['id']}/folders/attach/{folder}")
    return {
        "batch_id": http.post(
            "/v1/messages/batches",
            json={"requests": [{"agent_id": agent["id"], "input": "Hello"}]},
        ).json()["id"],
        "folder_id": folder,
        "file_id": file.json()["id"],
        "agent_id": agent["id"],
        "block_id": block["id"],
        "block_label": _LABEL,
        "conversation_id": conversation["id"],
        "message_id": said["messages"][0]["id"],
        "run_id": said["messages"][0]["run_id"],
        "step_id": said["messages"][0]["step_id"],
        "tool_id": http.get("/v1/tools/").json()[0]["id"],
    }


@schema.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_announced(
    case: Any, url: str, things: dict[str, str], made: dict[str, str]
) -> None:
    if case.method != "GET" and case.path_parameters:
        made.clear()
    case.path_parameters = _real(case.path_parameters, things)
    case.query = _real(case.query, things)
    answer = case.call(base_url=url, timeout=20)
    case.validate_response(answer, checks=_PROMISES)


def _real(parameters: Any, things: dict[str, str]) -> Any:
    """Parameters, of which about every other id is that of something that is there."""
    if not isinstance(parameters, dict):
        return parameters
    return {
        name: things[name] if name in things and zlib.crc32(repr(value).encode()) % 2 else value
        for name, value in parameters.items()
    }
