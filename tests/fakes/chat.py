"""OpenAI's Chat Completions, as a server speaks it."""

import json
from collections.abc import Iterator
from typing import Any

from tests.fakes import tokens
from tests.fakes.reply import Call, Redacted, Reply, Say, Think, Usage

DONE = b"data: [DONE]\n\n"


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame, without the last ``[DONE]``."""
    yield _chunk(body, {"role": "assistant", "content": ""})
    calls = 0
    for part in reply.parts:
        match part:
            case Say(pieces=pieces):
                yield from (_spoken(body, piece) for piece in pieces)
            case Think(pieces=pieces):
                yield from (_chunk(body, {"reasoning_content": piece}) for piece in pieces)
            case Call():
                yield from (_chunk(body, {"tool_calls": [one]}) for one in _pieces(part, calls))
                calls += 1
            case Redacted():
                raise ValueError("Chat Completions has no redacted reasoning")
    yield _chunk(body, {}, reply.finish or ("tool_calls" if calls else "stop"))
    if reply.usage is not None:
        yield _frame(_envelope(body) | {"choices": [], "usage": usage(reply.usage)})


def failure(error: Any) -> bytes:
    """An error in mid-stream."""
    return _frame({"error": dict(error)})


def whole(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request that does not stream; words only."""
    text = "".join(part.text for part in reply.parts if isinstance(part, Say))
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish or "stop"}
    counted = usage(reply.usage) if reply.usage else None
    return _envelope(body) | {"object": "chat.completion", "choices": [choice], "usage": counted}


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with the request's messages: content that is none, or calls without returns."""
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        return "logprobs must be set to true if top_logprobs is used"
    if body.get("return_token_ids"):
        return "return_token_ids is not supported with stream=true"
    open_calls: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must be a response to a preceding message"
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return f"these tool_call_ids did not have response messages: {open_calls}"
        if not message.get("content") and not message.get("tool_calls"):
            return f"a {message['role']} message has no content"
        open_calls = [call["id"] for call in message.get("tool_calls") or []]
    return f"no response messages for {open_calls}" if open_calls else None


def usage(tokens: Usage) -> dict[str, Any]:
    """Tokens as Chat Completions reports them."""
    counts: dict[str, Any] = {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "total_tokens": tokens.prompt + tokens.completion,
    }
    if tokens.cached is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": tokens.cached}
    if tokens.reasoning is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": tokens.reasoning}
    return counts


def _pieces(call: Call, index: int) -> Iterator[dict[str, Any]]:
    begun = {"name": call.name, "arguments": ""}
    yield {"index": index, "id": call.id, "type": "function", "function": begun}
    for piece in call.pieces:
        yield {"index": index, "function": {"arguments": piece}}


def _spoken(body: dict[str, Any], piece: str) -> bytes:
    if not body.get("logprobs"):
        return _chunk(body, {"content": piece})
    likely = tokens.likely(piece, body.get("top_logprobs") or 0, in_bytes=True)
    return _chunk(body, {"content": piece}, logprobs={"content": [likely], "refusal": None})


def _chunk(
    body: dict[str, Any], delta: dict[str, Any], finish: str | None = None, **more: Any
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return _frame(_envelope(body) | {"choices": [choice]})


def _envelope(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": body["model"],
    }


def _frame(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
