"""The bodies of refusals (contract §1.9)."""

from collections.abc import Mapping
from typing import Any

OURS = {  # more than the contract gives
    "code", "run_id", "stream_url", "waiting", "retry_after", "pending_request_id", "tool_calls",
}  # fmt: skip

ERROR_TYPES = {
    "llm_bad_request",
    "llm_authentication",
    "llm_insufficient_credits",
    "llm_rate_limit",
    "llm_error",
    "llm_timeout",
    "mcp_connection_error",
}


def check_problem(status: int, headers: Mapping[str, str], body: Any) -> None:
    """Assert that a refusal is told as the contract tells it."""
    if "error" in body:
        assert body.keys() == {"error"}
        assert body["error"].keys() - OURS == {"type", "message", "detail"}
        assert body["error"]["type"] in ERROR_TYPES
        assert body["error"]["message"]
        return
    assert isinstance(body["detail"], str), body
    assert body["detail"]
    more = body.keys() - {"detail"}
    assert more <= OURS | {"trace_id"}
    if "trace_id" in body:
        assert status == 422
    if status == 409:
        assert headers["x-should-retry"] == "false"
