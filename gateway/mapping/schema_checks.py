"""Values held against JSON Schema (2020-12): evidence when it comes, values of forms before they leave.

Compiled once, at start. A whole record is one call that builds nothing; what is wrong with it is looked for only when
something is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import jsonschema_rs
import orjson

from gateway.domain.evidence import FaultCode

Schema = Mapping[str, object]
#: whether a value fits; False, or ValueError for what JSON cannot say
Fits = Callable[[object], bool]

#: what a schema says to people
_SAID = frozenset({"$schema", "$id", "$comment", "title", "description", "examples", "default"})
#: years of people's dates (1850 to 2199, `gateway.domain.dates`), and those of them that have a 29 February
_YEAR = "(?:18[5-9][0-9]|(?:19|2[01])[0-9]{2})"
_LEAP = "(?:18(?:5[26]|[68][048]|[79][26])|(?:19|21)(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))"
_EVERY, _BUT_FEBRUARY, _LONG = "(?:0[1-9]|1[0-2])", "(?:0[13-9]|1[0-2])", "(?:0[13578]|1[02])"
_COMMON = "(?:0[1-9]|1[0-9]|2[0-8])"
#: days, months and years that there are (ISO 8601), as evidence writes them; and `records.NO_DATE`
_ISO = (
    f"^(?:{_YEAR}(?:-{_EVERY}(?:-{_COMMON})?)?|{_YEAR}-{_BUT_FEBRUARY}-(?:29|30)"
    f"|{_YEAR}-{_LONG}-31|{_LEAP}-02-29|0000)$"
)
#: the same as forms write them
_VIETNAMESE = (
    f"^(?:(?:(?:{_COMMON}/)?{_EVERY}/)?{_YEAR}|(?:29|30)/{_BUT_FEBRUARY}/{_YEAR}"
    f"|31/{_LONG}/{_YEAR}|29/02/{_LEAP})$"
)
#: `x-format`, or the pattern that evidence schemas write for dates -> the pattern of days that there are
_DAYS: Mapping[object, str] = {
    "date-partial": _ISO,
    "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$": _ISO,
    "date-vn-partial": _VIETNAMESE,
}
_CODES: Mapping[object, FaultCode] = {
    "type": FaultCode.SCHEMA_TYPE,
    "pattern": FaultCode.SCHEMA_PATTERN,
    "enum": FaultCode.SCHEMA_ENUM, "const": FaultCode.SCHEMA_ENUM, "oneOf": FaultCode.SCHEMA_ENUM,
    "minLength": FaultCode.SCHEMA_LENGTH, "maxLength": FaultCode.SCHEMA_LENGTH,
    "minItems": FaultCode.SCHEMA_LENGTH, "maxItems": FaultCode.SCHEMA_LENGTH,
    "format": FaultCode.SCHEMA_FORMAT,
}  # fmt: skip


class RecordCheck:
    """The attributes of one evidence type."""

    __slots__ = ("_each", "fits")

    def __init__(self, attributes: Mapping[str, object]) -> None:
        """`attributes`: name -> JSON Schema."""
        schemas = {name: _plain(one) for name, one in attributes.items() if isinstance(one, Mapping)}
        self._each = {name: _validator(one) for name, one in schemas.items()}
        self.fits: Fits = _validator({"properties": schemas}).is_valid

    def misfits(self, values: Mapping[str, object]) -> Iterator[tuple[str, FaultCode]]:
        """Each attribute that does not fit, and what it offends first."""
        for name, value in values.items():
            if (code := self.why_not(name, value)) is not None:
                yield name, code

    def why_not(self, name: str, value: object) -> FaultCode | None:
        """What a value offends; None when it fits."""
        check = self._each.get(name)
        try:
            error = None if check is None else next(check.iter_errors(value), None)
        except ValueError:
            return FaultCode.SCHEMA_TYPE
        if error is None:
            return None
        # no schema of ours says `allOf` but the days
        word = "format" if "allOf" in error.schema_path else error.schema_path[-1]
        return _CODES.get(word, FaultCode.SCHEMA_OTHER)


class FormChecks:
    """What the fields of forms take: many fields say the same, and are compiled once."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._compiled: dict[bytes, Fits] = {}

    def of(self, schema: Schema | None) -> Fits:
        """Of one field; a field that its form does not describe takes any value."""
        plain = _plain(schema or {})
        key = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        if key not in self._compiled:
            self._compiled[key] = _validator(plain).is_valid
        return self._compiled[key]


def _validator(schema: Schema) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(dict(schema), validate_formats=True)


def _plain(schema: Schema) -> dict[str, object]:
    """The schema without what it says to people, its dates days that there are."""
    found: dict[str, object] = {}
    for word, said in schema.items():
        if word == "properties" and isinstance(said, Mapping):
            found[word] = {name: _plain(cast("Schema", one)) for name, one in said.items()}
        elif word == "items" and isinstance(said, Mapping):
            found[word] = _plain(said)
        elif word not in _SAID and not word.startswith("x-"):
            found[word] = said
    day = _DAYS.get(schema.get("x-format")) or _DAYS.get(schema.get("pattern"))
    if day is not None:
        found["allOf"] = [{"pattern": day}, *cast("list[object]", found.get("allOf", []))]
    return found
