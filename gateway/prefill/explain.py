"""Explains what a prefill would ask and why not, field by field and paper by paper, from rules alone.

No source is asked and no use is counted: quotas are not checked, and the answer says so.
The record has requester, procedure, purpose and the rules that decided, and no person, because no personal data are
used.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from gateway.domain.dates import legal_day
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.parties import Requester
from gateway.domain.reasons import Reason, RefusalReason
from gateway.exchange_log.recorder import Recorder, RecordHeader
from gateway.mapping.plan import Pick, Plan, PlannedField, PlannedQuery
from gateway.mapping.predicates import Published
from gateway.mapping.procedure import ACCOUNT
from gateway.policy.asked import Denial, PolicyRequest
from gateway.policy.decide import Decision, Policy
from gateway.policy.grants import Grant, gives
from gateway.prefill.admission import Admission
from gateway.prefill.case import SAY_WHO_ACTS, Case, Cases
from gateway.prefill.counting import Counting
from gateway.prefill.explain_papers import papers
from gateway.prefill.plans import Plans
from gateway.prefill.request import PrefillRequest

Entry = dict[str, object]

_BASIS = "account:claims"
#: the key of no person
_UNKNOWN_PERSON = "*"


class Explainer:
    """Explains decisions."""

    def __init__(
        self, cases: Cases, admission: Admission, policy: Policy, plans: Plans, counting: Counting,
        recorder: Recorder,
    ) -> None:  # fmt: skip
        """The same steps as a prefill."""
        self._cases = cases
        self._policy = policy
        self._admission = admission
        self._plans = plans
        self._counting = counting
        self._recorder = recorder

    async def explain(self, request: PrefillRequest, requester: Requester, exchange: ExchangeId) -> Entry:
        """The answer of `POST /v1/explain`. Raises NotFound, Unprocessable, LogUnavailable."""
        case = self._cases.of(request, requester)
        asked = await self._admission.asked(case, requester)
        decision, found, unmet = self._decided(case, asked)
        denial = decision.denial
        rest = None if denial is None else self._admission.without_unrepresented(case, asked, denial)
        if rest is not None:
            decision, found, more = self._decided(rest[0], await self._admission.asked(rest[0], requester))
            unmet = dict.fromkeys((*unmet, *more))
        await self._record(decision, case, requester, exchange)
        grant = decision.grant or self._nothing(case, requester)
        plan, published = self._plans.plan(case, grant), self._plans.published
        if rest is not None:
            plan = rest[1].without(plan)
        view = FieldExplainer(decision, found, grant, plan, frozenset(request.known))
        limits = self._counting.of(grant.limits) if decision.grant is not None else ()
        return {
            "exchange_id": exchange,
            "procedure": case.procedure.named(),
            "requester": requester.id,
            "purpose": case.purpose,
            "legal_basis": grant.legal_basis,
            "allowed": decision.grant is not None,
            "rules": list(decision.rules),
            "denied": _denial(decision.denial) if decision.denial is not None else None,
            "passed_over": [_denial(one) for one in unmet],
            "limits": [{"rule": one.rule, "most": one.most, "seconds": one.seconds, "by": one.whom}
                       for one in limits],
            "not_looked_at": [RefusalReason.QUOTA_EXCEEDED, RefusalReason.UNUSUAL_VOLUME],
            "fields": {one.field.key: view.field(one) for one in plan.fields
                       if one.field.key not in plan.compared},
            "papers": papers(plan, published, decision.denial),
            "sources": list(_sources(plan, grant, published, view)) if decision.grant is not None else [],
        }  # fmt: skip

    def _decided(self, case: Case, asked: PolicyRequest) -> tuple[Decision, Decision, Iterable[Denial]]:
        """The decision, the decision about a person found in evidence, and all rules that the request does not meet."""
        unmet = self._policy.unmet(asked)
        if (denial := case.impossible(asked.now.date())) is not None:
            return Decision(None, denial), Decision(None, denial), dict.fromkeys((denial, *unmet))
        found = asked._replace(persons=asked.persons | {_UNKNOWN_PERSON})
        return self._policy.decide(asked), self._policy.decide(found), unmet

    def _nothing(self, case: Case, requester: Requester) -> Grant:
        day = legal_day(self._recorder.clock.now())
        return Grant(requester.id, case.procedure.code, case.purpose, day, "", {}, ())

    async def _record(
        self, decision: Decision, case: Case, requester: Requester, exchange: ExchangeId
    ) -> None:
        agency, procedure = case.official.agency, case.procedure.code
        about = RecordHeader(exchange, requester.id, agency, procedure, purpose=case.purpose)
        result = decision.denial.code if decision.denial is not None else ""
        notes = {"operation": "explain"}
        await self._recorder.write(about, Phase.LOOKUP, result, rules=decision.rules, notes=notes)


class FieldExplainer:
    """States for each field whether it is asked, by which rule, and what would change that."""

    def __init__(
        self, decision: Decision, found: Decision, grant: Grant, plan: Plan, known: frozenset[str]
    ) -> None:  # fmt: skip
        """`found`: the decision about people found in evidence; `known`: the fields that were typed."""
        self._decision = decision
        self._found = found
        self._grant = grant
        self._plan = plan
        self._known = known

    def field(self, planned: PlannedField) -> Entry:
        """`state`: asked, withheld, not_applicable, citizen (to fill in) or kept (typed already).

        `depends`: the subject is found in evidence, and queries about them may be refused.
        """
        title = planned.field.title
        entry: Entry = {"title": title.vi if title else "", "title_en": title.en if title else ""}
        if planned.field.key in self._known:
            return {**entry, "state": "kept", "rule": "known", "from": [], "remedy": None}
        if not planned.picks:
            return {**entry, "state": "citizen", "rule": "", "from": [], "remedy": None}
        places = [
            self._place(one, ref.role, ref.evidence)
            for one, ref in zip(planned.picks, planned.refs, strict=True)
        ]
        return {**entry, **self._verdict(places, planned.picks), "from": places}

    def _verdict(self, places: Sequence[Entry], picks: Sequence[Pick]) -> Entry:
        if (denial := self._decision.denial) is not None:
            return {"state": "withheld", "rule": denial.rule, "remedy": denial.remedy}
        allowed = [one for one in places if one["allowed"]]
        if (asked := next((one for one in allowed if one["when_found"] is None), None)) is not None:
            return {"state": "asked", "rule": asked["rule"], "remedy": None}
        if allowed:
            held = cast("Entry", allowed[0]["when_found"])
            return {"state": "depends", "rule": held["rule"], "remedy": held["remedy"]}
        for place, pick in zip(places, picks, strict=True):
            if pick.query in self._plan.withheld:
                return {"state": "withheld", "rule": place["rule"], "remedy": SAY_WHO_ACTS}
        refused = next((one for one in picks if one.reason is Reason.NOT_AGREED), None)
        if refused is not None:
            return {"state": "withheld", "rule": refused.rule, "remedy": self._remedy(refused.rule)}
        return {"state": "not_applicable", "rule": picks[0].rule, "remedy": _SUBJECTS.get(picks[0].rule)}

    def _place(self, pick: Pick, role: str, evidence: str) -> Entry:
        place: Entry = {"subject": role, "attribute": f"{evidence}.{pick.attribute}", "when_found": None}
        if pick.query is None or self._decision.denial is not None:
            return {**place, "source": None, "data_service": None, "allowed": False, "rule": pick.rule}
        query = self._plan.queries[pick.query]
        service = query.service
        if (withheld := self._plan.withheld.get(pick.query)) is not None:
            return {
                **place,
                "source": service.source,
                "data_service": service.operation,
                "allowed": False,
                "rule": withheld.rule,
            }
        rule = self._grant.rule(service.name) or (_BASIS if service.evidence == ACCOUNT else "")
        return {
            **place,
            "source": service.source,
            "data_service": service.operation,
            "allowed": True,
            "rule": rule,
            "when_found": self.when_found(query, pick.attribute),
        }

    def when_found(self, query: PlannedQuery, *attributes: str) -> Entry | None:
        """Which rules a person found in evidence must still meet; None: no further rule."""
        role = self._plan.procedure.roles.get(query.role)
        if role is None or role.found_in is None or query.role in self._plan.slots:
            return None
        service, found = query.service.name, self._found
        denials = [
            next(
                (one.denial for one in found.passed_over if gives(one.agreement, service, name)), found.denial
            )
            for name in attributes
            if found.grant is None or not found.grant.allows(service, name)
        ]
        denial = next(iter(denials), None)
        if denial is None or denial.code is not RefusalReason.CONSENT_MISSING:
            return _denial(denial) if denial is not None else None
        remedy = (
            "agree on it on another ground as well: a consent lets one person be asked about, who gave it"
        )
        return _denial(denial._replace(remedy=remedy))

    def _remedy(self, rule: str) -> str:
        """Remedy for `not_agreed:<service>:<attribute>`: meet the agreement's conditions, or sign a new agreement."""
        _, service, attribute = rule.split(":", 2)
        would = next(
            (one for one in self._decision.passed_over if gives(one.agreement, service, attribute)), None
        )
        if would is not None:
            return f"{would.denial.remedy} (then agreement {would.agreement.agreement} gives it)"
        return f"agree on {attribute} of {service} in config/agreements"


_SUBJECTS = {
    "subject:not_given": "name the subject of this role",
    "subject:incomplete": "give what the data service needs to find the subject",
}


def _denial(one: Denial) -> Entry:
    return {
        "rule": one.rule,
        "code": one.code,
        "detail": one.sentence.en,
        "detail_vi": one.sentence.vi,
        "remedy": one.remedy,
    }


def _sources(plan: Plan, grant: Grant, published: Published, view: FieldExplainer) -> Iterator[Entry]:
    """The sources that would be asked; `first`: at once, whatever other sources answer."""
    for query in plan.queries:
        if query.index in plan.withheld:
            continue
        name, granted = query.service.name, grant.services.get(query.service.name)
        yield {
            "source": query.service.source,
            "data_service": query.service.operation,
            "subject": query.role,
            "attributes": list(query.attributes),
            "first": query.index in plan.first,
            "when_found": view.when_found(query, *query.attributes),
            "agreement": granted.agreement if granted else None,
            "legal_basis": granted.legal_basis if granted else "",
            "published_scopes": sorted(
                {scope["scope"] for one in query.attributes if (scope := published(name, one))}
            ),
        }
