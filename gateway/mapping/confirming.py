"""Who a query is about: a number alone identifies nobody, so a source must confirm it with name and birth date.

What was found by a number, or through it (a child through its mother, the household through its head), counts once the
person with that number is confirmed, wherever a data service that confirms may be asked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.identifiers import birth_year_of
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.model import Role, ServiceMapping
from gateway.mapping.procedure import ACCOUNT
from gateway.mapping.records import WEAK
from gateway.mapping.source import VERDICTS, ServicePlan

#: evidence that confirms a person, from least to most -> the attribute asked
CONFIRMING: Mapping[str, str] = {**VERDICTS, "person": "full_name"}
#: CPython 3.11 makes a call for each member that is read from the class of an enum
_FOUND, _NOT_FOUND, _NO_MATCH = Outcome.FOUND, Outcome.NOT_FOUND, Outcome.NO_MATCH
_DENIED = AttributeDoubt(kind="sources_differ", rule="person:denied")

#: the kind of doubt of evidence found by an unconfirmed number, and its rule
UNCONFIRMED, UNCONFIRMED_RULE = "identity_unconfirmed", "identity:unconfirmed"


class Query(Protocol):
    """A planned query, as this file reads it."""

    @property
    def index(self) -> int:
        """Its index among the queries of the plan."""

    @property
    def service(self) -> ServicePlan:
        """The data service."""

    @property
    def role(self) -> str:
        """The role of its subject."""

    @property
    def verifies(self) -> bool:
        """Whether every answer confirms that number, name and birth date of its subject belong together."""

    @property
    def is_unsure(self) -> bool:
        """Whether its data cut no paper, because nothing confirms a number of its subject."""


_AnyQuery = TypeVar("_AnyQuery", bound=Query)


def parents(roles: Mapping[str, Role], slots: Mapping[str, str]) -> dict[str, str]:
    """Role -> the role by whose number, or in whose evidence, its subject is found."""
    found = {}
    for name, role in roles.items():
        if before := role.through or (role.found_in or "").partition(":")[0]:
            found[name] = slots.get(before, before)
    return found


def chain(role: str, hangs_on: Mapping[str, str]) -> list[str]:
    """The role itself and the roles that it depends on, nearest first."""
    found = [role]
    while (before := hangs_on.get(found[-1])) is not None and before not in found:
        found.append(before)
    return found


def confirm(
    queries: tuple[_AnyQuery, ...],
    subjects: Mapping[str, Subject],
    hangs_on: Mapping[str, str],
    confirming: Callable[[str, int], _AnyQuery | None],
) -> tuple[tuple[_AnyQuery, ...], dict[int, tuple[int, ...]]]:
    """The queries with those needed to confirm people, and for each confirming query the queries that it confirms.

    `confirming(role, index)` makes a confirming query, or None where no source may be asked.
    """
    confirms: dict[int, tuple[int, ...]] = {}
    for role, subject in subjects.items():
        if subject.kind is not SubjectKind.PERSON:
            continue
        about = [q for q in queries if q.role == role and q.service.evidence != ACCOUNT]
        through = (q.index for q in queries if role in chain(q.role, hangs_on)[1:])
        behind = (*(q.index for q in about if not q.verifies), *through)
        if not behind:
            continue
        own = next((q for q in about if q.verifies and q.service.evidence in CONFIRMING), None)
        if own is None and (own := confirming(role, len(queries))) is not None:
            queries = (*queries, own)
        if own is not None:
            confirms[own.index] = behind
    return queries, confirms


def unsure_roles(
    queries: Sequence[Query],
    subjects: Mapping[str, Subject],
    confirms: Mapping[int, tuple[int, ...]],
    *,
    cuts: bool,
) -> set[str]:
    """Roles whose subject no number identifies for certain: what is found about them cuts no paper.

    A person without a number, unless the agreements (`cuts`) and every data service that is asked say `cut` and compare
    all that is known of the person; a person by a passport or a number of `schemas/identifiers` where no data service
    compares that number with the name.
    """
    found = set()
    for role, subject in subjects.items():
        about = [one for one in queries if one.role == role and one.service.evidence != ACCOUNT]
        if subject.is_unnumbered:
            known = {name for name in WEAK if getattr(subject, name)}
            if not (cuts and all(_cuts_by(known, one.service.mapping) for one in about)):
                found.add(role)
        elif subject.kind is SubjectKind.PERSON and not (subject.personal_id or subject.old_id):
            confirmed = {index for query, behind in confirms.items() for index in (query, *behind)}
            if any(not one.verifies and one.index not in confirmed for one in about):
                found.add(role)
    return found


def _cuts_by(known: set[str], mapping: ServiceMapping) -> bool:
    """Whether a data service says `cut`, and its answers repeat all that is known of a person without a number."""
    return mapping.without_number == "cut" and known <= mapping.answer.identity.keys()


def untrusted(
    queries: Sequence[Query],
    answers: Sequence[SourceAnswer | None],
    confirms: Mapping[int, tuple[int, ...]],
    hangs_on: Mapping[str, str],
    denied_roles: Collection[str],
    *,
    hurried: bool,
) -> dict[int, Reason]:
    """Queries whose answers may not be shown: DATA_DO_NOT_MATCH, or DEADLINE_REACHED before a confirmation.

    `denied_roles`: what `denied` gives. An outage of a confirming source hides nothing (SECURITY.md); a `hurried`
    caller, who leaves it no time, does.
    """
    found: dict[int, Reason] = {}
    for index, behind in confirms.items() if hurried else ():
        if _is_late(answers[index]):
            found |= {one: Reason.DEADLINE_REACHED for one in behind if not _confirms_itself(answers[one])}
    for query in queries:
        one = answers[query.index]
        is_strange = denied_roles and not set(chain(query.role, hangs_on)).isdisjoint(denied_roles)
        if is_strange or (
            one is not None
            and one.unvouched
            and not (one.is_unsure or _is_vouched(query, one.unvouched, queries, answers))
        ):
            found[query.index] = Reason.DATA_DO_NOT_MATCH
    return found


def _is_vouched(
    query: Query, number: str, queries: Sequence[Query], answers: Sequence[SourceAnswer | None]
) -> bool:
    """Whether a source that confirms the person gives the same number as a record under another name."""
    by = {word for words in query.service.vouched.values() for word in words}
    return any(
        answer is not None and answer.outcome is _FOUND and not answer.unvouched
        and answer.values.get(word.partition(".")[2]) == number
        for other, answer in ((one, answers[one.index]) for one in queries if one.role == query.role)
        for word in by if other.service.evidence == word.partition(".")[0]
    )  # fmt: skip


def disowned(
    queries: Sequence[Query],
    answers: list[SourceAnswer | None],
    found: Mapping[str, Subject],
    denied_roles: Collection[str],
    *,
    hurried: bool,
) -> list[SourceAnswer | None]:
    """The answers, with doubts on attributes about people whom a confirming source denies.

    `found`: the subjects that the evidence itself named. A number under another person's name fills no field, nor does
    one that a `hurried` caller leaves no time to confirm.
    """
    doubted = {*denied_roles}
    if found and hurried:
        doubted |= {one.role for one in queries if one.verifies and _is_late(answers[one.index])}
    people = {(one.personal_id, one.full_name) for role, one in found.items() if role in doubted}
    return [one and _without(one, people) for one in answers] if people else answers


def _without(answer: SourceAnswer, people: set[tuple[str | None, str | None]]) -> SourceAnswer:
    values = answer.values
    about = tuple(
        start
        for start in (name.removesuffix("personal_id") for name in values if name.endswith(".personal_id"))
        if (values[f"{start}personal_id"], values.get(f"{start}full_name")) in people
    )
    if not about:
        return answer
    kept = {name: value for name, value in values.items() if not name.startswith(about)}
    return answer._replace(
        values=kept, doubts={**answer.doubts, **dict.fromkeys(values.keys() - kept, _DENIED)}
    )


def unconfirmed(
    queries: Sequence[Query], answers: Sequence[SourceAnswer | None], confirms: Mapping[int, tuple[int, ...]]
) -> dict[int, Reason]:
    """Queries by a number that no source confirmed -> the reason: their evidence is shown in doubt.

    So is what a similar name or a year alone found, where no confirming source gives the number of the record.
    """
    found: dict[int, Reason] = {}
    for query in queries:
        one = answers[query.index]
        is_open = (
            one is not None and one.is_unsure and not _is_vouched(query, one.unvouched, queries, answers)
        )
        if is_open or (query.is_unsure and not _confirms_itself(one)):
            found[query.index] = Reason.IDENTITY_UNCONFIRMED
    for index, behind in confirms.items():
        one, evidence = answers[index], queries[index].service.evidence
        # as `_confirms`, without its call
        if one is None or (
            one.outcome is _FOUND and (evidence not in VERDICTS or one.values.get(VERDICTS[evidence]) is True)
        ):
            continue
        if any(query.role == queries[index].role and _confirms(query, answers) for query in queries):
            continue
        found.update(dict.fromkeys(behind, one.reason or Reason.CONDITION_UNKNOWN))
    return found


def _confirms(query: Query, answers: Sequence[SourceAnswer | None]) -> bool:
    """Whether an answer confirms the person: name and birth date were sent, or it repeats them.

    One with a verdict must say yes.
    """
    one = answers[query.index]
    if one is None or one.outcome is not _FOUND or not (query.verifies or one.confirms):
        return False
    verdict = VERDICTS.get(query.service.evidence)
    return verdict is None or one.values.get(verdict) is True


def _confirms_itself(answer: SourceAnswer | None) -> bool:
    return answer is not None and answer.confirms


def misfits(subject: Subject) -> bool:
    """Whether the birth year in the number, the only one in most records, differs from the person's."""
    number, born = subject.personal_id, subject.birth_date
    return number is not None and born is not None and birth_year_of(number) != born.year


def denied(
    queries: Sequence[Query], answers: Sequence[SourceAnswer | None], confirms: Mapping[int, tuple[int, ...]]
) -> set[str]:
    """Roles whose number, name and birth date do not belong together: by a confirming source, else by any source.

    A confirming source denies when it does not know such a person. A blank answer denies nothing.
    """
    found: set[str] = set()
    confirmed: set[str] = set()
    for query in queries:
        one = answers[query.index]
        if one is None:
            continue
        if one.outcome is _NO_MATCH:
            found.add(query.role)
        elif query.index in confirms:
            matches = one.values.get("matches")
            if one.outcome is _NOT_FOUND or matches is False:
                found.add(query.role)
            elif one.outcome is _FOUND and (matches is True or query.service.evidence not in VERDICTS):
                confirmed.add(query.role)
    return found - confirmed if found else found


def _is_late(answer: SourceAnswer | None) -> bool:
    return answer is not None and answer.reason is Reason.DEADLINE_REACHED
