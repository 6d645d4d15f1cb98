"""Opens what is kept in the database of the log: the only place that knows which one it is.

`sqlite:///file.db` has the log in a file and the other rooms in files beside it; PostgreSQL has all of it in one
database, whose connections all rooms share. Nothing is met before the first use.
"""

import contextlib
import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.schema.migration import NewerSchema, prepare
from adapters.schema.revision import DatabaseFile
from adapters.stores import sql
from adapters.stores.access import ACCESS, SqlReplays, SqlRevocations
from adapters.stores.anchors import SqlAnchors
from adapters.stores.consents import CONSENTS, SqlConsents, SqlDecisions, SqlOwnData, SqlSubjectRequests
from adapters.stores.corrections import CORRECTIONS, SqlCorrections
from adapters.stores.database import LOG, Database, TableOwner
from adapters.stores.file_uids import SqlFileUids
from adapters.stores.high_water import HighWater, open_high_water
from adapters.stores.kept_papers import SqlKeptPapers
from adapters.stores.log import SqlExchangeLog
from adapters.stores.log_counts import SqlLogCounts
from adapters.stores.log_history import SqlLogHistory
from adapters.stores.log_inspection import SqlLogInspection
from adapters.stores.log_keeping import SqlLogKeeping
from adapters.stores.log_missing import log_marks, log_missing, refuse_lost_log
from adapters.stores.log_periods import SqlPeriodVault
from adapters.stores.log_postgres import PostgresStore
from adapters.stores.log_quarantine import SqlLogQuarantine
from adapters.stores.log_reader import SqlLogReader
from adapters.stores.log_retention import SqlLogRetention
from adapters.stores.log_sqlite import SqliteStore
from adapters.stores.postgres import PostgresDatabase, open_admin_lanes, open_lanes
from adapters.stores.reconciliation import SqlReconcileRuns
from adapters.stores.relay import RELAY, SqlRelay
from adapters.stores.sequencer import open_sequencer
from adapters.stores.sifting import TagKeys
from adapters.stores.signing import open_signers, rotate_signing_key
from adapters.stores.sql import BESIDE
from adapters.stores.sqlite import PATIENT_SECONDS, SqliteDatabase
from adapters.stores.upgrade import check_store, upgrade
from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.keys import Root, RootKeys, root_keys_in
from gateway.ports.stores import AdminStores, Stores
from gateway.telemetry import log

#: what the registry finds here for a store's address
__all__ = (
    "check_store",
    "log_marks",
    "log_missing",
    "make_log",
    "open_admin_stores",
    "open_high_water",
    "open_log",
    "open_sequencer",
    "open_signers",
    "open_stores",
    "rotate_signing_key",
    "upgrade",
)

#: seconds between the clocks of hosts that share a server, at most (F29)
_CLOCKS_DIFFER = 300.0


def open_stores(url: str, state_dir: Path, root_key: Root | RootKeys | None = None) -> Stores:
    """All stores where the log at `url` is; called once by a process.

    `root_key` is that of the log: without it nothing is known of records that wait for their place.
    """
    databases = _databases(url, state_dir, (LOG, ACCESS, CONSENTS, CORRECTIONS, RELAY))
    log, access, consents, corrections, relay = databases
    replays = SqlReplays(access)

    async def close() -> None:
        await replays.close()
        for one in databases:
            await one.close()

    return Stores(
        reader=SqlLogReader(log, None if root_key is None else TagKeys(root_key)), counts=SqlLogCounts(log),
        keeping=SqlLogKeeping(log), history=SqlLogHistory(log), inspection=SqlLogInspection(log),
        anchors=SqlAnchors(log), replays=replays, revocations=SqlRevocations(access),
        consents=SqlConsents(consents), own_data=SqlOwnData(consents),
        kept_papers=SqlKeptPapers(consents),
        subject_requests=SqlSubjectRequests(consents), decisions=SqlDecisions(consents),
        corrections=SqlCorrections(corrections), relay=SqlRelay(relay, by_server_time=relay.arrays),
        file_uids=SqlFileUids(relay),
        reconcile_runs=SqlReconcileRuns(relay, clocks_differ=_CLOCKS_DIFFER if relay.arrays else 0.0), close=close,
    )  # fmt: skip


def open_admin_stores(url: str, state_dir: Path) -> AdminStores:
    """The log at `url` (its administrator's address on PostgreSQL) for a command that may take its time."""
    database = open_admin(url, state_dir)
    return AdminStores(
        vault=SqlPeriodVault(database), quarantine=SqlLogQuarantine(database),
        retention=SqlLogRetention(database), close=database.close,
    )  # fmt: skip


def make_log(url: str, state_dir: Path) -> None:
    """The SQLite files of a log, made or migrated; ConfigError where the log's is missing and keys of a log stand.

    Processes that start together all pass: keys are made when the file is there, and are looked for before it. It
    blocks for a moment.
    A database of PostgreSQL is met with the first use; there keys come from the configuration.
    """
    if sql.is_postgres(url):
        return
    _make_private(state_dir)
    refuse_lost_log(url, state_dir)
    _prepared(sql.sqlite_path(url, state_dir), DatabaseFile.LOG)
    for file in BESIDE:
        beside = sql.file_beside(url, state_dir, file)
        if beside.exists():  # one that is missing is made with its first use
            _prepared(beside, file)


def open_log(
    url: str,
    state_dir: Path,
    origin: str,
    root_key: Root | RootKeys | None,
    high_water: HighWater | None = None,
    *,
    may_own: bool = True,
) -> SqlExchangeLog:
    """The log at `url` (see `adapters.stores.sql`); without a root key, one is kept in the state folder.

    A SQLite file is created and migrated here (it blocks: call it before serving); ConfigError when that fails.
    PostgreSQL is met with the first use, so that the gateway starts, and says 503, while it is down; `may_own`: its
    account may be the owner of the tables.
    """
    if not sql.is_postgres(url):
        _make_private(state_dir)
    root = root_key if root_key is not None else root_keys_in(state_dir)
    if sql.is_postgres(url):
        store = PostgresStore(url, high_water, may_own=may_own)
        return SqlExchangeLog(store, origin, root, high_water=high_water)
    path = sql.sqlite_path(url, state_dir)
    _prepared(path, DatabaseFile.LOG)
    return SqlExchangeLog(SqliteStore(path, high_water), origin, root, high_water=high_water)


def open_admin(url: str, state_dir: Path) -> Database:
    """The tables of the log alone, for its administrator, who waits for other writers."""
    if sql.is_postgres(url):
        return PostgresDatabase(open_admin_lanes(url), LOG)
    return SqliteDatabase(sql.sqlite_path(url, state_dir), LOG, PATIENT_SECONDS, math.inf)


def _databases(url: str, state_dir: Path, rooms: Sequence[TableOwner]) -> list[Database]:
    if sql.is_postgres(url):
        lanes = open_lanes(url)
        return [PostgresDatabase(lanes, room) for room in rooms]
    return [SqliteDatabase(sql.file_beside(url, state_dir, room.file), room) for room in rooms]


def _make_private(folder: Path) -> None:
    """Make the state folder for nobody else, where it is missing; one that stands keeps its mode."""
    with contextlib.suppress(OSError):  # who needs it first says that it cannot be made
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepared(path: Path, file: DatabaseFile) -> None:
    try:
        prepare(path, file)
    except NewerSchema as error:
        raise ConfigError([Problem("log.url", 0, str(error.sentence))]) from None
    except (sqlite3.Error, OSError) as error:
        if file is not DatabaseFile.LOG:  # its users are refused; that is no reason not to start
            log().warning("store.not_opened", path=path.name, error=type(error).__name__)
            return
        what = f"{path.name} cannot be opened: {type(error).__name__}"
        raise ConfigError(
            [Problem("log.url", 0, what, "make the folder writable and free the disk")]
        ) from None
