"""Why a value that the citizen typed was not kept as own data: one reason per field."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class NotKept(StrEnum):
    """Why a field that the citizen typed was not kept."""

    #: own data have no such attribute: it belongs to this dossier alone
    NOT_OWN_DATA = "not_own_data"
    #: the form has no such field
    NO_SUCH_FIELD = "no_such_field"
    #: the field is about another person than the one who gave the consent
    OTHER_PERSON = "other_person"
    #: the consent does not name its attribute, or the configuration does not keep it
    NOT_CONSENTED = "not_consented"
    #: another field has a different value of the same attribute, and that one was kept
    FIELDS_DIFFER = "fields_differ"
    #: the consent ended meanwhile
    CONSENT_OVER = "consent_over"


class TypedField(NamedTuple):
    """The value of a field that own data would fill."""

    #: `Subject.key`; personal data
    person: str
    attribute: str
    #: as evidence; None where the field's value is not valid evidence
    value: object


class KeptFields(NamedTuple):
    """What was kept, of which person."""

    person: str
    #: the attributes that the consent lets be kept
    allowed: frozenset[str]
    #: attribute -> value
    values: Mapping[str, object]


def not_kept(typed: Mapping[str, str], fields: Mapping[str, TypedField], kept: KeptFields) -> dict[str, str]:
    """Field -> reason. `typed`: fields that the citizen filled -> their state; `fields`: values by field."""
    reasons = {key: _reason(detail, fields.get(key), kept) for key, detail in typed.items()}
    return {key: reason.value for key, reason in reasons.items() if reason is not None}


def _reason(detail: str, field: TypedField | None, kept: KeptFields) -> NotKept | None:
    if field is None:
        return NotKept.NO_SUCH_FIELD if detail == NotKept.NO_SUCH_FIELD else NotKept.NOT_OWN_DATA
    if field.person != kept.person:
        return NotKept.OTHER_PERSON
    if field.attribute not in kept.allowed:
        return NotKept.NOT_CONSENTED
    if field.attribute not in kept.values:
        return NotKept.CONSENT_OVER
    return None if kept.values[field.attribute] == field.value else NotKept.FIELDS_DIFFER
