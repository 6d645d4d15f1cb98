"""Which paper data replaces (Nghị quyết 66.7/2025/NQ-CP, as facts in law: components replaced by data).

Three-valued: yes, no, unknown. A blank value never proves a negative;
a paper whose condition is unknown is asked for.
An attribute counts only when the owner of its database has published that it may stand for papers.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, Reason, SourceAnswer
from gateway.mapping.paper_rules import Issued, PaperRule, Proof
from gateway.mapping.plan import Pick, evidence_id
from gateway.mapping.predicates import Facts, Truth, contradicted, predicate

#: kind of doubt -> why the data do not replace a paper; any other kind leaves the condition open
_DOUBTS = {
    "unit_divided": Reason.ADDRESS_NEEDS_CONFIRMATION,
    "code_unknown": Reason.CODE_UNKNOWN,
    "sources_differ": Reason.SOURCES_DIFFER,
    "name_differs": Reason.SOURCES_DIFFER,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof says; `by` is its tree in the words of the answer, `reason` why it is not yes."""

    truth: Truth
    by: object = None
    reason: Reason | None = None
    rule: str = ""
    scope: str | None = None
    reusable: Mapping[str, object] | None = None


def prove(facts: Facts, proof: Proof) -> Verdict:
    """Whether data prove what the paper would prove."""
    if proof.when is not None and (condition := predicate(facts, proof.when)) is not Truth.YES:
        reason = Reason.CONDITION_FALSE if condition is Truth.NO else Reason.CONDITION_UNKNOWN
        return Verdict(Truth.YES if condition is Truth.NO else Truth.UNKNOWN, reason=reason, rule=proof.when)
    if proof.denied_by is not None and predicate(facts, proof.denied_by) is Truth.NO:
        return Verdict(Truth.NO, reason=Reason.CONDITION_FALSE, rule=proof.denied_by)
    return _proven(facts, proof)


def _proven(facts: Facts, proof: Proof) -> Verdict:
    if proof.all_of is not None:
        return _all(facts, proof.all_of)
    if proof.any_of is not None:
        return _any(facts, proof.any_of)
    if proof.is_ is not None:
        return _unpublished(facts, proof.is_) or _is(facts, proof.is_)
    if proof.issued is not None:
        return _issued(facts, proof.issued)
    return _has(facts, proof.has or ())


def _is(facts: Facts, name: str) -> Verdict:
    truth = predicate(facts, name)
    differs = Reason.SOURCES_DIFFER if contradicted(facts, name) else None
    unknown = differs or unsettled(facts, name) or Reason.CONDITION_UNKNOWN
    why = {Truth.NO: Reason.CONDITION_FALSE, Truth.UNKNOWN: unknown}.get(truth)
    return Verdict(truth, by=f"is:{name}", reason=why, rule=name)


def unsettled(facts: Facts, name: str) -> Reason | None:
    """Why what a predicate reads may not be true; None: nothing speaks against it."""
    why = (facts.unsettled(word) for word in facts.plan.reads[name])
    return next((reason for reason in why if reason is not None), None)


def _unpublished(facts: Facts, name: str) -> Verdict | None:
    """A predicate proves nothing by attributes whose scope is not published."""
    for word in facts.plan.reads[name]:
        pick = facts.plan.picks[word]
        if pick.query is None:
            continue
        service = facts.plan.queries[pick.query].service.name
        if facts.published(service, pick.attribute) is None:
            return Verdict(Truth.NO, reason=Reason.SCOPE_NOT_PUBLISHED, rule=f"scope:none:{service}")
    return None


def _has(facts: Facts, words: tuple[str, ...]) -> Verdict:
    by, scope = [], None
    for word in words:
        verdict = _one(facts, word)
        if verdict.truth is not Truth.YES:
            return verdict
        by.append(verdict.by)
        scope = scope or verdict.scope
    return Verdict(Truth.YES, by=by[0] if len(by) == 1 else {"all_of": by}, scope=scope)


def _one(facts: Facts, word: str) -> Verdict:
    pick = facts.plan.picks[word]
    if pick.query is None:
        return Verdict(Truth.UNKNOWN, reason=pick.reason, rule=pick.rule)
    query = facts.plan.queries[pick.query]
    scope = facts.published(query.service.name, pick.attribute)
    if scope is None:
        return Verdict(Truth.NO, reason=Reason.SCOPE_NOT_PUBLISHED, rule=f"scope:none:{query.service.name}")
    if (unsettled := facts.unsettled(word)) is not None:
        return Verdict(Truth.UNKNOWN, reason=unsettled, rule=facts.plan.whose.get(word, ""))
    answer = facts.answers[pick.query]
    if answer is None or (reason := lacking(answer, pick.attribute)) is not None:
        return Verdict(Truth.UNKNOWN, reason=answer and reason, rule=facts.plan.whose.get(word, ""))
    return Verdict(Truth.YES, by=f"{evidence_id(pick.query)}:{pick.name}", scope=scope)


def lacking(answer: SourceAnswer, attribute: str) -> Reason | None:
    """Why an answer does not show an attribute beyond doubt; None: it does.

    The doubt speaks first: a code that no list knows leaves no value, and is not a blank of the source.
    """
    if answer.outcome is not Outcome.FOUND:
        return answer.reason or Reason.CONDITION_UNKNOWN
    doubt = answer.doubts.get(attribute)
    if doubt is not None:
        return _DOUBTS.get(doubt.kind, Reason.CONDITION_UNKNOWN)
    return Reason.VALUE_BLANK if answer.values.get(attribute) is None else None


def _all(facts: Facts, children: tuple[Proof, ...]) -> Verdict:
    verdicts = [prove(facts, child) for child in children]
    for truth in (Truth.NO, Truth.UNKNOWN):
        for verdict in verdicts:
            if verdict.truth is truth:
                return verdict
    reusable = next((v.reusable for v in verdicts if v.reusable is not None), None)
    by = [verdict.by for verdict in verdicts if verdict.by is not None]
    scope = next((verdict.scope for verdict in verdicts if verdict.scope), None)
    return Verdict(Truth.YES, by={"all_of": by}, scope=scope, reusable=reusable)


def _any(facts: Facts, children: tuple[Proof, ...]) -> Verdict:
    verdicts = [prove(facts, child) for child in children if not _does_not_apply(facts, child)]
    for verdict in verdicts:
        if verdict.truth is Truth.YES:
            return Verdict(
                Truth.YES, {"any_of": [verdict.by]}, scope=verdict.scope, reusable=verdict.reusable
            )
    unknown = any(verdict.truth is Truth.UNKNOWN for verdict in verdicts)
    why = next((verdict for verdict in verdicts if verdict.reason is not None), Verdict(Truth.UNKNOWN))
    return replace(why, truth=Truth.UNKNOWN if unknown else Truth.NO)


def _does_not_apply(facts: Facts, proof: Proof) -> bool:
    """A branch whose condition is false proves nothing where any branch would do."""
    return proof.when is not None and predicate(facts, proof.when) is Truth.NO


def _issued(facts: Facts, issued: Issued) -> Verdict:
    word = f"{issued.owner}:issued_paper.papers"
    pick = facts.plan.picks[word]
    if pick.query is None:
        return Verdict(Truth.UNKNOWN, reason=pick.reason, rule=pick.rule)
    answer = facts.answers[pick.query]
    if answer is None or (unsettled := facts.unsettled(word)) is not None:
        return Verdict(Truth.UNKNOWN, reason=answer and unsettled)
    papers = answer.values.get("papers")
    for paper in papers if isinstance(papers, list) else ():
        listed = isinstance(paper, Mapping) and paper.get("result_code") in issued.result_codes
        if listed and _still_valid(paper, facts.today):
            by = f"{evidence_id(pick.query)}:{pick.name}"
            return Verdict(Truth.YES, by=by, reusable={**paper, "owner": issued.owner})
    why = answer.reason or Reason.VALUE_BLANK
    return Verdict(Truth.UNKNOWN, reason=why, rule=facts.plan.whose.get(word, ""))


def _still_valid(paper: Mapping[str, object], today: date) -> bool:
    """Until the end of its last day, month or year; not proven when that cannot be read."""
    until = paper.get("valid_until")
    if until is None:
        return True
    try:
        last = PartialDate.parse(until if isinstance(until, str) else "")
    except ValueError:
        return False
    month = last.month or 12
    return date(last.year, month, last.day or monthrange(last.year, month)[1]) >= today


def wanting(facts: Facts, paper: PaperRule) -> Iterator[int]:
    """Queries that would help to decide a paper and were not asked yet; the next ones only."""
    if paper.when is not None:
        missing = list(_unasked_predicate(facts, paper.when))
        if missing:
            yield from missing
            return
        if predicate(facts, paper.when) is Truth.NO:
            return
    if paper.replaced_by is not None:
        yield from _wanting(facts, paper.replaced_by)


def _wanting(facts: Facts, proof: Proof) -> Iterator[int]:
    for name in (proof.when, proof.denied_by):
        if name is not None and (missing := list(_unasked_predicate(facts, name))):
            yield from missing
            return
    if prove(facts, proof).truth is not Truth.UNKNOWN:
        return
    if proof.any_of is not None:
        options = [
            list(_wanting(facts, child))
            for child in proof.any_of
            if prove(facts, child).truth is not Truth.NO
        ]
        asking = [option for option in options if option]
        if asking:
            yield from min(asking, key=len)
        return
    for child in proof.all_of or ():
        yield from _wanting(facts, child)
    if proof.is_ is not None:
        yield from _unasked_predicate(facts, proof.is_)
    words = proof.has or ((f"{proof.issued.owner}:issued_paper.papers",) if proof.issued else ())
    yield from _unasked(facts, [facts.plan.picks[word] for word in words])


def _unasked_predicate(facts: Facts, name: str) -> Iterator[int]:
    yield from _unasked(facts, [facts.plan.picks[word] for word in facts.plan.reads[name]])


def _unasked(facts: Facts, picks: list[Pick]) -> Iterator[int]:
    for pick in picks:
        if pick.query is not None and facts.answers[pick.query] is None:
            yield pick.query
