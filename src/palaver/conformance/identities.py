"""Contract §5.1: identities, and how agents are found by them."""

from uuid import uuid4

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit

section = Section("identities")


def _identity(it: Visit, key: str, name: str = "Ada") -> Json:
    given = {"identifier_key": key, "name": name, "identity_type": "user"}
    made: Json = it.json("PUT", "/v1/identities/", given)
    it.made.append(f"/v1/identities/{made['id']}")
    it.same("the key of an identity", made["identifier_key"], key)
    return made


@section.check
def made(it: Visit) -> None:
    """An identity is made once for a key, changed and deleted."""
    key = f"conformance-{uuid4().hex}"
    identity = _identity(it, key)
    path = f"/v1/identities/{identity['id']}"
    it.same("who has the key", _identity(it, key, "Ada L.")["id"], identity["id"])
    it.same("the name it has now", it.json("GET", path)["name"], "Ada L.")
    it.same("a new name", it.json("PATCH", path, {"name": "Lovelace"})["name"], "Lovelace")
    it.json("DELETE", path)
    it.refused(404, "GET", path)


@section.check
def attached(it: Visit) -> None:
    """Agents are found by the identity that is attached to them, and by its key."""
    agent, key = it.agent(), f"conformance-{uuid4().hex}"
    identity = _identity(it, key)["id"]
    it.client.agents.identities.attach(identity, agent_id=agent.id)

    def found(**wanted: object) -> list[str]:
        return [one["id"] for one in it.json("GET", "/v1/agents/", **wanted)]

    it.same("by the identity", found(identity_id=identity), [agent.id])
    it.same("by its key", found(identifier_keys=key), [agent.id])
    it.client.agents.identities.detach(identity, agent_id=agent.id)
    it.same("by the identity, once detached", found(identity_id=identity), [])
