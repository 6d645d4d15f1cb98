"""Brings a SQLite file or a PostgreSQL database to this release's schema: the revisions that it lacks, all or none.

The table `alembic_version` stores the version (the first releases used alembic). A file without it is new,
or of a release before schema versions: its tables stay, with all that is in them. A crash leaves the old schema or the
new one.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.schema.revision import DatabaseFile, Revision
from adapters.schema.revisions import (
    r0001_exchange_log,
    r0002_sequence,
    r0003_anchors,
    r0004_retention,
    r0005_drop_months,
    r0006_access,
    r0007_guard_period_keys,
    r0008_consents,
    r0009_corrections,
    r0010_decisions,
    r0011_refused_copies,
    r0012_tags,
    r0013_witness,
    r0014_relay,
    r0015_reconciliation,
    r0016_kept_papers,
    r0017_file_uids,
    r0018_said,
    r0019_run_staff,
    r0020_on_duty,
    r0021_sender,
    r0022_parent,
)
from gateway.domain import sentences as say
from gateway.domain.errors import DatabaseUnfit

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

#: in their order; a new one is written at the end
REVISIONS: tuple[Revision, ...] = (
    r0001_exchange_log.REVISION,
    r0002_sequence.REVISION,
    r0003_anchors.REVISION,
    r0004_retention.REVISION,
    r0005_drop_months.REVISION,
    r0006_access.REVISION,
    r0007_guard_period_keys.REVISION,
    r0008_consents.REVISION,
    r0009_corrections.REVISION,
    r0010_decisions.REVISION,
    r0011_refused_copies.REVISION,
    r0012_tags.REVISION,
    r0013_witness.REVISION,
    r0014_relay.REVISION,
    r0015_reconciliation.REVISION,
    r0016_kept_papers.REVISION,
    r0017_file_uids.REVISION,
    r0018_said.REVISION,
    r0019_run_staff.REVISION,
    r0020_on_duty.REVISION,
    r0021_sender.REVISION,
    r0022_parent.REVISION,
)
#: the schema version of each SQLite file
NEWEST = {file: max(one.number for one in REVISIONS if one.file is file) for file in DatabaseFile}
#: the schema version of a PostgreSQL database
NEWEST_DATABASE = max(one.number for one in REVISIONS if one.in_postgres())

#: the oldest schema whose release goes on over a database of this one; revisions only add
OLDEST_SERVED = "0012"
_SERVES = "motlan: serves releases from schema "

_BUSY_SECONDS = 10.0
_AGAIN_SECONDS = 0.01
#: only a connection that may write undoes it
_HALF_WRITTEN = frozenset({sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY})
_VERSION = "SELECT version_num FROM alembic_version"
_SET_VERSION = (
    "CREATE TABLE IF NOT EXISTS alembic_version"
    " (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
    "DELETE FROM alembic_version",
    "INSERT INTO alembic_version VALUES ('{}')",
)
#: one process migrates a database at a time; the lock ends with the transaction
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('motlan.migrations'))"


class NewerSchema(Exception):
    """A file of a newer release. Nothing in it was changed."""

    def __init__(self, path: Path, found: str, known: str) -> None:
        """`found` and `known`: schema versions, of the file and of this release."""
        self.sentence = say.FILE_OF_NEWER_RELEASE(file=path.name, found=found, known=known)
        super().__init__(self.sentence.en)


# ------------------------------------------------------------------------------------------------ SQLite


def prepare(path: Path, file: DatabaseFile) -> None:
    """Bring a SQLite file to this release's schema; it is made (mode 0600) where it is missing. Blocks.

    NewerSchema for a file of a newer release; sqlite3.Error or OSError when the disk refuses.
    """
    if known_version(path, file) == NEWEST[file]:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make(path)
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
        if (
            file is not DatabaseFile.WITNESS
        ):  # a witness opens its file for each request, and nobody reads beside it
            write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
        with transaction(connection):
            _upgrade(connection, path, file)


def known_version(path: Path, file: DatabaseFile) -> str | None:
    """The version as `version_in` finds it; NewerSchema for a file of a newer release."""
    found = version_in(path)
    _is_current(path, found, file)
    return found


def version_in(path: Path) -> str | None:
    """The schema version of a SQLite file; None where there is no file, or one without a version.

    Changes nothing, but that it undoes what a killed process left half written.
    """
    if not path.exists():
        return None
    try:
        return _version_at(path, "ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _HALF_WRITTEN:
            raise
    return _version_at(path, "rw")


def _version_at(path: Path, mode: str) -> str | None:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
        return _version_of(connection)


def write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL, with patience: SQLite does not wait for another process that does the same at this moment."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; the write lock is taken at once, so that what is read in it holds until the commit."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite itself rolled it back, as on a full disk
            connection.execute("ROLLBACK")
        raise


def _is_current(path: Path, found: str | None, file: DatabaseFile) -> bool:
    known = NEWEST[file]
    if found is not None and found > known:
        raise NewerSchema(path, found, known)
    return found == known


def _version_of(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute(_VERSION).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return str(row[0]) if row else None


def _make(path: Path) -> None:
    """For nobody else, where it is missing. SQLite gives the files beside it (-wal, -shm) the mode of the database.

    A file that stands is left alone: to close it after a look would give up the locks of every connection that this
    process has to it (POSIX).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _upgrade(connection: sqlite3.Connection, path: Path, file: DatabaseFile) -> None:
    found = _version_of(connection)
    if _is_current(path, found, file):  # another process was first
        return
    for revision in REVISIONS:
        if revision.file is file and revision.number > (found or ""):
            for statement in revision.in_sqlite():
                _run(connection, statement)
    for statement in _SET_VERSION:
        connection.execute(statement.format(NEWEST[file]))


def _run(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if "duplicate column name" not in str(error):  # a file without a version may have it
            raise


# --------------------------------------------------------------------------------------------- PostgreSQL


async def migrate_database(connection: "asyncpg.Connection[Any]") -> None:
    """Bring a PostgreSQL database to this release's schema, as its owner.

    DatabaseUnfit for one of a newer release, asyncpg's errors when it refuses; nothing has changed then.
    """
    async with connection.transaction():
        await connection.execute(_LOCK)
        found = await known_version_of_database(connection)
        schema = await connection.fetchval("SELECT quote_ident(current_schema())")
        for revision in REVISIONS:
            if revision.number > (found or ""):
                for statement in revision.in_postgres():
                    await connection.execute(statement.replace("{path}", f"{schema}, pg_temp"))
        for statement in _SET_VERSION:
            await connection.execute(statement.format(NEWEST_DATABASE))
        await connection.execute(f"COMMENT ON TABLE alembic_version IS '{_SERVES}{OLDEST_SERVED}'")


async def known_version_of_database(connection: "asyncpg.Connection[Any]") -> str | None:
    """The version as `version_of_database` finds it; DatabaseUnfit for that of a newer release."""
    found = await version_of_database(connection)
    if found is not None and found > NEWEST_DATABASE:
        raise DatabaseUnfit(say.DATABASE_SCHEMA_NEWER(found=found, known=NEWEST_DATABASE))
    return found


async def version_of_database(connection: "asyncpg.Connection[Any]") -> str | None:
    """The schema version of a PostgreSQL database; None without one."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval(_VERSION)
    return version


async def check_schema(connection: "asyncpg.Connection[Any]") -> None:
    """DatabaseUnfit unless a database has this release's schema, or a newer one that says that it serves this release.

    So two releases run side by side during an upgrade.
    """
    found = await version_of_database(connection)
    if found == NEWEST_DATABASE:
        return
    if found is None:
        raise DatabaseUnfit(say.DATABASE_EMPTY)
    if found < NEWEST_DATABASE:
        raise DatabaseUnfit(say.DATABASE_SCHEMA_OLDER(found=found, known=NEWEST_DATABASE))
    comment = await connection.fetchval("SELECT obj_description('alembic_version'::regclass)") or ""
    if not comment.startswith(_SERVES) or comment.removeprefix(_SERVES) > NEWEST_DATABASE:
        raise DatabaseUnfit(say.DATABASE_SCHEMA_NEWER(found=found, known=NEWEST_DATABASE))
