"""What was granted, and which conditions must still hold.

A decision is about the people whom the request names, at the moment of the request. A person found in evidence is
checked by the same rules before any source is asked about them. A consent that ended meanwhile grants nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.domain.evidence import Outcome, SourceAnswer, Withheld
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason, RefusalReason
from gateway.mapping.narrowing import Keeps, narrowed
from gateway.mapping.plan import Plan, PlannedQuery, evidence_id
from gateway.mapping.procedure import ACCOUNT
from gateway.policy.asked import PolicyRequest
from gateway.policy.decide import Decision
from gateway.policy.grants import Grant


class Unrepresented(NamedTuple):
    """Optional people of a request for whom nobody acts: nothing is asked about them."""

    #: all their roles
    roles: frozenset[str]
    why: Withheld

    def without(self, plan: Plan) -> Plan:
        """The plan without these people."""
        return narrowed(plan, lambda query, _: query.role not in self.roles, self.why)


class Allowed:
    """One grant and the facts of its decision."""

    def __init__(
        self, grant: Grant, asked: PolicyRequest, decide: Callable[[PolicyRequest], Decision],
        count: Callable[[Grant, str], Awaitable[frozenset[str]]], unrepresented: Unrepresented | None = None,
    ) -> None:  # fmt: skip
        """`decide`: the policy; `count`: counts a person by key and returns the quotas that are spent for them."""
        self.grant = grant
        self._asked = asked
        self._decide = decide
        self._count = count
        #: None: all people of the request may be asked about
        self.unrepresented = unrepresented
        #: id of the consent that the grant needs; blank: none
        self._consent = asked.consent.id if asked.consent is not None and grant.consented else ""
        #: the grant without the consent
        self._lawful = decide(asked._replace(consent=None)).grant if self._consent else grant

    async def about(self, role: str, found: Subject) -> Callable[[Plan], Plan]:
        """A function that narrows a plan to what may be asked about a person found in evidence for `role`."""
        if found.key in self._asked.persons:
            return _whole
        asked = self._asked._replace(persons=self._asked.persons | {found.key})
        decision = self._decide(asked)
        if decision.grant is not None and (spent := await self._count(decision.grant, found.key)):
            decision = self._decide(asked._replace(spent=asked.spent | spent))
        grant, why = decision.grant, _why(decision)
        return lambda plan: narrowed(
            plan, lambda query, name: query.role != role or _gives(grant, query, name), why
        )

    async def found(self, plan: Plan, answers: Sequence[SourceAnswer | None], counted: set[str]) -> Plan:
        """The plan without what was found of people whose quotas are spent by their numbers.

        Who was asked about by a name or another number is counted by the personal number too, once: `counted` has
        the keys.
        """
        for query in plan.queries:
            answer = answers[query.index]
            if answer is None or not answer.found_id:
                continue
            key = f"{SubjectKind.PERSON}|{answer.found_id}"
            if key in counted or key in self._asked.persons:
                continue
            counted.add(key)
            if spent := await self._count(self.grant, key):
                why = Withheld(Reason.QUOTA_EXCEEDED, min(spent))
                plan = narrowed(plan, _without(query.role), why)
        return plan

    def consents(self, answers: Sequence[SourceAnswer | None]) -> set[str]:
        """Ids of all consents that the answers depend on."""
        found = {self._consent} if self._consent else set()
        for one in answers:
            if one is not None and one.declared:
                found.update(one.consents.values())
        found.discard("")
        return found

    def consents_by_evidence(
        self, plan: Plan, answers: Sequence[SourceAnswer | None]
    ) -> Mapping[str, Sequence[str]]:
        """The consents on which each piece of evidence depends; evidence without a consent is left out."""
        found: dict[str, list[str]] = {}
        for query, answer in zip(plan.queries, answers, strict=True) if self.consents(answers) else ():
            if answer is None or answer.outcome is not Outcome.FOUND:
                continue
            is_lawful = all(_gives(self._lawful, query, name) for name in query.attributes)
            given = [] if is_lawful else [self._consent]
            if consents := [*given, *sorted({*answer.consents.values()} - {""})]:
                found[evidence_id(query.index)] = consents
        return found

    def without(
        self, invalid: Mapping[str, Reason], plan: Plan, answers: Sequence[SourceAnswer | None]
    ) -> Plan:
        """The plan without attributes whose consent does not hold or cannot be checked."""
        for one in sorted(invalid):
            why = Withheld(invalid[one], f"consent:{one}")
            plan = narrowed(plan, self._keeps(one, answers), why)
        return plan

    def _keeps(self, consent: str, answers: Sequence[SourceAnswer | None]) -> Keeps:
        def keeps(query: PlannedQuery, name: str) -> bool:
            answer = answers[query.index]
            if answer is not None and answer.consents.get(name) == consent:
                return False
            return consent != self._consent or _gives(self._lawful, query, name)

        return keeps


def _without(role: str) -> Keeps:
    return lambda query, _: query.role != role


def _whole(plan: Plan) -> Plan:
    return plan


def _gives(grant: Grant | None, query: PlannedQuery, name: str) -> bool:
    """Whether the attribute may be asked; claims of the account are the caller's own and need no grant."""
    allowed = grant is not None and grant.allows(query.service.name, name)
    return allowed or query.service.evidence == ACCOUNT


def _why(decision: Decision) -> Withheld:
    """The missing consent, else the spent quota, else the denial."""
    for code in (RefusalReason.CONSENT_MISSING, RefusalReason.QUOTA_EXCEEDED):
        for one in decision.passed_over:
            if one.denial.code is code:
                return Withheld(Reason(code), one.denial.rule)
    return Withheld(Reason.CONSENT_MISSING, decision.denial.rule if decision.denial is not None else "")
