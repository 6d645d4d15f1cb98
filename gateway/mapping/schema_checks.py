"""JSON Schema (2020-12) checks: of evidence on arrival, of form values before they leave.

Compiled once, at start. A whole record is one call without allocation; the fault is located only when there is one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

import jsonschema_rs
import orjson

from gateway.domain.fault_codes import FaultCode

Schema = Mapping[str, object]
#: whether a value fits; False, or ValueError for a value that JSON cannot express
Fits = Callable[[object], bool]

#: of a text, and of a list, whose schema has no bound
MOST_SIGNS, MOST_ITEMS = 4_000, 100
#: no line ends and tabs
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
#: annotations for people
_SAID = frozenset({"$schema", "$id", "$comment", "title", "description", "examples", "default"})
#: years of people's dates (1850 to 2199, `gateway.domain.dates`), and the leap years among them
_YEAR = "(?:18[5-9][0-9]|(?:19|2[01])[0-9]{2})"
_LEAP = "(?:18(?:5[26]|[68][048]|[79][26])|(?:19|21)(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))"
_EVERY, _BUT_FEBRUARY, _LONG = "(?:0[1-9]|1[0-2])", "(?:0[13-9]|1[0-2])", "(?:0[13578]|1[02])"
_COMMON = "(?:0[1-9]|1[0-9]|2[0-8])"
#: existing days, months and years (ISO 8601), as in evidence; and `records.NO_DATE`
_ISO = (
    f"^(?:{_YEAR}(?:-{_EVERY}(?:-{_COMMON})?)?|{_YEAR}-{_BUT_FEBRUARY}-(?:29|30)"
    f"|{_YEAR}-{_LONG}-31|{_LEAP}-02-29|0000)$"
)
#: the same as in forms
_VIETNAMESE = (
    f"^(?:(?:(?:{_COMMON}/)?{_EVERY}/)?{_YEAR}|(?:29|30)/{_BUT_FEBRUARY}/{_YEAR}"
    f"|31/{_LONG}/{_YEAR}|29/02/{_LEAP})$"
)
#: `x-format`, or the date pattern of evidence schemas -> the pattern of existing days
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


def is_date(schema: object) -> bool:
    """Whether an attribute is a date."""
    if not isinstance(schema, Mapping):
        return False
    named = schema.get("x-format") == "date-partial" or schema.get("format") == "date"
    return named or _DAYS.get(schema.get("pattern")) is _ISO


def is_past(schema: object) -> bool:
    """Whether an attribute is a date, and never later than today: unless its schema says `x-ahead`."""
    return is_date(schema) and isinstance(schema, Mapping) and schema.get("x-ahead") is not True


class RecordCheck:
    """The attributes of one evidence type."""

    __slots__ = ("_each", "fits")

    def __init__(self, attributes: Mapping[str, object]) -> None:
        """`attributes`: name -> JSON Schema."""
        schemas = {name: _plain(one) for name, one in attributes.items() if isinstance(one, Mapping)}
        self._each = {name: _validator(one) for name, one in schemas.items()}
        self.fits: Fits = _validator({"properties": schemas}).is_valid

    def misfits(self, values: Mapping[str, object]) -> Iterator[tuple[str, FaultCode]]:
        """Each attribute that does not fit, and its first fault."""
        for name, value in values.items():
            if (code := self.why_not(name, value)) is not None:
                yield name, code

    def why_not(self, name: str, value: object) -> FaultCode | None:
        """The fault of a value; None when it fits."""
        check = self._each.get(name)
        try:
            error = None if check is None else next(check.iter_errors(value), None)
        except ValueError:
            return FaultCode.SCHEMA_TYPE
        if error is None:
            return None
        # only the date patterns of this file use `allOf`
        word = "format" if "allOf" in error.schema_path else error.schema_path[-1]
        return _CODES.get(word, FaultCode.SCHEMA_OTHER)


class FormChecks:
    """The checks of form fields; equal schemas are compiled once."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._compiled: dict[bytes, Fits] = {}

    def of(self, schema: Schema | None) -> Fits:
        """The check of one field; a field without a schema accepts any value."""
        plain = _plain(schema or {})
        key = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        if key not in self._compiled:
            self._compiled[key] = _validator(plain).is_valid
        return self._compiled[key]


class FormFault(NamedTuple):
    """What is wrong at one place of a finished form."""

    place: tuple[str | int, ...]
    #: keyword of JSON Schema: `required`, `additionalProperties`, `maxLength`…
    word: str


def form_faults(form: Schema, values: Mapping[str, object]) -> Iterator[FormFault]:
    """The faults of a finished form, by the e-form's schema; a text has no control characters and is not endless."""
    for error in _validator(_bounded(_plain(form))).iter_errors(values):
        place, kind = tuple(error.instance_path), error.kind
        match kind.as_dict():
            case {"property": str(name)}:
                yield FormFault((*place, name), "required")
            case {"unexpected": [*names]}:
                yield from (FormFault((*place, str(name)), "additionalProperties") for name in names)
            case _:
                yield FormFault(place, str(error.schema_path[-1]))


def _bounded(schema: Mapping[str, object]) -> dict[str, object]:
    """The schema with bounds for what it leaves open."""
    found: dict[str, object] = dict(schema)
    if isinstance(properties := schema.get("properties"), Mapping):
        found["properties"] = {name: _bounded(one) for name, one in properties.items()}
    if isinstance(items := schema.get("items"), Mapping):
        found |= {"items": _bounded(items), "maxItems": schema.get("maxItems", MOST_ITEMS)}
    if schema.get("type") == "string":
        found["maxLength"] = schema.get("maxLength", MOST_SIGNS)
        found["not"] = {"pattern": _CONTROLS}
    return found


def _validator(schema: Schema) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(dict(schema), validate_formats=True)


def _plain(schema: Schema) -> dict[str, object]:
    """The schema without annotations, with dates limited to existing days."""
    found: dict[str, object] = {}
    for word, value in schema.items():
        if word == "properties" and isinstance(value, Mapping):
            found[word] = {name: _plain(cast("Schema", one)) for name, one in value.items()}
        elif word == "items" and isinstance(value, Mapping):
            found[word] = _plain(value)
        elif word not in _SAID and not word.startswith("x-"):
            found[word] = value
    day = _DAYS.get(schema.get("x-format")) or _DAYS.get(schema.get("pattern"))
    if day is not None:
        found["allOf"] = [{"pattern": day}, *cast("list[object]", found.get("allOf", []))]
    return found
