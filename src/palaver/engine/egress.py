"""The door through which the server goes out on somebody else's word.

Whoever names a URL could name one that only this machine can reach: its own ports, its network,
what its cloud tells it. So the addresses of a name are looked up once and looked at, and
connections go to exactly those. That holds for each redirect, and however an address is written.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import httpx2

from palaver.core.addresses import Network, is_public, is_within
from palaver.errors import AddressRefused
from palaver.providers.certificates import trusted

MOST_BYTES = 8 * 1024 * 1024
"""What one answer may weigh. Answers are asked for, and taken, without compression."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port. Raises `OSError` or `UnicodeError` where there are none."""

_PATIENCE = 2.0  # seconds to find out whether somebody may be called later
_PORTS = {"http": 80, "https": 443}


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine knows a host by."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Egress:
    """Where the server may go: to public addresses, and to those in the networks `allowed`."""

    def __init__(self, allowed: Sequence[Network] = (), resolve: Resolve = resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve

    def read(self, url: str | httpx2.URL) -> httpx2.URL:
        """A URL that may be gone to, as far as it tells by itself. Raises `AddressRefused`."""
        try:
            found = httpx2.URL(url)
        except httpx2.InvalidURL:
            raise AddressRefused("That is not a URL; write it as https://host/path.") from None
        if found.scheme not in _PORTS or not found.host:
            raise AddressRefused("A URL here begins with https:// or http:// and names a host.")
        if found.userinfo:
            raise AddressRefused("A URL here holds no user and no password; send them in a header.")
        if not 1 <= _port(found) <= 65535:
            raise AddressRefused("The port of a URL is a number from 1 to 65535.")
        return found

    async def addresses(self, url: httpx2.URL) -> Sequence[str]:
        """The addresses behind a URL, if all of them may be gone to.

        Raises `AddressRefused`, and `httpx2.ConnectError` where it has none.
        """
        host = url.raw_host.decode("ascii")
        try:
            found = await self._resolve(host, _port(url))
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise httpx2.ConnectError(f"{host} has no address")
        if not all(is_public(one) or is_within(one, self._allowed) for one in found):
            raise AddressRefused(
                f"{host} has an address that is not public, so it is not asked; the operator can "
                "allow networks by PALAVER_ALLOW_PRIVATE_URLS."
            )
        return found

    async def permit(self, url: str) -> None:
        """Raise `AddressRefused` for a URL that may not be gone to, as far as is known by now."""
        with suppress(httpx2.ConnectError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.addresses(self.read(url))

    async def client(
        self, url: str, headers: Mapping[str, str], timeout: httpx2.Timeout
    ) -> httpx2.AsyncClient:
        """A client for a URL. It goes nowhere that it may not, also where it is sent on.

        It knows no proxies and follows no redirects unasked. Raises `AddressRefused`, and
        `httpx2.ConnectError` where the URL's host has no address.
        """
        guarded = _Guarded(self)
        await guarded.look(self.read(url))
        return httpx2.AsyncClient(
            transport=guarded,
            headers={**headers, "accept-encoding": "identity"},
            timeout=timeout,
            trust_env=False,
        )


class _Guarded(httpx2.AsyncBaseTransport):
    """Connections to hosts whose addresses were looked at; each host is looked up once."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._known: dict[tuple[str, str, int | None], _Line] = {}
        self._looking = asyncio.Lock()

    async def look(self, url: httpx2.URL) -> "_Line":
        """The connections to the host of a URL, if it may be gone to."""
        host = (url.scheme, url.host, url.port)
        async with self._looking:
            if host not in self._known:
                self._known[host] = _Line(await self._egress.addresses(url))
            return self._known[host]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request, as far as it may be made."""
        line = await self.look(self._egress.read(request.url))
        response = await line.ask(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("the answer is compressed, which nobody asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for line in self._known.values():
            await line.close()


class _Line:
    """Connections to one host, by the addresses it had; the first that can be reached is kept."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = list(addresses)
        self._transport = httpx2.AsyncHTTPTransport(verify=trusted())

    async def ask(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request, whose URL tells the name that a certificate must have."""
        while True:
            address = self._addresses[0]
            try:
                return await self._transport.handle_async_request(_sent_to(address, request))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if len(self._addresses) == 1:
                    raise
                if self._addresses[0] == address:
                    del self._addresses[0]

    async def close(self) -> None:
        await self._transport.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error where it is too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MOST_BYTES:
                raise httpx2.ReadError(f"the answer is larger than {MOST_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _port(url: httpx2.URL) -> int:
    return _PORTS[url.scheme] if url.port is None else url.port


def _sent_to(address: str, request: httpx2.Request) -> httpx2.Request:
    """The same request to an address: its Host header stays, and so does the name asked of TLS."""
    name = request.url.raw_host.decode("ascii").rstrip(".")
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": name},
    )
