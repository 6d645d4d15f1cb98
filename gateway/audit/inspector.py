"""Walks through the whole log again and again and compares what is stored with what was signed.

The tree proves what the leaves were. But a search trusts its own tables, which no hash covers: a
row that was taken out of them hides a record that is still in the tree, and one that was put in tells of a use that
never was. So they are compared with the leaves. What is gone must be what a `pruning` record and archives tell of.
This is an alarm for honest operators. An auditor who does not trust them exports the whole stretch and searches there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from gateway.audit.proofs import TreeProofs
from gateway.audit.tasks import end
from gateway.domain.errors import GatewayError, LogAltered, LogUnavailable, NotFound
from gateway.ports.exchange_log import NO_PLACE, NO_ROW, Altered, LogInspection, LogReader, SubjectRow
from gateway.telemetry import log

#: records that are looked at in one step, those of one tile, and rows of the search by person beside them
_STEP = 256
_PAUSE_SECONDS = 1.0
#: after the whole log was seen
_REST_SECONDS = 60.0
#: places that are told in one round; further ones are counted
_MOST_TOLD = 20


#: gives months, as in "2026-11"
Unreadable = Callable[[], Awaitable[Sequence[str]]]


async def _nothing() -> Sequence[str]:
    return ()


class InspectionPosition(NamedTuple):
    """How far a round has come."""

    #: the record that comes next
    start: int = 0
    #: the row of the search by person that was looked at last; None behind the last one
    row: SubjectRow | None = NO_ROW


_BEGINNING = InspectionPosition()


class Inspector:
    """Looks until it is closed; `altered` is what the last whole round, or the one under way, has found."""

    def __init__(
        self,
        inspection: LogInspection,
        reader: LogReader,
        proofs: TreeProofs,
        unreadable: Unreadable = _nothing,
        pause_seconds: float = _PAUSE_SECONDS,
        rest_seconds: float = _REST_SECONDS,
    ) -> None:
        """Asks nothing before `start`. `unreadable` gives the months whose keys the root key does not open."""
        self._inspection = inspection
        self._reader = reader
        self._proofs = proofs
        self._unreadable = unreadable
        self._pause_seconds = pause_seconds
        self._rest_seconds = rest_seconds
        self._before = 0
        self._found = 0
        self._whole: Sequence[Altered] = ()
        #: why the store could not be asked at the last step; empty after one that went well
        self._away = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def altered(self) -> int:
        """Things that are not as they were signed."""
        return max(self._before, self._found) + len(self._whole)

    @property
    def state(self) -> str:
        """`altered`, `unavailable` while the store cannot be asked, or `ready`."""
        if self.altered:
            return "altered"
        return "unavailable" if self._away else "ready"

    def start(self) -> None:
        """Begin; call in the loop."""
        self._task = asyncio.create_task(self._work(), name="inspector")

    async def close(self) -> None:
        """End at once."""
        await end(self._task)

    async def inspect(self, place: InspectionPosition) -> InspectionPosition | None:
        """One step from this place on; where the next one begins, None when all was seen.

        LogUnavailable when the store cannot be asked. What it gives and nobody can read is altered like all else.
        """
        size = await self._look_at_whole()
        start, row = place
        # up to the end of a tile, wherever an earlier step met the end of a log that has grown since
        end = min(start - start % _STEP + _STEP, size)
        if not size or (start >= end and row is None):
            return None
        if start < end:
            what = f"the records {start} to {end - 1} cannot be read"
            self._tell(await _found(self._inspection.altered(start, end), start, what))
            self._tell(
                await _found(self._unproven(start), start, "the tree above this record cannot be read")
            )
        if row is not None:
            row = await self._look_at_people(row)
        return InspectionPosition(max(start, end), row)

    async def _look_at_whole(self) -> int:
        """With each step, for it costs little: what is gone is not found by going on. Gives the size of the log."""
        found = [
            *await _found(self._inspection.pruned(), NO_PLACE, "the mark of pruning cannot be read"),
            *await _found(self._inspection.marks(), NO_PLACE, "the end of the log cannot be read"),
            *await _found(self._months(), NO_PLACE, "the keys of the months cannot be read"),
        ]
        size = 0
        try:
            size = (await self._proofs.checkpoint())[1].size
        except NotFound:
            pass
        except LogUnavailable:
            raise
        except Exception:  # noqa: BLE001 -- see `_found`
            found.append(Altered(NO_PLACE, "the newest checkpoint cannot be read"))
        for one in found:
            if one not in self._whole:
                _log(one)
        self._whole = found
        return size

    async def _months(self) -> Sequence[Altered]:
        months = await self._unreadable()
        return [Altered(NO_PLACE, f"the root key does not open the keys of {month}") for month in months]

    async def _unproven(self, index: int) -> Sequence[Altered]:
        """That the hashes of this tile, which were compared with the leaves, are those of the signed root."""
        entry = await self._reader.entry(index)
        if entry is not None:
            await self._proofs.inclusion(entry)
        return ()

    async def _look_at_people(self, row: SubjectRow) -> SubjectRow | None:
        """The next rows of the search by person; where nobody can read on, the round goes on without them."""
        following: SubjectRow | None = None

        async def found() -> Sequence[Altered]:
            nonlocal following
            invented, following = await self._inspection.invented(row, _STEP)
            return invented

        self._tell(await _found(found(), NO_PLACE, "the search by person cannot be read"))
        return following

    def _tell(self, found: Sequence[Altered]) -> None:
        for one in found:
            self._found += 1
            if self._found <= _MOST_TOLD:
                _log(one)

    async def _work(self) -> None:
        place: InspectionPosition | None = _BEGINNING
        while True:
            try:
                place = await self.inspect(place or _BEGINNING)
                self._tell_away("")
            except GatewayError as error:
                self._tell_away(error.detail or error.title)
            except Exception as error:  # noqa: BLE001 -- the task lives on
                self._tell_away(type(error).__name__)
            if place is None:
                self._before, self._found = self._found, 0
            await asyncio.sleep(self._rest_seconds if place is None else self._pause_seconds)

    def _tell_away(self, why: str) -> None:
        if why and why != self._away:
            log().error("log.inspection_failed", error=why)
        self._away = why


async def _found(inspect: Awaitable[Sequence[Altered]], index: int, otherwise: str) -> Sequence[Altered]:
    """What this look finds. One that the store answers, and nobody can read, finds just that.

    LogUnavailable when the store does not answer.
    """
    try:
        return await inspect
    except LogUnavailable:
        raise
    except LogAltered as error:
        return [Altered(index, error.detail)]
    except Exception as error:  # noqa: BLE001 -- a writer of the database chooses what it is
        return [Altered(index, f"{otherwise} ({type(error).__name__})")]


def _log(one: Altered) -> None:
    log().error("log.record_altered", log_index=None if one.index == NO_PLACE else one.index, reason=one.what)
