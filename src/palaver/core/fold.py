"""Fragments in, messages out.

A model speaks in fragments. Folding joins the fragments of one message, so that what a client
gathers from the stream and what it later reads from the history are the same thing.
"""

from collections.abc import Iterable

from palaver.domain.message import (
    ApprovalRequestMessage,
    AssistantMessage,
    Call,
    Message,
    ReasoningMessage,
    ToolCallMessage,
)


def fold(chunks: Iterable[Message]) -> list[Message]:
    """Join the chunks that share an `otid` into the message they spell, in order of first mention.

    The messages come out as a history shows them: whole, and without numbers of a stream.
    """
    whole: dict[str, Message] = {}
    for chunk in chunks:
        name = chunk.otid or chunk.id
        begun = whole.get(name)
        whole[name] = _settled(chunk) if begun is None else _joined(begun, chunk)
    return list(whole.values())


def mark_of(message: Message) -> Message:
    """The fragment that adds nothing to `message` but that it was broken off."""
    changed: dict[str, object] = {"is_err": True}
    match message:
        case AssistantMessage():
            changed["content"] = ""
        case ReasoningMessage():
            changed |= {"reasoning": "", "signature": None}
        case ToolCallMessage(tool_call=call) | ApprovalRequestMessage(tool_call=call):
            nothing = Call(arguments="", tool_call_id=call.tool_call_id)
            changed |= {"tool_call": nothing, "tool_calls": nothing}
        case _:
            pass
    return message.model_copy(update=changed)


def _settled(chunk: Message) -> Message:
    if isinstance(chunk, ToolCallMessage | ApprovalRequestMessage):
        calls = chunk.tool_calls if isinstance(chunk.tool_calls, list) else [chunk.tool_call]
        return chunk.model_copy(update={"tool_calls": calls, "seq_id": None})
    return chunk.model_copy(update={"seq_id": None})


def _joined(begun: Message, chunk: Message) -> Message:
    changed: dict[str, object] = {}
    if chunk.is_err:
        changed["is_err"] = True
    match begun, chunk:
        case AssistantMessage(content=str(said)), AssistantMessage(content=str(more)):
            changed["content"] = said + more
        case ReasoningMessage(), ReasoningMessage():
            changed["reasoning"] = begun.reasoning + chunk.reasoning
            changed["signature"] = chunk.signature or begun.signature
        case ToolCallMessage(), ToolCallMessage():
            changed |= _calls(begun.tool_calls, chunk.tool_call)
        case ApprovalRequestMessage(), ApprovalRequestMessage():
            changed |= _calls(begun.tool_calls, chunk.tool_call)
        case _:
            pass
    return begun.model_copy(update=changed)


def _calls(begun: list[Call] | Call | None, more: Call) -> dict[str, object]:
    """The fields of a message of calls after a fragment of one of them."""
    calls = list(begun) if isinstance(begun, list) else []
    for n, call in enumerate(calls):
        if call.tool_call_id == more.tool_call_id:
            arguments = (call.arguments or "") + (more.arguments or "")
            calls[n] = call.model_copy(update={"arguments": arguments})
            break
    else:
        calls.append(more)
    return {"tool_call": calls[0], "tool_calls": calls}
