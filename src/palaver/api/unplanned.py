"""What the API has and palaver has not: answered with a 501 that names the reason.

Whoever builds one of these takes its line out of the table. No line ever stands before an endpoint
that is there. The official clients do not repeat what is answered so.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route

from palaver.api.requests import as_declared

_BROWSER = "there are no keys for browsers; call palaver from a server of your own."
_SCHEDULE = "nothing is sent at a later time; use a scheduler of your own."
_DEVICES = "palaver reaches no devices; run client tools where they are."
_TEMPLATES = "there are no templates; make agents from code, or import them."
_PROJECTS = "projects are not made over this API."
_ACCOUNT = "there are no accounts of the vendor's cloud here."
_SANDBOXES = "sandboxes are not made over this API."
_SEARCH = "list agents with query_text, name or tags instead."
_GROUPS = "nothing is sent to a group; let its agents be called by tools."
_KEPT = "what was said is not changed; fork the conversation before it."
_OAUTH = "nobody is led through a login here; give the server's token in its auth_token."
_OPERATOR = "providers are configured by the operator, in the environment of the server."
_RUNS = "runs have taken the place of jobs; list /v1/runs/."
_MOVED = "read /v1/models/embedding instead."

NOT_YET: dict[str, str] = {}
"""What is to be built, by method and path; until then, why it is refused."""

NOT_PLANNED: dict[str, str] = {
    "POST /v1/client-side-access-tokens": _BROWSER,
    "GET /v1/client-side-access-tokens": _BROWSER,
    "DELETE /v1/client-side-access-tokens/{token}": _BROWSER,
    "POST /v1/agents/{agent_id}/schedule": _SCHEDULE,
    "GET /v1/agents/{agent_id}/schedule": _SCHEDULE,
    "GET /v1/agents/{agent_id}/schedule/{scheduled_message_id}": _SCHEDULE,
    "DELETE /v1/agents/{agent_id}/schedule/{scheduled_message_id}": _SCHEDULE,
    "GET /v1/environments": _DEVICES,
    "GET /v1/environments/{device_id}": _DEVICES,
    "DELETE /v1/environments/{id}": _DEVICES,
    "POST /v1/environments/register": _DEVICES,
    "POST /v1/environments/{connection_id}/messages": _DEVICES,
    "POST /v1/templates": _TEMPLATES,
    "PATCH /v1/templates/{template_name}": _TEMPLATES,
    "DELETE /v1/templates/{template_name}": _TEMPLATES,
    "POST /v1/templates/{template_version}/agents": _TEMPLATES,
    "POST /v1/templates/{template_name}/rollback": _TEMPLATES,
    "POST /v1/templates/{template_name}/save": _TEMPLATES,
    "GET /v1/projects": _PROJECTS,
    "POST /v1/projects": _PROJECTS,
    "GET /v1/metadata/balance": _ACCOUNT,
    "GET /v1/metadata/user": _ACCOUNT,
    "GET /v1/metadata/status": _ACCOUNT,
    "GET /v1/embeddings/total_storage_size": _ACCOUNT,
    "POST /v1/sandboxes": _SANDBOXES,
    "GET /v1/sandboxes": _SANDBOXES,
    "POST /v1/agents/search": _SEARCH,
    "GET /v1/agents/search/count": _SEARCH,
    "GET /v1/agents/{agent_id}/core-memory/variables": _TEMPLATES,
    "PATCH /v1/agents/{agent_id}/messages/{message_id}": _KEPT,
    "GET /v1/mcp-servers/connect/{mcp_server_id}": _OAUTH,
    "GET /v1/groups/{group_id}/messages": _GROUPS,
    "PATCH /v1/groups/{group_id}/reset-messages": _GROUPS,
    "POST /v1/providers": _OPERATOR,
    "PATCH /v1/providers/{provider_id}": _OPERATOR,
    "DELETE /v1/providers/{provider_id}": _OPERATOR,
    "POST /v1/providers/check": _OPERATOR,
    "POST /v1/providers/{provider_id}/check": _OPERATOR,
    "PATCH /v1/providers/{provider_id}/refresh": _OPERATOR,
    "GET /v1/jobs": _RUNS,
    "GET /v1/jobs/active": _RUNS,
    "GET /v1/jobs/{job_id}": _RUNS,
    "DELETE /v1/jobs/{job_id}": _RUNS,
    "PATCH /v1/jobs/{job_id}/cancel": _RUNS,
    "GET /v1/models/embeddings": _MOVED,
}
"""What is left out for good, by method and path, and why."""


def around(real: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes that are there, and those of the table around them.

    A path without variables goes before a real route whose variable would swallow it (no id looks
    like that); all others come last.
    """
    there = list(real)
    rows = [(*line.split(), why) for line, why in {**NOT_YET, **NOT_PLANNED}.items()]
    first = [row for row in rows if "{" not in row[1] and _is_swallowed(row[0], row[1], there)]
    last = [row for row in rows if row not in first]
    return [*(_route(*row) for row in first), *there, *(_route(*row) for row in last)]


def _is_swallowed(method: str, path: str, real: Iterable[BaseRoute]) -> bool:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return any(
        route.path != path and route.matches(scope)[0] is Match.FULL
        for route in real
        if isinstance(route, APIRoute)
    )


def _route(method: str, path: str, why: str) -> Route:
    declared = as_declared(path)
    return Route(declared, _refusing(f"NOT_IMPLEMENTED: {method} {path}: {why}"), methods=[method])


def _refusing(detail: str) -> Callable[[Request], Coroutine[Any, Any, JSONResponse]]:
    async def refuse(_: Request) -> JSONResponse:
        return JSONResponse({"detail": detail}, 501, {"x-should-retry": "false"})

    return refuse
