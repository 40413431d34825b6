"""What a connection may ask of the server before there is a request: so much, and so long.

The parser has no bounds. It would listen for ever to a header without an end, each piece at the
cost of all before it; and whoever begins a request and does not go on would keep a connection.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = 64 * 1024
"""How many bytes may come in that are no body: an address and headers, or what ends a body."""

SLOWEST = 1024
"""How many bytes of a body have to come in from one look to the next, while anybody reads them."""


class Bounded(HttpToolsProtocol):
    """A connection that is closed where a request is too much, or too slow, to be one.

    `look` is how many seconds lie between two looks at a request that comes in. Its head has to be
    there by the first.
    """

    look = 15.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0  # bytes that have come in since the last piece of a body
        self._body = 0  # bytes of the body that have, since the last look
        self._coming = False  # whether a part of a request is there, and not all of it
        self._next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Who says nothing at all is as one whose connection is idle."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        super().connection_lost(exc)
        self._check_no_more()

    def data_received(self, data: bytes) -> None:
        """Read on, as far as it is not too much."""
        self._head += len(data)
        self._coming = True
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head > HEAD:
            self._refuse(f"The head of a request may have {HEAD} bytes.")
        elif self._coming and self._next is None:
            self._body = 0
            self._next = self.loop.call_later(self.look, self._check)

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one."""
        super().on_message_begin()
        self._coming = True

    def on_headers_complete(self) -> None:
        """A body may follow."""
        super().on_headers_complete()
        self._head, self._body = 0, SLOWEST

    def on_body(self, body: bytes) -> None:
        """A body comes in."""
        super().on_body(body)
        self._head = 0
        self._body += len(body)

    def on_message_complete(self) -> None:
        """All of a request is there."""
        super().on_message_complete()
        self._head, self._coming = 0, False
        self._check_no_more()

    def _check(self) -> None:
        if self._body < SLOWEST and not self.flow.read_paused:
            self._refuse("The request does not come in; send it without a pause.")
            return
        self._body = 0
        self._next = self.loop.call_later(self.look, self._check)

    def _check_no_more(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _refuse(self, why: str) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.send_400_response(why)
        self.transport.close()
