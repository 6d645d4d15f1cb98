"""The rule of a cut for kept papers: same person, same object, in force. Pure.

A kept paper is offered only where something says that it holds: the evidence of the search, as of a paper of the store,
or, where no evidence decides about the component, the last day that is written on the paper. All else is undecided.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping.answer import PaperEntry, SentenceEntry
from gateway.mapping.issued import (
    OfferState,
    decided_alone,
    depends_on_evidence,
    is_about_object,
    result_codes,
    roles_of_rule,
)
from gateway.mapping.predicates import Facts
from gateway.mapping.procedure import Procedure, role_of
from gateway.papers.keep import KeptPaper, identity_of

#: a kept paper that may be several components has the best of their states
_ORDER = (
    OfferState.OFFERED, OfferState.NOT_IN_FORCE, OfferState.UNDECIDED, OfferState.OTHER_OBJECT, OfferState.EXPIRED,
)  # fmt: skip
_WHY = {OfferState.OTHER_OBJECT: Reason.OBJECT_DIFFERS, OfferState.UNDECIDED: Reason.CONDITION_UNKNOWN}
_ADVICE: Mapping[OfferState, SentenceEntry] = {
    OfferState.OTHER_OBJECT: {
        "vi": "Giấy tờ đã lưu nói về đối tượng khác với đối tượng của hồ sơ này: đề nghị ông/bà nộp giấy tờ này.",
        "en": "The kept paper is about another object than this dossier: hand in this paper.",
    },
    OfferState.UNDECIDED: {
        "vi": "Chưa xác định được giấy tờ đã lưu còn hiệu lực và đúng đối tượng: đề nghị ông/bà nộp giấy tờ này.",
        "en": "It is unknown whether the kept paper is in force and about this object: hand in this paper.",
    },
}


class PeopleOfSearch(Protocol):
    """Who and what a search is about. Roles that take many have `<role>#2`, and so on."""

    #: role -> subject: those that the caller named, and those found in evidence; and `Subject.key` of each
    subjects: dict[str, Subject]
    keys: dict[str, str]

    @property
    def named(self) -> Mapping[str, Subject]:
        """Only those that the caller named."""
        ...


def kept_verdict(
    kept: KeptPaper, procedure: Procedure, facts: Facts | None, people: PeopleOfSearch
) -> tuple[OfferState, list[PaperEntry]]:
    """The state of a kept paper, and each component that it may be. `facts`: None where the search asked nobody."""
    found = [_decided(kept, procedure, code, facts, people) for code in _may_be(procedure, kept)]
    states = {state for state, _ in found}
    best = next((one for one in _ORDER if one in states), OfferState.NOT_NEEDED)
    return best, [entry for _, entry in found]


def _may_be(procedure: Procedure, kept: KeptPaper) -> Iterator[str]:
    """The components that a kept paper may be: the one for which it was given, or one that takes its result."""
    row = kept.row
    for code in procedure.papers:
        is_same = (row.procedure, row.component) == (procedure.code, code)
        if is_same or (row.result_code and row.result_code in result_codes(procedure, code)):
            yield code


def _decided(
    kept: KeptPaper, procedure: Procedure, code: str, facts: Facts | None, people: PeopleOfSearch
) -> tuple[OfferState, PaperEntry]:
    state = _about(kept, procedure, code, people)
    if state is OfferState.OFFERED:
        row = kept.row
        paper = {"result_code": row.result_code, "reference": kept.reference or None}
        paper |= {"valid_until": kept.valid_until} if kept.valid_until else {}
        asked = None if facts is None else decided_alone(facts, code, paper)
        if asked is not None:
            return asked
        # what the search did not ask may have ended it: a marriage since, a withdrawn licence
        if depends_on_evidence(procedure, code) or not kept.valid_until:
            state = OfferState.UNDECIDED
    return state, _entry(procedure, code, state)


def _about(kept: KeptPaper, procedure: Procedure, code: str, people: PeopleOfSearch) -> OfferState:
    """Offered: the paper is about the persons and objects that the component is about, and about nothing else."""
    keys = _keys(kept, people)
    owner = keys[procedure.signs_in]
    roles = roles_of_rule(procedure, code)
    if not roles:
        others = {keys[role] for role in people.named} - {owner}
        return _about_anything(kept.about, others, is_bound=is_about_object(procedure, code))
    bound = _subjects(roles, keys)
    if bound - {owner, kept.about, ""} or (kept.about and not {kept.about, ""} & bound):
        return OfferState.OTHER_OBJECT
    # blank: a role that nobody named and no evidence found
    return OfferState.UNDECIDED if "" in bound else OfferState.OFFERED


def _about_anything(about: str, others: Collection[str], *, is_bound: bool) -> OfferState:
    """The same where no rule says what the component is about: `others` are all but the owner.

    Of several subjects of a kind, it is unknown which of them the component is about.
    """
    if (about or is_bound) and about not in others:
        return OfferState.OTHER_OBJECT
    kind = about.partition("|")[0]
    alike = [one for one in others if one.partition("|")[0] == kind]
    return OfferState.UNDECIDED if len(alike) > 1 else OfferState.OFFERED


def _subjects(roles: Collection[str], keys: Mapping[str, str]) -> set[str]:
    """All subjects of these roles."""
    named = {role_of(name) for name in keys}
    return {key for name, key in keys.items() if role_of(name) in roles} | (
        {""} if set(roles) - named else set()
    )


def _keys(kept: KeptPaper, people: PeopleOfSearch) -> Mapping[str, str]:
    """Role -> `Subject.key`; another one where the number of the object was issued again to another person."""
    again = {
        name
        for name, key in people.keys.items()
        if key == kept.about and _differs(kept.about_identity, people.subjects.get(name))
    }
    return {name: f"{key}|again" if name in again else key for name, key in people.keys.items()}


def _differs(kept: Sequence[str], subject: Subject | None) -> bool:
    """Whether name or birth date are another person's, as far as both are known."""
    now = ("", "") if subject is None else identity_of(subject)
    return any(one and other and one != other for one, other in zip(kept, now, strict=True))


def _entry(procedure: Procedure, code: str, state: OfferState) -> PaperEntry:
    """The component in the words of an answer, where the search did not ask about it."""
    rule = procedure.papers[code]
    entry: PaperEntry = {
        "code": code,
        "title": rule.title.vi,
        "title_en": rule.title.en,
        "state": "reusable" if state is OfferState.OFFERED else "required",
        "mark": rule.mark,
        "legal_basis": rule.legal_basis,
        "basis_mark": rule.basis_mark,
    }
    if state in _WHY:
        entry["reason"] = {"code": _WHY[state].value}
        entry["advice"] = _ADVICE[state]
    return entry
