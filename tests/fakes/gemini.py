"""Google's generateContent, as a server speaks it at either door."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.fakes.reply import Call, Redacted, Reply, Say, Think, Usage

PATH = (
    r"/(?P<door>v1beta|v1beta1(?:/projects/[^/]+/locations/[^/]+)?/publishers/google)"
    r"/models/(?P<model>[^/:]+):streamGenerateContent"
)
"""The API's own door, and Vertex's: with a project and a place, or without where a key will do."""

TOKEN = "ya29.fresh"
"""The access token that Vertex's clients are given."""

ANY_SEAL = "skip_thought_signature_validator"
"""What stands for a seal where there is none to send back."""

_ALPHABET = str.maketrans("+/", "-_")
_SIGNED = "signed "
_DATA = ("text", "inlineData", "fileData", "functionCall", "functionResponse")


def frames(reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame.

    The first of its calls is always signed, and says in its signature what it is.
    """
    if not reply.parts:
        yield _frame(
            {"promptFeedback": {"blockReason": reply.finish or "PROHIBITED_CONTENT"}}, reply
        )
        return
    signed = False
    for part in reply.parts:
        match part:
            case Say(pieces=pieces, seal=seal):
                yield from (_chunk({"text": piece}, reply) for piece in pieces)
                if seal:
                    yield _chunk({"text": "", "thoughtSignature": signature(seal)}, reply)
            case Think():
                yield from (_chunk(thought, reply) for thought in _thoughts(part))
            case Call():
                yield _chunk(_call(part, None if signed else _sign(part, body["door"])), reply)
                signed = True
            case Redacted():
                raise ValueError("Gemini has no redacted reasoning")
    last = {"content": {"role": "model"}, "finishReason": reply.finish or "STOP", "index": 0}
    counted = {"usageMetadata": usage(reply.usage)} if reply.usage else {}
    yield _frame({"candidates": [last], **counted}, None)


def failure(error: Any) -> bytes:
    """An error in mid-stream. Its code is a number here; a word is another server's."""
    own = {name: told for name, told in error.items() if name != "code" or isinstance(told, int)}
    about = {"code": 503, "status": "UNAVAILABLE", **own}
    return f"data: {json.dumps({'error': about})}\r\n\r\n".encode()


def error(code: int, status: str, message: str = "no", *details: dict[str, Any]) -> dict[str, Any]:
    """The body of a refusal."""
    about = {"code": code, "message": message, "status": status}
    return {"error": {**about, "details": list(details)} if details else about}


def listed(models: Iterable[str]) -> dict[str, Any]:
    """The list of models; those with ``embed`` in their names cannot talk."""
    return {
        "models": [
            {
                "name": f"models/{name}",
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": [
                    "embedContent" if "embed" in name else "generateContent"
                ],
            }
            for name in models
        ]
    }


def signature(seal: str) -> str:
    """A seal as it stands on the wire."""
    return base64.b64encode(seal.encode()).decode()


def seal_of(part: dict[str, Any]) -> str:
    """The seal that a part came back with; clients spell base64 in either alphabet."""
    return base64.urlsafe_b64decode(part["thoughtSignature"].translate(_ALPHABET)).decode()


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with the request: with its parts, its turns, its signatures or its settings."""
    contents = body["contents"]
    if not contents or contents[0]["role"] != "user":
        return "Please ensure that the conversation starts with a user turn"
    for content, before in zip(contents, [None, *contents], strict=False):
        wrong = _about_parts(content, before is None) or _about_turn(content, before)
        if wrong or (wrong := _about_signatures(content, body["door"])):
            return wrong
    if _named(contents[-1], "functionCall"):
        return "Please ensure that function call turns are followed by their function responses"
    return _about_settings(body)


def usage(tokens: Usage) -> dict[str, Any]:
    """Tokens as Gemini reports them: what was thought is no part of ``candidatesTokenCount``."""
    counts = {
        "promptTokenCount": tokens.prompt,
        "candidatesTokenCount": tokens.completion - (tokens.reasoning or 0),
        "totalTokenCount": tokens.prompt + tokens.completion,
    }
    if tokens.cached is not None:
        counts["cachedContentTokenCount"] = tokens.cached
    if tokens.reasoning is not None:
        counts["thoughtsTokenCount"] = tokens.reasoning
    return counts


def _about_parts(content: dict[str, Any], is_first: bool) -> str | None:
    if content["role"] not in ("user", "model"):
        return "Please use a valid role: user, model."
    if not content.get("parts"):
        return "contents.parts must not be empty"
    for part in content["parts"]:
        data = [name for name in _DATA if name in part]
        if len(data) != 1:
            return f"part.data: required oneof field 'data' must have one initialized field: {data}"
        if data == ["text"] and not part["text"] and not is_first:  # an empty start is let pass
            return "Unable to submit request because it must have a text parameter"
    return None


def _about_turn(content: dict[str, Any], before: dict[str, Any] | None) -> str | None:
    if content["role"] == "model" and before and before["role"] == "model":
        return "Please ensure that multiturn requests alternate between user and model"
    asked = _named(before, "functionCall") if before else []
    if asked != _named(content, "functionResponse"):
        return "Please ensure that the function response parts are those of the function call parts"
    return None


def _about_signatures(content: dict[str, Any], door: str) -> str | None:
    for part in [part for part in content["parts"] if "functionCall" in part][:1]:
        if "thoughtSignature" not in part:
            return "Function call is missing a thought_signature in functionCall parts"
        call = part["functionCall"]
        given = seal_of(part)
        if given.startswith(_SIGNED) and given != _signed(call["name"], call.get("args"), door):
            return "Corrupted thought signature."
    return None


def _about_settings(body: dict[str, Any]) -> str | None:
    chosen = body.get("generationConfig", {})
    as_json = chosen.get("responseMimeType") == "application/json"
    if as_json and body.get("tools") and body["model"].startswith("gemini-2"):
        return "Function calling with a response mime type: 'application/json' is unsupported"
    thinking = {_camel(name): value for name, value in chosen.get("thinkingConfig", {}).items()}
    if thinking.get("includeThoughts") and thinking.get("thinkingBudget") == 0:
        return "Thinking_config.include_thoughts is only enabled when thinking is enabled."
    return None


def _camel(name: str) -> str:
    """A field's name, which clients spell in either way."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _named(content: dict[str, Any], kind: str) -> list[tuple[str, str | None]]:
    """The names and ids of the content's calls, or of its responses."""
    found = (part[kind] for part in content["parts"] if kind in part)
    return [(one["name"], one.get("id")) for one in found]


def _thoughts(part: Think) -> Iterator[dict[str, Any]]:
    *others, last = part.pieces or ("",)
    yield from ({"text": piece, "thought": True} for piece in others)
    sealed = {"thoughtSignature": signature(part.seal)} if part.seal else {}
    yield {"text": last, "thought": True, **sealed}


def _call(call: Call, signed: str | None) -> dict[str, Any]:
    args = {"args": json.loads(call.arguments)} if call.arguments else {}
    seal = signature(call.seal) if call.seal else signed
    signs = {"thoughtSignature": seal} if seal else {}
    return {"functionCall": {"name": call.name, **args}, **signs}


def _sign(call: Call, door: str) -> str:
    args = json.loads(call.arguments) if call.arguments else None
    return signature(_signed(call.name, args, door))


def _signed(name: str, args: Any, door: str) -> str:
    """What a signature says: neither door takes the other's."""
    at = "vertex" if "publishers" in door else "ai"
    return _SIGNED + f"{at} {name} {json.dumps(args or {}, sort_keys=True)}"


def _chunk(part: dict[str, Any], reply: Reply) -> bytes:
    content = {"role": "model", "parts": [part]}
    return _frame({"candidates": [{"content": content, "index": 0}]}, reply)


def _frame(data: dict[str, Any], begun: Reply | None) -> bytes:
    """A frame; while the answer goes on, it counts the prompt alone."""
    counted = {"promptTokenCount": begun.usage.prompt} if begun and begun.usage else {}
    about = {"modelVersion": "gemini", "responseId": "resp_1"}
    more = {"usageMetadata": counted} if counted else {}
    return f"data: {json.dumps({**more, **data, **about})}\r\n\r\n".encode()
