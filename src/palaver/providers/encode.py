"""Entries in, the library's messages out.

What goes on the wire is always a conversation that a provider accepts, whatever is stored: a call
has its return right after it and a return its call, nobody speaks without content, and reasoning
goes back only to the protocol that gave it, which alone can read its seal.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, Literal

from pydantic_ai.messages import (
    INVALID_JSON_KEY,
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)

from palaver.domain.entry import Entry
from palaver.domain.part import (
    Base64Image,
    HiddenReasoning,
    Image,
    ImageSource,
    LettaImage,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    UrlImage,
)

Wire = Literal["chat", "responses", "messages", "gemini", "converse"]
"""The protocols: OpenAI's Chat Completions and Responses, Anthropic's Messages, Google's Gemini,
Amazon's Converse.
"""

_CHAT_REASONING = ("reasoning", "reasoning_content")  # the fields it comes in, and goes back in
# What a protocol takes as the id of a call; other providers' may be longer or of other letters.
_CALL_IDS = {"chat": re.compile(r".{1,40}", re.DOTALL)}
_CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_UNSEEN = "[an image that cannot be shown]"


class _Call(ToolCallPart):
    """A call whose arguments go back to the letter, as the provider's cache knows them."""

    def args_as_json_str(self) -> str:
        """The arguments; in the library's form where they are no JSON object."""
        if not isinstance(self.args, str) or INVALID_JSON_KEY in self.args_as_dict():
            return super().args_as_json_str()
        return self.args or "{}"


def messages(
    entries: Iterable[Entry], system: str, wire: Wire, fetches: bool = True
) -> list[ModelMessage]:
    """The conversation as it is told to `system` (the library's name of a provider) over `wire`.

    Where the provider does not fetch images, one that is only known by its URL cannot be shown: it
    is not fetched here, as anybody could have this server call anywhere.
    """
    turns = [(of_model, list(said)) for of_model, said in groupby(entries, _is_models)]
    encoded: list[ModelMessage] = []
    asked: dict[str, str] = {}  # the calls that the turn before has made, with their names
    for n, (of_model, said) in enumerate(turns, start=1):
        if of_model:
            answered = set(_return_ids(turns[n][1])) if n < len(turns) else set()
            response = _response(said, answered, system, wire)
            asked = {p.tool_call_id: p.tool_name for p in response if isinstance(p, ToolCallPart)}
            _add_response(encoded, response, system)
        else:
            _add_request(encoded, _request(said, asked, fetches))
            asked = {}
    for message in encoded:
        for part in message.parts:
            if isinstance(part, ToolCallPart | ToolReturnPart):
                part.tool_call_id = _accepted(part.tool_call_id, wire)
    return encoded


def call_ids(entries: Iterable[Entry]) -> Iterable[str]:
    """The ids of the calls that were made."""
    return (part.call_id for entry in entries for part in entry.parts if isinstance(part, ToolCall))


def _is_models(entry: Entry) -> bool:
    return entry.role == "assistant"


def _return_ids(said: Iterable[Entry]) -> Iterable[str]:
    return (p.call_id for entry in said for p in entry.parts if isinstance(p, ToolReturn))


def _add_response(encoded: list[ModelMessage], parts: list[ModelResponsePart], system: str) -> None:
    while parts and isinstance(parts[-1], ThinkingPart):
        parts.pop()  # no provider takes reasoning that led to nothing
    last = encoded[-1] if encoded else None
    if isinstance(last, ModelResponse):
        last.parts = [*last.parts, *parts]
    elif parts:
        encoded.append(ModelResponse(parts=parts, provider_name=system))


def _add_request(encoded: list[ModelMessage], parts: list[ModelRequestPart]) -> None:
    last = encoded[-1] if encoded else None
    if isinstance(last, ModelRequest):
        last.parts = [*last.parts, *parts]
    elif parts:
        encoded.append(ModelRequest(parts=parts))


def _response(
    said: Iterable[Entry], answered: set[str], system: str, wire: Wire
) -> list[ModelResponsePart]:
    """What the model said, with those of its calls that are `answered`, each once."""
    parts: list[ModelResponsePart] = []
    for entry in said:
        sealed = _is_sealed(entry, system, wire)
        for part in entry.parts:
            match part:
                case Text(text=text) if text.strip():
                    parts.append(TextPart(text, **_seal(part.seal if sealed else None, system)))
                case Reasoning(text=text) if sealed:
                    parts.append(ThinkingPart(text, **_seal(part.seal, system)))
                case HiddenReasoning() if sealed:
                    parts.append(ThinkingPart("", **_seal(part.seal, system)))
                case ToolCall(call_id=call_id) if call_id in answered:
                    answered.discard(call_id)
                    seal = _seal(part.seal if sealed else None, system)
                    parts.append(_Call(part.name, part.arguments, call_id, **seal))
                case _:
                    pass
    return parts


def _is_sealed(entry: Entry, system: str, wire: Wire) -> bool:
    """Whether what the provider attached to the entry may go back: all of it, or nothing.

    A protocol that finds an id without the reasoning that belongs to it refuses the request.
    """
    seals = [p.seal or {} for p in entry.parts if isinstance(p, Reasoning | HiddenReasoning)]
    if entry.cut or any(seal.get("provider_name") != system for seal in seals):
        return False
    match wire:
        case "chat":
            return all(
                seal.get("id") in _CHAT_REASONING or _is_detail(seal.get("provider_details"))
                for seal in seals
            )
        case "responses":  # the encrypted text of an item is with the first of its summaries
            encrypted = {seal.get("id") for seal in seals if seal.get("signature")}
            return all(seal.get("id") in encrypted for seal in seals)
        case "messages" | "converse":
            return all(seal.get("signature") for seal in seals)
        case "gemini":  # the signature may be with the part that the reasoning led to
            return True


def _is_detail(details: Mapping[str, Any] | None) -> bool:
    """Whether the reasoning is one of OpenRouter's ``reasoning_details``."""
    return str((details or {}).get("type")).startswith("reasoning.")


def _accepted(call_id: str, wire: Wire) -> str:
    """The call's id as the protocol takes it: the same one, or always the same other one.

    A conversation may have been led elsewhere before, where ids look different.
    """
    if _CALL_IDS.get(wire, _CALL_ID).fullmatch(call_id):
        return call_id
    return f"call_{sha256(call_id.encode()).hexdigest()[:24]}"


def _seal(seal: Mapping[str, Any] | None, system: str) -> dict[str, Any]:
    """The attachments of a part, as the fields that they came in."""
    return dict(seal) if seal and seal.get("provider_name") == system else {}


def _request(said: Iterable[Entry], asked: dict[str, str], fetches: bool) -> list[ModelRequestPart]:
    """The returns of the calls that were `asked`, in their order, and then what people say."""
    returns: dict[str, ModelRequestPart] = {}
    rest: list[ModelRequestPart] = []
    for entry in said:
        for part in entry.parts:
            if isinstance(part, ToolReturn) and part.call_id in asked:
                name = asked[part.call_id]
                returns.setdefault(part.call_id, _returned(part, name, entry, fetches))
        content = _content(entry.parts, fetches)
        if content:
            rest.append(UserPromptPart(content, timestamp=entry.created_at))
    return [*(returns[call_id] for call_id in asked if call_id in returns), *rest]


def _returned(part: ToolReturn, name: str, entry: Entry, fetches: bool) -> ToolReturnPart:
    outcome: Literal["success", "failed"] = "success" if part.status == "success" else "failed"
    content = part.content if isinstance(part.content, str) else _content(part.content, fetches)
    return ToolReturnPart(name, content, part.call_id, outcome=outcome, timestamp=entry.created_at)


def _content(parts: Sequence[Part], fetches: bool) -> str | list[UserContent]:
    """Texts and images; a plain string where there are no images."""
    content: list[UserContent] = []
    for part in parts:
        if isinstance(part, Text) and part.text.strip():
            content.append(part.text)
        elif isinstance(part, Image):
            content.append(_image(part.source, fetches))
    if all(isinstance(item, str) for item in content):
        return "\n\n".join(item for item in content if isinstance(item, str))
    return content


def _image(source: ImageSource, fetches: bool) -> UserContent:
    match source:
        case UrlImage(url=url) if url.startswith("data:"):
            head, _, data = url.removeprefix("data:").partition(",")
            return _picture(data, head.partition(";")[0], None)
        case UrlImage(url=url) if fetches:
            return ImageUrl(url)
        case Base64Image():
            return _picture(source.data, source.media_type, source.detail)
        case LettaImage(data=str(data)):
            return _picture(data, source.media_type or "image/png", source.detail)
        case _:
            return _UNSEEN


def _picture(data: str, media_type: str, detail: str | None) -> UserContent:
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        return _UNSEEN
    about = {"detail": detail} if detail else None
    return BinaryContent(raw, media_type=media_type, vendor_metadata=about)
