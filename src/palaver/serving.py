"""The processes that serve the API."""

import asyncio
import gc
import os
import re
import signal
import sys
from types import FrameType

import click
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from palaver import __version__, logs, settings
from palaver.api.wire import Bounded
from palaver.app import make_app, prepare
from palaver.providers.catalog import Catalog
from palaver.settings import Settings

GRACE = 8  # seconds that open streams have to send their last frames after SIGTERM


def worker_app() -> FastAPI:
    """The app of a worker process, as the environment says."""
    chosen = settings.read(os.environ)
    logs.start(chosen.log_level)
    app = make_app(chosen)
    collect_less()
    return app


class _Server(uvicorn.Server):
    """A server to which being told to stop is a good end: the signal is not raised again."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, or with a second Ctrl-C stop at once."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def collect_less() -> None:
    """Look for cyclic garbage less often: what requests make is mostly free of it.

    What was made at the start stays for ever and need not be looked at. A tenth of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run(chosen: Settings, workers: int) -> None:
    """Serve until the process is told to end; the workers read the rest off the environment.

    Raises `PalaverError` if the database cannot do what is wanted.
    """
    asyncio.run(prepare(chosen))
    os.environ |= {"PALAVER_LOG_LEVEL": chosen.log_level, "PALAVER_HOST": chosen.host}
    config = uvicorn.Config(
        "palaver.serving:worker_app",
        http=Bounded,
        factory=True,
        workers=workers,
        host=chosen.host,
        port=chosen.port,
        log_level="warning" if chosen.log_level == "info" else chosen.log_level,
        access_log=chosen.log_level == "debug",
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=60,
        timeout_keep_alive=75,
        server_header=False,
    )
    if workers > 1:
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return
    server = _Server(config)
    server.run()
    sys.exit(0 if server.started else 1)


def greet(chosen: Settings) -> None:
    """Say what is served, and by whom it speaks."""
    click.echo(f"palaver {__version__}")
    click.echo(f"  listening on  http://{chosen.host}:{chosen.port}")
    click.echo(f"  data in       {shown_url(chosen.database_url)}")
    catalog = Catalog(chosen.environment)
    click.echo(f"  providers     {catalog.in_words()}")
    if catalog.embedder is not None:
        click.echo(f"  embedding     {catalog.embedder.handle}")


def shown_url(url: str) -> str:
    """A database URL without the password in it."""
    url = re.sub(r"(?i)(password=)[^&\s]*", r"\1***", url)
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, who = head.partition("://")
    return f"{scheme}://{who.partition(':')[0]}@{tail}"
