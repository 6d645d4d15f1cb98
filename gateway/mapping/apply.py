"""From answers to the form: every field with its passport, every paper with its proof.

Pure: the same plan, answers and input give the same form. Contradictions are kept as doubts with a preferred value.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.domain.evidence import AttributeDoubt, Outcome, Reason, SourceAnswer
from gateway.domain.parties import Subject
from gateway.mapping import agreeing
from gateway.mapping.confirming import UNCONFIRMED, UNCONFIRMED_RULE, unconfirmed
from gateway.mapping.many import only_named
from gateway.mapping.paper_entries import paper_entry
from gateway.mapping.papers import wanting
from gateway.mapping.paths import put
from gateway.mapping.plan import Pick, Plan, PlannedField, evidence_id
from gateway.mapping.predicates import Facts, Published

#: which state says most about why a field has no value, strongest first
_RANK = ("unavailable", "withheld", "not_found", "empty", "not_applicable")
_STATES = {
    Outcome.FOUND: "empty",
    Outcome.NOT_FOUND: "not_found",
    Outcome.NO_MATCH: "not_found",
    Outcome.SKIPPED: "not_applicable",
    Outcome.REFUSED: "unavailable",
    Outcome.UNAVAILABLE: "unavailable",
    Outcome.INVALID: "unavailable",
}
#: why a reference has no query -> state of its field
_UNASKED: Mapping[Reason | None, str] = {
    Reason.NOT_AGREED: "withheld", Reason.QUOTA_EXCEEDED: "withheld", Reason.VALUE_BLANK: "empty",
}  # fmt: skip

Entry = dict[str, object]


@dataclass(slots=True)
class Filled:
    """A filled form. `digestible` holds what the exchange log digests: form key -> value."""

    form: dict[str, object] = field(default_factory=dict)
    fields: dict[str, Entry] = field(default_factory=dict)
    papers: list[Entry] = field(default_factory=list)
    digestible: dict[str, object] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    saved_fields: int = 0
    saved_papers: int = 0

    def beside(self) -> Iterator[object]:
        """The evidence that leaves beside the values of the form: what else they might be, and what papers say."""
        yield from (entry["doubt"] for entry in self.fields.values() if entry["doubt"])
        yield self.papers

    @property
    def doubtful(self) -> dict[str, str]:
        """For the record: the fields that the citizen may correct because their values are in doubt."""
        keys = [key for key, entry in self.fields.items() if entry["doubt"] and entry["value"] is not None]
        return {"doubtful": " ".join(keys)} if keys else {}


@dataclass(frozen=True, slots=True)
class Situation:
    """What the request says beside the evidence."""

    known: Mapping[str, object]
    given: frozenset[str]
    today: date
    published: Published
    #: by role; only whom the caller named
    subjects: Mapping[str, Subject] = field(default_factory=dict)


def fill(plan: Plan, answers: list[SourceAnswer | None], situation: Situation) -> Filled:
    """Fill every field of the plan and decide every paper. A missing answer counts as `skipped`."""
    filled = Filled()
    form, known = filled.form, situation.known
    shown = only_named(plan.keeps, answers, situation.subjects) if plan.keeps else answers
    disputed: set[tuple[int, str]] = set()
    awaited: set[tuple[int, str]] = set()
    doubtful = unconfirmed(plan.queries, answers, plan.confirms)
    for planned in plan.fields:
        key = planned.field.key
        if planned.field.agree:
            disputed.update(agreeing.disputed(planned, shown))
            awaited.update(agreeing.awaited(planned, shown))
        if key in known:
            filled.fields[key] = _kept(known[key])
            put(form, planned.field.names, known[key])
            continue
        entry = filled.fields[key] = _entry(plan, planned, shown)
        if doubtful:
            _doubt_person(entry, doubtful)
        value = entry["value"]
        if value is not None:
            put(form, planned.field.names, value)
            filled.digestible[key] = value
        elif entry["state"] == "withheld":
            filled.rules[_withheld_rule(entry)] = None
    filled.saved_fields = len(filled.digestible)
    facts = Facts(
        plan,
        answers,
        situation.published,
        situation.today,
        situation.given,
        known,
        disputed,
        awaited,
        doubtful,
    )
    for code, paper in plan.papers.items():
        decided = paper_entry(facts, code, paper)
        filled.papers.append(decided)
        filled.saved_papers += decided["state"] in ("replaced", "reusable")
    return filled


def _kept(value: object) -> Entry:
    return {
        "state": "kept",
        "value": value,
        "evidence": None,
        "attribute": None,
        "editable": True,
        "doubt": None,
    }


def _entry(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> Entry:
    form_field = planned.field
    if form_field.agree:
        return _agreed(plan, planned, answers)
    for query, attribute, blank in planned.asked:
        answer = answers[query]
        if answer is None:
            continue
        raw = answer.values.get(attribute)
        if raw is None:
            continue
        value = form_field.convert(raw)
        if value is None:
            continue
        entry: Entry = blank.copy()
        entry["value"] = value
        if answer.doubts and (found := answer.doubts.get(attribute)) is not None:
            doubt = entry["doubt"] = _doubt(found, form_field.convert, evidence_id(query))
            entry["editable"] = form_field.editable or doubt is not None
        return entry
    return _without_value(plan, planned, answers)


def _doubt(doubt: AttributeDoubt, convert: Callable[[object], object], evidence: str) -> Entry | None:
    """The doubt in the form's words; None when all candidates come to the same there."""
    candidates = [{"value": convert(value), "evidence": evidence} for value in doubt.candidates]
    if len(candidates) > 1 and all(one == candidates[0] for one in candidates[1:]):
        return None
    return {"kind": doubt.kind, "candidates": candidates, "preferred": 0, "rule": doubt.rule}


def _doubt_person(entry: Entry, doubtful: Mapping[int, Reason]) -> None:
    """Nobody confirmed whose number it is: the value may be somebody else's, and the citizen may correct it."""
    for query in doubtful:
        if entry["evidence"] == evidence_id(query) and entry["doubt"] is None:
            entry["doubt"] = {"kind": UNCONFIRMED, "candidates": [], "preferred": 0, "rule": UNCONFIRMED_RULE}
            entry["editable"] = True


def _agreed(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> Entry:
    found = agreeing.said(planned, answers)
    if not found:
        return _without_value(plan, planned, answers)
    value, source, pick = found[0]
    differ = agreeing.differ(found)
    entry: Entry = {
        "state": "disputed" if differ else "filled",
        "value": value,
        "evidence": source,
        "attribute": pick.name,
        "editable": planned.field.editable or differ,
        "doubt": None,
    }
    if differ:
        kind = "name_differs" if pick.attribute.endswith("full_name") else "sources_differ"
        candidates = [{"value": other, "evidence": name} for other, name, _ in found]
        rule = "prefer:" + ">".join(one.name for _, _, one in found)
        entry["doubt"] = {"kind": kind, "candidates": candidates, "preferred": 0, "rule": rule}
        entry["reason"] = {"code": Reason.SOURCES_DIFFER.value}
    return entry


def _without_value(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> Entry:
    best, reason = "empty" if not planned.picks else "not_applicable", None
    doubt: Entry | None = None
    strongest = len(_RANK)
    for pick in planned.picks:
        if pick.query is None:
            state = _UNASKED.get(pick.reason, "not_applicable")
            said: Entry = {"code": (pick.reason or Reason.CONDITION_FALSE).value, "rule": pick.rule}
        else:
            state, said = _why(plan, pick.query, pick.attribute, answers[pick.query])
        if _RANK.index(state) < strongest:
            strongest, best, reason = _RANK.index(state), state, said
            doubt = _unwritable(pick, answers)
    return {
        "state": best,
        "value": None,
        "evidence": None,
        "attribute": planned.picks[0].name if planned.picks else None,
        "editable": True,
        "doubt": doubt,
        "reason": reason,
    }


def _unwritable(pick: Pick, answers: list[SourceAnswer | None]) -> Entry | None:
    """The doubt of a field that has no value though its evidence has one: the form has no word for it."""
    answer = None if pick.query is None else answers[pick.query]
    if answer is None or answer.outcome is not Outcome.FOUND or answer.values.get(pick.attribute) is None:
        return None
    return {"kind": "code_unknown", "candidates": [], "preferred": 0, "rule": "form:unwritable"}


def _why(plan: Plan, index: int, attribute: str, answer: SourceAnswer | None) -> tuple[str, Entry]:
    query = plan.queries[index]
    source = query.service.source
    if (withheld := plan.withheld.get(index)) is not None and attribute not in query.attributes:
        return "withheld", {"code": withheld.reason.value, "source": source, "rule": withheld.rule}
    if answer is None:
        return "not_applicable", {"code": Reason.CONDITION_FALSE.value, "source": source}
    state, reason = _STATES[answer.outcome], answer.reason
    if answer.outcome is Outcome.SKIPPED:
        state = _UNASKED.get(reason, state)
    if answer.outcome is Outcome.FOUND:
        unknown = attribute in answer.doubts or attribute in answer.values
        reason = Reason.CODE_UNKNOWN if unknown else Reason.VALUE_BLANK
        if unknown and getattr(answer.doubts.get(attribute), "kind", "") == "sources_differ":
            reason = Reason.SOURCES_DIFFER
    said: Entry = {"code": (reason or Reason.CONDITION_FALSE).value, "source": source}
    if answer.retry_in is not None:
        said["retry_in"] = answer.retry_in
    return state, said


def _withheld_rule(entry: Entry) -> str:
    reason = entry["reason"]
    return str(reason["rule"]) if isinstance(reason, dict) else ""


def next_queries(
    plan: Plan, answers: list[SourceAnswer | None], situation: Situation, *, waiting: bool = False
) -> list[int]:
    """Queries to ask now: for each field the first reference not answered yet, for papers what would decide them.

    While answers are awaited (`waiting`) papers ask nothing more: one of those answers may decide them.
    """
    if None not in answers:
        return []
    shown = only_named(plan.keeps, answers, situation.subjects) if plan.keeps else answers
    wanted = dict.fromkeys(
        index
        for planned in plan.fields
        if planned.field.key not in situation.known
        for index in _next_of(planned, shown)
    )
    facts = Facts(plan, answers, situation.published, situation.today, situation.given, situation.known)
    for paper in () if waiting else plan.papers.values():
        wanted.update(dict.fromkeys(wanting(facts, paper)))
    wanted.update(dict.fromkeys(agreeing.partners(plan, answers, wanted, situation.known)))
    for index, behind in plan.confirms.items():
        if answers[index] is None and any(one in wanted or answers[one] is not None for one in behind):
            wanted[index] = None
    return list(wanted)


def _next_of(planned: PlannedField, answers: list[SourceAnswer | None]) -> Iterator[int]:
    """The first reference's query without an answer, unless one before it has a value.

    Where the references state the same fact, all are asked at once: who asks less must not miss a dispute.
    """
    for query, attribute, _ in planned.asked:
        answer = answers[query]
        if answer is None:
            yield query
            if not planned.field.agree:
                return
            continue
        raw = answer.values.get(attribute)
        if raw is not None and not planned.field.agree and planned.field.convert(raw) is not None:
            return
