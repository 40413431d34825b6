"""Anthropic's Messages, as a server speaks it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.fakes import pairing
from tests.fakes.reply import Call, Part, Redacted, Refuse, Reply, Say, Think, Usage

_ID = re.compile(r"[a-zA-Z0-9_-]+")


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame."""
    counted = usage(reply.usage) if reply.usage else {"input_tokens": 0, "output_tokens": 0}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": counted | {"output_tokens": 1},
    }
    yield _frame({"type": "message_start", "message": message})
    yield _frame({"type": "ping"})
    for index, part in enumerate(reply.parts):
        block, deltas = _block(part)
        yield _frame({"type": "content_block_start", "index": index, "content_block": block})
        for delta in deltas:
            yield _frame({"type": "content_block_delta", "index": index, "delta": delta})
        yield _frame({"type": "content_block_stop", "index": index})
    calls = any(isinstance(part, Call) for part in reply.parts)
    refuses = any(isinstance(part, Refuse) for part in reply.parts)
    usual = "refusal" if refuses else "tool_use" if calls else "end_turn"
    stop = reply.finish or usual
    ending: dict[str, Any] = {"stop_reason": stop, "stop_sequence": None}
    yield _frame(
        {
            "type": "message_delta",
            "delta": ending,
            "usage": {"output_tokens": counted["output_tokens"]},
        }
    )
    yield _frame({"type": "message_stop"})


def failure(error: Any) -> bytes:
    """An error in mid-stream."""
    return _frame({"type": "error", "error": dict(error)})


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with the request's messages: content that is none, or calls without returns."""
    turns: list[tuple[list[str], list[str]]] = []
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not blocks or any(b["type"] == "text" and not b["text"].strip() for b in blocks):
            return "messages: text content blocks must be non-empty"
        if not all(_ID.fullmatch(b["id"]) for b in blocks if b["type"] == "tool_use"):
            return f"tool_use.id: String should match pattern {_ID.pattern!r}"
        returned = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        turns.append((returned, [b["id"] for b in blocks if b["type"] == "tool_use"]))
        if blocks[-1]["type"] in ("thinking", "redacted_thinking"):
            return "The final block in an assistant message cannot be `thinking`"
        if any(b["type"] == "thinking" and not b["signature"] for b in blocks):
            return "thinking.signature: Field required"
    return pairing.complaint(turns)


def usage(tokens: Usage) -> dict[str, Any]:
    """Tokens as Messages reports them: what was cached is not part of ``input_tokens``."""
    cached = (tokens.cached or 0) + (tokens.cache_write or 0)
    counts = {"input_tokens": tokens.prompt - cached, "output_tokens": tokens.completion}
    if tokens.cached is not None:
        counts["cache_read_input_tokens"] = tokens.cached
    if tokens.cache_write is not None:
        counts["cache_creation_input_tokens"] = tokens.cache_write
    return counts


def _block(part: Part) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match part:
        case Say(pieces=pieces) | Refuse(pieces=pieces):
            return {"type": "text", "text": ""}, [_delta("text_delta", "text", p) for p in pieces]
        case Think(pieces=pieces, seal=seal):
            deltas = [_delta("thinking_delta", "thinking", piece) for piece in pieces]
            if seal:
                deltas.append(_delta("signature_delta", "signature", seal))
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        case Redacted(data=data):
            return {"type": "redacted_thinking", "data": data}, []
        case Call(id=id, name=name, pieces=pieces):
            deltas = [_delta("input_json_delta", "partial_json", piece) for piece in pieces]
            return {"type": "tool_use", "id": id, "name": name, "input": {}}, deltas


def _delta(kind: str, field: str, text: str) -> dict[str, Any]:
    return {"type": kind, field: text}


def _frame(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()
