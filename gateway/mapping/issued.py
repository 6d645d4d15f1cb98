"""Papers of the paper store one by one: which component of a procedure each may replace, and why or why not.

The rule of a cut decides (gateway.mapping.papers): same person, same object, in force, conclusion. A paper is offered
only when the rule says yes for it alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.reasons import Reason
from gateway.mapping.answer import PaperEntry
from gateway.mapping.paper_entries import paper_entry
from gateway.mapping.paper_rules import PaperRule, Proof
from gateway.mapping.papers import still_valid
from gateway.mapping.plan import Plan
from gateway.mapping.predicates import Facts
from gateway.mapping.procedure import (
    DOSSIER,
    FORM,
    TYPED,
    Procedure,
    conditions,
    evidence_of,
    leaves,
    refs_of_predicate,
    stored,
)


class OfferState(StrEnum):
    """Whether a paper may be attached instead of a new one."""

    OFFERED = "offered"  #: it replaces at least one component
    EXPIRED = "expired"  #: its last day has passed, or cannot be read
    NOT_IN_FORCE = "not_in_force"  #: the evidence says that it was revoked, or that it holds no longer
    OTHER_OBJECT = "other_object"  #: it is about another parcel, vehicle, marriage …
    NOT_NEEDED = "not_needed"  #: the procedure does not demand it in this case
    UNDECIDED = "undecided"  #: evidence is missing or differs: hand in the paper


_BY_REASON = {
    Reason.NOT_IN_FORCE: OfferState.NOT_IN_FORCE,
    Reason.CONCLUSION_DIFFERS: OfferState.NOT_IN_FORCE,
    Reason.OBJECT_DIFFERS: OfferState.OTHER_OBJECT,
}


class FoundPaper(NamedTuple):
    """One paper of a source's answer, and what it means for the procedure."""

    #: index of the query whose answer has it
    query: int
    #: role whose paper it is
    owner: str
    #: as in `schemas/evidence/issued_paper.schema.json`
    paper: Mapping[str, Any]
    state: OfferState
    #: an entry for each component whose rule names the result code: `reusable` means that the paper replaces it
    components: tuple[PaperEntry, ...]


def result_codes(procedure: Procedure, component: str = "") -> frozenset[str]:
    """The codes of results that may replace papers of a procedure (MA_KQ_THAYTHE), or one component of it."""
    rules = (
        procedure.papers if component not in procedure.papers else {component: procedure.papers[component]}
    )
    proofs = [rule.replaced_by for rule in rules.values() if rule.replaced_by is not None]
    return frozenset(code for proof in proofs for leaf in leaves(proof) for code in leaf.issued or ())


def is_about_object(procedure: Procedure, component: str) -> bool:
    """Whether a component may be about something beside its owner: a parcel, a vehicle, another person.

    Where no rule says, it may be as soon as the procedure knows anybody or anything else.
    """
    proof = procedure.papers[component].replaced_by
    if proof is None:
        return len(procedure.roles) > 1
    return any(leaf.bound for leaf in leaves(proof))


def stored_part(
    procedure: Procedure, codes: Collection[str], known: Collection[str] = (), owner: str = ""
) -> Procedure:
    """The procedure with only those papers, and of their proofs only the ways, that papers with these codes prove.

    `known`: form fields that the caller states; they are compared with the subjects. `owner`: role whose papers count;
    blank: of every role.
    """
    papers = {}
    for code, rule in procedure.papers.items():
        proof = None if rule.replaced_by is None else _stored_proof(rule.replaced_by, codes, owner)
        if proof is not None:
            papers[code] = rule.model_copy(update={"replaced_by": proof, "counter_examples": ()})
    named, read = {*known, *_form_fields(papers.values())}, _read(procedure, papers.values())
    fields = tuple(
        field
        for field in procedure.fields
        # sources that contradict one another are seen where a field compares them
        if field.key in named
        or (field.agree and not read.isdisjoint(f"{ref.role}:{ref}" for ref in field.refs))
    )
    return replace(procedure, papers=papers, fields=fields, warnings={})


def _stored_proof(proof: Proof, codes: Collection[str], owner: str) -> Proof | None:
    """The proof without alternatives that need no paper of the store; None when no alternative is left."""
    if proof.issued is not None:
        is_theirs = owner in ("", proof.about)
        ours = tuple(code for code in proof.issued if is_theirs and code in codes)
        return proof.model_copy(update={"issued": ours}) if ours else None
    if proof.any_of is not None:
        ways = tuple(way for child in proof.any_of if (way := _stored_proof(child, codes, owner)) is not None)
        return proof.model_copy(update={"any_of": ways}) if ways else None
    parts = [(child, _stored_proof(child, codes, owner)) for child in proof.all_of or ()]
    if all(part is None for _, part in parts):
        return None
    return proof.model_copy(update={"all_of": tuple(part or child for child, part in parts)})


def _form_fields(rules: Collection[PaperRule]) -> Iterator[str]:
    for leaf in (leaf for rule in rules if rule.replaced_by for leaf in leaves(rule.replaced_by)):
        for places in leaf.bound.values():
            yield from (place.removeprefix(FORM) for place in places if place.startswith(FORM))


def _read(procedure: Procedure, rules: Collection[PaperRule]) -> set[str]:
    """The references that decide these papers."""
    proofs = [rule.replaced_by for rule in rules if rule.replaced_by is not None]
    words = {word for proof in proofs for leaf in leaves(proof) for word in evidence_of(leaf)}
    names = [name for proof in proofs for name in conditions(proof)]
    names += [rule.when for rule in rules if rule.when is not None]
    seen = set(names)
    while names:
        rule = procedure.predicates[names.pop()]
        words.update(refs_of_predicate(rule))
        names += [other for other in rule.others if other not in seen]
        seen.update(rule.others)
    return words


def found_papers(facts: Facts) -> Iterator[FoundPaper]:
    """The papers in the answers whose code the procedure takes. Others are left out: nobody needs to see them."""
    for index, owner, codes in _queries(facts.plan):
        answer = facts.answers[index]
        if answer is None or answer.outcome is not Outcome.FOUND:
            continue
        papers = answer.values.get("papers")
        for paper in papers if isinstance(papers, list) else ():
            if isinstance(paper, Mapping) and paper.get("result_code") in codes:
                yield _found(facts, index, owner, paper)


def _queries(plan: Plan) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Each query for papers: its index, the role whose papers it finds, and the codes that count for this role."""
    found: dict[int, tuple[str, set[str]]] = {}
    for leaf in _issued_leaves(plan.papers.values()):
        pick = plan.picks[stored(leaf)]
        if pick.query is not None:
            found.setdefault(pick.query, (leaf.about or "", set()))[1].update(leaf.issued or ())
    for index, (owner, codes) in found.items():
        yield index, owner, frozenset(codes)


def _issued_leaves(rules: Collection[PaperRule]) -> Iterator[Proof]:
    for rule in rules:
        if rule.replaced_by is not None:
            yield from (leaf for leaf in leaves(rule.replaced_by) if leaf.issued is not None)


def _found(facts: Facts, index: int, owner: str, paper: Mapping[str, Any]) -> FoundPaper:
    """The paper, decided as if it were the only one in the store."""
    alone = replace(facts, answers=_only(facts.answers, index, paper))
    entries = []
    for code, rule in facts.plan.papers.items():
        wanted = [leaf for leaf in _issued_leaves([rule]) if facts.plan.picks[stored(leaf)].query == index]
        if any(paper["result_code"] in (leaf.issued or ()) for leaf in wanted):
            entries.append(paper_entry(alone, code, rule))
    return FoundPaper(index, owner, paper, _state(facts, paper, entries), tuple(entries))


def decided_alone(facts: Facts, code: str, paper: Mapping[str, Any]) -> tuple[OfferState, PaperEntry] | None:
    """A component, decided as if this paper were the only one in the store; None: the search did not ask about it.

    `paper` without a result code counts as one that the rule takes: its number and the evidence decide.
    """
    rule = facts.plan.papers.get(code)
    if rule is None:
        return None
    answers = list(facts.answers)
    for leaf in _issued_leaves([rule]):
        query = facts.plan.picks[stored(leaf)].query
        if query is not None and leaf.issued:
            shown = {**paper, "result_code": paper.get("result_code") or leaf.issued[0]}
            answers[query] = SourceAnswer(Outcome.FOUND, {"papers": [shown]})
    entry = paper_entry(replace(facts, answers=answers), code, rule)
    return _state(facts, paper, [entry]), entry


def depends_on_evidence(procedure: Procedure, component: str) -> bool:
    """Whether evidence decides that a paper is in force, or that it says what it must."""
    proof = procedure.papers[component].replaced_by
    return proof is not None and any(leaf.guards or leaf.concludes for leaf in leaves(proof))


def roles_of_rule(procedure: Procedure, component: str) -> frozenset[str]:
    """The roles that a component's rule is about, those of its owners among them; empty: it has no rule."""
    proof = procedure.papers[component].replaced_by
    return frozenset(() if proof is None else (role for leaf in leaves(proof) for role in _roles(leaf)))


def _roles(leaf: Proof) -> Iterator[str]:
    yield leaf.about or ""
    for word in (*leaf.bound, *(place for places in leaf.bound.values() for place in places)):
        if ":" in word:
            yield word.partition(":")[0]
        elif "." in word and word != DOSSIER and not word.startswith((FORM, TYPED)):
            yield word.partition(".")[0]


def _only(
    answers: list[SourceAnswer | None], index: int, paper: Mapping[str, Any]
) -> list[SourceAnswer | None]:
    alone, answer = list(answers), answers[index]
    assert answer is not None
    alone[index] = answer._replace(values={**answer.values, "papers": [paper]})
    return alone


def _state(facts: Facts, paper: Mapping[str, Any], entries: list[PaperEntry]) -> OfferState:
    states = {entry["state"] for entry in entries}
    if "reusable" in states:
        return OfferState.OFFERED
    if not still_valid(paper, facts.today):
        return OfferState.EXPIRED
    if states == {"not_applicable"}:
        return OfferState.NOT_NEEDED
    codes = [reason["code"] for entry in entries if (reason := entry.get("reason")) is not None]
    found = [_BY_REASON[Reason(code)] for code in codes if code in _BY_REASON]
    return found[0] if found else OfferState.UNDECIDED
