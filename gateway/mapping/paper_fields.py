"""Which form fields a paper rests on: another value in one of them may change whether data replace the paper."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.mapping.paper_rules import PaperRule, Predicate
from gateway.mapping.procedure import (
    FORM,
    TYPED,
    Field,
    Procedure,
    conditions,
    evidence_of,
    leaves,
    refs_of_predicate,
)
from gateway.mapping.same_objects import IDENTIFIES, IDENTITY


def rests_on(procedure: Procedure) -> Mapping[str, tuple[str, ...]]:
    """Paper -> keys of the fields that it rests on, in the order of the form.

    Fields of its evidence and conditions, other fields of the records that it is about, fields that name its object,
    and fields that name its person. Two roles may be one person, so that fields of each role that could be that person
    count.
    """
    return {
        code: tuple(one.key for one in procedure.fields if _counts(procedure, paper, one, names, records))
        for code, paper in procedure.papers.items()
        for names in [frozenset(_names(procedure, paper))]
        for records in [frozenset(_records(procedure, paper))]
    }


def _names(procedure: Procedure, paper: PaperRule) -> Iterator[str]:
    """References of evidence, and keys of fields, that the paper's rules read."""
    proof = paper.replaced_by
    predicates = [*filter(None, (paper.when,)), *(conditions(proof) if proof is not None else ())]
    for leaf in leaves(proof) if proof is not None else ():
        yield from evidence_of(leaf)
        for place in (one for places in leaf.bound.values() for one in places):
            yield place.removeprefix(TYPED).removeprefix(FORM)
    yield from _read(procedure, predicates)


def _read(procedure: Procedure, predicates: Iterable[str]) -> Iterator[str]:
    """References and keys of fields that predicates read, themselves and through others."""
    for rule in _rules(procedure, predicates):
        yield from filter(None, (*refs_of_predicate(rule), rule.known_field))


def _rules(procedure: Procedure, predicates: Iterable[str]) -> Iterator[Predicate]:
    """The predicates of these names, and the others that they depend on."""
    left = [*predicates]
    for name in left:
        rule = procedure.predicates.get(name)
        if rule is not None:
            yield rule
            # a predicate depends on no circle of others: `check-config`
            left += rule.others


def of_the_day(procedure: Procedure) -> frozenset[str]:
    """Papers whose rule looks at the day of filing: what is in force, stored papers, ages and ends.

    What decided them on one day decides nothing on the next.
    """
    return frozenset(code for code, paper in procedure.papers.items() if _looks_at_day(procedure, paper))


def _looks_at_day(procedure: Procedure, paper: PaperRule) -> bool:
    proof = paper.replaced_by
    parts = [] if proof is None else [*leaves(proof)]
    predicates = [*filter(None, (paper.when,)), *(conditions(proof) if proof is not None else ())]
    return any(part.guards or part.issued for part in parts) or any(
        rule.younger_than or rule.until for rule in _rules(procedure, predicates)
    )


def _records(procedure: Procedure, paper: PaperRule) -> Iterator[str]:
    """`<role>:<evidence>` of the paper's evidence, objects and conclusions; facts of a person are no one record."""
    for leaf in leaves(paper.replaced_by) if paper.replaced_by is not None else ():
        for word in (*evidence_of(leaf), *_read(procedure, leaf.concludes)):
            record = word.partition(".")[0]
            if record.partition(":")[2] not in IDENTIFIES:
                yield record


def _counts(
    procedure: Procedure, paper: PaperRule, field: Field, names: frozenset[str], records: frozenset[str]
) -> bool:
    if field.key in names or any(f"{ref.role}:{ref}" in names for ref in field.refs):
        return True
    if not field.rule.change and any(f"{ref.role}:{ref.evidence}" in records for ref in field.refs):
        return True
    people = () if paper.replaced_by is None else (one.about for one in leaves(paper.replaced_by))
    return any(_may_name(procedure, about or "", field) for about in people)


def _may_name(procedure: Procedure, about: str, field: Field) -> bool:
    """Whether the field holds the number, name or birth date of somebody who could be the paper's person."""
    kinds = frozenset(procedure.roles[about].kind) if about in procedure.roles else frozenset()
    return any(
        ref.evidence in IDENTIFIES
        and ref.attribute in IDENTITY
        and not kinds.isdisjoint(procedure.roles[ref.role].kind)
        for ref in field.refs
        if ref.role in procedure.roles
    )
