"""A batch of the sequence: records become entries, tiles and one signed checkpoint; pure but for the clock.

The stores (`sequencer_sqlite`, `sequencer_postgres`) read what this needs and write what it gives, all of it in
one transaction. A leaf that nobody can read still gets its number: it is part of the tree like any other.
"""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.domain.errors import KeyUnavailable, LogNotSigned, LogUnavailable
from gateway.exchange_log.merkle import EMPTY_ROOT, leaf_hash, root_from
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
NEWEST_NOTE = "SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1"
STATE = "size, floor_seq, floor_size, time_low, time_high, vkey, lease_owner, lease_until"

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_HASH_PREFIX = 8
_INDEX_BYTES = 16
#: records that are read in one stretch
_STRETCH = 32

Rows = list[tuple[Any, ...]]


class State(NamedTuple):
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


class Batch(NamedTuple):
    """What one transaction writes."""

    #: rows by table, as COLUMNS names them
    rows: Mapping[str, Rows]
    #: level, index, hashes
    edge: Rows
    size: int
    note: str
    created: str
    time_low: str
    time_high: str
    months: frozenset[str]


class Numbering:
    """Gives records their numbers and signs the head of the tree, for the log `origin`."""

    __slots__ = ("_former", "_newest", "_origin", "_signer")

    def __init__(self, origin: str, signer: NoteSigner, former: NoteSigner | None = None) -> None:
        """`former` is the key that signed so far, while keys are changed: the first checkpoint has both."""
        self._origin = origin
        self._signer = signer
        self._former = former
        #: of the checkpoints that were read so far
        self._newest = Checkpoint(origin, 0, EMPTY_ROOT)

    @property
    def vkey(self) -> str:
        """The public key of the checkpoints."""
        return self._signer.vkey

    def batch(self, state: State, edge: Mapping[TileId, bytes], fresh: Sequence[tuple[int, bytes]]) -> Batch:
        """The next entries from rows of `append_log`, as (number there, leaf), in the order given.

        LogNotSigned when the log was signed by another key so far, LogUnavailable while the key cannot be used.
        """
        signers = self._signers(state.vkey)
        created = _now()
        hashes = [leaf_hash(leaf) for _, leaf in fresh]
        grown = grow(state.size, edge, hashes)
        rows: dict[str, Rows] = {"log_entries": [], "log_subjects": [], "log_sources": []}
        for idx, ((seq, leaf), digest) in enumerate(zip(fresh, hashes, strict=True), state.size):
            enter(rows, idx, seq, digest, leaf, created)
            if idx % _STRETCH == 0:
                # This is a thread beside the loop: offer it the interpreter sooner than it would be taken.
                time.sleep(0)
        times = [row[4] for row in rows["log_entries"]]
        rows["log_blocks"], low, high = _blocks(state, times)
        rows["log_tiles"] = [(t.level, t.index, held) for t, held in grown.tiles.items() if t.width == TILE]
        note = _signed(signers, Checkpoint(self._origin, grown.size, grown.root).text())
        return Batch(
            rows=rows,
            edge=[(tile.level, tile.index, held) for tile, held in grown.edge.items()],
            size=grown.size,
            note=note,
            created=created,
            time_low=low,
            time_high=high,
            months=frozenset(row[3] for row in rows["log_entries"]),
        )

    def check(self, state: State, edge: Mapping[TileId, bytes], note: str) -> None:
        """LogNotSigned unless the tree that grows from `edge` is the one over which `note`, the newest, was signed.

        Else a tree that somebody altered would be signed with the next record. A log that became shorter while
        this process ran, or another one of the same size, is refused as well.
        """
        signed = self._newest
        if state.size:
            known = [one.verifier for one in self._signers(state.vkey)]
            try:
                signed = Checkpoint.parse(open_note(note, known))
                top = root_from(state.size, nodes_of(state.size, edge.__getitem__))
            except (NoteBroken, KeyError, TypeError, ValueError):
                raise LogNotSigned("the end of the tree or its checkpoint was altered") from None
            if signed[:3] != (self._origin, state.size, top):
                raise LogNotSigned("the end of the tree is not the one that was signed")
        newest = self._newest
        if (state.size, signed.root) != (newest.size, newest.root) and state.size <= newest.size:
            raise LogNotSigned("the log is not the one that this process wrote: it was rolled back")
        self._newest = signed

    def _signers(self, vkey: str) -> list[NoteSigner]:
        if vkey in {"", self._signer.vkey}:
            return [self._signer]
        if self._former is not None and self._former.vkey == vkey:
            return [self._signer, self._former]
        raise LogNotSigned("the log is signed by another key")


def _signed(signers: Sequence[NoteSigner], text: str) -> str:
    try:
        return signers[0].sign(text) + "".join(signer.line(text) for signer in signers[1:])
    except NoteBroken:
        raise LogUnavailable("the key that signs gave a signature that does not hold") from None
    except KeyUnavailable:
        raise LogUnavailable("the key that signs cannot be used now") from None


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


def _now() -> str:
    seconds = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds * 1000) % 1000:03}Z"


def enter(rows: Mapping[str, Rows], idx: int, seq: int, digest: bytes, leaf: bytes, created: str) -> None:
    """Add what one record is found by to the rows of `log_entries`, `log_subjects` and `log_sources`."""
    key = hash_key(digest)
    try:
        entry, subjects, sources = _read(decode(leaf))
    except (ValueError, KeyError, TypeError, AttributeError):
        # Found by its time only: when it was numbered.
        entry, subjects, sources = (created[:7], created, *(None,) * 9), set(), set()
    month = entry[0]
    rows["log_entries"].append((idx, seq, key, *entry))
    rows["log_subjects"].extend((subject, idx, month) for subject in subjects)
    rows["log_sources"].extend((source, idx, outcome, month) for source, outcome in sources)


def _read(leaf: Mapping[str, Any]) -> tuple[tuple[Any, ...], set[bytes], set[tuple[str, str]]]:
    """Columns of `log_entries` from `period` on, subjects, sources with outcomes."""
    moment = leaf["time"]
    month = moment[:7]
    if not _MONTH.fullmatch(month) or len(moment) > WIDTH:
        raise ValueError("no time")
    entry = (
        month,
        searched(moment),
        _column(leaf["exchange"]),
        _column(leaf["phase"]),
        _column(leaf["requester"]),
        _column(leaf["agency"]),
        _column(leaf["procedure"]),
        _column(leaf["dossier"]),
        _column(leaf["purpose"]),
        _index(leaf["official"]) if leaf["official"] else None,
        _column(leaf["result"]),
    )
    subjects = {_index(index) for index in leaf["subjects"].values()}
    sources = {(searched(call["source"]), searched(call["outcome"])) for call in leaf["calls"]}
    return entry, subjects, sources


def _index(text: str) -> bytes:
    """A keyed index. Whatever is longer is none of ours, and no index of a database would take it."""
    index = bytes.fromhex(text)
    if len(index) != _INDEX_BYTES:
        raise ValueError("no keyed index")
    return index


def _column(text: str) -> str | None:
    return searched(text) or None


def _blocks(state: State, times: Sequence[str]) -> tuple[Rows, str, str]:
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
