"""Whether a value of evidence is about the person or object that a form names.

Case, spaces and forms of dates do not count.
"""

import re
from unicodedata import normalize

#: evidence that identifies a person in a form
IDENTIFIES = frozenset({"person", "account"})
IDENTITY = frozenset({"personal_id", "full_name", "birth_date"})
#: numbers by which a form may name a person
NUMBERS = ("personal_id", "old_id", "passport", "tax_code")
#: attributes by which a form names an object: a parcel, a licence, an enterprise
OBJECTS = frozenset({"number", "sheet", "plate", "frame_number", "tax_code", "insurance_number"})

_DATE_VN = re.compile(r"(\d{2}/)?(\d{2}/)?\d{4}", re.ASCII)


def covers(left: object, right: object) -> bool:
    """Whether the evidence is about everything named; a list in it is about each of its items."""
    named = str(right).split(",") if isinstance(left, list) and not isinstance(right, list) else right
    return {folded(one) for one in _items(named)} <= {folded(one) for one in _items(left)}


def _items(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else [str(value)]


def folded(value: str) -> str:
    """Without case and spaces, a date in ISO 8601: `cx 418026` is `CX418026`; `12-1` is not `121`."""
    value = "".join(value.split())
    if _DATE_VN.fullmatch(value):
        value = "-".join(reversed(value.split("/")))
    return normalize("NFC", value).casefold()
