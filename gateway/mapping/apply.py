"""From answers to the form: every field with its passport, every paper with its proof.

Pure functions: the same plan, answers and input give the same form. Contradictions stay as doubts with a preferred
value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import orjson

from gateway.domain.evidence import AttributeDoubt, Outcome, SourceAnswer
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping import agreeing
from gateway.mapping.answer import (
    PROPOSED,
    CandidateEntry,
    DoubtEntry,
    FieldEntry,
    FieldState,
    PaperEntry,
    ReasonEntry,
)
from gateway.mapping.checking import checked_entry
from gateway.mapping.confirming import UNCONFIRMED, UNCONFIRMED_RULE, unconfirmed
from gateway.mapping.differences import (
    differing,
    differing_records,
    find_strangers,
    other_heads,
    other_records,
    without_heads,
    without_records,
    without_strangers,
)
from gateway.mapping.filing_warnings import warnings
from gateway.mapping.form_transforms import original
from gateway.mapping.found_people import places_of, without_relations
from gateway.mapping.holders import held_by_another, without
from gateway.mapping.many import only_named
from gateway.mapping.paper_entries import paper_entry
from gateway.mapping.papers import wanting
from gateway.mapping.paths import put
from gateway.mapping.plan import Pick, Plan, PlannedField, evidence_id, without_value
from gateway.mapping.predicates import Facts, Published
from gateway.mapping.procedure import FORM, Field
from gateway.mapping.records import SEVERAL
from gateway.mapping.things import of_one_thing

_FOUND = Outcome.FOUND
#: kind of the doubt of a value that does not fit its schema
_INVALID = "value_invalid"
#: kind of doubt -> why a field has no value; any other kind: the code is unknown
_DOUBTED: Mapping[str, Reason] = {
    "sources_differ": Reason.SOURCES_DIFFER, _INVALID: Reason.VALUE_INVALID, SEVERAL: Reason.SEVERAL_RECORDS,
}  # fmt: skip
#: the states of a field without a value, most specific first
_RANK: tuple[FieldState, ...] = ("unavailable", "withheld", "not_found", "empty", "not_applicable")
_STATES: Mapping[Outcome, FieldState] = {
    Outcome.FOUND: "empty",
    Outcome.NOT_FOUND: "not_found",
    Outcome.NO_MATCH: "not_found",
    Outcome.SKIPPED: "not_applicable",
    Outcome.REFUSED: "unavailable",
    Outcome.UNAVAILABLE: "unavailable",
    Outcome.INVALID: "unavailable",
}
#: why a reference has no query -> state of its field
_UNASKED: Mapping[Reason | None, FieldState] = {
    Reason.NOT_AGREED: "withheld", Reason.QUOTA_EXCEEDED: "withheld", Reason.VALUE_BLANK: "empty",
    Reason.DATA_DO_NOT_MATCH: "not_found", Reason.OBJECT_DIFFERS: "not_found",
}  # fmt: skip


class Situation(Protocol):
    """Facts of the request beside the evidence."""

    @property
    def known(self) -> Mapping[str, object]:
        """Form keys that the citizen typed already, with their values; None: emptied, and to stay so."""

    @property
    def dossier(self) -> str | None:
        """Code of the dossier of the request."""

    @property
    def held(self) -> Mapping[str, object]:
        """Form keys that the portal fills itself, with the values it holds."""

    @property
    def given(self) -> frozenset[str]:
        """Roles that the caller named."""

    @property
    def today(self) -> date:
        """The day in Việt Nam."""

    @property
    def published(self) -> Published:
        """Which scope covers an attribute."""

    @property
    def named(self) -> Mapping[str, Subject]:
        """Role -> subject; only whom the caller named."""

    @property
    def represented(self) -> frozenset[str]:
        """Represented roles whose representation a source has proven."""


@dataclass(frozen=True, slots=True)
class FixedSituation:
    """A `Situation` outside of any exchange."""

    known: Mapping[str, object]
    given: frozenset[str]
    today: date
    published: Published
    named: Mapping[str, Subject] = field(default_factory=dict)
    held: Mapping[str, object] = field(default_factory=dict)
    dossier: str | None = None
    represented: frozenset[str] = frozenset()


@dataclass(slots=True)
class Filled:
    """A filled form. Fields are JSON as in the answer (`"key":{…}`)."""

    form: dict[str, object] = field(default_factory=dict)
    fields: list[bytes] = field(default_factory=list)
    papers: list[PaperEntry] = field(default_factory=list)
    papers_json: bytes = b"[]"
    warnings_json: bytes = b"[]"
    #: values that the exchange log digests: form key -> JSON
    digestible: dict[str, bytes] = field(default_factory=dict)
    #: fields that the citizen may correct because their values are in doubt
    doubtful: list[str] = field(default_factory=list)
    #: query and attribute of values that are only offered (`propose_else`)
    offered: set[tuple[int, str]] = field(default_factory=set)
    #: query and attribute of such a value -> the form field that says another type of it
    denied: dict[tuple[int, str], str] = field(default_factory=dict)
    #: JSON of the doubts, which leave with the values of the form
    doubts: list[bytes] = field(default_factory=list)
    rules: dict[str, None] = field(default_factory=dict)
    saved_papers: int = 0
    #: roles of objects that are registered for somebody else: their data fill no field
    of_another: frozenset[str] = frozenset()
    #: what the papers were decided by; None without papers
    facts: Facts | None = None

    def entries(self) -> dict[str, FieldEntry]:
        """Form key -> entry, decoded."""
        found: dict[str, FieldEntry] = orjson.loads(b"{" + b",".join(self.fields) + b"}")
        return found


def fill(  # noqa: C901, PLR0912, PLR0915 -- the one loop over all fields: a call for each would cost more than its lines
    plan: Plan, answers: list[SourceAnswer | None], situation: Situation
) -> Filled:
    """Fill every field of the plan and decide every paper. A missing answer counts as `skipped`."""
    filled = Filled()
    form, fields, digestible, known = filled.form, filled.fields, filled.digestible, situation.known
    dumps, held = orjson.dumps, situation.held
    strangers: dict[str, str] = {}
    if known or held:
        typed = _typed(situation)
        strangers = find_strangers(plan, answers, situation.named, typed)
        records = other_records(plan, answers, typed)
        if strangers:
            plan = without_strangers(plan, answers, situation.named, strangers)
        if records:
            plan = without_records(plan, answers, records, typed)
    heads = other_heads(plan, answers, situation.named) if plan.named_heads else {}
    if heads:
        plan = without_heads(plan, answers, heads)
    shown = only_named(plan.keeps, answers, situation.named) if plan.keeps else answers
    if heads or strangers:
        shown = without_relations(plan, shown, {*heads, *places_of(plan, strangers)})
    of_another = held_by_another(plan, answers, situation.named, strangers) if plan.holders else frozenset()
    if of_another:
        shown, filled.of_another = without(plan, shown, of_another), of_another
    if things := plan.things if known or held else plan.ambiguous_things:
        plan = of_one_thing(plan, shown, things, _typed(situation), is_final=True)
    doubtful = unconfirmed(plan.queries, answers, plan.confirms)
    compared = plan.compared
    is_sure = not doubtful
    for planned in plan.fields:
        key, reads_all, asked, blank, convert, takes, rewrites, is_single = planned.row
        if key in compared:
            continue
        if key in known:
            fields.append(planned.name + dumps(_kept(known[key])))
            if known[key] is not None:
                put(form, planned.field.names, known[key])
            continue
        if key in held:
            _check(filled, planned, held[key], _entry(plan, planned, shown, is_held=True), doubtful)
            continue
        is_plain = is_sure and not reads_all
        for query, attribute, before, behind in asked if is_plain else ():
            answer = shown[query]
            if answer is None:
                continue
            raw = answer.values.get(attribute)
            if raw is None:
                if blank and answer.outcome is _FOUND and query not in plan.withheld and not answer.doubts:
                    fields.append(blank)
                    break
                continue
            value = raw if convert is None else convert(raw)
            if value is None or not before or (answer.doubts and attribute in answer.doubts):
                is_plain = False
                break
            try:
                text = dumps(value)
            except TypeError:
                is_plain = False
                break
            if text == b"null" or not takes(value):  # null: a number too large for JSON
                is_plain = False
                break
            digestible[key] = text
            if rewrites and (theirs := original(raw, value)) is not None:
                text += b',"original":' + dumps(theirs)
            fields.append(before + text + behind)
            if is_single:
                form[key] = value
            else:
                put(form, planned.field.names, value)
            break
        else:
            is_plain = False
        if not is_plain:
            _fill_with_care(filled, plan, planned, shown, doubtful)
    if plan.papers:
        _decide_papers(filled, plan, answers, shown, situation, doubtful, of_another, strangers)
    return filled


def _check(
    filled: Filled, planned: PlannedField, held: object, entry: FieldEntry, doubtful: Mapping[int, Reason]
) -> None:
    """A field that the portal fills itself: its value stays, and is compared with the sources."""
    filled.fields.append(planned.name + orjson.dumps(checked_entry(held, entry, doubtful)))
    put(filled.form, planned.field.names, held)


def _fill_with_care(
    filled: Filled,
    plan: Plan,
    planned: PlannedField,
    answers: list[SourceAnswer | None],
    unconfirmed_queries: Mapping[int, Reason],
) -> None:
    """A field whose sources may differ, whose value is in doubt, or which has no value."""
    entry, key = _entry(plan, planned, answers), planned.field.key
    if unconfirmed_queries:
        _doubt_person(entry, unconfirmed_queries)
    filled.fields.append(planned.name + orjson.dumps(entry))
    if entry["doubt"]:
        filled.doubts.append(orjson.dumps(entry["doubt"]))
    if entry["value"] is not None:
        put(filled.form, planned.field.names, entry["value"])
        filled.digestible[key] = orjson.dumps(entry["value"])
        if entry["doubt"]:
            filled.doubtful.append(key)
    elif entry["state"] == "withheld":
        reason = entry.get("reason")
        filled.rules[reason["rule"] if reason else ""] = None
    if planned.field.proposes_else and entry["value"] is None:
        _note_offered(filled, plan, planned, entry)


def _note_offered(filled: Filled, plan: Plan, planned: PlannedField, entry: FieldEntry) -> None:
    """What a field only offers, or does not have because the form says another type of it."""
    reason = entry.get("reason")
    if entry["doubt"] and entry["doubt"]["kind"] == PROPOSED:
        filled.offered.update(asked[:2] for asked in planned.asked if not asked[2])
    elif reason is not None and reason["code"] == Reason.OBJECT_DIFFERS:
        for ref in planned.field.refs[1:]:
            pick = plan.picks.get(f"{ref.role}:{ref}")
            if pick is not None and pick.query is not None:
                filled.denied[pick.query, pick.attribute] = reason.get("rule", "").removeprefix(
                    f"same:{FORM}"
                )


def _typed(situation: Situation) -> Mapping[str, object]:
    """Values that the form already has: typed by the citizen, or held by the portal."""
    return {**situation.known, **situation.held} if situation.held else situation.known


def _decide_papers(
    filled: Filled,
    plan: Plan,
    answers: list[SourceAnswer | None],
    shown: list[SourceAnswer | None],
    situation: Situation,
    unconfirmed_queries: Mapping[int, Reason],
    of_another: frozenset[str],
    strangers: Mapping[str, str],
) -> None:
    agreeing_fields = [planned for planned in plan.fields if planned.field.agree]
    typed = _typed(situation)
    otherwise = differing(plan, shown, typed)
    if filled.denied:
        otherwise |= {one: key for one, key in filled.denied.items() if key in typed}
    facts = Facts(
        plan, answers, situation.published, situation.today, situation.given, typed,
        {one for planned in agreeing_fields for one in agreeing.disputed(planned, shown)},
        otherwise, differing_records(plan, shown, typed),
        {one for planned in agreeing_fields for one in agreeing.awaited(planned, shown)},
        unconfirmed_queries, situation.named, filled.form, situation.dossier, situation.represented,
        of_another, strangers, filled.offered,
    )  # fmt: skip
    filled.facts = facts
    for code, paper in plan.papers.items():
        decided = paper_entry(facts, code, paper)
        filled.papers.append(decided)
        filled.saved_papers += decided["state"] in ("replaced", "reusable")
    filled.papers_json = orjson.dumps(filled.papers)
    if plan.procedure.warnings:
        filled.warnings_json = orjson.dumps(warnings(facts))


def _kept(value: object) -> FieldEntry:
    return {
        "state": "kept",
        "value": value,
        "evidence": None,
        "attribute": None,
        "editable": True,
        "doubt": None,
    }


def _entry(
    plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None], *, is_held: bool = False
) -> FieldEntry:
    """`is_held`: the portal has a value, which is compared also with what is only offered to a citizen."""
    form_field = planned.field
    if form_field.proposes:
        return _proposed(plan, planned, answers)
    if form_field.agree:
        return _agreed(plan, planned, answers)
    for ref, pick in zip(planned.refs, planned.picks, strict=True):
        answer = None if pick.query is None else answers[pick.query]
        raw = None if answer is None else answer.values.get(pick.attribute)
        value = None if raw is None else form_field.converted(raw)
        if answer is None or pick.query is None or value is None:
            continue
        if planned.only_offers(ref) and not is_held:
            return _proposed(plan, planned, answers)
        evidence, found = evidence_id(pick.query), answer.doubts.get(pick.attribute)
        doubt = None if found is None else _doubt(found, form_field, evidence)
        theirs = original(raw, value) if form_field.rewrites else None
        entry: FieldEntry = {
            "state": "filled", "value": value, "evidence": evidence, "attribute": pick.name,
            "editable": form_field.editable or doubt is not None, "doubt": doubt,
        }  # fmt: skip
        if theirs is not None:
            entry["original"] = theirs
        return entry
    return _without_value(plan, planned, answers)


def _doubt(doubt: AttributeDoubt, form_field: Field, evidence: str) -> DoubtEntry | None:
    """The doubt with values of the form; None when all candidates give the same value there."""
    written = [form_field.converted(value) for value in doubt.candidates]
    candidates: list[CandidateEntry] = [
        {"value": value, "evidence": evidence} for value in written if value is not None
    ]
    if len(candidates) > 1 and all(one == candidates[0] for one in candidates[1:]):
        return None
    # of several units that an address may mean, none is chosen
    chosen = None if doubt.rule.startswith("units:") else 0
    return {"kind": doubt.kind, "candidates": candidates, "preferred": chosen, "rule": doubt.rule}


def _doubt_person(entry: FieldEntry, doubtful: Mapping[int, Reason]) -> None:
    """No source confirmed the owner of the number: the value may be another person's; the citizen may correct it."""
    for query in doubtful:
        if entry["evidence"] == evidence_id(query) and entry["doubt"] is None:
            entry["doubt"] = {"kind": UNCONFIRMED, "candidates": [], "preferred": 0, "rule": UNCONFIRMED_RULE}
            entry["reason"] = {"code": Reason.IDENTITY_UNCONFIRMED.value}
            entry["editable"] = True


def _agreed(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> FieldEntry:
    found = agreeing.field_values(planned, answers)
    if not found or found[0][0].__class__ is agreeing.OpenValue:
        return _without_value(plan, planned, answers)
    value, source, pick = found[0]
    differ = agreeing.differ(found)
    entry: FieldEntry = {
        "state": "disputed" if differ else "filled",
        "value": value,
        "evidence": source,
        "attribute": pick.name,
        "editable": planned.field.editable or differ,
        "doubt": None,
    }
    if differ:
        kind = "name_differs" if pick.attribute.endswith("full_name") else "sources_differ"
        candidates: list[CandidateEntry] = [
            {"value": one, "evidence": name} for other, name, _ in found for one in agreeing.readings(other)
        ]
        rule = "prefer:" + ">".join(one.name for _, _, one in found)
        entry["doubt"] = {"kind": kind, "candidates": candidates, "preferred": 0, "rule": rule}
        entry["reason"] = {"code": Reason.SOURCES_DIFFER.value}
    elif (own := _doubt_of(pick, answers)) is not None:
        entry["doubt"] = _doubt(own, planned.field, source)
        entry["editable"] = planned.field.editable or entry["doubt"] is not None
    return entry


def _proposed(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> FieldEntry:
    """The different values of all references, none of them chosen."""
    found = agreeing.field_values(planned, answers)
    if not found:
        return _without_value(plan, planned, answers)
    candidates: list[CandidateEntry] = [
        {"value": one, "evidence": source}
        for value, source, _ in agreeing.different(found)
        for one in agreeing.readings(value)
    ]
    rule = "propose:" + ">".join(dict.fromkeys(pick.name for *_, pick in found))
    return {
        "state": "disputed", "value": None, "evidence": None, "attribute": found[0][2].name, "editable": True,
        "doubt": {"kind": PROPOSED, "candidates": candidates, "preferred": None, "rule": rule},
        "reason": {"code": Reason.PROPOSED.value},
    }  # fmt: skip


def _doubt_of(pick: Pick, answers: list[SourceAnswer | None]) -> AttributeDoubt | None:
    answer = None if pick.query is None else answers[pick.query]
    return None if answer is None else answer.doubts.get(pick.attribute)


def _without_value(plan: Plan, planned: PlannedField, answers: list[SourceAnswer | None]) -> FieldEntry:
    best: FieldState = "empty" if not planned.picks else "not_applicable"
    reason: ReasonEntry | None = None
    doubt: DoubtEntry | None = None
    strongest = len(_RANK)
    for pick in planned.picks:
        if pick.query is None:
            state = _UNASKED.get(pick.reason, "not_applicable")
            entry: ReasonEntry = {"code": (pick.reason or Reason.CONDITION_FALSE).value, "rule": pick.rule}
        else:
            state, entry = _why(plan, pick.query, pick.attribute, answers[pick.query])
        if _RANK.index(state) < strongest:
            strongest, best, reason = _RANK.index(state), state, entry
            doubt = None if pick.query is None else _unwritable(planned.field, pick, answers[pick.query])
            if doubt is not None and doubt["kind"] == _INVALID:
                reason["code"] = Reason.VALUE_INVALID.value
    return without_value(best, planned.picks[0].name if planned.picks else None, reason, doubt)


def _unwritable(form_field: Field, pick: Pick, answer: SourceAnswer | None) -> DoubtEntry | None:
    """The doubt of a field without a value although its evidence has one: the form has no word for it or refuses it."""
    if answer is None or answer.outcome is not _FOUND:
        return None
    raw, doubt = answer.values.get(pick.attribute), answer.doubts.get(pick.attribute)
    if doubt is not None and doubt.kind == SEVERAL and pick.query is not None:
        shown = _doubt(doubt, form_field, evidence_id(pick.query))
        return None if shown is None else {**shown, "preferred": None}
    if raw is None:
        return None
    kind, rule = (_INVALID, "form:schema") if form_field.refuses(raw) else ("code_unknown", "form:unwritable")
    return {"kind": kind, "candidates": [], "preferred": 0, "rule": rule}


def _why(
    plan: Plan, index: int, attribute: str, answer: SourceAnswer | None
) -> tuple[FieldState, ReasonEntry]:
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
        doubt = answer.doubts.get(attribute)
        reason = (
            Reason.VALUE_BLANK if doubt is None and attribute not in answer.values else Reason.CODE_UNKNOWN
        )
        reason = reason if doubt is None else _DOUBTED.get(doubt.kind, reason)
    reason_entry: ReasonEntry = {"code": (reason or Reason.CONDITION_FALSE).value, "source": source}
    if reason is Reason.VALUE_INVALID:
        reason_entry["rule"] = answer.doubts[attribute].rule
    if answer.retry_in is not None:
        reason_entry["retry_in"] = answer.retry_in
    return state, reason_entry


def next_queries(
    plan: Plan, answers: list[SourceAnswer | None], situation: Situation, *, waiting: bool = False
) -> list[int]:
    """Queries to ask now: for each field the first unanswered reference, for papers what would decide them.

    While answers are awaited (`waiting`) papers ask nothing more: one of those answers may decide them.
    """
    if None not in answers:
        return []
    if plan.ambiguous_things:
        plan = of_one_thing(plan, answers, plan.ambiguous_things, _typed(situation), is_final=False)
    shown = only_named(plan.keeps, answers, situation.named) if plan.keeps else answers
    # a thing with a field to fill is read whole, for its fields are compared
    settled = {*situation.known, *plan.compared}
    things = {one.field.thing for one in plan.fields if one.field.key not in settled} if plan.things else ()
    wanted = dict.fromkeys(
        index
        for planned in plan.fields
        if planned.field.key not in settled or (planned.field.thing and planned.field.thing in things)
        for index in _next_of(planned, shown)
    )
    facts = Facts(
        plan, answers, situation.published, situation.today, situation.given, _typed(situation),
        named=situation.named, dossier=situation.dossier,
    )  # fmt: skip
    for paper in () if waiting else plan.papers.values():
        wanted.update(dict.fromkeys(wanting(facts, paper)))
    wanted.update(dict.fromkeys(agreeing.partners(plan, answers, wanted, situation.known)))
    for index, behind in plan.confirms.items():
        if answers[index] is None and any(one in wanted or answers[one] is not None for one in behind):
            wanted[index] = None
    return list(wanted)


def _next_of(planned: PlannedField, answers: list[SourceAnswer | None]) -> Iterator[int]:
    """The query of the first unanswered reference, unless an earlier reference has a value.

    References that state the same fact are all asked at once: else a contradiction would be missed.
    """
    for query, attribute, *_ in planned.asked:
        answer = answers[query]
        if answer is None:
            yield query
            if not planned.field.reads_all:
                return
            continue
        raw = answer.values.get(attribute)
        if raw is not None and not planned.field.reads_all and planned.field.converted(raw) is not None:
            return
