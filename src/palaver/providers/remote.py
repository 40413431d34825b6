"""A model behind a network: opened when it is first needed, and tried again before it has spoken.

The library that speaks to providers takes seconds to import, so that happens in a thread, at the
first request to any provider.
"""

import asyncio
import gc
import logging
import random
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from palaver.domain.llm import ChatRequest, Completion, StreamEvent
from palaver.errors import (
    EmptyReply,
    LLMError,
    LLMTimeout,
    Overloaded,
    ProviderFailed,
    RateLimited,
    RequestRefused,
)
from palaver.providers.table import Account

if TYPE_CHECKING:
    from palaver.providers.pydantic_ai import PydanticAIChatModel

logger = logging.getLogger(__name__)

_TURN = sys.getswitchinterval()  # seconds that a thread may keep Python's lock from the others
_SHORT_TURN = _TURN / 10  # while a library is imported

_WORTH_ANOTHER_TRY = (RateLimited, Overloaded, ProviderFailed, EmptyReply)
"""What may pass soon. A timeout is not among them: who has waited that long decides for himself."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to wait for a provider; times are in seconds and hold for each try.

    `connect` is for reaching it, `first_event` from the request until the model says something,
    `idle` how long the connection may bring nothing at all: any byte counts, as models that think
    for minutes send signs of life at best. A wait that the provider asks for is waited up to
    `longest_wait`; a longer one is the caller's.
    """

    connect: float = 10.0
    first_event: float = 600.0
    idle: float = 300.0
    tries: int = 3
    first_wait: float = 0.5
    longest_wait: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def wait(self, error: LLMError, tried: int) -> float | None:
        """The wait before the next try, or None where there is no use in one."""
        if tried >= self.tries or not isinstance(error, _WORTH_ANOTHER_TRY):
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.longest_wait else None
        return self.first_wait * 2.0 ** (tried - 1) * random.uniform(1, 2)


class RemoteModel:
    """Whatever model of an account a request names."""

    def __init__(self, account: Account, patience: Patience) -> None:
        self._account = account
        self._patience = patience
        self._opening = asyncio.Lock()
        self._opened: PydanticAIChatModel | None = None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Answer, as `ChatModel.stream` says; failures before the first event are tried again."""
        tried = 0
        while True:
            begun = False
            try:
                async with aclosing(self._try(request)) as events:
                    async for event in events:
                        begun = True
                        yield event
                return
            except LLMError as error:
                tried += 1
                wait = None if begun else self._patience.wait(error, tried)
                if wait is None:
                    raise
                logger.info("%s: %s Again in %.1f s.", request.handle, error, wait)
            await self._patience.sleep(wait)

    async def preview(self, request: ChatRequest) -> dict[str, Any]:
        """The body that the provider would get, as `ChatModel.preview` says."""
        return await (await self._model()).preview(request)

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """The vectors of texts, as `Vectorizer.embed` says; failures are tried again."""
        tried = 0
        while True:
            try:
                return await (await self._model()).embed(model, texts)
            except LLMError as error:
                tried += 1
                wait = self._patience.wait(error, tried)
                if wait is None:
                    raise
            await self._patience.sleep(wait)

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._opened is not None:
            await self._opened.close()

    async def _try(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """The answer to one request. Its last event comes only if it is one to be content with."""
        model = await self._model()
        async with aclosing(model.stream(request)) as events:
            event = await self._first(events)
            _check(event, request, begun=False)
            yield event
            async for event in events:
                _check(event, request, begun=True)
                yield event

    async def _first(self, events: AsyncGenerator[StreamEvent, None]) -> StreamEvent:
        try:
            async with asyncio.timeout(self._patience.first_event):
                return await anext(events)
        except TimeoutError as error:
            raise LLMTimeout(
                f"{self._account.provider.name} did not begin its answer within "
                f"{self._patience.first_event:g} s; send again, or raise "
                "PALAVER_LLM_FIRST_EVENT_TIMEOUT."
            ) from error

    async def _model(self) -> "PydanticAIChatModel":
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncio.to_thread(_open, self._account, self._patience)
        return self._opened


def _check(event: StreamEvent, request: ChatRequest, *, begun: bool) -> None:
    """Raise what is wrong with an answer that ends like this.

    Nothing said is no answer to somebody who asked; after a tool's return it is the end of a turn.
    """
    if not isinstance(event, Completion):
        return
    name = request.handle.provider
    if event.finish == "error":
        raise ProviderFailed(f"{name} broke off its answer; send again.")
    if begun:
        return
    if event.finish == "content_filter":
        raise RequestRefused(f"{name} holds its answer back; say it in other words.")
    if event.finish == "stop" and not (request.entries and request.entries[-1].role == "tool"):
        raise EmptyReply(f"{name} had nothing to say; send again, or say it in other words.")


def _open(account: Account, patience: Patience) -> "PydanticAIChatModel":
    """Import the library and open the connections, while others run as well as they can.

    The garbage collector rests: it would look through everything that is imported, time and again,
    and nobody else can run then. And who wants Python's lock is given it soon: a stream asks for it
    several times a word, and by default waits 5 ms each time.
    """
    gc.disable()
    sys.setswitchinterval(_SHORT_TURN)
    try:
        from palaver.providers.pydantic_ai import PydanticAIChatModel

        return PydanticAIChatModel(account, patience.connect, patience.idle)
    finally:
        sys.setswitchinterval(_TURN)
        gc.freeze()  # what was imported stays: the next collection need not look at it either
        gc.enable()
