"""Opens the queue of corrections, and delivers what waits in it: a part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from gateway import registry
from gateway.audit.people import People
from gateway.audit.titles import Titles
from gateway.auditing import Audited
from gateway.corrections.service import Corrections
from gateway.domain.identifiers import new_exchange_id
from gateway.log_keys import root_keys
from gateway.ports import Clock, ExchangeLog, LogKeeping
from gateway.ports_corrections import CorrectionRows


@contextlib.asynccontextmanager
async def correcting(parts: Audited, log: ExchangeLog, clock: Clock) -> AsyncIterator[Corrections]:
    """The use case, and a task that tries again what could not be delivered."""
    gateway, state = parts.configuration.gateway, parts.state
    url, settings = gateway.log.url, gateway.corrections
    rows: CorrectionRows = registry.store(url, "open_corrections")(url, state)
    keeping: LogKeeping = registry.store(url, "open_keeping")(url, state)
    corrections = Corrections(
        configuration=parts.configuration, catalogue=parts.catalogue, rows=rows,
        post=registry.correction_post(state / (settings.folder or "corrections")),
        people=People(root_keys(gateway.log, state), keeping),
        titles=Titles(parts.configuration, parts.catalogue, parts.root), log=log, clock=clock, new_id=new_exchange_id,
        digest=parts.in_force.digest,
    )  # fmt: skip
    task = asyncio.create_task(corrections.run(settings.retry_seconds), name="corrections")
    try:
        yield corrections
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await rows.close()
        await keeping.close()
