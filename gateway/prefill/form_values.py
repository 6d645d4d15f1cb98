"""Values of a finished form: their paths, and the evidence that they state. Pure functions over JSON."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.mapping.procedure import Field
from gateway.mapping.transforms import Unreadable

_DATE = "/"


def at(form: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401 -- JSON
    """The value at a path; None where there is none."""
    value: Any = form
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def leaves(
    form: Mapping[str, Any], covered: set[tuple[str, ...]], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Paths of values that belong to no field of the form."""
    for name, value in form.items():
        here = (*above, name)
        if here in covered:
            continue
        if isinstance(value, Mapping) and any(one[: len(here)] == here for one in covered):
            yield from leaves(value, covered, here)
        else:
            yield here


def is_blank(value: object) -> bool:
    """Whether it is blank text."""
    return isinstance(value, str) and not value.strip()


def evidence_of(field: Field, value: object) -> object:
    """The evidence value from which the field's transform gives the form's value.

    None where there is none, as for a day that does not exist.
    """
    if not isinstance(value, str):
        return None
    value = unicodedata.normalize("NFC", value)
    candidates = [value]
    if _DATE in value:
        candidates.append("-".join(reversed(value.split(_DATE))))
    for candidate in reversed(candidates):
        try:
            if field.written(candidate) == value:
                return candidate
        except (Unreadable, ValueError):
            continue
    return None
