"""An answer without some of its evidence: pure functions over the answer as it was made.

Evidence that the citizen refused, or that his consent carries no more, leaves no value, no candidate of a doubt and no
entry; a paper that rested on it is asked for.
"""

from collections.abc import Collection, Mapping

from gateway.domain.evidence import Reason
from gateway.mapping.answer import AdviceEntry, FieldEntry, PaperEntry, PrefillAnswer, ReasonEntry
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.paths import put
from gateway.mapping.plan import Plan, evidence_id

#: evidence -> the reason that its fields give; one with a `rule` was not the citizen's choice
Dropped = Mapping[str, ReasonEntry]

#: reason of what the citizen refused
REFUSED: ReasonEntry = {"code": Reason.EVIDENCE_REFUSED.value}
_ADVICE: AdviceEntry = {
    "vi": "Bạn không đồng ý dùng dữ liệu thay giấy tờ này: đề nghị nộp giấy tờ này.",
    "en": "You do not agree that data replace this paper: hand it in.",
}
_RESTING = frozenset({"replaced", "reusable", "not_applicable"})


def without(answer: PrefillAnswer, dropped: Dropped, rests: Mapping[str, Collection[str]]) -> PrefillAnswer:
    """The answer after that. `rests`: paper -> evidence on which its conditions rest, beside its proof."""
    fields = {key: _field(entry, dropped) for key, entry in answer["fields"].items()}
    papers = [_paper(paper, dropped, rests.get(paper["code"], ())) for paper in answer["papers"]]
    form: dict[str, object] = {}
    for key, entry in fields.items():
        if entry["value"] is not None:
            put(form, tuple(key.split(".")), entry["value"])
    filled = sum(one["value"] is not None and one["state"] != "kept" for one in fields.values())
    replaced = sum(one["state"] in ("replaced", "reusable") for one in papers)
    return {
        **answer, "form": form, "fields": fields, "papers": papers,
        "evidence": {name: one for name, one in answer["evidence"].items() if name not in dropped},
        "saved": {"fields": filled, "papers": replaced},
    }  # fmt: skip


def rests_on(plan: Plan) -> dict[str, list[str]]:
    """Paper -> the evidence that its conditions read, whatever they came to."""
    found = {}
    for code, paper in plan.papers.items():
        picks = [plan.picks[word] for name in _conditions(paper) for word in plan.reads[name]]
        found[code] = sorted({evidence_id(pick.query) for pick in picks if pick.query is not None})
    return found


def _conditions(paper: PaperRule) -> list[str]:
    names = [paper.when] if paper.when else []
    return names if paper.replaced_by is None else [*names, *_of_proof(paper.replaced_by)]


def _of_proof(proof: Proof) -> list[str]:
    own = [name for name in (proof.is_, proof.when, proof.denied_by) if name]
    inner = [name for child in (*(proof.all_of or ()), *(proof.any_of or ())) for name in _of_proof(child)]
    return [*own, *inner]


def _field(entry: FieldEntry, dropped: Dropped) -> FieldEntry:
    if (reason := dropped.get(entry["evidence"] or "")) is not None:
        return {
            **entry, "state": "withheld" if "rule" in reason else "empty", "value": None, "evidence": None,
            "editable": True, "doubt": None, "reason": {**reason},
        }  # fmt: skip
    doubt = entry["doubt"]
    if doubt is None or not any(one["evidence"] in dropped for one in doubt["candidates"]):
        return {**entry}
    # what contradicts is not shown any more, but that something does is not forgotten
    left = [one for one in doubt["candidates"] if one["evidence"] not in dropped]
    return {**entry, "doubt": {**doubt, "candidates": left}}


def _paper(paper: PaperEntry, dropped: Dropped, conditions: Collection[str]) -> PaperEntry:
    rests = {*conditions, *_proofs(paper.get("by"))}
    if paper["state"] not in _RESTING or rests.isdisjoint(dropped):
        return {**paper}
    reason = next(dropped[name] for name in sorted(rests) if name in dropped)
    return {
        "code": paper["code"], "title": paper["title"], "title_en": paper["title_en"], "state": "required",
        "reason": {**reason}, "advice": _ADVICE,
    }  # fmt: skip


def _proofs(by: object) -> set[str]:
    """Evidence that a proof names: `e1:person.personal_id`, alone or below `all_of` and `any_of`."""
    if isinstance(by, str):
        return {by.partition(":")[0]}
    inner = by.values() if isinstance(by, Mapping) else by if isinstance(by, list) else ()
    return {name for one in inner for name in _proofs(one)}
