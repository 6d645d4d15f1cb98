"""Fields whose references state the same fact (`agree`): the sources' values, and contradictions between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.domain.evidence import SourceAnswer
from gateway.domain.reasons import Reason
from gateway.mapping.contradictions import ANSWER_DIFFERS
from gateway.mapping.plan import Pick, Plan, PlannedField, evidence_id
from gateway.mapping.transforms import Unreadable, same_words

Answers = list[SourceAnswer | None]


@dataclass(frozen=True, slots=True)
class OpenValue:
    """What a source says where the form has several words for it: one of these values."""

    values: tuple[object, ...]


def field_values(planned: PlannedField, answers: Answers) -> list[tuple[object, str, Pick]]:
    """Value, evidence and reference of each source's answer for a field, in the order of preference.

    An answer that leaves several values open (`OpenValue`) comes last.
    """
    found: list[tuple[object, str, Pick]] = []
    unclear: list[tuple[object, str, Pick]] = []
    for pick in planned.picks:
        answer = answers[pick.query] if pick.query is not None else None
        raw = answer.values.get(pick.attribute) if answer is not None else None
        value = planned.field.converted(raw) if raw is not None else None
        if value is not None and pick.query is not None:
            found.append((value, evidence_id(pick.query), pick))
        elif raw.__class__ is str and pick.query is not None and raw in planned.field.one_of:
            unclear.append((OpenValue(planned.field.one_of[raw]), evidence_id(pick.query), pick))
    return found + unclear if unclear else found


def readings(value: object) -> tuple[object, ...]:
    """The values that one of `field_values` may be."""
    return value.values if isinstance(value, OpenValue) else (value,)


def differ(found: list[tuple[object, str, Pick]]) -> bool:
    """Whether sources contradict one another; the case of letters does not count."""
    for other, _, _ in found[1:]:
        if other.__class__ is OpenValue:
            if {*map(_folded, readings(other))}.isdisjoint(map(_folded, readings(found[0][0]))):
                return True
        elif _folded(other) != _folded(found[0][0]):
            return True
    return False


def different(found: list[tuple[object, str, Pick]]) -> list[tuple[object, str, Pick]]:
    """Each value once, from the first source that gives it."""
    kept: list[tuple[object, str, Pick]] = []
    for one in found:
        if all(_folded(one[0]) != _folded(other) for other, _, _ in kept):
            kept.append(one)
    return kept


def _folded(value: object) -> object:
    try:
        return same_words(value) if isinstance(value, str) else value
    except Unreadable:  # longer than any text of a person: only equal text is the same value
        return value


def disputed(planned: PlannedField, answers: Answers) -> Iterator[tuple[int, str]]:
    """References of a field whose sources contradict one another or themselves, whatever the citizen typed."""
    is_open = differ(found := field_values(planned, answers))
    for _, _, pick in found:
        answer = None if pick.query is None else answers[pick.query]
        if answer is not None and answer.doubts and pick.attribute in answer.doubts:
            is_open = is_open or answer.doubts[pick.attribute].kind == ANSWER_DIFFERS
    if is_open:
        yield from ((pick.query, pick.attribute) for _, _, pick in found if pick.query is not None)


def awaited(planned: PlannedField, answers: Answers) -> Iterator[tuple[int, str]]:
    """References of a field while one of its sources, which may contradict the others, can still answer."""
    open_ = (answers[query] for query, *_ in planned.asked)
    if any(one is not None and one.reason is Reason.DEADLINE_REACHED for one in open_):
        yield from ((query, attribute) for query, attribute, *_ in planned.asked)


def partners(
    plan: Plan, answers: Answers, wanted: Mapping[int, None], known: Mapping[str, object]
) -> Iterator[int]:
    """Queries that may contradict the evidence of papers, where the citizen typed the field."""
    typed = [one for one in plan.fields if one.field.agree and one.field.key in known]
    rests = {(pick.query, pick.attribute) for pick in plan.picks.values()} if typed else set()
    for planned in typed:
        mine = [query for query, attribute, *_ in planned.asked if (query, attribute) in rests]
        if any(query in wanted or answers[query] is not None for query in mine):
            yield from (query for query, *_ in planned.asked if answers[query] is None)
