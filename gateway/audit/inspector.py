"""Compares the stored log with the signed one, in rounds over the whole log.

The tree proves the leaves. But searches read their own tables, which no hash covers: a removed row hides a record
of the tree, and an added row shows a use that never happened. So these tables are compared with the leaves.
For missing records there must be a `pruning` record and archives.
This is an alarm for honest operators. An auditor who does not trust the operator exports the range and searches there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from gateway.audit.proofs import TreeProofs
from gateway.audit.tasks import end
from gateway.domain.errors import GatewayError, LogAltered, LogUnavailable, NotFound
from gateway.ports.exchange_log import NO_PLACE, NO_ROW, Altered, LogInspection, LogReader, SubjectRow
from gateway.telemetry import log

#: records per step (one tile), and rows of the search by person
_STEP = 256
_PAUSE_SECONDS = 1.0
#: pause between rounds
_REST_SECONDS = 60.0
#: indexes logged in one round; further ones are counted
_MOST_LOGGED = 20


#: gives months, as in "2026-11"
ReadUnreadable = Callable[[], Awaitable[Sequence[str]]]


async def _nothing() -> Sequence[str]:
    return ()


class InspectionPosition(NamedTuple):
    """The position of a round."""

    #: index of the next record
    start: int = 0
    #: the last checked row of the search by person; None after the last one
    row: SubjectRow | None = NO_ROW


_BEGINNING = InspectionPosition()


class Inspector:
    """Runs until it is closed; `altered` counts the findings of the last or the current round."""

    def __init__(
        self,
        inspection: LogInspection,
        reader: LogReader,
        proofs: TreeProofs,
        unreadable: ReadUnreadable = _nothing,
        pause_seconds: float = _PAUSE_SECONDS,
        rest_seconds: float = _REST_SECONDS,
    ) -> None:
        """`unreadable` returns the months whose keys the root key does not open."""
        self._inspection = inspection
        self._reader = reader
        self._proofs = proofs
        self._unreadable = unreadable
        self._pause_seconds = pause_seconds
        self._rest_seconds = rest_seconds
        self._before = 0
        self._found = 0
        self._whole: Sequence[Altered] = ()
        #: why the last step could not read the store; empty after a good step
        self._away = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def altered(self) -> int:
        """Number of findings: stored data that differs from the signed data."""
        return max(self._before, self._found) + len(self._whole)

    @property
    def state(self) -> str:
        """`altered`, `unavailable` while the store cannot be read, or `ready`."""
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
        """One step from this position; the position of the next step, None at the end of the round.

        Raises LogUnavailable if the store cannot be read. Unreadable data counts as altered.
        """
        size = await self._check_whole()
        start, row = place
        # to the end of a tile, also after a step that ended in the middle of one
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
            row = await self._check_people(row)
        return InspectionPosition(max(start, end), row)

    async def _check_whole(self) -> int:
        """Check the end of the log and the pruning mark, at each step: cheap. Returns the size of the log."""
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
        """Check that the hashes of this tile belong to the signed root."""
        entry = await self._reader.entry(index)
        if entry is not None:
            await self._proofs.inclusion(entry)
        return ()

    async def _check_people(self, row: SubjectRow) -> SubjectRow | None:
        """Check the next rows of the search by person; the round skips them if they are unreadable."""
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
            if self._found <= _MOST_LOGGED:
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
    """The findings of one check; an unreadable answer of the store is a finding.

    Raises LogUnavailable.
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
