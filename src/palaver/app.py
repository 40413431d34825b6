"""Everything is put together here, and nowhere else."""

import asyncio
import logging
import secrets
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import FrameType

from fastapi import FastAPI
from starlette.middleware import Middleware

from palaver import __version__
from palaver.api import (
    agent_files,
    agent_folders,
    agent_tools,
    agents,
    all_messages,
    archival,
    archives,
    batches,
    blocks,
    compaction,
    completions,
    context,
    conversations,
    folders,
    generating,
    groups,
    identities,
    mcp_servers,
    messages,
    models,
    problems,
    providers,
    reference,
    routing,
    runs,
    streams,
    tags,
    tools,
)  # fmt: skip
from palaver.api.deps import House
from palaver.api.requests import OneSpelling
from palaver.api.visitors import NoStrangePages, is_loopback
from palaver.engine import titling
from palaver.engine.batches import Batches
from palaver.engine.callbacks import Callbacks
from palaver.engine.egress import Egress
from palaver.engine.file_tools import FileTools
from palaver.engine.hints import Hints
from palaver.engine.lease import Lease
from palaver.engine.log import Log
from palaver.engine.mcp.client import McpClient, client_of
from palaver.engine.mcp.hand import McpTools
from palaver.engine.meanings import Meanings
from palaver.engine.own_tools import OwnTools
from palaver.engine.runner import Runner
from palaver.engine.sandbox import hand
from palaver.engine.sandbox.hand import PythonTools
from palaver.engine.sweeper import Sweeper
from palaver.engine.titling import Titler
from palaver.engine.workshop import Workshop
from palaver.providers.catalog import Catalog
from palaver.providers.remote import Patience
from palaver.settings import Settings
from palaver.store.db import Database
from palaver.store.opening import open_database

logger = logging.getLogger(__name__)

_ROUTERS = (
    messages.router, streams.router, conversations.router, compaction.router, context.router,
    messages.of_agent, blocks.core_memory, compaction.of_agent, context.of_agent,
    agent_tools.router, agent_folders.router, agent_folders.of_files, archival.router,
    generating.router, agent_files.imports, agent_files.router, agents.router, blocks.router,
    mcp_servers.router, batches.router, all_messages.router, all_messages.of_agents,
    messages.by_id, streams.of_run, runs.router, runs.step_router, runs.telemetry,
    archives.router, archives.of_agent, archives.of_passages, folders.router, folders.uploads,
    identities.router, identities.of_agent, identities.of_block, groups.router, groups.of_agent,
    completions.router, models.health_router, models.router, tags.router, tools.router,
    providers.router, reference.router,
)  # fmt: skip


Opening = Callable[[str], Database]
"""How a database is opened, by its URL."""


def make_app(
    settings: Settings, patience: Patience | None = None, open_database: Opening = open_database
) -> FastAPI:
    """The server as an ASGI app. It opens its database when it starts, and closes it at its end.

    `patience` is how long and how often it waits for providers, else `settings` say so.
    """
    app = FastAPI(
        title="palaver",
        version=__version__,
        description="A server for conversations with stateful agents.",
        lifespan=lambda app: _life(app, open_house(settings, patience, open_database)),
        middleware=[
            Middleware(NoStrangePages, _names(settings)),
            Middleware(OneSpelling),
        ],
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    routing.add(app, _ROUTERS)
    problems.install(app)
    return app


def _names(settings: Settings) -> frozenset[str] | None:
    """The names by which it may be called; None for any, where it is meant for other machines."""
    return settings.hosts if settings.hosts or is_loopback(settings.host) else None


async def prepare(settings: Settings) -> None:
    """Bring the database up to date before it is served, and see that it can do what is wanted.

    Raises `PalaverError` if it cannot.
    """
    catalog = Catalog(settings.environment)
    titling.check(catalog, settings.titles)
    db = await asyncio.to_thread(open_database, settings.database_url)
    try:
        await Meanings(db, catalog.embedder, "nobody").check()
    finally:
        await db.close()


@asynccontextmanager
async def open_house(
    settings: Settings, patience: Patience | None = None, open_database: Opening = open_database
) -> AsyncIterator[House]:
    """The parts of the server, at work for as long as the context lasts."""
    worker = f"worker-{secrets.token_hex(8)}"
    traces = settings.traces_keep is not None
    catalog = Catalog(settings.environment, patience or _patience(settings), traces=traces)
    db, python = await asyncio.gather(
        asyncio.to_thread(open_database, settings.database_url),
        asyncio.to_thread(hand.opened, settings),
    )
    hints = Hints(db, worker)
    log = Log(db, hints)
    egress = Egress(settings.private_networks)
    mcp = client_of(settings, egress)
    meanings = Meanings(db, catalog.embedder, worker)
    workshop = _workshop(db, python, mcp, meanings)
    runner = Runner(db, log, hints, catalog, workshop, worker)
    titler = Titler(db, catalog, settings.titles)
    runner.when_over(titler.consider)
    callbacks = Callbacks(db, egress)
    runner.when_over(callbacks.consider)
    batching = Batches(db, runner)
    runner.when_over(batching.consider)
    lease = Lease(db, runner, hints, worker)
    sweeper = Sweeper(db, settings.events_keep, settings.deleted_keep, settings.traces_keep)
    hints.start()
    log.start()
    sweeper.start()
    callbacks.start()
    batching.start()
    await lease.start()
    try:
        await meanings.start()
        yield House(db, log, runner, catalog, workshop, mcp, egress, batching, meanings)
    finally:
        batching.stop()
        await runner.close()
        await meanings.stop()
        await titler.close()
        await callbacks.close()
        python.close()
        await catalog.close()
        sweeper.stop()
        log.stop()
        hints.stop()
        await lease.stop()
        await db.close()


def _workshop(db: Database, python: PythonTools, mcp: McpClient, meanings: Meanings) -> Workshop:
    own, remote = OwnTools(db, meanings), McpTools(db, mcp)
    return Workshop(
        {
            "custom": python,
            "letta_core": own,
            "letta_sleeptime_core": own,
            "letta_files_core": FileTools(db, meanings),
            "external_mcp": remote,
        }
    )


def _patience(settings: Settings) -> Patience:
    return Patience(
        connect=settings.llm_connect_timeout.total_seconds(),
        first_event=settings.llm_first_event_timeout.total_seconds(),
        idle=settings.llm_idle_timeout.total_seconds(),
        tries=settings.llm_tries,
    )


@asynccontextmanager
async def _life(app: FastAPI, opened: AbstractAsyncContextManager[House]) -> AsyncIterator[None]:
    async with opened as house:
        app.state.house = house
        with _told_to_stop(lambda: asyncio.create_task(house.runner.close())):
            yield


@contextmanager
def _told_to_stop(do: Callable[[], object]) -> Iterator[None]:
    """Call `do` as soon as the process is told to stop: runs end before streams are waited for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {sig: signal.getsignal(sig) for sig in (signal.SIGTERM, signal.SIGINT)}

    def heed(sig: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(do)
        handler = handlers[signal.Signals(sig)]
        if callable(handler):
            handler(sig, frame)

    for sig in handlers:
        signal.signal(sig, heed)
    try:
        yield
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)
