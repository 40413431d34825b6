"""Clients for the tests of the contract. Whatever they are answered is held against it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from letta_client import Letta

from tests.contract.talk import (
    Record,
    Turn,
    check_history,
    heard,
    official,
    official_async,
    wire,
)
from tests.databases import Databases, PostgresDatabases
from tests.servers import Server

Say = Callable[..., Turn]

_RECORDS: list[Record] = []  # the streams of the running test


@pytest.fixture(autouse=True)
def records(http: httpx2.Client) -> Iterator[list[Record]]:
    """The streams of the test. Afterwards law 1 is checked on all that were heard to their end."""
    _RECORDS.clear()
    yield _RECORDS
    for record in [one for one in _RECORDS if one.is_whole]:
        check_history(http, record)


@pytest.fixture(scope="module")
def client(databases: Databases, server: Server) -> Iterator[Letta]:
    """An official client: the asynchronous one where the server is on PostgreSQL.

    The two are generated from one source, and so every test meets both without being run four
    times.
    """
    make = official_async if isinstance(databases, PostgresDatabases) else official
    with make(server.url, _RECORDS) as made:
        yield made


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx2.Client]:
    """Plain HTTP."""
    with wire(server.url, _RECORDS) as made:
        yield made


@pytest.fixture
def conversation(client: Letta, agent: str) -> str:
    """The id of a conversation in which nothing was said yet."""
    return client.conversations.create(agent_id=agent).id


@pytest.fixture
def say(client: Letta, records: list[Record]) -> Say:
    """Send to a conversation and hear all of the answer."""

    def send(conversation_id: str, text: str = "", **options: Any) -> Turn:
        said = {"messages": [{"role": "user", "content": text}]} if text else {}
        stream = client.conversations.messages.create(conversation_id, **{**said, **options})
        return heard(stream, records)

    return send
