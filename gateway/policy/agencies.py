"""Agencies of officials: whose officials a requester may name, and which agencies are dissolved.

A code (QĐ 20/2020/QĐ-TTg) is read from the right: `H31` the province, `14.H31` an agency of it, `05.14.H31` an office
of that; zeros fill it up. An agency's `parent` counts as well.
"""

from collections.abc import Callable, Mapping
from datetime import date

from gateway.config.access import RequesterSettings
from gateway.config.configuration import Agency
from gateway.policy.conditions import ALL

#: longest chain of parents that is followed
_MOST_PARENTS = 10


def may_name(requester: RequesterSettings, known: Mapping[str, Agency]) -> Callable[[str], bool]:
    """Whether an agency's official may be named: one of `agencies`, else the requester's own or one below it.

    `known`: the agencies of the configuration, with their parents.
    """
    own, agencies = requester.agency, requester.agencies
    if agencies is None:
        return _below(own, frozenset(code for code in known if own in _above(code, known)))
    if ALL in agencies:
        return lambda _: True
    return frozenset((own, *agencies)).__contains__


def ended(known: Mapping[str, Agency]) -> dict[str, tuple[date, str]]:
    """Dissolved agencies: the last day of each, and the agency above it."""
    return {code: (date.fromisoformat(one.until), one.parent) for code, one in known.items() if one.until}


def _above(code: str, known: Mapping[str, Agency]) -> set[str]:
    """The agencies above one by their `parent`."""
    found: set[str] = set()
    while (one := known.get(code)) is not None and one.parent and len(found) < _MOST_PARENTS:
        code = one.parent
        found.add(code)
    return found


def _below(own: str, named: frozenset[str]) -> Callable[[str], bool]:
    parts = own.split(".")
    while parts and not parts[0].strip("0"):
        parts.pop(0)
    ending = "." + ".".join(parts)
    return lambda agency: agency == own or agency in named or (bool(parts) and agency.endswith(ending))
