"""Agents as other servers have models: for programs that speak only OpenAI's Chat Completions.

Such a program sends the whole conversation each time. An agent remembers it, so that only what
stands last is said to it; the model's name is the id of an agent, or of one of its conversations.
"""

import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, Field

from palaver import clock
from palaver.api import addressing, messages, problems, routing, sse
from palaver.api.deps import Caller, Connection, Rooms
from palaver.api.requests import StrictRoute
from palaver.api.send_body import AgentSendBody
from palaver.api.sse import EventStream, Wanted
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ConversationId, is_id
from palaver.domain.message import AssistantMessage, Stop, StreamError, Usage
from palaver.domain.run import StopReason
from palaver.engine.log import Log
from palaver.engine.tail import Event
from palaver.errors import Invalid, PalaverError, Stopping


class CompletionRoute(StrictRoute):
    """A route whose refusals are worded as OpenAI's are: its clients look under ``error``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, whose refusals have both forms."""
        handle = super().get_route_handler()

        async def worded(request: Request) -> Response:
            try:
                return await handle(request)
            except (PalaverError, RequestValidationError) as error:
                return _worded(problems.refusal(error))

        return worded


router = routing.router("/v1/chat/completions", "chat", CompletionRoute)


class TextPart(Frozen):
    """Words."""

    type: Literal["text"]
    text: str


class ImageUrl(Frozen):
    """Where a picture is: an address, or the picture itself as a ``data:`` URL in base64."""

    url: str


class ImagePart(Frozen):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


class ChatMessage(Frozen):
    """What somebody said; of all but the last message nothing else is read."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]] | None = None


class StreamOptions(Frozen):
    """What a stream tells besides the answer."""

    include_usage: bool = False


def _somebody(model: str) -> str:
    if not (is_id("agent", str(model)) or is_id("conv", str(model))):
        raise ValueError("is the id of an agent or a conversation, such as agent-…")
    return model


class CompletionRequest(Frozen):
    """What is said, and to whom.

    How a model is asked is the agent's own matter: ``temperature``, ``max_tokens`` and the like are
    taken and mean nothing.
    """

    model: Annotated[AgentId | ConversationId, BeforeValidator(_somebody)]
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = 1
    tools: Annotated[list[Any], Field(max_length=0)] | None = None

    @property
    def send(self) -> AgentSendBody:
        """The send that this is. Raises `Invalid` where the last message is not somebody's."""
        last = self.messages[-1]
        if last.role != "user" or not last.content:
            raise Invalid("The last message must be a user's and say something.")
        content: Any = last.content
        if not isinstance(content, str):
            content = [_part(part) for part in content]
        return AgentSendBody.model_validate(
            {
                "messages": [{"role": "user", "content": content}],
                "streaming": True,
                "stream_tokens": bool(self.stream),
                "on_pending": "deny",  # in this protocol nobody could answer
                "cancel_on_disconnect": True,
            }
        )


class Answer(Frozen):
    """What the agent said."""

    role: Literal["assistant"] = "assistant"
    content: str


class CompletionChoice(Frozen):
    """The one answer."""

    index: int = 0
    message: Answer
    finish_reason: Literal["stop", "length"]
    logprobs: None = None


class ChatUsage(Frozen):
    """The tokens of all steps of the turn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(Frozen):
    """All that an agent said in one turn. ``id`` is the run's with another prefix."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: ChatUsage


_EITHER: dict[int | str, dict[str, Any]] = {
    **messages.BUSY,
    200: {
        "description": "The answer: one document, or a stream of chunks.",
        "model": ChatCompletion,
        "content": {"text/event-stream": {"schema": {"description": "One chunk an event."}}},
    },
    **problems.FROM_PROVIDER,
}


@router.post("", response_model=None, responses=_EITHER)
async def complete(
    body: CompletionRequest, caller: Caller, rooms: Rooms, wire: Connection
) -> Response:
    """Say something to an agent, in OpenAI's protocol. Its tools are carried out on the way."""
    send = body.send
    address = await rooms.db.read(addressing.find, caller.project, body.model, None)
    admitted = await rooms.runner.start(messages.wished(address, send, caller, wire))
    run_id = admitted.run_id
    left = partial(messages.cancel, rooms, caller.project, address.agent_id, run_id)
    if body.stream:
        return EventStream(_chunks(rooms.log, run_id, body), left)
    async with sse.unless_gone(wire.request.receive, left):
        answer = await sse.gather(rooms.log, Wanted(run_id))
    if answer is None:
        failure = await rooms.db.read(messages.failure, caller.project, run_id)
        return _worded(problems.of_failure(failure))
    said = "".join(_words(m) for m in answer.messages if isinstance(m, AssistantMessage))
    choice = CompletionChoice(
        message=Answer(content=said), finish_reason=_finish(answer.stop_reason.stop_reason)
    )
    whole = ChatCompletion(**_head(run_id, body), choices=[choice], usage=_usage(answer.usage))
    return Response(whole.model_dump_json(), 200, media_type="application/json")


def _worded(refusal: JSONResponse) -> JSONResponse:
    body = json.loads(bytes(refusal.body))
    told = {"message": body.get("detail"), "type": "invalid_request_error", "code": None}
    refusal.body = refusal.render({"error": told, **body})
    refusal.headers["content-length"] = str(len(refusal.body))
    return refusal


async def _chunks(log: Log, run_id: str, body: CompletionRequest) -> AsyncGenerator[bytes, None]:
    head = _head(run_id, body) | {"object": "chat.completion.chunk"}
    yield _frame(head, {"role": "assistant", "content": ""})
    async with aclosing(log.follow(run_id, 0, patience=sse.PING_EVERY)) as batches:
        try:
            async for batch in batches:
                yield b"".join(_told(batch, head, body)) or b": waiting\n\n"
        except Stopping:
            return  # without an end: the turn goes on, and its answer is in the history
    yield b"data: [DONE]\n\n"


def _told(batch: Sequence[Event], head: dict[str, Any], body: CompletionRequest) -> list[bytes]:
    frames = []
    for event in batch:
        match event.kind:
            case "assistant_message":
                text = _words(AssistantMessage.model_validate_json(event.data))
                frames.append(_frame(head, {"content": text}))
            case "error_message":
                error = StreamError.model_validate_json(event.data)
                told = {"message": error.message, "type": error.error_type, "code": None}
                frames.append(_data({"error": told}))
            case "stop_reason":
                reason = Stop.model_validate_json(event.data).stop_reason
                frames.append(_frame(head, {}, _finish(reason)))
            case "usage_statistics" if body.stream_options and body.stream_options.include_usage:
                usage = _usage(Usage.model_validate_json(event.data))
                frames.append(_data({**head, "choices": [], "usage": usage.model_dump()}))
    return frames


def _frame(head: dict[str, Any], delta: dict[str, str], finish: str | None = None) -> bytes:
    return _data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _data(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _head(run_id: str, body: CompletionRequest) -> dict[str, Any]:
    return {
        "id": run_id.replace("run-", "chatcmpl-", 1),
        "created": clock.since_1970() // 1_000_000_000,
        "model": body.model,
    }


def _words(message: AssistantMessage) -> str:
    content = message.content
    return content if isinstance(content, str) else "".join(part.text for part in content)


def _finish(reason: StopReason) -> Literal["stop", "length"]:
    return "length" if reason == "max_tokens_exceeded" else "stop"


def _usage(usage: Usage) -> ChatUsage:
    return ChatUsage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
    )


def _part(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return part.model_dump()
    kind, comma, data = part.image_url.url.partition(";base64,")
    if not comma:
        return {"type": "image", "source": {"type": "url", "url": part.image_url.url}}
    source = {"type": "base64", "media_type": kind.removeprefix("data:"), "data": data}
    return {"type": "image", "source": source}
