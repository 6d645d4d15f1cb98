"""Opens the queue of corrections. Part of the composition root."""

from gateway.audit.titles import Titles
from gateway.composition.composition import Composition
from gateway.consents.sealing import PersonKeys
from gateway.corrections.former_files import settle_former_files
from gateway.corrections.reports import QUEUED, RECEIVED, TAKEN
from gateway.corrections.service import Corrections
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import CorrectionsUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.policy.counted import Rates, limits_of
from gateway.policy.rates import Whom
from gateway.ports.relay import DeliveryRow
from gateway.ports.stores import Stores
from gateway.prefill.admission import DecisionInputs
from gateway.relay.reports import CorrectionReports
from gateway.relay.service import DossierRelay
from gateway.telemetry import log as log_


async def correcting(
    parts: Composition,
    recorder: Recorder,
    stores: Stores,
    person_keys: PersonKeys,
    access: DecisionInputs,
    relay: DossierRelay,
) -> Corrections:
    """The use case. Files of the last release are removed."""
    settings, rows = parts.configuration.gateway.corrections, stores.corrections
    try:
        await settle_former_files(
            parts.state / (settings.folder or "corrections"), rows, recorder.clock.now().timestamp()
        )
    except (CorrectionsUnavailable, OSError) as error:  # an unavailable store does not stop the start
        log_().error("corrections.files_left", error=error)

    async def received(row: DeliveryRow, at: float) -> None:
        await rows.move(row.code, (QUEUED, TAKEN), RECEIVED, at)

    relay.outbox.confirmed[MessageKind.CORRECTION] = received
    rates: dict[Whom, str | None] = {"requester": settings.per_requester, "subject": settings.per_subject}
    return Corrections(
        configuration=parts.configuration, catalogue=parts.catalogue, rows=rows,
        reader=stores.reader, person_keys=person_keys, titles=Titles(parts.configuration, parts.catalogue, parts.root),
        rates=Rates(limits_of("corrections", rates), access.quotas, access.secret), recorder=recorder,
        outlet=CorrectionReports(configuration=parts.configuration, rows=relay.rows, clock=recorder.clock).work,
    )  # fmt: skip
