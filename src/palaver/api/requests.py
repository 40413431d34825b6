"""How a request is read: strict JSON, and one spelling of each path and of what is not asked.

JSON is read by one parser for all endpoints. It refuses what could not come back exactly: lone
surrogates, NUL characters and numbers that are not finite (docs/decisions).
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pydantic_core
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from palaver.core.json_places import holds_more, unkept
from palaver.errors import Stopping, Unavailable
from palaver.settings import Settings

_COLLECTIONS = frozenset(
    f"/v1/{name}"
    for name in (
        "agents", "archives", "blocks", "conversations", "folders", "groups", "health",
        "identities", "mcp-servers", "messages", "models", "providers", "ready", "runs", "steps",
        "tags", "tools",
    )
)  # fmt: skip

_AROUND = 64 * 1024  # bytes of a body that are not its file


MOST_VALUES = 100_000
"""How many values JSON may hold: what is wrong with each of millions would take minutes to tell."""

_SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?\d{3}|\d{309}")
"""What JSON holds that spells a NUL, or a number too large to be finite."""


class StrictRequest(Request):
    """A request whose body has at most so many bytes, and whose JSON is what it says."""

    def __init__(self, scope: Scope, receive: Receive, most: int) -> None:
        super().__init__(scope, receive)
        self._most = most

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece. Raises a 413 once it is larger than it may be."""
        most = self._most
        size = int(self.headers.get("content-length", 0))
        refusal = HTTPException(413, f"TOO_LARGE: a body may have up to {most} bytes; send less.")
        if size > most:
            raise refusal
        size = 0
        async for piece in super().stream():
            size += len(piece)
            if size > most:
                raise refusal
            yield piece

    async def json(self) -> Any:
        """The body. Raises `json.JSONDecodeError`, or a 422 for what cannot be kept."""
        body = await self.body()
        try:
            value = pydantic_core.from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from error
        if body.count(b",") >= MOST_VALUES and holds_more(value, MOST_VALUES):
            raise HTTPException(
                413, f"TOO_LARGE: a body may hold up to {MOST_VALUES} values; send fewer at once."
            )
        if _SUSPICIOUS.search(body) and unkept(value) is not None:
            raise HTTPException(
                422, "UNPROCESSABLE: text must not hold NUL (U+0000), and numbers must be finite."
            )
        return value


class StrictRoute(APIRoute):
    """A route that reads its requests strictly."""

    def most(self, settings: Settings) -> int:
        """How many bytes the body of a request may have."""
        return settings.max_body

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            most = self.most(request.app.state.settings)
            try:
                return await handle(StrictRequest(request.scope, request.receive, most))
            except asyncio.CancelledError:  # nobody else cancels it: the server ends
                raise Stopping from None
            except HTTPException as refusal:
                if isinstance(refusal.__cause__, OSError):  # a large file waits on the disk
                    raise Unavailable(
                        f"The file cannot be put aside while it comes in ({refusal.__cause__}); "
                        "make room for temporary files (TMPDIR), then send it again."
                    ) from refusal
                raise

        return strictly


class UploadRoute(StrictRoute):
    """A route whose requests bring a file of a folder, and a little around it."""

    def most(self, settings: Settings) -> int:
        """How many bytes the body of a request may have."""
        return settings.max_file + _AROUND


class ImportRoute(StrictRoute):
    """A route whose requests bring what was led elsewhere."""

    def most(self, settings: Settings) -> int:
        """How many bytes the body of a request may have."""
        return settings.max_import


_EMPTY = re.compile(rb"(^|&)[^&=]*=(?=&|$)")
"""A parameter without a value. Some clients send what others leave out (contract §1.5)."""


class OneSpelling:
    """One spelling of each request.

    Each path is served with and without its last slash, without a redirect (contract §1.4), and an
    empty parameter is as good as none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under the spelling that is declared."""
        if scope["type"] == "http":
            path = scope["path"].rstrip("/") or "/"
            if "\0" in path or b"%00" in scope["query_string"]:
                refusal = Response('{"detail":"UNPROCESSABLE: NUL in the address"}', 422)
                refusal.headers["content-type"] = "application/json"
                return await refusal(scope, receive, send)
            asked = _EMPTY.sub(b"", scope["query_string"]).lstrip(b"&")
            scope = {**scope, "path": as_declared(path), "query_string": asked}
        await self._app(scope, receive, send)


def as_declared(path: str) -> str:
    """How a path without a slash at its end is spelled where it is declared."""
    return f"{path}/" if path in _COLLECTIONS else path
