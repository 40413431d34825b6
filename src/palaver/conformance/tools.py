"""Contract §3.7 and §5.1: tools, of clients and of the server, and approvals."""

from typing import Any

from letta_client.types import Tool

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit, kinds, spelled

section = Section("tools")

_ASK = {
    "name": "ask",
    "description": "Asks the person who sits at the client.",
    "parameters": {
        "type": "object",
        "properties": {"question": {"type": "string"}},
        "required": ["question"],
    },
}
_CALL = '[[call: ask {"question": "tea?"}]] Call the tool ask with the question "tea?".'
_SOURCE = '''def conformance_twice(text: str) -> str:
    """Say it twice.

    Args:
        text: What is to be said.
    """
    return text + text
'''


def _asked(it: Visit, conversation_id: str) -> str:
    """Have the model call the client's tool; the id of the call."""
    events = it.send(conversation_id, _CALL, client_tools=[_ASK])
    it.same("why the run stopped", events[-2]["stop_reason"], "requires_approval")
    request = it.said(conversation_id)[-1]
    it.same("what asks", request["message_type"], "approval_request_message")
    (call,) = request["tool_calls"]
    it.same("which tool is called", call["name"], "ask")
    call_id: str = call["tool_call_id"]
    return call_id


def _answer(it: Visit, conversation_id: str, *approvals: Json, **more: Any) -> list[Json]:
    said = {"type": "approval", "approvals": list(approvals)}
    return it.send(conversation_id, messages=[said], client_tools=[_ASK], **more)


def _returned(call_id: str, text: str) -> Json:
    return {"type": "tool", "tool_call_id": call_id, "tool_return": text, "status": "success"}


@section.check
def client_tool(it: Visit) -> None:
    """A call of a client's tool ends the run; its return is how the next one begins."""
    conversation = it.conversation()
    call_id = _asked(it, conversation.id)
    events = _answer(it, conversation.id, _returned(call_id, "milk, please"))
    it.same("how it ends", events[-2]["stop_reason"], "end_turn")
    returns = [
        one for one in it.said(conversation.id) if one["message_type"] == "tool_return_message"
    ]
    it.same("the return that is kept", [one["tool_return"] for one in returns], ["milk, please"])
    it.true("and the model speaks", kinds(events), holds=bool(spelled(events)))


@section.check
def waiting(it: Visit) -> None:
    """While a call waits, anything else is a 409 that says so."""
    conversation = it.conversation()
    _asked(it, conversation.id)
    detail = it.refused(
        409, "POST", f"/v1/conversations/{conversation.id}/messages", {"input": "Hello"}
    )
    it.true("the words that clients look for", detail, holds="waiting for approval" in detail)


@section.check
def denied(it: Visit) -> None:
    """A call may be denied, and the model goes on from there."""
    conversation = it.conversation()
    call_id = _asked(it, conversation.id)
    no = {"type": "approval", "tool_call_id": call_id, "approve": False, "reason": "not now"}
    events = _answer(it, conversation.id, no)
    it.same("how it ends", events[-2]["stop_reason"], "end_turn")


@section.check
def wrong_call(it: Visit) -> None:
    """An answer to a call that nobody made is refused."""
    conversation = it.conversation()
    call_id = _asked(it, conversation.id)
    said = {"type": "approval", "approvals": [_returned("call_nobody", "x")]}
    path = f"/v1/conversations/{conversation.id}/messages"
    detail = it.refused(400, "POST", path, {"messages": [said]})
    it.true(
        "the words that clients look for", detail, holds="invalid tool call ids" in detail.lower()
    )
    events = _answer(it, conversation.id, _returned(call_id, "fine"))
    it.same("the right one afterwards", events[-2]["stop_reason"], "end_turn")


@section.check
def nothing_waits(it: Visit) -> None:
    """An answer where nothing waits is refused."""
    conversation = it.conversation()
    said = {"type": "approval", "approvals": [_returned("call_nobody", "x")]}
    path = f"/v1/conversations/{conversation.id}/messages"
    detail = it.refused(400, "POST", path, {"messages": [said]})
    phrase = "no tool call is currently awaiting approval"
    it.true("the words that clients look for", detail, holds=phrase in detail.lower())


@section.check
def cleared(it: Visit) -> None:
    """A cancel clears what waits."""
    conversation = it.conversation()
    _asked(it, conversation.id)
    it.json("POST", f"/v1/conversations/{conversation.id}/cancel")
    it.same("a send afterwards", it.send(conversation.id)[-2]["stop_reason"], "end_turn")


@section.check
def made(it: Visit) -> None:
    """A tool is made from its source, read, listed by its name, and deleted."""
    tool = it.json("PUT", "/v1/tools/", {"source_code": _SOURCE})
    it.made.append(f"/v1/tools/{tool['id']}")
    it.typed(Tool, tool)
    it.same("its name", tool["name"], "conformance_twice")
    parameters = tool["json_schema"]["parameters"]
    it.same("what it takes", list(parameters["properties"]), ["text"])
    it.same("what is read", it.json("GET", f"/v1/tools/{tool['id']}")["id"], tool["id"])
    found = it.json("GET", "/v1/tools/", name="conformance_twice")
    it.same("what is listed", [one["id"] for one in found], [tool["id"]])
    again = it.json("PUT", "/v1/tools/", {"source_code": _SOURCE, "description": "Twice."})
    it.same("what is made again keeps its id", again["id"], tool["id"])
    it.ask("DELETE", f"/v1/tools/{tool['id']}")
    it.refused(404, "GET", f"/v1/tools/{tool['id']}")


@section.check
def attached(it: Visit) -> None:
    """An agent loses a tool and gets it again."""
    agent = it.agent(include_base_tools=True)
    tools = f"/v1/agents/{agent.id}/tools"

    def held() -> set[str]:
        return {one["id"] for one in it.json("GET", tools, limit=100)}

    before = held()
    it.true("there are base tools", len(before), holds=bool(before))
    one = min(before)
    it.json("PATCH", f"{tools}/detach/{one}")
    it.same("without it", held(), before - {one})
    it.json("PATCH", f"{tools}/attach/{one}")
    it.same("with it", held(), before)


@section.check
def unknown(it: Visit) -> None:
    """An agent that is made with an unknown tool is refused with its name."""
    it.agent()
    body = {"name": "conformance", "model": it.model, "tools": ["nobody_has_this"]}
    detail = it.refused(400, "POST", "/v1/agents/", body)
    it.true("the name of the tool", detail, holds="nobody_has_this" in detail)
