"""Which papers data replace (Nghị quyết 66.7/2025/NQ-CP, as facts in law: components replaced by data).

Three-valued: yes, no, unknown. A blank value never proves a negative; a paper with an unknown condition is required. An
attribute counts only when the owner of its database has published that it may replace papers.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.reasons import Reason
from gateway.mapping.answer import ScopeEntry
from gateway.mapping.differences import named_otherwise
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.plan import Pick, evidence_id
from gateway.mapping.predicates import Facts, Truth, contradicted, lasts, predicate, value_of
from gateway.mapping.procedure import DOSSIER, FORM, TYPED, evidence_of, role_of, stored
from gateway.mapping.same_objects import covers

#: kind of doubt -> why the data do not replace a paper; any other kind: the condition is unknown
_DOUBTS = {
    "unit_divided": Reason.ADDRESS_NEEDS_CONFIRMATION,
    "address_unclear": Reason.ADDRESS_NEEDS_CONFIRMATION,
    "code_unknown": Reason.CODE_UNKNOWN,
    "sources_differ": Reason.SOURCES_DIFFER,
    "name_differs": Reason.SOURCES_DIFFER,
    "value_invalid": Reason.VALUE_INVALID,
    "several_records": Reason.SEVERAL_RECORDS,
}
#: outcomes without a usable answer
_SILENT = frozenset({Outcome.UNAVAILABLE, Outcome.REFUSED, Outcome.INVALID})
#: why a deciding attribute may not be asked: more specific than "unknown"
_WITHHELD = frozenset({Reason.NOT_AGREED, Reason.CONSENT_MISSING, Reason.QUOTA_EXCEEDED})
#: of several failed ways, the most specific reason
_TELLING = frozenset({Reason.NOT_IN_FORCE, Reason.OBJECT_DIFFERS, Reason.SOURCES_DIFFER})
#: the source was asked and has nothing of this
_ABSENT = frozenset({Reason.NO_SUCH_PERSON, Reason.VALUE_BLANK})


@dataclass(frozen=True, slots=True)
class ProofVerdict:
    """The result of a proof; `by` is its tree in the words of the answer, `reason` why it is not yes."""

    truth: Truth
    by: object = None
    reason: Reason | None = None
    rule: str = ""
    scope: ScopeEntry | None = None
    reusable: Mapping[str, object] | None = None


def prove(facts: Facts, proof: Proof) -> ProofVerdict:
    """Whether data prove what the paper would prove."""
    if proof.when is not None and (condition := predicate(facts, proof.when, of_any=True)) is not Truth.YES:
        reason = Reason.CONDITION_FALSE if condition is Truth.NO else Reason.CONDITION_UNKNOWN
        return ProofVerdict(
            Truth.YES if condition is Truth.NO else Truth.UNKNOWN, reason=reason, rule=proof.when
        )
    if proof.all_of is not None:
        return _all(facts, proof.all_of)
    if proof.any_of is not None:
        return _any(facts, proof.any_of)
    return _cut(facts, proof)


def _cut(facts: Facts, leaf: Proof) -> ProofVerdict:
    """The rule of a cut: the evidence is about this object, in force, and concludes what the paper would.

    A denial comes before an unknown.
    """
    if (other := _of_another(facts, leaf)) is not None:
        return other
    faults: list[ProofVerdict] = []
    if leaf.has is None:
        verdict = _issued(facts, leaf)
    else:
        verdict = _has(facts, leaf.has, leaf.authority)
        faults += _bound(facts, leaf, partial(value_of, facts))
    faults += _of_other_records(facts, leaf)
    if verdict.truth is Truth.NO:
        return verdict
    for fault in (*faults, *_not_in_force(facts, leaf), *_not_concluded(facts, leaf)):
        if fault.truth is Truth.NO:
            return fault
        if verdict.truth is Truth.YES:
            verdict = fault
    if verdict.truth is not Truth.YES or not (rule := _rule_of(leaf)):
        return verdict
    return replace(verdict, by={"all_of": [*_together(verdict.by), *rule]})


def _of_another(facts: Facts, leaf: Proof) -> ProofVerdict | None:
    """Why a proof is about another person, or another's object; None where it is not."""
    if facts.known and (key := _named_otherwise(facts, leaf)) is not None:
        return _says_otherwise(facts, key)
    if facts.of_another and (role := next(filter(facts.of_another.__contains__, _objects(leaf)), "")):
        return ProofVerdict(Truth.NO, reason=Reason.OBJECT_DIFFERS, rule=f"held_by:{role}")
    return None


def _named_otherwise(facts: Facts, leaf: Proof) -> str | None:
    """The form field that names somebody else than one of the people whom a proof speaks of."""
    compared = (role_of(word.partition(":")[0]) for word in _compared(facts, leaf))
    roles = dict.fromkeys((leaf.about or "", *_objects(leaf), *compared))
    found = (named_otherwise(facts.plan, facts.answers, facts.named, facts.known, role) for role in roles)
    return next((key for key in found if key is not None), None)


def _compared(facts: Facts, leaf: Proof) -> Iterator[str]:
    """References that the predicates of a proof read."""
    for name in (*leaf.guards, *leaf.concludes):
        yield from facts.plan.reads[name]


def _of_other_records(facts: Facts, leaf: Proof) -> Iterator[ProofVerdict]:
    """Records of a proof's evidence, object and conclusion from which a field of the form differs."""
    if facts.other_records:
        words = (*evidence_of(leaf), *(word for name in leaf.concludes for word in facts.plan.reads[name]))
        queries = dict.fromkeys(facts.plan.picks[word].query for word in words)
        yield from (_says_otherwise(facts, key) for one, key in facts.other_records.items() if one in queries)


def _says_otherwise(facts: Facts, key: str) -> ProofVerdict:
    """The form has another value in a field than the evidence, or none any more."""
    if facts.known[key]:
        return ProofVerdict(Truth.NO, reason=Reason.OBJECT_DIFFERS, rule=f"same:form.{key}")
    return ProofVerdict(Truth.UNKNOWN, reason=Reason.CONDITION_UNKNOWN, rule=f"same:form.{key}")


def _objects(leaf: Proof) -> Iterator[str]:
    """The roles that a proof reads, in evidence and in the request."""
    for word in (*evidence_of(leaf), *(place for places in leaf.bound.values() for place in places)):
        yield role_of(word.partition(":" if ":" in word else ".")[0])


def _rule_of(leaf: Proof) -> list[str]:
    """The conditions that were true beside the evidence, in the words of the answer."""
    in_force = [f"in_force:{name}" for name in leaf.guards]
    return [*(f"same:{word}" for word in leaf.bound), *in_force, *(f"is:{name}" for name in leaf.concludes)]


def _together(by: object) -> list[object]:
    found = by.get("all_of") if isinstance(by, Mapping) else None
    return found if isinstance(found, list) else [by]


def _bound(facts: Facts, leaf: Proof, read: Callable[[str], object]) -> Iterator[ProofVerdict]:
    """Objects that differ from the one that the form or the request names, or that are not named."""
    for word, places in leaf.bound.items():
        left = read(word)
        rights = {place: right for place in places if (right := _place(facts, place)) is not None}
        # what data fill may come back as typed: a typed value denies, and names no object
        if left is None or all(place.startswith(TYPED) for place in rights):
            missing = (word,) if left is None else places
            yield ProofVerdict(Truth.UNKNOWN, reason=_open(facts, missing), rule=f"same:{missing[0]}")
        elif not all(
            covers(left, right) or covers(facts.as_in_form(word, left), right) for right in rights.values()
        ):
            yield ProofVerdict(Truth.NO, reason=Reason.OBJECT_DIFFERS, rule=f"same:{word}")


def _place(facts: Facts, place: str) -> object:
    """The object as the form, the request or other evidence names it."""
    if place.startswith(TYPED):
        return facts.known.get(place.removeprefix(TYPED)) or None
    if place.startswith(FORM):
        return facts.in_form(place.removeprefix(FORM))
    if ":" in place:
        return value_of(facts, place)
    if place == DOSSIER:
        return facts.dossier
    role, _, attribute = place.partition(".")
    return getattr(facts.named.get(facts.plan.slots.get(role, role)), attribute, None)


def _not_in_force(facts: Facts, leaf: Proof) -> Iterator[ProofVerdict]:
    for name in leaf.guards:
        if (truth := predicate(facts, name)) is not Truth.YES:
            reason = Reason.NOT_IN_FORCE if truth is Truth.NO else _undecided(facts, name)
            yield ProofVerdict(truth, reason=reason, rule=name)


def _not_concluded(facts: Facts, leaf: Proof) -> Iterator[ProofVerdict]:
    for name in leaf.concludes:
        if (unpublished := _unpublished(facts, name)) is not None:
            yield unpublished
        elif (truth := predicate(facts, name)) is not Truth.YES:
            reason = Reason.CONCLUSION_DIFFERS if truth is Truth.NO else _undecided(facts, name)
            yield ProofVerdict(truth, reason=reason, rule=name)


def _undecided(facts: Facts, name: str) -> Reason:
    """Why the result is unknown: sources differ, one gave no answer, or none has the value."""
    return Reason.SOURCES_DIFFER if contradicted(facts, name) else _open(facts, facts.plan.reads[name])


def _open(facts: Facts, words: Collection[str]) -> Reason:
    """Why references give no value: it is unsettled, may not be asked, or one gave no answer; else none has it.

    Words that are no reference (`form.…`) say nothing.
    """
    if (reason := _unsettled(facts, words)) is not None:
        return reason
    picks = [facts.plan.picks[word] for word in words if word in facts.plan.picks]
    withheld = (pick.reason for pick in picks if pick.query is None and pick.reason in _WITHHELD)
    if (reason := next(withheld, None)) is not None:
        return reason
    answers = (facts.answers[pick.query] for pick in picks if pick.query is not None)
    silent = (one.reason for one in answers if one is not None and one.outcome in _SILENT)
    return next((reason for reason in silent if reason is not None), Reason.CONDITION_UNKNOWN)


def unsettled(facts: Facts, name: str) -> Reason | None:
    """Why the evidence of a predicate may be wrong; None: no contradiction."""
    return _unsettled(facts, facts.plan.reads[name])


def _unsettled(facts: Facts, words: Collection[str]) -> Reason | None:
    return next((reason for word in words if (reason := facts.unsettled(word)) is not None), None)


def _unpublished(facts: Facts, name: str) -> ProofVerdict | None:
    """A predicate over attributes without a published scope proves nothing."""
    for word in facts.plan.reads[name]:
        pick = facts.plan.picks[word]
        if pick.query is None:
            continue
        service = facts.plan.queries[pick.query].service.name
        if facts.published(service, pick.attribute) is None:
            return ProofVerdict(Truth.NO, reason=Reason.SCOPE_NOT_PUBLISHED, rule=f"scope:none:{service}")
    return None


def _has(facts: Facts, words: tuple[str, ...], authority: tuple[str, ...]) -> ProofVerdict:
    by: list[object] = []
    scope = None
    for word in words:
        verdict = _one(facts, word, is_authority=word in authority)
        if verdict.truth is not Truth.YES:
            return verdict
        by.append(verdict.by)
        scope = scope or verdict.scope
    return ProofVerdict(Truth.YES, by=by[0] if len(by) == 1 else {"all_of": by}, scope=scope)


def _one(facts: Facts, word: str, *, is_authority: bool) -> ProofVerdict:
    pick = facts.plan.picks[word]
    if pick.query is None:
        return ProofVerdict(Truth.UNKNOWN, reason=pick.reason, rule=pick.rule)
    query = facts.plan.queries[pick.query]
    scope = facts.published(query.service.name, pick.attribute)
    if scope is None:
        return ProofVerdict(
            Truth.NO, reason=Reason.SCOPE_NOT_PUBLISHED, rule=f"scope:none:{query.service.name}"
        )
    if (key := facts.otherwise.get((pick.query, pick.attribute))) is not None:
        return _says_otherwise(facts, key)
    reason = facts.unsettled(word)
    if reason is not None and not (is_authority and reason is Reason.SOURCES_DIFFER):
        return ProofVerdict(Truth.UNKNOWN, reason=reason, rule=facts.plan.whose.get(word, ""))
    answer = facts.answers[pick.query]
    if answer is None or (reason := lacking(answer, pick.attribute)) is not None:
        return ProofVerdict(Truth.UNKNOWN, reason=answer and reason, rule=facts.plan.whose.get(word, ""))
    return ProofVerdict(Truth.YES, by=f"{evidence_id(pick.query)}:{pick.name}", scope=scope)


def lacking(answer: SourceAnswer, attribute: str) -> Reason | None:
    """Why an answer does not show an attribute beyond doubt; None: it does.

    The doubt comes first: an unknown code leaves no value, but the source was not blank.
    """
    if answer.outcome is not Outcome.FOUND:
        return answer.reason or Reason.CONDITION_UNKNOWN
    doubt = answer.doubts.get(attribute)
    if doubt is not None:
        return _DOUBTS.get(doubt.kind, Reason.CONDITION_UNKNOWN)
    return Reason.VALUE_BLANK if answer.values.get(attribute) is None else None


def _all(facts: Facts, children: tuple[Proof, ...]) -> ProofVerdict:
    verdicts = [prove(facts, child) for child in children]
    for truth in (Truth.NO, Truth.UNKNOWN):
        for verdict in verdicts:
            if verdict.truth is truth:
                return verdict
    reusable = next((v.reusable for v in verdicts if v.reusable is not None), None)
    by = [verdict.by for verdict in verdicts if verdict.by is not None]
    scope = next((verdict.scope for verdict in verdicts if verdict.scope), None)
    return ProofVerdict(Truth.YES, by={"all_of": by}, scope=scope, reusable=reusable)


def _any(facts: Facts, children: tuple[Proof, ...]) -> ProofVerdict:
    verdicts = [prove(facts, child) for child in children if not _does_not_apply(facts, child)]
    for verdict in verdicts:
        if verdict.truth is Truth.YES:
            return ProofVerdict(
                Truth.YES, {"any_of": [verdict.by]}, scope=verdict.scope, reusable=verdict.reusable
            )
    given = [verdict for verdict in verdicts if verdict.reason is not None]
    unknown = [verdict for verdict in given if verdict.truth is Truth.UNKNOWN]
    # the one reason that the person can end in the form
    offered = [verdict for verdict in given if verdict.reason is Reason.PROPOSED]
    telling = [verdict for verdict in given if verdict.reason in _TELLING]
    doubtful = [verdict for verdict in unknown if not _is_absent(verdict)]
    unpublished = [verdict for verdict in given if verdict.reason is Reason.SCOPE_NOT_PUBLISHED]
    why = next(
        iter((*offered, *telling, *doubtful, *unpublished, *unknown, *given)), ProofVerdict(Truth.UNKNOWN)
    )
    is_open = any(verdict.truth is Truth.UNKNOWN for verdict in verdicts)
    return replace(why, truth=Truth.UNKNOWN if is_open else Truth.NO)


def _is_absent(verdict: ProofVerdict) -> bool:
    """A source was asked and has nothing: that says less than data that may not be used."""
    return verdict.reason in _ABSENT and verdict.rule != "subject:incomplete"


def _does_not_apply(facts: Facts, proof: Proof) -> bool:
    """A branch whose condition is false proves nothing where any branch would do."""
    return proof.when is not None and predicate(facts, proof.when, of_any=True) is Truth.NO


def _issued(facts: Facts, leaf: Proof) -> ProofVerdict:
    """A valid paper of the store with one of these codes, about this object."""
    word = stored(leaf)
    pick = facts.plan.picks[word]
    if pick.query is None:
        return ProofVerdict(Truth.UNKNOWN, reason=pick.reason, rule=pick.rule)
    answer = facts.answers[pick.query]
    if answer is None or (reason := facts.unsettled(word)) is not None:
        return ProofVerdict(Truth.UNKNOWN, reason=answer and reason)
    papers = answer.values.get("papers")
    rejected: list[ProofVerdict] = []
    for paper in papers if isinstance(papers, list) else ():
        listed = isinstance(paper, Mapping) and paper.get("result_code") in (leaf.issued or ())
        if not listed or not still_valid(paper, facts.today):
            continue
        faults = list(_bound(facts, leaf, paper.get))
        if not faults:
            by = f"{evidence_id(pick.query)}:{pick.name}"
            shown = {name: one for name, one in paper.items() if name != "files"}
            return ProofVerdict(Truth.YES, by=by, reusable={**shown, "owner": leaf.about})
        rejected += [next((fault for fault in faults if fault.truth is Truth.NO), faults[0])]
    if rejected:
        return next((one for one in rejected if one.truth is Truth.UNKNOWN), rejected[0])
    why = answer.reason or Reason.VALUE_BLANK
    return ProofVerdict(Truth.UNKNOWN, reason=why, rule=facts.plan.whose.get(word, ""))


def still_valid(paper: Mapping[str, object], today: date) -> bool:
    """Valid until the end of its last day; not proven where nobody knows that day."""
    until = paper.get("valid_until")
    return until is None or lasts(until, today) is Truth.YES


def wanting(facts: Facts, paper: PaperRule) -> Iterator[int]:
    """Unasked queries that would help to decide a paper; the next ones only."""
    if paper.when is not None:
        missing = list(_unasked_predicate(facts, paper.when))
        if missing:
            yield from missing
            return
        if predicate(facts, paper.when, of_any=True) is Truth.NO:
            return
    if paper.replaced_by is not None:
        yield from _wanting(facts, paper.replaced_by)


def _wanting(facts: Facts, proof: Proof) -> Iterator[int]:
    if proof.when is not None and (missing := list(_unasked_predicate(facts, proof.when))):
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
    if not proof.is_leaf:
        return
    yield from _unasked(facts, [facts.plan.picks[word] for word in evidence_of(proof)])
    for name in (*proof.guards, *proof.concludes):
        yield from _unasked_predicate(facts, name)


def _unasked_predicate(facts: Facts, name: str) -> Iterator[int]:
    yield from _unasked(facts, [facts.plan.picks[word] for word in facts.plan.reads[name]])


def _unasked(facts: Facts, picks: list[Pick]) -> Iterator[int]:
    for pick in picks:
        if pick.query is not None and facts.answers[pick.query] is None:
            yield pick.query
