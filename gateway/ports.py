"""The ports of the core: what it needs from the edges, and nothing about how they do it.

Adapters and stores implement these protocols; `gateway/registry.py` builds them from configuration.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain.anchoring import Anchored
from gateway.domain.evidence import SourceAnswer, SourceQuery
from gateway.domain.exchange import ExchangeRecord, Receipt
from gateway.domain.sentences import Sentence


class Source(Protocol):
    """One provider, behind one adapter: answers queries to its data services."""

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """Ask one question. `landed` is called once, by `end`, with the answer or the outcome that says why not.

        `end` is a time of the running loop's clock (`loop.time()`). `landed` may be called before this returns.
        A call ends by itself; it cannot be cancelled. Never raises.
        """
        ...

    def state(self) -> "SourceState":
        """How the source is doing, without asking it."""
        ...

    async def close(self) -> None:
        """Free what the source holds (connections, tokens). Every call under way has landed then."""
        ...


class SourceState(Protocol):
    """How a source is doing, for `/v1/sources` and metrics."""

    @property
    def breaker(self) -> str:
        """`closed`, `open` or `half_open`."""
        ...

    @property
    def latency_ms(self) -> "dict[str, float]":
        """Quantiles of the last answers: keys `p50`, `p95`, `p99`; empty before the first one."""
        ...

    @property
    def last_outcome(self) -> "tuple[str, datetime] | None":
        """Outcome and time of the last answer."""
        ...


class ExchangeLog(Protocol):
    """The append-only log of exchanges: a record is durable when `append` returns."""

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


class Standing(NamedTuple):
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

    async def standing(self) -> Standing:
        """How the numbering stands, whichever process does it."""
        ...

    async def unclosed(self, start: int, end: int) -> Sequence[LogEntry]:
        """Intents from index `start` to before `end` whose exchange has no record that closes it."""
        ...

    async def periods(self) -> Mapping[str, bytes]:
        """The wrapped keys of all periods that were not erased."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class Anchor(Protocol):
    """Somebody outside who can say later how the log stood at a time."""

    #: `tsa`, `witness` or `daily`
    kind: str
    #: word of the configuration, for metrics and probes
    name: str

    async def fix(self, note: str) -> bytes:
        """Have a signed checkpoint vouched for; gives the proof, verified. AnchorFailed when there is none."""
        ...

    def proven(self, note: str, token: bytes) -> float | None:
        """The time in a kept proof (POSIX seconds), None where it has none; AnchorFailed unless it holds for `note`."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class AnchorStore(Protocol):
    """Where proofs of anchors are kept. LogUnavailable when the store cannot be asked."""

    async def keep(self, row: Anchored) -> None:
        """Keep one durably, for ever."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class AnchorRows(Protocol):
    """What was kept of anchors, to be read. LogUnavailable when the store cannot be asked."""

    async def last(self, kind: str, name: str) -> Anchored | None:
        """The newest row of an anchor."""
        ...

    async def proofs(self, kind: str, name: str, until: str, most: int) -> Sequence[Anchored]:
        """The newest rows of an anchor with a proof, of a time up to `until`, newest first."""
        ...

    async def wish(self, kind: str, name: str, until: str) -> Anchored | None:
        """Its first row without a proof, of a time up to `until`: since when it is wanted."""
        ...

    async def of(self, size: int) -> Sequence[Anchored]:
        """All rows of the checkpoint of a size, oldest first."""
        ...


class Sequencer(Protocol):
    """Gives the records of the log their places in the tree, as long as this process runs."""

    #: public key of the checkpoints
    vkey: str
    #: names this process in `Standing.owner`
    owner: str
    #: why no record gets its place until somebody mends the log; None while they do
    stuck: Sentence | None

    def start(self) -> None:
        """Begin; call in the loop."""
        ...

    def wake(self) -> None:
        """A record was written."""
        ...

    async def close(self) -> None:
        """Number what is written, then end."""
        ...


class Cache(Protocol):
    """Holds only what may be lost: answers, late values, sessions. Values are opaque bytes."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there; a broken store answers None."""
        ...

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        """Keep a value for `seconds`; a broken store drops it silently (counted in metrics).

        `owner`: on whose account it is kept; a store with little room makes whoever has most in it give way.
        """
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


class Clock(Protocol):
    """Wall-clock time; deadlines use the loop's clock instead."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...
