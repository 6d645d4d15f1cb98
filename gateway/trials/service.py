"""The trial of one data service: one question about one subject, and all that was sent, heard and made of it.

The steps of a prefill: admit, promise, ask, account, answer. The same agreements, purposes, quotas, guards against
guessing, breakers and turns hold, and the same sources confirm the person. An answer that is retained, or a call under
way for somebody else, is not used. A trial is a look-up: it is recorded whether values are shown or masked.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

import orjson

from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.errors import NotFound, fault_at
from gateway.domain.exchange import Phase
from gateway.domain.faults import nearest
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import PARENT, Requester, Subject, parent_key
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.source_trace import SourceTrace
from gateway.mapping.apply import Filled
from gateway.mapping.load import Catalogue
from gateway.mapping.questions import SUBJECT, representing
from gateway.mapping.source import ServicePlan
from gateway.policy.asked import Denial
from gateway.policy.conditions import ALL
from gateway.policy.grants import Grant
from gateway.ports.clock import Clock
from gateway.ports.sources import Source
from gateway.prefill.asking import Asking
from gateway.prefill.case import Case
from gateway.prefill.exchange import Exchange
from gateway.prefill.gather import Gatherer
from gateway.prefill.request import PrefillRequest
from gateway.prefill.service import PrefillSteps
from gateway.telemetry import Metrics
from gateway.trials.shown import Showing, answer_of

#: note of records: what the exchange did
OPERATION = "source_trial"
#: for calls that end at the deadline to say so
_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRequest:
    """What is tried, after its grammar was checked."""

    #: `<source>.<operation>`
    service: str
    subject: Subject
    #: official, agency, dossier, purpose, consent; `procedure` blank: as the agreement says
    request: PrefillRequest
    show_values: bool = False
    #: account of the official, where a page of this gateway asks
    staff: Mapping[str, str]


class DraftOpener(Protocol):
    """Opens a source with one of its services that is not enabled. Raises Conflict with the first fault."""

    async def __call__(self, service: ServicePlan) -> Source:
        """The source; the caller closes it."""


class Trials:
    """Tries data services. Holds no request."""

    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, steps: PrefillSteps,
        sources: Mapping[str, Source], open_draft: DraftOpener, clock: Clock,
    ) -> None:  # fmt: skip
        """`sources`: those of this configuration, opened."""
        self._configuration = configuration
        self._catalogue = catalogue
        self._steps = steps
        self._sources = sources
        self._open_draft = open_draft
        self._clock = clock
        #: shown nowhere: a trial uses up no error budget and calls for nobody
        self._metrics = Metrics()
        self._is_production = configuration.gateway.profile == "production"

    def find(self, name: str) -> ServicePlan:
        """The data service, enabled or a draft. Raises NotFound."""
        source, _, operation = name.partition(".")
        settings = self._configuration.sources.get(source)
        if settings is not None and operation in settings.services:
            return self._catalogue.services[source][operation]
        known = [f"{of}.{one}" for of, found in self._configuration.sources.items() for one in found.services]
        near = nearest(name, known)
        why = say.NO_DATA_SERVICE_NEAR(near=near) if near else say.NO_DATA_SERVICE
        raise NotFound(why, code=ProblemCode.UNKNOWN_DATA_SERVICE)

    async def run(
        self, wanted: TrialRequest, requester: Requester, exchange_id: ExchangeId, deadline: float
    ) -> dict[str, object]:
        """The answer of the HTTP contract. `deadline` is loop time; a later answer is not waited for.

        Raises NotFound, Unprocessable, Conflict (a draft that cannot be opened), Refused, Throttled, LogUnavailable.
        """
        whole = self.find(wanted.service)
        settings = self._configuration.sources[whole.source].services[whole.operation]
        service = whole.without(settings.lacks) if settings.lacks else whole
        if not service.can_ask(wanted.subject):
            needs = " | ".join(" + ".join(names) or "–" for names in service.needs)
            kinds = ", ".join(service.mapping.subjects)
            why = say.TRIAL_NEEDS(kinds=kinds, needs=needs)
            raise fault_at("/subject", why, ProblemCode.IDENTIFIER_MISSING)
        # the door demanded the scope `sources:try`; the policy speaks of forms, and decides as for one
        asker = replace(requester, scopes=requester.scopes | {"prefill"})
        case = self._case(wanted, asker)
        if (denial := self._denial(case, service, is_draft=not settings.enabled)) is not None:
            raise await self._steps.admission.refused(denial, case, asker, exchange_id)
        allowed = await self._steps.admission.admit(case, asker, exchange_id, deadline, service.name)
        attributes = tuple(_granted(service, allowed.grant))
        if not attributes:
            raise await self._steps.admission.refused(_not_agreed(service), case, asker, exchange_id)
        plan = self._steps.plans.of_one(case, allowed.grant, service, attributes)
        async with self._opened(service, is_draft=not settings.enabled) as sources:
            exchange = self._steps.begin(exchange_id, requester, case, allowed, plan)
            gatherer = Gatherer(sources, {}, self._clock, self._metrics)
            showing = Showing(
                wanted.show_values, not settings.enabled, whole, settings.lacks, self._steps_of(whole)
            )
            return await self._asked(exchange, gatherer, showing, wanted, deadline)

    def _steps_of(self, service: ServicePlan) -> frozenset[str]:
        """The steps of its address that are the same for every question."""
        source = self._configuration.sources[service.source]
        path = source.services[service.operation].path or service.operation
        steps = f"{urlsplit(source.url).path}/{path}".split("/")
        return frozenset(one for one in steps if "{" not in one)

    def _case(self, wanted: TrialRequest, requester: Requester) -> Case:
        """The case, by the first agreement that names the service where the request says no more."""
        code, purpose = self._task(wanted, requester)
        if code and self._catalogue.find(code) is None:
            near = self._catalogue.near(code)
            raise NotFound(say.NO_SUCH_PROCEDURE, code=ProblemCode.UNKNOWN_PROCEDURE, near=near)
        procedure = replace(representing(wanted.subject.kind, purpose), code=code)
        request = replace(wanted.request, procedure=code, purpose=purpose)
        case = self._steps.cases.fit(request, procedure, {SUBJECT: wanted.subject}, requester)
        if parent := parent_key(wanted.subject.key):  # the parent finds the look-up by that number
            keys = {**case.cast.keys, PARENT: parent}
            case = case._replace(cast=replace(case.cast, keys=keys))
        return case._replace(citizen=None, asked_by="")  # nobody fills a form

    def _task(self, wanted: TrialRequest, requester: Requester) -> tuple[str, str]:
        """Procedure and purpose, both blank where no agreement of the requester names the service for them."""
        settings = self._configuration.requesters.get(requester.id)
        code, purpose = wanted.request.procedure, wanted.request.purpose
        for name in settings.agreements if settings is not None else ():
            agreement = self._configuration.agreements.get(name)
            if agreement is None or wanted.service not in agreement.services:
                continue
            codes, purposes = agreement.procedures, agreement.purposes
            if not codes or not purposes or (code and not {code, ALL} & {*codes}):
                continue
            if purpose and not {purpose, ALL} & {*purposes}:
                continue
            chosen = code or ("" if ALL in codes else codes[0])
            known = self._catalogue.find(chosen) if chosen else None
            own = known.purpose if known is not None else ""
            return chosen, purpose or (own if {own, ALL} & {*purposes} else purposes[0])
        return code, ""

    def _denial(self, case: Case, service: ServicePlan, *, is_draft: bool) -> Denial | None:
        """Why a trial is refused before the policy is asked; None: it may be allowed."""
        if not case.purpose:
            return _not_agreed(service)
        if not self._is_production:
            return None
        if is_draft:
            remedy = "enable it: 'enabled' in config/sources, or try it in the sandbox profile"
            what = say.TRIAL_OF_DRAFT(service=service.name)
            return Denial("trial:draft", RefusalReason.DRAFT_NOT_TRIED, what, remedy)
        if case.official.on_duty:
            remedy = "name the official who tries it"
            return Denial(
                "trial:official", RefusalReason.OFFICIAL_NOT_NAMED, say.TRIAL_NAMES_OFFICIAL, remedy
            )
        return None

    @contextlib.asynccontextmanager
    async def _opened(self, service: ServicePlan, *, is_draft: bool) -> AsyncIterator[Mapping[str, Source]]:
        """The sources of a trial; that of a draft is opened for it alone."""
        if not is_draft:
            yield self._sources
            return
        source = await self._open_draft(service)
        try:
            yield {**self._sources, service.source: source}
        finally:
            await source.close()

    async def _asked(
        self, exchange: Exchange, gatherer: Gatherer, showing: Showing, wanted: TrialRequest, deadline: float
    ) -> dict[str, object]:
        records, notes = self._steps.records, {**wanted.staff, "operation": OPERATION}
        exchange.trace = SourceTrace()
        # a call that ends at the deadline says what it sent; a prefill leaves it running
        exchange.end = deadline
        values = "shown" if wanted.show_values else "masked"
        await records.write(exchange, Phase.INTENT, **notes, **wanted.request.proof, values=values)
        try:
            asking = Asking(gatherer, self._steps.consents, records)
            in_time = await asking.ask(exchange, deadline + _GRACE_SECONDS)
            await self._steps.counting.mismatch(exchange)
            await self._steps.consents.recheck(exchange)
            while True:
                plan, answers = exchange.plan, exchange.shown(cut=not in_time)
                content = answer_of(exchange, answers, showing)
                left = showing.left(content)
                # the log keeps keyed digests of what leaves, and names people whose numbers are in it or beside it
                leaving = Filled(digestible={name: orjson.dumps(value) for name, value in left.items()})
                receipt = await records.write(
                    exchange, Phase.OUTCOME, leaving, answers, **notes, values=str(content["values"])
                )
                await self._steps.consents.recheck(exchange)
                if exchange.plan is plan:
                    return {**content, "receipt": {"leaf_hash": receipt.leaf_hash, "log": receipt.log}}
        except BaseException:
            exchange.is_stopped = True
            with contextlib.suppress(Exception):
                await records.write(exchange, Phase.ABANDONED, **notes)
            raise
        finally:
            exchange.is_stopped = True


def _granted(service: ServicePlan, grant: Grant) -> list[str]:
    """In the order of the mapping."""
    names = service.mapping.answer.attributes
    return [name for name in names if name in service.attributes and grant.allows(service.name, name)]


def _not_agreed(service: ServicePlan) -> Denial:
    what = say.SERVICE_NOT_AGREED(service=service.name)
    remedy = "agree on it: 'services', 'procedures' and 'purposes' of an agreement in config/agreements"
    return Denial(f"not_agreed:{service.name}", RefusalReason.SERVICE_NOT_AGREED, what, remedy)
