"""The plan of one prefill: the fewest evidence queries, and where each field reads.

A plan depends on the procedure, the grant and the shape of the subjects (which identifiers each gives),
never on a person: it is compiled once and used for everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.domain.evidence import Reason
from gateway.domain.parties import Subject
from gateway.mapping.model import PaperRule, Proof
from gateway.mapping.procedure import ACCOUNT, Field, Procedure, Ref, refs_of_predicate
from gateway.mapping.source import ServicePlan

#: may this requester have this attribute of this data service?
Allows = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """One query: one data service about one subject, with everything that anybody may need from it."""

    index: int
    service: ServicePlan
    #: the role whose subject is asked about (the first of the roles that share it)
    role: str
    attributes: tuple[str, ...]
    result_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """Where a reference reads: a query, or the reason why there is none."""

    query: int | None
    attribute: str
    name: str
    reason: Reason | None = None
    rule: str = ""


class PlannedField:
    """A field and the picks of its references, in order."""

    __slots__ = ("asked", "field", "picks")

    def __init__(self, field: Field, picks: tuple[Pick, ...]) -> None:
        """One pick a reference."""
        self.field = field
        self.picks = picks
        #: the picks that have a query: (query, attribute, the field's entry but for its value)
        self.asked = tuple((p.query, p.attribute, _entry_of(field, p)) for p in picks if p.query is not None)


def _entry_of(field: Field, pick: Pick) -> dict[str, object]:
    return {
        "state": "filled",
        "value": None,
        "evidence": evidence_id(pick.query or 0),
        "attribute": pick.name,
        "editable": field.editable,
        "doubt": None,
    }


def evidence_id(query: int) -> str:
    """The name of a query's answer in passports: it follows the plan, so that it stays when a late answer joins."""
    return f"e{query + 1}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a prefill that does not depend on the person."""

    procedure: Procedure
    queries: tuple[PlannedQuery, ...]
    fields: tuple[PlannedField, ...]
    papers: Mapping[str, PaperRule]
    #: every reference of predicates and papers
    picks: Mapping[str, Pick]
    #: role -> the role whose subject it is (itself, or the one it is the same as)
    slots: Mapping[str, str]


class _Planner:
    def __init__(
        self, procedure: Procedure, offers: Mapping[str, tuple[ServicePlan, ...]], allows: Allows,
        subjects: Mapping[str, Subject], slots: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.procedure = procedure
        self.offers = offers
        self.allows = allows
        self.subjects = subjects
        self.slots = slots
        self.wants: dict[tuple[str, str], dict[str, None]] = {}
        self.codes: dict[str, dict[str, None]] = {}
        self.chosen: dict[tuple[str, str], list[tuple[ServicePlan, list[str]]]] = {}

    def want(self, ref: Ref) -> None:
        self.wants.setdefault((self.slots.get(ref.role, ref.role), ref.evidence), {})[ref.attribute] = None

    def choose(self) -> tuple[PlannedQuery, ...]:
        """Greedy cover: per subject and evidence type, the service that gives most of what is wanted."""
        queries: list[PlannedQuery] = []
        for (role, evidence), wanted in self.wants.items():
            left = list(wanted)
            for service in self._candidates(role, evidence, left):
                granted = [name for name in left if self._gives(service, name)]
                if not granted:
                    continue
                codes = tuple(self.codes.get(role, ())) if evidence == "issued_paper" else ()
                queries.append(PlannedQuery(len(queries), service, role, tuple(granted), codes))
                self.chosen.setdefault((role, evidence), []).append((service, granted))
                left = [name for name in left if name not in granted]
        return tuple(queries)

    def _candidates(self, role: str, evidence: str, wanted: list[str]) -> list[ServicePlan]:
        subject = self.subjects.get(role)
        able = [s for s in self.offers.get(evidence, ()) if subject is None or s.can_ask(subject)]
        return sorted(able, key=lambda s: -sum(self._gives(s, name) for name in wanted))

    def _gives(self, service: ServicePlan, attribute: str) -> bool:
        return attribute in service.attributes and self.allows(service.name, attribute)

    def pick(self, ref: Ref, queries: tuple[PlannedQuery, ...]) -> Pick:
        role, name = self.slots.get(ref.role, ref.role), str(ref)
        for query in queries:
            if (query.role, query.service.evidence) == (
                role,
                ref.evidence,
            ) and ref.attribute in query.attributes:
                return Pick(query.index, ref.attribute, name)
        able = [s for s in self.offers.get(ref.evidence, ()) if ref.attribute in s.attributes]
        if able and not any(self.allows(s.name, ref.attribute) for s in able):
            return Pick(
                None, ref.attribute, name, Reason.NOT_AGREED, f"not_agreed:{able[0].name}:{ref.attribute}"
            )
        if role in self.subjects:
            return Pick(None, ref.attribute, name, Reason.VALUE_BLANK, "subject:incomplete")
        return Pick(None, ref.attribute, name, Reason.CONDITION_FALSE, "subject:not_given")


def make_plan(
    procedure: Procedure,
    offers: Mapping[str, tuple[ServicePlan, ...]],
    allows: Allows,
    subjects: Mapping[str, Subject],
    slots: Mapping[str, str],
    narrowed: frozenset[str] | None = None,
) -> Plan:
    """The plan for these subjects; with `narrowed` only those fields, and no papers."""
    planner = _Planner(procedure, offers, allows, subjects, slots)
    fields = [field for field in procedure.fields if narrowed is None or field.key in narrowed]
    papers = procedure.papers if narrowed is None else {}
    words = _paper_words(procedure, papers, planner)
    for field in fields:
        for ref in field.refs:
            _want(planner, ref)
    named = {word: _ref(word, procedure) for word in words}
    for ref in named.values():
        _want(planner, ref)
    for role in procedure.roles.values():
        if role.found_in is not None:
            _want_found(planner, role.found_in)
    queries = planner.choose()
    return Plan(
        procedure, queries,
        tuple(PlannedField(field, tuple(planner.pick(ref, queries) for ref in field.refs)) for field in fields),
        papers, {word: planner.pick(ref, queries) for word, ref in named.items()}, slots,
    )  # fmt: skip


def _want(planner: _Planner, ref: Ref) -> None:
    role = planner.slots.get(ref.role, ref.role)
    declared = planner.procedure.roles.get(role)
    if (
        role in planner.subjects
        or (declared is not None and declared.found_in is not None)
        or ref.evidence == ACCOUNT
    ):
        planner.want(ref)


def _want_found(planner: _Planner, word: str) -> None:
    role, _, rest = word.partition(":")
    evidence, _, prefix = rest.partition(".")
    for name in ("personal_id", "full_name"):
        if role in planner.subjects and (role, evidence) in planner.wants:
            planner.want(Ref(role, evidence, f"{prefix}.{name}"))


def _ref(word: str, procedure: Procedure) -> Ref:
    role, colon, rest = word.partition(":")
    if not colon:
        role, rest = procedure.signs_in, word
    evidence, _, attribute = rest.partition(".")
    return Ref(role, evidence, attribute)


def _paper_words(procedure: Procedure, papers: Mapping[str, PaperRule], planner: _Planner) -> list[str]:
    words: dict[str, None] = {}
    predicates: dict[str, None] = {}
    for paper in papers.values():
        if paper.when:
            predicates[paper.when] = None
        if paper.replaced_by is not None:
            _proof_words(paper.replaced_by, words, predicates, planner)
    for name in predicates:
        words.update(dict.fromkeys(refs_of_predicate(procedure.predicates[name])))
    return list(words)


def _proof_words(
    proof: Proof, words: dict[str, None], predicates: dict[str, None], planner: _Planner
) -> None:
    for child in (*(proof.all_of or ()), *(proof.any_of or ())):
        _proof_words(child, words, predicates, planner)
    words.update(dict.fromkeys(proof.has or ()))
    for name in (proof.is_, proof.when):
        if name:
            predicates[name] = None
    if proof.issued is not None:
        words[f"{proof.issued.owner}:issued_paper.papers"] = None
        owner = planner.slots.get(proof.issued.owner, proof.issued.owner)
        planner.codes.setdefault(owner, {}).update(dict.fromkeys(proof.issued.result_codes))
