"""SGLang's own protocol, told as Chat Completions.

Which tokens an answer is made of, SGLang streams by ``/generate`` alone. That one takes tokens and
gives text, so the rest of Chat Completions is asked of the same server: ``/tokenize`` puts the
messages into the model's template (from SGLang 0.5.12 on; there is no other door to the template),
``/separate_reasoning`` and ``/parse_function_call`` read what was said. The parsers are those that
the server was started with, unless the model's settings name one for calls. Where there is
something to parse, the words are told when all of them are there.

Not told natively are images, and ``parallel_tool_calls`` and ``strict`` have no field there.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self, cast

from openai import (
    APIError,
    AsyncOpenAI,
    AsyncStream,
    BadRequestError,
    NotFoundError,
    NotGiven,
    Omit,
    UnprocessableEntityError,
)
from openai.types.chat import ChatCompletionChunk
from pydantic_ai.exceptions import UserError

from palaver.errors import BrokenReply
from palaver.providers import tokens

_Json = dict[str, Any]

_TEMPLATE = ("model", "messages", "tools", "tool_choice", "reasoning_effort")
_UNTOLD = -9999.0  # what OpenAI says of a token that was next to impossible


@dataclass(frozen=True, slots=True)
class _Parsers:
    """By whom an answer is read; empty is nobody."""

    reasoning: str
    calls: str


class Native:
    """What `client`'s server generates, over the connections of `client`."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._root = str(client.base_url).rstrip("/").removesuffix("/v1")

    async def stream(self, given: Mapping[str, Any]) -> "Told":
        """The answer to a request for Chat Completions.

        Raises `UserError` where it cannot be asked natively, and what the client raises; the
        answer raises `BrokenReply` where it is cut short.
        """
        asked = {k: v for k, v in given.items() if not isinstance(v, Omit | NotGiven | None)}
        parsers = await self._parsers(asked)
        prompt = await self._prompt(asked)
        frames = await self._client.post(
            f"{self._root}/generate",
            cast_to=object,
            body=_generating(prompt, asked, parsers),
            stream=True,
            stream_cls=AsyncStream[object],
        )
        return Told(frames, self._told(frames, asked, parsers))

    async def _parsers(self, asked: _Json) -> _Parsers:
        url = f"{self._root}/get_server_info"
        started = cast(_Json, await self._client.get(url, cast_to=object))
        calls = asked["extra_body"].get("tool_call_parser") or started.get("tool_call_parser") or ""
        if asked.get("tools") and not calls:
            raise UserError(
                "Nothing tells how this model writes tool calls: set `tool_call_parser` in the "
                "model settings, start SGLang with --tool-call-parser, or ask for no token ids."
            )
        return _Parsers(
            reasoning=started.get("reasoning_parser") or "",
            calls=calls if asked.get("tools") else "",
        )

    async def _prompt(self, asked: _Json) -> list[int]:
        """The tokens of the messages in the model's template."""
        if any(part.get("type") == "image_url" for part in _parts(asked["messages"])):
            raise UserError("SGLang tells no token ids where there are images; send without.")
        body = {name: asked[name] for name in _TEMPLATE if name in asked}
        try:
            return cast(list[int], (await self._ask("tokenize", body))["tokens"])
        except (BadRequestError, NotFoundError, UnprocessableEntityError) as error:
            raise UserError(
                "SGLang does not put the messages into the model's template (it can from 0.5.12 "
                f"on); ask for no token ids, or see to it: {error}"
            ) from error

    async def _ask(self, path: str, body: _Json) -> _Json:
        return cast(
            _Json, await self._client.post(f"{self._root}/{path}", cast_to=object, body=body)
        )

    async def _told(
        self, frames: AsyncStream[object], asked: _Json, parsers: _Parsers
    ) -> AsyncIterator[ChatCompletionChunk]:
        heard, chunk = _Heard(), partial(_chunk, asked["model"])
        at_once = not (parsers.reasoning or parsers.calls)
        async for frame in frames:
            new = heard.hear(cast(_Json, frame))
            if new and at_once:
                yield chunk(heard, {"content": new})
        reason = heard.meta.get("finish_reason")
        if not reason:
            raise BrokenReply("The provider's answer stopped in the middle; send again.")
        if reason["type"] == "abort":
            raise APIError(reason.get("message", ""), frames.response.request, body=reason)
        calls: list[_Json] = []
        if not at_once:
            reasoning, words, calls = await self._read(heard, asked, parsers)
            for name, said in (("reasoning_content", reasoning), ("content", words)):
                if said:
                    yield chunk(heard, {name: said})
            if calls:
                yield chunk(heard, {"tool_calls": calls})
        finish = "tool_calls" if calls and reason["type"] == "stop" else reason["type"]
        yield chunk(heard, {}, usage=_usage(heard.meta), **heard.ending(asked, finish))

    async def _read(
        self, heard: "_Heard", asked: _Json, parsers: _Parsers
    ) -> tuple[str, str, list[_Json]]:
        """The reasoning, the words and the calls in what was said."""
        reasoning, words, calls = "", heard.text, []
        if parsers.reasoning:
            body = {"text": words, "reasoning_parser": parsers.reasoning}
            read = await self._ask("separate_reasoning", body)
            reasoning, words = read["reasoning_text"] or "", read["text"] or ""
        if parsers.calls:
            body = {"text": words, "tool_call_parser": parsers.calls, "tools": asked["tools"]}
            read = await self._ask("parse_function_call", body)
            words, calls = read["normal_text"] or "", read["calls"]
        return reasoning, words, [_call(heard.meta["id"], n, one) for n, one in enumerate(calls)]


class Told:
    """Chunks of Chat Completions, as the client's own stream would give them."""

    def __init__(
        self, frames: AsyncStream[object], chunks: AsyncIterator[ChatCompletionChunk]
    ) -> None:
        self._frames = frames
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        """The chunks."""
        return self._chunks

    async def __aenter__(self) -> Self:
        """Close the connection after the context."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._frames.close()


@dataclass(slots=True)
class _Heard:
    """All that was generated so far.

    A frame has either all of it or what is new, as the server was started, and that differs by
    field; how many tokens there are by now tells which.
    """

    text: str = ""
    rows: list[Any] = field(default_factory=list)
    tops: list[Any] = field(default_factory=list)
    meta: _Json = field(default_factory=dict)

    def hear(self, frame: _Json) -> str:
        """Take in a frame; the words that are new in it."""
        self.meta = meta = frame["meta_info"]
        count = meta["completion_tokens"]
        is_whole = len(frame.get("output_ids", range(count))) >= count
        before = len(self.text)
        self.text = frame["text"] if is_whole else self.text + frame["text"]
        self.rows = _all(self.rows, meta.get("output_token_logprobs"), count)
        self.tops = _all(self.tops, meta.get("output_top_logprobs"), count)
        return self.text[before:]

    def ending(self, asked: _Json, finish: str) -> _Json:
        """The last fields of the choice."""
        tops = self.tops or [None] * len(self.rows)
        rows = [[*row[:2], top] for row, top in zip(self.rows, tops, strict=True)]
        told: _Json = {"finish_reason": finish, tokens.ROWS: rows}
        if asked.get("logprobs"):
            likely = zip(self.rows, tops, strict=True)
            content = [{**_likely(row), "top_logprobs": _each(top)} for row, top in likely]
            told["logprobs"] = {"content": content, "refusal": None}
        return told


def _all(before: list[Any], new: list[Any] | None, count: int) -> list[Any]:
    return list(new) if new is not None and len(new) >= count else [*before, *(new or ())]


def _each(top: Iterable[Any] | None) -> list[_Json]:
    return [_likely(row) for row in top or ()]


def _likely(row: list[Any]) -> _Json:
    logprob, _, text = row
    return {"token": text or "", "logprob": _UNTOLD if logprob is None else logprob, "bytes": None}


def _generating(prompt: list[int], asked: _Json, parsers: _Parsers) -> _Json:
    sampling: _Json = {
        "max_new_tokens": asked.get("max_completion_tokens", asked.get("max_tokens")),  # null: all
        "skip_special_tokens": not (
            parsers.reasoning or parsers.calls
        ),  # the parsers look for them
    }
    if "temperature" in asked:
        sampling["temperature"] = asked["temperature"]
    if form := _schema(asked.get("response_format")):
        sampling["json_schema"] = json.dumps(form)
    return {
        "input_ids": prompt,
        "sampling_params": sampling,
        "stream": True,
        "return_logprob": True,
        "return_text_in_logprobs": True,
        "top_logprobs_num": asked.get("top_logprobs", 0),
    }


def _schema(form: _Json | None) -> _Json | None:
    """The schema that an answer of this form follows."""
    match form:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object"}:
            return {"type": "object"}
        case _:
            return None


def _parts(messages: Iterable[_Json]) -> Iterable[_Json]:
    contents = (message.get("content") for message in messages)
    return (part for content in contents if isinstance(content, list) for part in content)


def _call(answer: str, number: int, call: _Json) -> _Json:
    function = {"name": call["name"], "arguments": call["parameters"]}
    call_id = f"call_{answer[:24]}_{number}"
    return {"index": number, "id": call_id, "type": "function", "function": function}


def _usage(meta: _Json) -> _Json:
    prompt, said = meta["prompt_tokens"], meta["completion_tokens"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "total_tokens": prompt + said,
        "prompt_tokens_details": {"cached_tokens": meta.get("cached_tokens")},
    }


def _chunk(
    model: str, heard: _Heard, delta: _Json, usage: _Json | None = None, **more: Any
) -> ChatCompletionChunk:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return ChatCompletionChunk.model_validate(
        {
            "id": heard.meta["id"],
            "object": "chat.completion.chunk",
            "created": 0,
            "model": model,
            "choices": [choice],
            "usage": usage,
        }
    )
