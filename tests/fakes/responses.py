"""OpenAI's Responses, as a server speaks it."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from tests.fakes import pairing, tokens
from tests.fakes.reply import Call, Part, Redacted, Refuse, Reply, Say, Think, Usage


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame."""
    events = [{"type": "response.created", "response": _response(body, "in_progress", [])}]
    output = []
    for index, part in enumerate(reply.parts):
        item, said = _item(part, index, body)
        output.append(item)
        events += said
    incomplete = reply.finish in ("max_output_tokens", "content_filter")
    last = _response(body, "incomplete" if incomplete else "completed", output)
    last["usage"] = usage(reply.usage) if reply.usage else None
    last["incomplete_details"] = {"reason": reply.finish} if incomplete else None
    events.append({"type": f"response.{last['status']}", "response": last})
    for number, event in enumerate(events):
        yield _frame({**event, "sequence_number": number})


def failure(error: Any) -> bytes:
    """An error in mid-stream."""
    response = _response({"model": "m"}, "failed", []) | {
        "error": {"code": error.get("code", "server_error"), "message": error["message"]}
    }
    return _frame({"type": "response.failed", "response": response, "sequence_number": 99})


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with the request's items: calls without returns, ids without what they need."""
    items = body["input"]
    called = _call_ids(items, "function_call")
    if not all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call_id) for call_id in called):
        return f"Invalid 'input': call_id of {called}"
    if wrong := pairing.complaint(_turns(items)):
        return wrong
    for item, following in zip(items, [*items[1:], None], strict=True):
        if item.get("type") == "reasoning":
            if not item.get("encrypted_content"):
                return f"Item {item['id']!r} not found; items are not persisted"
            if following is None or following.get("role") == "user":
                return f"Item {item['id']!r} of type 'reasoning' lacks its following item"
        elif item.get("content") == "" or item.get("content") == []:
            return "an item has no content"
    return None


def _turns(items: list[dict[str, Any]]) -> Iterator[tuple[list[str], list[str]]]:
    """The returns and the calls of each turn: what the model says at once, or what it is told."""
    for _, turn in groupby(items, _is_models):
        said = list(turn)
        yield _call_ids(said, "function_call_output"), _call_ids(said, "function_call")


def _is_models(item: dict[str, Any]) -> bool:
    return item.get("type") in ("reasoning", "function_call") or item.get("role") == "assistant"


def _call_ids(items: list[dict[str, Any]], kind: str) -> list[str]:
    return [item["call_id"] for item in items if item.get("type") == kind]


def usage(tokens: Usage) -> dict[str, Any]:
    """Tokens as Responses reports them; its details are never left out."""
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached or 0},
        "output_tokens": tokens.completion,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning or 0},
        "total_tokens": tokens.prompt + tokens.completion,
    }


def _item(
    part: Part, index: int, body: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match part:
        case Say() | Refuse():
            return _message(part, index, _logprobs(part, body))
        case Think():
            return _reasoning(part, index)
        case Call():
            return _call(part, index)
        case Redacted():
            raise ValueError("Responses has no redacted reasoning")


def _logprobs(part: Say | Refuse, body: dict[str, Any]) -> list[dict[str, Any]]:
    if isinstance(part, Refuse) or "message.output_text.logprobs" not in body.get("include", ()):
        return []
    return [tokens.likely(piece, body.get("top_logprobs") or 0) for piece in part.pieces]


def _message(
    part: Say | Refuse, index: int, logprobs: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    kind, field = ("output_text", "text") if isinstance(part, Say) else ("refusal", "refusal")
    text: dict[str, Any] = {"type": kind, field: part.text}
    if isinstance(part, Say):
        text |= {"annotations": [], "logprobs": logprobs}
    item = {"type": "message", "id": f"msg_{index}", "role": "assistant", "status": "completed"}
    where = {"item_id": item["id"], "output_index": index, "content_index": 0}
    return item | {"content": [text]}, [
        _added(item | {"content": [], "status": "in_progress"}, index),
        {"type": "response.content_part.added", **where, "part": text | {field: ""}},
        *({"type": f"response.{kind}.delta", **where, "delta": p} for p in part.pieces),
        {"type": f"response.{kind}.done", **where, field: part.text, "logprobs": logprobs},
        {"type": "response.content_part.done", **where, "part": text},
        _done(item | {"content": [text]}, index),
    ]


def _reasoning(part: Think, index: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    item: dict[str, Any] = {"type": "reasoning", "id": part.id, "summary": []}
    events = [_added(item, index)]
    for number, text in enumerate(part.pieces):
        where = {"item_id": part.id, "output_index": index, "summary_index": number}
        empty = {"type": "summary_text", "text": ""}
        events += [
            {"type": "response.reasoning_summary_part.added", **where, "part": empty},
            {"type": "response.reasoning_summary_text.delta", **where, "delta": text},
            {"type": "response.reasoning_summary_text.done", **where, "text": text},
        ]
    summary = [{"type": "summary_text", "text": text} for text in part.pieces]
    item |= {"summary": summary, "encrypted_content": part.seal}
    return item, [*events, _done(item, index)]


def _call(part: Call, index: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    item = {"type": "function_call", "id": f"fc_{index}", "call_id": part.id, "name": part.name}
    where = {"item_id": item["id"], "output_index": index}
    whole = item | {"arguments": part.arguments, "status": "completed"}
    name = "response.function_call_arguments"
    return whole, [
        _added(item | {"arguments": "", "status": "in_progress"}, index),
        *({"type": f"{name}.delta", **where, "delta": piece} for piece in part.pieces),
        {"type": f"{name}.done", **where, "arguments": part.arguments},
        _done(whole, index),
    ]


def _added(item: dict[str, Any], index: int) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _done(item: dict[str, Any], index: int) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def _response(body: dict[str, Any], status: str, output: list[Any]) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": body["model"],
        "status": status,
        "output": output,
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
    }


def _frame(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()
