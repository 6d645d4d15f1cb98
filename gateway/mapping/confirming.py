"""Who a query is about: a number alone identifies nobody, so somebody who knows must hold name and birth date to it.

What was found by a number, or through it (a child through its mother, the head through the household), counts once
the number's own person was confirmed, wherever a data service that does so may be asked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.identifiers import birth_year_of
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.model import Role
from gateway.mapping.procedure import ACCOUNT
from gateway.mapping.source import ServicePlan

#: evidence that confirms who somebody is, the least of it first -> what is asked of it
CONFIRMING: Mapping[str, str] = {"identity_check": "matches", "person": "full_name"}
_DENIED = AttributeDoubt(kind="sources_differ", rule="person:denied")

#: the kind of doubt of what was found by a number that nobody confirmed, and the rule that says so
UNCONFIRMED, UNCONFIRMED_RULE = "identity_unconfirmed", "identity:unconfirmed"


class Query(Protocol):
    """What is looked at of a planned query."""

    @property
    def index(self) -> int:
        """Its place among the queries of the plan."""

    @property
    def service(self) -> ServicePlan:
        """Who is asked."""

    @property
    def role(self) -> str:
        """Whom it is about."""


_Query = TypeVar("_Query", bound=Query)


def parents(roles: Mapping[str, Role], slots: Mapping[str, str]) -> dict[str, str]:
    """Role -> the role by whose number, or in whose evidence, its subject is found."""
    found = {}
    for name, role in roles.items():
        if before := role.through or (role.found_in or "").partition(":")[0]:
            found[name] = slots.get(before, before)
    return found


def chain(role: str, hangs_on: Mapping[str, str]) -> list[str]:
    """The role itself and those that it hangs on, nearest first."""
    found = [role]
    while (before := hangs_on.get(found[-1])) is not None and before not in found:
        found.append(before)
    return found


def confirm(
    queries: tuple[_Query, ...],
    subjects: Mapping[str, Subject],
    hangs_on: Mapping[str, str],
    confirming: Callable[[str, int], _Query | None],
) -> tuple[tuple[_Query, ...], dict[int, tuple[int, ...]]]:
    """The queries with those that are still needed to confirm people, and which query stands behind which others.

    `confirming(role, index)` makes a query that confirms, or None where nobody may be asked.
    """
    confirms: dict[int, tuple[int, ...]] = {}
    for role, subject in subjects.items():
        if subject.kind is not SubjectKind.PERSON:
            continue
        about = [q for q in queries if q.role == role and q.service.evidence != ACCOUNT]
        through = (q.index for q in queries if role in chain(q.role, hangs_on)[1:])
        behind = (*(q.index for q in about if not q.service.verifies), *through)
        if not behind:
            continue
        own = next((q for q in about if q.service.verifies and q.service.evidence in CONFIRMING), None)
        if own is None and (own := confirming(role, len(queries))) is not None:
            queries = (*queries, own)
        if own is not None:
            confirms[own.index] = behind
    return queries, confirms


def untrusted(
    queries: Sequence[Query],
    answers: Sequence[SourceAnswer | None],
    confirms: Mapping[int, tuple[int, ...]],
    hangs_on: Mapping[str, str],
    strangers: Collection[str],
    *,
    hurried: bool,
) -> dict[int, Reason]:
    """Queries whose answers may not be shown: DATA_DO_NOT_MATCH, or DEADLINE_REACHED while nobody confirmed yet.

    `strangers`: roles that are `denied`. An outage of a source that confirms hides nothing (SECURITY.md); a caller who
    is `hurried` and leaves it no time does.
    """
    found: dict[int, Reason] = {}
    for index, behind in confirms.items() if hurried else ():
        if _is_late(answers[index]):
            found.update(dict.fromkeys(behind, Reason.DEADLINE_REACHED))
    for query in queries:
        one = answers[query.index]
        is_strange = strangers and not set(chain(query.role, hangs_on)).isdisjoint(strangers)
        if is_strange or (
            one is not None and one.unvouched and not _is_vouched(query, one.unvouched, queries, answers)
        ):
            found[query.index] = Reason.DATA_DO_NOT_MATCH
    return found


def _is_vouched(
    query: Query, number: str, queries: Sequence[Query], answers: Sequence[SourceAnswer | None]
) -> bool:
    """Whether somebody who is sure of the person names the number under which a record of another name stands."""
    by = {word for words in query.service.vouched.values() for word in words}
    return any(
        answer is not None and answer.outcome is Outcome.FOUND and not answer.unvouched
        and answer.values.get(word.partition(".")[2]) == number
        for other, answer in ((one, answers[one.index]) for one in queries if one.role == query.role)
        for word in by if other.service.evidence == word.partition(".")[0]
    )  # fmt: skip


def disowned(
    queries: Sequence[Query],
    answers: list[SourceAnswer | None],
    found: Mapping[str, Subject],
    strangers: Collection[str],
    *,
    hurried: bool,
) -> list[SourceAnswer | None]:
    """The answers, their words in doubt about people whom a source that knows numbers denies.

    `found`: the subjects that the evidence itself named. A number under a name that is not its own fills no field,
    nor does one of which a `hurried` caller leaves nobody time to say it.
    """
    doubted = {*strangers}
    if found and hurried:
        doubted |= {one.role for one in queries if one.service.verifies and _is_late(answers[one.index])}
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
    """Queries by a number of which nobody said whose it is -> why not: what they found is shown in doubt."""
    found: dict[int, Reason] = {}
    for index, behind in confirms.items():
        one = answers[index]
        if one is None or one.outcome is Outcome.FOUND or _confirmed_by_another(queries, answers, index):
            continue
        found.update(dict.fromkeys(behind, one.reason or Reason.CONDITION_UNKNOWN))
    return found


def _confirmed_by_another(
    queries: Sequence[Query], answers: Sequence[SourceAnswer | None], index: int
) -> bool:
    """Whether another data service that compares name and birth date found the same person."""
    about = (query for query in queries if query.role == queries[index].role and query.service.verifies)
    return any((one := answers[query.index]) is not None and one.outcome is Outcome.FOUND for query in about)


def misfits(subject: Subject) -> bool:
    """Whether the birth year that a number spells, which is all that most records bear of a person, is another one."""
    number, born = subject.personal_id, subject.birth_date
    return number is not None and born is not None and birth_year_of(number) != born.year


def denied(
    queries: Sequence[Query], answers: Sequence[SourceAnswer | None], confirms: Mapping[int, tuple[int, ...]]
) -> set[str]:
    """Roles whose number, name and birth date do not belong together: a source that confirms says so, else any.

    A source that confirms denies where it does not know such a person. One whose answer is left blank is silent.
    """
    found: set[str] = set()
    confirmed: set[str] = set()
    for query in queries:
        one = answers[query.index]
        if one is None:
            continue
        if one.outcome is Outcome.NO_MATCH:
            found.add(query.role)
        elif query.index in confirms:
            matches = one.values.get("matches")
            if one.outcome is Outcome.NOT_FOUND or matches is False:
                found.add(query.role)
            elif one.outcome is Outcome.FOUND and (
                matches is True or CONFIRMING.get(query.service.evidence) != "matches"
            ):
                confirmed.add(query.role)
    return found - confirmed if found else found


def _is_late(answer: SourceAnswer | None) -> bool:
    return answer is not None and answer.reason is Reason.DEADLINE_REACHED
