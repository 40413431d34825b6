"""Vectors are made whatever happens: in the background, and by one process at a time."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select

from palaver.clock import mint
from palaver.domain.llm import Handle
from palaver.domain.meaning import Sought
from palaver.engine.meanings import Meanings
from palaver.errors import LLMError, ProviderFailed, RequestRefused
from palaver.providers.embedding import Embedder, described
from palaver.store import archives, passages, schema_texts, workers
from palaver.store.db import Database, Tx
from palaver.store.opening import open_database
from palaver.store.passages import PassageFilter
from tests.databases import Databases, SqliteDatabases
from tests.servers import environment_of
from tests.store import making
from tests.store.making import HERE

_vectors = schema_texts.vectors
_WITHIN = 60  # seconds, for what would otherwise never happen
SOON = 0.01  # seconds between looks
LONG = 1_500  # characters that the model refuses


class Model:
    """Counts what it is told, and answers as it is set."""

    def __init__(self, dimensions: int = 2) -> None:
        self.told: list[str] = []
        self.dimensions = dimensions
        self.failure: LLMError | None = None
        self.silent = False

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """A vector that says how often an x is in a text; or the failure."""
        if self.silent:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        if any(len(text) > LONG or "poison" in text for text in texts):
            raise RequestRefused("One of these is not for me.")
        self.told += texts
        rest = [0.0] * (self.dimensions - 2)
        return [[float(text.count("x")), 0.5, *rest] for text in texts]


def embedder(model: Model, name: str = "model") -> Embedder:
    """An embedding model of some provider."""
    handle = Handle("some", name)
    return Embedder(handle, described(handle, "openai", "", 0), model)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database with the current tables and nothing in them."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


@asynccontextmanager
async def working(db: Database, model: Model, name: str = "model") -> AsyncIterator[Meanings]:
    """A process that makes vectors."""
    worker = mint("worker")
    await db.tx(workers.beat, worker)
    meanings = Meanings(db, embedder(model, name), worker, look_every=SOON, patience=0.05)
    await meanings.start()
    try:
        yield meanings
    finally:
        await meanings.stop()
        await db.tx(workers.leave, worker)


async def put(db: Database, *texts: str) -> None:
    """Put texts into an archive."""

    def unit(tx: Tx) -> None:
        box = making.archive()
        archives.add(tx, HERE, box)
        passages.add(tx, HERE, box.id, [making.passage(text) for text in texts])

    await db.tx(unit)


async def count(db: Database, kind: str = "some/model:2", *, known: bool = True) -> int:
    """How many vectors of a kind there are; or how many texts are known to have none."""

    def unit(tx: Tx) -> int:
        with_one = _vectors.c.numbers.is_not(None) if known else _vectors.c.numbers.is_(None)
        query = select(func.count()).select_from(_vectors).where(_vectors.c.kind == kind, with_one)
        number: int = tx.all(query)[0][0]
        return number

    return await db.read(unit)


async def until(find: Callable[[], Awaitable[int]], number: int) -> None:
    """Wait until something comes to a number."""
    async with asyncio.timeout(_WITHIN):
        while await find() != number:
            await asyncio.sleep(SOON)


async def test_what_is_there_and_what_comes_gets_a_vector_once(db: Database) -> None:
    model = Model()
    texts = [f"old {n}" for n in range(70)]
    await put(db, *texts)
    async with working(db, model), working(db, model):
        await until(lambda: count(db), 70)
        await put(db, "new")
        await until(lambda: count(db), 71)
    asked = [text for text in model.told if text != "palaver"]
    assert sorted(asked) == sorted([*texts, "new"])
    assert asked[-1] == "new"


async def test_a_provider_that_fails_is_asked_again(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model()
    model.failure = ProviderFailed("some cannot be reached; check it.")
    async with working(db, model) as meanings:
        await put(db, "x")
        assert (await meanings.sought("x")).how == "fts"
        assert "goes by its words alone: some cannot be reached" in caplog.text
        model.failure = None
        await until(lambda: count(db), 1)
        model.silent = True
        sought = await meanings.sought("x", "vector")
        assert (sought.words, sought.how) == ("x", "fts")
        assert "no answer in time" in caplog.text


async def test_what_the_model_refuses_holds_up_nobody(db: Database) -> None:
    model = Model()
    await put(db, "x", "poison", "x" * LONG + "far too long", "xx")
    async with working(db, model) as meanings:
        await until(lambda: count(db), 3)
        assert await count(db, known=False) == 1
        assert sorted(map(len, model.told)) == [1, 2, len("palaver"), len("palaver"), 1_000]
        model.failure = RequestRefused("no such model")
        await put(db, "y")
        sought = await meanings.sought("x")
        assert sought.how == "fts"
        assert await count(db, known=False) == 1
        model.failure = None
        await until(lambda: count(db), 4)


async def test_another_model_begins_anew_and_the_last_choice_holds(db: Database) -> None:
    await put(db, "x", "y")
    old, new = Model(), Model(dimensions=3)
    async with working(db, old) as before:
        await until(lambda: count(db), 2)
        async with working(db, new, "other") as after:
            await until(lambda: count(db, "some/other:3"), 2)
            await put(db, "z")
            await until(lambda: count(db, "some/other:3"), 3)
            assert "z" not in old.told
            for one, found in ((before, 0), (after, 3)):
                sought = await one.sought("xx", "vector")
                assert sought.how == "vector"
                assert await db.read(_found, sought) == found


_WITHOUT_NUMPY = "import sys; sys.modules['numpy'] = None; from palaver.cli import main; main()"


async def test_what_is_missing_is_told_at_the_start(
    databases: Databases, database_url: str, tmp_path: Path
) -> None:
    if isinstance(databases, SqliteDatabases):
        program, url, remedy = _WITHOUT_NUMPY, database_url, 'pip install "palaver[vectors]"'
    else:
        program, url = "from palaver.cli import main; main()", _of_somebody(database_url)
        remedy = "somebody who may run `CREATE EXTENSION vector`"
    asked = {"PALAVER_EMBEDDING": "palaver/trigrams", "PALAVER_DATABASE_URL": url}

    ended = subprocess.run(
        [sys.executable, "-c", program, "serve", "--port", "0"],
        env=environment_of(tmp_path, asked),
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert ended.returncode == 1
    assert "embedding     palaver/trigrams" in ended.stdout
    assert remedy in ended.stderr
    assert "Traceback" not in ended.stderr


def _of_somebody(url: str) -> str:
    """The same database for somebody who may use its tables and make nothing."""
    name = f"somebody_{mint('x')[-12:]}"
    with psycopg.connect(url, autocommit=True) as administrator:
        for statement in (
            "CREATE ROLE {} LOGIN",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO {}",
        ):
            administrator.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return url.replace("//postgres:", f"//{name}:")


async def test_nobody_is_asked_where_there_is_no_model(db: Database) -> None:
    meanings = Meanings(db, None, "worker")
    await meanings.start()
    assert await meanings.sought("x", "vector") == Sought("x", "fts")
    await meanings.stop()


def _found(tx: Tx, sought: Sought) -> int:
    return len(passages.found(tx, HERE, PassageFilter(), sought, 9))
