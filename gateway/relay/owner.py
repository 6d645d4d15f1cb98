"""Who the owner of a dossier is, as a subject of a prefill: what the dossier says, and nothing that it does not.

A portal's form has name and birth date of who files. They are the owner's only where both have the same number, and
where the names agree.
"""

import re
from typing import Any

from gateway.domain.dates import PartialDate
from gateway.domain.dossier import PROVINCE, Dossier
from gateway.domain.parties import Caller
from gateway.mapping.messages import PortalPlans
from gateway.mapping.records import bare
from gateway.ports.relay import DossierSearch
from gateway.relay.contents import plain
from gateway.relay.service import DossierRelay

_KINDS = ("personal_id", "old_id", "passport", "tax_code")
#: yyyyMMdd, with or without the midnight of families A and D; another time of day may mean another day
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})(?:000000)?", re.ASCII)


async def owner_of(relay: DossierRelay, dossier: Dossier, caller: Caller) -> dict[str, str]:
    """Number, name and birth date of the owner, where they are known. Raises RelayUnavailable."""
    numbers = {str(one.kind): one.number for one in dossier.applicant.ids}
    kind = next((kind for kind in _KINDS if kind in numbers), None)
    if kind is None or kind == "tax_code":
        return {kind: numbers[kind]} if kind else _named(dossier.applicant.name)
    born = await _as_submitted(relay, dossier, caller, numbers[kind])
    return {kind: numbers[kind], **_named(dossier.applicant.name), **born}


async def _as_submitted(relay: DossierRelay, dossier: Dossier, caller: Caller, number: str) -> dict[str, str]:
    """Name and birth date of who filed, if that is the person of this number."""
    plans = await _plans(relay, dossier.code, caller)
    content = plain(dossier)
    for plan in plans.messages.values() if plans is not None else ():
        if plan.submitter is None or plan.submitter.number.get(content) != number:
            continue
        name = _text(plan.submitter.name.get(content)) if plan.submitter.name else ""
        if dossier.applicant.name and name and bare(name) != bare(dossier.applicant.name):
            continue
        born = _date(plan.submitter.birth_date.get(content)) if plan.submitter.birth_date else ""
        return {**_named(dossier.applicant.name or name), **({"birth_date": born} if born else {})}
    return {}


async def _plans(relay: DossierRelay, code: str, caller: Caller) -> PortalPlans | None:
    """The messages of the portal that forwarded the dossier; None for one of the province itself."""
    found = await relay.rows.dossiers(DossierSearch(code=code, requester=caller.requester.id, most=10))
    if not found or any(one.origin == PROVINCE for one in found):
        return None
    portal = relay.configuration.portals.get(found[0].origin)
    return None if portal is None else relay.catalogue.portals.get(portal.mapping)


def _named(name: str) -> dict[str, str]:
    return {"full_name": name} if name else {}


def _text(value: Any) -> str:  # noqa: ANN401 -- any JSON
    return value.strip() if isinstance(value, str) else ""


def _date(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """A birth date in our form; blank for one that has another form, or that cannot be."""
    text = _text(value)
    found = _DIGITS.fullmatch(text)
    try:
        return str(PartialDate.parse("-".join(found.groups()) if found else text))
    except ValueError:
        return ""
