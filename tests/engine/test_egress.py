"""Whatever a URL is made to look like, no socket goes to an address that is not public.

It is seen at the sockets: an audit hook hears of every connection before it is tried, writes down
where to, and lets none that leaves this machine be made.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import httpx2
import pytest

from palaver.core.addresses import is_public
from palaver.engine.egress import MOST_BYTES, Egress
from palaver.errors import AddressRefused

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.216.34"
TIMEOUT = httpx2.Timeout(5)
LOOPBACK = [ip_network("127.0.0.1/32")]

NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "intranet.example": ["10.1.2.3"],
    "xn--bcher-kva.example": ["192.168.1.1"],
    "one-of-two.example": [PUBLIC, "10.0.0.1"],
    "six.example": ["::1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "scoped.example": ["fe80::1%lo"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "nothing.example": [],
    "public.example": [PUBLIC],
}

URLS = Path(__file__).with_name("odd_urls.txt").read_text().splitlines()
URLS += [  # and what a line does not hold
    "http://127.0.0.1\t/", "http://\n127.0.0.1/", "http://127.0.0.1 /", "http://\u202e127.0.0.1/",
    "http://127.0\u200b.0.1/", "http://127\u00ad.0.0.1/", "", " ", "\x00", " http://127.0.0.1/",
]  # fmt: skip

_tried: list[tuple[str, int]] | None = None  # where connections were to go, while somebody looks


def _listen(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect" or _tried is None:
        return
    address = args[1]
    if isinstance(address, tuple):
        _tried.append((str(address[0]), int(address[1])))
        if not str(address[0]).startswith("127."):
            raise ConnectionRefusedError("nothing leaves this machine")


sys.addaudithook(_listen)


@pytest.fixture
def tried() -> Iterator[list[tuple[str, int]]]:
    """The addresses and ports to which connections were tried."""
    global _tried
    _tried = []
    yield _tried
    _tried = None


async def _look_up(host: str, port: int) -> Sequence[str]:
    """The names of this file; all else is what the C library makes of it without asking anybody."""
    if host in NAMES:
        return NAMES[host]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(one[4][0]) for one in found]


async def _fetch(egress: Egress, url: str, *, follow: bool = False) -> httpx2.Response:
    async with await egress.client(url, {}, TIMEOUT) as client:
        return await client.get(url, follow_redirects=follow)


def test_there_are_enough_of_them() -> None:
    assert len(set(URLS)) >= 150


@pytest.mark.parametrize("url", URLS, ids=ascii)
async def test_no_socket_goes_to_an_address_that_is_not_public(
    url: str, tried: list[tuple[str, int]]
) -> None:
    with pytest.raises((AddressRefused, httpx2.ConnectError, httpx2.InvalidURL, httpx2.HTTPError)):
        await _fetch(Egress(resolve=_look_up), url)

    assert [one for one in tried if not is_public(one[0])] == []
    assert tried == []


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("http://public.example/", (PUBLIC, 80)),
        ("https://PUBLIC.example./x", (PUBLIC, 443)),
        ("http://93.184.216.34:8080/", (PUBLIC, 8080)),
        ("http://1572395042/", (PUBLIC, 80)),
        ("http://[2606:4700:4700::1111]/", ("2606:4700:4700::1111", 80)),
    ],
)
async def test_public_addresses_are_gone_to(
    url: str, to: tuple[str, int], tried: list[tuple[str, int]]
) -> None:
    async def look_up(host: str, port: int) -> Sequence[str]:
        return await _look_up(host.removesuffix("."), port)

    with pytest.raises(httpx2.ConnectError):
        await _fetch(Egress(resolve=look_up), url)

    assert tried == [to]


async def test_a_name_that_changes_its_mind_is_asked_once(tried: list[tuple[str, int]]) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    async def rebind(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    url = "http://rebind.example/"
    async with await Egress(resolve=rebind).client(url, {}, TIMEOUT) as client:
        for _ in range(3):
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)

    assert asked == ["rebind.example"]
    assert tried == [(PUBLIC, 80)] * 3


async def test_a_new_client_asks_and_looks_again(tried: list[tuple[str, int]]) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebind(host: str, port: int) -> Sequence[str]:
        return next(answers)

    egress = Egress(resolve=rebind)
    with pytest.raises(httpx2.ConnectError):
        await _fetch(egress, "http://rebind.example/")
    with pytest.raises(AddressRefused):
        await _fetch(egress, "http://rebind.example/")

    assert tried == [(PUBLIC, 80)]


async def test_the_next_address_is_tried_where_one_cannot_be_reached() -> None:
    async with _answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi") as port:

        async def two(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.2", "127.0.0.1"]

        egress = Egress([ip_network("127.0.0.0/8")], two)
        assert (await _fetch(egress, f"http://two.example:{port}/")).text == "hi"


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:{port}/", "http://10.0.0.1/", "http://[::1]:{port}/", "http://2130706434/",
     "http://169.254.169.254/latest/meta-data/", "//127.0.0.2/", "http://intranet.example/",
     "https://[::ffff:169.254.169.254]/", "http://user@127.0.0.1:{port}/", "file:///etc/passwd",
     "gopher://127.0.0.1:{port}/", "http://six.example/", "http://127.0.0.1:0/"],
)  # fmt: skip
async def test_a_redirect_is_looked_at_as_the_first_url_was(
    location: str, tried: list[tuple[str, int]]
) -> None:
    head = "HTTP/1.1 307 Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n"
    async with _answering(head, location) as port:
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises((AddressRefused, httpx2.HTTPError)):
            await _fetch(Egress(LOOPBACK, _look_up), url, follow=True)

        assert tried == [("127.0.0.1", port)]


async def test_the_host_that_was_asked_for_is_named_to_the_server() -> None:
    async with _answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as port:

        async def here(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.1"]

        answer = await _fetch(Egress(LOOPBACK, here), f"http://named.example:{port}/path?q")

    assert answer.request.headers["host"] == f"named.example:{port}"
    assert str(answer.url) == f"http://named.example:{port}/path?q"
    assert _heard[-1].startswith(b"GET /path?q HTTP/1.1\r\n")
    assert f"host: named.example:{port}\r\n".encode() in _heard[-1].lower()


async def test_the_host_that_was_asked_for_is_named_to_tls() -> None:
    """The name stands in the first bytes that a client sends; they are all this server reads."""
    hello: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.set_result(await reader.read(4096))
        writer.close()

    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(httpx2.TransportError):
            await _fetch(Egress(LOOPBACK, here), f"https://Named.example.:{port}/")

    assert b"\x00\rnamed.example" in await hello  # with its length before it: no dot at its end


async def test_no_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tried: list[tuple[str, int]]
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")

    with pytest.raises(httpx2.ConnectError):
        await _fetch(Egress(resolve=_look_up), "http://public.example/")

    assert tried == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MOST_BYTES + 1),
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\n.",
        b"220 smtp.example ESMTP\r\n",
    ],
    ids=["too much", "gzip", "brotli", "not HTTP"],
)
async def test_what_is_too_much_or_compressed_is_not_taken(answer: bytes) -> None:
    async with _answering(answer) as port:
        with pytest.raises(httpx2.HTTPError):
            await _fetch(Egress(LOOPBACK), f"http://127.0.0.1:{port}/")


_heard: list[bytes] = []


@asynccontextmanager
async def _answering(answer: bytes | str, location: str = "") -> AsyncIterator[int]:
    """A server that gives everybody the same answer; its port."""
    said = answer

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _heard.append(await reader.readuntil(b"\r\n\r\n"))
        port = writer.get_extra_info("sockname")[1]
        where = location.format(port=port)
        writer.write(said.format(where).encode() if isinstance(said, str) else said)
        await asyncio.gather(writer.drain(), return_exceptions=True)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
