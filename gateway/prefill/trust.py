"""What of the answers may be taken for evidence about the people of an exchange.

When id, name and birth date do not belong together, nothing found by the id alone is shown, nor is what evidence says
of somebody whom it gives a number that is not his.
"""

from collections.abc import Mapping, Sequence

from gateway.domain.evidence import Outcome, Reason, SourceAnswer, failed
from gateway.domain.parties import Subject
from gateway.mapping.confirming import disowned, misfits, unconfirmed, untrusted
from gateway.mapping.plan import Plan
from gateway.mapping.procedure import ACCOUNT

#: of a query whose answer cannot be trusted yet
_UNSURE = failed(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED)
#: of a query whose answer is not shown, because it may be about another person
MISMATCH = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)


def trusted(
    plan: Plan, answers: list[SourceAnswer | None], subjects: Mapping[str, Subject], given: Mapping[str, Subject],
    *, hurried: bool,
) -> list[SourceAnswer | None]:  # fmt: skip
    """The answers as far as it is sure of whom they speak.

    `subjects`: by role; `given`: those that the request names; `hurried`: who confirms people had no time to do so.
    """
    hidden = {
        **_misfitting(plan, answers, subjects),
        **untrusted(plan.queries, answers, plan.confirms, plan.hangs_on, hurried=hurried),
    }
    named = {role: one for role, one in subjects.items() if role not in given}
    if not hidden and not named:
        return answers
    shown = list(disowned(plan.queries, answers, plan.confirms, named, hurried=hurried))
    for index, reason in hidden.items():
        one = answers[index]
        found = one is not None and one.outcome is Outcome.FOUND
        if found and plan.queries[index].service.evidence != ACCOUNT:
            shown[index] = _UNSURE if reason is Reason.DEADLINE_REACHED else MISMATCH
    return shown


def _misfitting(
    plan: Plan, answers: Sequence[SourceAnswer | None], subjects: Mapping[str, Subject]
) -> dict[int, Reason]:
    """While nobody confirms a number, the number speaks for itself."""
    found = {}
    for index in unconfirmed(plan.queries, answers, plan.confirms):
        subject = subjects.get(plan.queries[index].role)
        if subject is not None and misfits(subject):
            found[index] = Reason.DATA_DO_NOT_MATCH
    return found
