"""Which of several records the form is about, by what the form says, typed or held (`tells_apart`: a child's name).

No record is chosen unless exactly one fits.
"""

from collections.abc import Iterator, Mapping, Sequence

from gateway.domain.evidence import Outcome, SourceAnswer, failed
from gateway.domain.reasons import Reason
from gateway.mapping.plan import Plan, PlannedQuery
from gateway.mapping.procedure import Field
from gateway.mapping.records import SEVERAL, together
from gateway.mapping.transforms import same_words

_NOT_MEANT = failed(Outcome.NO_MATCH, Reason.DATA_DO_NOT_MATCH)


def only_meant(
    plan: Plan, answers: list[SourceAnswer | None], typed: Mapping[str, object]
) -> list[SourceAnswer | None]:
    """The answers without records that contradict what the form says."""
    shown = answers
    for query in plan.queries:
        answer = answers[query.index]
        if not query.service.tells_apart or answer is None or answer.outcome is not Outcome.FOUND:
            continue
        if meant := list(_said(plan, query, typed)):
            shown = list(shown)
            shown[query.index] = _meant(answer, meant)
    return shown


#: a field, the attribute that fills it, and the typed value
_MeantValue = tuple[Field, str, object]


def _said(plan: Plan, query: PlannedQuery, typed: Mapping[str, object]) -> Iterator[_MeantValue]:
    for planned in plan.fields:
        if planned.field.key in typed:
            for index, attribute, *_ in planned.asked:
                if index == query.index and attribute in query.service.tells_apart:
                    yield planned.field, attribute, typed[planned.field.key]


def _meant(answer: SourceAnswer, values: Sequence[_MeantValue]) -> SourceAnswer:
    count = max(
        (len(doubt.candidates) for doubt in answer.doubts.values() if doubt.kind == SEVERAL), default=0
    )
    records = [
        {name: _of(answer, name, at) for name in (*answer.values, *answer.doubts)} for at in range(count or 1)
    ]
    verdicts = [
        [_fits(field, record.get(name), typed) for field, name, typed in values] for record in records
    ]
    left = [record for record, verdict in zip(records, verdicts, strict=True) if False not in verdict]
    if not left:
        return _NOT_MEANT
    if not count:
        return answer
    is_sure = len(left) == 1 and any(True in verdict for verdict in verdicts if False not in verdict)
    doubts = {name: doubt for name, doubt in answer.doubts.items() if doubt.kind != SEVERAL}
    found = [answer._replace(values=_present(record), doubts=doubts) for record in left]
    return found[0] if is_sure else together(found)


def _of(answer: SourceAnswer, name: str, at: int) -> object:
    doubt = answer.doubts.get(name)
    return doubt.candidates[at] if doubt is not None and doubt.kind == SEVERAL else answer.values.get(name)


def _present(record: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in record.items() if value is not None}


def _fits(field: Field, value: object, typed: object) -> bool | None:
    """Whether a record has the typed value; None: one of the two is blank."""
    written = None if value is None else field.converted(value)
    if written is None or typed is None or typed == "":
        return None
    if not isinstance(written, str) or not isinstance(typed, str):
        return written == typed
    ours, theirs = same_words(written), same_words(typed)
    # a date in the precision of the shorter one: `01/2026` fits `02/01/2026`
    return ours == theirs or ours.endswith(f"/{theirs}") or theirs.endswith(f"/{ours}")
