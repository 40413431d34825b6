"""Contract §5.1: archives and passages, by themselves and as the memory of an agent."""

from letta_client.types import Archive, Passage

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit, nowhere

section = Section("archives")


def _archive(it: Visit, name: str = "Papers") -> Json:
    made: Json = it.json("POST", "/v1/archives/", {"name": name})
    it.made.append(f"/v1/archives/{made['id']}")
    it.same("the name of a new archive", made["name"], name)
    return made


@section.check
def made(it: Visit) -> None:
    """An archive is made, read, changed and deleted, and is of the client's type."""
    archive = _archive(it)
    path = f"/v1/archives/{archive['id']}"
    it.typed(Archive, it.json("GET", path))
    it.same("a new name", it.json("PATCH", path, {"name": "Letters"})["name"], "Letters")
    it.same("the status of deleting", it.ask("DELETE", path).status_code, 204)
    it.refused(404, "GET", path)


@section.check
def passages(it: Visit) -> None:
    """Passages are put into an archive, found by their words and tags, and taken out."""
    archive = _archive(it)["id"]
    path = f"/v1/archives/{archive}/passages"
    one = it.json("POST", path, {"text": "The lighthouse is striped.", "tags": ["sea"]})
    it.typed(Passage, one)
    many = {"passages": [{"text": "The mill turns.", "tags": ["land"]}, {"text": "Rain."}]}
    it.same("how many were put in", len(it.json("POST", f"{path}/batch", many)), 2)

    def found(**wanted: object) -> list[str]:
        asked = {"archive_id": archive, **wanted}
        hits = it.json("POST", "/v1/passages/search", asked)
        return [hit["passage"]["text"] for hit in hits]

    it.same("what a word finds first", found(query="lighthouse")[:1], [one["text"]])
    it.same("what a tag finds", found(tags=["land"]), ["The mill turns."])
    it.same("the status of deleting", it.ask("DELETE", f"{path}/{one['id']}").status_code, 204)
    it.same("what its tag finds then", found(tags=["sea"]), [])


@section.check
def of_agent(it: Visit) -> None:
    """What an agent archives is listed, searched and deleted."""
    agent = it.agent()
    path = f"/v1/agents/{agent.id}/archival-memory"
    [passage] = it.json("POST", path, {"text": "Ada sails."})
    it.same("what is listed", [one["text"] for one in it.json("GET", path)], ["Ada sails."])
    found = it.json("GET", f"{path}/search", query="sails")
    it.same("how many are found", found["count"], 1)
    it.json("DELETE", f"{path}/{passage['id']}")
    it.same("what is listed then", it.json("GET", path), [])


@section.check
def shared(it: Visit) -> None:
    """An archive is attached to an agent and detached; one that is not there is refused."""
    agent, archive = it.agent(), _archive(it)
    path = f"/v1/agents/{agent.id}/archives"
    it.json("PATCH", f"{path}/attach/{archive['id']}")
    listed = it.json("GET", "/v1/archives/", agent_id=agent.id)
    it.same("the agent's archives", [one["id"] for one in listed], [archive["id"]])
    it.json("PATCH", f"{path}/detach/{archive['id']}")
    it.same("its archives then", it.json("GET", "/v1/archives/", agent_id=agent.id), [])
    it.refused(404, "PATCH", f"{path}/attach/{nowhere('archive')}")
