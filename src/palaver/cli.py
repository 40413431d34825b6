"""The command line: `palaver serve`, `doctor`, `import` and `conformance`.

What a command needs is imported when it is called, so that `palaver --help` answers at once.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from typing import Protocol

import click

from palaver import __version__, logs, settings
from palaver.errors import PalaverError, Unavailable
from palaver.settings import LOG_LEVELS


class _Told(Protocol):
    """What can be said to people."""

    def in_words(self) -> str: ...


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
    from palaver import serving

    try:
        found = settings.read(os.environ)
        chosen = replace(
            found,
            host=host or found.host,
            port=found.port if port is None else port,
            log_level=log_level or found.log_level,
        )
        logs.start(chosen.log_level)
        serving.greet(chosen)
        serving.run(chosen, workers)
    except PalaverError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--fix", is_flag=True, help="Mend what is broken, where no run is active.")
@click.option("--json", "as_json", is_flag=True, help="Tell a program: one JSON document.")
def doctor(fix: bool, as_json: bool) -> None:
    """Look for broken conversations; the exit code is 1 if any is left."""
    from palaver import errands

    try:
        chosen = settings.read(os.environ)
        logs.start("warning")
        findings = asyncio.run(errands.examine(chosen, _silent if as_json else _say, fix=fix))
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


@main.command(name="import")
@click.argument("source", metavar="FILE|URL")
@click.option("--dry-run", is_flag=True, help="Tell what would become of it, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Tell a program: one JSON document.")
def import_(source: str, dry_run: bool, as_json: bool) -> None:
    """Take in an agent file (.af), or all of a V1 database (postgresql://user:password@host/name).

    What is taken in again adds nothing. The exit code is 1 if anything of it is refused, 2 if a
    database cannot be reached.
    """
    from palaver import errands

    try:
        chosen = settings.read(os.environ)
        logs.start("warning")
        taken = asyncio.run(
            errands.take(chosen, source, _silent if as_json else _say, dry_run=dry_run)
        )
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


def _say(told: _Told) -> None:
    click.echo(told.in_words())


def _silent(told: _Told) -> None:
    """The whole is told at the end, to a program."""


if __name__ == "__main__":
    main()
