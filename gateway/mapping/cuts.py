"""Checks the rule of a cut against the procedure at start: the person and the object of each leaf's evidence."""

from collections.abc import Iterator, Mapping

from gateway.config.strict_yaml import Loc
from gateway.domain.faults import near
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.model import ProcedureMapping
from gateway.mapping.paper_rules import Proof
from gateway.mapping.procedure import DOSSIER, FORM, TYPED, Procedure

CutFault = tuple[Loc, str, str]
#: evidence type -> prefix of its attributes about an object -> attributes that identify the object
Objects = Mapping[str, Mapping[str, tuple[str, ...]]]
#: a typed value may be one that the gateway filled and got back: it denies, and names nothing
_NAME_IT = (
    "tie it to the request or other evidence; a form that names another object denies the part by itself"
)
#: attributes by which a request may name an object
_NAMED_BY = frozenset(Subject.__dataclass_fields__) - {"kind"}


def cut_faults(one: ProcedureMapping, procedure: Procedure, objects: Objects) -> Iterator[CutFault]:
    """Leaves about no person, another person, or no object although their evidence is about one."""
    for code, paper in one.papers.items():
        if paper.replaced_by is not None:
            yield from _of(paper.replaced_by, ("papers", code, "replaced_by"), procedure, objects)
            yield from _counter_examples(one, code)


def _of(proof: Proof, loc: Loc, procedure: Procedure, objects: Objects) -> Iterator[CutFault]:
    for side in ("all_of", "any_of"):
        for index, child in enumerate(getattr(proof, side) or ()):
            yield from _of(child, (*loc, side, index), procedure, objects)
    if proof.is_leaf and proof.about in procedure.roles:
        yield from _people(proof, loc, procedure)
        yield from _object(proof, loc, procedure, objects)


def _people(leaf: Proof, loc: Loc, procedure: Procedure) -> Iterator[CutFault]:
    """Evidence of another role counts only when `same` ties it to this one."""
    for word in leaf.has or ():
        role = word.partition(":")[0]
        tied = any(bound.startswith(f"{role}:") for bound in leaf.bound)
        if role == leaf.about or role not in procedure.roles:
            continue
        kinds = procedure.roles[role].kind
        if SubjectKind.PERSON in kinds or SubjectKind.ORGANISATION in kinds or not tied:
            what = f"'{word}' is about '{role}', and the paper about '{leaf.about}'"
            yield (*loc, "about"), what, f"name evidence of '{leaf.about}', or tie the object to it in 'same'"


def _object(leaf: Proof, loc: Loc, procedure: Procedure, objects: Objects) -> Iterator[CutFault]:
    bound = {word.rpartition(":")[2] for word in leaf.bound}
    named = [word.rpartition(":")[2].partition(".") for word in leaf.has or ()]
    for kind, _, attribute in named or [("issued_paper", "", "papers")]:
        for start, keys in objects.get(kind, {}).items():
            tied = leaf.issued is not None or not bound.isdisjoint(f"{kind}.{key}" for key in keys)
            if attribute.startswith(start) and not (leaf.bound and tied):
                what = f"'{kind}.{attribute}' speaks of an object, and 'same' does not say which"
                yield (
                    (*loc, "same"),
                    what,
                    f"tie {' or '.join(keys)} to the form, the request or other evidence",
                )
                return
    yield from _places(leaf, loc, procedure)


def _places(leaf: Proof, loc: Loc, procedure: Procedure) -> Iterator[CutFault]:
    """Places of `same` that name no object."""
    for word, places in leaf.bound.items():
        if ":" not in word and leaf.issued is None:
            yield (*loc, "same"), f"'{word}' names no evidence", "write '<role>:<evidence type>.<attribute>'"
        if any(":" in place and _evidence(place) == _evidence(word) for place in places):
            what = f"'{word}' is tied to the same piece of evidence: it is always what it says itself"
            yield (*loc, "same", word), what, "tie it to the form, the request or another source"
        if any(_fills(word, place, procedure) for place in places):
            what = f"'{word}' is tied to a field that it fills itself"
            yield (*loc, "same", word), what, _NAME_IT
        if all(place.startswith(TYPED) for place in places):
            what = f"only the form names '{word}', where data may have filled it"
            yield (*loc, "same", word), what, _NAME_IT
        yield from (
            ((*loc, "same", word), *fault)
            for place in places
            if (fault := _place_fault(place, procedure)) is not None
        )


def _fills(word: str, place: str, procedure: Procedure) -> bool:
    """Whether a form field is filled by this evidence and no other."""
    if not place.startswith(FORM):
        return False
    refs = [one.refs for one in procedure.fields if one.key == place.removeprefix(FORM)]
    return any(refs) and all(_evidence(word) == f"{ref.role}:{ref.evidence}" for ref in refs[0])


def _evidence(word: str) -> str:
    """Role and evidence type of a reference."""
    return word.partition(".")[0]


def _place_fault(place: str, procedure: Procedure) -> tuple[str, str] | None:
    """What is wrong with a place that names the object; references are checked with all others."""
    if ":" in place or place == DOSSIER:
        return None
    start = next((start for start in (FORM, TYPED) if place.startswith(start)), None)
    if start is not None:
        key, keys = place.removeprefix(start), [field.key for field in procedure.fields]
        if key in keys:
            return None
        return f"'{place}' names no field of the form", near(key, keys, "name a form field")
    role, _, attribute = place.partition(".")
    if role in procedure.roles and attribute in _NAMED_BY:
        return None
    what = f"'{place}' names nothing of the form or the request"
    return (
        what,
        "write 'form.<field>', 'typed.<field>', '<role>.<attribute>' or '<role>:<evidence type>.<attribute>'",
    )


def _counter_examples(one: ProcedureMapping, code: str) -> Iterator[CutFault]:
    names = [example.name for example in one.examples]
    for index, counter in enumerate(one.papers[code].counter_examples):
        if counter.example not in names:
            what = f"counter-example '{counter.name}' changes '{counter.example}', which is no example here"
            yield (
                ("papers", code, "counter_examples", index, "example"),
                what,
                near(counter.example, names, "name an example of this file that cuts the paper"),
            )
