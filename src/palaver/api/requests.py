"""How a request is read: strict JSON, and one spelling of each path.

JSON is read by one parser for all endpoints. It refuses what could not come back exactly: lone
surrogates, NUL characters and numbers that are not finite (docs/decisions).
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pydantic_core
from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

_COLLECTIONS = frozenset(
    f"/v1/{name}"
    for name in (
        "agents", "archives", "blocks", "conversations", "folders", "health", "mcp-servers",
        "messages", "models", "ready", "runs", "steps", "tags", "tools",
    )
)  # fmt: skip


class StrictRequest(Request):
    """A request whose JSON is what it says."""

    async def json(self) -> Any:
        """The body. Raises `json.JSONDecodeError`, or a 422 for text that cannot be kept."""
        body = await self.body()
        try:
            value = pydantic_core.from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from error
        if b"\\u0000" in body and _holds_nul(value):
            raise HTTPException(422, "UNPROCESSABLE: text must not hold NUL characters (U+0000).")
        return value


class StrictRoute(APIRoute):
    """A route that reads its requests strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


class OneSpelling:
    """Serve each path with and without its last slash, without a redirect (contract §1.4)."""

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
            scope = {**scope, "path": f"{path}/" if path in _COLLECTIONS else path}
        await self._app(scope, receive, send)


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_holds_nul, value))
        case dict():
            return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
        case _:
            return False
