"""What an exchange starts from: what was decided about the request, and what all exchanges share."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable, Refused, Throttled
from gateway.domain.evidence import Reason
from gateway.domain.exchange import ExchangeRecord, Phase, Receipt
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Official, Requester
from gateway.mapping.plan import Plan
from gateway.mapping.procedure import Procedure
from gateway.ports import Clock, ExchangeLog
from gateway.ports_policy import Consents
from gateway.prefill.counting import Counting
from gateway.prefill.gather import Gatherer
from gateway.prefill.ground import Ground
from gateway.prefill.intake import Taken
from gateway.prefill.passport import Issuer
from gateway.prefill.pending import PendingStore
from gateway.prefill.preview import Previews
from gateway.prefill.roles import Cast
from gateway.prefill.sealing import Sealer
from gateway.telemetry import Metrics

#: how long whether consents still hold may take
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was decided before the exchange began."""

    procedure: Procedure
    cast: Cast
    official: Official
    purpose: str
    ground: Ground
    plan: Plan
    #: queries of the first wave, when the citizen typed nothing yet
    first: tuple[int, ...]
    #: by query, as far as they do not depend on its answer
    passports: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What exchanges share."""

    gatherer: Gatherer
    log: ExchangeLog
    clock: Clock
    pending: PendingStore
    issuer: Issuer
    digest: str
    late_seconds: float
    metrics: Metrics
    counting: Counting
    #: None: answers are not signed here
    sealer: Sealer | None = None
    #: None: nothing is shown before a decision here
    previews: Previews | None = None
    #: None: nobody can tell which hold
    consents: Consents | None = None

    async def over(self, consents: Collection[str]) -> Mapping[str, Reason]:
        """Those of them that are not sure to hold, and why."""
        if not consents or self.consents is None:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self.consents.over(consents, self.clock.now())
        except TimeoutError:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)

    async def write(self, record: ExchangeRecord) -> Receipt:
        """Make a record durable. LogUnavailable when it cannot be kept."""
        began = time.perf_counter()
        try:
            receipt = await self.log.append(record)
        except LogUnavailable:
            self.metrics.append_failed()
            raise
        self.metrics.appended(1, time.perf_counter() - began)
        return receipt

    async def refuse(
        self, refusal: Refused | Throttled, taken: Taken, requester: Requester, exchange: ExchangeId
    ) -> None:
        """A refusal is a record too."""
        official = taken.official
        predicates = {"predicates": " ".join(taken.predicates)} if taken.predicates else {}
        record = ExchangeRecord(
            exchange=exchange, phase=Phase.REFUSAL, time=rfc3339(self.clock.now()), requester=requester.id,
            agency=official.agency, procedure=taken.procedure.code, dossier=taken.request.dossier or "",
            purpose=taken.purpose, subjects={role: one.key for role, one in taken.cast.subjects.items()},
            official=official.personal_id, on_duty=official.on_duty, rules=(refusal.rule,),
            result=refusal.problem_code, configuration=self.digest,
            notes={**predicates, **taken.request.proof},
        )  # fmt: skip
        await self.write(record)
