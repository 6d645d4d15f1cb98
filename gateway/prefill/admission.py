"""Lets requests in or refuses them: facts are gathered, the policy decides, uses are counted, refusals recorded.

Everything here happens before any source is asked.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from gateway.domain.access import ValidConsent
from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.errors import Refused, Throttled
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.policy.asked import Asked, Denial, asked_at
from gateway.policy.decide import Decision
from gateway.policy.dossiers import age
from gateway.policy.grants import Grant
from gateway.policy.rates import Exceeded, Limit, exceeded, limit, uses
from gateway.ports_consents import Decisions, KeptCopies
from gateway.ports_policy import Consents, Counted, Dossiers, Quotas
from gateway.prefill.ground import Ground
from gateway.prefill.intake import Taken
from gateway.prefill.prepared import Tools
from gateway.prefill.relations import persons, relations
from gateway.settings import PolicySettings
from gateway.telemetry import log

_UNUSUAL = "unusual_volume"


class Decides(Protocol):
    """Who decides: over forms, or over questions."""

    def decide(self, asked: Asked) -> Decision:
        """The decision over one request."""
        ...


class Access(NamedTuple):
    """What a decision rests on and the configuration does not hold; None: nobody can tell, which allows nothing."""

    quotas: Quotas
    #: key of the digests under which people are counted
    secret: bytes
    #: key under which what is shown before a decision is kept
    preview_secret: bytes
    consents: Consents | None = None
    dossiers: Dossiers | None = None
    #: what people let be kept; None: nothing is kept here
    own: KeptCopies | None = None
    #: which decisions were taken; None: none is taken here
    decisions: Decisions | None = None


class Admission:
    """Decides over each request, and remembers nothing of it but counts."""

    def __init__(self, policy: Decides, settings: PolicySettings, access: Access, tools: Tools) -> None:
        """`settings` say what is unusual."""
        self._policy = policy
        self._access = access
        self._tools = tools
        refusals, exchanges = settings.refusals, settings.exchanges
        self._refusals = [limit("unusual:refusals", "official", refusals)] if refusals else []
        self._exchanges = [limit("unusual:exchanges", "official", exchanges)] if exchanges else []

    async def decide(self, taken: Taken, requester: Requester) -> Decision:
        """The decision, without any consequence."""
        return self._policy.decide(await self._asked(taken, requester))

    async def admit(self, taken: Taken, requester: Requester, exchange: ExchangeId) -> Ground:
        """The grant, and what must go on to hold. Refused by a rule, or Throttled: a record by then. LogUnavailable."""
        asked = await self._asked(taken, requester)
        decision = self._policy.decide(asked)
        grant = decision.grant
        if grant is None:
            assert decision.denial is not None
            raise await self._refused(decision.denial, taken, requester, exchange)
        if grant.limits or self._exchanges:
            await self._count(grant, taken, requester, exchange)
        return Ground(grant, asked, self._policy.decide, self._count_found)

    async def _count_found(self, grant: Grant, person: str) -> Exceeded | None:
        """Count somebody who was found on the way, where subjects are counted; what he is one too many for."""
        limits = [one for one in grant.limits if one.whom == "subject"]
        found = uses(limits, [[person]] * len(limits), self._access.secret)
        counts = await self._access.quotas.use([use for _, use in found]) if found else ()
        return exceeded(limits, counts)

    async def _asked(self, taken: Taken, requester: Requester) -> Asked:
        request, now = taken.request, self._tools.clock.now()
        dossiers, dossier = self._access.dossiers, request.dossier or ""
        return Asked(
            requester=requester.id, scopes=requester.scopes, procedure=taken.procedure.code, purpose=taken.purpose,
            now=asked_at(now), agency=taken.official.agency, named=not taken.official.on_duty,
            relations=relations(taken.procedure, taken.cast), mandate=request.mandate or "", dossier=dossier,
            age=age(dossier, legal_day(now)),
            alive=await dossiers.alive(dossier) if dossiers is not None and dossier else None,
            signed=bool(request.proof), predicates=taken.predicates, persons=persons(taken.cast),
            consent=await self._consent(taken, requester),
        )  # fmt: skip

    async def _consent(self, taken: Taken, requester: Requester) -> ValidConsent | None:
        wanted, consents = taken.request.consent, self._access.consents
        own = taken.cast.subjects.get(taken.procedure.signs_in)
        if wanted is None or consents is None or own is None:
            return None
        now = self._tools.clock.now()
        return await consents.valid(wanted, requester.id, own.key, taken.purpose, now)

    async def _refused(
        self, denial: Denial, taken: Taken, requester: Requester, exchange: ExchangeId
    ) -> Refused:
        refusal = Refused(denial.rule, denial.detail, code=denial.code)
        await self._tools.refuse(refusal, taken, requester, exchange)
        for one, counted in await self._used(self._refusals, taken, requester):
            await self._tell(one, counted, taken, requester, exchange)
        return refusal

    async def _count(self, grant: Grant, taken: Taken, requester: Requester, exchange: ExchangeId) -> None:
        """Count this use; Throttled when it is one too many."""
        counted = await self._used([*grant.limits, *self._exchanges], taken, requester)
        over = exceeded([one for one, _ in counted], [count for _, count in counted])
        if over is None:
            return
        unusual = over.limit in self._exchanges
        what = f"at most {over.limit.most} in {over.limit.seconds} seconds by {over.limit.whom}"
        code = _UNUSUAL if unusual else "quota_exceeded"
        refusal = Throttled(over.limit.rule, what, code=code, retry_after=over.retry_after)
        await self._tools.refuse(refusal, taken, requester, exchange)
        for one, count in counted:
            if one in self._exchanges:
                await self._tell(one, count, taken, requester, exchange)
        raise refusal

    async def _used(
        self, limits: Sequence[Limit], taken: Taken, requester: Requester
    ) -> list[tuple[Limit, Counted]]:
        found = uses(limits, [list(_who(one, taken, requester)) for one in limits], self._access.secret)
        counts = await self._access.quotas.use([use for _, use in found]) if found else ()
        return [(one, counted) for (one, _), counted in zip(found, counts, strict=True)]

    async def _tell(
        self, one: Limit, counted: Counted, taken: Taken, requester: Requester, exchange: ExchangeId
    ) -> None:
        """One alert in each window: a record beside that of the request which was one too many."""
        if counted.times != one.most + 1:
            return
        official = taken.official
        await self._tools.write(ExchangeRecord(
            exchange=exchange, phase=Phase.REFUSAL, time=rfc3339(self._tools.clock.now()), requester=requester.id,
            agency=official.agency, procedure=taken.procedure.code, purpose=taken.purpose,
            subjects={}, official=official.personal_id, on_duty=official.on_duty, rules=(one.rule,), result=_UNUSUAL,
            configuration=self._tools.digest,
            notes={"alert": True, "count": counted.times, "seconds": one.seconds},
        ))  # fmt: skip
        self._tools.metrics.alarm(one.rule.replace(":", "_"))
        log().error(
            "policy.unusual", exchange_id=exchange, requester=requester.id, agency=official.agency,
            rule_id=one.rule, count=counted.times, seconds=one.seconds,
        )  # fmt: skip


def _who(one: Limit, taken: Taken, requester: Requester) -> Iterator[str]:
    """Whom a limit counts. On duty nobody is one official: citizens who fill their own forms share him."""
    match one.whom:
        case "requester":
            yield requester.id
        case "official":
            if not taken.official.on_duty or one.rule == "unusual:refusals":
                yield f"{requester.id}\x1f{taken.official.personal_id}"
        case "subject":
            yield from sorted(persons(taken.cast))
