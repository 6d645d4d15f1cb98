"""Brings queued reports to the owners of databases, the oldest first; each delivery is a record."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.consents.sealing import Seals
from gateway.corrections.reports import DELIVERED, UNREADABLE, moment, opened
from gateway.domain.dates import rfc3339
from gateway.domain.errors import CorrectionsUnavailable, LogUnavailable
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.ports import Clock, ExchangeLog
from gateway.ports_corrections import CorrectionPost, CorrectionRow, CorrectionRows
from gateway.telemetry import log

_PAGE = 100
#: who opened one delivers it himself within so many seconds
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Delivers."""

    rows: CorrectionRows
    post: CorrectionPost
    seals: Seals
    log: ExchangeLog
    clock: Clock
    digest: str

    async def run(self, seconds: float) -> None:
        """Deliver again and again, until cancelled."""
        while True:
            try:
                await self.all()
            except (CorrectionsUnavailable, LogUnavailable) as error:
                log().warning("corrections.undelivered", error=error)
            await asyncio.sleep(seconds)

    async def all(self) -> int:
        """Deliver what is queued, the oldest first; how many went. What cannot be delivered now stays.

        What cannot be read any more, because the keys of its month were erased or somebody altered it, is set aside
        for good; keys that cannot be opened now may open later. CorrectionsUnavailable, LogUnavailable.
        """
        went, after = 0, 0
        before = self.clock.now().timestamp() - _FRESH_SECONDS
        while page := await self.rows.queued(after, _PAGE):
            for row in page:
                went += row.opened < before and await self._tried(row)
            after = page[-1].seq
        return went

    async def one(self, row: CorrectionRow, report: Mapping[str, Any]) -> CorrectionRow:
        """Deliver one; the row as it is then. OSError, LogUnavailable, CorrectionsUnavailable."""
        shown = {"id": row.id, "opened_at": rfc3339(moment(row.opened)), **report}
        await self.post.deliver(row.source, row.id, shown)
        now = self.clock.now()
        await self.log.append(ExchangeRecord(
            exchange=ExchangeId(report["opened_in"]), phase=Phase.DELIVERY, time=rfc3339(now), requester=row.requester,
            subjects={"subject": report["key"]}, result="correction_delivered", configuration=self.digest,
            notes={"correction": row.id, "source": row.source, "attribute": row.attribute},
        ))  # fmt: skip
        await self.rows.mark(row.id, DELIVERED, now.timestamp())
        return row._replace(state=DELIVERED, delivered=now.timestamp())

    async def _tried(self, row: CorrectionRow) -> bool:
        keys = await self.seals.of(row.period)
        if keys is None and not await self.seals.erased(row.period):
            log().error("corrections.keys_closed", code=row.source)
            return False
        report = opened(row, keys)
        if report is None:
            log().error("corrections.unreadable", code=row.source)
            await self.rows.mark(row.id, UNREADABLE, 0.0)
            return False
        try:
            await self.one(row, report)
        except OSError as error:
            log().warning("corrections.undelivered", code=row.source, error=error)
            return False
        return True
