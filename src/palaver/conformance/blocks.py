"""Contract §5.1: blocks, by themselves and as the memory of an agent."""

from uuid import uuid4

from letta_client.types import BlockResponse

from palaver.conformance.checks import Section
from palaver.conformance.visit import Visit

section = Section("blocks")


@section.check
def made(it: Visit) -> None:
    """A block is made, read and changed, and is of the client's type."""
    block = it.block(description="What is known.", limit=500)
    path = f"/v1/blocks/{block['id']}"
    read = it.json("GET", path)
    it.typed(BlockResponse, read)
    it.same("what is read", read, block)
    changed = it.json("PATCH", path, {"value": "new"})
    it.same("what was changed", changed["value"], "new")
    it.same("what was not", (changed["description"], changed["limit"]), ("What is known.", 500))


@section.check
def deleted(it: Visit) -> None:
    """Deleting a block answers null, and then it is gone."""
    path = f"/v1/blocks/{it.block()['id']}"
    it.same("what deleting answers", it.json("DELETE", path), None)
    it.refused(404, "GET", path)


@section.check
def listed(it: Visit) -> None:
    """Blocks are listed oldest first, and found by what they are."""
    tag = f"conformance-{uuid4().hex}"
    own = [it.block(tags=[tag], label=label)["id"] for label in ("one", "two")]

    def by(**wanted: object) -> list[str]:
        return [one["id"] for one in it.json("GET", "/v1/blocks/", tags=tag, **wanted)]

    it.same("by their tag", by(), own)
    it.same("newest first", by(order="desc"), own[::-1])
    it.same("by a label", by(label="two"), own[1:])
    it.same("by a text that none has", by(value_search=uuid4().hex), [])


@section.check
def attached(it: Visit) -> None:
    """An agent gets a block and loses it again."""
    agent, block = it.agent(), it.block()
    blocks = f"/v1/agents/{agent.id}/core-memory/blocks"

    def held() -> list[str]:
        return [one["id"] for one in it.json("GET", blocks)]

    given = it.json("PATCH", f"{blocks}/attach/{block['id']}")
    it.same("attaching answers the agent", given["id"], agent.id)
    it.same("its blocks", held(), [block["id"]])
    has = it.json("GET", f"/v1/blocks/{block['id']}/agents")
    it.same("the block's agents", [one["id"] for one in has], [agent.id])
    it.json("PATCH", f"{blocks}/detach/{block['id']}")
    it.same("its blocks afterwards", held(), [])


@section.check
def by_label(it: Visit) -> None:
    """A block of an agent is read and changed by its label."""
    agent = it.agent(memory_blocks=[{"label": "human", "value": "Charles"}])
    path = f"/v1/agents/{agent.id}/core-memory/blocks/human"
    it.same("what is read", it.json("GET", path)["value"], "Charles")
    it.same("what it becomes", it.json("PATCH", path, {"value": "Ada"})["value"], "Ada")
    it.same("what is read then", it.json("GET", path)["value"], "Ada")
    it.refused(404, "GET", path.replace("human", "nobody"))


@section.check
def slashes(it: Visit) -> None:
    """A label may have a slash in it."""
    agent, block = it.agent(), it.block(label="human/name")
    blocks = f"/v1/agents/{agent.id}/core-memory/blocks"
    it.json("PATCH", f"{blocks}/attach/{block['id']}")
    it.same("what is read", it.json("GET", f"{blocks}/human%2Fname")["id"], block["id"])


@section.check
def prompts(it: Visit) -> None:
    """A new conversation sees the newest text of a block, an older one keeps its own."""
    agent = it.agent(memory_blocks=[{"label": "human", "value": "before-words"}])
    old = it.conversation(agent.id)
    path = f"/v1/agents/{agent.id}/core-memory/blocks/human"
    it.json("PATCH", path, {"value": "after-words"})
    new = it.conversation(agent.id)
    for conversation, text in ((old, "before-words"), (new, "after-words")):
        system = it.said(conversation.id)[0]["content"]
        it.true(f"the prompt has {text}", system, holds=text in system)


@section.check
def counted(it: Visit) -> None:
    """Blocks are counted."""
    tag = f"conformance-{uuid4().hex}"
    it.block(tags=[tag])
    it.same("how many there are", it.json("GET", "/v1/blocks/count", tags=tag), 1)
