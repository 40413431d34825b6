"""Web pages are kept out: who has no key must not be asked by whichever page a browser is on.

A page may have its browser send requests to addresses of this machine, without being able to read
what is answered. With a name of its own that is made to lead here (rebinding) it could read, too.
"""

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_READING = ("GET", "HEAD", "OPTIONS")
_NOBODY_ELSES = ("localhost", "internal", "local", "test")
"""Below these there are no names that anybody could have in the open internet."""


class NoStrangePages:
    """Refuses what pages of other sites send; and, with `names`, what is meant for another host.

    `names` may be empty: addresses and names of this machine and its network are always known.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str] | None) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say why not."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            why = None
            if self._names is not None and not _is_known(headers.get("host"), self._names):
                why = (
                    "this server is not known by the name in the header `Host`; set PALAVER_HOSTS "
                    "to the names by which it may be called."
                )
            elif scope["method"] not in _READING and _is_strange(headers):
                why = "a web page of another site has sent this, and none may."
            if why is not None:
                refusal = JSONResponse({"detail": f"FORBIDDEN: {why}"}, 403)
                return await refusal(scope, receive, send)
        await self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _is_strange(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another site asks; programs say nothing of the kind."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and _parted(origin.partition("//")[2]) != _parted(
        headers.get("host", "")
    )


def _is_known(host: str | None, names: frozenset[str]) -> bool:
    name = _parted(host or "")[0]
    with suppress(ValueError):
        return ip_address(name) is not None
    return "." not in name or name in names or name.rpartition(".")[2] in _NOBODY_ELSES


def _parted(host: str) -> tuple[str, int | None]:
    """The name and the port in a header; of what is no host, the whole."""
    try:
        found = urlsplit(f"//{host}")
        return (found.hostname or "").rstrip("."), found.port
    except ValueError:
        return host, None
