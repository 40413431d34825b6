"""Everything is put together here, and nowhere else."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from palaver import __version__
from palaver.api import agents, blocks, conversations, messages, models, problems, runs
from palaver.api.deps import House
from palaver.api.requests import OneSpelling
from palaver.engine.lease import Lease
from palaver.engine.log import Log
from palaver.engine.runner import Runner
from palaver.providers.catalog import Catalog
from palaver.settings import Settings
from palaver.store.db import open_database

logger = logging.getLogger(__name__)

_ROUTERS = (
    models.router, agents.router, blocks.core_memory, messages.of_agent, blocks.router,
    conversations.router, messages.router, messages.by_id, runs.router, runs.step_router,
)  # fmt: skip


def make_app(settings: Settings) -> FastAPI:
    """The server as an ASGI app. It opens its database when it starts, and closes it at its end."""
    app = FastAPI(
        title="palaver",
        version=__version__,
        description="A server for conversations with stateful agents.",
        lifespan=lambda app: _life(app, settings),
        middleware=[Middleware(OneSpelling)],
        redirect_slashes=False,
        max_body_size=settings.max_body,
        responses=problems.RESPONSES,
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
    )
    for router in _ROUTERS:
        app.include_router(router)
    problems.install(app)
    return app


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """The parts of the server, at work for as long as the context lasts."""
    worker = f"worker-{secrets.token_hex(8)}"
    db = await asyncio.to_thread(open_database, settings.database_url)
    catalog = Catalog(settings.environment)
    log = Log(db, worker)
    runner = Runner(db, log, catalog, worker)
    lease = Lease(db, log, runner, worker)
    log.start()
    await lease.start()
    try:
        yield House(db, log, runner, catalog)
    finally:
        await runner.close()
        await log.stop()
        await lease.stop()
        await db.close()


@asynccontextmanager
async def _life(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    async with open_house(settings) as house:
        app.state.house = house
        yield


def _operation_id(route: APIRoute) -> str:
    tag = route.tags[0] if route.tags else "palaver"
    return f"{tag}_{route.name}"
