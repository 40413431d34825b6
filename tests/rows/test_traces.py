"""Whoever the provider is, its trace holds what went over the wire, and nothing of its keys."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest

from palaver.providers.remote import Patience
from tests.api.here import Client, serving
from tests.api.tables import contents, looking_into
from tests.fakes import bedrock
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal, Reply, Say
from tests.rows.rows import ROWS, Row, environment

CANARY = 'canary/"+\\'
"""What every key begins with, but Amazon's, which the fake knows."""


@pytest.fixture(scope="module")
async def client(fake: FakeProvider, file_url: str) -> AsyncIterator[Client]:
    """A client of a server that keeps traces. Nothing is tried twice."""
    known = {name: value.replace("key-of-", CANARY) for name, value in environment(fake).items()}
    asked = fake.url.replace("http://", f"http://somebody:{CANARY.encode().hex()}@")
    known["PALAVER_MOONSHOT_CODING_BASE_URL"] = asked
    async with serving(
        file_url, known, Patience(tries=1), traces_keep=timedelta(hours=1)
    ) as client:
        yield client


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_what_is_kept_is_what_went_over_the_wire(
    client: Client, fake: FakeProvider, file_url: str, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = row.key.replace("key-of-", CANARY)
    fake.script(Reply(parts=(Say(("How", " odd")),)), Refusal(400, {"error": {"message": key}}))
    conversation = await client.conversation(await client.agent(model=row.handle))

    await client.send(conversation, "Hello")
    assert "canary" not in caplog.text
    caplog.set_level(logging.INFO)  # what is said, libraries may write down at DEBUG
    await client.send(conversation, f"Is it {key} or [?api_key=qwertz]?")

    failed, answered = await client.get("/v1/runs/", conversation_id=conversation, limit=2)
    (good,) = await client.get(f"/v1/runs/{answered['id']}/trace")
    (bad,) = await client.get(f"/v1/runs/{failed['id']}/trace")
    assert good["request_json"] == fake.bodies[0]
    assert " odd" in good["response_json"]["text"]
    assert good["http"]["url"].endswith(fake.requests[0].path)
    assert good["http"]["method"] == "POST"
    assert (good["http"]["status"], bad["http"]["status"]) == (200, 400)
    assert "Is it *** or [?api_key=***" in str(bad["request_json"])
    assert bad["response_json"] == {"error": {"message": "***"}}

    async with looking_into(file_url) as db:
        tables = await contents(db)
    said = {"entries", "run_events", "prompts", "words"}  # here the key is what was said
    kept = "".join(str(rows) for name, rows in tables.items() if name not in said)
    for secret in ("canary", key, quote(key), bedrock.TOKEN, CANARY.encode().hex()):
        assert secret not in kept
    assert key not in caplog.text
