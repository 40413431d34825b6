"""All laws at once: whatever is asked, in whatever order, through either of two processes."""

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import insert, select, update

from palaver import clock
from palaver.store import schema
from palaver.store.db import Tx
from tests.api.tables import looking_into
from tests.fakes.provider import FakeProvider
from tests.laws.machine import AnyOrder
from tests.laws.machine_talk import Foreign
from tests.servers import asking, serve_two

_STEPS = 40  # of one example
_EXAMPLES = 25  # on each database: 2,000 steps in all
_OTHER = "project-00000000-0000-4000-8000-000000000001"
_TABLES = [table for table in schema.metadata.sorted_tables if "project_id" in table.c]
_TIMES = int(os.environ.get("PALAVER_STEPS", "1"))


T = TypeVar("T")


@pytest.fixture(scope="module")
def doors(
    module_url: str, provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx2.Client, httpx2.Client]]:
    """Clients of two processes."""
    environment = asking(provider) | {"PALAVER_DATABASE_URL": module_url}
    with serve_two(tmp_path_factory.mktemp, environment) as (one, other):
        yield one.http, other.http


@pytest.fixture(scope="module")
def foreign(doors: tuple[httpx2.Client, httpx2.Client], module_url: str) -> Foreign:
    """What belongs to another project: an agent, a conversation, a run, a message."""
    door = doors[0]
    agent = door.post("/v1/agents/", json={"model": "palaver/offline"}).json()["id"]
    made = door.post("/v1/conversations/", json={}, params={"agent_id": agent}).json()
    path = f"/v1/conversations/{made['id']}/messages"
    told = door.post(path, json={"input": "Hello", "streaming": False}).json()
    asyncio.run(_in(module_url, _give_away))
    return Foreign(
        {
            "agent": agent,
            "conv": made["id"],
            "run": told["usage"]["run_ids"][0],
            "message": told["messages"][0]["id"],
        }
    )


@pytest.mark.timeout(300 * _TIMES)
@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(_EXAMPLES, id="1000 steps"),
        pytest.param(
            20 * _EXAMPLES,
            id="20000 steps",
            marks=[pytest.mark.soak, pytest.mark.timeout(3000 * _TIMES)],
        ),
    ],
)
def test_in_any_order_what_must_hold_holds(
    doors: tuple[httpx2.Client, httpx2.Client],
    provider: FakeProvider,
    foreign: Foreign,
    module_url: str,
    examples: int,
) -> None:
    before = asyncio.run(_in(module_url, _theirs))
    run_state_machine_as_test(
        lambda: AnyOrder(doors, provider, foreign),  # type: ignore[arg-type]
        settings=settings(
            max_examples=examples * _TIMES,
            stateful_step_count=_STEPS,
            deadline=None,
            derandomize=examples == _EXAMPLES,
            database=None,
            print_blob=True,
            phases=(Phase.explicit, Phase.generate),  # it has too much to wait for to be shrunk
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert asyncio.run(_in(module_url, _theirs)) == before


async def _in(url: str, work: Callable[[Tx], T]) -> T:
    async with looking_into(url) as db:
        return await db.tx(work)


def _give_away(tx: Tx) -> None:
    """Let all that is there belong to somebody else."""
    tx.run(insert(schema.projects), {"id": _OTHER, "name": "Theirs", "created_at": clock.now()})
    for table in _TABLES:
        tx.run(update(table).values(project_id=_OTHER))


def _theirs(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """All rows of somebody else."""
    return {
        table.name: sorted(
            (tuple(row) for row in tx.all(select(table).where(table.c.project_id == _OTHER))),
            key=repr,
        )
        for table in _TABLES
    }
