"""An answer without some of its evidence: pure functions over the answer as it was made.

Evidence that the citizen refused, or that his consent carries no more, leaves no value, no candidate of a doubt and no
entry; a paper that rested on it is asked for.
"""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.domain.evidence import Reason
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.paths import put
from gateway.mapping.plan import Plan, evidence_id

Answer = dict[str, Any]
#: evidence -> the reason that its fields give; one with a `rule` was not the citizen's choice
Dropped = Mapping[str, Answer]

#: reason of what the citizen refused
REFUSED: Answer = {"code": Reason.EVIDENCE_REFUSED.value}
_ADVICE = {
    "vi": "Bạn không đồng ý dùng dữ liệu thay giấy tờ này: đề nghị nộp giấy tờ này.",
    "en": "You do not agree that data replace this paper: hand it in.",
}
_RESTING = frozenset({"replaced", "reusable", "not_applicable"})


def without(answer: Mapping[str, Any], dropped: Dropped, rests: Mapping[str, Collection[str]]) -> Answer:
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


def _field(entry: Mapping[str, Any], dropped: Dropped) -> Answer:
    if (reason := dropped.get(entry["evidence"])) is not None:
        state = "withheld" if "rule" in reason else "empty"
        emptied = {"state": state, "value": None, "evidence": None, "editable": True, "doubt": None}
        return {**entry, **emptied, "reason": dict(reason)}
    doubt = entry["doubt"]
    if doubt is None or not any(one["evidence"] in dropped for one in doubt["candidates"]):
        return dict(entry)
    # what contradicts is not shown any more, but that something does is not forgotten
    left = [one for one in doubt["candidates"] if one["evidence"] not in dropped]
    return {**entry, "doubt": {**doubt, "candidates": left}}


def _paper(paper: Mapping[str, Any], dropped: Dropped, conditions: Collection[str]) -> Answer:
    rests = {*conditions, *_proofs(paper.get("by"))}
    if paper["state"] not in _RESTING or rests.isdisjoint(dropped):
        return dict(paper)
    kept = {name: paper[name] for name in ("code", "title", "title_en")}
    reason = next(dict(dropped[name]) for name in sorted(rests) if name in dropped)
    return {**kept, "state": "required", "reason": reason, "advice": _ADVICE}


def _proofs(by: object) -> set[str]:
    """Evidence that a proof names: `e1:person.personal_id`, alone or below `all_of` and `any_of`."""
    if isinstance(by, str):
        return {by.partition(":")[0]}
    inner = by.values() if isinstance(by, Mapping) else by if isinstance(by, list) else ()
    return {name for one in inner for name in _proofs(one)}
