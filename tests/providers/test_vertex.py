"""Who we are on Vertex: a token, an API key, or what the machine says."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from palaver import errors
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from tests.fakes import gemini
from tests.fakes.provider import FakeProvider
from tests.providers import talk
from tests.providers.talk import VERTEX

MODEL = "publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
KEY = {"PALAVER_GOOGLE_VERTEX_API_KEY": "AIzaSomething"}

ASK = """
import asyncio, os
from palaver import errors
from palaver.providers.catalog import Catalog
from tests.providers import talk

async def main():
    models = Catalog(os.environ)
    try:
        print(len(await talk.answer(models, talk.VERTEX)), "events")
    except errors.LLMError as error:
        print(type(error).__name__, error, error.detail)
    await models.close()

asyncio.run(main())
"""


async def ask(fake: FakeProvider, credentials: Path) -> str:
    """What a program says that talks to Vertex on a machine with these credentials."""
    mine = {
        "GOOGLE_CLOUD_PROJECT": "atlas",
        "GOOGLE_VERTEX_BASE_URL": fake.url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, env={**os.environ, **mine}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await program.communicate()
    return said.decode()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        (KEY, f"/v1beta1/{MODEL}"),
        (
            {**KEY, "GOOGLE_CLOUD_PROJECT": "atlas"},
            f"/v1beta1/projects/atlas/locations/global/{MODEL}",
        ),
    ],
)
async def test_an_api_key_does_with_a_project_and_without(
    fake: FakeProvider, more: dict[str, str], path: str
) -> None:
    models = Catalog({"GOOGLE_VERTEX_BASE_URL": fake.url, **more})

    await talk.answer(models, VERTEX)

    assert fake.requests[0].path == path
    assert fake.requests[0].headers["x-goog-api-key"] == "AIzaSomething"
    assert "authorization" not in fake.requests[0].headers
    await models.close()


async def test_without_a_key_there_must_be_a_project(fake: FakeProvider) -> None:
    models = Catalog({"GOOGLE_VERTEX_BASE_URL": fake.url}, Patience(tries=1))

    with pytest.raises(errors.RequestRefused, match="set GOOGLE_CLOUD_PROJECT"):
        await talk.answer(models, VERTEX)

    assert not fake.requests


async def test_the_credentials_of_the_machine_are_used_when_the_first_call_is_made(
    fake: FakeProvider, tmp_path: Path
) -> None:
    pem = rsa.generate_private_key(65_537, 2_048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "another",
        "client_email": "ada@atlas",
        "private_key": pem.decode(),
        "token_uri": f"{fake.url}/token",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))

    said = await ask(fake, tmp_path / "account.json")

    assert said == "3 events\n"
    token, talked = fake.requests
    assert token.path == "/token"
    assert talked.path == f"/v1beta1/projects/atlas/locations/global/{MODEL}"
    assert talked.headers["authorization"] == f"Bearer {gemini.TOKEN}"


async def test_a_machine_without_credentials_says_what_to_set(
    fake: FakeProvider, tmp_path: Path
) -> None:
    said = await ask(fake, tmp_path / "nothing.json")

    assert said.startswith("AuthenticationFailed google_vertex")
    assert "set GOOGLE_APPLICATION_CREDENTIALS or PALAVER_GOOGLE_VERTEX_API_KEY" in said
    assert "nothing.json" in said
    assert not fake.requests
