"""Which declared values may be kept: text that fits the schema of its attribute, without hidden characters.

The value is filled into other forms and signed, so it is checked twice: when it is kept, and when it is read.
"""

from collections.abc import Mapping

import jsonschema_rs

from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.sentences import Sentence
from gateway.domain.signs import hides

#: characters, whatever a schema allows
LONGEST = 500
#: `x-format` of an existing day, month or year (ISO 8601)
_DATE = "date-partial"


class Values:
    """The schemas of declared attributes."""

    def __init__(self, schemas: Mapping[str, Mapping[str, object]]) -> None:
        """`schemas`: attribute -> its JSON Schema; its description says how the attribute is written."""
        self._schemas = {
            name: (jsonschema_rs.validator_for(dict(schema)), str(schema.get("description", "")))
            for name, schema in schemas.items()
        }
        self._dates = {name for name, schema in schemas.items() if schema.get("x-format") == _DATE}

    def why_not(self, attribute: str, value: object) -> Sentence | None:
        """Why the value cannot be kept, and what can, without quoting it; None when it can."""
        known = self._schemas.get(attribute)
        if known is None:
            return say.NOT_KEPT
        schema, written = known
        if isinstance(value, str) and len(value) > LONGEST:
            return say.KEPT_TOO_LONG(longest=LONGEST, written=written)
        if isinstance(value, str) and hides(value):
            return say.KEPT_HIDDEN
        if not schema.is_valid(value) or (attribute in self._dates and not _is_day(str(value))):
            return say.KEPT_FORM(written=written)
        return None


def _is_day(text: str) -> bool:
    try:
        PartialDate.parse(text)
    except ValueError:
        return False
    return True
