"""The bytes themselves: what the clients do not show (contract §1.4, §1.9, §3.6)."""

import json
from typing import Any

import httpx2
import pytest
from letta_client import ConflictError, Letta

from tests.contract.fields import check
from tests.contract.talk import DONE, turn_of
from tests.servers import Server

SLOW = {"input": "[[pace: 20]] [[words: 1000]]", "stream_tokens": True}


@pytest.fixture
def place(http: httpx2.Client, agent: str) -> str:
    """The path of the messages of a conversation in which nothing was said yet."""
    made = http.post("/v1/conversations/", params={"agent_id": agent}).json()
    return f"/v1/conversations/{made['id']}/messages"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "noun", ["agents", "blocks", "conversations", "models", "runs", "steps", "tools"]
)
def test_collections_have_two_spellings(http: httpx2.Client, noun: str, slash: str) -> None:
    assert http.get(f"/v1/{noun}{slash}", params={"limit": 1}).status_code == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_so_have_all_other_paths(http: httpx2.Client, agent: str, slash: str) -> None:
    made = http.post(f"/v1/conversations{slash}", params={"agent_id": agent}, json={})
    place = f"/v1/conversations/{made.json()['id']}"

    assert http.get(place + slash).status_code == 200
    assert http.get(f"{place}/messages{slash}").status_code == 200
    assert http.post(f"{place}/fork{slash}").status_code == 200
    with http.stream("POST", f"{place}/messages{slash}", json={"input": "Hi"}) as answer:
        assert answer.status_code == 200


def test_labels_may_hold_slashes_however_they_are_spelled(http: httpx2.Client, agent: str) -> None:
    block = http.post("/v1/blocks/", json={"label": "a/b", "value": "v"}).json()
    blocks = f"/v1/agents/{agent}/core-memory/blocks"
    http.patch(f"{blocks}/attach/{block['id']}")

    assert http.get(f"{blocks}/a%2Fb").json()["id"] == block["id"]
    assert http.get(f"{blocks}/a%2Fb/").json()["id"] == block["id"]


def test_a_stream_is_bare_data_lines(http: httpx2.Client, place: str) -> None:
    with http.stream("POST", place, json={"input": "Hi", "stream_tokens": True}) as answer:
        text = answer.read().decode()

    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in answer.headers
    lines = text.split("\n")
    assert all(line.startswith("data: ") for line in lines[::2][:-1])
    assert set(lines[1::2]) == {""}
    assert text.endswith(f"{DONE}\n\n")
    assert all(json.loads(line[6:])["message_type"] for line in lines[::2][:-2])


def test_the_first_frame_is_a_ping_before_the_model_has_said_a_word(
    http: httpx2.Client, place: str
) -> None:
    mute = {**SLOW, "input": "[[pace: 60000]]"}

    with http.stream("POST", place, json=mute) as answer:
        lines = answer.iter_lines()
        ping = json.loads(next(lines).removeprefix("data: "))
        http.post(place.replace("/messages", "/cancel"))
        _, stop, _, done, _ = lines

    check("LettaPing", ping)
    assert ping["run_id"].startswith("run-")
    assert ping["seq_id"] == 0
    assert json.loads(stop.removeprefix("data: "))["stop_reason"] == "cancelled"
    assert done == DONE


def test_the_answer_streams_whatever_the_client_accepts(http: httpx2.Client, place: str) -> None:
    headers = {"accept": "application/json"}

    with http.stream("POST", place, json={"input": "Hi"}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")


def test_the_body_ends_with_the_last_frame(server: Server, place: str) -> None:
    """A connection that is not kept is closed at once: reading to its end does not wait."""
    with httpx2.Client(base_url=server.url, timeout=3, trust_env=False) as once:
        headers = {"connection": "close"}
        with once.stream("POST", place, json={"input": "Hi"}, headers=headers) as answer:
            assert answer.read().endswith(f"{DONE}\n\n".encode())


def test_a_failure_is_the_one_named_event(http: httpx2.Client, place: str) -> None:
    with http.stream("POST", place, json={"input": "Half a sentence [[fail: cut]]"}) as answer:
        text = answer.read().decode()

    turn = turn_of(text)
    assert text.count("event: ") == text.count("event: error\n") == 1
    assert turn.kinds == ["ping", "assistant_message", "stop_reason", "error_message"]
    assert turn.stop == "llm_api_error"
    [error] = turn.of("error_message")
    assert error["error_type"] == "llm_error"
    assert error["run_id"] == turn.run_id


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        ("auth", 401, "llm_authentication"),
        ("credits", 402, "llm_insufficient_credits"),
        ("rate_limit", 429, "llm_rate_limit"),
        ("timeout", 504, "llm_timeout"),
        ("overloaded", 503, "llm_error"),
        ("error", 500, "llm_error"),
    ],
)
def test_a_failure_that_is_not_streamed_has_its_status(
    http: httpx2.Client, place: str, failure: str, status: int, kind: str
) -> None:
    answer = http.post(place, json={"input": f"[[fail: {failure}]]", "streaming": False})

    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind
    assert http.post(place, json={"input": "Hi", "streaming": False}).status_code == 200


def test_all_at_once(http: httpx2.Client, place: str) -> None:
    answer = http.post(place, json={"input": "[[think: well]] Hi", "streaming": False}).json()

    stored = http.get(place, params={"order": "asc"}).json()
    assert answer["messages"] == stored[2:]
    assert answer["stop_reason"]["stop_reason"] == "end_turn"


@pytest.mark.parametrize("streaming", [True, False])
def test_a_busy_conversation_says_who_is_busy_and_not_to_try_again(
    http: httpx2.Client, place: str, streaming: bool
) -> None:
    with http.stream("POST", place, json=SLOW) as first:
        lines = first.iter_lines()
        run_id = json.loads(next(lines).removeprefix("data: "))["run_id"]

        busy = http.post(place, json={"input": "Hi", "streaming": streaming})
        http.post(place.replace("/messages", "/cancel"))
        *_, stop, _, done, _ = lines

    assert busy.status_code == 409
    assert busy.headers["x-should-retry"] == "false"
    assert busy.json()["run_id"] == run_id
    assert f"run_id={run_id}" in busy.json()["detail"]
    assert json.loads(stop.removeprefix("data: "))["stop_reason"] == "cancelled"
    assert done == DONE


def test_a_client_that_tries_again_by_default_does_not_do_so_here(
    server: Server, http: httpx2.Client, place: str
) -> None:
    conversation = place.split("/")[3]
    patient = Letta(base_url=server.url, max_retries=5)

    with pytest.raises(ConflictError) as refused:
        patient.conversations.cancel(conversation)

    assert refused.value.response.request.headers["x-stainless-retry-count"] == "0"


MALFORMED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/conversations/conv-1", {}),
    ("GET", "/v1/agents/agent-1", {}),
    ("GET", "/v1/conversations/", {"params": {"limit": -1}}),
    ("GET", "/v1/conversations/", {"params": {"order": "sideways"}}),
    ("POST", "/v1/conversations/", {}),
    ("POST", "/v1/blocks/", {"json": {"value": "without a label"}}),
    ("POST", "/v1/blocks/", {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("PATCH", "/v1/conversations/conv-00000000-0000-4000-8000-000000000000", {}),
]


@pytest.mark.parametrize(("method", "path", "sent"), MALFORMED)
def test_what_is_malformed_is_told_in_words(
    http: httpx2.Client, method: str, path: str, sent: dict[str, Any]
) -> None:
    answer = http.request(method, path, **sent)

    assert answer.status_code == 422
    assert answer.json().keys() == {"trace_id", "detail"}


def test_what_is_not_said_to_be_json_is_told_how_to_be(http: httpx2.Client, agent: str) -> None:
    for kind in (None, "application/x-www-form-urlencoded"):  # the latter is what curl says
        headers = {} if kind is None else {"content-type": kind}
        answer = http.patch(f"/v1/agents/{agent}", content=b"{}", headers=headers)
        assert "application/json" in answer.json()["detail"]
    headers = {"content-type": "application/json"}
    answer = http.patch(f"/v1/agents/{agent}", content=b'{"name": "x",}', headers=headers)
    assert "line 1 column 14" in answer.json()["detail"]


def test_an_empty_parameter_is_as_good_as_none(http: httpx2.Client, place: str) -> None:
    conversation = http.get(place.removesuffix("/messages")).json()["id"]
    empty = {"agent_id": "", "summary_search": "", "after": "", "limit": "", "order": ""}
    listed = http.get("/v1/conversations/", params=empty).raise_for_status().json()
    assert conversation in [one["id"] for one in listed]
    for params in ({"after": "", "include_return_message_types": ""}, {"limit": "1", "before": ""}):
        assert len(http.get(place, params=params).raise_for_status().json()) == 1


def test_what_is_absent_is_told_in_words(http: httpx2.Client) -> None:
    answer = http.get("/v1/agents/agent-00000000-0000-4000-8000-000000000000")

    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("NOT_FOUND: ")


def test_unknown_fields_and_headers_are_ignored(http: httpx2.Client, agent: str) -> None:
    answer = http.patch(
        f"/v1/agents/{agent}",
        json={"name": "Ada", "max_tokens": 1, "nonsense": {}},
        headers={"x-letta-source": "letta-code", "x-project": "p", "authorization": "Bearer x"},
    )

    assert answer.status_code == 200


def test_dates_are_of_two_forms(http: httpx2.Client, place: str) -> None:
    conversation = http.get(place.removesuffix("/messages")).json()
    [message] = http.get(place).json()

    assert conversation["created_at"].endswith("Z")
    assert message["date"].endswith("+00:00")
    assert len(message["date"]) == len("2026-01-02T03:04:05+00:00")
