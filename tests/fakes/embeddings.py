"""OpenAI's ``/embeddings``, by a model that knows what some words are about."""

import base64
import struct
from typing import Any

from tests.fakes.reply import Refusal

LONGEST = 2_000
"""How many characters of a text it takes."""

_ABOUT = ("sea beach coast holiday", "bread loaf baker dough", "snow ice frost winter")
_PLAIN = "text-plain"  # a model whose server gives numbers as numbers, whatever is asked for


def vector(text: str) -> list[float]:
    """How much a text is about each of a few things, and a little of something else."""
    words = text.lower().replace(".", " ").split()
    return [*(float(sum(word in one for word in words)) for one in map(str.split, _ABOUT)), 0.25]


def answer(body: dict[str, Any]) -> Refusal:
    """The answer to a request, or what is wrong with it."""
    texts = body.get("input")
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        return _wrong("input must be texts")
    if any(len(text) > LONGEST for text in texts):
        return _wrong("a text is too long for this model")
    if body.get("model") == "unknown":
        return Refusal(404, {"error": {"message": "no such model", "code": "model_not_found"}})
    packed = body.get("encoding_format") == "base64" and body["model"] != _PLAIN
    data = [
        {"object": "embedding", "index": n, "embedding": _packed(one) if packed else one}
        for n, one in enumerate(map(vector, texts))
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return Refusal(200, {"object": "list", "model": body["model"], "data": data, "usage": usage})


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _wrong(message: str) -> Refusal:
    return Refusal(400, {"error": {"message": message, "type": "invalid_request_error"}})
