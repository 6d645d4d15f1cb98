"""Fields of one thing (`identifies`, `describes`): a found person, a residence, a death.

They are filled from evidence about one thing, or stay empty: never one person's name beside another one's number, nor
the present address under the type of the permanent one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gateway.domain.reasons import Reason
from gateway.mapping.agreeing import field_values
from gateway.mapping.differences import Answers, blank_pick, is_confirmed
from gateway.mapping.plan import Plan, PlannedField, read_thing


def of_one_thing(
    plan: Plan, answers: Answers, things: Iterable[str], typed: Mapping[str, object], *, is_final: bool
) -> Plan:
    """The plan whose fields of each of these things read evidence about one thing (`read_thing`).

    It is the first one with a value whose evidence gives all that the form says in identifying fields. Where none
    does, the fields that are not typed read nothing. Unless `is_final`, one whose sources can still answer decides
    nothing.
    """
    changed: dict[str, PlannedField] = {}
    for thing in things:
        fields = [one for one in plan.fields if one.field.thing == thing]
        found, key = _choose(plan, fields, answers, typed, is_final=is_final)
        if found or key:
            changed.update(_fields_of(plan, fields, answers, typed, found, key))
    return replace(plan, fields=tuple(changed.get(one.field.key, one) for one in plan.fields))


def _choose(
    plan: Plan, fields: list[PlannedField], answers: Answers, typed: Mapping[str, object], *, is_final: bool
) -> tuple[str, str]:
    """The thing that the fields read, and the form field that did not agree with one before; blank: none."""
    differs = ""
    for thing in dict.fromkeys(read_thing(plan, ref) for one in fields for ref in one.refs):
        own = {one.field.key: _about(plan, one, thing) for one in fields}
        if any(field_values(one, answers) for one in own.values()):
            key = next(_differing(fields, own, answers, typed), "")
            if not key:
                return thing, differs
            differs = differs or key
        elif not is_final and any(answers[query] is None for one in own.values() for query, *_ in one.asked):
            break
    return "", differs


def _differing(
    fields: list[PlannedField], own: Mapping[str, PlannedField], answers: Answers, typed: Mapping[str, object]
) -> Iterator[str]:
    """Identifying fields of the form for which this evidence gives another value, or none to compare."""
    for one in fields:
        key = one.field.key
        if one.field.identifies and typed.get(key):
            mine = own[key]
            if field_values(mine, answers):
                differs = not is_confirmed(mine, answers, typed[key])
            else:
                # beside another value than its only one, a field may well be blank in evidence
                differs = one.field.constant in (None, typed[key]) or bool(field_values(one, answers))
            if differs:
                yield key


def _fields_of(
    plan: Plan,
    fields: list[PlannedField],
    answers: Answers,
    typed: Mapping[str, object],
    thing: str,
    key: str,
) -> Iterator[tuple[str, PlannedField]]:
    """The fields that are not typed, each with what it reads about this thing; about another one it reads nothing.

    Where the form itself says which thing it is, data about it fill also what they only propose else.
    """
    sources = [query.service.source for query in plan.queries]
    named_by = next((one.field.key for one in fields if one.field.identifies), "")
    is_said = any(one.field.identifies and typed.get(one.field.key) for one in fields)
    for one in fields:
        own = _about(plan, one, thing)
        if one.field.key in typed:
            continue
        if own.picks:
            if is_said and one.field.proposes_else:
                own = PlannedField(one.field.of_known_thing(), own.refs, own.picks, sources)
            yield one.field.key, own
        elif field_values(one, answers):
            picks = tuple(
                blank_pick(pick, key or named_by, answers, reason=Reason.OBJECT_DIFFERS) for pick in one.picks
            )
            yield one.field.key, PlannedField(one.field, one.refs, picks, sources)


def _about(plan: Plan, planned: PlannedField, thing: str) -> PlannedField:
    """The field with those of its references that speak of this thing."""
    both = [
        (ref, pick)
        for ref, pick in zip(planned.refs, planned.picks, strict=True)
        if read_thing(plan, ref) == thing
    ]
    sources = [query.service.source for query in plan.queries]
    return PlannedField(
        planned.field, tuple(ref for ref, _ in both), tuple(pick for _, pick in both), sources
    )
