"""Opens the queue of corrections, and delivers what waits in it: a part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from gateway import registry
from gateway.audit.titles import Titles
from gateway.auditing import Audited
from gateway.consenting import Shelves
from gateway.corrections.delivery import Delivery
from gateway.corrections.service import Corrections
from gateway.policy.rates import Whom
from gateway.ports import Clock, ExchangeLog
from gateway.ports_corrections import CorrectionRows
from gateway.prefill.admission import Access
from gateway.prefill.rates import Rates, limits_of


@contextlib.asynccontextmanager
async def correcting(
    parts: Audited, log: ExchangeLog, clock: Clock, shelves: Shelves, access: Access
) -> AsyncIterator[Corrections]:
    """The use case, and a task that tries again what could not be delivered."""
    gateway, state = parts.configuration.gateway, parts.state
    url, settings = gateway.log.url, gateway.corrections
    rows: CorrectionRows = registry.store(url, "open_corrections")(url, state)
    delivery = Delivery(
        rows=rows, post=registry.correction_post(state / (settings.folder or "corrections")), seals=shelves.seals,
        log=log, clock=clock, digest=parts.in_force.digest,
    )  # fmt: skip
    rates: dict[Whom, str | None] = {"requester": settings.per_requester, "subject": settings.per_subject}
    corrections = Corrections(
        configuration=parts.configuration, catalogue=parts.catalogue, rows=rows, delivery=delivery,
        reader=shelves.reader, seals=shelves.seals, titles=Titles(parts.configuration, parts.catalogue, parts.root),
        rates=Rates(limits_of("corrections", rates), access.quotas, access.secret), log=log, clock=clock,
        digest=parts.in_force.digest,
    )  # fmt: skip
    task = asyncio.create_task(delivery.run(settings.retry_seconds), name="corrections")
    try:
        yield corrections
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await rows.close()
