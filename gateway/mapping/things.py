"""Fields of one thing (`identifies`, `describes`): a found person, a residence, a death.

They are filled from evidence about one role, or stay empty: never one person's name beside another one's number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from gateway.mapping.agreeing import field_values
from gateway.mapping.differences import Answers, is_confirmed, unread
from gateway.mapping.plan import Plan, PlannedField, thing_role


def of_one_thing(
    plan: Plan, answers: Answers, things: Iterable[str], typed: Mapping[str, object], *, is_final: bool
) -> Plan:
    """The plan whose fields of each of these things read evidence about one role.

    It is the first role with a value that contradicts no identifying field of the form. Where all contradict, the
    fields that are not typed read nothing. Unless `is_final`, a role whose sources can still answer decides nothing.
    """
    changed: dict[str, PlannedField] = {}
    for thing in things:
        fields = [one for one in plan.fields if one.field.thing == thing]
        role, key = _choose(plan, fields, answers, typed, is_final=is_final)
        if role or key:
            changed.update(_reading(plan, fields, answers, typed, role, key))
    return replace(plan, fields=tuple(changed.get(one.field.key, one) for one in plan.fields))


def _choose(
    plan: Plan, fields: list[PlannedField], answers: Answers, typed: Mapping[str, object], *, is_final: bool
) -> tuple[str, str]:
    """The role that the fields read, and the form field that contradicted a role before; blank: none."""
    found = ""
    for role in dict.fromkeys(thing_role(plan.procedure.roles, ref) for one in fields for ref in one.refs):
        own = {one.field.key: _about(plan, one, role) for one in fields}
        if any(field_values(one, answers) for one in own.values()):
            key = next(_contradicting(fields, own, answers, typed), "")
            if not key:
                return role, found
            found = found or key
        elif not is_final and any(answers[query] is None for one in own.values() for query, *_ in one.asked):
            break
    return "", found


def _contradicting(
    fields: list[PlannedField], own: Mapping[str, PlannedField], answers: Answers, typed: Mapping[str, object]
) -> Iterator[str]:
    """Identifying fields of the form with another value than evidence about this role, or with one that it lacks."""
    for one in fields:
        key = one.field.key
        if one.field.identifies and typed.get(key):
            mine = own[key]
            # the thing that the form names is that of another role, or none that the sources have
            is_of_another = not field_values(mine, answers) and (
                field_values(one, answers) or one.field.constant == typed[key]
            )
            if is_of_another or not is_confirmed(mine, answers, typed[key]):
                yield key


def _reading(
    plan: Plan, fields: list[PlannedField], answers: Answers, kept: Collection[str], role: str, key: str
) -> Iterator[tuple[str, PlannedField]]:
    sources = [query.service.source for query in plan.queries]
    named_by = next((one.field.key for one in fields if one.field.identifies), "")
    for one in fields:
        own = _about(plan, one, role)
        if one.field.key in kept:
            continue
        if own.picks:
            yield one.field.key, own
        elif field_values(one, answers):
            picks = tuple(unread(pick, key or named_by, answers) for pick in one.picks)
            yield one.field.key, PlannedField(one.field, one.refs, picks, sources)


def _about(plan: Plan, planned: PlannedField, role: str) -> PlannedField:
    """The field with those of its references that speak of this role, or of who is found in its evidence."""
    both = [
        both
        for both in zip(planned.refs, planned.picks, strict=True)
        if thing_role(plan.procedure.roles, both[0]) == role
    ]
    sources = [query.service.source for query in plan.queries]
    return PlannedField(
        planned.field, tuple(ref for ref, _ in both), tuple(pick for _, pick in both), sources
    )
