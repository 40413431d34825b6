"""What is done on the database without a server: `palaver doctor` and `palaver import`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.intake import Intake
from palaver.engine import doctor
from palaver.engine.doctor import Diagnosis
from palaver.engine.egress import Egress
from palaver.engine.gathering import Gathering
from palaver.engine.importing import Porter, Wishes, of_file
from palaver.engine.mcp.client import client_of
from palaver.engine.migrating import Certificate, Migration, bring_over
from palaver.engine.taking_in import take_in
from palaver.providers.catalog import Catalog
from palaver.settings import Settings
from palaver.store.db import Database
from palaver.store.opening import SERVERS, is_there, open_database, open_existing
from palaver.store.v1 import V1Database


async def examine(
    settings: Settings, heard: Callable[[Diagnosis], object], *, fix: bool
) -> list[Diagnosis]:
    """What `palaver.engine.doctor` finds; each is `heard` at once.

    Raises `PalaverError` without a database to look at.
    """
    db = await asyncio.to_thread(open_existing, settings.database_url)
    findings = []
    try:
        async for found in doctor.examine(db, fix=fix):
            findings.append(found)
            heard(found)
    finally:
        await db.close()
    return findings


async def take(
    settings: Settings, source: str, heard: Callable[[Certificate], object], *, dry_run: bool
) -> Intake | Migration:
    """Take in what a path or the URL of a V1 database names, as `bring_in` and `migrate` do."""
    if source.startswith(SERVERS):
        return await migrate(settings, source, heard, dry_run=dry_run)
    return await bring_in(settings, Path(source), dry_run=dry_run)


async def bring_in(settings: Settings, path: Path, *, dry_run: bool) -> Intake:
    """Take in an agent file; what became of it. A file that is brought again adds nothing.

    Raises `PalaverError` for a file that is none, or without a database to take it in.
    """
    bundle, naming = await asyncio.to_thread(of_file, path)
    async with _taking_in(settings, dry_run=dry_run) as (db, porter):
        order = await porter.order(bundle, naming, Wishes(dry_run=dry_run))
        return await take_in(db, DEFAULT_PROJECT, order)


async def migrate(
    settings: Settings, source: str, heard: Callable[[Certificate], object], *, dry_run: bool
) -> Migration:
    """Bring a V1 database over, as `palaver.engine.migrating` says; what became of it.

    Each certificate is `heard` as soon as it is there. Raises `Unavailable` where either database
    cannot be reached, and `Invalid` where the source is none of V1.
    """
    with V1Database.opened(source) as old:
        migration = Migration(Gathering(old), dry_run)
        async with _taking_in(settings, dry_run=dry_run) as (db, porter):
            async for certificate in bring_over(db, DEFAULT_PROJECT, porter, migration):
                heard(certificate)
    return migration


@asynccontextmanager
async def _taking_in(
    settings: Settings, *, dry_run: bool
) -> AsyncIterator[tuple[Database, Porter]]:
    """The database, and who looks at what comes. A rehearsal makes no database to stay."""
    with TemporaryDirectory() as folder:
        passing = dry_run and not is_there(settings.database_url)
        url = f"sqlite:///{folder}/palaver.db" if passing else settings.database_url
        db = await asyncio.to_thread(open_database, url)
        mcp = client_of(settings, Egress(settings.private_networks))
        try:
            yield db, Porter(Catalog(settings.environment), mcp)
        finally:
            await db.close()
