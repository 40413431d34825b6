"""Contract §5.1: agents."""

from uuid import uuid4

from letta_client import NotFoundError
from letta_client.types import AgentState

from palaver.conformance.checks import Section
from palaver.conformance.visit import Visit

section = Section("agents")


@section.check
def made(it: Visit) -> None:
    """A new agent is answered with all that it was given."""
    agent = it.agent(
        system="You count.",
        description="A mathematician.",
        metadata={"born": 1815},
        tags=["b", "a"],
        timezone="Europe/London",
        memory_blocks=[{"label": "human", "value": "Charles"}],
    )
    it.same("system", agent.system, "You count.")
    it.same("description", agent.description, "A mathematician.")
    it.same("metadata", agent.metadata, {"born": 1815})
    it.same("tags", set(agent.tags), {"a", "b"})
    it.same("timezone", agent.timezone, "Europe/London")
    it.same("the blocks' values", [block.value for block in agent.blocks], ["Charles"])
    it.same("the model", agent.model, it.model)


@section.check
def typed(it: Visit) -> None:
    """An agent is of the client's type, down to the last field."""
    agent = it.agent(memory_blocks=[{"label": "human", "value": "Charles"}])
    read = it.json("GET", f"/v1/agents/{agent.id}", include="agent.blocks")
    it.typed(AgentState, read)
    it.same("its name", read["name"], agent.name)
    it.same("its older form of the model", read["llm_config"]["handle"], it.model)


@section.check
def relations(it: Visit) -> None:
    """Relations are empty unless they are included."""
    agent = it.agent(tags=["t"], memory_blocks=[{"label": "human", "value": "x"}])
    bare = it.client.agents.retrieve(agent.id)
    full = it.client.agents.retrieve(agent.id, include=["agent.blocks", "agent.tags"])
    it.same("blocks and tags that nobody asked for", (bare.blocks, bare.tags), ([], []))
    it.same("tags that were asked for", full.tags, ["t"])
    it.same("blocks that were asked for", [one.label for one in full.blocks], ["human"])


@section.check
def changed(it: Visit) -> None:
    """A change leaves the rest as it was."""
    agent = it.agent(description="before", tags=["kept"])
    after = it.client.agents.update(agent.id, system="You sing.")
    it.same("what was changed", after.system, "You sing.")
    it.same("what was not", (after.description, after.tags), ("before", ["kept"]))
    it.same("what is read then", it.client.agents.retrieve(agent.id).system, "You sing.")


@section.check
def deleted(it: Visit) -> None:
    """A deleted agent is gone, with its conversations, and is not deleted twice."""
    agent = it.agent()
    conversation = it.conversation(agent.id)
    it.client.agents.delete(agent.id)
    it.refused(404, "GET", f"/v1/agents/{agent.id}")
    it.refused(404, "GET", f"/v1/conversations/{conversation.id}")
    it.refused(404, "DELETE", f"/v1/agents/{agent.id}")


@section.check
def found(it: Visit) -> None:
    """Agents are found by any tag, by all tags, and by name."""
    one, other = (f"conformance-{uuid4().hex}" for _ in range(2))
    both = it.agent(tags=[one, other])
    single = it.agent(tags=[one])

    def by(**wanted: object) -> list[str]:
        return sorted(a.id for a in it.client.agents.list(**wanted))  # type: ignore[arg-type]

    it.same("those with any", by(tags=[one, other]), sorted([both.id, single.id]))
    it.same("those with all", by(tags=[one, other], match_all_tags=True), [both.id])
    it.same("those of a name", by(name=single.name), [single.id])
    it.same("those whose name contains it", by(query_text=both.name[12:]), [both.id])


@section.check
def pages(it: Visit) -> None:
    """Pages of agents tile, in both orders."""
    tag = f"conformance-{uuid4().hex}"
    own = [it.agent(tags=[tag]).id for _ in range(3)]
    up = [one.id for one in it.client.agents.list(tags=[tag], limit=1, order="asc")]
    down = [one.id for one in it.client.agents.list(tags=[tag], limit=2, order="desc")]
    it.same("oldest first", up, own)
    it.same("newest first", down, own[::-1])


@section.check
def tags(it: Visit) -> None:
    """Tags are listed by the alphabet, each once."""
    word = f"conformance-{uuid4().hex}"
    it.agent(tags=[f"{word}-b", f"{word}-a"])
    it.agent(tags=[f"{word}-b"])
    it.same("the tags", it.client.tags.list(name=word), [f"{word}-a", f"{word}-b"])


@section.check
def counted(it: Visit) -> None:
    """Agents are counted by what they are listed by."""
    tag = f"conformance-{uuid4().hex}"
    for _ in range(2):
        it.agent(tags=[tag])
    it.same("how many there are", it.json("GET", "/v1/agents/count", tags=tag), 2)


@section.check
def auto(it: Visit) -> None:
    """letta/auto means the server's default model."""
    agent = it.agent(model="letta/auto")
    it.true("its model has a provider", agent.model, holds="/" in (agent.model or ""))
    it.client.agents.update(agent.id, compaction_settings={"model": "letta/auto"})
    changed = it.client.agents.update(agent.id, description="after")
    it.same("it can be changed", changed.description, "after")


@section.check
def unknown_model(it: Visit) -> None:
    """A model of a provider that nobody knows is refused with a reason."""
    agent = it.agent()
    answer = it.ask("PATCH", f"/v1/agents/{agent.id}", {"model": "nobody/nothing"})
    it.true("400 or 404", answer.status_code, holds=answer.status_code in (400, 404))
    it.same("the model afterwards", it.client.agents.retrieve(agent.id).model, it.model)


@section.check
def recompiled(it: Visit) -> None:
    """Recompiling takes up a changed system prompt, and a dry run changes nothing."""
    agent = it.agent(system="You count.")
    conversation = it.conversation(agent.id)
    it.client.agents.update(agent.id, system="You sing.")
    path = f"/v1/conversations/{conversation.id}/recompile"
    tried = it.json("POST", path, {}, dry_run="true")
    it.true("the new text", tried, holds=tried.startswith("You sing."))
    before = it.said(conversation.id)[0]
    it.true("before", before["content"], holds=before["content"].startswith("You count."))
    it.json("POST", path, {})
    after = it.said(conversation.id)[0]
    it.true("afterwards", after["content"], holds=after["content"].startswith("You sing."))
    it.same("the message's id", after["id"], before["id"])


@section.check
def reset(it: Visit) -> None:
    """A reset begins the default conversation anew."""
    agent = it.agent()
    it.client.agents.messages.create(agent.id, input="Hello")
    it.client.agents.messages.reset(agent.id)
    left = it.said("default", agent_id=agent.id)
    it.same("what is in it", [one["message_type"] for one in left], ["system_message"])


@section.check
def default_send(it: Visit) -> None:
    """What an agent's default conversation is asked without streaming comes at once."""
    agent = it.agent()
    answer = it.client.agents.messages.create(agent.id, input="Hello")
    it.same("why it stopped", answer.stop_reason.stop_reason, "end_turn")
    kinds = [one.message_type for one in answer.messages]
    it.true("the assistant speaks", kinds, holds="assistant_message" in kinds)
    it.true("it is counted", answer.usage, holds=bool(answer.usage.step_count))


@section.check
def not_found(it: Visit) -> None:
    """The client tells an agent that is not there from one that is."""
    agent = it.agent()
    it.same("the one that is", it.client.agents.retrieve(agent.id).id, agent.id)
    it.client.agents.delete(agent.id)
    try:
        it.client.agents.retrieve(agent.id)
    except NotFoundError as error:
        it.same("the status of the one that is not", error.status_code, 404)
    else:
        it.true("a deleted agent is not found", agent.id, holds=False)
