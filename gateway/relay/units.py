"""The code of a dossier (QĐ 20/2020; national-portal.md K.1): a system uses codes of its own units only.

Codes of another form are opaque and say no unit: any system may use them, where an address can carry them.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from gateway.domain import sentences as say
from gateway.domain.dates import VIETNAM
from gateway.domain.errors import fault_at, fault_in
from gateway.domain.problems import ProblemCode

#: of a system without an agency: the province of the sandbox
_NO_UNIT = "H31"
_FORM = re.compile(r"([A-Z]\d{2}(?:\.\d{2,3})*)-\d{6}(?:\d{2})?-\d{3,7}", re.ASCII)


def unit_of(code: str) -> str:
    """The unit in a code: `H31.77` in `H31.77-260105-0007`; blank in a code of another form."""
    found = _FORM.fullmatch(code)
    return found[1] if found else ""


def new_code(agency: str, now: datetime, number: int) -> str:
    """A code of the unit of an agency, for the day in Việt Nam; `number`: of 7 digits.

    `000.00.14.H31` is `H31.14`, `000.01.14.H31` is `H31.14.01`, `000.00.00.H31` is `H31`; so is a code written so.
    """
    parts = agency.split(".") if agency[:1].isalpha() else agency.split(".")[::-1]
    while parts and not parts[-1].strip("0"):
        parts.pop()
    unit = ".".join(parts) or _NO_UNIT
    return f"{unit}-{now.astimezone(VIETNAM):%y%m%d}-{number}"


def check_address(code: str) -> None:
    """Raises Unprocessable for a code that is no part of a path, even escaped: browsers and clients take dots out."""
    if code in {".", ".."} or "{" in code or "}" in code:
        raise fault_in("/code", say.CODE_WITHOUT_ADDRESS, ProblemCode.UNPROCESSABLE)


def check_unit(code: str, units: Sequence[str]) -> None:
    """Raises Unprocessable for a code of a unit that is neither one of these nor below one; no `units`: any may be."""
    unit = unit_of(code)
    if unit and units and not any(unit == one or unit.startswith(f"{one}.") for one in units):
        why = say.UNIT_OF_ANOTHER(unit=unit, units=", ".join(units))
        raise fault_at("/code", why, ProblemCode.DOSSIER_UNIT_NOT_OWN)
