"""Deep links of portals (national-portal.md B.1, additions-2026-11-27.md 7): codes are checked, the rest is dropped.

`vnconnect=1&MaTTHCDP=…&MaCoQuanThucHien=…&MaDVC=…` and `vneid=1&MaTTHC=…&MaTTHCDP=…&…`. Nothing of a link becomes an
address: it leads to the requester that the configuration names.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.login.attempts import LoginTarget

PROCEDURE, LOCAL_PROCEDURE, AGENCY, SERVICE = "MaTTHC", "MaTTHCDP", "MaCoQuanThucHien", "MaDVC"
#: a procedure, with its unit (`1.001193.H31`, `1.001193.000.00.00.H31`) or the number of its online service (`….01`)
_PROCEDURE = re.compile(r"[0-9]\.[0-9]{6}(?:(?:\.[0-9]{2,3}){0,3}\.[A-Z][0-9]{2})?", re.ASCII)
_SERVICE = re.compile(r"([0-9]\.[0-9]{6})(?:\.[0-9]{2,3})?(?:\.[A-Z][0-9]{2})?", re.ASCII)


class DeepLink(NamedTuple):
    """What a link asks for."""

    #: the link wants a login at once
    wants_login: bool
    target: LoginTarget


def read_deep_link(
    parameters: Mapping[str, str], flags: Mapping[str, str], known_procedure: Callable[[str], str],
    is_agency: Callable[[str], bool],
) -> DeepLink:  # fmt: skip
    """The link. `flags`: its first parameter -> the provider; `known_procedure`: its national code, blank for none.

    Without a flag and without any code it is a plain login; with codes alone the form opens without a login first.
    """
    flag = next((name for name in flags if parameters.get(name) == "1"), "")
    named = (parameters.get(name, "") for name in (PROCEDURE, LOCAL_PROCEDURE))
    procedures = (known_procedure(one) for one in named if _PROCEDURE.fullmatch(one))
    procedure, agency = next(filter(None, procedures), ""), parameters.get(AGENCY, "")
    service = _SERVICE.fullmatch(parameters.get(SERVICE, ""))
    target = LoginTarget(
        provider=flags.get(flag, ""),
        procedure=procedure,
        agency=agency if is_agency(agency) else "",
        service=service[0] if service and procedure and known_procedure(service[1]) == procedure else "",
    )
    return DeepLink(target.provider != "" or target == LoginTarget(), target)
