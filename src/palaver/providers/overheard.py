"""A request to a provider, heard on its way out and not sent.

What a provider would be asked is told by those who write it: the libraries. So nothing is written a
second time, and what is told is what would go over the wire.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

import httpx2

from palaver.domain.llm import StreamEvent

_listening: ContextVar[bool] = ContextVar("listening", default=False)


class Overheard(BaseException):
    """A request was heard and nobody will answer it. No library takes this for an error."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


async def listen(request: httpx2.Request) -> None:
    """What every provider's connections do with a request before it goes out."""
    if _listening.get():
        raise Overheard(request.content)


HOOKS: Mapping[str, list[Callable[..., Any]]] = {"request": [listen]}
"""For the client of a provider's library."""


async def overhear(answer: AsyncGenerator[StreamEvent]) -> dict[str, Any]:
    """The body of the request that `answer` would begin with. Raises what writing it raises."""
    token = _listening.set(True)
    try:
        async with aclosing(answer) as events:
            async for _ in events:
                pass
    except Overheard as heard:
        body: dict[str, Any] = json.loads(heard.body)
        return body
    finally:
        _listening.reset(token)
    raise AssertionError("an answer came without a request")
