"""Claims about a person, and about the one for whom they act (OpenID Connect Core 1.0, 5.1).

`name` and `birthdate` are standard; `personal_id`, `tax_code`, `organization` and `mandate` are ours. What is not known
is left out.
"""

from collections.abc import Collection

from gateway.domain.login import Identity, Mandate


def about(who: Identity, claims: Collection[str]) -> dict[str, object]:
    """The claims of an account."""
    known = {
        "name": who.full_name,
        "birthdate": _birthdate(who.birth_date),
        "personal_id": who.personal_id,
        "tax_code": who.tax_code,
        "organization": who.organisation,
    }
    return {name: value for name, value in known.items() if name in claims and value}


def acting_for(mandate: Mandate, subject: str, claims: Collection[str]) -> dict[str, object]:
    """The claim `mandate`: the kind of right, when it was proven (POSIX seconds), who is represented.

    The name and the birth date are as the person typed them, and confirmed in this spelling by no register: a form that
    is prefilled has the register's.
    """
    one = mandate.represented
    known = {"personal_id": one.personal_id, "tax_code": one.tax_code}
    given = {name: value for name, value in known.items() if name in claims and value}
    whom = {"kind": str(one.kind), "sub": subject, **given}
    return {"kind": mandate.kind, "proven_at": int(mandate.proven_at), "subject": whom}


def _birthdate(date: str) -> str:
    """A date or a year: the standard has no month without a day."""
    return date[:4] if len(date) == len("2026-11") else date
