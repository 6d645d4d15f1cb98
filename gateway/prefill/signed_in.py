"""Who takes part in a request by the login that it forwards: a handle says it, so that the requester need not."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import Unprocessable, fault_at
from gateway.domain.identifiers import tax_code_spelling
from gateway.domain.login import AccountKind, Login, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.mapping.procedure import Procedure
from gateway.prefill.request import Representative


class Participants(NamedTuple):
    """The people of a request, with those that its login names."""

    subjects: Mapping[str, Subject | str]
    representative: Representative | None
    #: code of the document that lets one act for the other
    mandate: str | None
    account: Mapping[str, object]


def with_login(given: Participants, login: Login | None, procedure: Procedure) -> Participants:
    """The people of a request. Raises Unprocessable where the request contradicts the mandate of the login.

    Without a mandate the party that signed in has the role that signs in. With one, the represented has the role in
    which the request names them, else the role of `representative.of`, else the role that signs in; nobody else may
    have that role.
    """
    if login is None or not login.is_handle:
        return given
    account = {**_claims(login), **given.account}
    if login.mandate is None:
        return given._replace(subjects=_filled(given.subjects, procedure, signed_in(login)), account=account)
    mandate, representative = login.mandate, given.representative
    if representative is not None and representative.kind != mandate.kind:
        raise _differs("/representative/kind")
    if (
        representative is not None
        and representative.subject is not None
        and not is_acting(login, representative.subject)
    ):
        raise _differs("/representative/subject")
    if given.mandate is not None and given.mandate != mandate.document:
        raise _differs("/mandate")
    subjects, acts = _represented(given, login, mandate, procedure)
    return Participants(subjects, acts, mandate.document or None, account)


def _represented(
    given: Participants, login: Login, mandate: Mandate, procedure: Procedure
) -> tuple[Mapping[str, Subject | str], Representative]:
    """Who acts for whom. Raises Unprocessable where the request says another."""
    own, key, person = procedure.signs_in, mandate.represented.key, acting_person(login)
    given = _in_named_role(given, mandate, procedure)
    subjects = {name: _resolved(name, given.subjects) for name in given.subjects}
    named = sorted(name for name, one in subjects.items() if one is not None and one.key == key)
    wanted = given.representative.of if given.representative is not None else None
    if wanted is not None and wanted in subjects and wanted not in named:
        raise _differs("/representative/of")
    applicant = subjects.get(own, subjects.get(f"{own}#1"))
    if applicant is None and not named:
        outside = Representative(kind=mandate.kind, of=own, subject=person)
        return _filled(given.subjects, procedure, mandate.represented), outside
    if applicant is not None and applicant.key == key:
        return given.subjects, Representative(kind=mandate.kind, of=own, subject=person)
    if named and (applicant is None or applicant.key == person.key):
        role = wanted if wanted in named else named[0]
        return _filled(given.subjects, procedure, person), Representative(kind=mandate.kind, of=role)
    raise _differs(f"/subjects/{own}")


def _in_named_role(given: Participants, mandate: Mandate, procedure: Procedure) -> Participants:
    """With the represented in the role of `representative.of`, where the request names nobody for it."""
    of = given.representative.of if given.representative is not None else None
    if of is None or of == procedure.signs_in or of in given.subjects:
        return given
    if of not in procedure.roles or procedure.roles[of].many:
        raise fault_at("/representative/of", say.REPRESENTED_ROLE, ProblemCode.UNKNOWN_ROLE)
    return given._replace(subjects={of: mandate.represented, **given.subjects})


def _resolved(name: str, subjects: Mapping[str, Subject | str]) -> Subject | None:
    """The subject of a role, also where it is the same as another's."""
    one = subjects.get(name)
    for _ in subjects:
        if not isinstance(one, str):
            break
        one = subjects.get(one, subjects.get(f"{one}#1"))
    return one if isinstance(one, Subject) else None


def signed_in(login: Login) -> Subject:
    """The person, or the organisation, whose account signed in. Raises Unprocessable for one that names neither.

    An account of an organisation proves the organisation, not the person whom it may name.
    """
    if login.kind is AccountKind.CITIZEN:
        return acting_person(login)
    if not login.tax_code:
        raise _of_nobody()
    return Subject(kind=SubjectKind.ORGANISATION, tax_code=login.tax_code)


def acting_person(login: Login) -> Subject:
    """The person who acts by a login; also the one whom an account of an organisation names, as a proof needs it."""
    if not (login.personal_id or login.old_id):
        raise _of_nobody()
    return Subject(
        kind=SubjectKind.PERSON, personal_id=login.personal_id or None,
        old_id=None if login.personal_id else login.old_id, full_name=login.full_name or None,
        birth_date=PartialDate.parse(login.birth_date) if login.birth_date else None,
    )  # fmt: skip


def is_of(login: Login, subject: Subject | None) -> bool:
    """Whether a subject is the person, or the organisation, whose account signed in."""
    if subject is None or (subject.kind is SubjectKind.ORGANISATION) is (login.kind is AccountKind.CITIZEN):
        return False
    if subject.kind is SubjectKind.ORGANISATION:
        own = subject.tax_code or ""
        return bool(login.tax_code) and tax_code_spelling(own) == tax_code_spelling(login.tax_code)
    return is_acting(login, subject)


def is_acting(login: Login, person: Subject) -> bool:
    """Whether a person is the one whom the account of a login names."""
    if person.personal_id is not None:
        return person.personal_id == login.personal_id
    return bool(login.old_id) and person.old_id == login.old_id


def _filled(
    subjects: Mapping[str, Subject | str], procedure: Procedure, one: Subject
) -> Mapping[str, Subject | str]:
    """With `one` in the role that signs in, where the request names nobody for it."""
    role = procedure.signs_in
    return subjects if role in subjects or f"{role}#1" in subjects else {role: one, **subjects}


def _claims(login: Login) -> dict[str, object]:
    """What the login proves, in the words of accounts (national portal, B.3)."""
    found = {"MaSoThue": login.tax_code}
    if login.kind is AccountKind.CITIZEN or login.mandate is not None:
        found |= {"SoDinhDanh": login.personal_id, "SoCMND": login.old_id}
    return {name: value for name, value in found.items() if value}


def _differs(place: str) -> Unprocessable:
    return fault_at(place, say.LOGIN_OTHER_MANDATE, ProblemCode.LOGIN_DIFFERS)


def _of_nobody() -> Unprocessable:
    why = say.LOGIN_NOT_PROVEN(why=say.LOGIN_OF_NOBODY)
    return fault_at("/login", why, ProblemCode.LOGIN_NOT_PROVEN)
