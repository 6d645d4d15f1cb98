"""The exchange log, as the core sees it: append, read, number, count, keep, prune."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from gateway.domain.counts import CallCount, DayCount, GroupCounts, OfficialCount, OpenHours, RequesterCount
from gateway.domain.errors import LogNotSigned
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.sentences import Sentence


class Upgrade(NamedTuple):
    """One file or database that is brought to this release's schema."""

    name: str
    #: its schema version before; empty: it has none yet
    found: str
    newest: str
    #: statements of the roles and their rights; PostgreSQL's only
    grants: str = ""


class ExchangeLog(Protocol):
    """The append-only log of exchanges: a record is durable when `append` returns."""

    @property
    def fault(self) -> Sentence | None:
        """Why it was not ready the last time, and what to do; None: it was."""
        ...

    async def append(self, record: ExchangeRecord) -> Receipt:
        """Write one record; concurrent callers share a transaction. LogUnavailable when it cannot be kept."""
        ...

    async def recent(self, count: int) -> Sequence[dict[str, object]]:
        """The newest records as decoded leaves, newest first; for the demo and for tests."""
        ...

    async def ready(self) -> bool:
        """Whether a record could be written now."""
        ...

    async def close(self) -> None:
        """Write what is queued, then close."""
        ...


class LogEntry(NamedTuple):
    """One record in its place in the log's tree."""

    #: from 0, without gaps; `tuple.index` is missed by nobody here
    index: int  # type: ignore[assignment]
    #: the exact bytes that are hashed
    leaf: bytes
    #: of what a search found: these are not the bytes that were numbered
    altered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSearch:
    """What an auditor looks for: whatever is given must hold; empty means any."""

    exchange: str = ""
    phase: str = ""
    requester: str = ""
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    purpose: str = ""
    #: refusal code or outcome word of the record
    result: str = ""
    #: a source that was asked, and what came of it there
    source: str = ""
    outcome: str = ""
    #: keyed indexes, 16 bytes each, one for each period in which the person may have been; any of them holds
    subjects: tuple[bytes, ...] = ()
    officials: tuple[bytes, ...] = ()
    #: RFC 3339 UTC with milliseconds: from `since` to before `until`
    since: str = ""
    until: str = ""


class LogReader(Protocol):
    """Records that have their place in the log's tree. LogUnavailable when the store cannot be asked."""

    async def entry(self, index: int) -> LogEntry | None:
        """The record at an index; None when there is none, or none any more."""
        ...

    async def entry_of(self, leaf_hash: bytes) -> LogEntry | None:
        """The record that a receipt names; None while it waits for its place, and for any other hash."""
        ...

    def entries(self, start: int, end: int) -> AsyncIterator[LogEntry]:
        """Records from index `start` to before `end` in their order, in constant memory."""
        ...

    async def search(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[LogEntry]:
        """The newest `count` records that fit, newest first; `before` is the last index of the page before.

        Records that come meanwhile have larger indexes: they change no further page.
        """
        ...

    async def waiting(self, exchange: str) -> Sequence[bytes]:
        """Leaves of an exchange's newest records that wait for their place, newest first, of whichever process."""
        ...


class LogTree(Protocol):
    """The tree over these records, out of its tiles. LogUnavailable when the store cannot be asked."""

    async def checkpoint(self, size: int | None = None) -> str:
        """The newest signed note, or that of `size`; empty before the first record, and when there is none."""
        ...

    async def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` (1 to 256) hashes of a tile end to end; None when it has not so many."""
        ...

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Proof that the tree of `size` leaves has the record at `index`; ValueError when there is no such tree."""
        ...

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of `new` leaves begins with that of `old`; ValueError when there is no such tree."""
        ...


class NumberingState(NamedTuple):
    """How far the numbering of records has come."""

    #: records that have their place in the tree
    size: int
    #: records that wait for it, and when the oldest of them was written (POSIX seconds; 0 for none)
    waiting: int
    waiting_since: float
    #: time of the newest checkpoint, RFC 3339; empty before the first
    checkpoint: str
    #: who numbered records last, and until when nobody else does (POSIX seconds)
    owner: str
    owned_until: float
    #: rows that got no place and that no administrator has looked at
    quarantined: int = 0


class LogKeeping(Protocol):
    """What the keeper of the log must know. LogUnavailable when the store cannot be asked."""

    async def numbering(self) -> NumberingState:
        """How the numbering stands, whichever process does it."""
        ...

    async def unclosed(self, start: int, end: int) -> Sequence[LogEntry]:
        """Intents from index `start` to before `end` whose exchange has no record that closes it."""
        ...

    async def periods(self) -> Mapping[str, bytes]:
        """The wrapped keys of all periods that were not erased."""
        ...


class Sequencer(Protocol):
    """Gives the records of the log their places in the tree, as long as this process runs."""

    #: public key of the checkpoints
    vkey: str
    #: names this process in `Standing.owner`
    owner: str

    @property
    def stuck(self) -> LogNotSigned | None:
        """Why no record gets its place until somebody mends the log; LogRolledBack: none is taken either."""

    @property
    def unseen(self) -> bool:
        """Whether this host has never seen the log before."""

    def claim(self, size: int, witness: str) -> None:
        """A witness has signed so many records of the log: nothing is answered while its database has fewer."""
        ...

    def start(self) -> None:
        """Begin; call in the loop."""
        ...

    def wake(self) -> None:
        """A record was written."""
        ...

    async def close(self) -> None:
        """Number what is written, then end."""
        ...


class LogPlaces(Protocol):
    """Where records stand that a search finds. LogUnavailable when the store cannot be asked."""

    async def places(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[int]:
        """The newest `count` places that fit, newest first, as `LogReader.search` gives records."""
        ...


class PeriodFacts(NamedTuple):
    """What is known of the keys of one period."""

    #: "2026-11"
    period: str
    #: RFC 3339; empty when they are older than the first release that kept it
    made: str
    #: when they were destroyed; empty for living ones
    erased: str
    living: bool


class LogMarks(NamedTuple):
    """What a log shows of the keys that it began with."""

    #: the public key that signed last; empty before the first record, and where there is no log
    signed_by: str = ""
    #: months have keys, wrapped under a root key
    sealed: bool = False


class QuarantinedRow(NamedTuple):
    """A row of the log's database that got no place in the tree."""

    #: its number in `append_log`
    seq: int
    leaf_hash: str
    reason: str
    #: when, RFC 3339
    refused: str


class LogQuarantine(Protocol):
    """Rows without a place, in the administrator's hands. LogUnavailable when the store cannot be asked."""

    async def unseen(self) -> Sequence[QuarantinedRow]:
        """The oldest rows that nobody has marked."""
        ...

    async def mark_seen(self, rows: Sequence[QuarantinedRow], now: str) -> None:
        """They raise no alarm any more; `now` is RFC 3339."""
        ...


class Archived(NamedTuple):
    """A file that holds records which are not in the database any more."""

    name: str
    #: the last month in it, "2024-10"
    month: str
    #: records from this place on, so many
    first: int
    count: int  # type: ignore[assignment]  # hides the method of tuples that nobody misses here
    #: time of the latest record in it
    latest: str
    sha256: str


class History(NamedTuple):
    """What the log was and is no more."""

    #: public keys that have signed it, the newest first
    vkeys: tuple[str, ...] = ()
    #: periods whose keys were destroyed -> when
    erased: Mapping[str, str] = MappingProxyType({})
    archives: tuple[Archived, ...] = ()
    #: records below this place were pruned
    below: int = 0


class HighWaterMark(Protocol):
    """The newest checkpoint of the log that was seen, kept outside its database."""

    @property
    def size(self) -> int:
        """Its records; 0 when none was seen."""

    @property
    def root(self) -> str:
        """Its root, hex."""

    def lacking(self, newest: str, at_mark: str) -> Sentence | None:
        """What a database lacks, whose newest checkpoint and that of `size` records are given; empty for none."""

    async def accept(self, note: str) -> str:
        """Go back to a checkpoint, or to nothing; the name of the file that keeps the former mark."""
        ...


class LogHistory(Protocol):
    """What readers of the log must be told of its past. LogUnavailable when the store cannot be asked."""

    async def history(self) -> History:
        """All of it."""
        ...

    async def places(self, leaf_hash: bytes) -> Sequence[int]:
        """Where pruned records with such a hash may have stood: the tiles decide."""
        ...


class PeriodVault(Protocol):
    """The keys of the log's periods in their administrator's hands. LogUnavailable when the store refuses."""

    #: whether a journal beside the tables keeps for a while what was deleted from them (PostgreSQL's write-ahead log)
    journalled: bool

    async def facts(self) -> Sequence[PeriodFacts]:
        """Every period that ever had keys, oldest first."""
        ...

    async def destroy(self, period: str) -> bool:
        """Delete the keys of a period; False when tables may hold their bytes for a while. May be repeated."""
        ...

    async def rewrap(self, wrap: Callable[[str, bytes], bytes | None]) -> None:
        """Wrap all keys anew in one transaction; `wrap` gives None for those that stay as they are."""
        ...


class LogRetention(Protocol):
    """What of the log may leave, and where its months end. LogUnavailable when the store refuses."""

    async def pruned(self) -> tuple[int, int]:
        """Below which place the log was pruned, and up to which it may be now."""
        ...

    async def end_of_month(self, start: int, until: str, late: str) -> int:
        """The place behind the last record older than `until` of those from `start` on, before those from `late` on.

        Where both stand mixed the fewer ones stay with their neighbours.
        """
        ...

    async def time_at(self, place: int) -> str | None:
        """The time of the record at a place; None where there is none."""
        ...


class LogPruning(Protocol):
    """The log in its administrator's hands. LogUnavailable when the store refuses."""

    def prune(self, archives: Sequence[Archived], below: int, created: str) -> AsyncIterator[int]:
        """Delete what lies below a place and stands in these archives; gives how many records went so far."""
        ...


class LogCounts(Protocol):
    """Counts for reports over a span of time; LogUnavailable when the store cannot be asked.

    Of a search only `since`, `until` (both given), `requester` and `agency` count. At most `most` rows are given.
    """

    async def requesters(self, span: LogSearch, most: int) -> GroupCounts[RequesterCount]:
        """By system, the busiest first; hits are the refused ones."""
        ...

    async def calls(self, span: LogSearch, most: int) -> GroupCounts[CallCount]:
        """By source and outcome, as each exchange's last record says; exchanges are counted once for each."""
        ...

    async def days(self, span: LogSearch) -> Sequence[DayCount]:
        """By system and day in Việt Nam, days without exchanges left out."""
        ...

    async def officials(
        self, span: LogSearch, most: int, office: Sequence[OpenHours] | None
    ) -> GroupCounts[OfficialCount]:
        """By official, the most hits first: exchanges outside these hours; for None those without a dossier."""
        ...


class Altered(NamedTuple):
    """One thing in the store that is not as it was written."""

    #: place of the record; NO_PLACE for what is no single record's
    index: int  # type: ignore[assignment]
    #: which part of it, in words that say nothing of what it holds
    what: str


NO_PLACE = -1
#: a row of the search by person: keyed index, place, month
SubjectRow = tuple[bytes, int, str]
#: stands before all of them
NO_ROW: SubjectRow = (b"", -1, "")


class LogInspection(Protocol):
    """Compares what is stored with itself. LogUnavailable when the store cannot be asked.

    A writer of the store can also write what nothing here expects: then any other error is raised.
    """

    async def altered(self, start: int, end: int) -> Sequence[Altered]:
        """What is wrong with records of one tile, from `start` to before `end`, those that were pruned left out.

        Leaves are compared with the hashes of the tile, and what is searched with the leaves. Rows of the search by
        person that no record makes are found by `invented` only.
        """
        ...

    async def invented(self, after: SubjectRow, count: int) -> tuple[Sequence[Altered], SubjectRow | None]:
        """What is wrong with the next `count` rows of the search by person, and the last of them.

        None instead of it when there are no more.
        """
        ...

    async def pruned(self) -> Sequence[Altered]:
        """What the mark of pruning lacks: the record in the log that tells of it, or the archives that it names."""
        ...

    async def marks(self) -> Sequence[Altered]:
        """What else the log says of itself and is not so: where it ends, and which months have lost their keys."""
        ...
