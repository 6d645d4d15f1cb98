"""Exports: a range of the log, or the result of a search, line by line in constant memory.

A range in JSON lines has what `verify.py` needs to check it against the checkpoint in its first line.
In a search result each record has its own proof. CSV is for reading only and has no proofs.
"""

from array import array
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from gateway.audit.filters import Filters
from gateway.audit.past import gone, surely_before
from gateway.audit.range_lines import LineStream, RangeLines, record_of, tile_of_log
from gateway.audit.service import AuditContext
from gateway.audit.shown import header, row
from gateway.domain import sentences as say
from gateway.domain.dates import DISORDER, rfc3339
from gateway.domain.errors import BadRequest, LogAltered, NotFound
from gateway.domain.parties import Caller
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.export import first_line, last_line
from gateway.exchange_log.merkle import inclusion_proof
from gateway.exchange_log.note import Checkpoint, NoteBroken, split_note
from gateway.exchange_log.tiles import TILE, TileId, nodes_of, tiles_of_inclusion
from gateway.ports.exchange_log import LogEntry, LogSearch

_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
#: hits of a search that are kept in memory, eight bytes each
MOST_HITS = 1_000_000
_PAGE = 1_000
#: indexes read from the store at once
_PLACES = 10_000
_HELD_TILES = 64
_HELD_NODES = 4_096
#: from so many hits in one tile on, the whole range between them is read
_DENSE = 16


class Span(NamedTuple):
    """A range of the log, by index or by time; `None` and empty are open ends."""

    first: int | None = None
    end: int | None = None
    since: str = ""
    until: str = ""


class Exports:
    """Makes exports. Errors are raised before the first line."""

    def __init__(self, context: AuditContext) -> None:
        """Keeps nothing."""
        self._context = context

    async def range_lines(
        self, caller: Caller, span: Span, *, csv: bool, grown_from: str | int | None = None
    ) -> LineStream:
        """The lines of a range. Raises BadRequest for a wrong range, Gone if records of it were pruned."""
        old = _size_of(grown_from)
        note, head = await self._context.proofs.witnessed(max(span.first or 0, span.end or 0, old))
        growth = await self._growth(grown_from, head)
        first, end = await self._places(span, head.size)
        if first < end and await self._context.reader.entry(first) is None:
            raise gone(await self._context.history.history(), first, end)
        names = " ".join(name for name, value in span._asdict().items() if value not in {None, ""})
        kind = "csv" if csv else "jsonl"
        await self._context.note(caller, "export", names, format=kind, first=first, end=end)
        if csv:
            return _csv(self._there(first, end))
        made = RangeLines(self._there, self._context.proofs)
        created, vkeys = rfc3339(self._context.recorder.clock.now()), await self._context.signers()
        return await made.lines(note, vkeys, first, end, created, (span.since, span.until), growth)

    async def found(
        self,
        caller: Caller,
        filters: Filters,
        *,
        csv: bool,
        grown_from: str | int | None = None,
        reason: str = "",
    ) -> LineStream:
        """The lines of a search result. Raises BadRequest if it is too large.

        `reason`: why somebody is searched for, recorded before the first line.
        """
        note, head = await self._context.proofs.witnessed(_size_of(grown_from))
        growth = await self._growth(grown_from, head)
        kind = "csv" if csv else "jsonl"
        why = {"reason": reason} if reason else {}
        await self._context.note(caller, "export", filters.names, filters.people, format=kind, **why)
        hits = await self._hits(filters, head.size)
        if csv:
            return _csv(self._each(hits))
        asked, searched = (filters.plain.since, filters.plain.until), await self.searched(filters)
        line = first_line(
            checkpoint=note, origin=head.origin, vkeys=await self._context.signers(), first=0, end=head.size,
            created=rfc3339(self._context.recorder.clock.now()), edge=None, consistency=growth,
            asked=asked, searched=searched,
        )  # fmt: skip
        held: dict[TileId, bytes] = {}
        if hits:  # an error for the first hit comes before the first line
            await self._hold(held, tiles_of_inclusion(hits[0], head.size))
        return self._proved(line, hits, head, held)

    async def count(self, caller: Caller, filters: Filters, reason: str = "") -> int:
        """Number of records that an export of a search has now. Raises BadRequest if it is too large."""
        why = {"reason": reason} if reason else {}
        await self._context.note(caller, "count", filters.names, filters.people, **why)
        try:
            _, head = await self._context.proofs.witnessed()
        except NotFound:  # before the first record has its place
            return 0
        if filters.names:
            return len(await self._hits(filters, head.size))
        return head.size - (await self._context.history.history()).below

    async def searched(self, filters: Filters) -> dict[str, list[str]]:
        """Names of the filters of a search, and the months and archives that it skipped."""
        past = await self._context.past(filters)
        return {
            "filters": filters.names.split(),
            "skipped_periods": past["skipped_periods"],
            "archives": [one["name"] for one in past["archives"]],
        }

    async def _growth(self, kept: str | int | None, head: Checkpoint) -> dict[int, list[bytes]]:
        """The consistency proof from the caller's checkpoint, for line 1."""
        if kept is None:
            return {}
        if isinstance(kept, str) and _opened(kept).origin != head.origin:
            raise BadRequest(say.OTHER_LOG(origin=head.origin), code=ProblemCode.SIZE_WRONG)
        old = _size_of(kept)
        if old > head.size:
            raise BadRequest(say.LOG_SHRUNK(size=head.size, old=old), code=ProblemCode.SIZE_WRONG)
        proven = await self._context.proofs.consistency(old, head.size)
        return {old: [bytes.fromhex(one) for one in proven["proof"]]}

    async def _places(self, span: Span, size: int) -> tuple[int, int]:
        if span.since or span.until:
            history = await self._context.history.history()
            if history.below and span.since <= surely_before(history):
                raise gone(history, 0, history.below)
            first = await self._begin(span.since, size) if span.since else 0
            end = await self._before(span.until, size) if span.until else size
            return min(first, end), end
        first, end = span.first or 0, size if span.end is None else span.end
        if not first <= end <= size:
            raise BadRequest(say.RANGE_BEYOND(size=size), code=ProblemCode.RANGE_WRONG)
        return first, end

    async def _before(self, moment: str, size: int) -> int:
        """The index after the last record older than `moment`."""
        found = await self._context.reader.search(LogSearch(until=moment), size, 1)
        return found[0].index + 1 if found else (await self._context.history.history()).below

    async def _begin(self, since: str, size: int) -> int:
        """The index of the first record not older than `since`; older ones may follow it."""
        moment = datetime.fromisoformat(since)
        # No record is older than the first moment.
        safe = rfc3339(max(moment, _EARLIEST) - DISORDER)
        lowest = await self._before(safe, size)
        first = before = await self._before(since, size)
        while before > lowest:
            found = await self._context.reader.search(LogSearch(since=since), before, _PAGE)
            first = min([first, *(entry.index for entry in found if entry.index >= lowest)])
            before = found[-1].index if len(found) == _PAGE else lowest
        return first

    async def _hits(self, filters: Filters, size: int) -> "array[int]":
        """The indexes of all matching records, in the order of the log."""
        hits = array("q")
        found: Sequence[int] = (size,)
        while found:
            found = await self._context.places(filters, found[-1], _PLACES)
            hits.extend(found)
            if len(hits) > MOST_HITS:
                raise BadRequest(say.TOO_MANY_HITS(most=MOST_HITS), code=ProblemCode.TOO_MANY_RECORDS)
        hits.reverse()
        return hits

    async def _there(self, first: int, end: int) -> AsyncIterator[LogEntry]:
        """The records of a range. Raises Gone if some were pruned while it was read (no tampering)."""
        following = first
        async for entry in self._context.reader.entries(first, end):
            if entry.index > following:
                await self._check_pruned(following, end)
            yield entry
            following = entry.index + 1
        if following < end:
            await self._check_pruned(following, end)

    async def _check_pruned(self, missing: int, end: int) -> None:
        history = await self._context.history.history()
        if missing < history.below:
            raise gone(history, missing, end)

    async def _each(self, hits: "array[int]") -> AsyncIterator[LogEntry]:
        """Every hit. Raises Gone or LogAltered if one is missing: a short result never looks complete."""
        for _, group in groupby(hits, lambda index: index // TILE):
            places = list(group)
            left = iter(places)
            async for entry in self._near(places):
                if entry.index != next(left):
                    break
                yield entry
            else:
                if next(left, None) is None:
                    continue
            await self._check_pruned(places[0], places[-1] + 1)
            raise LogAltered(say.FOUND_RECORD_GONE)

    async def _near(self, places: list[int]) -> AsyncIterator[LogEntry]:
        """Records of one tile: many close together are read as one range, few one by one."""
        if len(places) > _DENSE:
            wanted = frozenset(places)
            async for entry in self._context.reader.entries(places[0], places[-1] + 1):
                if entry.index in wanted:
                    yield entry
            return
        for index in places:
            found = await self._context.reader.entry(index)
            if found is not None:
                yield found

    async def _proved(
        self, line: bytes, hits: "array[int]", head: Checkpoint, held: dict[TileId, bytes]
    ) -> LineStream:
        yield line
        plain = nodes_of(head.size, held.__getitem__)
        # neighbours share most of their proofs
        node = lru_cache(_HELD_NODES)(plain)
        tile = -1
        async for entry in self._each(hits):
            if entry.index // TILE != tile:
                tile = entry.index // TILE
                await self._hold(held, tiles_of_inclusion(entry.index, head.size))
            yield record_of(entry, inclusion_proof(entry.index, head.size, node))
        yield last_line(len(hits), line)

    async def _hold(self, held: dict[TileId, bytes], wanted: set[TileId]) -> None:
        """Keep the tiles of the last proofs, up to a number: neighbours share most of them."""
        if len(held) > _HELD_TILES:
            for tile in list(held):
                del held[tile]
        for tile in wanted - held.keys():
            held[tile] = await tile_of_log(self._context.proofs, tile)


def _opened(note: str) -> Checkpoint:
    """A caller's checkpoint, parsed; the caller checks its signature. Raises BadRequest."""
    try:
        return Checkpoint.parse(split_note(note)[0])
    except NoteBroken:
        raise BadRequest(say.CHECKPOINT_AS_KEPT, code=ProblemCode.SIZE_WRONG) from None


def _size_of(kept: str | int | None) -> int:
    return _opened(kept).size if isinstance(kept, str) else kept or 0


async def _csv(entries: AsyncIterator[LogEntry]) -> LineStream:
    yield header()
    async for entry in entries:
        yield row(entry)
