"""What blocks or endangers a filing, reported before it is filed: a warning refuses nothing."""

from dataclasses import replace

from gateway.domain.evidence import Outcome
from gateway.mapping.answer import WarningEntry
from gateway.mapping.paper_rules import WarningRule
from gateway.mapping.plan import Pick, evidence_id
from gateway.mapping.predicates import Facts, Truth, predicate


def warnings(facts: Facts) -> list[WarningEntry]:
    """The warnings whose predicate is true; doubtful or unasked evidence gives no warning.

    Evidence that a source or the form contradicts warns all the same: one register that says "married" needs a look.
    """
    facts = replace(facts, disputed=frozenset(), otherwise={})
    rules = facts.plan.procedure.warnings.items()
    return [
        _entry(facts, code, rule)
        for code, rule in rules
        if predicate(facts, rule.when, of_any=True) is Truth.YES
    ]


def _entry(facts: Facts, code: str, rule: WarningRule) -> WarningEntry:
    pick = _decisive(facts, rule.when)
    asked = None if pick is None else pick.query
    service = None if asked is None else facts.plan.queries[asked].service
    return {
        "code": code,
        "attribute": None if pick is None else pick.name,
        "evidence": None if asked is None else evidence_id(asked),
        "source": None if service is None else service.source,
        "sandbox": service is not None and (facts.plan.is_sandbox or service.mark == "sandbox"),
        "rule": rule.when,
        "legal_basis": rule.legal_basis,
        "basis_mark": rule.basis_mark,
        "for_citizen": {"vi": rule.for_citizen.vi, "en": rule.for_citizen.en},
        "for_official": {"vi": rule.for_official.vi, "en": rule.for_official.en},
    }


def _decisive(facts: Facts, name: str) -> Pick | None:
    """The evidence that decided the predicate: its first reference with a value."""
    for form in facts.plan.predicates[name]:
        certain = (other for other in form.others if predicate(facts, other) is not Truth.UNKNOWN)
        if (other := next(certain, None)) is not None:
            return _decisive(facts, other)
    # of two compared attributes, the second is about the object
    compared = [form.equal[1] for form in facts.plan.predicates[name] if form.equal is not None]
    for word in (*compared, *facts.plan.reads[name]):
        pick = facts.plan.picks[word]
        answer = None if pick.query is None else facts.answers[pick.query]
        if answer is not None and answer.outcome is Outcome.FOUND and pick.attribute in answer.values:
            return pick
    return None
