"""One store alone, for the tests of it: over a database of its own, which it closes."""

from pathlib import Path

from adapters.stores import sql
from adapters.stores.access import ACCESS, SqlReplays, SqlRevocations
from adapters.stores.anchors import SqlAnchors
from adapters.stores.consents import CONSENTS, SqlConsents, SqlDecisions, SqlOwnData, SqlSubjectRequests
from adapters.stores.corrections import CORRECTIONS, SqlCorrections
from adapters.stores.database import LOG, Database, TableOwner
from adapters.stores.file_uids import SqlFileUids
from adapters.stores.kept_papers import SqlKeptPapers
from adapters.stores.log_counts import SqlLogCounts
from adapters.stores.log_history import SqlLogHistory
from adapters.stores.log_inspection import SqlLogInspection
from adapters.stores.log_keeping import SqlLogKeeping
from adapters.stores.log_periods import SqlPeriodVault
from adapters.stores.log_quarantine import SqlLogQuarantine
from adapters.stores.log_reader import SqlLogReader
from adapters.stores.log_retention import SqlLogRetention
from adapters.stores.opening import open_admin
from adapters.stores.postgres import PostgresDatabase, open_lanes
from adapters.stores.reconciliation import SqlReconcileRuns
from adapters.stores.relay import RELAY, SqlRelay
from adapters.stores.sifting import TagKeys
from adapters.stores.sqlite import SqliteDatabase
from gateway.exchange_log.keys import Root, RootKeys


class _Closing:
    _database: Database

    async def close(self) -> None:
        await self._database.close()


class Reader(SqlLogReader, _Closing):
    pass


class Counts(SqlLogCounts, _Closing):
    pass


class Keeping(SqlLogKeeping, _Closing):
    pass


class History(SqlLogHistory, _Closing):
    pass


class Inspection(SqlLogInspection, _Closing):
    pass


class AnchorTable(SqlAnchors, _Closing):
    pass


class RevocationTable(SqlRevocations, _Closing):
    pass


class ConsentTable(SqlConsents, _Closing):
    pass


class OwnDataTable(SqlOwnData, _Closing):
    pass


class KeptPaperTable(SqlKeptPapers, _Closing):
    pass


class RequestTable(SqlSubjectRequests, _Closing):
    pass


class DecisionTable(SqlDecisions, _Closing):
    pass


class CorrectionTable(SqlCorrections, _Closing):
    pass


class RelayTables(SqlRelay, _Closing):
    async def due(self, target: str, now: float) -> float | None:
        """POSIX seconds at which a claim looks next; None while nothing waits."""
        return (await self._due(target, now))[0]


class UidTable(SqlFileUids, _Closing):
    pass


class RunTable(SqlReconcileRuns, _Closing):
    pass


class Vault(SqlPeriodVault, _Closing):
    pass


class Quarantine(SqlLogQuarantine, _Closing):
    pass


class Retention(SqlLogRetention, _Closing):
    pass


class ReplayTable(SqlReplays):
    async def close(self) -> None:
        await super().close()
        await self._database.close()


def open_database(url: str, folder: Path, room: TableOwner) -> Database:
    """The tables of one room alone."""
    if sql.is_postgres(url):
        return PostgresDatabase(open_lanes(url), room)
    return SqliteDatabase(sql.file_beside(url, folder, room.file), room)


def open_reader(url: str, folder: Path, root_key: Root | RootKeys | None = None) -> Reader:
    return Reader(open_database(url, folder, LOG), None if root_key is None else TagKeys(root_key))


def open_counts(url: str, folder: Path) -> Counts:
    return Counts(open_database(url, folder, LOG))


def open_keeping(url: str, folder: Path) -> Keeping:
    return Keeping(open_database(url, folder, LOG))


def open_history(url: str, folder: Path) -> History:
    return History(open_database(url, folder, LOG))


def open_inspection(url: str, folder: Path) -> Inspection:
    return Inspection(open_database(url, folder, LOG))


def open_anchors(url: str, folder: Path) -> AnchorTable:
    return AnchorTable(open_database(url, folder, LOG))


def open_replays(url: str, folder: Path) -> ReplayTable:
    return ReplayTable(open_database(url, folder, ACCESS))


def open_revocations(url: str, folder: Path) -> RevocationTable:
    return RevocationTable(open_database(url, folder, ACCESS))


def open_consents(url: str, folder: Path) -> tuple[ConsentTable, OwnDataTable, RequestTable]:
    """Over one database: closing one closes all three."""
    database = open_database(url, folder, CONSENTS)
    return ConsentTable(database), OwnDataTable(database), RequestTable(database)


def open_kept_papers(url: str, folder: Path) -> tuple[ConsentTable, KeptPaperTable]:
    """Over one database: closing one closes both."""
    database = open_database(url, folder, CONSENTS)
    return ConsentTable(database), KeptPaperTable(database)


def open_decisions(url: str, folder: Path) -> DecisionTable:
    return DecisionTable(open_database(url, folder, CONSENTS))


def open_corrections(url: str, folder: Path) -> CorrectionTable:
    return CorrectionTable(open_database(url, folder, CORRECTIONS))


def open_relay(url: str, folder: Path) -> RelayTables:
    return RelayTables(open_database(url, folder, RELAY))


def open_file_uids(url: str, folder: Path) -> UidTable:
    return UidTable(open_database(url, folder, RELAY))


def open_runs(url: str, folder: Path, clocks_differ: float = 0.0) -> RunTable:
    return RunTable(open_database(url, folder, RELAY), clocks_differ=clocks_differ)


def open_periods(url: str, folder: Path) -> Vault:
    return Vault(open_admin(url, folder))


def open_quarantine(url: str, folder: Path) -> Quarantine:
    return Quarantine(open_admin(url, folder))


def open_retention(url: str, folder: Path) -> Retention:
    return Retention(open_admin(url, folder))
