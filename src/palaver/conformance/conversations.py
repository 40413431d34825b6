"""Contract §2: conversations."""

from letta_client.types import Conversation

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit, kinds, nowhere

section = Section("conversations")


def _listed(it: Visit, agent_id: str, **wanted: object) -> list[str]:
    found: list[Json] = it.json("GET", "/v1/conversations/", agent_id=agent_id, **wanted)
    return [one["id"] for one in found]


@section.check
def made(it: Visit) -> None:
    """A new conversation has what it was given, and is of the client's type."""
    given = {"summary": "S", "description": "D", "context_window_limit": 16_000}
    agent = it.agent()
    new = it.json("POST", "/v1/conversations/", given, agent_id=agent.id)
    read = it.json("GET", f"/v1/conversations/{new['id']}")
    it.typed(Conversation, read)
    it.same("what is read", {name: read[name] for name in given}, given)
    it.same("whose it is", read["agent_id"], agent.id)
    it.same("whether it is archived", read["archived"], False)


@section.check
def begins(it: Visit) -> None:
    """A new conversation begins with its system message and nothing else."""
    conversation = it.conversation()
    said = it.said(conversation.id)
    it.same("what was said", kinds(said), ["system_message"])
    context = it.client.conversations.retrieve(conversation.id).in_context_message_ids
    it.same("what is in its context", context, [said[0]["id"]])


@section.check
def somebodys(it: Visit) -> None:
    """A conversation is somebody's: without an agent a 422, with an unknown one a 404."""
    it.conversation()
    it.refused(422, "POST", "/v1/conversations/", {})
    it.refused(404, "POST", "/v1/conversations/", {}, agent_id=nowhere("agent"))


@section.check
def listed(it: Visit) -> None:
    """Conversations are listed newest first, by their agent."""
    agent = it.agent()
    own = [it.conversation(agent.id).id for _ in range(3)]
    it.same("the list", _listed(it, agent.id), own[::-1])
    it.same("oldest first", _listed(it, agent.id, order="asc"), own)
    it.same("those of another agent", _listed(it, it.agent().id), [])


@section.check
def pages(it: Visit) -> None:
    """Pages of conversations tile, in both orders."""
    agent = it.agent()
    own = [it.conversation(agent.id).id for _ in range(3)]
    for order, wanted in (("asc", own), ("desc", own[::-1])):
        first = _listed(it, agent.id, order=order, limit=2)
        rest = _listed(it, agent.id, order=order, limit=2, after=first[-1])
        it.same(f"two pages, {order}", first + rest, wanted)


@section.check
def by_last_message(it: Visit) -> None:
    """Conversations in which something was said last come first, if so ordered."""
    agent = it.agent()
    own = [it.conversation(agent.id).id for _ in range(3)]
    it.send(own[1])
    it.send(own[0])
    it.same("the list", _listed(it, agent.id, order_by="last_message_at"), [own[0], own[1], own[2]])


@section.check
def hidden(it: Visit) -> None:
    """Hidden conversations are read, and not listed."""
    agent = it.agent()
    own = it.conversation(agent.id, hidden=True)
    shown = it.conversation(agent.id)
    it.same("the list", _listed(it, agent.id), [shown.id])
    it.same("what is read", it.client.conversations.retrieve(own.id).id, own.id)


@section.check
def archived(it: Visit) -> None:
    """Archived conversations are listed apart, and may be taken back."""
    agent = it.agent()
    own, other = it.conversation(agent.id), it.conversation(agent.id)
    away = it.client.conversations.update(own.id, archived=True)
    it.true("when it was archived", str(away.archived_at), holds=away.archived_at is not None)
    for status, wanted in (
        ("unarchived", [other.id]), ("archived", [own.id]), ("all", [other.id, own.id]),
    ):  # fmt: skip
        it.same(f"those that are {status}", _listed(it, agent.id, archive_status=status), wanted)
    back = it.client.conversations.update(own.id, archived=False)
    it.same("after it was taken back", (back.archived, back.archived_at), (False, None))


@section.check
def searched(it: Visit) -> None:
    """Summaries are searched."""
    agent = it.agent()
    own = it.conversation(agent.id, summary="On lighthouses")
    it.conversation(agent.id, summary="On harbours")
    it.same("what is found", _listed(it, agent.id, summary_search="lighthouse"), [own.id])


@section.check
def changed(it: Visit) -> None:
    """A change leaves the rest as it was, and null clears."""
    conversation = it.conversation(summary="S", description="D")
    path = f"/v1/conversations/{conversation.id}"
    after = it.json("PATCH", path, {"summary": "T"})
    it.same("what was changed", after["summary"], "T")
    it.same("what was not", after["description"], "D")
    it.same("what null clears", it.json("PATCH", path, {"summary": None})["summary"], None)


@section.check
def deleted(it: Visit) -> None:
    """A deleted conversation is gone, and is not deleted twice."""
    conversation = it.conversation()
    path = f"/v1/conversations/{conversation.id}"
    it.same("the status of deleting", it.ask("DELETE", path).status_code, 200)
    it.refused(404, "GET", path)
    it.refused(404, "GET", f"{path}/messages")
    it.refused(404, "DELETE", path)
    it.same("the list", _listed(it, conversation.agent_id), [])


@section.check
def forked(it: Visit) -> None:
    """A fork shares what was said, and then each goes its own way."""
    conversation = it.conversation()
    it.send(conversation.id, "Before")
    fork = it.json("POST", f"/v1/conversations/{conversation.id}/fork")
    before = [one["id"] for one in it.said(conversation.id)][1:]
    it.same("what both hold", [one["id"] for one in it.said(fork["id"])][1:], before)
    it.send(fork["id"], "After")
    it.same("what the source holds", [one["id"] for one in it.said(conversation.id)][1:], before)


@section.check
def forked_at(it: Visit) -> None:
    """A fork may end at a message, and may be hidden."""
    conversation = it.conversation()
    it.send(conversation.id, "One")
    cut = it.said(conversation.id)[-1]["id"]
    it.send(conversation.id, "Two")
    path = f"/v1/conversations/{conversation.id}/fork"
    fork = it.json("POST", path, message_id=cut, hidden="true")
    it.same("its last message", it.said(fork["id"])[-1]["id"], cut)
    it.same("the list", _listed(it, conversation.agent_id), [conversation.id])
    it.refused(404, "POST", path, message_id=nowhere("message"))


@section.check
def nothing_to_cancel(it: Visit) -> None:
    """Where nothing goes on, a cancel is a 409."""
    conversation = it.conversation()
    it.refused(409, "POST", f"/v1/conversations/{conversation.id}/cancel")


@section.check
def default(it: Visit) -> None:
    """The default conversation has three names, and is not listed."""
    agent = it.agent()
    it.client.agents.messages.create(agent.id, input="Hello")
    by_default = [one["id"] for one in it.said("default", agent_id=agent.id)]
    by_agent = [one["id"] for one in it.said(agent.id)]
    by_list = it.json(
        "GET", f"/v1/agents/{agent.id}/messages", conversation_id="default", order="asc"
    )
    it.true("something was said", by_default, holds=len(by_default) > 2)
    it.same("by the agent's id", by_agent, by_default)
    it.same("by the agent's messages", [one["id"] for one in by_list], by_default)
    it.same("the list", _listed(it, agent.id), [])


@section.check
def own_model(it: Visit) -> None:
    """A conversation may have a model of its own; a handle needs both its halves."""
    conversation = it.conversation(model=it.model)
    path = f"/v1/conversations/{conversation.id}"
    it.same("its model", it.json("GET", path)["model"], it.model)
    it.refused(400, "PATCH", path, {"model": "nothing"})
