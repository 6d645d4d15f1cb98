"""Brings a store to this release's schema, by a command of its owner; a gateway only looks whether that was done.

Files of SQLite are upgraded as well when a gateway opens them; a database of PostgreSQL is upgraded here only.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from adapters.schema.grants import DatabaseRole, check_account, grant_script
from adapters.schema.migration import (
    NEWEST,
    NEWEST_DATABASE,
    NewerSchema,
    migrate_database,
    prepare,
    version_in,
    version_of_database,
)
from adapters.schema.revision import DatabaseFile
from adapters.stores import sql
from adapters.stores.postgres import connect
from adapters.stores.postgres_causes import reason_of
from adapters.stores.sqlite import reason_of as reason_of_sqlite
from gateway.domain.errors import DatabaseUnfit, GatewayError, LogUnavailable
from gateway.ports.exchange_log import Upgrade

_SECONDS = 3_600.0
#: those beside the log; that of a witness is its own
_BESIDE = (DatabaseFile.ACCESS, DatabaseFile.CONSENTS, DatabaseFile.CORRECTIONS)


async def upgrade(
    url: str, state_dir: Path, names: Mapping[str, str], *, dry_run: bool = False
) -> list[Upgrade]:
    """Upgrade all that the log at `url` is; on PostgreSQL as the owner, with its roles and grants, all or nothing.

    `names`: names of the roles, by those that they have otherwise (`DatabaseRole`). `dry_run`: only say what it would
    do. DatabaseUnfit for a store of a newer release, LogUnavailable with the cause when it refuses.
    """
    if sql.is_postgres(url):
        return [await _upgrade_postgres(url, names, dry_run=dry_run)]
    return await asyncio.to_thread(_upgrade_files, url, state_dir, dry_run=dry_run)


async def _upgrade_postgres(url: str, names: Mapping[str, str], *, dry_run: bool) -> Upgrade:
    grants = grant_script({DatabaseRole(role): name for role, name in names.items()})
    try:
        connection = await connect(url, _SECONDS, migrated=False)
        try:
            found = await version_of_database(connection)
            if not dry_run:
                async with connection.transaction():
                    await migrate_database(connection)
                    await connection.execute(grants)
        finally:
            await connection.close()
    except GatewayError:
        raise
    except Exception as error:  # noqa: BLE001 -- the driver's or the network's
        raise LogUnavailable(reason_of(error)) from None
    return Upgrade("PostgreSQL", found or "", NEWEST_DATABASE, grants)


def _upgrade_files(url: str, state_dir: Path, *, dry_run: bool) -> list[Upgrade]:
    paths = {DatabaseFile.LOG: sql.sqlite_path(url, state_dir)}
    paths |= {file: sql.file_beside(url, state_dir, file) for file in _BESIDE}
    done: list[Upgrade] = []
    for file, path in paths.items():
        try:
            found = version_in(path)
            if not dry_run:
                prepare(path, file)
        except NewerSchema as error:
            raise DatabaseUnfit(error.said) from None
        except (sqlite3.Error, OSError) as error:
            raise LogUnavailable(reason_of_sqlite(error)) from None
        done.append(Upgrade(path.name, found or "", NEWEST[file]))
    return done


async def check_store(url: str, *, may_own: bool) -> None:
    """DatabaseUnfit when PostgreSQL, its schema or our rights are not as this release needs them.

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
