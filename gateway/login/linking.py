"""Account to person: by verified identifiers only (national-portal.md B.3, "linking"; NĐ 69/2024).

The rule set is the table `RULES`. The account identifier of the portal (TechID) may be issued again, so it names no
person; it names an organisation where nothing better does. E-mail and telephone are in no rule, and not even read: an
account with the same e-mail is never merged.

This gateway has no accounts of its own, so of B.3's link states one applies:
- `auth`: the account names a person or an organisation; two accounts that name the same one are the same party here;
- `mapping`, `create`: what a provincial system does with a subject that it sees for the first time is its own account's
  affair; it gets a stable subject, and identifiers only as its agreement allows.
"""

from collections.abc import Callable
from typing import NamedTuple

from gateway.domain.identifiers import is_old_id, is_personal_id, is_tax_code
from gateway.domain.login import AccountKind, Identity
from gateway.domain.parties import Subject, SubjectKind


class LinkRule(NamedTuple):
    """An identifier that links an account of this kind; the first that the account has decides."""

    kind: AccountKind
    #: claim of the provider, as the facts name it
    claim: str
    value: Callable[[Identity], str]
    is_possible: Callable[[str], bool]
    party: Callable[[str], Subject]


def _is_account(text: str) -> bool:
    return text.isascii() and text.isprintable() and 0 < len(text) <= 100


def _person(number: str) -> Subject:
    return Subject(kind=SubjectKind.PERSON, personal_id=number)


def _person_of_old(number: str) -> Subject:
    return Subject(kind=SubjectKind.PERSON, old_id=number)


def _organisation(code: str) -> Subject:
    return Subject(kind=SubjectKind.ORGANISATION, tax_code=code)


def _organisation_of_account(account: str) -> Subject:
    """Never equal to a number of the business register."""
    return Subject(kind=SubjectKind.ORGANISATION, registration_no=f"TechID {account}")


#: in order; a kind of account without a row that fits is refused
# fmt: off
RULES = (
    LinkRule(AccountKind.CITIZEN, "SoDinhDanh", lambda one: one.personal_id, is_personal_id, _person),
    LinkRule(AccountKind.CITIZEN, "SoCMND", lambda one: one.old_id, is_old_id, _person_of_old),
    LinkRule(AccountKind.BUSINESS, "MaSoThue, MaSoDoanhNghiep", lambda one: one.tax_code, is_tax_code, _organisation),
    LinkRule(AccountKind.ORGANISATION, "MaSoThue", lambda one: one.tax_code, is_tax_code, _organisation),
    LinkRule(AccountKind.ORGANISATION, "TechID", lambda one: one.account, _is_account, _organisation_of_account),
)
# fmt: on


def linked(identity: Identity) -> Subject | None:
    """The person or organisation of an account; None: it names none, so nobody is signed in."""
    for rule in RULES:
        found = rule.value(identity) if rule.kind is identity.kind else ""
        if found and rule.is_possible(found):
            return rule.party(found)
    return None


def goes_on(former: Identity, identity: Identity) -> bool:
    """Whether a login goes on with the session of a former one: the same account, party and natural person.

    One organisation has accounts of several people: what a system got of one is never answered with another's data.
    A login at another provider is another session: each provider signs out what began there.
    """
    return (linked(identity) is not None or identity.kind is AccountKind.STAFF) and _who(former) == _who(
        identity
    )


def staff_note(identity: Identity) -> dict[str, str]:
    """For records: the account of an official; none for others, whose number is a subject of the record."""
    return {"staff": identity.account} if identity.kind is AccountKind.STAFF else {}


def same_person(identity: Identity) -> str:
    """A key that logins of one person share, also at different providers; for the list of sessions.

    At an organisation it is this person there: colleagues do not share it. An account of an organisation that names
    no number of a person shares it with nobody else.
    """
    party = linked(identity)
    if party is None or identity.kind is AccountKind.CITIZEN:
        own: tuple[str, ...] = () if party is not None else (identity.provider, identity.subject)
    else:
        own = _at_organisation(identity)
    return "\n".join((identity.kind, party.key if party is not None else "", *own))


def known_as(identity: Identity) -> str:
    """What systems know the one who signed in by; blank: the account names nobody.

    A citizen is `Subject.key` of the person. At an organisation it is the organisation with the natural person who uses
    the account, or with the account that names no number: two people there are never one.
    """
    party = linked(identity)
    if party is None:
        return ""
    own = () if identity.kind is AccountKind.CITIZEN else _at_organisation(identity)
    return "\n".join((party.key, *own))


def _at_organisation(identity: Identity) -> tuple[str, ...]:
    """Who of an organisation uses its account."""
    if number := identity.personal_id or identity.old_id:
        return (number,)
    return identity.provider, identity.subject, identity.full_name, identity.birth_date


def _who(one: Identity) -> tuple[object, ...]:
    person = one.personal_id, one.old_id, one.full_name, one.birth_date
    return one.provider, one.subject, one.kind, linked(one), person
