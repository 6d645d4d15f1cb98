"""Lets requests in or refuses them: facts are gathered, the policy decides, uses are counted, refusals recorded.

Everything here happens before any source is asked.
"""

import asyncio
from typing import NamedTuple, Protocol

from gateway.domain.access import ValidConsent
from gateway.domain.dates import legal_day
from gateway.domain.errors import ConsentsUnavailable, Refused, Throttled
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.policy.asked import Asked, Denial, asked_at
from gateway.policy.decide import QUOTA, Decision
from gateway.policy.dossiers import age
from gateway.policy.grants import Grant
from gateway.policy.rates import Exceeded, longest, soonest, told
from gateway.ports import LogReader
from gateway.ports_consents import Decisions, KeptCopies
from gateway.ports_policy import Consents, Dossiers, Quotas
from gateway.prefill.counting import UNUSUAL, Made, over
from gateway.prefill.ground import Ground
from gateway.prefill.intake import Taken
from gateway.prefill.prepared import Tools
from gateway.prefill.relations import persons, relations

#: the key of no person
_SOMEBODY = "*"
#: consents are looked up for so long, however little time the caller has: less says nothing about their store
_PATIENCE_SECONDS = 0.5


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
    #: whether one was recorded; there where `decisions` is
    reader: LogReader | None = None


class Admission:
    """Decides over each request, and remembers nothing of it but counts."""

    def __init__(self, policy: Decides, access: Access, tools: Tools) -> None:
        """Nothing is counted yet."""
        self._policy = policy
        self._access = access
        self._tools = tools

    async def decide(self, taken: Taken, requester: Requester) -> tuple[Decision, Decision]:
        """The decision, and that about somebody who is found on the way; without any consequence."""
        asked = await self._asked(taken, requester)
        found = asked._replace(persons=asked.persons | {_SOMEBODY})
        return self._policy.decide(asked), self._policy.decide(found)

    async def admit(
        self, taken: Taken, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> Ground:
        """The grant, and what must go on to hold. Refused by a rule, or Throttled: a record by then.

        LogUnavailable, ConsentsUnavailable: nobody can tell, or not by the `deadline` (loop time).
        """
        asked = await self._asked(taken, requester, deadline)
        made = Made(taken, requester, exchange, taken.request.account)
        decision = self._policy.decide(asked)
        grant = decision.grant
        if grant is None:
            assert decision.denial is not None
            raise await self._refused(decision.denial, taken, made)
        asked, grant = await self._count(asked, grant, taken, made)
        return Ground(grant, asked, self._policy.decide, self._tools.counting.met)

    async def _asked(self, taken: Taken, requester: Requester, deadline: float | None = None) -> Asked:
        request, now = taken.request, self._tools.clock.now()
        dossiers, dossier = self._access.dossiers, request.dossier or ""
        return Asked(
            requester=requester.id, scopes=requester.scopes, procedure=taken.procedure.code, purpose=taken.purpose,
            now=asked_at(now), agency=taken.official.agency, named=not taken.official.on_duty,
            relations=relations(taken.procedure, taken.cast), mandate=request.mandate or "", dossier=dossier,
            age=age(dossier, legal_day(now)),
            alive=await dossiers.alive(dossier) if dossiers is not None and dossier else None,
            signed=bool(request.proof), predicates=taken.predicates, persons=persons(taken.cast),
            consent=await self._consent(taken, requester, deadline),
        )  # fmt: skip

    async def _consent(
        self, taken: Taken, requester: Requester, deadline: float | None
    ) -> ValidConsent | None:
        wanted, consents = taken.request.consent, self._access.consents
        own = taken.cast.subjects.get(taken.procedure.signs_in)
        if wanted is None or consents is None or own is None:
            return None
        now = self._tools.clock.now()
        at_least = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        try:
            async with asyncio.timeout_at(None if deadline is None else max(deadline, at_least)):
                return await consents.valid(wanted, requester.id, own.key, taken.purpose, now)
        except TimeoutError:
            raise ConsentsUnavailable("whether it holds could not be looked up in time") from None

    async def _refused(self, denial: Denial, taken: Taken, made: Made) -> Refused:
        refusal = Refused(denial.rule, denial.detail, code=denial.code)
        await self._tools.refuse(refusal, taken, made.requester, made.exchange)
        await self._tools.counting.refused(self._tools, made)
        return refusal

    async def _count(self, asked: Asked, grant: Grant, taken: Taken, made: Made) -> tuple[Asked, Grant]:
        """Count this use: what is left of the grant without agreements whose quota is spent. Throttled: nothing."""
        counts = await self._tools.counting.admitted(grant.limits, made)
        if unusual := longest(over([one for one in counts if one.limit not in grant.limits])):
            refusal = await self._throttled(unusual, UNUSUAL, taken, made)
            await self._tools.counting.tell(self._tools, made, counts)
            raise refusal
        spent = over(counts)
        if not spent:
            return asked, grant
        asked = asked._replace(spent=frozenset(one.limit.rule for one in spent))
        left = self._policy.decide(asked).grant
        if left is None:
            raise await self._throttled(soonest(spent), QUOTA, taken, made)
        return asked, left

    async def _throttled(self, exceeded: Exceeded, code: str, taken: Taken, made: Made) -> Throttled:
        one = exceeded.limit
        refusal = Throttled(one.rule, told(one), code=code, retry_after=exceeded.retry_after)
        await self._tools.refuse(refusal, taken, made.requester, made.exchange)
        return refusal
