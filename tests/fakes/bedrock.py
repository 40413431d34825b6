"""Amazon Bedrock's two streams, in Amazon's binary framing, as a server speaks them."""

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from tests.fakes import anthropic_messages, pairing
from tests.fakes.reply import Call, Part, Redacted, Refusal, Reply, Say, Think, Usage

HEADERS = {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-requestid": "request-1",
}
TOKEN = "bedrock-api-key-0123456789abcdef"
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG"

_LONGEST_NAME = 64
_BLOCKS = {"text", "image", "toolUse", "toolResult", "reasoningContent", "cachePoint"}
_EXCEPTIONS = {"overloaded_error": "serviceUnavailableException"}  # what the neutral word is here
_STRING = 7  # the type of every header that is sent


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """Converse's answer, frame by frame."""
    yield _event("messageStart", {"role": "assistant"})
    for index, part in enumerate(reply.parts):
        if isinstance(part, Call):
            start = {"toolUse": {"toolUseId": part.id, "name": part.name}}
            yield _event("contentBlockStart", {"contentBlockIndex": index, "start": start})
        for delta in _deltas(part):
            yield _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
        yield _event("contentBlockStop", {"contentBlockIndex": index})
    calls = any(isinstance(part, Call) for part in reply.parts)
    yield _event(
        "messageStop", {"stopReason": reply.finish or ("tool_use" if calls else "end_turn")}
    )
    metrics: dict[str, Any] = {"metrics": {"latencyMs": 7}}
    if reply.usage is not None:
        metrics["usage"] = usage(reply.usage)
    yield _event("metadata", metrics)


def claude_frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """Messages' answer to `body`, each of its events as the bytes of a chunk."""
    for frame in anthropic_messages.frames(reply, {"model": "claude", **body}):
        data = frame.partition(b"data: ")[2].strip()
        yield _event("chunk", {"bytes": base64.b64encode(data).decode()})


def failure(error: Any) -> bytes:
    """An exception in mid-stream."""
    kind = _EXCEPTIONS.get(error["type"], error["type"])
    payload = {"message": error["message"]}
    return _message({":exception-type": kind, ":message-type": "exception"}, payload)


def refusal(status: int, kind: str, message: str) -> Refusal:
    """An answer that is an error, as Amazon says it: what kind it is stands above the body."""
    return Refusal(status, {"message": message}, {"x-amzn-errortype": f"{kind}:http://internal/"})


def usage(tokens: Usage) -> dict[str, Any]:
    """Tokens as Converse reports them: what was cached is not part of ``inputTokens``."""
    cached = (tokens.cached or 0) + (tokens.cache_write or 0)
    counts = {
        "inputTokens": tokens.prompt - cached,
        "outputTokens": tokens.completion,
        "totalTokens": tokens.prompt + tokens.completion,
    }
    if tokens.cached is not None:
        counts["cacheReadInputTokens"] = tokens.cached
    if tokens.cache_write is not None:
        counts["cacheWriteInputTokens"] = tokens.cache_write
    return counts


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with a request to Converse: turns, blocks, or calls without returns."""
    turns = body["messages"]
    if not turns or turns[0]["role"] != "user":
        return "A conversation must start with a user message."
    pairs: list[tuple[list[str], list[str]]] = []
    for turn, before in zip(turns, [None, *turns], strict=False):
        if before is not None and before["role"] == turn["role"]:
            return "A conversation must alternate between user and assistant roles."
        if wrong := next(filter(None, map(_bad_block, turn["content"] or [{}])), None):
            return wrong
        returned = [b["toolResult"]["toolUseId"] for b in turn["content"] if "toolResult" in b]
        asked = [b["toolUse"]["toolUseId"] for b in turn["content"] if "toolUse" in b]
        pairs.append((returned, asked))
        if turn["role"] == "assistant" and "reasoningContent" in turn["content"][-1]:
            return "The final block in an assistant message cannot be reasoning"
    called = any("toolUse" in block for turn in turns for block in turn["content"])
    if called and "toolConfig" not in body:
        return "The toolConfig field must be defined when using toolUse and toolResult blocks."
    return pairing.complaint(pairs)


def claude_complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with a request to Claude."""
    if body.get("anthropic_version") != "bedrock-2023-05-31":
        return "Invalid API version"
    if extra := {"model", "stream"} & body.keys():
        return f"{extra}: Extra inputs are not permitted"
    if '"type": "url"' in json.dumps(body["messages"]):
        return "messages: URL sources are not supported"
    return anthropic_messages.complaint(body)


def stranger(path: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """Why the caller is not let in: it shows neither a token nor a signature with the keys."""
    shown = headers.get("authorization", "")
    if shown.startswith("AWS4-HMAC-SHA256 "):
        return None if shown == _signature(path, headers, body) else "The signature does not match."
    return None if shown.startswith("Bearer ") else "Missing Authentication Token"


def _bad_block(block: dict[str, Any]) -> str | None:
    kinds = block.keys() & _BLOCKS
    if len(block) != 1 or not kinds:
        return f"ContentBlock must set exactly one of {sorted(_BLOCKS)}: {block}"
    match block:
        case {"text": text} if not text.strip():
            return "The text field in the ContentBlock object is blank."
        case {"toolUse": {"name": name}} if not 0 < len(name) <= _LONGEST_NAME:
            return "toolUse.name: bad length"
        case {"toolResult": {"content": []}}:
            return "The content field in the ToolResult object is empty."
        case {"reasoningContent": {"reasoningText": text}} if not text.get("signature"):
            return "reasoningContent.reasoningText.signature: Field required"
        case {"image": {"source": source}} if not base64.b64decode(source["bytes"], validate=True):
            return "The image is empty."
    return None


def _deltas(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Say(pieces=pieces):
            yield from ({"text": piece} for piece in pieces)
        case Think(pieces=pieces, seal=seal):
            yield from ({"reasoningContent": {"text": piece}} for piece in pieces)
            if seal:
                yield {"reasoningContent": {"signature": seal}}
        case Redacted(data=data):
            hidden = base64.b64encode(data.encode()).decode()
            yield {"reasoningContent": {"redactedContent": hidden}}
        case Call(pieces=pieces):
            yield from ({"toolUse": {"input": piece}} for piece in pieces)


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return _message(headers, {**payload, "p": "abcdefgh"})  # padding, so that sizes tell nothing


def _message(headers: dict[str, str], payload: dict[str, Any]) -> bytes:
    head = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), _STRING, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + body
    return message + struct.pack(">I", crc32(message))


def _signature(path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The Authorization header that the request should have, by Amazon's Signature Version 4."""
    credential, signed, _ = headers["authorization"].split(", ")
    scope = credential.partition("/")[2]
    names = signed.partition("=")[2].split(";")
    lines = [
        "POST",
        path.replace("%", "%25").replace(":", "%3A"),
        "",
        *(f"{name}:{headers[name]}" for name in names),
        "",
        ";".join(names),
        hashlib.sha256(body).hexdigest(),
    ]
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    said = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, request])
    key = f"AWS4{SECRET_KEY}".encode()
    for word in [*scope.split("/"), said]:
        key = hmac.digest(key, word.encode(), "sha256")
    start = f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, {signed}"
    return f"{start}, Signature={key.hex()}"
