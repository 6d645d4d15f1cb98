"""Opens the queue of corrections: a part of the composition root."""

import contextlib
from collections.abc import AsyncIterator

from gateway import registry
from gateway.audit.titles import Titles
from gateway.composition.composition import Composition
from gateway.composition.consents import CitizenStores
from gateway.corrections.former_files import settle_former_files
from gateway.corrections.service import Corrections
from gateway.domain.errors import CorrectionsUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.policy.counted import Rates, limits_of
from gateway.policy.rates import Whom
from gateway.ports.corrections import CorrectionRows
from gateway.prefill.admission import DecisionInputs
from gateway.telemetry import log as log_


@contextlib.asynccontextmanager
async def correcting(
    parts: Composition, recorder: Recorder, shelves: CitizenStores, access: DecisionInputs
) -> AsyncIterator[Corrections]:
    """The use case. What the release before left in files is removed."""
    gateway, state = parts.configuration.gateway, parts.state
    url, settings = gateway.log.url, gateway.corrections
    rows: CorrectionRows = registry.store(url, "open_corrections")(url, state)
    try:
        await settle_former_files(
            state / (settings.folder or "corrections"), rows, recorder.clock.now().timestamp()
        )
    except (CorrectionsUnavailable, OSError) as error:  # a store that is away is no reason not to start
        log_().error("corrections.files_left", error=error)
    rates: dict[Whom, str | None] = {"requester": settings.per_requester, "subject": settings.per_subject}
    corrections = Corrections(
        configuration=parts.configuration, catalogue=parts.catalogue, rows=rows,
        reader=shelves.reader, seals=shelves.seals, titles=Titles(parts.configuration, parts.catalogue, parts.root),
        rates=Rates(limits_of("corrections", rates), access.quotas, access.secret), recorder=recorder,
    )  # fmt: skip
    try:
        yield corrections
    finally:
        await rows.close()
