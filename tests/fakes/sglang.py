"""SGLang's own protocol, as a server speaks it whose model marks calls and reasoning with tags."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes import chat, tokens
from tests.fakes.reply import Call, Part, Redacted, Refusal, Refuse, Reply, Say, Think

DONE = chat.DONE
PARSERS = ("qwen25",)
REASONING_PARSERS = ("qwen3",)

_CALL = re.compile(r"\n?<tool_call>\n(.*?)\n</tool_call>", re.DOTALL)
_THOUGHT = re.compile(r"<think>(.*?)</think>", re.DOTALL)
_SAMPLING = {"max_new_tokens", "temperature", "json_schema", "skip_special_tokens"}


@dataclass(frozen=True, slots=True)
class Started:
    """How the server was started: its parsers, and whether frames have only what is new.

    One before 0.5.12 has no `template`: it makes tokens of texts alone.
    """

    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    incremental: bool = False
    template: bool = True


def frames(started: Started, reply: Reply, body: dict[str, Any]) -> Iterator[bytes]:
    """The answer to `body`, frame by frame, without the last ``[DONE]``."""
    pieces = [piece for part in reply.parts for piece in _pieces(part)]
    count = body.get("top_logprobs_num") or 0
    rows = [[tokens.logprob(one), tokens.id_of(one), one] for one in pieces]
    tops = [
        [[tokens.logprob(o), tokens.id_of(o), o] for o in tokens.others_of(piece, count)]
        for piece in pieces
    ]
    counted = reply.usage
    for end in range(1, len(pieces) + 1):
        begin = end - 1 if started.incremental else 0
        meta: dict[str, Any] = {
            "id": "0123456789abcdef0123456789abcdef",
            "finish_reason": _finish(reply) if end == len(pieces) else None,
            "prompt_tokens": counted.prompt if counted else 0,
            "completion_tokens": end,
            "cached_tokens": (counted.cached or 0) if counted else 0,
        }
        if body.get("return_logprob"):
            meta["output_token_logprobs"] = rows[begin:end]
            if count:
                meta["output_top_logprobs"] = tops[begin:end]
        said = {"text": "".join(pieces[begin:end]), "output_ids": [r[1] for r in rows[begin:end]]}
        yield _frame({**said, "meta_info": meta, "index": 0})


def failure(error: Any) -> bytes:
    """An error in mid-stream."""
    return _frame({"error": dict(error)})


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with a request to generate: its prompt, or settings that there are not."""
    prompt = body.get("input_ids")
    if (prompt is None) == (body.get("text") is None):
        return "Either text, input_ids or input_embeds should be provided."
    if prompt is not None and not (prompt and all(isinstance(one, int) for one in prompt)):
        return "input_ids must be a list of integers"
    if unknown := body["sampling_params"].keys() - _SAMPLING:
        return f"Unexpected keyword argument {unknown}"
    schema = body["sampling_params"].get("json_schema")
    return None if schema is None or isinstance(schema, str) else "json_schema is no string"


def _info(started: Started, body: dict[str, Any]) -> Refusal:
    named = {"tool_call_parser": started.tool_call_parser}
    return Refusal(200, {**named, "reasoning_parser": started.reasoning_parser, "tp_size": 1})


def _tokenize(started: Started, body: dict[str, Any]) -> Refusal:
    if not started.template:
        return _refused("[{'type': 'missing', 'loc': ('body', 'prompt'), 'msg': 'Field required'}]")
    wrong = chat.complaint(body)
    if wrong is not None:
        return _refused(wrong)
    words = [json.dumps(one) for one in (*body.get("tools", ()), *body["messages"])]
    ids = [tokens.id_of(word) for word in words]
    return Refusal(200, {"tokens": ids, "count": len(ids), "max_model_len": 32_768})


def _parse_calls(started: Started, body: dict[str, Any]) -> Refusal:
    if body["tool_call_parser"] not in PARSERS:
        return Refusal(500, "Internal Server Error")
    known = [tool["function"]["name"] for tool in body["tools"]]
    calls = [json.loads(found) for found in _CALL.findall(body["text"])]
    told = [
        {
            "tool_index": known.index(call["name"]),
            "name": call["name"],
            "parameters": json.dumps(call["arguments"]),
        }
        for call in calls
        if call["name"] in known
    ]
    return Refusal(200, {"normal_text": _CALL.sub("", body["text"]), "calls": told})


def _separate(started: Started, body: dict[str, Any]) -> Refusal:
    if body["reasoning_parser"] not in REASONING_PARSERS:
        return Refusal(500, "Internal Server Error")
    thought = "".join(_THOUGHT.findall(body["text"]))
    return Refusal(200, {"reasoning_text": thought, "text": _THOUGHT.sub("", body["text"])})


READERS: Mapping[str, Callable[[Started, dict[str, Any]], Refusal]] = {
    "/get_server_info": _info,
    "/tokenize": _tokenize,
    "/parse_function_call": _parse_calls,
    "/separate_reasoning": _separate,
}
"""What else is asked of it, by path: nothing is generated there."""


def _pieces(part: Part) -> Iterator[str]:
    match part:
        case Say(pieces=pieces) | Refuse(pieces=pieces):
            yield from pieces
        case Think(pieces=pieces):
            yield from ("<think>", *pieces, "</think>")
        case Call():
            yield from ("\n<tool_call>\n", f'{{"name": "{part.name}", "arguments": ')
            yield from (*part.pieces, "}\n</tool_call>")
        case Redacted():
            raise ValueError("SGLang has no redacted reasoning")


def _finish(reply: Reply) -> dict[str, Any]:
    kind = reply.finish or "stop"
    match kind:
        case "length":
            return {"type": kind, "length": 20}
        case "abort":
            return {"type": kind, "message": "Aborted", "status_code": 503}
        case _:
            return {"type": kind, "matched": 151645}


def _refused(message: str) -> Refusal:
    return Refusal(400, {"object": "error", "message": message, "type": "BadRequest", "code": 400})


def _frame(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
