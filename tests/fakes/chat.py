"""OpenAI's Chat Completions, as a server speaks it."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from tests.fakes import pairing, tokens
from tests.fakes.reply import Call, Part, Redacted, Refuse, Reply, Say, Think, Usage

DONE = b"data: [DONE]\n\n"


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame, without the last ``[DONE]``."""
    told = _told(reply)
    everywhere = {"usage": told} if "usage always" in reply.quirks else {}
    calls = any(isinstance(part, Call) for part in reply.parts)
    finish = reply.finish or ("tool_calls" if calls else "stop")
    last: dict[str, Any] = {} if "no finish" in reply.quirks else {"finish_reason": finish}
    if "usage in choice" in reply.quirks:
        last["usage"] = told
    yield _chunk(body, {"role": "assistant", "content": ""}, **everywhere)
    for number, part in enumerate(reply.parts):
        for delta in _deltas(part, number, reply):
            yield _chunk(body, delta, _likely(delta, body), **everywhere)
    if "usage in x_groq" in reply.quirks:
        everywhere = {"x_groq": {"id": "req_1", "usage": told}}
    yield _chunk(body, {}, last, **everywhere)
    if told is not None and not reply.quirks & {"usage in x_groq", "usage in choice"}:
        yield _frame(_envelope(body) | {"choices": [], "usage": told})


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
    if wrong := pairing.complaint(_turns(body["messages"])):
        return wrong
    asked = [n for n, one in enumerate(body["messages"]) if one["role"] == "user"]
    for number, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            continue
        if not message.get("content") and not message.get("tool_calls"):
            return f"a {message['role']} message has no content"
        called = _called(message)
        if not all(1 <= len(id) <= 40 for id in called):
            return f"tool_calls.id: of 1 to 40 characters: {called}"
        thinks = body["model"].startswith("deepseek") and number > max(asked, default=-1)
        if called and thinks and not isinstance(message.get("reasoning_content"), str):
            return "The reasoning_content in the thinking mode must be passed back to the API"
    return None


def _turns(messages: list[dict[str, Any]]) -> Iterator[tuple[list[str], list[str]]]:
    """The returns and the calls of each turn; returns in a row are one."""
    for returns, group in groupby(messages, lambda message: message["role"] == "tool"):
        said = list(group)
        if returns:
            yield [message["tool_call_id"] for message in said], []
        else:
            yield from (([], _called(message)) for message in said)


def _called(message: dict[str, Any]) -> list[str]:
    return [call["id"] for call in message.get("tool_calls") or []]


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


def _told(reply: Reply) -> dict[str, Any] | None:
    """The usage in the words of the server."""
    counts = usage(reply.usage) if reply.usage else None
    if counts and "cache hits" in reply.quirks:
        counts["prompt_cache_hit_tokens"] = counts.pop("prompt_tokens_details")["cached_tokens"]
    return counts


def _deltas(part: Part, number: int, reply: Reply) -> Iterator[dict[str, Any]]:
    match part:
        case Say(pieces=pieces):
            yield from ({"content": piece} for piece in pieces)
        case Refuse(pieces=pieces):
            yield from ({"refusal": piece} for piece in pieces)
        case Think() | Redacted() if "details" in reply.quirks:
            yield from ({"reasoning_details": [one]} for one in _details(part, number))
        case Think(pieces=pieces):
            name = "reasoning" if "reasoning" in reply.quirks else "reasoning_content"
            yield from ({name: piece} for piece in pieces)
        case Redacted():
            raise ValueError("Chat Completions has no redacted reasoning")
        case Call():
            before = [one for one in reply.parts[:number] if isinstance(one, Call)]
            index = 0 if "one index" in reply.quirks else len(before)
            yield from ({"tool_calls": [one]} for one in _pieces(part, index))


def _details(part: Think | Redacted, index: int) -> Iterator[dict[str, Any]]:
    """Reasoning as OpenRouter streams it: each piece is a detail with the index of its part."""
    kind = {"format": "anthropic-claude-v1", "index": index}
    if isinstance(part, Redacted):
        yield {"type": "reasoning.encrypted", "data": part.data, "id": "rs_1", **kind}
        return
    for piece in part.pieces:
        if part.seal is None:
            yield {"type": "reasoning.summary", "summary": piece, **kind}
        else:
            yield {"type": "reasoning.text", "text": piece, **kind}
    if part.seal is not None:
        yield {"type": "reasoning.text", "signature": part.seal, **kind}


def _pieces(call: Call, index: int) -> Iterator[dict[str, Any]]:
    begun = {"name": call.name, "arguments": ""}
    yield {"index": index, "id": call.id, "type": "function", "function": begun}
    for piece in call.pieces:
        yield {"index": index, "function": {"arguments": piece}}


def _likely(delta: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """How likely the words of a delta were, where that was asked for, as more of its choice."""
    if "content" not in delta or not body.get("logprobs"):
        return {}
    likely = tokens.likely(delta["content"], body.get("top_logprobs") or 0, in_bytes=True)
    return {"logprobs": {"content": [likely], "refusal": None}}


def _chunk(
    body: dict[str, Any], delta: dict[str, Any], more: dict[str, Any] | None = None, **top: Any
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **(more or {})}
    return _frame(_envelope(body) | {"choices": [choice], **top})


def _envelope(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": body["model"],
    }


def _frame(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
