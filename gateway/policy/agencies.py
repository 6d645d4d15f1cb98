"""Codes of agencies (QĐ 20/2020/QĐ-TTg): whose officials a requester may name.

A code is read from its right: `H31` the province, `14.H31` an agency of it, `05.14.H31` an office of that; zeros fill
it up.
"""

from collections.abc import Callable

from gateway.policy.conditions import ALL
from gateway.settings_access import RequesterSettings


def may_name(requester: RequesterSettings) -> Callable[[str], bool]:
    """Whether the official in whose name it asks may be of an agency: one of `agencies`, else its own or one below."""
    own, agencies = requester.agency, requester.agencies
    if agencies is None:
        return _below(own)
    if ALL in agencies:
        return lambda _: True
    return frozenset((own, *agencies)).__contains__


def _below(own: str) -> Callable[[str], bool]:
    parts = own.split(".")
    while parts and not parts[0].strip("0"):
        parts.pop(0)
    ending = "." + ".".join(parts)
    return lambda agency: agency == own or (bool(parts) and agency.endswith(ending))
