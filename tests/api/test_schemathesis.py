"""The OpenAPI document keeps its word: whatever is asked, the answer is one that it announces."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from palaver.app import make_app
from palaver.settings import Settings
from tests.api.here import serving

CASES = int(os.environ.get("PALAVER_CASES", "25"))
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


@pytest.fixture(scope="module")
def url(file_url: str) -> Iterator[str]:
    """A server that runs beside the tests."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(file_url)) as client,
    ):
        yield str(client.http.base_url)


@schema.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_announced(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url, checks=_PROMISES, timeout=20)
