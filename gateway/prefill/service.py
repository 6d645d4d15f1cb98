"""The use case: one procedure and its people in, a filled form with passports out.

parse → admit → plan → promise → ask → fill → account → answer

No record, no release: the intent is durable before any source is asked, the outcome before the answer leaves.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import orjson

from gateway.config.configuration import Configuration
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.answer import PrefillAnswer
from gateway.mapping.apply import fill
from gateway.mapping.load import Catalogue
from gateway.mapping.plan import Plan
from gateway.policy.asked import Denial
from gateway.policy.decide import Policy
from gateway.policy.predicates import PredicatePolicy
from gateway.ports.cache import Cache
from gateway.prefill.admission import Admission, DecisionInputs
from gateway.prefill.allowed import Allowed
from gateway.prefill.answers import closed, content, read_back
from gateway.prefill.asking import Asking
from gateway.prefill.case import Case, Cases
from gateway.prefill.consent_checks import ConsentChecks
from gateway.prefill.counting import Counting
from gateway.prefill.exchange import Exchange
from gateway.prefill.explain import Explainer
from gateway.prefill.gather import Gatherer
from gateway.prefill.late import LateWork
from gateway.prefill.pending import PendingStore
from gateway.prefill.plans import Plans
from gateway.prefill.preview import CitizenDecision, Previews
from gateway.prefill.proving import Proving, proven_by_login
from gateway.prefill.questions import Begin, QuestionRequest, Questions
from gateway.prefill.records import Records, outcome_notes, promised_notes
from gateway.prefill.release import Releases
from gateway.prefill.request import PrefillRequest
from gateway.prefill.resume import Resuming
from gateway.prefill.sealing import Sealer


class PrefillSteps(NamedTuple):
    """The steps of a prefill, for use cases that decide and ask in the same way (gateway.papers)."""

    cases: Cases
    admission: Admission
    #: the case with the proof of its representation; raises Refused (recorded)
    represented: Callable[[Case, Requester, ExchangeId, float], Awaitable[Case]]
    plans: Plans
    begin: Begin
    records: Records
    asking: Asking
    consents: ConsentChecks
    counting: Counting


class Prefill:
    """Fills forms. Keeps only plans, calls in flight and valid answers, and no request."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, gatherer: Gatherer, recorder: Recorder,
        cache: Cache, access: DecisionInputs, sealer: Sealer | None = None,
    ) -> None:  # fmt: skip
        """`sealer` None: answers are not signed here."""
        settings, clock = configuration.gateway, recorder.clock
        self._clock, self._sealer = clock, sealer
        self.gatherer = gatherer
        self._late_seconds = settings.prefill.late_ms / 1000
        self._consents = ConsentChecks(access.consents, clock)
        self._pending = PendingStore(cache, settings.prefill.pending_seconds, access.preview_secret, clock)
        self._releases = Releases(recorder, self._consents, self._pending, sealer)
        self._previews = Previews(
            self._pending, access, settings.prefill.pending_seconds, catalogue, recorder, self._releases
        )
        self._counting = Counting(settings.policy, access.quotas, access.secret, recorder)
        self._cases = Cases(configuration, catalogue, clock)
        policy = Policy(configuration)
        self._admission = Admission(policy, access, recorder, self._counting, configuration)
        self._plans = Plans(configuration, catalogue)
        self._records = Records(recorder)
        self._asking = Asking(gatherer, self._consents, self._records)
        self._late = LateWork(self._pending, self._records, self.answer, self._releases.retained)
        self._resuming = Resuming(self._pending, self._releases, self._previews, self._late.follows)
        yes_or_no = PredicatePolicy(configuration, catalogue.rests())
        self._questions = Questions(
            catalogue, self._cases, Admission(yes_or_no, access, recorder, self._counting, configuration),
            self._plans, self._asking, self._records, self._consents, self._counting, self._begin,
        )  # fmt: skip
        self._proving = Proving(configuration, catalogue, gatherer, recorder)
        self._explainer = Explainer(
            self._cases, self._admission, policy, self._plans, self._counting, recorder
        )

    @property
    def steps(self) -> PrefillSteps:
        """Its steps, for another use case."""
        return PrefillSteps(
            self._cases, self._admission, self._represented, self._plans, self._begin, self._records, self._asking,
            self._consents, self._counting,
        )  # fmt: skip

    async def fill(
        self, request: PrefillRequest, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> bytes:
        """The answer of the HTTP contract. `deadline` is loop time; `resume` returns what is late.

        Raises NotFound (procedure), Unprocessable (roles, fields, official), Refused, Throttled, LogUnavailable,
        PendingUnavailable (a preview that cannot be kept: no source is asked).
        """
        case = self._cases.of(request, requester)  # parse
        allowed = await self._admission.admit(
            case, requester, exchange_id, deadline, drops_unrepresented=True
        )  # admit
        if case.acting is not None:
            case = await self._represented(case, requester, exchange_id, deadline)  # prove
        plan = self._plans.plan(case, allowed.grant)  # plan
        exchange = self._begin(exchange_id, requester, case, allowed, plan)
        if request.preview:
            await self._previews.open(exchange_id, requester)
        try:
            await self._records.write(exchange, Phase.INTENT, **promised_notes(case))  # promise
            if await self._asking.ask(exchange, deadline):  # ask
                return await self.answer(exchange)  # fill, account, answer
            token = await self._late.open(exchange)
            answer = await self.answer(exchange, token, cut=token is None)
        except BaseException as stopped:
            if exchange.asked or not isinstance(stopped, LogUnavailable):
                self._late.abandon(exchange)
            raise
        if token is None:
            self._late.abandon(exchange)
        else:
            self._late.follow(exchange, token, answer)
        return answer

    async def _represented(
        self, case: Case, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> Case:
        """The case with the proof of representation. Raises Refused (recorded) when nothing proves it."""
        proof = proven_by_login(case, self._clock.now().timestamp())
        if proof is None:
            found = await self._proving.prove(case, requester, exchange_id, deadline)
            if isinstance(found, Denial):
                raise await self._admission.refused(found, case, requester, exchange_id)
            proof = found
        return case._replace(proof=proof)

    async def answer(self, exchange: Exchange, pending: str | None = None, *, cut: bool = False) -> bytes:
        """Fill the form with the answers so far, record the outcome, and return the answer.

        While something is `pending`, or when the asking failed (`cut`), an unanswered query may have been needed. When
        a consent ends meanwhile, its evidence does not leave: the outcome is recorded anew, without it.
        """
        await self._consents.recheck(exchange)
        notes: dict[str, str | int | bool] = {"waits": True} if exchange.waits else {}
        while True:
            await self._counting.mismatch(exchange)
            plan, answers = exchange.plan, exchange.shown(cut=pending is not None or cut)
            filled = fill(plan, answers, exchange)
            account = outcome_notes(exchange, filled, is_late=pending is not None) | notes
            receipt = await self._records.write(exchange, Phase.OUTCOME, filled, answers, **account)
            members = content(exchange, answers, filled)
            written = closed(members, receipt, pending)
            request = exchange.case.request
            if request.preview:
                mark = await self._previews.keep(
                    read_back(written), self._releases.retained(exchange), exchange.requester
                )
                written = closed(members, receipt, pending, preview=orjson.dumps(mark))
            elif request.signed and self._sealer is not None:
                passport = await self._sealer.passport(
                    read_back(written), exchange.requester, request.issuer, self._clock.now()
                )
                written = closed(members, receipt, pending, passport=orjson.dumps(passport))
            await self._consents.recheck(exchange)
            if exchange.plan is plan:  # a later wave may have checked consents first, and narrowed the plan
                return written
            notes["instead_of"] = receipt.leaf_hash

    async def explain(
        self, request: PrefillRequest, requester: Requester, exchange: ExchangeId
    ) -> dict[str, object]:
        """What `fill` would decide, and why; no source is asked, no use counted. Raises as `fill`, but not Refused."""
        return await self._explainer.explain(request, requester, exchange)

    async def ask(
        self, wanted: QuestionRequest, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """Yes, no or cannot_tell to each predicate; no value leaves. Raises as `fill`, but not NotFound."""
        return await self._questions.answer(wanted, requester, exchange, deadline)

    async def decide(self, exchange: str, decided: CitizenDecision, requester: Requester) -> PrefillAnswer:
        """The answer of a preview without refused evidence, after its record. Raises as `Previews.decide`."""
        return await self._previews.decide(exchange, decided, requester)

    async def resume(self, token: str, requester: Requester, deadline: float) -> dict[str, object]:
        """The late answer; waits for it until `deadline`. Raises NotFound for another requester's token."""
        return await self._resuming.resume(token, requester, deadline)

    def events(self, token: str, requester: Requester) -> AsyncIterator[dict[str, object]]:
        """Each late answer as it arrives, until all are there."""
        return self._resuming.events(token, requester)

    async def ended(self) -> None:
        """Wait until late work and decisions have ended."""
        await self._late.ended()
        await self._previews.ended()

    async def close(self) -> None:
        """Let late work end, then drop it and all retained answers."""
        await self._late.close()
        await self._previews.ended()
        self.gatherer.close()

    def _begin(
        self, exchange_id: ExchangeId, requester: Requester, case: Case, allowed: Allowed, plan: Plan
    ) -> Exchange:
        """An exchange that has asked nothing yet."""
        now = self._clock.now()
        if allowed.unrepresented is not None:
            plan = allowed.unrepresented.without(plan)
        return Exchange(
            exchange_id, requester, case, allowed, plan, self._plans.published, now, self._late_seconds
        )
