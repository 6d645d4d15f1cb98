"""A range of the log as the lines of an export (verify.py), in constant memory: for auditors and for archives."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from gateway.audit.proofs import TreeProofs, lost_tile
from gateway.exchange_log.export import edges, first_line, hashes_line, last_line, record_line
from gateway.exchange_log.merkle import HASH_BYTES, subtrees
from gateway.exchange_log.note import Checkpoint, split_note
from gateway.exchange_log.tiles import TILE, TileId
from gateway.ports.exchange_log import LogEntry
from gateway.telemetry import log

LineStream = AsyncIterator[bytes]


class RangeLines:
    """Makes the lines of ranges."""

    def __init__(self, entries: Callable[[int, int], AsyncIterator[LogEntry]], proofs: TreeProofs) -> None:
        """`entries` returns the records of a range (`LogReader.entries`)."""
        self._entries = entries
        self._proofs = proofs

    async def lines(
        self,
        note: str,
        vkeys: Sequence[str],
        first: int,
        end: int,
        created: str,
        asked: tuple[str, str] = ("", ""),
        growth: Mapping[int, Sequence[bytes]] | None = None,
    ) -> LineStream:
        """The lines of the records from `first` to before `end`, under a signed checkpoint, without newlines.

        `asked`: the requested time range; `growth`: proofs from older sizes. Raises LogAltered if a tile
        is missing, also before the first line.
        """
        head = Checkpoint.parse(split_note(note)[0])
        node = await self._proofs.nodes(head.size, [*subtrees(0, first), *subtrees(end, head.size)])
        line = first_line(
            checkpoint=note, origin=head.origin, vkeys=vkeys, first=first, end=end, created=created,
            edge=edges(first, end, head.size, node), consistency=growth, asked=asked,
        )  # fmt: skip
        return self._lines(line, first, end, head.size)

    async def _lines(self, line: bytes, first: int, end: int, size: int) -> LineStream:
        """Missing records are left out: the hashes show them."""
        yield line
        count = 0
        while first < end:
            following = min(end, first - first % TILE + TILE)
            async for entry in self._entries(first, following):
                count += 1
                yield record_of(entry)
            yield hashes_line(first // TILE, await self._kept(first, following, size))
            first = following
        yield last_line(count, line)

    async def _kept(self, first: int, end: int, size: int) -> list[bytes]:
        """The stored leaf hashes of records in one tile."""
        number, start = divmod(first, TILE)
        hashes = await tile_of_log(self._proofs, TileId(0, number, min(TILE, size - number * TILE)))
        places = range(start * HASH_BYTES, (start + end - first) * HASH_BYTES, HASH_BYTES)
        return [hashes[place : place + HASH_BYTES] for place in places]


async def tile_of_log(proofs: TreeProofs, wanted: TileId) -> bytes:
    """The hashes of a tile. Raises LogAltered if it is missing."""
    hashes = await proofs.tile(wanted)
    if hashes is None:
        raise lost_tile(wanted)
    return hashes


def record_of(entry: LogEntry, proof: list[bytes] | None = None) -> bytes:
    """The line of a record; bytes of a damaged leaf that are no text are replaced.

    Its hash then differs from the stored one: the verifier reports the record as changed.
    """
    try:
        return record_line(entry.index, entry.leaf, proof)
    except ValueError:
        log().error("audit.leaf_unreadable", log_index=entry.index)
        return record_line(entry.index, entry.leaf.decode(errors="replace").encode(), proof)
