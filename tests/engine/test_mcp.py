"""MCP servers of all kinds as they are asked: real ones, and ones that do what they must not."""

import json
import sys
from collections.abc import AsyncIterator
from ipaddress import ip_network
from time import monotonic
from typing import Any

import psutil
import pytest

from palaver.core.mcp_servers import read
from palaver.domain.mcp import McpServer
from palaver.engine.egress import MOST_BYTES, Egress
from palaver.engine.mcp.client import McpClient
from palaver.errors import AddressRefused, Invalid, McpFailed, McpTimeout
from tests.fakes.mcp_process import STDIO, listening
from tests.fakes.mcp_script import McpScript, scripted

pytestmark = pytest.mark.anyio

LOOPBACK = [ip_network("127.0.0.1/32")]
LIMIT = 20.0  # seconds; generous, for machines that do something else as well
SHORT = 1.0
KINDS = ("streamable_http", "sse")


def server_of(kind: str, url: str, **more: Any) -> McpServer:
    """The server of `tests.fakes.mcp_server` by one of its three ways."""
    path = {"streamable_http": "/mcp", "sse": "/sse"}.get(kind)
    config = STDIO if path is None else {"mcp_server_type": kind, "server_url": url + path}
    return read({"id": "mcp_server-1", "server_name": "odd", **config, **more})


def remote(url: str, kind: str = "streamable_http", **more: Any) -> McpServer:
    """A server behind a URL."""
    config = {"mcp_server_type": kind, "server_url": url, **more}
    return read({"id": "mcp_server-1", "server_name": "script", **config})


def command(program: str) -> McpServer:
    """A server that is a Python program."""
    config = {"mcp_server_type": "stdio", "command": sys.executable, "args": ["-c", program]}
    return read({"id": "mcp_server-1", "server_name": "script", **config})


@pytest.fixture
def client() -> McpClient:
    """A client that may do everything, and waits for a while."""
    return McpClient(Egress(LOOPBACK), LIMIT, stdio=True)


@pytest.fixture
def hasty() -> McpClient:
    """A client that does not wait long."""
    return McpClient(Egress(LOOPBACK), SHORT, stdio=True)


@pytest.fixture
async def script() -> AsyncIterator[McpScript]:
    """A server that answers as it is told to."""
    async with scripted() as one:
        yield one


@pytest.mark.parametrize("kind", KINDS)
async def test_a_real_server_is_asked_for_its_tools_and_for_what_they_do(
    kind: str, mcp_url: str, client: McpClient
) -> None:
    server = server_of(kind, mcp_url)

    offers = {offer.name: offer for offer in await client.offers(server)}
    outcomes = [
        await client.call(server, tool, arguments)
        for tool, arguments in (
            ("add", {"a": 1, "b": 2}),
            ("fail", {"why": "tired"}),
            ("show", {}),
            ("nothing", {}),
        )
    ]

    assert offers["add"].description == "Add two numbers."
    assert offers["add"].parameters["properties"].keys() == {"a", "b"}
    assert [one.status for one in outcomes] == ["success", "error", "success", "error"]
    assert outcomes[0].text == "3"
    assert outcomes[2].text == "a picture:\n[image: image/png, 8 bytes]"
    assert "nothing" in outcomes[3].text


@pytest.mark.parametrize("kind", KINDS)
async def test_headers_and_the_token_go_with_each_request(
    kind: str, mcp_url: str, client: McpClient
) -> None:
    server = server_of(kind, mcp_url, auth_token="t0ken", custom_headers={"X-Key": "k3y"})

    sent = [
        (await client.call(server, "header", {"name": name})).text
        for name in ("authorization", "x-key", "accept-encoding")
    ]

    assert sent == ["Bearer t0ken", "k3y", "identity"]


async def test_a_command_is_asked_and_gets_its_variables_and_none_of_ours(
    client: McpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    server = server_of("stdio", "")

    offers = await client.offers(server)
    found = [
        await client.call(server, "variable", {"name": name})
        for name in ("SECRET", "OPENAI_API_KEY")
    ]

    assert "variable" in [offer.name for offer in offers]
    assert [one.text for one in found] == ["hush", "(not set)"]


@pytest.mark.parametrize("kind", ["streamable_http", "stdio"])
async def test_a_server_that_dies_in_a_call_is_a_failure(kind: str, client: McpClient) -> None:
    with listening() as url:
        with pytest.raises(McpFailed):
            await client.call(server_of(kind, url), "die", {})
        if kind != "stdio":
            with pytest.raises(McpFailed, match=r"cannot be reached|breaks off"):
                await client.offers(server_of(kind, url))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_never_answers_is_waited_for_so_long(
    kind: str, mcp_url: str, client: McpClient, hasty: McpClient
) -> None:
    server = server_of(kind, mcp_url)
    await client.offers(server)  # the library is imported
    begun = monotonic()

    with pytest.raises(McpTimeout, match="longer than 1 s"):
        await hasty.call(server, "hang", {})

    assert monotonic() - begun < 5 * SHORT


async def test_a_command_that_never_answers_is_ended(client: McpClient, hasty: McpClient) -> None:
    server = command("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)")
    with pytest.raises(McpTimeout):
        await hasty.offers(server)

    children = psutil.Process().children(recursive=True)
    assert [child for child in children if "time.sleep(600)" in "".join(child.cmdline())] == []


@pytest.mark.parametrize(
    "program",
    [
        "print('nonsense', flush=True); input(); input()",
        "import sys; sys.exit(3)",
        "print('{}', flush=True); print('[1]', flush=True); print('\\x00\\xff', flush=True)",
        'print(\'{"jsonrpc":"2.0","id":0,"result":{}}\', flush=True); input(); input()',
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\x00'); sys.stdout.flush(); input()",
        "raise SystemExit('no')",
    ],
)
async def test_a_command_that_talks_nonsense_is_a_failure(hasty: McpClient, program: str) -> None:
    with pytest.raises(McpFailed):
        await hasty.offers(command(program))


async def test_a_command_that_is_not_there_is_a_failure(client: McpClient) -> None:
    server = read({"id": "mcp_server-1", "server_name": "x", "mcp_server_type": "stdio",
                   "command": "no-such-command", "args": []})  # fmt: skip
    with pytest.raises(McpFailed, match="cannot be run"):
        await client.offers(server)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("initialize", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
        ("initialize", b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
        ("initialize", b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"),
        ("initialize", b"220 smtp.example ESMTP\r\n"),
        ("initialize", b""),
        ("initialize", {}),
        ("initialize", {"protocolVersion": "1066-10-14", "capabilities": {}, "serverInfo": {}}),
        ("initialize", {"error": -32000, "message": "not you"}),
        ("tools/list", b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"),
        ("tools/list", b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b"[" * 9999),
        ("tools/list", b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\n\n"),
        ("tools/list", b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>"),
        ("tools/list", b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"),
        ("tools/list", {"tools": {}}),
        ("tools/list", {"tools": [{"name": 1}]}),
        ("tools/list", {"tools": [{"name": "a", "inputSchema": "b"}]}),
        ("tools/list", {"resultType": "what", "tools": 5}),
        ("tools/list", {"error": -32601}),
    ],
)
async def test_a_listing_that_is_not_of_the_protocol_is_a_failure(
    script: McpScript, hasty: McpClient, method: str, answer: Any
) -> None:
    script.answers[method] = answer

    with pytest.raises(McpFailed, match="MCP server `script`"):
        await hasty.offers(remote(script.url))


@pytest.mark.parametrize(
    "answer",
    [
        {"content": "text"},
        {"content": [{"type": "smell", "data": "roses"}]},
        {"content": [{"type": "text", "text": 5}]},
        {"content": [{"type": "resource", "resource": {}}]},
        {},
        {"error": -32603, "message": "boom"},
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b" " * (MOST_BYTES + 1),
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: "
        + b"x" * (MOST_BYTES + 1),
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\r\n\x1f",
        b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.2:1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 307 Elsewhere\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Elsewhere\r\nlocation: //10.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\ncontent-type: application/json\r\n\r\n{",
    ],
)
async def test_a_result_that_is_none_is_a_failure(
    script: McpScript, hasty: McpClient, answer: Any
) -> None:
    script.answers["tools/call"] = answer

    with pytest.raises(McpFailed):
        await hasty.call(remote(script.url), "look", {})


@pytest.mark.parametrize(
    ("result", "status", "text"),
    [
        ({"content": []}, "success", ""),
        ({"content": [{"type": "text", "text": "a"}] * 2}, "success", "a\na"),
        ({"content": [{"type": "text", "text": "no"}], "isError": True}, "error", "no"),
        ({"content": [], "structuredContent": {"ü": 1}}, "success", '{"ü": 1}'),
        (
            {"content": [{"type": "text", "text": "a"}], "structuredContent": {"b": 1}},
            "success",
            "a",
        ),
        ({"content": [{"type": "text", "text": "a\0b"}]}, "success", "a\N{REPLACEMENT CHARACTER}b"),
        (
            {"content": [{"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}]},
            "success",
            "[audio: audio/wav, 3 bytes]",
        ),
        (
            {"content": [{"type": "resource_link", "name": "n", "uri": "file:///x"}]},
            "success",
            "[resource: n, file:///x]",
        ),
        (
            {"content": [{"type": "resource", "resource": {"uri": "a:b", "text": "words"}}]},
            "success",
            "words",
        ),
        (
            {"content": [{"type": "resource", "resource": {"uri": "a:b", "blob": "AAAA"}}]},
            "success",
            "[resource: a:b]",
        ),
    ],
)
async def test_a_result_is_told_as_text(
    script: McpScript, client: McpClient, result: Any, status: str, text: str
) -> None:
    script.answers["tools/call"] = result

    outcome = await client.call(remote(script.url), "look", {})

    assert (outcome.status, outcome.text) == (status, text)


async def test_a_result_is_not_held_against_the_schema_of_its_server(
    script: McpScript, client: McpClient
) -> None:
    """A pattern like this one would be tried for years."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    script.offer({"name": "look", "inputSchema": {"type": "object"}, "outputSchema": schema})
    script.answers["tools/call"] = {"content": [], "structuredContent": {"a": "a" * 50 + "!"}}

    outcome = await client.call(remote(script.url), "look", {})

    assert json.loads(outcome.text) == {"a": "a" * 50 + "!"}
    assert "tools/list" not in script.asked


async def test_pages_of_tools_without_an_end_are_bounded(
    script: McpScript, client: McpClient
) -> None:
    tools = [{"name": f"t{n}", "inputSchema": {"type": "object"}} for n in range(20)]
    script.answers["tools/list"] = {"tools": tools, "nextCursor": "again"}

    assert len(await client.offers(remote(script.url))) == 500


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url", ["http://127.0.0.2:1/mcp", "http://[::1]:1/mcp", "http://2852039166/mcp"]
)
async def test_no_private_server_is_asked(client: McpClient, kind: str, url: str) -> None:
    with pytest.raises(AddressRefused, match="not public"):
        await client.offers(remote(url, kind))


async def test_no_failure_tells_a_secret(script: McpScript, client: McpClient) -> None:
    closed = "http://127.0.0.1:1/mcp?key=s3cret"
    refused = "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"
    script.answers["initialize"] = refused.encode()
    for url in (closed, f"{script.url}?key=s3cret"):
        for kind in ("streamable_http", "sse"):
            with pytest.raises(McpFailed) as failure:
                await client.offers(remote(url, kind, auth_token="s3cret"))
            assert "s3cret" not in str(failure.value)


async def test_commands_are_run_only_where_the_operator_allows_it() -> None:
    client = McpClient(Egress(LOOPBACK), LIMIT)

    for ask in (
        client.offers(server_of("stdio", "")),
        client.call(server_of("stdio", ""), "a", {}),
    ):
        with pytest.raises(Invalid, match="PALAVER_ALLOW_MCP_STDIO=1"):
            await ask


async def test_without_the_library_all_is_refused_and_the_remedy_told() -> None:
    client = McpClient(Egress(LOOPBACK), LIMIT, stdio=True, installed=lambda: False)

    for server in (server_of("stdio", ""), remote("https://mcp.example/")):
        with pytest.raises(Invalid, match=r'pip install "palaver\[mcp\]"'):
            await client.offers(server)
    assert "palaver[mcp]" in (client.refusal() or "")
