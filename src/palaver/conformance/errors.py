"""Contract §1.9: refusals."""

import json

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit

section = Section("errors")


def _unharmed(it: Visit, path: str) -> None:
    """Nothing of what was refused is in the conversation whose messages are at `path`."""
    said = it.json("GET", path)
    it.same("what is in it", [one["message_type"] for one in said], ["system_message"])


@section.check
def malformed_ids(it: Visit) -> None:
    """An id that is malformed is a 422, and told in words."""
    it.agent()
    for path in ("/v1/agents/agent-1", "/v1/conversations/conv-1", "/v1/runs/run-1", "/v1/steps/x"):
        it.refused(422, "GET", path)


@section.check
def one_thing(it: Visit) -> None:
    """A send says exactly one thing: input or messages, and not none of it."""
    path = f"/v1/conversations/{it.conversation().id}/messages"
    both = {"input": "Hello", "messages": [{"role": "user", "content": "Hello"}]}
    bodies: tuple[Json, ...] = ({}, both, {"messages": []})
    for body in bodies:
        it.refused(422, "POST", path, body)
    _unharmed(it, path)


@section.check
def wrong_types(it: Visit) -> None:
    """What is of the wrong type is a 422."""
    path = f"/v1/conversations/{it.conversation().id}/messages"
    for body in (
        {"input": 5}, {"input": "Hello", "max_steps": "many"}, {"messages": [{"role": "nobody"}]},
        {"messages": "Hello"},
    ):  # fmt: skip
        it.refused(422, "POST", path, body)
    _unharmed(it, path)


@section.check
def no_json(it: Visit) -> None:
    """What is no JSON is refused, and told in words."""
    path = f"/v1/conversations/{it.conversation().id}/messages"
    headers = {"content-type": "application/json"}
    answer = it.http.post(path, content=b'{"input": ', headers=headers)
    it.true("400 or 422", answer.status_code, holds=answer.status_code in (400, 422))
    it.true("why", answer.text, holds=bool(answer.json()["detail"]))
    _unharmed(it, path)


@section.check
def unknown_model(it: Visit) -> None:
    """A send with a model that nobody knows is refused, and nothing is kept of it."""
    path = f"/v1/conversations/{it.conversation().id}/messages"
    it.refused(404, "POST", path, {"input": "Hello", "override_model": "nobody/nothing"})
    _unharmed(it, path)


@section.check
def out_of_bounds(it: Visit) -> None:
    """A query that is out of bounds is a 422."""
    agent = it.agent()
    own = {"agent_id": agent.id}
    it.same("one that is not", it.json("GET", "/v1/runs/", limit=5, **own), [])
    for path, query in (
        ("/v1/runs/", {"limit": 100_000}), ("/v1/runs/", {"limit": -1}),
        ("/v1/conversations/", {"order": "sideways"}), ("/v1/agents/", {"order_by": "colour"}),
    ):  # fmt: skip
        it.refused(422, "GET", path, **query)


@section.check
def insides(it: Visit) -> None:
    """A refusal is JSON with a detail in words, and tells nothing of the server within."""
    conversation = it.conversation()
    it.client.conversations.delete(conversation.id)
    answer = it.ask("GET", f"/v1/conversations/{conversation.id}")
    it.same("the status", answer.status_code, 404)
    kind = answer.headers["content-type"].partition(";")[0]
    it.same("the content type", kind, "application/json")
    text = json.dumps(answer.json())
    shown = [word for word in ("Traceback", "object at 0x", "sqlalchemy") if word in text]
    it.same("words from inside", shown, [])


@section.check
def not_repeated(it: Visit) -> None:
    """A refusal that will not change by itself is not sent again by the client."""
    conversation = it.conversation()
    answer = it.ask("POST", f"/v1/conversations/{conversation.id}/cancel")
    it.same("the status of a cancel of nothing", answer.status_code, 409)
    it.same("x-should-retry", answer.headers.get("x-should-retry"), "false")
