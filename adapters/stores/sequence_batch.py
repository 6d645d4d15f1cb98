"""A batch of the sequence: records become entries, tiles and one signed checkpoint; pure but for the clock.

The stores (`sequencer_sqlite`, `sequencer_postgres`) read what this needs and write what it gives, all of it in
one transaction. Which rows of other processes become entries, `sifting` says.

What this process wrote itself is not read back: its `OwnRows` keep the hash of the leaf and what it is found by from
the write to the numbering. So the tree holds what was written: a row altered in between shows as altered.
"""

import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import KeyUnavailable, LogNotSigned, LogUnavailable
from gateway.domain.exchange import CallEntry, ExchangeRecord
from gateway.exchange_log.merkle import root_from
from gateway.exchange_log.note import Checkpoint, NoteBroken, NoteSigner, open_note
from gateway.exchange_log.record import decode
from gateway.exchange_log.tiles import TILE, TileId, edge_tiles, grow, nodes_of

#: entries whose times one row of `log_blocks` spans
BLOCK = 4_096
#: how long a process may number records after its last batch before another one goes on
LEASE_SECONDS = 5.0
#: characters of a searched column; what is longer is found by its beginning
WIDTH = 256
#: columns of a table, in the order of the rows of a batch
COLUMNS = {
    "log_entries": "idx seq hash period time exchange phase requester agency procedure dossier purpose official"
    " result",
    "log_subjects": "subject idx period",
    "log_sources": "source idx outcome period",
    "log_tiles": "level idx hashes",
    "log_blocks": "block low high",
}
#: rows of one transaction when many wait
BATCH_ROWS = 2_048
#: entries of one run of the index of hashes
RUN = 65_536
QUARANTINE = "INSERT INTO log_quarantine VALUES ($1, $2, $3, $4, '')"
NEWEST_NOTE = "SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1"
STATE = "size, floor_seq, floor_size, time_low, time_high, vkey, lease_owner, lease_until"

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_HASH_PREFIX = 8
_INDEX_BYTES = 16
#: records that are read together
_STRETCH = 32
#: own rows that wait for their numbers before all are forgotten, and read back like those of others
_OWN_LIMIT = 4_096

Rows = list[tuple[Any, ...]]


class LogStateRow(NamedTuple):
    """The row of `log_state`."""

    size: int
    #: every row of `append_log` up to this number is in the tree, or will never be seen
    floor_seq: int
    #: entries of rows beyond `floor_seq` have at least this number
    floor_size: int
    #: span of the times in the last, incomplete block; empty for none
    time_low: str
    time_high: str
    #: the key that signs
    vkey: str
    lease_owner: str
    #: POSIX seconds
    lease_until: float

    def leased_to(self, owner: str, now: float) -> bool:
        """Whether `owner` may number records: the lease is its own, or nobody's any more.

        One that ends too late was written before the clock was set back.
        """
        return self.lease_owner == owner or not now < self.lease_until <= now + 2 * LEASE_SECONDS


class TreeEntry(NamedTuple):
    """What the tree and the tables of the search hold of one record."""

    #: of the leaf
    hash: bytes
    #: of `log_entries`, from `period` on
    columns: tuple[str | bytes | None, ...]
    #: keyed indexes
    subjects: Collection[bytes]
    #: names with outcomes
    sources: Collection[tuple[str, str]]


#: a row of this process: hash of the leaf, texts from `time` to `result`, keyed indexes in hex (of the official, and of
#: subjects by role), calls. A plain tuple, made with every record; what the search has of it is made with the batch.
OwnRow = tuple[bytes, tuple[str, ...], str, Mapping[str, str], tuple[CallEntry, ...]]


class OwnRows:
    """The rows that this process writes, by record id, until they are numbered.

    The loop adds, the thread of the sequencer takes; each step is one operation of a dict. What is not here is read
    from the database: losing a row costs time and nothing else.
    """

    __slots__ = ("_rows", "_taken")

    def __init__(self) -> None:
        """Empty."""
        self._rows: dict[bytes, OwnRow] = {}
        self._taken: dict[bytes, OwnRow] = {}

    def add(
        self,
        record_id: str,
        digest: bytes,
        record: ExchangeRecord,
        official: str,
        subjects: Mapping[str, str],
    ) -> None:
        """Before the row is written: the hash of its leaf and the keyed indexes in it (`record.leaf_of`).

        Too many forget all that were there.
        """
        if len(self._rows) >= _OWN_LIMIT:
            self._rows.clear()
        texts = (
            record.time, record.exchange, record.phase, record.requester, record.agency, record.procedure,
            record.dossier, record.purpose, record.result,
        )  # fmt: skip
        self._rows[record_id.encode()] = (digest, texts, official, subjects, record.calls)

    def drop(self, record_id: str) -> None:
        """The row was not written, and never will be."""
        self._rows.pop(record_id.encode(), None)

    def take(self, record_id: bytes) -> OwnRow | None:
        """For the batch that is being made; a second row with the same id is none of ours."""
        row = self._rows.pop(record_id, None)
        if row is not None:
            self._taken[record_id] = row
        return row

    def take_all(self, record_ids: Iterable[bytes]) -> None:
        """These records were read back, as under another id: a second row of them is none of ours."""
        for record_id in record_ids:
            self.take(record_id)

    def keep_taken(self) -> None:
        """The batch was not written: what was taken waits again."""
        self._rows.update(self._taken)
        self._taken.clear()

    def drop_taken(self) -> None:
        """The batch is written."""
        self._taken.clear()

    def clear(self) -> None:
        """Nothing waits for a number, or another process numbers: these rows are not needed."""
        self._rows.clear()


class Batch(NamedTuple):
    """What one transaction writes."""

    #: rows by table, as COLUMNS names them
    rows: Mapping[str, Rows]
    #: level, index, hashes
    edge: Rows
    head: Checkpoint
    note: str
    created: str
    time_low: str
    time_high: str
    months: frozenset[str]

    @property
    def size(self) -> int:
        """Records of the tree."""
        return self.head.size


class Numbering:
    """Gives records their numbers and signs the head of the tree, for the log `origin`."""

    __slots__ = ("_former", "_origin", "_signer")

    def __init__(self, origin: str, signer: NoteSigner, former: NoteSigner | None = None) -> None:
        """`former` is the key that signed so far, while keys are changed: the first checkpoint has both."""
        self._origin = origin
        self._signer = signer
        self._former = former

    @property
    def vkey(self) -> str:
        """The public key of the checkpoints."""
        return self._signer.vkey

    def batch(
        self,
        state: LogStateRow,
        edge: Mapping[TileId, bytes],
        fresh: Sequence[tuple[int, TreeEntry | OwnRow]],
    ) -> Batch:
        """The next entries from rows of `append_log`, as (number there, entry or own row), in the order given.

        LogNotSigned when the log was signed by another key so far, LogUnavailable while the key cannot be used.
        """
        signers = self._signers(state.vkey)
        created = now_text()
        hashes = []
        rows: dict[str, Rows] = {"log_entries": [], "log_subjects": [], "log_sources": []}
        for idx, (seq, row) in enumerate(fresh, state.size):
            entry = row if isinstance(row, TreeEntry) else _remembered(row, created)
            hashes.append(entry.hash)
            _add(rows, idx, seq, entry)
            if idx % _STRETCH == 0:
                # This is a thread beside the loop: offer it the interpreter sooner than it would be taken.
                time.sleep(0)
        grown = grow(state.size, edge, hashes)
        times = [row[4] for row in rows["log_entries"]]
        rows["log_blocks"], low, high = _blocks(state, times)
        rows["log_tiles"] = [(t.level, t.index, held) for t, held in grown.tiles.items() if t.width == TILE]
        head = Checkpoint(self._origin, grown.size, grown.root)
        note = _signed(signers, head.text())
        return Batch(
            rows=rows,
            edge=[(tile.level, tile.index, held) for tile, held in grown.edge.items()],
            head=head,
            note=note,
            created=created,
            time_low=low,
            time_high=high,
            months=frozenset(row[3] for row in rows["log_entries"]),
        )

    def check(self, state: LogStateRow, edge: Mapping[TileId, bytes], note: str) -> None:
        """LogNotSigned unless the tree that grows from `edge` is the one over which `note`, the newest, was signed.

        Else a tree that somebody altered would be signed with the next record. Whether it went back, `high_water` says.
        """
        if not state.size:
            if note:
                raise LogNotSigned(say.TREE_END_UNSIGNED)
            return
        known = [one.verifier for one in self._signers(state.vkey)]
        try:
            signed = Checkpoint.parse(open_note(note, known))
            top = root_from(state.size, nodes_of(state.size, edge.__getitem__))
        except (NoteBroken, KeyError, TypeError, ValueError):
            raise LogNotSigned(say.TREE_END_ALTERED) from None
        if signed[:3] != (self._origin, state.size, top):
            raise LogNotSigned(say.TREE_END_UNSIGNED)

    def _signers(self, vkey: str) -> list[NoteSigner]:
        if vkey in {"", self._signer.vkey}:
            return [self._signer]
        if self._former is not None and self._former.vkey == vkey:
            return [self._signer, self._former]
        raise LogNotSigned(say.SIGNED_BY_ANOTHER)


def _signed(signers: Sequence[NoteSigner], text: str) -> str:
    try:
        return signers[0].sign(text) + "".join(signer.line(text) for signer in signers[1:])
    except NoteBroken:
        raise LogUnavailable(say.SIGNATURE_WRONG) from None
    except KeyUnavailable:
        raise LogUnavailable(say.SIGNING_KEY_AWAY) from None


def edge_of(size: int, held: Mapping[int, tuple[int, bytes]]) -> dict[TileId, bytes]:
    """The tiles that a tree of `size` leaves grows from, out of the rows of `log_edge` by level."""
    return {
        tile: held[tile.level][1]
        for tile in edge_tiles(size)
        if tile.level in held and held[tile.level][0] == tile.index
    }


def hash_key(digest: bytes) -> int:
    """The first bytes of a leaf hash as a signed number: what `log_entries.hash` holds."""
    return int.from_bytes(digest[:_HASH_PREFIX], signed=True)


def searched(text: str) -> str:
    """A text as the search tables hold it."""
    return text[:WIDTH].replace("\x00", "\ufffd")


def searched_rows(idx: int, seq: int, digest: bytes, leaf: bytes, created: str) -> Mapping[str, Rows]:
    """The rows of one record in the tables of the search; `created` is when it was numbered."""
    rows: dict[str, Rows] = {"log_entries": [], "log_subjects": [], "log_sources": []}
    enter(rows, idx, seq, digest, leaf, created)
    return rows


def now_text() -> str:
    """This moment as records have it (UTC, milliseconds)."""
    seconds = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03}Z"


def enter(rows: Mapping[str, Rows], idx: int, seq: int, digest: bytes, leaf: bytes, created: str) -> None:
    """Add what one record is found by to the rows of `log_entries`, `log_subjects` and `log_sources`."""
    _add(rows, idx, seq, _read(digest, leaf, created))


def _add(rows: Mapping[str, Rows], idx: int, seq: int, entry: TreeEntry) -> None:
    digest, columns, subjects, sources = entry
    month = columns[0]
    rows["log_entries"].append((idx, seq, hash_key(digest), *columns))
    rows["log_subjects"].extend([(subject, idx, month) for subject in subjects])
    rows["log_sources"].extend([(source, idx, outcome, month) for source, outcome in sources])


def _remembered(row: OwnRow, created: str) -> TreeEntry:
    digest, texts, official, subjects, calls = row
    people = set(map(bytes.fromhex, subjects.values()))
    sources = {(call.source, call.outcome) for call in calls}
    try:
        return _entry(digest, tuple(map(str, texts)), bytes.fromhex(official) or None, people, sources)
    except (ValueError, TypeError):
        return _timed(digest, created)


def _read(digest: bytes, leaf: bytes, created: str) -> TreeEntry:
    try:
        return read_entry(digest, leaf)[1]
    except ValueError:
        return _timed(digest, created)


def read_entry(digest: bytes, leaf: bytes) -> tuple[Mapping[str, Any], TreeEntry]:
    """The members of a leaf, and what the tree holds of it; ValueError when it is no record."""
    try:
        read = decode(leaf)
        texts = (
            read["time"], read["exchange"], read["phase"], read["requester"], read["agency"], read["procedure"],
            read["dossier"], read["purpose"], read["result"],
        )  # fmt: skip
        official = _index(read["official"]) if read["official"] else None
        people = {_index(index) for index in read["subjects"].values()}
        sources = {(call["source"], call["outcome"]) for call in read["calls"]}
        return read, _entry(digest, texts, official, people, sources)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("no record") from None


def _timed(digest: bytes, created: str) -> TreeEntry:
    """Found by its time only: when it was numbered."""
    return TreeEntry(digest, (created[:7], created, *(None,) * 9), (), ())


def _entry(
    digest: bytes,
    texts: tuple[str, ...],
    official: bytes | None,
    people: set[bytes],
    sources: set[tuple[str, str]],
) -> TreeEntry:
    """Texts as the columns of `log_entries` have them, from `time` on, without the official."""
    month = texts[0][:7]
    if not _MONTH.fullmatch(month) or len(texts[0]) > WIDTH:
        raise ValueError("no time")
    every = (*texts, *chain.from_iterable(sources))
    if max(map(len, every)) > WIDTH or "\x00" in "".join(every):
        texts = tuple(map(searched, texts))
        sources = {(searched(source), searched(outcome)) for source, outcome in sources}
    moment, exchange, phase, requester, agency, procedure, dossier, purpose, result = texts
    columns = (
        month, moment, exchange or None, phase or None, requester or None, agency or None, procedure or None,
        dossier or None, purpose or None, official, result or None,
    )  # fmt: skip
    return TreeEntry(digest, columns, people, sources)


def _index(text: str) -> bytes:
    """A keyed index. Whatever is longer is none of ours, and no index of a database would take it."""
    index = bytes.fromhex(text)
    if len(index) != _INDEX_BYTES:
        raise ValueError("no keyed index")
    return index


def _blocks(state: LogStateRow, times: Sequence[str]) -> tuple[Rows, str, str]:
    """Rows of the blocks that became complete, and the span of the times in the incomplete one."""
    rows: Rows = []
    low, high, size = state.time_low, state.time_high, state.size
    start = 0
    while start < len(times):
        part = times[start : start + BLOCK - size % BLOCK]
        low, high = min([low or part[0], *part]), max([high, *part])
        start, size = start + len(part), size + len(part)
        if size % BLOCK == 0:
            rows.append((size // BLOCK - 1, low, high))
            low = high = ""
    return rows, low, high
