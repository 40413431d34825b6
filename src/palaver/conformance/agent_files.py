"""Contract §5.1: agents exported and imported."""

import json
from uuid import uuid4

from palaver.conformance.checks import Section
from palaver.conformance.visit import Visit, spelled

section = Section("agent files")


@section.check
def there_and_back(it: Visit) -> None:
    """An exported agent comes in again under another id, with its memory and its messages."""
    agent = it.agent(memory_blocks=[{"label": "human", "value": "Ada, who sails"}], tags=["af"])
    it.client.agents.messages.create(agent.id, input="[[words: 5]] Count to five.")
    exported = it.ask("GET", f"/v1/agents/{agent.id}/export").content
    file = ("ada.af", exported, "application/json")
    [twin] = it.client.agents.import_file(file=file, name="conformance twin").agent_ids
    it.made.append(f"/v1/agents/{twin}")
    it.true("the twin has an id of its own", twin, holds=twin != agent.id)
    block = it.json("GET", f"/v1/agents/{twin}/core-memory/blocks/human")
    it.made.append(f"/v1/blocks/{block['id']}")
    it.same("its memory", block["value"], "Ada, who sails")

    def said(agent_id: str) -> str:
        return spelled(it.json("GET", f"/v1/agents/{agent_id}/messages", order="asc"))

    it.same("what it has said", said(twin), said(agent.id))


@section.check
def refused(it: Visit) -> None:
    """A file that is no agent file is refused, and nothing is made of it."""
    tag = f"conformance-{uuid4().hex}"
    agent = it.agent(tags=[tag])
    whole = json.dumps({"agents": [{"id": "agent-0", "tags": [tag]}], "blocks": "none"}).encode()
    for content in (b"{", b"[]", whole):
        files = {"file": ("broken.af", content, "application/json")}
        answer = it.http.post("/v1/agents/import", files=files)
        it.true(
            "a broken file is refused",
            (answer.status_code, answer.text[:200]),
            holds=answer.status_code in (400, 422) and bool(answer.json()["detail"]),
        )
    there = [one["id"] for one in it.json("GET", "/v1/agents/", tags=tag)]
    it.same("the agents that have its tag", there, [agent.id])
