"""What dates of evidence say about today and about each other: a date to come settles nothing, an end has its begin."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.domain.evidence import AttributeDoubt
from gateway.domain.fault_codes import FaultCode
from gateway.mapping.contradictions import ANSWER_DIFFERS
from gateway.mapping.schema_checks import is_past

_LATE = AttributeDoubt(ANSWER_DIFFERS, rule=f"evidence:{FaultCode.LATER_THAN_TODAY}")
_OUT_OF_ORDER = AttributeDoubt("dates_differ", rule="evidence:dates_out_of_order")


class DateRule(NamedTuple):
    """A date, and what is in doubt where it is later than today or, with `earlier`, before that date."""

    name: str
    earlier: str
    doubts: tuple[str, ...]

    def is_broken(self, value: object, other: object) -> bool:
        """Whether the date is surely on the wrong side of the other one (`earlier`, or today), in ISO form both."""
        if not (isinstance(value, str) and isinstance(other, str) and value and other):
            return False
        # of ISO texts, `2026-12` is later than `2026-11-25`, and `2026` is not: a missing part may be earlier
        return value[: len(other)] < other[: len(value)] if self.earlier else value > other

    def doubted(self, values: Mapping[str, object]) -> dict[str, AttributeDoubt]:
        """The doubts of these attributes, where the rule is broken."""
        doubt = _OUT_OF_ORDER if self.earlier else _LATE
        return {name: doubt._replace(candidates=(values[name],)) for name in self.doubts if name in values}


def date_rules(schemas: Mapping[str, object]) -> list[DateRule]:
    """The rules of the attributes with these schemas (`x-dates`, `x-not-before`)."""
    found = []
    for name, schema in schemas.items():
        if isinstance(schema, Mapping):
            dated, earlier = tuple(schema.get("x-dates", ())), schema.get("x-not-before")
            if dated:
                found.append(DateRule(name, "", dated))
            if isinstance(begin := schemas.get(str(earlier)), Mapping):
                found.append(
                    DateRule(name, str(earlier), (name, str(earlier), *dated, *begin.get("x-dates", ())))
                )
    return found


def broken(rules: Iterable[DateRule], values: Mapping[str, object], day: str) -> Iterator[DateRule]:
    """The rules that these attributes break on that day."""
    for rule in rules:
        if rule.is_broken(values.get(rule.name), values.get(rule.earlier) if rule.earlier else day):
            yield rule


def late_dates(schemas: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    """Attributes that are never later than today: a date by no member, a list by the members of its rows."""
    found: dict[str, tuple[str, ...]] = {}
    for name, schema in schemas.items():
        if not isinstance(schema, Mapping):
            continue
        items = schema.get("items")
        inner = items.get("properties", {}) if isinstance(items, Mapping) else {}
        members = tuple(word for word, one in inner.items() if is_past(one))
        if is_past(schema) or members:
            found[name] = members
    return found


def is_late(value: object, members: Collection[str], day: str) -> bool:
    """Whether a date, or a member of a row, is later than that day."""
    if isinstance(value, list):
        rows = [one for one in value if isinstance(one, Mapping)]
        return any(is_late(one.get(word), (), day) for one in rows for word in members)
    return isinstance(value, str) and value > day
