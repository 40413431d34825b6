"""MCP servers as they are shown and changed, and what is sent to them with each request."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from palaver.domain.mcp import MCP_SERVER, McpServer, RemoteMcpServer, StdioMcpServer
from palaver.errors import Invalid

MASK = "********"
"""What is shown of a secret. Who sends it back leaves the secret as it is."""

_OUR_HEADERS = frozenset(
    {"host", "connection", "content-length", "content-encoding", "content-type", "accept",
     "accept-encoding", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
)  # fmt: skip
_SECRETS = ("auth_token", "custom_headers", "env")


def shown(server: McpServer) -> McpServer:
    """The server as the API shows it: secrets are masked."""
    if isinstance(server, StdioMcpServer):
        return server.model_copy(update={"env": _masked(server.env)})
    return server.model_copy(
        update={
            "auth_token": server.auth_token and MASK,
            "custom_headers": _masked(server.custom_headers),
        }
    )


def changed(server: McpServer, given: Mapping[str, Any]) -> McpServer:
    """The server with what is `given` of its fields. Raises `Invalid` where that is none.

    Masked secrets stay what they were, as long as they go to the host that they were meant for.
    """
    before = server.model_dump()
    after = {**before, **{name: value for name, value in given.items() if value is not None}}
    for name in ("env", "auth_header", "auth_token", "custom_headers"):
        if name in given:
            after[name] = _unmasked(given[name], before.get(name))
    if _origin(before) != _origin(after):
        after |= {name: given.get(name) for name in _SECRETS if name in after}
        if _holds_mask(after):
            raise Invalid("This is another host: send its secrets with it, not their masks.")
    return read(after)


def read(fields: Mapping[str, Any]) -> McpServer:
    """The server that these fields are. Raises `Invalid` with what is wrong with them."""
    try:
        server = MCP_SERVER.validate_python(dict(fields))
    except ValidationError as error:
        wrong = "; ".join(": ".join([*map(str, one["loc"]), one["msg"]]) for one in error.errors())
        raise Invalid(f"The config of an MCP server is not complete: {wrong}.") from None
    if not isinstance(server, StdioMcpServer):
        ours = [one for one in headers(server) if one.lower() in _OUR_HEADERS]
        if ours:
            raise Invalid(f"These headers are palaver's own, leave them out: {', '.join(ours)}.")
    return server


def headers(server: RemoteMcpServer) -> dict[str, str]:
    """What each request to a server carries. A token without a scheme is a ``Bearer`` token."""
    found = dict(server.custom_headers or {})
    if server.auth_token:
        name = server.auth_header or "Authorization"
        is_bare = name.lower() == "authorization" and " " not in server.auth_token
        found[name] = f"Bearer {server.auth_token}" if is_bare else server.auth_token
    return found


def _masked(secrets: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if secrets is None else dict.fromkeys(secrets, MASK)


def _unmasked(given: Any, before: Any) -> Any:
    if isinstance(given, dict):
        known = before or {}
        return {name: known.get(name, value) if value == MASK else value
                for name, value in given.items()}  # fmt: skip
    return before if given == MASK else given


def _holds_mask(fields: Mapping[str, Any]) -> bool:
    found = [fields.get(name) for name in _SECRETS]
    return any(MASK in one.values() if isinstance(one, dict) else one == MASK for one in found)


def _origin(fields: Mapping[str, Any]) -> tuple[str, str]:
    """How and to whom a server's secrets go: its scheme, host and port."""
    scheme, _, rest = str(fields.get("server_url") or "").partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return scheme.lower(), authority.lower()
