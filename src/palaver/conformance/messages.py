"""Contract §3.1 to §3.4 and §3.10: what is sent to a conversation, and what it holds then."""

from uuid import uuid4

from letta_client.types.agents import LettaResponse

from palaver.conformance.checks import Section
from palaver.conformance.visit import Visit, kinds, nowhere, spelled

section = Section("messages")

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
    "ErkJggg=="
)


@section.check
def kept(it: Visit) -> None:
    """What is sent and what is answered stand in the conversation."""
    conversation = it.conversation()
    it.send(conversation.id, "Remember the lighthouse.")
    said = it.said(conversation.id)
    it.same("what was sent", said[1]["content"], "Remember the lighthouse.")
    it.true("the assistant answered", kinds(said), holds=kinds(said)[-1] == "assistant_message")


@section.check
def at_once(it: Visit) -> None:
    """Without streaming the answer comes as one document."""
    conversation = it.conversation()
    path = f"/v1/conversations/{conversation.id}/messages"
    answer = it.json("POST", path, {"input": "Hello", "streaming": False})
    it.typed(LettaResponse, answer)
    it.same("why it stopped", answer["stop_reason"]["stop_reason"], "end_turn")
    it.true("what it cost", answer["usage"], holds=answer["usage"]["step_count"] == 1)
    text = spelled(it.said(conversation.id))
    it.same("what was said", spelled(answer["messages"]), text)
    it.true("something was", text, holds=bool(text))


@section.check
def in_order(it: Visit) -> None:
    """Several messages are kept in order, under the names that their sender gave them."""
    conversation = it.conversation()
    otids = [str(uuid4()) for _ in range(2)]
    sent = [{"role": "user", "content": f"Part {n}", "otid": otid} for n, otid in enumerate(otids)]
    it.send(conversation.id, messages=sent)
    users = [one for one in it.said(conversation.id) if one["message_type"] == "user_message"]
    it.same("their texts", [one["content"] for one in users], ["Part 0", "Part 1"])
    it.same("their names", [one["otid"] for one in users], otids)


@section.check
def parts(it: Visit) -> None:
    """Content may come in parts, pictures among them."""
    conversation = it.conversation()
    picture = {"type": "base64", "media_type": "image/png", "data": _PIXEL}
    content = [{"type": "text", "text": "Look."}, {"type": "image", "source": picture}]
    it.send(conversation.id, messages=[{"role": "user", "content": content}])
    user = it.said(conversation.id)[1]
    it.same("what it shows as", user["message_type"], "user_message")
    it.same("the kinds of its parts", [one["type"] for one in user["content"]], ["text", "image"])


@section.check
def orders(it: Visit) -> None:
    """Messages are listed newest first unless asked otherwise."""
    conversation = it.conversation()
    it.send(conversation.id)
    path = f"/v1/conversations/{conversation.id}/messages"
    down = [one["id"] for one in it.json("GET", path)]
    up = [one["id"] for one in it.json("GET", path, order="asc")]
    it.true("the first is the last", down, holds=down[0] == up[-1] and down[-1] == up[0])
    it.same("as many", len(down), len(up))


@section.check
def pages(it: Visit) -> None:
    """Pages of messages tile, in both orders."""
    conversation = it.conversation()
    for text in ("One", "Two"):
        it.send(conversation.id, text)
    whole = list(dict.fromkeys(one["id"] for one in it.said(conversation.id)))
    listed = it.client.conversations.messages.list
    up = dict.fromkeys(m.id for m in listed(conversation.id, limit=1, order="asc"))
    down = dict.fromkeys(m.id for m in listed(conversation.id, limit=2, order="desc"))
    it.true("there is something to page", whole, holds=len(whole) >= 5)
    it.same("oldest first", list(up), whole)
    it.same("newest first", list(down), whole[::-1])


@section.check
def cursors(it: Visit) -> None:
    """Cursors are relative to the order: after is what comes next in it."""
    conversation = it.conversation()
    it.send(conversation.id)
    ids = list(dict.fromkeys(one["id"] for one in it.said(conversation.id)))
    newer = it.said(conversation.id, order="asc", after=ids[1])
    older = it.said(conversation.id, order="desc", after=ids[1])
    it.true("after in a rising list", newer, holds={one["id"] for one in newer} == set(ids[2:]))
    it.same("after in a falling list", [one["id"] for one in older], [ids[0]])


@section.check
def filtered(it: Visit) -> None:
    """Kinds of messages are filtered."""
    conversation = it.conversation()
    it.send(conversation.id)
    found = it.said(conversation.id, include_return_message_types=["user_message"])
    it.same("what is found", [one["message_type"] for one in found], ["user_message"])


@section.check
def one_message(it: Visit) -> None:
    """One stored message is read with all that it shows as."""
    conversation = it.conversation()
    it.send(conversation.id)
    said = it.said(conversation.id)
    last = [one for one in said if one["id"] == said[-1]["id"]]
    it.same("what is read", it.json("GET", f"/v1/messages/{last[0]['id']}"), last)
    it.refused(404, "GET", f"/v1/messages/{nowhere('message')}")


@section.check
def of_agent(it: Visit) -> None:
    """An agent's messages are those of all its conversations, or of one."""
    agent = it.agent()
    texts = ["In one", "In another"]
    own = [it.conversation(agent.id).id for _ in texts]
    for conversation, text in zip(own, texts, strict=True):
        it.send(conversation, text)

    def users(**wanted: object) -> list[str]:
        query = {"include_return_message_types": "user_message", "order": "asc", **wanted}
        return [
            one["content"] for one in it.json("GET", f"/v1/agents/{agent.id}/messages", **query)
        ]

    it.same("of all", users(), texts)
    it.same("of one", users(conversation_id=own[1]), texts[1:])
    it.same("of the default one", users(conversation_id="default"), [])


@section.check
def other_system(it: Visit) -> None:
    """A send may use another system prompt, and nothing is kept of it."""
    conversation = it.conversation(it.agent(system="You count.").id)
    before = it.said(conversation.id)[0]
    it.send(conversation.id, "Hello", override_system="You sing.")
    it.same("the system message afterwards", it.said(conversation.id)[0], before)


@section.check
def apart(it: Visit) -> None:
    """What a send has seen in one conversation is not seen in another."""
    agent = it.agent()
    one, other = it.conversation(agent.id), it.conversation(agent.id)
    it.send(one.id, "Something")
    it.same("what is in the other", kinds(it.said(other.id)), ["system_message"])
    it.true("and in the one", kinds(it.said(one.id)), holds=len(it.said(one.id)) >= 3)
