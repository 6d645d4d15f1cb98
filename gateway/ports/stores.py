"""The stores in the log's database, without writer and sequencer; a process opens them once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.ports.access import Replays, RevocationRows
from gateway.ports.anchors import AnchorRows, AnchorStore
from gateway.ports.consents import ConsentRows, Decisions, OwnDataRows, SubjectRequestRows
from gateway.ports.corrections import CorrectionRows
from gateway.ports.exchange_log import (
    LogCounts,
    LogHistory,
    LogInspection,
    LogKeeping,
    LogPlaces,
    LogPruning,
    LogQuarantine,
    LogReader,
    LogRetention,
    LogTree,
    PeriodVault,
)
from gateway.ports.files import FileUids
from gateway.ports.kept_papers import KeptPaperRows
from gateway.ports.reconciliation import ReconcileRuns
from gateway.ports.relay import RelayRows


class LogRecords(LogReader, LogTree, LogPlaces, Protocol):
    """Records, their tree, and their places."""


class KeptAnchors(AnchorStore, AnchorRows, Protocol):
    """Proofs of anchors, kept and read."""


class PrunedLog(LogRetention, LogPruning, Protocol):
    """Limits of pruning, and pruning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One attribute for each port. Nothing is connected before the first use."""

    reader: LogRecords
    counts: LogCounts
    keeping: LogKeeping
    history: LogHistory
    inspection: LogInspection
    anchors: KeptAnchors
    replays: Replays
    revocations: RevocationRows
    consents: ConsentRows
    own_data: OwnDataRows
    kept_papers: KeptPaperRows
    subject_requests: SubjectRequestRows
    decisions: Decisions
    corrections: CorrectionRows
    relay: RelayRows
    file_uids: FileUids
    reconcile_runs: ReconcileRuns
    #: writes what waits, then frees threads and connections
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminStores:
    """The log in its administrator's hands."""

    vault: PeriodVault
    quarantine: LogQuarantine
    retention: PrunedLog
    #: frees threads and connections
    close: Callable[[], Awaitable[None]]
