"""Which subject has which role of a procedure, and whether it fits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable, fault_in
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence, listed
from gateway.mapping.model import Role
from gateway.mapping.procedure import Procedure, role_of

#: kind of subject -> its name
KINDS: Mapping[SubjectKind, Sentence] = {
    SubjectKind.PERSON: say.KIND_PERSON,
    SubjectKind.NEWBORN: say.KIND_NEWBORN,
    SubjectKind.ORGANISATION: say.KIND_ORGANISATION,
    SubjectKind.PARCEL: say.KIND_PARCEL,
    SubjectKind.VEHICLE: say.KIND_VEHICLE,
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Subjects by role. `slots` maps every role to the first role with the same subject.

    Of a role that takes many, the second subject is `<role>#2`, and so on.
    """

    subjects: Mapping[str, Subject]
    slots: Mapping[str, str]
    given: frozenset[str]
    #: `Subject.key` of each; personal data
    shape: tuple[object, ...]
    #: `Subject.key` of each, and `Subject.identity`; personal data
    keys: Mapping[str, str]
    identities: Mapping[str, str]

    def alike(self, role: str) -> frozenset[str]:
        """Roles with the same subject as this one."""
        return frozenset(name for name, slot in self.slots.items() if slot == self.slots[role])


def cast(procedure: Procedure, wanted: Mapping[str, Subject | str]) -> Cast:
    """Check the roles. Raises Unprocessable for a missing or unknown role, or a wrong kind of subject.

    The second subject of a role that takes many is `<role>#2`; the first may be written `<role>#1` and is returned as
    `<role>`.
    """
    several = _several(procedure, wanted)
    subjects: dict[str, Subject] = {}
    for name, subject_or_role in wanted.items():
        subjects[name] = _resolve(name, wanted) if isinstance(subject_or_role, str) else subject_or_role
    if several:
        subjects = {name.removesuffix("#1"): subject for name, subject in subjects.items()}
    given = frozenset(subjects)
    _add_newborns(procedure, subjects)
    _check_roles(procedure, subjects, wanted)
    if several:
        _check_kinds(procedure, subjects, wanted)
    slots: dict[str, str] = {}
    keys: dict[str, str] = {}
    identities: dict[str, str] = {}
    first: dict[str, str] = {}
    shape = []
    for name, subject in subjects.items():
        identity = identities[name] = subject.identity
        slot = slots[name] = first.setdefault(identity, name)
        keys[name] = subject.key
        shape.append((name, slot, subject.shape))
    return Cast(subjects, slots, given, tuple(shape), keys, identities)


def _check_roles(
    procedure: Procedure, subjects: Mapping[str, Subject], wanted: Mapping[str, Subject | str]
) -> None:
    for name, role in procedure.roles.items():
        subject = subjects.get(name)
        if subject is None:
            if not role.optional and role.found_in is None:
                raise _fault(name, say.ROLE_NEEDED, ProblemCode.MISSING_ROLE)
        elif subject.kind not in role.kind:
            raise _wrong_kind(name, role, wanted)


def _check_kinds(
    procedure: Procedure, subjects: Mapping[str, Subject], wanted: Mapping[str, Subject | str]
) -> None:
    for name, subject in subjects.items():
        role = procedure.roles[role_of(name)]
        if subject.kind not in role.kind:
            raise _wrong_kind(name, role, wanted)


def _wrong_kind(name: str, role: Role, wanted: Mapping[str, Subject | str]) -> Unprocessable:
    return _fault(
        place_of(name, wanted),
        say.ROLE_TAKES(kinds=listed(KINDS[kind] for kind in role.kind)),
        ProblemCode.WRONG_KIND,
    )


def place_of(name: str, wanted: Mapping[str, Subject | str]) -> str:
    """Path of the subject in the caller's request, below `/subjects`: `members/1` is the second of a list."""
    role, _, number = name.partition("#")
    if not number and f"{role}#1" not in wanted:
        return role
    return f"{role}/{int(number or 1) - 1}"


def _several(procedure: Procedure, wanted: Mapping[str, Subject | str]) -> bool:
    """Whether a role has several subjects; every name must be a role, or one subject of several."""
    several = False
    for name in wanted:
        if name in procedure.roles:
            continue
        several = True
        role, _, number = name.partition("#")
        declared = procedure.roles.get(role)
        if declared is None:
            known = ", ".join(procedure.roles)
            raise _fault(role, say.ROLE_UNKNOWN(known=known), ProblemCode.UNKNOWN_ROLE)
        if not declared.many or not number.isdigit():
            raise _fault(role, say.ONE_SUBJECT, ProblemCode.LIST_NOT_POSSIBLE)
    return several


def _resolve(name: str, wanted: Mapping[str, Subject | str]) -> Subject:
    seen, value = {name}, wanted[name]
    while isinstance(value, str):
        if f"{value}#1" in wanted or f"{value}#2" in wanted:
            raise _fault(place_of(name, wanted), say.SAME_AS_LIST, ProblemCode.SAME_AS_LEADS_TO_LIST)
        if value in seen or value not in wanted:
            raise _fault(place_of(name, wanted), say.SAME_AS_NOWHERE, ProblemCode.SAME_AS_LEADS_NOWHERE)
        seen.add(value)
        value = wanted[value]
    return value


def _add_newborns(procedure: Procedure, subjects: dict[str, Subject]) -> None:
    for name, role in procedure.roles.items():
        if role.through is None:
            continue
        parent = subjects.get(role.through)
        child = subjects.get(name, Subject(kind=SubjectKind.NEWBORN))
        if child.kind is SubjectKind.NEWBORN and parent is not None:
            subjects[name] = replace(child, parent_personal_id=parent.personal_id)


def _fault(name: str, why: Sentence, code: ProblemCode) -> Unprocessable:
    place = f"/subjects/{'*' if may_name_a_person(name) else name}"
    return fault_in(place, why, code)
