"""Roles that take many subjects: what the mapping says of the role holds for each of its subjects.

All of it except `only_named` is done once per plan. The second subject of a role is `<role>#2`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gateway.domain.evidence import SourceAnswer
from gateway.domain.parties import Subject
from gateway.mapping.model import Role
from gateway.mapping.paper_rules import PaperRule, Predicate, Proof
from gateway.mapping.procedure import evidence_of, leaves, refs_of_predicate, role_of
from gateway.mapping.transforms import upper_ascii

#: role with several subjects -> the roles of its subjects
Several = Mapping[str, tuple[str, ...]]


class PeopleFilter(NamedTuple):
    """A list of people in an answer, and the roles of those who may be shown, or with `leaves_out` who may not."""

    query: int
    attribute: str
    roles: tuple[str, ...]
    leaves_out: bool = False


def several(roles: Mapping[str, Role], slots: Mapping[str, str]) -> Several:
    """The roles with more than one subject; equal subjects count once."""
    found: dict[str, dict[str, None]] = {}
    for name, slot in slots.items():
        role = role_of(name)
        if roles[role].many:
            found.setdefault(role, {})[slot] = None
    return {role: tuple(each) for role, each in found.items() if len(each) > 1}


def paper_of_each(paper: PaperRule, many: Several, each: Collection[str]) -> PaperRule:
    """The paper, proven only when it is proven for every subject. `each`: the predicates about one subject."""
    if paper.replaced_by is None:
        return paper
    return paper.model_copy(update={"replaced_by": proof_of_each(paper.replaced_by, many, each)})


def proof_of_each(proof: Proof, many: Several, each: Collection[str] = ()) -> Proof:
    """`all_of` the proofs about each subject; each may be proven by another branch of an `any_of`."""
    if proof.all_of is not None:
        return proof.model_copy(
            update={"all_of": tuple(proof_of_each(one, many, each) for one in proof.all_of)}
        )
    named = {_role(word) for leaf in leaves(proof) for word in evidence_of(leaf)}
    copies = [proof.model_copy(update={"when": None})]
    for role in filter(named.__contains__, many):
        copies = [_about(copy, role, slot, each) for copy in copies for slot in many[role]]
    return proof if len(copies) == 1 else Proof(all_of=tuple(copies), when=proof.when)


def _about(proof: Proof, role: str, slot: str, each: Collection[str]) -> Proof:
    """The proof with `slot` in place of `role`."""
    bound = {
        _word(word, role, slot): tuple(_word(place, role, slot) for place in places)
        for word, places in proof.bound.items()
    }
    return proof.model_copy(
        update={
            "all_of": proof.all_of and tuple(_about(one, role, slot, each) for one in proof.all_of),
            "any_of": proof.any_of and tuple(_about(one, role, slot, each) for one in proof.any_of),
            "has": proof.has and tuple(_word(word, role, slot) for word in proof.has),
            "about": slot if proof.about == role else proof.about,
            "same": bound or proof.same,
            "in_force": tuple(_of_slot(name, slot, each) for name in proof.in_force),
            "conclusion": tuple(_of_slot(name, slot, each) for name in proof.conclusion),
        }
    )


def _of_slot(name: str, slot: str, each: Collection[str]) -> str:
    alone = f"{name}@{slot}"
    return alone if alone in each else name


def predicates_of_one(predicates: Mapping[str, Predicate], many: Several) -> dict[str, tuple[Predicate, ...]]:
    """`<predicate>@<role>#2`: a predicate about one subject of a role with several."""
    return {
        f"{name}@{slot}": (_asked(rule, role, slot),)
        for name, rule in predicates.items()
        for role, slots in many.items()
        if role in {_role(word) for word in refs_of_predicate(rule)}
        for slot in slots
    }


def predicate_of_each(rule: Predicate, many: Several) -> tuple[Predicate, ...]:
    """The predicate about each subject, all of which must be true; alone when it names no role with several."""
    named = {_role(word) for word in refs_of_predicate(rule)}
    forms = [rule]
    for role in filter(named.__contains__, many):
        forms = [_asked(form, role, slot) for form in forms for slot in many[role]]
    return tuple(forms)


def _asked(rule: Predicate, role: str, slot: str) -> Predicate:
    left_and_right = rule.equal and tuple(_word(word, role, slot) for word in rule.equal)
    return rule.model_copy(
        update={
            "attribute": rule.attribute and _word(rule.attribute, role, slot),
            "agree": tuple(_word(word, role, slot) for word in rule.agree),
            "equal": left_and_right,
            "same_person": rule.same_person
            and tuple(slot if one == role else one for one in rule.same_person),
            "younger_than": rule.younger_than and _word(rule.younger_than, role, slot),
            "until": rule.until and _word(rule.until, role, slot),
        }
    )


def _role(word: str) -> str:
    return word.partition(":")[0]


def _word(word: str, role: str, slot: str) -> str:
    """A reference `<role>:…`, or an attribute of the request `<role>.…`, for one subject of the role."""
    return f"{slot}{word[len(role) :]}" if word.startswith((f"{role}:", f"{role}.")) else word


def only_named(
    keeps: Iterable[PeopleFilter], answers: list[SourceAnswer | None], subjects: Mapping[str, Subject]
) -> list[SourceAnswer | None]:
    """The answers whose lists of people have only those who may be shown; an empty list is blank."""
    shown = list(answers)
    for keep in keeps:
        answer = shown[keep.query]
        if answer is None or keep.attribute not in answer.values:
            continue
        named = _Named(subjects[role] for role in keep.roles if role in subjects)
        values = {**answer.values, keep.attribute: named.cut(answer.values[keep.attribute], keep)}
        doubts = dict(answer.doubts)
        if (doubt := doubts.get(keep.attribute)) is not None:
            candidates = tuple(named.cut(one, keep) for one in doubt.candidates)
            doubts[keep.attribute] = doubt._replace(candidates=candidates)
        if values[keep.attribute] is None:
            del values[keep.attribute]
        shown[keep.query] = answer._replace(values=values, doubts=doubts)
    return shown


class _Named:
    """The people that the caller named, by identifier; each name is normalised once."""

    __slots__ = ("_births", "_births_without_number", "_numbers")

    def __init__(self, people: Iterable[Subject]) -> None:
        """Of people with name and birth date: dates by name; those without a number again apart."""
        self._numbers: set[object] = set()
        self._births: dict[str, list[str]] = {}
        self._births_without_number: dict[str, list[str]] = {}
        for one in people:
            name = upper_ascii(one.full_name)
            if one.personal_id:
                self._numbers.add(one.personal_id)
            if name and one.birth_date:
                self._births.setdefault(name, []).append(str(one.birth_date))
                if not one.personal_id:
                    self._births_without_number.setdefault(name, []).append(str(one.birth_date))

    def cut(self, people: object, keep: PeopleFilter) -> list[object] | None:
        """The rows of a list about a named person, or about everybody else; None when there are none."""
        rows = people if isinstance(people, list) else []
        return [
            row for row in rows if isinstance(row, Mapping) and self._have(row) is not keep.leaves_out
        ] or None

    def _have(self, row: Mapping[str, object]) -> bool:
        """Compared by number; where one side has none, by name and birth date in the precision that both have."""
        number = row.get("personal_id")
        if number and number in self._numbers:
            return True
        births = self._births_without_number if number else self._births
        born = births and row.get("birth_date")
        if not born:
            return False
        theirs = str(born)
        ours = births.get(upper_ascii(row.get("full_name")) or "", ())
        return any(theirs.startswith(one) or one.startswith(theirs) for one in ours)
