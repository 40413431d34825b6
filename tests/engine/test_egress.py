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

HOSTS = """
127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 0 0.0.0.0 0x0 00 1
2130706433 017700000001 0x7f000001 0X7F000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 0177.1 00000177.0.0.1
127.0x0.0.01 127.000.000.001 127.0.0.1. 2130706433. 0x7f.0x0.0x0.0x1
10.0.0.1 10.255.255.255 167772161 0xa000001 012.0.0.1 0xa.0.0.1
172.16.0.1 172.31.255.255 2886729729 0xac.16.1 192.168.0.1 192.168.1.1 3232235777 0300.0250.1.1
169.254.169.254 169.254.170.2 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 0xa9.0xfea9fe
169.254.169.253 100.100.100.200 168.63.129.16 192.0.0.192 100.64.0.1 198.18.0.1 192.0.2.1
198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 4294967295
[::1] [::] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::127.0.0.1] [::7f00:1]
[::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:a9fe:a9fe] [::ffff:169.254.169.254]
[::FFFF:192.168.1.1] [0:0:0:0:0:ffff:7f00:1] [::ffff:0:127.0.0.1] [::ffff:8.8.8.8]
[2002:7f00:1::] [2002:a9fe:a9fe::1] [2002:0a00:0001::] [2002:808:808::1] [64:ff9b::127.0.0.1]
[64:ff9b::a9fe:a9fe] [64:ff9b::10.0.0.1] [64:ff9b:1::127.0.0.1] [64:ff9b:1::808:808]
[2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001:db8::1] [2001:10::1] [3fff::1] [100::1] [5f00::1]
[fe80::1] [fe80::1%25lo] [fe80::1%25eth0] [fe80::1%251] [::1%25lo] [2606:4700::1%25lo] [fec0::1]
[fc00::1] [fd00:ec2::254] [fd12:3456:789a::1] [ff02::1] [ff05::1:3] [2606:4700::5efe:7f00:1]
[2606:4700::5efe:169.254.169.254] 127。0。0。1 127．0．0．1 127｡0｡0｡1 ①②⑦.0.0.1 １２７.0.0.1
ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌocalhost LOCALHOST localhost localhost. LocalHost bücher.example BÜCHER.example
intranet.example one-of-two.example six.example mapped.example scoped.example nothing.example
metadata.google.internal METADATA.google.internal metadata 127.0.0.1.nip.example
%31%32%37.0.0.1 127%2e0%2e0%2e1 127.0.0.1%00.public.example 0x7f000001.
""".split()

URLS = """
http://public.example@127.0.0.1/ http://127.0.0.1#@public.example/ http://127.0.0.1?@public.example/
http://127.0.0.1\\@public.example/ http://public.example\\@127.0.0.1/ http://user:pw@127.0.0.1/
http://user@public.example/ http://:@public.example/ http://public.example:80@127.0.0.1:80/
http://127.0.0.1:80/ http://127.0.0.1:8283/ http://127.0.0.1:0/ http://public.example:0/
http://public.example:65536/ http://public.example:99999/ http://[::1]:6379/ http://[::1%2580]:80/
https://127.0.0.1/ https://[::1]/ https://169.254.169.254/latest/meta-data/
http://127.0.0.1//public.example http:///127.0.0.1/ http:127.0.0.1/ http:/127.0.0.1/ //127.0.0.1/
///127.0.0.1 127.0.0.1 localhost:80 /etc/passwd file:///etc/passwd file://127.0.0.1/etc/passwd
ftp://127.0.0.1/ gopher://127.0.0.1:6379/_INFO dict://127.0.0.1:11211/stats ldap://127.0.0.1/
tftp://127.0.0.1/ jar:http://127.0.0.1!/ javascript:alert(1) data:text/plain,hello ws://127.0.0.1/
wss://127.0.0.1/ unix:/var/run/docker.sock http+unix://%2Fvar%2Frun%2Fdocker.sock/ about:blank
http://[127.0.0.1]/ http://[::1/ http://::1/ http://[::ffff:127.0.0.1%25lo]/ http:// https:// http://.
http://-/ http://127.0.0.1:80:80/ HTTP://127.0.0.1/ hTTps://LOCALHOST/ http://169.254.169.254.:80/
""".split()  # fmt: skip
URLS += [
    "http://127.0.0.1\t/",
    "http://\n127.0.0.1/",
    "http://127.0.0.1 /",
    "http://\u202e127.0.0.1/",
]
URLS += [
    "http://127.0\u200b.0.1/",
    "http://127\u00ad.0.0.1/",
    "",
    " ",
    "\x00",
    " http://127.0.0.1/",
]

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


async def _fetch(egress: Egress, url: str, **options: bool) -> httpx2.Response:
    async with egress.client({}, TIMEOUT) as client:
        return await client.get(url, **options)


def test_there_are_enough_of_them() -> None:
    assert len({*HOSTS, *URLS}) >= 150


@pytest.mark.parametrize("url", [*(f"http://{host}/" for host in HOSTS), *URLS], ids=ascii)
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

    async with Egress(resolve=rebind).client({}, TIMEOUT) as client:
        for _ in range(3):
            with pytest.raises(httpx2.ConnectError):
                await client.get("http://rebind.example/")

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
            await _fetch(Egress(LOOPBACK, _look_up), url, follow_redirects=True)

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
