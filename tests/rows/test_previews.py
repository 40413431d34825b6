"""Whoever the provider is, what a preview shows is what a send then asks."""

import pytest

from tests.api.here import Client
from tests.fakes.provider import FakeProvider
from tests.rows.rows import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_what_is_shown_is_what_is_asked(client: Client, fake: FakeProvider, row: Row) -> None:
    agent = await client.agent(model=row.handle, tools=["memory_insert"], include_base_tools=False)
    conversation = await client.conversation(agent)
    path = f"/v1/conversations/{conversation}/messages/preview-raw-payload"

    shown = await client.post(path, {"input": "Hello"})
    assert fake.requests == []

    await client.send(conversation, "Hello")
    assert [request.body for request in fake.requests] == [shown]
