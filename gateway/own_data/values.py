"""What may be kept of a person's own words: text as the schema of its attribute says, and nothing hidden in it.

It is filled into other forms and signed, so it is held against the schema twice: when it is kept, and when it is given.
"""

import unicodedata
from collections.abc import Mapping

import jsonschema_rs

from gateway.domain.dates import PartialDate

#: characters, whatever a schema says
LONGEST = 500
#: `x-format` of a day, month or year that there is (ISO 8601)
_DATE = "date-partial"
_LINES = frozenset({"Zl", "Zp"})


class Values:
    """The schemas of what people declare themselves."""

    def __init__(self, schemas: Mapping[str, Mapping[str, object]]) -> None:
        """`schemas`: attribute -> its JSON Schema; its description says how the attribute is written."""
        self._schemas = {
            name: (jsonschema_rs.validator_for(dict(schema)), str(schema.get("description", "")))
            for name, schema in schemas.items()
        }
        self._dates = {name for name, schema in schemas.items() if schema.get("x-format") == _DATE}

    def why_not(self, attribute: str, value: object) -> str:
        """Why this cannot be kept, and what can, without quoting it; empty when it can."""
        known = self._schemas.get(attribute)
        if known is None:
            return "is nothing that is kept"
        schema, written = known
        if isinstance(value, str) and len(value) > LONGEST:
            return f"is too long, more than {LONGEST} characters: {written}"
        if isinstance(value, str) and any(_is_hidden(one) for one in value):
            return (
                "has signs that nobody sees (line breaks, changes of the direction of writing): write it anew"
            )
        if not schema.is_valid(value) or (attribute in self._dates and not _is_day(str(value))):
            return f"cannot be kept as it is written: {written}"
        return ""


def _is_day(text: str) -> bool:
    try:
        PartialDate.parse(text)
    except ValueError:
        return False
    return True


def _is_hidden(sign: str) -> bool:
    """Controls, formats (bidirectional ones among them), surrogates, unassigned ones, and ends of lines."""
    category = unicodedata.category(sign)
    return category[0] == "C" or category in _LINES
