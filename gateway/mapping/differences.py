"""What a form says otherwise than the request and the sources: typed by the citizen, taken out, or held by the portal.

Such data prove nothing for this form. An official would see two addresses, two states or two people and ask.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping import agreeing
from gateway.mapping.checking import same
from gateway.mapping.confirming import chain
from gateway.mapping.plan import Plan, PlannedField
from gateway.mapping.procedure import FORM, TYPED, leaves
from gateway.mapping.same_objects import covers

#: evidence that identifies a person in a form
IDENTIFIES = frozenset({"person", "account"})
IDENTITY = frozenset({"personal_id", "full_name", "birth_date"})

Answers = list[SourceAnswer | None]
_HIDDEN = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)


def differing(plan: Plan, answers: Answers, typed: Mapping[str, object]) -> dict[tuple[int, str], str]:
    """Query and attribute -> the form field that holds another value than each source of it, or none any more.

    Fields that name the object of a paper are left to its rule (`same`), which says how they are compared.
    """
    found: dict[tuple[int, str], str] = {}
    objects = frozenset(_objects(plan)) if typed else frozenset()
    for planned in plan.fields if typed else ():
        key = planned.field.key
        if key in typed and key not in objects and not _is_confirmed(planned, answers, typed[key]):
            found.update(dict.fromkeys(((query, attribute) for query, attribute, *_ in planned.asked), key))
    return found


def _objects(plan: Plan) -> Iterator[str]:
    proofs = (paper.replaced_by for paper in plan.papers.values() if paper.replaced_by is not None)
    for places in (places for proof in proofs for leaf in leaves(proof) for places in leaf.bound.values()):
        yield from (place.removeprefix(TYPED).removeprefix(FORM) for place in places)


def _is_confirmed(planned: PlannedField, answers: Answers, value: object) -> bool:
    """Whether a source gives the value of the form; True where none gives one that the form has words for."""
    given = [one for one, *_ in agreeing.said(planned, answers)]
    return not given or any(same(value, one) or (bool(value) and covers(one, value)) for one in given)


def named_otherwise(
    plan: Plan, named: Mapping[str, Subject], typed: Mapping[str, object], role: str
) -> str | None:
    """The form field with another number, name or birth date than that of the role's subject, or emptied."""
    return next((key for key, _, is_same in _identity(plan, named, typed, role) if not is_same), None)


def strangers(plan: Plan, named: Mapping[str, Subject], typed: Mapping[str, object]) -> set[str]:
    """Roles for which the form names another person: another number, or another name and birth date."""
    found = set()
    for role in named if typed else ():
        if [*plan.slots.values()].count(plan.slots.get(role, role)) > 1:
            continue  # the same person has another role as well, for which the data are right
        compared = [one for one in _identity(plan, named, typed, role) if typed[one[0]]]
        right = {name for _, name, is_same in compared if is_same}
        wrong = {name for _, name, is_same in compared if not is_same}
        if "personal_id" in wrong or ("personal_id" not in right and len(wrong) > 1):
            found.add(role)
    return found


def hidden(plan: Plan, answers: Answers, roles: AbstractSet[str]) -> Answers:
    """The answers without what was found about strangers, and about people who were found through them.

    A source that was silent stays silent.
    """
    return [
        _HIDDEN
        if answer is not None
        and answer.outcome is Outcome.FOUND
        and not roles.isdisjoint(chain(query.role, plan.hangs_on))
        else answer
        for query, answer in zip(plan.queries, answers, strict=True)
    ]


def _identity(
    plan: Plan, named: Mapping[str, Subject], typed: Mapping[str, object], role: str
) -> Iterator[tuple[str, str, bool]]:
    """Form field, attribute of the role's subject, and whether the form says the same of it."""
    slot = plan.slots.get(role, role)
    subject = named.get(slot)
    for planned in plan.fields if subject is not None else ():
        key = planned.field.key
        for ref in planned.refs if key in typed else ():
            if plan.slots.get(ref.role, ref.role) == slot and ref.evidence in IDENTIFIES:
                own = getattr(subject, ref.attribute, None) if ref.attribute in IDENTITY else None
                if own is not None:
                    value = typed[key]
                    yield key, ref.attribute, bool(value) and covers(str(own), value)
