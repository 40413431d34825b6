"""Measure palaver beside two references on this machine, and print a table.

python -m bench.run [--quick] [--items create,turn] [--database-url postgresql://…]
"""

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click
import psutil
import uvloop

from bench.items import ITEMS, Bench, Row
from bench.servers import Program, running
from bench.wire import HOST, WrongAnswer
from palaver import __version__

LONGEST_ITEM = 120  # seconds
COLUMNS = ("what", "unit", "palaver", "p50 ms", "reference", "its figure", "ratio", "budget", "")
UVICORN = ("-m", "uvicorn", "--factory", "--host", HOST, "--port", "{port}", "--no-access-log",
           "--log-level", "warning", "--timeout-keep-alive", "75")  # fmt: skip

MODEL = Program("fake model", ("-m", "bench.fakellm", "{port}"), {})
ROWS = Program(
    "FastAPI + SQLite", (*UVICORN, "bench.references:rows"), {"ROWS_FILE": "{folder}/rows.db"}
)


@click.command()
@click.option("--quick", is_flag=True, help="A third of the work: under a minute, less exact.")
@click.option("--items", default=",".join(ITEMS), show_default=True, help="What to measure.")
@click.option("--database-url", help="Where palaver keeps its data (default: a new SQLite file).")
def main(quick: bool, items: str, database_url: str | None) -> None:
    """Measure palaver beside a bare streaming proxy and a bare FastAPI + SQLite app."""
    names = items.split(",")
    if unknown := set(names) - set(ITEMS):
        raise click.UsageError(f"no such item: {', '.join(unknown)}; there are {', '.join(ITEMS)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to end as with Ctrl-C
    sys.exit(not uvloop.run(_measure(names, quick, database_url)))


async def _measure(names: Sequence[str], quick: bool, url: str | None) -> bool:
    """Start the servers, measure, print; whether everything could be measured."""
    begun, busy, own = perf_counter(), _busy(), _own()
    rows: list[Row] = []
    failures: list[str] = []
    async with AsyncExitStack() as stack:
        bench = await _servers(stack, quick, url)
        for name in names:
            click.echo(f"{name} …", err=True)
            try:
                async with asyncio.timeout(LONGEST_ITEM):
                    rows += await ITEMS[name](bench)
            except* (WrongAnswer, OSError) as failed:
                failures += [f"{name}: {error}" for error in failed.exceptions]
    seconds = perf_counter() - begun
    others = (_busy() - busy - (_own() - own)) / seconds
    where = url.partition(":")[0] if url else "sqlite"
    click.echo(_table(rows))
    click.echo(f"\n{_machine()}; {where}; {seconds:.0f} s in all, while other programs", nl=False)
    click.echo(f" kept {others:.1f} cores busy")
    for failure in failures:
        click.echo(f"FAILED {failure}")
    return not failures


async def _servers(stack: AsyncExitStack, quick: bool, url: str | None) -> Bench:
    model = await stack.enter_async_context(running(MODEL))
    folder = stack.enter_context(TemporaryDirectory(prefix="palaver-bench-"))
    database_url = url or f"sqlite:///{folder}/palaver.db"
    warm = _palaver(model.port, database_url)
    cold = _palaver(model.port, url or "sqlite:///{folder}/palaver.db")
    return Bench(
        model=model,
        rows=await stack.enter_async_context(running(ROWS)),
        proxy=await stack.enter_async_context(running(_proxy(model.port))),
        palaver=await stack.enter_async_context(running(warm)),
        cold=(cold, ROWS),
        database_url=database_url,
        quick=quick,
    )


def _palaver(model_port: int, database_url: str) -> Program:
    environment = {
        "PALAVER_HOME": "{folder}",
        "PALAVER_DATABASE_URL": database_url,
        "OPENAI_BASE_URL": f"http://{HOST}:{model_port}/v1",
        "OPENAI_API_KEY": "x",
    }
    return Program("palaver", ("-m", "palaver.cli", "serve", "--port", "{port}"), environment)


def _proxy(model_port: int) -> Program:
    return Program(
        "streaming proxy",
        (*UVICORN, "--lifespan", "off", "bench.references:proxy"),
        {"MODEL_PORT": str(model_port)},
    )


def _table(rows: Sequence[Row]) -> str:
    lines = [COLUMNS, ["---", "---", *["--:"] * 2, "---", *["--:"] * 3, "---"], *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: Row) -> Sequence[str]:
    ratio = row.palaver / row.floor if row.floor else None
    figures = [_figure(n) for n in (row.floor, ratio, row.budget)]
    return [
        row.what, row.unit, f"**{_figure(row.palaver)}**", _figure(row.p50), row.reference,
        *figures, _verdict(row),
    ]  # fmt: skip


def _verdict(row: Row) -> str:
    if row.budget is None:
        return ""
    over = row.palaver / row.budget
    return "ok" if over <= 1 else f"missed: {_figure(over)} × the budget"


def _figure(number: float | None) -> str:
    """Three digits that count, or nothing."""
    if number is None:
        return ""
    decimals = next((n for n, least in enumerate((100, 10, 1)) if abs(number) >= least), 3)
    return f"{number:,.{decimals}f}"


def _busy() -> float:
    """Seconds of CPU that were spent on this machine, by anybody."""
    spent = psutil.cpu_times()
    return float(sum(spent) - spent.idle - getattr(spent, "iowait", 0.0))


def _own() -> float:
    """Seconds of CPU that the bench and the servers that it has ended have spent."""
    return sum(os.times()[:4])


def _machine() -> str:
    python = platform.python_version()
    return f"palaver {__version__}; {os.cpu_count()} cores, {_processor()}; Python {python}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    main()
