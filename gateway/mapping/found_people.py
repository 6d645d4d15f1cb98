"""People whom evidence names for a role (`found_in`): the head of a household in the record of its member."""

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
    declared = plan.procedure.roles[role]
    prefix = (declared.found_in or "").partition(":")[2].partition(".")[2]
    number, name = answer.values.get(f"{prefix}.personal_id"), answer.values.get(f"{prefix}.full_name")
    if not isinstance(number, str) or not is_personal_id(number):
        return None
    born = PartialDate(birth_year_of(number))
    full_name = name if isinstance(name, str) else None
    return Subject(kind=SubjectKind.PERSON, personal_id=number, full_name=full_name, birth_date=born)
