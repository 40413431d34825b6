"""What holds answers against the contract sees what is wrong with them."""

import json
from typing import Any

import pytest

from tests.contract.fields import check, operation_of

BLOCK: dict[str, Any] = {
    "id": "block-01a20a62-8453-4f50-907e-4b685d068ac6",
    "value": "v",
    "label": None,
    "description": None,
    "limit": 1,
    "read_only": False,
    "metadata": {},
    "tags": ["t"],
    "hidden": None,
    "is_template": False,
    "template_name": None,
    "template_id": None,
    "base_template_id": None,
    "deployment_id": None,
    "entity_id": None,
    "preserve_on_migration": False,
    "project_id": None,
    "created_by_id": None,
    "last_updated_by_id": None,
}
STOP = {"message_type": "stop_reason", "stop_reason": "end_turn"}
PING = {
    "message_type": "ping",
    "id": "ping-1",
    "date": "2026-01-02T03:04:05+00:00",
    **dict.fromkeys(("name", "otid", "sender_id", "step_id", "run_id", "seq_id", "is_err")),
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("Block", BLOCK), ("array<Block>", [BLOCK] * 2), ("LettaStreamingResponse", STOP)],
)
def test_what_is_right_passes(kind: str, value: Any) -> None:
    check(kind, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        ("Block", {**BLOCK, "value": 1}, "1 is no string"),
        ("Block", {**BLOCK, "limit": True}, "True is no integer"),
        ("Block", {**BLOCK, "value": None}, "value must not be null"),
        ("Block", {**BLOCK, "tags": [1]}, r"tags\[0\]: 1 is no string"),
        ("Block", {**BLOCK, "id": "conv-1"}, "not of the form"),
        ("Block", {**BLOCK, "more": 1}, "more is not in the contract"),
        ("Block", {"id": BLOCK["id"]}, "value is not there"),
        ("array<Block>", BLOCK, "is no array"),
        ("LettaStopReason", {**STOP, "stop_reason": "tired"}, "'tired' is none of"),
        ("LettaStreamingResponse", {"message_type": "rumour"}, "'rumour' tells no kind"),
        ("LettaPing", {**PING, "date": "today"}, "'today' is no datetime"),
        ("LettaPing", {**PING, "date": "2026-01-02T03:04:05"}, "is no datetime"),
    ],
)
def test_what_is_wrong_does_not(kind: str, value: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check(kind, value)


def test_the_plainer_path_is_the_operation() -> None:
    assert operation_of("GET", "/v1/models/embedding").response == "array<EmbeddingModel>"
    assert operation_of("GET", "/v1/conversations").response == "array<Conversation>"
    with pytest.raises(AssertionError, match="no operation"):
        operation_of("GET", "/v1/nothing")
