"""A secret of the operator's is in no error, no log and no picture of an object."""

import logging

import httpx2
import pytest
from pydantic_ai.exceptions import ModelHTTPError

from palaver import errors
from palaver.providers import remedies
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience, RemoteModel
from palaver.providers.table import PROVIDERS, Account, Provider, account
from tests.fakes import nowhere
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Answer, Refusal, Reply
from tests.providers import talk
from tests.providers.rows import ROWS, Row, canary, environment

TIMEOUT = httpx2.Timeout(1)
REMOTE = [row for row in PROVIDERS if row.dialect != "offline"]
PLAIN = {"project", "location", "region", "version"}


def secrets_of(provider: Provider) -> list[str]:
    options = [name for name in provider.options if name not in PLAIN]
    return [canary(provider, what) for what in ("key", *options)]


def configured(provider: Provider) -> Account:
    found = account(provider, environment("http://127.0.0.1:1"))
    assert found is not None
    return found


@pytest.mark.parametrize("provider", REMOTE, ids=lambda row: row.name)
def test_an_account_knows_its_secrets_and_shows_none(provider: Provider) -> None:
    one = configured(provider)

    assert set(one.secrets) == set(secrets_of(provider))
    assert "canary" not in repr(one)
    assert "canary" not in repr(vars(RemoteModel(one, Patience())))


@pytest.mark.parametrize("provider", REMOTE, ids=lambda row: row.name)
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_what_a_provider_repeats_of_them_is_masked(provider: Provider, status: int) -> None:
    said = " ".join(secrets_of(provider))
    error = ModelHTTPError(status, "m", {"error": {"message": f"You sent {said}"}})

    told = remedies.translated(error, configured(provider), TIMEOUT)

    assert "You sent ***" in told.detail
    assert "canary" not in f"{told!r}{told}{told.detail}{vars(told)}"


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("what", ["refused", "nonsense", "gone", "answered"])
async def test_no_call_writes_them_down(
    fake: FakeProvider, row: Row, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = nowhere.refusing() if what == "gone" else fake.url
    models = Catalog(environment(url), Patience(tries=1))
    said = " ".join(secrets_of(row.provider))
    answers: dict[str, Answer] = {
        "refused": Refusal(401, {"error": {"message": said}}),
        "nonsense": Refusal(200, f"<html>{said}</html>"),
    }
    fake.script(answers.get(what, Reply()))

    try:
        told = str(await talk.answer(models, row.handle))
    except errors.LLMError as error:
        told = f"{error!r}{error}{error.detail}"
    await models.models()
    await models.close()

    assert "canary" not in told
    ours = [record for record in caplog.records if record.name.startswith("palaver")]
    assert "canary" not in "".join(map(caplog.handler.format, ours))
    assert "canary" not in caplog.text


@pytest.mark.parametrize("provider", REMOTE, ids=lambda row: row.name)
@pytest.mark.parametrize("key", ["canary\ncanary", "canarý", "canary\x00", "a canary"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(provider: Provider, key: str) -> None:
    with pytest.raises(
        errors.Invalid, match=f"{provider.name} .*{provider.key_variables[0]}"
    ) as caught:
        account(provider, {f"PALAVER_{provider.name.upper()}_API_KEY": key})

    assert "canar" not in repr(caught.value)
