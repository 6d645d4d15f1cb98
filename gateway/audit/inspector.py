"""Walks through the whole log again and again and compares what is stored with what was signed.

The tree proves what the leaves were. But whoever searches trusts the tables of the search, which no hash covers: a
row that was taken out of them hides a record that is still in the tree, and one that was put in tells of a use that
never was. So they are compared with the leaves. What is gone must be what a `pruning` record and archives tell of.
This is an alarm for honest operators. An auditor who does not trust them exports the whole stretch and searches there.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gateway.audit.proofs import Proofs
from gateway.audit.tasks import end
from gateway.domain.errors import GatewayError, LogAltered, NotFound
from gateway.ports import LogReader
from gateway.ports_log import NO_ROW, Altered, LogInspection, SubjectRow
from gateway.telemetry import log

#: records that are looked at in one step, those of one tile, and rows of the search by person beside them
_STEP = 256
_PAUSE_SECONDS = 1.0
#: after the whole log was seen
_REST_SECONDS = 60.0
#: places that are told in one round; further ones are counted
_MOST_TOLD = 20


class Place(NamedTuple):
    """How far a round has come."""

    #: the record that comes next
    start: int = 0
    #: the row of the search by person that was looked at last; None behind the last one
    row: SubjectRow | None = NO_ROW


_BEGINNING = Place()


class Inspector:
    """Looks until it is closed; `altered` is what the last whole round, or the one under way, has found."""

    def __init__(
        self,
        inspection: LogInspection,
        reader: LogReader,
        proofs: Proofs,
        pause_seconds: float = _PAUSE_SECONDS,
        rest_seconds: float = _REST_SECONDS,
    ) -> None:
        """Asks nothing before `start`."""
        self._inspection = inspection
        self._reader = reader
        self._proofs = proofs
        self._pause_seconds = pause_seconds
        self._rest_seconds = rest_seconds
        self._before = 0
        self._found = 0
        self._unexplained: Sequence[Altered] = ()
        self._task: asyncio.Task[None] | None = None

    @property
    def altered(self) -> int:
        """Things that are not as they were signed."""
        return max(self._before, self._found) + len(self._unexplained)

    def start(self) -> None:
        """Begin; call in the loop."""
        self._task = asyncio.create_task(self._work(), name="inspector")

    async def close(self) -> None:
        """End at once."""
        await end(self._task)

    async def look(self, place: Place) -> Place | None:
        """One step from this place on; where the next one begins, None when all was seen.

        LogUnavailable when the store cannot be asked.
        """
        try:
            _, head = await self._proofs.checkpoint()
        except NotFound:
            return None
        await self._look_at_pruning()
        start, row = place
        # up to the end of a tile, wherever an earlier step met the end of a log that has grown since
        end = min(start - start % _STEP + _STEP, head.size)
        if start >= end and row is None:
            return None
        if start < end:
            self._tell(await self._inspection.altered(start, end))
            await self._prove(start)
        if row is not None:
            found, row = await self._inspection.invented(row, _STEP)
            self._tell(found)
        return Place(max(start, end), row)

    async def _look_at_pruning(self) -> None:
        """With each step, for it costs little: what is gone is not found by going on."""
        found = await self._inspection.pruned()
        for one in found:
            if one not in self._unexplained:
                log().error("log.record_altered", log_index=one.index, reason=one.what)
        self._unexplained = found

    async def _prove(self, index: int) -> None:
        """That the hashes of this tile, which were compared with the leaves, are those of the signed root."""
        entry = await self._reader.entry(index)
        if entry is None:
            return
        try:
            await self._proofs.inclusion(entry)
        except LogAltered as error:
            self._tell([Altered(index, error.detail)])

    def _tell(self, found: Sequence[Altered]) -> None:
        for one in found:
            self._found += 1
            if self._found <= _MOST_TOLD:
                log().error("log.record_altered", log_index=one.index, reason=one.what)

    async def _work(self) -> None:
        place: Place | None = _BEGINNING
        while True:
            try:
                place = await self.look(place or _BEGINNING)
            except GatewayError:
                pass  # the store is away, which others tell
            except Exception as error:  # noqa: BLE001 -- the task lives on
                log().error("log.inspection_failed", error=error)
            if place is None:
                self._before, self._found = self._found, 0
            await asyncio.sleep(self._rest_seconds if place is None else self._pause_seconds)
