"""Readers that do not read cost the server next to nothing, and nobody else anything."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil
import pytest

from tests.servers import Server

READERS = 20
WORDS = 5_000  # about two megabytes of events
MEMORY = 1.0  # megabytes that a reader may cost


@pytest.fixture
def run_id(server: Server, agent: str) -> str:
    """A long run that has ended."""
    body = {"input": f"[[words: {WORDS}]]", "streaming": True, "stream_tokens": True}
    answer = server.http.post(f"/v1/agents/{agent}/messages", json=body)
    first = answer.raise_for_status().text.partition("\n")[0]
    run: str = json.loads(first.removeprefix("data: "))["run_id"]
    return run


@pytest.fixture
def stalled(server: Server, run_id: str) -> Iterator[list[socket.socket]]:
    """Readers that have asked for the whole run and read nothing of it."""
    where = urlsplit(server.url)
    with ExitStack() as stack:
        readers = []
        for _ in range(READERS):
            reader = socket.socket()
            stack.callback(reader.close)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect((where.hostname, where.port))
            asked = (
                f"POST /v1/runs/{run_id}/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            )
            reader.sendall(asked.encode())
            readers.append(reader)
        yield readers


def memory(server: Server) -> float:
    """What the server holds, in megabytes."""
    return float(psutil.Process(server.pid).memory_info().rss) / 1e6


def test_readers_that_stall_hold_neither_memory_nor_others_up(
    server: Server, run_id: str, stalled: list[socket.socket]
) -> None:
    whole = server.http.post(f"/v1/runs/{run_id}/stream").text  # warm, as the others will be
    before = memory(server)

    for reader in stalled:
        assert reader.recv(16).startswith(b"HTTP/1.1 200")
    for _ in range(5):
        again = server.http.post(f"/v1/runs/{run_id}/stream").text

    assert again.partition("\n\n")[2] == whole.partition("\n\n")[2]
    assert again.endswith("data: [DONE]\n\n")
    assert memory(server) - before < READERS * MEMORY


def test_a_reader_that_stalled_gets_all_of_it_later(
    run_id: str, stalled: list[socket.socket]
) -> None:
    reader = stalled[0]
    heard = b""
    while b"data: [DONE]" not in heard:
        piece = reader.recv(65536)
        assert piece, "the server hung up"
        heard += piece

    assert heard.count(b'"message_type":"assistant_message"') == WORDS
