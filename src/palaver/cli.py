"""The command line: `palaver serve`, `doctor`, `import` and `conformance`."""

import asyncio
import gc
import json
import logging
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from palaver import __version__, settings
from palaver.api.wire import Bounded
from palaver.app import bring_in, examine, make_app, migrate, prepare
from palaver.domain.intake import Intake
from palaver.engine.doctor import Diagnosis
from palaver.engine.migrating import Certificate, Migration
from palaver.errors import PalaverError, Unavailable
from palaver.providers.catalog import Catalog
from palaver.settings import LOG_LEVELS, Settings
from palaver.store.opening import SERVERS

GRACE = 8  # seconds that open streams have to send their last frames after SIGTERM


@click.group()
@click.version_option(__version__, prog_name="palaver")
def main() -> None:
    """A server for conversations with stateful agents."""


@main.command()
@click.option("--host", help="Address to listen on (PALAVER_HOST; default 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (PALAVER_PORT; default 8283).")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share the port.",
)
@click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), help="How much to tell (PALAVER_LOG_LEVEL)."
)
def serve(host: str | None, port: int | None, workers: int, log_level: str | None) -> None:
    """Serve the API until you press Ctrl-C."""
    try:
        found = settings.read(os.environ)
        chosen = replace(
            found,
            host=host or found.host,
            port=found.port if port is None else port,
            log_level=log_level or found.log_level,
        )
        _log(chosen)
        _greet(chosen)
        asyncio.run(prepare(chosen))
    except PalaverError as error:
        raise click.ClickException(str(error)) from None
    _run(chosen, workers)


@main.command()
@click.option("--fix", is_flag=True, help="Mend what is broken, where no run is active.")
@click.option("--json", "as_json", is_flag=True, help="Tell a program: one JSON document.")
def doctor(fix: bool, as_json: bool) -> None:
    """Look for broken conversations; the exit code is 1 if any is left."""
    try:
        chosen = settings.read(os.environ)
        _log(replace(chosen, log_level="warning"))
        findings = asyncio.run(_examined(chosen, fix, aloud=not as_json))
    except PalaverError as error:
        raise click.ClickException(str(error)) from None
    left = [found for found in findings if found.condition != "mended"]
    if as_json:
        click.echo(json.dumps([found.told() for found in findings], indent=2))
    else:
        click.echo(f"{len(left)} broken, {len(findings) - len(left)} mended.")
        if any(found.condition == "broken" for found in left):
            click.echo("`palaver doctor --fix` mends what is broken.")
    sys.exit(1 if left else 0)


async def _examined(chosen: Settings, fix: bool, *, aloud: bool) -> list[Diagnosis]:
    findings = []
    async for found in examine(chosen, fix=fix):
        findings.append(found)
        if aloud:
            click.echo(found.in_words())
    return findings


@main.command(name="import")
@click.argument("source", metavar="FILE|URL")
@click.option("--dry-run", is_flag=True, help="Tell what would become of it, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Tell a program: one JSON document.")
def import_(source: str, dry_run: bool, as_json: bool) -> None:
    """Take in an agent file (.af), or all of a V1 database (postgresql://user:password@host/name).

    What is taken in again adds nothing. The exit code is 1 if anything of it is refused, 2 if a
    database cannot be reached.
    """
    try:
        chosen = settings.read(os.environ)
        _log(replace(chosen, log_level="warning"))
        taken = asyncio.run(_taken(chosen, source, dry_run=dry_run, aloud=not as_json))
    except Unavailable as error:
        raise _Unreachable(str(error)) from None
    except PalaverError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps({**taken.told(), "dry_run": dry_run}, indent=2))
    else:
        click.echo(taken.in_words())
        if dry_run:
            click.echo("This was a rehearsal: nothing was changed.")
    sys.exit(0 if taken.is_whole else 1)


class _Unreachable(click.ClickException):
    """Nothing can be done as long as a database is away."""

    exit_code = 2


async def _taken(
    chosen: Settings, source: str, *, dry_run: bool, aloud: bool
) -> Intake | Migration:
    if not source.startswith(SERVERS):
        return await bring_in(chosen, Path(source), dry_run=dry_run)

    def heard(certificate: Certificate) -> None:
        if aloud:
            click.echo(certificate.in_words())

    return await migrate(chosen, source, heard, dry_run=dry_run)


@main.command()
@click.option(
    "--base-url", envvar="LETTA_BASE_URL", default="http://127.0.0.1:8283", show_default=True
)
@click.option("--api-key", envvar="LETTA_API_KEY", default="", help="A key of that server.")
@click.option("--model", default="palaver/offline", show_default=True, help="Who answers there.")
@click.option("--only", multiple=True, metavar="TEXT", help="A section, or part of a name.")
@click.option("--json", "as_json", is_flag=True, help="All that was seen, as JSON.")
def conformance(
    base_url: str, api_key: str, model: str, only: tuple[str, ...], as_json: bool
) -> None:
    """Hold any server against the API, from outside. What is made there is taken away again."""
    try:
        from palaver.conformance import command
    except ModuleNotFoundError as missing:
        if missing.name not in ("httpx", "letta_client"):
            raise
        raise click.ClickException(
            'The official client is missing: pip install "palaver[conformance]"'
        ) from None
    sys.exit(command.hold(base_url, api_key, model, only, as_json))


def worker_app() -> FastAPI:
    """The app of a worker process, as the environment says."""
    chosen = settings.read(os.environ)
    _log(chosen)
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


def _run(chosen: Settings, workers: int) -> None:
    """Serve until the process is told to end; the workers read the rest off the environment."""
    os.environ |= {"PALAVER_LOG_LEVEL": chosen.log_level, "PALAVER_HOST": chosen.host}
    config = uvicorn.Config(
        "palaver.cli:worker_app",
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


def _log(chosen: Settings) -> None:
    for library in ("alembic", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.basicConfig(
        level=chosen.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )


def _greet(chosen: Settings) -> None:
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


if __name__ == "__main__":
    main()
