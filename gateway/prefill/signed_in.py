"""Who takes part in a request by the login that it forwards: a handle says it, so that the requester need not."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import fault_at
from gateway.domain.login import Login
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

    Without a mandate the person who signed in has the role that signs in. With one, the represented has the role in
    which the request names them, else the role that signs in.
    """
    if login is None or not login.is_handle:
        return given
    account = {**_claims(login), **given.account}
    if login.mandate is None:
        return given._replace(subjects=_filled(given.subjects, procedure, signed_in(login)), account=account)
    mandate, person = login.mandate, signed_in(login)
    if given.representative is not None and given.representative.kind != mandate.kind:
        raise fault_at("/representative/kind", say.LOGIN_OTHER_MANDATE, ProblemCode.LOGIN_DIFFERS)
    if given.mandate is not None and given.mandate != mandate.document:
        raise fault_at("/mandate", say.LOGIN_OTHER_MANDATE, ProblemCode.LOGIN_DIFFERS)
    role = _role_of(mandate.represented, given)
    if role is None or role == procedure.signs_in:
        subjects = _filled(given.subjects, procedure, mandate.represented)
        acts = Representative(kind=mandate.kind, of=procedure.signs_in, subject=person)
    else:
        subjects = _filled(given.subjects, procedure, person)
        acts = Representative(kind=mandate.kind, of=role)
    return Participants(subjects, acts, mandate.document or None, account)


def signed_in(login: Login) -> Subject:
    """The person, or the organisation, that signed in. Raises Unprocessable for an account that names neither."""
    if not (login.personal_id or login.old_id or login.tax_code):
        why = say.LOGIN_NOT_PROVEN(why=say.LOGIN_OF_NOBODY)
        raise fault_at("/login", why, ProblemCode.LOGIN_NOT_PROVEN)
    if not (login.personal_id or login.old_id):
        return Subject(kind=SubjectKind.ORGANISATION, tax_code=login.tax_code)
    return Subject(
        kind=SubjectKind.PERSON, personal_id=login.personal_id or None,
        old_id=None if login.personal_id else login.old_id, full_name=login.full_name or None,
        birth_date=PartialDate.parse(login.birth_date) if login.birth_date else None,
    )  # fmt: skip


def is_of(login: Login | None, subject: Subject | None) -> bool:
    """Whether a subject is the person, or the organisation, of the login."""
    if login is None or subject is None:
        return False
    if subject.kind is SubjectKind.ORGANISATION:
        return bool(login.tax_code) and subject.tax_code == login.tax_code
    if subject.personal_id is not None:
        return subject.personal_id == login.personal_id
    return bool(login.old_id) and subject.old_id == login.old_id


def _filled(
    subjects: Mapping[str, Subject | str], procedure: Procedure, one: Subject
) -> Mapping[str, Subject | str]:
    """With `one` in the role that signs in, where the request names nobody for it."""
    role = procedure.signs_in
    return subjects if role in subjects or f"{role}#1" in subjects else {role: one, **subjects}


def _role_of(represented: Subject, given: Participants) -> str | None:
    """The role in which the request names the represented; a role named as represented must be theirs."""
    named = {
        name
        for name, one in given.subjects.items()
        if not isinstance(one, str) and one.key == represented.key
    }
    wanted = given.representative.of if given.representative is not None else None
    if wanted is not None and wanted in given.subjects and wanted not in named:
        other = given.subjects[wanted]
        if not isinstance(other, str) or other not in named:
            raise fault_at("/representative/of", say.LOGIN_OTHER_MANDATE, ProblemCode.LOGIN_DIFFERS)
        return wanted
    return wanted if wanted in named else min(named, default=None)


def _claims(login: Login) -> dict[str, object]:
    """What the login proves, in the words of accounts (national portal, B.3)."""
    found = {"SoDinhDanh": login.personal_id, "SoCMND": login.old_id, "MaSoThue": login.tax_code}
    return {name: value for name, value in found.items() if value}
