"""How the subjects of a request stand to whoever applies, as the roles of the procedure declare it."""

from gateway.domain.access import Relation
from gateway.domain.parties import SubjectKind
from gateway.mapping.procedure import Procedure, role_of
from gateway.prefill.roles import Cast

#: things stand in no relation
_PEOPLE = frozenset({SubjectKind.PERSON, SubjectKind.NEWBORN})


def relations(procedure: Procedure, cast: Cast) -> frozenset[Relation]:
    """Of everybody whom the request names, and of those whom the procedure finds through them."""
    own = cast.slots.get(procedure.signs_in)
    found = {
        Relation.APPLICANT if slot == own else _declared(procedure, role_of(name))
        for name, slot in cast.slots.items()
        if cast.subjects[name].kind in _PEOPLE
    }
    found.update(
        _declared(procedure, name)
        for name, role in procedure.roles.items()
        if role.found_in is not None and name not in cast.subjects
    )
    return frozenset(found)


def persons(cast: Cast) -> frozenset[str]:
    """Keys of everybody whom the request names; personal data."""
    return frozenset(one.key for one in cast.subjects.values() if one.kind in _PEOPLE)


def _declared(procedure: Procedure, role: str) -> Relation:
    return procedure.roles[role].relation or Relation.REPRESENTED
