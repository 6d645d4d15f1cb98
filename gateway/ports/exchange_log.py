"""Ports of the exchange log: append, read, number, count, keep, prune."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from gateway.domain.counts import (
    CallCount,
    DayCount,
    GroupCounts,
    HourCount,
    OfficialCount,
    OpenHours,
    RequesterCount,
)
from gateway.domain.errors import LogNotSigned
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.sentences import Sentence


class Upgrade(NamedTuple):
    """The upgrade of one file or database to this release's schema."""

    name: str
    #: its schema version before; empty: it has none yet
    found: str
    newest: str
    #: statements of the roles and their rights; PostgreSQL's only
    grants: str = ""


class Work(Protocol):
    """Rows that are stored together with a record, in one transaction; made by a store of the log's database."""

    @property
    def steps(self) -> Sequence[object]:
        """Statements of the store, in order."""
        ...


class ExchangeLog(Protocol):
    """The append-only log of exchanges: a record is durable when `append` returns."""

    @property
    def fault(self) -> Sentence | None:
        """Why it was not ready at the last check, with a remedy; None if it was."""
        ...

    async def append(self, record: ExchangeRecord, work: Work | None = None) -> Receipt:
        """Write one record, and `work` with it or neither; concurrent callers share a transaction.

        Raises LogUnavailable; RowConflict when the rows of `work` are not as it expects: nothing was written then.
        """
        ...

    async def recent(self, count: int) -> Sequence[dict[str, object]]:
        """The newest records as decoded leaves, newest first; for the demo and for tests."""
        ...

    async def ready(self) -> bool:
        """Whether a record can be written now."""
        ...

    async def close(self) -> None:
        """Write the queued records, then close."""
        ...


class LogEntry(NamedTuple):
    """One record and its index in the tree."""

    #: from 0, without gaps (hides an unused method of tuples)
    index: int  # type: ignore[assignment]
    #: the hashed bytes
    leaf: bytes
    #: in a search result: the bytes differ from the numbered ones
    altered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSearch:
    """An auditor's search: all given members must match; empty matches any."""

    exchange: str = ""
    phase: str = ""
    requester: str = ""
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    purpose: str = ""
    #: refusal code or outcome of the record
    result: str = ""
    #: an asked source, and its outcome
    source: str = ""
    outcome: str = ""
    #: keyed indexes of a person, 16 bytes, one for each period; any of them matches
    subjects: tuple[bytes, ...] = ()
    officials: tuple[bytes, ...] = ()
    #: RFC 3339 UTC with milliseconds: from `since` to before `until`
    since: str = ""
    until: str = ""


class LogReader(Protocol):
    """Records with an index in the tree. Raises LogUnavailable."""

    async def entry(self, index: int) -> LogEntry | None:
        """The record at an index; None if there is none (any more)."""
        ...

    async def entry_of(self, leaf_hash: bytes) -> LogEntry | None:
        """The record of a receipt; None if it has no index yet, and for any other hash."""
        ...

    def entries(self, start: int, end: int) -> AsyncIterator[LogEntry]:
        """Records from index `start` to before `end`, in order, in constant memory."""
        ...

    async def search(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[LogEntry]:
        """The newest `count` matching records, newest first; `before`: last index of the previous page.

        New records have larger indexes: they do not change the following pages.
        """
        ...

    async def search_within(
        self, wanted: LogSearch, before: int | None, count: int, seconds: float
    ) -> tuple[Sequence[LogEntry], int | None]:
        """The newest matches among the records that can be looked through in about so many seconds.

        And the index before which the search goes on; None if it found `count`, or looked through all.
        """
        ...

    async def waiting(self, exchange: str) -> Sequence[bytes]:
        """Leaves of an exchange's newest records that wait for their place, newest first, of whichever process."""
        ...


class LogTree(Protocol):
    """The tree over these records, from its tiles. Raises LogUnavailable."""

    async def checkpoint(self, size: int | None = None) -> str:
        """The newest signed note, or that of `size`; empty if there is none."""
        ...

    async def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` (1 to 256) hashes of a tile, concatenated; None if it has fewer."""
        ...

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Inclusion proof of `index` in the tree of `size` leaves. Raises ValueError if there is no such tree."""
        ...

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Consistency proof from `old` to `new` leaves. Raises ValueError if there is no such tree."""
        ...


class NumberingState(NamedTuple):
    """The state of the numbering."""

    #: records with an index in the tree
    size: int
    #: records without an index, and when the oldest was written (POSIX seconds; 0 for none)
    waiting: int
    waiting_since: float
    #: time of the newest checkpoint, RFC 3339; empty before the first
    checkpoint: str
    #: the process that numbered records last, and the end of its lease (POSIX seconds)
    owner: str
    owned_until: float
    #: quarantined rows that no administrator has marked as seen
    quarantined: int = 0


class LogKeeping(Protocol):
    """State of the log for its keeping. Raises LogUnavailable."""

    async def numbering(self) -> NumberingState:
        """The state of the numbering, by any process."""
        ...

    async def unclosed(self, start: int, end: int) -> Sequence[LogEntry]:
        """Intents from index `start` to before `end` without a closing record of their exchange."""
        ...

    async def periods(self) -> Mapping[str, bytes]:
        """Period -> its wrapped keys, without erased periods."""
        ...


class Sequencer(Protocol):
    """Numbers the records of the log while this process runs."""

    #: public key of the checkpoints
    vkey: str
    #: names this process in `NumberingState.owner`
    owner: str

    @property
    def stuck(self) -> LogNotSigned | None:
        """Why no record gets its place until somebody mends the log; LogRolledBack: none is taken either."""

    @property
    def unseen(self) -> bool:
        """Whether this host has never seen the log before."""

    @property
    def mark_kept(self) -> bool:
        """Whether the state folder took the newest checkpoint, which a process that starts there must know."""

    def claim(self, size: int, witness: str) -> None:
        """A witness has signed so many records of the log: nothing is answered while its database has fewer."""
        ...

    def start(self) -> None:
        """Begin; call in the loop."""
        ...

    def wake(self) -> None:
        """Call when a record was written."""
        ...

    async def close(self) -> None:
        """Number the written records, then end."""
        ...


class LogPlaces(Protocol):
    """Indexes of the records of a search. Raises LogUnavailable."""

    async def places(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[int]:
        """The newest `count` matching indexes, newest first, in the order of `LogReader.search`."""
        ...


class PeriodFacts(NamedTuple):
    """State of the keys of one period."""

    #: "2026-11"
    period: str
    #: RFC 3339; empty if an older release made them
    made: str
    #: time of their erasure; empty for none
    erased: str
    living: bool


class LogMarks(NamedTuple):
    """Which keys an existing log needs."""

    #: the last signing public key; empty before the first record and without a log
    signed_by: str = ""
    #: whether months have keys, wrapped under a root key
    sealed: bool = False


class QuarantinedRow(NamedTuple):
    """A row of the log's database that was refused an index."""

    #: its number in `append_log`
    seq: int
    leaf_hash: str
    reason: str
    #: when, RFC 3339
    refused: str


class LogQuarantine(Protocol):
    """Quarantined rows, for the administrator. Raises LogUnavailable."""

    async def unseen(self) -> Sequence[QuarantinedRow]:
        """The oldest rows that are not marked as seen."""
        ...

    async def mark_seen(self, rows: Sequence[QuarantinedRow], now: str) -> None:
        """Mark rows as seen: they raise no alarm; `now` is RFC 3339."""
        ...


class Archived(NamedTuple):
    """An archive file with records that are no longer in the database."""

    name: str
    #: the last month in it, "2024-10"
    month: str
    #: index of its first record, and their number
    first: int
    count: int  # type: ignore[assignment]  # hides an unused method of tuples
    #: time of its latest record
    latest: str
    sha256: str


class History(NamedTuple):
    """Former keys, erased periods and archives of the log."""

    #: public keys that signed it, the newest first
    vkeys: tuple[str, ...] = ()
    #: erased period -> time of its erasure
    erased: Mapping[str, str] = MappingProxyType({})
    archives: tuple[Archived, ...] = ()
    #: records below this index were pruned
    below: int = 0


class HighWaterMark(Protocol):
    """The newest checkpoint of the log that was seen, kept outside its database."""

    @property
    def size(self) -> int:
        """Its records; 0 when none was seen."""

    @property
    def root(self) -> str:
        """Its root, hex."""

    async def fetch(self, *, required: bool = False) -> None:
        """Take up what other hosts have seen, from the shared cache.

        PendingUnavailable if `required` and the cache is away.
        """
        ...

    def find_missing(self, newest: str, at_mark: str, size: int) -> Sentence | None:
        """What a database lacks, whose newest checkpoint and that of the mark's size are given; empty for none.

        `size`: records of its tree.
        """

    async def accept(self, note: str) -> str:
        """Go back to a checkpoint, or to nothing; the name of the file that keeps the former mark."""
        ...


class LogHistory(Protocol):
    """The log's past, for its readers. Raises LogUnavailable."""

    async def history(self) -> History:
        """The whole history."""
        ...

    async def places(self, leaf_hash: bytes) -> Sequence[int]:
        """Possible indexes of a pruned record with this hash: the tiles decide."""
        ...


class PeriodVault(Protocol):
    """The keys of the log's periods, for the administrator. Raises LogUnavailable."""

    #: whether deleted rows stay in a journal for a while (PostgreSQL's write-ahead log)
    journalled: bool

    async def facts(self) -> Sequence[PeriodFacts]:
        """Every period that ever had keys, oldest first."""
        ...

    async def destroy(self, period: str) -> bool:
        """Delete the keys of a period; False if tables may still have their bytes. Can be repeated."""
        ...

    async def rewrap(self, wrap: Callable[[str, bytes], bytes | None]) -> None:
        """Wrap all keys again in one transaction; `wrap` returns None for keys that do not change."""
        ...


class LogRetention(Protocol):
    """How far the log may be pruned, and where its months end. Raises LogUnavailable."""

    async def pruned(self) -> tuple[int, int]:
        """The index below which the log was pruned, and the one up to which it may be."""
        ...

    async def end_of_month(self, start: int, until: str, late: str) -> int:
        """The index after the month's last record, from `start` on; `until`, `late`: times of its end.

        Between mixed times the majority decides.
        """
        ...

    async def time_at(self, place: int) -> str | None:
        """The time of the record at an index; None if there is none."""
        ...


class LogPruning(Protocol):
    """Pruning of the log, for the administrator. Raises LogUnavailable."""

    def prune(self, archives: Sequence[Archived], below: int, created: str) -> AsyncIterator[int]:
        """Delete the records of these archives below an index; yields how many are deleted so far."""
        ...


class LogCounts(Protocol):
    """Counts for reports over a time range. Raises LogUnavailable if the store cannot be asked.

    Only `since`, `until` (both given), `requester` and `agency` of a search are used. At most `most` rows.
    """

    async def requesters(self, span: LogSearch, most: int) -> GroupCounts[RequesterCount]:
        """By system, the busiest first; hits: refused exchanges."""
        ...

    async def calls(self, span: LogSearch, most: int) -> GroupCounts[CallCount]:
        """By source and outcome, from each exchange's last record; an exchange counts once for each."""
        ...

    async def days(self, span: LogSearch) -> Sequence[DayCount]:
        """By system and day in Việt Nam, without empty days."""
        ...

    async def hours(self, span: LogSearch) -> Sequence[HourCount]:
        """By weekday and hour in Việt Nam in which an exchange began, without empty hours."""
        ...

    async def officials(
        self, span: LogSearch, most: int, office: Sequence[OpenHours] | None
    ) -> GroupCounts[OfficialCount]:
        """By official who acted, most hits first; hits: exchanges outside these hours, or without a dossier if None.

        Sums are over all officials, those without a hit too. Without a dossier, exchanges in which no official acted
        are left out and counted apart; outside hours they are rows of nobody.
        """
        ...


class Altered(NamedTuple):
    """One difference between the store and the signed log."""

    #: index of the record; NO_PLACE if it is not about one record
    index: int  # type: ignore[assignment]
    #: the differing part, without its content
    what: str


NO_PLACE = -1
#: a row of the search by person: keyed index, index of the record, month
SubjectRow = tuple[bytes, int, str]
#: before the first row
NO_ROW: SubjectRow = (b"", -1, "")


class LogInspection(Protocol):
    """Compares the tables of the store with the signed log. Raises LogUnavailable.

    Unexpected content raises any other error.
    """

    async def altered(self, start: int, end: int) -> Sequence[Altered]:
        """Differences in the records of one tile, from `start` to before `end`, without pruned records.

        Leaves are compared with the hashes of the tile, and the search tables with the leaves. `invented` finds rows of
        the search by person without a record.
        """
        ...

    async def invented(self, after: SubjectRow, count: int) -> tuple[Sequence[Altered], SubjectRow | None]:
        """Differences in the next `count` rows of the search by person, and the last of these rows.

        None instead of the row at the end.
        """
        ...

    async def pruned(self) -> Sequence[Altered]:
        """What the mark of pruning lacks: its record in the log, or its archives."""
        ...

    async def marks(self) -> Sequence[Altered]:
        """Other differences: the end of the log, and months that lost their keys."""
        ...
