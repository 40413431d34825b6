"""Each fault at each provider: a typed error or a whole answer, and the next send works."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from palaver import errors
from palaver.providers.remote import Patience
from tests.api.here import OFFLINE, Client, Heard, Json, check_calls, serving
from tests.fakes import nowhere
from tests.fakes.provider import FakeProvider
from tests.providers.faults import TRIES, TROUBLES, Place, Trouble
from tests.providers.rows import ROWS, Row, environment


@dataclass(frozen=True, slots=True)
class Scene:
    """A server for each place where something goes wrong, and what it would have waited."""

    clients: dict[Place, Client]
    waits: list[float]


@pytest.fixture(scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory, fake: FakeProvider
) -> AsyncIterator[Scene]:
    """The servers, all of them with all providers."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    patient = Patience(tries=TRIES, sleep=note)
    impatient = Patience(connect=0.3, first_event=0.3, idle=0.4, tries=TRIES, sleep=note)
    async with AsyncExitStack() as stack:
        urls: dict[Place, str] = {
            "fake": fake.url,
            "impatient": fake.url,
            "refused": nowhere.refusing(),
            "unknown": nowhere.UNKNOWN,
            "tls": await stack.enter_async_context(nowhere.without_tls()),
            "deaf": await stack.enter_async_context(nowhere.deaf()),
        }
        clients = {}
        for place, url in urls.items():
            database = f"sqlite:///{tmp_path_factory.mktemp('palaver') / 'palaver.db'}"
            patience = impatient if place in ("impatient", "deaf") else patient
            served = serving(database, environment(url), patience)
            clients[place] = await stack.enter_async_context(served)
        await _warm_up(clients["fake"])
        yield Scene(clients, waits)


async def _warm_up(client: Client) -> None:
    """Have each row's library imported: what that takes is not the provider's time."""
    for row in ROWS:
        conversation = await client.conversation(await client.agent(model=row.handle))
        assert (await client.send(conversation, "Hi")).text == "Hello you"


def cells(*, chosen: bool) -> list[tuple[Row, Trouble]]:
    """All that has a meaning; which has none, the table of faults says."""
    return [
        (row, trouble.at(row))
        for row in ROWS
        for trouble in TROUBLES
        if trouble.chosen is chosen and trouble.excuse(row) is None
    ]


@pytest.mark.parametrize(("row", "trouble"), cells(chosen=True), ids=str)
async def test_a_chosen_fault(scene: Scene, fake: FakeProvider, row: Row, trouble: Trouble) -> None:
    await _check(scene, fake, row, trouble)


@pytest.mark.soak
@pytest.mark.parametrize(("row", "trouble"), cells(chosen=False), ids=str)
async def test_any_other_fault(
    scene: Scene, fake: FakeProvider, row: Row, trouble: Trouble
) -> None:
    await _check(scene, fake, row, trouble)


async def _check(scene: Scene, fake: FakeProvider, row: Row, trouble: Trouble) -> None:
    client = scene.clients[trouble.place]
    scene.waits.clear()
    fake.forget()
    fake.script(*trouble.played(row))
    conversation = await client.conversation(await client.agent(model=row.handle))

    heard = await client.send(conversation, "Hi")

    history = await client.history(conversation)
    _check_end(heard, trouble)
    assert "".join(one["content"] for one in history if _is_speech(one)) == trouble.said
    assert heard.text == trouble.said
    cut = bool(trouble.said) and not isinstance(trouble.comes_to, str)
    assert any(one["is_err"] for one in history) is cut
    check_calls(history)
    _check_tries(fake, scene.waits, trouble)
    _check_ids(history)
    run = await client.newest_run(conversation)
    _check_run(run, heard, trouble)
    assert "canary" not in f"{heard.frames}{history}{run}"
    await _check_works_again(client, conversation, trouble)


def _is_speech(message: dict[str, object]) -> bool:
    return message["message_type"] == "assistant_message"


def _check_end(heard: Heard, trouble: Trouble) -> None:
    assert heard.done
    if isinstance(trouble.comes_to, str):
        assert (heard.stop, heard.error) == (trouble.comes_to, None)
        return
    assert heard.error is not None, heard.frames[-3:]
    assert (heard.stop, heard.error["error_type"]) == (
        trouble.comes_to.stop_reason,
        trouble.comes_to.error_type,
    ), heard.error
    assert re.search(r"[;,] \w+|\.$", heard.error["message"])


def _check_run(run: Json, heard: Heard, trouble: Trouble) -> None:
    status = "completed" if heard.stop == "end_turn" else "failed"
    assert (run["status"], run["stop_reason"]) == (status, heard.stop)
    if not isinstance(trouble.comes_to, str):
        kind = trouble.comes_to
        failure = run["metadata"]["error"]
        http_type = None if kind is errors.ContextOverflow else kind.http_type
        assert (failure["status"], failure["type"]) == (kind.status, http_type), failure


def _check_ids(history: list[Json]) -> None:
    """No two calls have the same id, and none has no id at all."""
    ids = [
        call["tool_call_id"]
        for one in history
        if one["message_type"] == "tool_call_message"
        for call in one["tool_calls"]
    ]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def _check_tries(fake: FakeProvider, waits: list[float], trouble: Trouble) -> None:
    if trouble.place in ("fake", "impatient"):
        assert len(fake.requests) == trouble.tries
    assert len(waits) < TRIES
    if trouble.waits is not None:
        assert waits == pytest.approx(trouble.waits, rel=1.0, abs=0.01)


async def _check_works_again(client: Client, conversation: str, trouble: Trouble) -> None:
    is_there = trouble.place in ("fake", "impatient")
    override = {} if is_there else {"override_model": OFFLINE}
    heard = await client.send(conversation, "Are you there?", **override)
    assert (heard.stop, heard.error) == ("end_turn", None)
    assert heard.text == "Hello you" or not is_there
