"""A model behind a network: opened when it is first needed, and tried again before it has spoken.

The library that speaks to providers takes seconds to import, so that happens in a thread, at the
first request to any provider.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from palaver.domain.llm import ChatRequest, StreamEvent
from palaver.errors import LLMError, Overloaded, ProviderFailed, RateLimited
from palaver.providers.table import Account

if TYPE_CHECKING:
    from palaver.providers.pydantic_ai import PydanticAIChatModel

logger = logging.getLogger(__name__)

_WORTH_ANOTHER_TRY = (RateLimited, Overloaded, ProviderFailed)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to wait for a provider; times are in seconds.

    `silence` is how long a connection may bring nothing at all, before the first event or after
    it: any byte counts, as models that think for minutes send signs of life at best.
    """

    connect: float = 10.0
    silence: float = 300.0
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
        model = await self._model()
        tried = 0
        while True:
            begun = False
            try:
                async with aclosing(model.stream(request)) as events:
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

    async def close(self) -> None:
        """Close the connections to the provider."""
        if self._opened is not None:
            await self._opened.close()

    async def _model(self) -> "PydanticAIChatModel":
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncio.to_thread(_open, self._account, self._patience)
        return self._opened


def _open(account: Account, patience: Patience) -> "PydanticAIChatModel":
    from palaver.providers.pydantic_ai import PydanticAIChatModel

    return PydanticAIChatModel(account, patience.connect, patience.silence)
