"""Objects in somebody else's name: what evidence says of them fills no field of the form, and cuts no paper.

A role of an object names the predicate that compares the holders that its evidence names with the number of a person or
organisation of the form (`held_by`). A register that names no holder hides nothing.
"""

from collections.abc import Collection, Mapping

from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.plan import Plan
from gateway.mapping.procedure import role_of

_OF_ANOTHER = failed(Outcome.NO_MATCH, Reason.OBJECT_DIFFERS)


def held_by_another(
    plan: Plan,
    answers: list[SourceAnswer | None],
    named: Mapping[str, Subject],
    strangers: Collection[str] = (),
) -> frozenset[str]:
    """The roles whose object is registered for somebody else.

    `named`: role -> subject that the caller named; of `strangers` the form names another person, who holds nothing.
    """
    return frozenset(
        role for role, rule in plan.holders if _is_of_another(plan, answers, named, rule, strangers)
    )


def without(
    plan: Plan, answers: list[SourceAnswer | None], roles: Collection[str]
) -> list[SourceAnswer | None]:
    """The answers as fields may have them: nothing about the objects of these roles."""
    about = {query.index for query in plan.queries if role_of(query.role) in roles}
    return [
        _OF_ANOTHER if index in about and one is not None and one.outcome is Outcome.FOUND else one
        for index, one in enumerate(answers)
    ]


def _is_of_another(
    plan: Plan,
    answers: list[SourceAnswer | None],
    named: Mapping[str, Subject],
    rule: str,
    strangers: Collection[str],
) -> bool:
    found = False
    for form in plan.predicates[rule]:
        assert form.equal is not None  # the mapping is checked
        person, registered = form.equal
        known = _value(plan, answers, registered)
        is_stranger = person.partition(":")[0] in strangers
        asked = () if is_stranger else (_value(plan, answers, person), *_numbers(plan, named, person))
        numbers = [one for one in asked if one]
        if not known or not (numbers or is_stranger):
            continue
        holders = {str(one) for one in (known if isinstance(known, list) else [known])}
        if not holders.isdisjoint(map(str, numbers)):
            return False
        found = True
    return found


def _value(plan: Plan, answers: list[SourceAnswer | None], word: str) -> object:
    pick = plan.picks.get(word)
    answer = None if pick is None or pick.query is None else answers[pick.query]
    return None if answer is None or pick is None else answer.values.get(pick.attribute)


def _numbers(plan: Plan, named: Mapping[str, Subject], word: str) -> list[str]:
    """The numbers that the caller gave, for a source of people that is silent."""
    role = word.partition(":")[0]
    one = named.get(plan.slots.get(role, role))
    return [] if one is None else [number for number in (one.personal_id, one.old_id, one.tax_code) if number]
