"""Contract §1: spellings, encodings, ids, times."""

import re
from datetime import datetime, timedelta

from letta_client.types import HealthResponse

from palaver.conformance.checks import Section
from palaver.conformance.visit import Visit, nowhere

section = Section("conventions")

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@section.check
def health(it: Visit) -> None:
    """A server that is there says so, and says nothing of paths that are not."""
    for path in ("/v1/health", "/v1/health/"):
        told = it.json("GET", path)
        it.typed(HealthResponse, told)
        it.same(f"the status that {path} tells", told["status"], "ok")
    it.same("the status of a path that is not", it.ask("GET", "/v1/nothing").status_code, 404)


@section.check
def two_spellings(it: Visit) -> None:
    """Collections are found with a slash at their end and without, and never redirected."""
    agent = it.agent()
    conversation = it.conversation(agent.id)
    for noun, own in (("agents", agent.id), ("conversations", conversation.id)):
        for path in (f"/v1/{noun}", f"/v1/{noun}/"):
            found = it.json("GET", path, limit=100)
            it.true(f"{path} lists it", own, holds=own in [one["id"] for one in found])
    for noun in ("blocks", "runs", "steps", "tools", "models"):
        statuses = [it.ask("GET", f"/v1/{noun}{end}").status_code for end in ("", "/")]
        it.same(f"the statuses of /v1/{noun} and /v1/{noun}/", statuses, [200, 200])


@section.check
def posts(it: Visit) -> None:
    """A POST is not redirected, whichever way its path is spelled."""
    agent = it.agent()
    for path in ("/v1/conversations", "/v1/conversations/"):
        made = it.json("POST", path, {}, agent_id=agent.id)
        it.same(f"whose the conversation of {path} is", made["agent_id"], agent.id)


@section.check
def bare_arrays(it: Visit) -> None:
    """Lists are bare arrays."""
    agent = it.agent()
    it.conversation(agent.id)
    for path in ("/v1/agents/", "/v1/conversations/"):
        found = it.json("GET", path)
        it.true(f"{path} answers an array of objects with ids", found, holds=bool(found[0]["id"]))


@section.check
def unknown(it: Visit) -> None:
    """Fields and headers that nobody knows are ignored."""
    agent = it.agent()
    answer = it.http.patch(
        f"/v1/agents/{agent.id}",
        json={"description": "known", "max_tokens": 5, "nobody_knows": {"this": []}},
        headers={"X-Letta-Source": "letta-code", "X-Experimental-Message-Async": "true"},
    )
    it.same("the status", answer.status_code, 200)
    it.same("the field that is known", answer.json()["description"], "known")


@section.check
def ids(it: Visit) -> None:
    """Ids are a word, a dash and a lower-case uuid4."""
    agent = it.agent()
    conversation = it.conversation(agent.id)
    events = it.send(conversation.id)
    run_id = str(next(event["run_id"] for event in events if event.get("run_id")))
    step = it.json("GET", f"/v1/runs/{run_id}/steps")[0]
    found = {
        "agent": agent.id,
        "conv": conversation.id,
        "block": it.block()["id"],
        "message": it.said(conversation.id)[0]["id"],
        "run": run_id,
        "step": step["id"],
    }
    for prefix, value in found.items():
        holds = re.fullmatch(f"{prefix}-{_ID}", value) is not None
        it.true(f"an id of the form {prefix}-<uuid4>", value, holds=holds)


@section.check
def moments(it: Visit) -> None:
    """Moments of things are in UTC, dates of messages in whole seconds of it."""
    conversation = it.conversation()
    read = it.json("GET", f"/v1/conversations/{conversation.id}")
    created = datetime.fromisoformat(read["created_at"])
    it.same("the zone of created_at", created.utcoffset(), timedelta(0))
    date = it.said(conversation.id)[0]["date"]
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    it.true("a message's date", date, holds=re.fullmatch(form, date) is not None)


@section.check
def repeated_keys(it: Visit) -> None:
    """A key that is repeated in a query is an array."""
    tags = [f"conformance-{it.block()['value']}-{n}" for n in range(2)]
    agents = [it.agent(tags=[tag]).id for tag in tags]
    found = it.json("GET", "/v1/agents/", tags=tags, order="asc")
    it.same("the agents with one of two tags", [one["id"] for one in found], agents)


@section.check
def empty_filters(it: Visit) -> None:
    """An empty filter is none."""
    conversation = it.conversation(summary="Something")
    found = it.json("GET", "/v1/conversations/", agent_id=conversation.agent_id, summary_search="")
    it.same("what an empty search finds", [one["id"] for one in found], [conversation.id])


@section.check
def models(it: Visit) -> None:
    """The models that can be used are listed, the one of these checks among them."""
    found = it.json("GET", "/v1/models/")
    handles = [one["handle"] for one in found]
    it.true(f"{it.model} is listed", handles, holds=it.model in handles)
    for one in found:
        it.true(
            "a model tells its window",
            one["max_context_window"],
            holds=isinstance(one["max_context_window"], int),
        )
    embeddings = it.json("GET", "/v1/models/embedding")
    it.true("embedding models are an array of others", embeddings, holds=embeddings != found)


@section.check
def absent(it: Visit) -> None:
    """What is well-formed and not there is a 404 with a reason."""
    it.agent()
    for path, prefix in (
        ("/v1/agents", "agent"), ("/v1/blocks", "block"), ("/v1/conversations", "conv"),
        ("/v1/runs", "run"), ("/v1/steps", "step"), ("/v1/tools", "tool"),
        ("/v1/messages", "message"),
    ):  # fmt: skip
        it.refused(404, "GET", f"{path}/{nowhere(prefix)}")
