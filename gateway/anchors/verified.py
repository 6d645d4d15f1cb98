"""The row of an anchor that counts: the newest with a valid proof, verified at each reading.

A writer of the database can write rows. So a row counts only with a valid proof for the checkpoint of its size, of
about the row's time, and never of a future time. Without such a row, time counts from the first request: rows without
a proof do not reset it.
"""

from collections.abc import Callable

from gateway.anchors.states import AHEAD_SECONDS, stamp
from gateway.domain.anchoring import Anchored, AnchorFailed
from gateway.ports.anchors import Anchor, AnchorRows
from gateway.ports.exchange_log import LogTree
from gateway.telemetry import log

#: largest difference between a row's time and its proof's time: clocks differ, and answers take time
_APART_SECONDS = 360.0
#: rows that are checked if the newest one does not count
_MOST_ROWS = 64


class VerifiedAnchors:
    """Reads and verifies rows. Raises LogUnavailable."""

    def __init__(self, kept: AnchorRows, tree: LogTree, now: Callable[[], float]) -> None:
        """`now` returns POSIX seconds."""
        self._kept = kept
        self._tree = tree
        self._now = now
        #: the newest row of each anchor at the last reading
        self._seen: dict[str, Anchored | None] = {}

    async def newest(self, anchor: Anchor, last: Anchored | None) -> Anchored | None:
        """The row that counts; `last` is the one that counted before."""
        row = await self._kept.last(anchor.kind, anchor.name)
        held = last is not None and not self._is_ahead(last)
        if row is None or (held and row in (last, self._seen.get(anchor.name))):
            return last
        known = row == self._seen.get(anchor.name)
        self._seen[anchor.name] = row
        fault = await self.fault(anchor, row) if row.token else "empty"
        if not fault:
            return row
        if row.token and not known:
            log().error("anchor.row_ignored", anchor=anchor.name, reason=fault)
        return await self._older(anchor) or (
            last if held and last and last.token else await self._wish(anchor)
        )

    async def fault(self, anchor: Anchor, row: Anchored) -> str:
        """Why a row does not count, as a word; empty if it does."""
        try:
            seconds = row.seconds
            if self._is_ahead(row):
                return "future"
            note = await self._tree.checkpoint(row.size) if row.size else ""
            proven = anchor.proven(note, row.token) if note else None
        except ValueError:
            return "invalid"
        except AnchorFailed as error:
            return error.reason
        if not note:
            return "no_checkpoint"
        return "stale" if proven is not None and abs(proven - seconds) > _APART_SECONDS else ""

    async def _older(self, anchor: Anchor) -> Anchored | None:
        for row in await self._kept.proofs(anchor.kind, anchor.name, self._until(), _MOST_ROWS):
            if not await self.fault(anchor, row):
                return row
        return None

    async def _wish(self, anchor: Anchor) -> Anchored | None:
        row = await self._kept.wish(anchor.kind, anchor.name, self._until())
        try:
            return row if row is not None and not self._is_ahead(row) else None
        except ValueError:
            return None

    def _until(self) -> str:
        return stamp(self._now() + AHEAD_SECONDS)

    def _is_ahead(self, row: Anchored) -> bool:
        return row.seconds > self._now() + AHEAD_SECONDS
