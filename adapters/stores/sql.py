"""The SQL stores' addresses and schema: SQLite embedded, PostgreSQL in production.

`sqlite:///file.db` is a file in the state folder, `sqlite:////path/file.db` one anywhere;
`postgresql://user:password@host/database` is PostgreSQL (asyncpg's form, also with `+asyncpg`).
Alembic and SQLAlchemy cost 27 MB and half a second: they are imported only when there is something to migrate,
and then by a child, so that the serving process never holds them.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from adapters.transport.child import call
from gateway.domain.errors import ConfigError, Problem

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

#: the newest revision below `migrations/versions`; revisions are four digits and add only
HEAD = "0012"

_VERSION = "SELECT version_num FROM alembic_version"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgresql+asyncpg://", "postgres://")
_BUSY_SECONDS = 10


def is_postgres(url: str) -> bool:
    """Whether the address is one of PostgreSQL; ConfigError when it is of no store known here."""
    if url.startswith(_POSTGRES):
        return True
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return False
    # The address itself is not repeated: it may hold a password.
    remedy = "write sqlite:///exchange.db or postgresql://user@host/database"
    raise ConfigError([Problem("log.url", 0, "the address is neither SQLite's nor PostgreSQL's", remedy)])


def sqlite_path(url: str, folder: Path) -> Path:
    """The database file; relative addresses lie in `folder`."""
    return folder / unquote(url.removeprefix(_SQLITE))


def postgres_dsn(url: str) -> str:
    """The address as asyncpg takes it; its connections are called `motlan`, unless it has an `application_name`."""
    address = "postgresql://" + url.split("://", 1)[1]
    if "application_name=" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}application_name=motlan"


def is_current(version: str | None) -> bool:
    """Whether the schema is this release's or a newer one's, as while two releases run side by side."""
    return version is not None and version >= HEAD


def migrate_sqlite(path: Path) -> None:
    """Bring the file to `HEAD`, creating it (mode 0600) where it is missing.

    sqlite3.Error or OSError when the disk refuses, ChildFailed when the child that migrates does.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives the files beside it (-wal, -shm) the mode of the database.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        if is_current(sqlite_version(connection)):
            return
    call(_upgrade_sqlite, path)


def migrate_postgres(url: str) -> None:
    """Bring the database to `HEAD`, as a role that may create tables. Blocks: call in a thread.

    OSError when the database refuses, asyncpg's errors when it cannot be met, ChildFailed for anything else.
    """
    call(_migrate_postgres, url)


def sqlite_version(connection: sqlite3.Connection) -> str | None:
    """The revision of the schema in a file; None when there is none."""
    try:
        row = connection.execute(_VERSION).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return str(row[0]) if row else None


# ------------------------------------------------------------------------------- what the child does


def _upgrade_sqlite(path: Path) -> None:
    import sqlalchemy  # noqa: PLC0415 -- lazily, see the module's promise

    url = sqlalchemy.URL.create("sqlite", database=str(path))
    engine = sqlalchemy.create_engine(
        url, poolclass=sqlalchemy.NullPool, connect_args={"timeout": _BUSY_SECONDS}
    )
    try:
        with engine.connect() as connection:
            # Takes the write lock at once: of processes that start together, one migrates and the others
            # find it done.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
    except sqlalchemy.exc.DBAPIError as error:
        raise error.orig if isinstance(error.orig, sqlite3.Error) else error from None
    finally:
        engine.dispose()


def _migrate_postgres(url: str) -> None:
    import sqlalchemy  # noqa: PLC0415 -- lazily, see the module's promise

    try:
        asyncio.run(_upgrade_postgres(url))
    except sqlalchemy.exc.DBAPIError:
        # Its text can quote the address.
        raise OSError("the database could not be migrated") from None


async def _upgrade_postgres(url: str) -> None:
    import sqlalchemy  # noqa: PLC0415 -- lazily, see the module's promise
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    address = "postgresql+asyncpg://" + url.split("://", 1)[1]
    engine = create_async_engine(address, poolclass=sqlalchemy.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('motlan.migrations'))")
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: "Connection") -> None:
    from alembic import command  # noqa: PLC0415 -- lazily, see the module's promise

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
    connection.commit()


def alembic_config() -> "Config":
    """Settings of alembic: the scripts beside this file, no ini file."""
    from alembic.config import Config  # noqa: PLC0415 -- lazily, see the module's promise

    config = Config()
    scripts = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    return config
