"""Brings a store to this release's schema, by a command of its owner; a gateway only checks it.

Files of SQLite are upgraded as well when a gateway opens them; a database of PostgreSQL is upgraded here only.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.schema.grants import DatabaseRole, check_account, grant_script
from adapters.schema.migration import (
    NEWEST,
    NEWEST_DATABASE,
    REVISIONS,
    NewerSchema,
    known_version,
    known_version_of_database,
    migrate_database,
    prepare,
)
from adapters.schema.revision import DatabaseFile
from adapters.stores import sql
from adapters.stores.log_missing import refuse_lost_log
from adapters.stores.postgres import connect
from adapters.stores.postgres_causes import LOCK_NOT_AVAILABLE, reason_of
from adapters.stores.sql import BESIDE
from adapters.stores.sqlite import reason_of as reason_of_sqlite
from gateway.domain import sentences as say
from gateway.domain.errors import DatabaseUnfit, GatewayError, LogUnavailable
from gateway.ports.exchange_log import Upgrade

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_SECONDS = 3_600.0
_LOCK_SECONDS = 5
#: for work beside the writers, which keeps nobody waiting: it waits for transactions that were open before
_BESIDE_SECONDS = 60
#: what a killed or refused run left; nobody reads by it
_HALF_MADE = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid"
#: sessions that have held a table of the schema, or the lock of migrations, for so long that we waited for them
_HOLDERS = """
SELECT a.pid, a.application_name FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid()
 AND coalesce(a.xact_start < now() - interval '4 s', true) AND EXISTS (
  SELECT 1 FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation WHERE l.pid = a.pid AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (c.relnamespace = current_schema()::regnamespace OR l.locktype = 'advisory'
   AND l.objid::bigint = hashtext('motlan.migrations')::bigint & 4294967295))
 ORDER BY a.xact_start LIMIT 3
"""


async def upgrade(
    url: str,
    state_dir: Path,
    names: Mapping[str, str],
    report: Callable[[Upgrade], object] = lambda _: None,
    *,
    dry_run: bool = False,
) -> None:
    """Upgrade all that the log at `url` is, and report what is done; on PostgreSQL as the owner, with its grants.

    PostgreSQL: all or nothing. SQLite: each file all or nothing. `names`: names of the roles, by those that they have
    otherwise (`DatabaseRole`). `dry_run`: only report what it would do. DatabaseUnfit for a store of a newer release
    and for a folder without a log, ConfigError for one that has the keys of a log that is missing: nothing has changed
    then. LogUnavailable with the cause when the store refuses.
    """
    if sql.is_postgres(url):
        report(await _upgrade_postgres(url, names, dry_run=dry_run))
    else:
        await asyncio.to_thread(_upgrade_files, url, state_dir, report, dry_run=dry_run)


async def _upgrade_postgres(url: str, names: Mapping[str, str], *, dry_run: bool) -> Upgrade:
    grants = grant_script({DatabaseRole(role): name for role, name in names.items()})
    try:
        connection = await connect(url, _SECONDS, migrated=False)
        try:
            found = await known_version_of_database(connection)
            if not dry_run:
                await _waiting_shortly(connection, _make_indexes(connection, found or ""))
                await _waiting_shortly(connection, _migrate_and_grant(connection, grants))
        finally:
            await connection.close()
    except GatewayError:
        raise
    except Exception as error:  # noqa: BLE001 -- the driver's or the network's
        raise LogUnavailable(reason_of(error)) from None
    return Upgrade("PostgreSQL", found or "", NEWEST_DATABASE, grants)


async def _make_indexes(connection: "asyncpg.Connection[Any]", found: str) -> None:
    """Make indexes over large tables while records are written: in the transaction these would wait for minutes.

    A new database has them by its revisions. One that is made and not used yet harms nothing.
    """
    wanted = [one.beside_writers() for one in REVISIONS if found and one.number > found]
    await connection.execute(f"SET lock_timeout = '{_BESIDE_SECONDS}s'")
    for name, statement in (pair for one in wanted for pair in one.items()):
        if await connection.fetchval(_HALF_MADE, name):
            await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
        await connection.execute(statement)
    await connection.execute("RESET lock_timeout")


async def _migrate_and_grant(connection: "asyncpg.Connection[Any]", grants: str) -> None:
    """All or nothing. It waits a few seconds for each lock: records that are written meanwhile wait behind it."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
        await migrate_database(connection)
        await connection.execute(grants)


async def _waiting_shortly(connection: "asyncpg.Connection[Any]", work: Awaitable[None]) -> None:
    """LogUnavailable names who holds what the work waited for too long."""
    try:
        await work
    except Exception as error:  # of the driver; all but a lock that is held is raised again
        if getattr(error, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        held = await connection.fetch(_HOLDERS)
        if not held:
            raise
        holders = ", ".join(f"pid {pid} {name}".rstrip() for pid, name in held)
        raise LogUnavailable(say.DATABASE_HELD(holders=holders)) from None


def _upgrade_files(url: str, state_dir: Path, report: Callable[[Upgrade], object], *, dry_run: bool) -> None:
    refuse_lost_log(url, state_dir)
    path = sql.sqlite_path(url, state_dir)
    if not path.is_file():
        raise DatabaseUnfit(say.LOG_MISSING(missing=f"there is no log in {path.parent}"))
    files = {file: sql.file_beside(url, state_dir, file) for file in (DatabaseFile.LOG, *BESIDE)}
    try:
        # All of them are looked at before one changes.
        found = {}
        for file, path in files.items():
            found[file] = known_version(path, file)
        for file, path in files.items():
            if not dry_run:
                prepare(path, file)
            report(Upgrade(path.name, found[file] or "", NEWEST[file]))
    except NewerSchema as error:
        raise DatabaseUnfit(error.sentence) from None
    except (sqlite3.Error, OSError) as error:
        raise LogUnavailable(reason_of_sqlite(error).at(path.name)) from None


async def check_store(url: str, *, may_own: bool) -> None:
    """DatabaseUnfit when PostgreSQL, its schema or the rights of the account are not as this release needs them.

    LogUnavailable when it cannot be asked. Files of SQLite are upgraded when they are opened.
    """
    if not sql.is_postgres(url):
        return
    try:
        connection = await connect(url)
        try:
            await check_account(connection, may_own=may_own)
        finally:
            connection.terminate()
    except GatewayError:
        raise
    except Exception as error:  # noqa: BLE001 -- the driver's or the network's
        raise LogUnavailable(reason_of(error)) from None
