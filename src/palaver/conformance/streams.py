"""Contract §3.5 to §3.9: streams, and who may send while one goes on."""

import json
from uuid import uuid4

from palaver.conformance.checks import Section
from palaver.conformance.visit import SLOW, Json, Visit, kinds, messages, spelled

section = Section("streams")


def _run_of(events: list[Json]) -> str:
    return next(str(event["run_id"]) for event in events if event.get("run_id"))


@section.check
def accepted(it: Visit) -> None:
    """A send is answered by a stream, whatever the client accepts."""
    path = f"/v1/conversations/{it.conversation().id}/messages"
    accept = {"accept": "application/json"}
    with it.http.stream("POST", path, json={"input": "Hello"}, headers=accept) as answer:
        text = answer.read().decode()
    kind = answer.headers["content-type"].partition(";")[0]
    it.same("the content type", kind, "text/event-stream")
    it.true(
        "it is not compressed", dict(answer.headers), holds="content-encoding" not in answer.headers
    )
    it.true("its last line", text[-40:], holds=text.rstrip().endswith("data: [DONE]"))


@section.check
def ends(it: Visit) -> None:
    """A stream ends with the reason, then the usage, and each comes once."""
    events = it.send(it.conversation().id)
    last = [event["message_type"] for event in events[-2:]]
    it.same("the last two", last, ["stop_reason", "usage_statistics"])
    it.same("how often they come", sum(e["message_type"] in last for e in events), 2)
    it.same("the reason", events[-2]["stop_reason"], "end_turn")
    usage = events[-1]
    total = usage["prompt_tokens"] + usage["completion_tokens"]
    it.same("the total", usage["total_tokens"], total)


@section.check
def numbered(it: Visit) -> None:
    """Events are numbered and tell of one run."""
    events = messages(it.send(it.conversation().id, stream_tokens=True))
    numbers = [event["seq_id"] for event in events]
    it.true("numbers rise", numbers, holds=bool(numbers) and numbers == sorted(set(numbers)))
    it.same("how many runs", len({event["run_id"] for event in events}), 1)


@section.check
def fragments(it: Visit) -> None:
    """Fragments of a message share its id and name, and spell what is stored."""
    conversation = it.conversation()
    text = "[[words: 12]] Say twelve words."
    events = it.send(conversation.id, text, stream_tokens=True)
    pieces = [event for event in events if event["message_type"] == "assistant_message"]
    stored = [one for one in it.said(conversation.id) if one["message_type"] == "assistant_message"]
    it.true("there are several", len(pieces), holds=len(pieces) > 1)
    it.same("their ids", {piece["id"] for piece in pieces}, {one["id"] for one in stored})
    it.same("their names", {piece["otid"] for piece in pieces}, {one["otid"] for one in stored})
    it.same("what they spell", spelled(pieces), spelled(stored))


@section.check
def whole(it: Visit) -> None:
    """Without tokens, messages come whole."""
    conversation = it.conversation()
    events = it.send(conversation.id, "[[words: 12]] Say twelve words.")
    said = [event for event in events if event["message_type"] == "assistant_message"]
    it.same("how many there are", len(said), 1)
    it.same("what it says", spelled(said), spelled(it.said(conversation.id)))


@section.check
def left_out(it: Visit) -> None:
    """Kinds of messages are left out of a stream on request."""
    conversation = it.conversation()
    events = it.send(conversation.id, include_return_message_types=["tool_call_message"])
    it.same("what comes", kinds(events), ["stop_reason", "usage_statistics"])
    it.true(
        "what is kept",
        spelled(it.said(conversation.id)),
        holds=bool(spelled(it.said(conversation.id))),
    )


@section.check
def followed(it: Visit) -> None:
    """A run is followed again from any number on: the same events."""
    conversation = it.conversation()
    body = {"input": "[[words: 12]] Say twelve words.", "stream_tokens": True, "background": True}
    with it.streaming(f"/v1/conversations/{conversation.id}/messages", body) as stream:
        events = [event for event in stream if event["message_type"] != "ping"]
    run_id = _run_of(events)
    for after in (0, events[len(events) // 2]["seq_id"]):
        wanted = {"starting_after": after, "include_pings": False}
        with it.streaming(f"/v1/runs/{run_id}/stream", wanted) as stream:
            again = list(stream)
        rest = [event for event in events if event["seq_id"] > after]
        it.same(f"the events after {after}", again, rest)


@section.check
def background(it: Visit) -> None:
    """A run goes on when its client has gone, and is found by the otid of its send."""
    conversation = it.conversation()
    otid = str(uuid4())
    sent = [{"role": "user", "content": "[[pace: 5]] [[words: 60]] Sixty words.", "otid": otid}]
    body = {"messages": sent, "background": True, "stream_tokens": True}
    with it.streaming(f"/v1/conversations/{conversation.id}/messages", body) as stream:
        next(stream)
    path = f"/v1/conversations/{conversation.id}/stream"
    with it.streaming(path, {"otid": otid, "include_pings": False}) as stream:
        events = list(stream)
    it.same("how it ends", events[-2]["stop_reason"], "end_turn")
    it.same("what was said", spelled(events), spelled(it.said(conversation.id)))


@section.check
def nothing_to_follow(it: Visit) -> None:
    """An otid that nothing was sent with, and a stream of nothing, are refused."""
    conversation = it.conversation()
    path = f"/v1/conversations/{conversation.id}/stream"
    for body in ({"otid": str(uuid4())}, {}):
        answer = it.ask("POST", path, body)
        it.true(
            f"a refusal of {json.dumps(body)}",
            answer.status_code,
            holds=400 <= answer.status_code < 500,
        )
    events = it.send(conversation.id)
    it.same("a send afterwards", events[-2]["stop_reason"], "end_turn")


@section.check
def busy(it: Visit) -> None:
    """A second send is a 409 that names the run, and after a cancel the next one gets in."""
    conversation = it.conversation()
    path = f"/v1/conversations/{conversation.id}"
    with it.streaming(f"{path}/messages", {"input": SLOW, "stream_tokens": True}) as stream:
        run_id = next(str(event["run_id"]) for event in stream if event.get("run_id"))
        detail = it.refused(409, "POST", f"{path}/messages", {"input": "Hello"})
        it.true(
            "the words that clients look for",
            detail,
            holds="is currently being processed" in detail,
        )
        it.true("the run", detail, holds=run_id in detail)
        it.same("the cancel", it.json("POST", f"{path}/cancel"), {run_id: "cancelled"})
        stops = [e["stop_reason"] for e in stream if e["message_type"] == "stop_reason"]
    it.same("how the first one ends", stops, ["cancelled"])
    it.same("how the next one ends", it.send(conversation.id)[-2]["stop_reason"], "end_turn")


@section.check
def side_by_side(it: Visit) -> None:
    """Two conversations of one agent do not wait for each other."""
    agent = it.agent()
    slow, quick = it.conversation(agent.id), it.conversation(agent.id)
    path = f"/v1/conversations/{slow.id}"
    with it.streaming(f"{path}/messages", {"input": SLOW, "stream_tokens": True}) as stream:
        run_id = next(str(event["run_id"]) for event in stream if event.get("run_id"))
        it.same("how the other one ends", it.send(quick.id)[-2]["stop_reason"], "end_turn")
        it.same(
            "the first one still goes on", it.json("GET", f"/v1/runs/{run_id}")["status"], "running"
        )
        it.json("POST", f"{path}/cancel")


@section.check
def cancelled(it: Visit) -> None:
    """A cancelled run keeps its input, and what was said until then."""
    conversation = it.conversation()
    path = f"/v1/conversations/{conversation.id}"
    with it.streaming(f"{path}/messages", {"input": SLOW, "stream_tokens": True}) as stream:
        seen = next(event for event in stream if event["message_type"] == "assistant_message")
        it.json("POST", f"{path}/cancel")
        rest = list(stream)
    said = it.said(conversation.id)
    it.same("the input", said[1]["content"], SLOW)
    text = spelled([seen, *rest])
    it.true(
        "what was streamed is kept", spelled(said)[:60], holds=spelled(said).startswith(text[:20])
    )
    it.same("the run", it.json("GET", f"/v1/runs/{_run_of(rest)}")["status"], "cancelled")


@section.check
def once(it: Visit) -> None:
    """A send that is repeated with its otid is carried out once."""
    conversation = it.conversation()
    sent = [{"role": "user", "content": "Once", "otid": str(uuid4())}]
    first = it.send(conversation.id, messages=sent, background=True)
    it.ask(
        "POST",
        f"/v1/conversations/{conversation.id}/messages",
        {"messages": sent, "background": True},
    )
    users = [one for one in it.said(conversation.id) if one["message_type"] == "user_message"]
    it.same("how often it was said", [one["content"] for one in users], ["Once"])
    it.same("how it ended", first[-2]["stop_reason"], "end_turn")


@section.check
def by_the_client(it: Visit) -> None:
    """The official client types every event of a stream."""
    conversation = it.conversation()
    stream = it.client.conversations.messages.create(
        conversation.id, input="Hello", stream_tokens=True
    )
    names = [type(event).__name__ for event in stream]
    it.true("an assistant message", names, holds="AssistantMessage" in names)
    it.same("the last two", names[-2:], ["LettaStopReason", "LettaUsageStatistics"])


@section.check
def default(it: Visit) -> None:
    """The default conversation streams too, by either of its doors."""
    agent = it.agent()
    for path, body in (
        (f"/v1/agents/{agent.id}/messages", {"input": "Hello", "streaming": True}),
        (f"/v1/agents/{agent.id}/messages/stream", {"input": "Hello"}),
        ("/v1/conversations/default/messages", {"input": "Hello", "agent_id": agent.id}),
    ):
        with it.streaming(path, body) as stream:
            events = list(stream)
        it.same(f"how {path} ends", events[-2]["stop_reason"], "end_turn")
