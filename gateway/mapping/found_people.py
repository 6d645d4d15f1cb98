"""People whom evidence names for a role (`found_in`): the head of a household in the record of its member."""

from collections.abc import Collection, Mapping

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import SourceAnswer
from gateway.domain.identifiers import birth_year_of, is_personal_id
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.plan import Plan


def found_subjects(plan: Plan, answers: list[SourceAnswer | None]) -> dict[str, Subject]:
    """Role -> the subject that the answers name for it; the roles of the request are left out."""
    found = {}
    for role in plan.procedure.roles.keys() - plan.slots.keys():
        before = dependency(plan, role)
        answer = None if before is None else answers[before]
        if answer is not None and (subject := found_subject(plan, role, answer)) is not None:
            found[role] = subject
    return found


def dependency(plan: Plan, role: str) -> int | None:
    """The query whose answer names the subject of `role`, or None."""
    declared = plan.procedure.roles.get(role)
    if declared is None or declared.found_in is None:
        return None
    before, _, rest = declared.found_in.partition(":")
    evidence, _, prefix = rest.partition(".")
    slot = plan.slots.get(before, before)
    for query in plan.queries:
        if (query.role, query.service.evidence) == (
            slot,
            evidence,
        ) and f"{prefix}.personal_id" in query.attributes:
            return query.index
    return None


def found_subject(plan: Plan, role: str, answer: SourceAnswer) -> Subject | None:
    """The subject that an answer names for `role`; the birth year is read from the number (databases.md 9)."""
    prefix = _prefix(plan, role)
    number, name = answer.values.get(f"{prefix}.personal_id"), answer.values.get(f"{prefix}.full_name")
    if not isinstance(number, str) or not is_personal_id(number):
        return None
    born = PartialDate(birth_year_of(number))
    full_name = name if isinstance(name, str) else None
    return Subject(kind=SubjectKind.PERSON, personal_id=number, full_name=full_name, birth_date=born)


def people_in_evidence(plan: Plan, answers: list[SourceAnswer | None]) -> dict[str, Subject]:
    """Role -> whom the answers name for it, with a number or by name alone; the roles of the request are left out."""
    found = found_subjects(plan, answers)
    for role in plan.procedure.roles.keys() - plan.slots.keys() - found.keys():
        before = dependency(plan, role)
        answer = None if before is None else answers[before]
        name = None if answer is None else answer.values.get(f"{_prefix(plan, role)}.full_name")
        if isinstance(name, str):
            found[role] = Subject(kind=SubjectKind.PERSON, full_name=name)
    return found


def _prefix(plan: Plan, role: str) -> str:
    return (plan.procedure.roles[role].found_in or "").partition(":")[2].partition(".")[2]


def places_of(plan: Plan, roles: Collection[str]) -> list[str]:
    """The places in evidence of those of these roles that have one."""
    declared = (plan.procedure.roles.get(role) for role in roles)
    return [one.found_in for one in declared if one is not None and one.found_in]


def without_relations(
    plan: Plan, answers: list[SourceAnswer | None], places: Collection[str]
) -> list[SourceAnswer | None]:
    """The answers as fields may have them: households without relations to a head (`found_in`) who is not meant."""
    roles = {place.partition(":")[0] for place in places}
    about = {plan.slots.get(role, role) for role in roles}
    shown = list(answers)
    for query in plan.queries:
        answer = shown[query.index]
        if answer is not None and query.role in about and query.service.evidence == "household":
            values = {name: _unrelated(value) for name, value in answer.values.items()}
            doubts = {
                name: doubt._replace(candidates=tuple(map(_unrelated, doubt.candidates)))
                for name, doubt in answer.doubts.items()
            }
            shown[query.index] = answer._replace(values=values, doubts=doubts)
    return shown


def _unrelated(value: object) -> object:
    if not isinstance(value, list):
        return value
    rows = (row for row in value if isinstance(row, Mapping))
    return [{name: one for name, one in row.items() if name != "relation"} for row in rows]
