"""Which answers are trusted as evidence about the people of an exchange.

When number, name and birth date do not belong together, nothing found by the number alone is shown. Evidence that gives
a person another person's number is not shown either.
"""

from collections.abc import Mapping

from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.confirming import denied, disowned, misfits, unconfirmed, untrusted
from gateway.mapping.meant import only_meant
from gateway.mapping.plan import Plan
from gateway.mapping.procedure import ACCOUNT

#: of a query whose answer cannot be trusted yet
_UNSURE = failed(Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED)
#: outcomes that tell whether there is a record
SAYS_WHETHER = frozenset({Outcome.FOUND, Outcome.NOT_FOUND})
#: of a query whose answer is not shown, because it may be about another person
MISMATCH = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)


def trusted(
    plan: Plan, answers: list[SourceAnswer | None], subjects: Mapping[str, Subject], given: Mapping[str, Subject],
    typed: Mapping[str, object], *, hurried: bool,
) -> list[SourceAnswer | None]:  # fmt: skip
    """The answers whose person is certain; the others are hidden or in doubt.

    `subjects`: by role; `given`: those that the request names; `typed`: values of the form, typed or held.
    `hurried`: a source that confirms people had no time.
    """
    denied_roles = denied(plan.queries, answers, plan.confirms)
    hidden = untrusted(plan.queries, answers, plan.confirms, plan.hangs_on, denied_roles, hurried=hurried)
    for index in unconfirmed(plan.queries, answers, plan.confirms):
        # while no source confirms a number, the number alone is compared
        subject = subjects.get(plan.queries[index].role)
        if subject is not None and misfits(subject):
            hidden.setdefault(index, Reason.DATA_DO_NOT_MATCH)
    shown = only_meant(plan, answers, typed) if typed else answers
    if len(subjects) > len(given):
        named = {role: one for role, one in subjects.items() if role not in given}
        shown = disowned(plan.queries, shown, named, denied_roles, hurried=hurried)
    if hidden:
        shown = list(shown)
        for index, reason in hidden.items():
            one = answers[index]
            says = one is not None and one.outcome in SAYS_WHETHER
            if says and plan.queries[index].service.evidence != ACCOUNT:
                shown[index] = _UNSURE if reason is Reason.DEADLINE_REACHED else MISMATCH
    return shown
