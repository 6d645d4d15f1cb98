"""Admits or refuses requests: gathers facts, applies the policy, counts uses, records refusals.

This happens before any source is asked.
"""

import asyncio
from typing import NamedTuple, Protocol

from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.access import ValidConsent
from gateway.domain.dates import legal_day
from gateway.domain.errors import ConsentsUnavailable, Refused, Throttled
from gateway.domain.evidence import NOTHING, Withheld
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.domain.reasons import Reason, RefusalReason
from gateway.exchange_log.recorder import Recorder
from gateway.policy.asked import Denial, PolicyRequest, asked_at
from gateway.policy.decide import Decision
from gateway.policy.dossiers import age
from gateway.policy.grants import Grant
from gateway.policy.grounds import ground
from gateway.policy.rates import Exceeded, Limit, in_words, longest, soonest
from gateway.ports.consents import Decisions, KeptCopies
from gateway.ports.exchange_log import LogReader
from gateway.ports.policy import Consents, Dossiers, Quotas
from gateway.prefill.allowed import Allowed, Unrepresented
from gateway.prefill.case import Case, covered, within_reach
from gateway.prefill.counting import Count, Counting, exceeded_limits

#: time for the look-up of consents, even when the caller's deadline is shorter: a shorter time-out proves no outage
_PATIENCE_SECONDS = 0.5


class DecisionPolicy(Protocol):
    """Decides over forms, or over predicates."""

    def decide(self, asked: PolicyRequest) -> Decision:
        """The decision over one request."""
        ...


class DecisionInputs(NamedTuple):
    """Inputs of a decision that are not in the configuration. None: they are unknown, and nothing is allowed."""

    quotas: Quotas
    #: key of the digests under which people are counted
    secret: bytes
    #: key that encrypts previews
    preview_secret: bytes
    consents: Consents | None = None
    dossiers: Dossiers | None = None
    #: own data that people let be kept; None: nothing is kept here
    own: KeptCopies | None = None
    #: the decisions about previews; None: no decisions are taken here
    decisions: Decisions | None = None
    #: reads recorded decisions; set when `decisions` is set
    reader: LogReader | None = None


class Admission:
    """Decides over each request. Keeps counts, and no request."""

    def __init__(
        self, policy: DecisionPolicy, access: DecisionInputs, recorder: Recorder, counting: Counting,
        configuration: Configuration,
    ) -> None:  # fmt: skip
        """No use is counted yet. `configuration` has the legal grounds of refusals."""
        self._policy = policy
        self._access = access
        self._recorder = recorder
        self._counting = counting
        self._configuration = configuration

    async def admit(
        self, case: Case, requester: Requester, exchange: ExchangeId, deadline: float, service: str = "", *,
        drops_unrepresented: bool = False,
    ) -> Allowed:  # fmt: skip
        """The grant and its conditions. Raises Refused or Throttled, both recorded first.

        `service`: the only data service that is asked; agreements that do not name it are not counted.
        `drops_unrepresented`: an optional person for whom nobody acts refuses what is asked about that person
        alone.
        Raises LogUnavailable, ConsentsUnavailable when a fact is unknown, or not known by the `deadline` (loop time).
        """
        unrepresented, is_limited = None, case.acting is not None or case.request.login is not None
        while True:
            asked = await self.asked(case, requester, deadline)
            denial = case.impossible(asked.now.date()) if is_limited else None
            decision = self._policy.decide(asked) if denial is None else Decision(None, denial)
            grant = decision.grant
            if grant is not None:
                break
            assert decision.denial is not None
            rest = drops_unrepresented and self.without_unrepresented(case, asked, decision.denial)
            if not rest:
                raise await self.refused(decision.denial, case, requester, exchange)
            case, unrepresented = rest  # nobody in it is left whom `within_reach` finds: it ends
        is_alive = asked.alive is True and asked.forwarded
        limits = self._limits_about(service, grant) if service else grant.limits
        if beyond := await self._counting.admitted(limits, case, requester, is_dossier_alive=is_alive):
            asked, grant = await self._without_spent(beyond, asked, grant, case, requester, exchange, service)
        return Allowed(grant, asked, self._policy.decide, self._counting.met, unrepresented)

    def without_unrepresented(
        self, case: Case, asked: PolicyRequest, denial: Denial
    ) -> tuple[Case, Unrepresented] | None:
        """What may be decided without the optional people whom a denial is about; None: it is about others as well."""
        if denial.code is RefusalReason.NUMBER_MISSING:  # it may be the number of such a person
            denial = self._policy.decide(asked._replace(is_unnumbered=False)).denial or denial
        found = within_reach(case) if denial.code is RefusalReason.REPRESENTATION_MISSING else None
        if found is None:
            return None
        decided, roles = found
        return decided, Unrepresented(roles, Withheld(Reason.REPRESENTATION_MISSING, denial.rule))

    def _limits_about(self, service: str, grant: Grant) -> list[Limit]:
        """The quotas of the agreements that name the data service."""
        agreements = self._configuration.agreements
        about = {name for name, agreement in agreements.items() if service in agreement.services}
        return [one for one in grant.limits if one.rule.split(":")[1] in about]

    async def asked(self, case: Case, requester: Requester, deadline: float | None = None) -> PolicyRequest:
        """The facts of the request for a decision. Counts and records nothing."""
        request, now = case.request, self._recorder.clock.now()
        dossiers, dossier = self._access.dossiers, request.dossier or ""
        local = asked_at(now)
        known = None
        if dossiers is not None and dossier:
            known = await dossiers.known(dossier, requester.id, case.persons)
        return PolicyRequest(
            requester=requester.id, scopes=requester.scopes, procedure=case.procedure.code, purpose=case.purpose,
            now=local, agency=case.official.agency, named=not case.official.on_duty,
            relations=case.relations, account=case.account if case.signed_in else NOTHING,
            acting="" if case.acting is None else case.acting.kind,
            is_covered=case.acting is not None and covered(case, case.acting),
            mandate=request.mandate or "", dossier=dossier,
            age=age(dossier, legal_day(now)) if dossier else None,
            alive=None if known is None else known.is_open, forwarded=known is not None and known.is_forwarded,
            signed=bool(request.proof), predicates=case.predicates, persons=case.persons,
            is_unnumbered=case.is_unnumbered,
            own_purpose="" if case.predicates else case.procedure.purpose,
            consent=None if request.consent is None else await self._consent(case, requester, deadline),
        )  # fmt: skip

    async def _consent(self, case: Case, requester: Requester, deadline: float | None) -> ValidConsent | None:
        wanted, consents = case.request.consent, self._access.consents
        own = case.cast.keys.get(case.procedure.signs_in)
        if wanted is None or consents is None or own is None:
            return None
        now = self._recorder.clock.now()
        at_least = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        try:
            async with asyncio.timeout_at(None if deadline is None else max(deadline, at_least)):
                return await consents.valid(wanted, requester.id, own, case.purpose, now)
        except TimeoutError:
            raise ConsentsUnavailable(say.CONSENT_LATE) from None

    async def counted(self, case: Case, requester: Requester, exchange: ExchangeId) -> None:
        """Count a request that no agreement grants one by one. Raises Throttled (recorded)."""
        beyond = await self._counting.admitted((), case, requester, is_dossier_alive=False)
        if worst := longest(exceeded_limits(beyond)):
            refusal = await self._throttled(worst, RefusalReason.UNUSUAL_VOLUME, case, requester, exchange)
            await self._counting.alert(beyond, case, requester, exchange)
            raise refusal

    async def _without_spent(
        self, beyond: list[Count], asked: PolicyRequest, grant: Grant, case: Case, requester: Requester,
        exchange: ExchangeId, service: str,
    ) -> tuple[PolicyRequest, Grant]:  # fmt: skip
        """The grant without agreements whose quota is spent. Raises Throttled when none is left or use is unusual."""
        unusual = [one for one in beyond if one.limit not in grant.limits]
        if worst := longest(exceeded_limits(unusual)):
            refusal = await self._throttled(worst, RefusalReason.UNUSUAL_VOLUME, case, requester, exchange)
            await self._counting.alert(unusual, case, requester, exchange)
            raise refusal
        exceeded = exceeded_limits(beyond)
        asked = asked._replace(spent=frozenset(one.limit.rule for one in exceeded))
        left = self._policy.decide(asked).grant
        if left is None or (service and exceeded and service not in left.services):
            raise await self._throttled(
                soonest(exceeded), RefusalReason.QUOTA_EXCEEDED, case, requester, exchange
            )
        return asked, left

    async def refused(
        self, denial: Denial, case: Case, requester: Requester, exchange: ExchangeId
    ) -> Refused:
        """The refusal to raise, recorded and counted."""
        refusal = Refused(denial.rule, denial.sentence, code=denial.code)
        await self._record(refusal, case, requester, exchange)
        await self._counting.refused(case, requester, exchange)
        return refusal

    async def _throttled(
        self, exceeded: Exceeded, code: RefusalReason, case: Case, requester: Requester, exchange: ExchangeId
    ) -> Throttled:
        one = exceeded.limit
        refusal = Throttled(one.rule, in_words(one), code=code, retry_after=exceeded.retry_after)
        await self._record(refusal, case, requester, exchange)
        return refusal

    async def _record(
        self, refusal: Refused | Throttled, case: Case, requester: Requester, exchange: ExchangeId
    ) -> None:
        predicates = {"predicates": " ".join(case.predicates)} if case.predicates else {}
        legal_basis = ground(self._configuration, refusal.rule, refusal.problem_code)
        await self._recorder.write(
            case.header(exchange, requester, legal_basis, case.keys),
            Phase.REFUSAL,
            refusal.problem_code,
            rules=(refusal.rule,),
            notes={**predicates, **case.who_asks, **case.proof_of_login, **case.request.proof},
        )
