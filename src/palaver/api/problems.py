"""Refusals as HTTP answers: the status and body that the contract gives each of them (§1.9)."""

import logging
import math
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from palaver.domain.frozen import Frozen
from palaver.engine.failure import Failure
from palaver.errors import (
    AwaitingApproval,
    Conflict,
    ConversationBusy,
    LLMError,
    McpFailed,
    McpTimeout,
    PalaverError,
    Refused,
    Stopping,
    TracesOff,
    Unavailable,
)

logger = logging.getLogger(__name__)

RETRY_AFTER = 1  # seconds after which a conversation or the database may be free again


class Problem(Frozen):
    """Why a request was refused, and what to do about it."""

    detail: str


class Busy(Problem):
    """Who holds a conversation, where that can be followed, and how many more wait for it.

    ``retry_after`` is in seconds.
    """

    code: str
    run_id: str
    stream_url: str
    waiting: int
    retry_after: int


class WaitingCall(Frozen):
    """A tool call that waits for an answer."""

    tool_call_id: str
    name: str
    arguments: str


class Pending(Problem):
    """Which tool calls wait for an answer, and what asks for it."""

    code: str
    run_id: str | None
    pending_request_id: str
    tool_calls: list[WaitingCall]


class Trouble(Frozen):
    """What a provider or an MCP server did wrong. ``retry_after`` is in seconds, where told."""

    type: str
    message: str
    detail: str | None = None
    retry_after: float | None = None


class ProviderProblem(Frozen):
    """Why a model, or an MCP server, could not answer."""

    error: Trouble


RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be carried out as it stands."},
    404: {"model": Problem, "description": "There is no such thing."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The request is not of the right form."},
    503: {"model": Problem, "description": "The database cannot be reached; try again."},
}
"""The refusals that any operation may answer with, for the OpenAPI document."""


FROM_PROVIDER: dict[int | str, dict[str, Any]] = {
    401: {"model": ProviderProblem, "description": "The provider refuses the key."},
    402: {"model": ProviderProblem, "description": "No credit at the provider."},
    429: {"model": ProviderProblem, "description": "The provider's rate limit."},
    500: {"model": ProviderProblem, "description": "The provider failed."},
    504: {"model": ProviderProblem, "description": "The provider stayed silent."},
}
"""What operations answer with that let a model speak."""

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "It does not fit what is going on."}
}
"""What operations answer with that depend on what is going on."""

NO_TEXT: dict[int | str, dict[str, Any]] = {
    415: {"model": Problem, "description": "The file is no text in UTF-8 or UTF-16."}
}
"""What operations answer with that take files."""

MCP: dict[int | str, dict[str, Any]] = {
    408: {"model": Problem, "description": "The MCP server takes too long."},
    502: {"model": ProviderProblem, "description": "The MCP server cannot be asked."},
}
"""What operations answer with that ask an MCP server."""


def install(app: FastAPI) -> None:
    """Teach `app` to answer refusals."""
    app.add_exception_handler(PalaverError, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def answer(error: PalaverError) -> JSONResponse:
    """The answer that a refusal is."""
    if isinstance(error, LLMError):
        return of_failure(Failure.of(error))
    if isinstance(error, McpFailed) and not isinstance(error, McpTimeout):
        trouble = {"type": "mcp_connection_error", "message": str(error), "detail": ""}
        return JSONResponse({"error": trouble}, error.status)
    body: dict[str, object] = {"detail": f"{error.code}: {error}"}
    headers = {}
    if isinstance(error, Conflict | TracesOff):
        headers["x-should-retry"] = "false"
    if isinstance(error, ConversationBusy):
        body |= {
            "run_id": error.run_id,
            "stream_url": f"/v1/runs/{error.run_id}/stream",
            "waiting": error.waiting,
        }
    if isinstance(error, AwaitingApproval):
        body |= {
            "code": "PENDING_APPROVAL",
            "run_id": error.run_id,
            "pending_request_id": error.request_id,
            "tool_calls": error.calls,
        }
    if isinstance(error, ConversationBusy | Stopping | Unavailable):
        body |= {"code": error.code, "retry_after": RETRY_AFTER}
        headers["retry-after"] = str(RETRY_AFTER)
    return JSONResponse(body, error.status, headers)


def of_failure(failure: Failure) -> JSONResponse:
    """The answer to a send that does not stream and whose run failed."""
    headers = {"x-should-retry": "false"}  # the run has ended: the same send is a new turn
    if failure.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(failure.retry_after)))
    if failure.type is None:
        prefix = f"{failure.code}: " if failure.code else ""
        return JSONResponse({"detail": prefix + failure.message}, failure.status, headers)
    trouble = Trouble(
        type=failure.type,
        message=failure.message,
        detail=failure.detail,
        retry_after=failure.retry_after,
    )
    body = ProviderProblem(error=trouble).model_dump()
    if failure.retry_after is None:
        del body["error"]["retry_after"]  # the contract does not know it
    return JSONResponse(body, failure.status, headers)


def refusal(error: Exception) -> JSONResponse:
    """The answer to a request that palaver refuses, or that is not of the right form."""
    if isinstance(error, RequestValidationError):
        told = "; ".join(_told(one) for one in error.errors())
        return JSONResponse({"trace_id": "", "detail": told}, 422)
    assert isinstance(error, PalaverError)
    if error.status >= 500 and not isinstance(
        error, McpFailed | TracesOff
    ):  # its words may tell secrets
        logger.error("refused: %s", error, exc_info=isinstance(error, Refused))
    return answer(error)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return refusal(error)


def _told(error: dict[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"body: {error['ctx']['error']}; send JSON in UTF-8"
    if isinstance(error.get("input"), bytes):
        return "body: it is not said to be JSON; send it with `content-type: application/json`"
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    return JSONResponse({"detail": str(error.detail)}, error.status_code, error.headers)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"detail": "An unknown error occurred"}, 500)
