"""Which rows of `append_log` get a place: those that a process of this log wrote, each once; pure but for the keys.

A row that this process did not write itself is taken when its leaf is a record, when its tag holds for the record's id
under the keys of its month, and when the tree has no such leaf yet. The id beside the leaf proves nothing: who
changes it hides no record. What is refused stays in `append_log` and is named in `log_quarantine`; the rest goes on.

Rows without a tag are those of a gateway of the release before. They are taken where they stood before the column,
and for a day after the first gateway of this release started. That day begins once: it is sealed under the root key,
and a log that has numbered rows with a tag gets no other one, even when the row in the database is reset.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2s
from hmac import compare_digest
from typing import NamedTuple

from adapters.stores.sequence_batch import OwnRow, TreeEntry, hash_key, read_entry
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, KeyUnavailable, LogUnavailable
from gateway.exchange_log.keys import PeriodKeys, Root, RootKeys, safe_periods
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.tag import is_tag
from gateway.ports.keys import KeyWrapper

#: how long rows without a tag are taken after the first start of a release that writes them
UPGRADE_SECONDS = 86_400.0
UNTAGGED = "SELECT upto, until, seal FROM log_untagged"
#: whether one of the newest entries has a tag
TAGGED = (
    "SELECT 1 FROM (SELECT seq FROM log_entries ORDER BY idx DESC LIMIT 256) e JOIN append_log a ON a.seq = e.seq"
    " WHERE a.tag IS NOT NULL LIMIT 1"
)

_SEAL_LABEL = b"motlan rows without a tag v1"
#: rows that are read together
_STRETCH = 32


class QuarantineReason(StrEnum):
    """Why a row has no place."""

    #: its leaf is no record
    UNREADABLE = "unreadable"
    #: it has no tag, and none of the release before is expected any more
    UNTAGGED = "untagged"
    #: the log has no keys for its month, so no process of the log wrote it
    KEYLESS = "keyless"
    #: its tag is that of another row, or of none
    FORGED = "forged"
    #: its record has a place already
    TWICE = "twice"


class AppendedRow(NamedTuple):
    """A row of `append_log` that is not known to be this process's."""

    seq: int
    leaf: bytes
    tag: bytes | None


class RefusedRow(NamedTuple):
    """A row of `log_quarantine`."""

    seq: int
    #: of the leaf
    hash: bytes
    reason: QuarantineReason


class Candidate(NamedTuple):
    """A row that is a record, and may become an entry."""

    #: of the record, as its leaf says
    id: bytes
    tag: bytes | None
    entry: TreeEntry


class UntaggedRows(NamedTuple):
    """The row of `log_untagged`: which rows without a tag are taken."""

    #: the newest row that stood when the column was made; 0 in a log that began with it
    upto: int = 0
    #: POSIX seconds
    until: float = 0.0
    seal: bytes | None = None

    @property
    def unopened(self) -> bool:
        """Whether the day of the upgrade has not begun."""
        return bool(self.upto) and self.seal is None

    def opened(self, root: KeyWrapper, now: float) -> "UntaggedRows":
        """The day begins now. KeyUnavailable while the root key cannot be used."""
        until = now + UPGRADE_SECONDS
        return UntaggedRows(self.upto, until, _seal(root, self.upto, until))

    def taken(self, roots: RootKeys) -> "UntaggedRows":
        """The same where one of the root keys has sealed it; else none are taken."""
        seal = self.seal
        if seal is not None and any(
            compare_digest(_seal(root, self.upto, self.until), seal) for root in roots.all
        ):
            return self
        return UntaggedRows()

    def takes(self, seq: int, now: float) -> bool:
        """Whether a row without a tag is taken now."""
        return seq <= self.upto or now < self.until


def _seal(root: KeyWrapper, upto: int, until: float) -> bytes:
    return blake2s(f"{upto} {until!r}".encode(), key=root.derive(_SEAL_LABEL)).digest()


class TagKeys:
    """The keys of months that tags are checked with; only those that are never erased stay (see keys.py)."""

    __slots__ = ("_known", "roots")

    def __init__(self, roots: Root | RootKeys) -> None:
        """Opens the keys of months with these root keys."""
        self.roots = RootKeys.of(roots)
        self._known: dict[str, tuple[bytes, PeriodKeys]] = {}

    def opened(self, wrapped: Mapping[str, bytes]) -> Mapping[str, PeriodKeys]:
        """The keys of these months; none for months whose keys cannot be opened. Not for the loop.

        LogUnavailable where the root key cannot be used, or does not open the keys that records are written with now:
        then nothing is known of any row.
        """
        safe = safe_periods(time.time())
        found = {}
        for period, held in wrapped.items():
            before, keys = self._known.get(period, (b"", None))
            if keys is None or before != held:
                keys = self._unwrapped(period, held, needed=period in safe)
            if keys is not None:
                found[period] = keys
        known = self._known | {period: (wrapped[period], keys) for period, keys in found.items()}
        self._known = {period: held for period, held in known.items() if period in safe}
        return found

    def _unwrapped(self, period: str, wrapped: bytes, *, needed: bool) -> PeriodKeys | None:
        try:
            return self.roots.unwrap(period, wrapped)
        except ConfigError:
            if needed:
                raise LogUnavailable(say.ROOT_KEY_WRONG_FOR(period=period)) from None
            return None
        except KeyUnavailable:
            raise LogUnavailable(say.ROOT_KEY_AWAY) from None


class Sifting:
    """The rows of one batch that this process did not write, as they are checked one way after the other."""

    __slots__ = ("_rows", "refused")

    def __init__(self, rows: Sequence[AppendedRow]) -> None:
        """Reads each leaf. Takes time: not for the loop."""
        self._rows: dict[int, Candidate] = {}
        self.refused: list[RefusedRow] = []
        for place, row in enumerate(rows, 1):
            digest = leaf_hash(row.leaf)
            try:
                self._rows[row.seq] = _candidate(row, digest)
            except ValueError:
                self.refused.append(RefusedRow(row.seq, digest, QuarantineReason.UNREADABLE))
            if place % _STRETCH == 0:
                # This is a thread beside the loop: offer it the interpreter sooner than it would be taken.
                time.sleep(0)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the rows."""
        return list(self._rows)

    @property
    def ids(self) -> list[bytes]:
        """The ids of the records."""
        return [one.id for one in self._rows.values()]

    @property
    def months(self) -> list[str]:
        """The months of the records."""
        return list({str(one.entry.columns[0]) for one in self._rows.values()})

    @property
    def untagged(self) -> bool:
        """Whether there are records without a tag."""
        return any(one.tag is None for one in self._rows.values())

    @property
    def hashes(self) -> list[int]:
        """What the records are found by in `log_entries`."""
        return [hash_key(one.entry.hash) for one in self._rows.values()]

    @property
    def times(self) -> tuple[str, str]:
        """Times of the earliest and of the latest record; empty for none."""
        times = [str(one.entry.columns[1]) for one in self._rows.values()]
        return (min(times), max(times)) if times else ("", "")

    def check_tags(self, keys: Mapping[str, PeriodKeys], untagged: UntaggedRows) -> None:
        """Refuse what no process of this log wrote."""
        now = time.time()
        for seq, (record_id, tag, entry) in list(self._rows.items()):
            month = keys.get(str(entry.columns[0]))
            if tag is None:
                if not untagged.takes(seq, now):
                    self._refuse(seq, QuarantineReason.UNTAGGED)
            elif month is None:
                self._refuse(seq, QuarantineReason.KEYLESS)
            elif not is_tag(month, record_id, entry.hash, tag):
                self._refuse(seq, QuarantineReason.FORGED)

    def check_once(self, there: Collection[int], own: Iterable[bytes]) -> None:
        """Refuse what has a place already.

        `there` are those of `hashes` that the tree has, `own` the ids of this process's rows in the same batch.
        """
        known = set(own)
        for seq, (record_id, _, entry) in list(self._rows.items()):
            if record_id in known or hash_key(entry.hash) in there:
                self._refuse(seq, QuarantineReason.TWICE)
            known.add(record_id)

    def merged(self, rows: Mapping[int, OwnRow | None]) -> list[tuple[int, TreeEntry | OwnRow]]:
        """All that gets a place, in the order of `rows`, which has the own ones."""
        taken = {seq: one.entry for seq, one in self._rows.items()}
        fresh = ((seq, taken.get(seq) if row is None else row) for seq, row in rows.items())
        return [(seq, row) for seq, row in fresh if row is not None]

    def _refuse(self, seq: int, reason: QuarantineReason) -> None:
        self.refused.append(RefusedRow(seq, self._rows.pop(seq).entry.hash, reason))


def _candidate(row: AppendedRow, digest: bytes) -> Candidate:
    """The record of a row; ValueError when its leaf is none."""
    members, entry = read_entry(digest, row.leaf)
    record_id = members.get("id")
    if not isinstance(record_id, str) or members.get("period") != entry.columns[0]:
        raise ValueError("no record")
    return Candidate(record_id.encode(), row.tag, entry)
