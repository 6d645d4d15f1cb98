"""Removes evidence from an answer: pure functions over the decoded answer.

Evidence that the citizen refused, or whose consent ended, leaves no value, no candidate of a doubt and no entry. A
paper that depended on it is required.
"""

from collections.abc import Mapping
from typing import cast

from gateway.domain.reasons import Reason
from gateway.mapping.answer import PROPOSED, FieldEntry, PaperEntry, PrefillAnswer, ReasonEntry, SentenceEntry
from gateway.mapping.paper_rules import Proof
from gateway.mapping.paths import put
from gateway.mapping.plan import Plan, evidence_id
from gateway.mapping.procedure import conditions, evidence_of, leaves

#: `applies`: paper -> evidence of its condition; `proven`: paper -> evidence of condition and proof; `warned`: warning
#: -> evidence that it reads
Rests = Mapping[str, Mapping[str, list[str]]]
#: evidence -> reason of its fields; an entry with a `rule` was not the citizen's choice
Dropped = Mapping[str, ReasonEntry]

#: reason of evidence that the citizen refused
REFUSED: ReasonEntry = {"code": Reason.EVIDENCE_REFUSED.value}
_ADVICE: SentenceEntry = {
    "vi": "Ông/bà không đồng ý dùng dữ liệu thay giấy tờ này: đề nghị ông/bà nộp giấy tờ này.",
    "en": "You do not agree that data replace this paper: hand it in.",
}
#: members of a paper that data replace, and of no other paper
_OF_A_CUT = frozenset({"by", "paper", "published_scope", "published"})
_RESTING = frozenset({"replaced", "reusable", "not_applicable"})


def without(answer: PrefillAnswer, dropped: Dropped, rests: Rests) -> PrefillAnswer:
    """The answer without the dropped evidence. `rests` as `evidence_used` gives it."""
    fields = {key: _field(entry, dropped) for key, entry in answer["fields"].items()}
    papers = [_paper(paper, dropped, rests) for paper in answer["papers"]]
    form: dict[str, object] = {}
    for key, entry in fields.items():
        if entry["value"] is not None:
            put(form, tuple(key.split(".")), entry["value"])
    filled = sum(one["value"] is not None and one["state"] != "kept" for one in fields.values())
    replaced = sum(one["state"] in ("replaced", "reusable") for one in papers)
    warned = rests["warned"]
    warnings = [one for one in answer["warnings"] if dropped.keys().isdisjoint(warned[one["code"]])]
    return {
        **answer, "form": form, "fields": fields, "papers": papers, "warnings": warnings,
        "evidence": {name: one for name, one in answer["evidence"].items() if name not in dropped},
        "saved": {"fields": filled, "papers": replaced},
    }  # fmt: skip


def evidence_used(plan: Plan) -> Rests:
    """The evidence that papers and warnings read."""
    found: dict[str, dict[str, list[str]]] = {"applies": {}, "proven": {}, "warned": {}}
    for code, paper in plan.papers.items():
        condition = [*plan.reads[paper.when]] if paper.when else []
        proof = [] if paper.replaced_by is None else _words(plan, paper.replaced_by)
        found["applies"][code] = _evidence(plan, condition)
        found["proven"][code] = _evidence(plan, condition + proof)
    for code, rule in plan.procedure.warnings.items() if plan.papers else ():
        found["warned"][code] = _evidence(plan, [*plan.reads[rule.when]])
    return found


def _words(plan: Plan, proof: Proof) -> list[str]:
    names = [word for name in conditions(proof) for word in plan.reads[name]]
    return names + [word for leaf in leaves(proof) for word in evidence_of(leaf)]


def _evidence(plan: Plan, words: list[str]) -> list[str]:
    picks = (plan.picks[word] for word in words)
    return sorted({evidence_id(pick.query) for pick in picks if pick.query is not None})


def _field(entry: FieldEntry, dropped: Dropped) -> FieldEntry:
    if (reason := dropped.get(entry["evidence"] or "")) is not None:
        if "check" in entry:  # the portal's own value stays; the check against dropped evidence does not
            return {**entry, "evidence": None, "check": "cannot_tell", "reason": {**reason}}
        return _emptied(entry, reason)
    doubt = entry["doubt"]
    if doubt is None or not any(one["evidence"] in dropped for one in doubt["candidates"]):
        return {**entry}
    # the contradicting value is no longer shown, but the doubt stays
    left = [one for one in doubt["candidates"] if one["evidence"] not in dropped]
    if doubt["kind"] == PROPOSED and not left:
        reason = next(dropped[one["evidence"]] for one in doubt["candidates"])
        return _emptied(entry, reason)
    return {**entry, "doubt": {**doubt, "candidates": left}}


def _emptied(entry: FieldEntry, reason: ReasonEntry) -> FieldEntry:
    return {
        **entry, "state": "withheld" if "rule" in reason else "empty", "value": None, "evidence": None,
        "editable": True, "doubt": None, "reason": {**reason},
    }  # fmt: skip


def required_without(answer: PrefillAnswer, rests: Rests) -> dict[str, list[str]]:
    """Evidence -> codes of the papers that become required when it is refused."""
    read = {paper["code"]: _read(paper, rests) for paper in answer["papers"]}
    return {name: [code for code, names in read.items() if name in names] for name in answer["evidence"]}


def _read(paper: PaperEntry, rests: Rests) -> list[str]:
    """The evidence that decided the state of a paper; none for one that is required anyway."""
    if paper["state"] not in _RESTING:
        return []
    return rests["applies" if paper["state"] == "not_applicable" else "proven"][paper["code"]]


def _paper(paper: PaperEntry, dropped: Dropped, rests: Rests) -> PaperEntry:
    read = _read(paper, rests)
    if dropped.keys().isdisjoint(read):
        return {**paper}
    reason = next(dropped[name] for name in read if name in dropped)
    kept = {name: value for name, value in paper.items() if name not in _OF_A_CUT}
    return cast("PaperEntry", {**kept, "state": "required", "reason": {**reason}, "advice": _ADVICE})
