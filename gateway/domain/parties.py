"""Parties of an exchange: the subject, the official, the requester.

A data service is asked about subjects; a procedure defines which kind each of its roles takes.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import (
    ExchangeId,
    RequesterId,
    frame_spelling,
    parcel_spelling,
    plate_spelling,
    tax_code_spelling,
)
from gateway.domain.names import folded_words

#: before the name of a kind of identifier, in mappings
IDENTIFIER = "identifier."
#: digits of personal and old numbers: a passport of so many digits is named with its kind
_NATIONAL = frozenset({9, 12})
#: role, in records, of the parent by whose number a newborn is found
PARENT = "parent"
#: place of that number in `Subject.key`, behind the kind
_PARENT_PART = 3


class SubjectKind(StrEnum):
    """What evidence can be about."""

    PERSON = "person"
    #: a child without a number; services find it through a parent
    NEWBORN = "newborn"
    ORGANISATION = "organisation"
    PARCEL = "parcel"
    #: `registration_no` is the plate, `number` the frame number
    VEHICLE = "vehicle"


#: numbers that authorities write in several ways -> the one spelling, by which equal numbers are equal texts
SPELLINGS = {
    (SubjectKind.ORGANISATION, "tax_code"): tax_code_spelling,
    (SubjectKind.VEHICLE, "registration_no"): plate_spelling,
    (SubjectKind.VEHICLE, "number"): frame_spelling,
    (SubjectKind.PARCEL, "sheet"): parcel_spelling,
    (SubjectKind.PARCEL, "number"): parcel_spelling,
}


class Identifier(NamedTuple):
    """A number of a kind of `schemas/identifiers`."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person, newborn, organisation, parcel or vehicle, with its identifiers.

    `key` is the same for two mentions of the same subject within one request; it is personal data. A number of a kind
    of `schemas/identifiers` is also an attribute: `identifier.<kind>`.
    """

    kind: SubjectKind
    personal_id: str | None = None
    old_id: str | None = None
    passport: str | None = None
    full_name: str | None = None
    birth_date: PartialDate | None = None
    tax_code: str | None = None
    registration_no: str | None = None
    commune: str | None = None
    sheet: str | None = None
    number: str | None = None
    #: newborns only: the parent through whom the child is found
    parent_personal_id: str | None = None
    identifier: Identifier | None = None
    #: only of persons without any number
    gender: str | None = None
    birth_place: str | None = None

    if not TYPE_CHECKING:

        def __getattr__(self, word: str) -> str:
            """The number, as the attribute of its kind: `identifier.<kind>`. Raises AttributeError for any other."""
            if word.startswith(IDENTIFIER) and self.identifier is not None:
                kind, number = self.identifier
                if word == f"{IDENTIFIER}{kind}":
                    return number
            raise AttributeError(word)

    @property
    def is_unnumbered(self) -> bool:
        """Whether it is a person without any number: known by name, birth date, and gender or place."""
        return self.kind is SubjectKind.PERSON and not (
            self.personal_id or self.old_id or self.passport or self.identifier
        )

    @property
    def key(self) -> str:
        """Kind and strongest identifier; an auditor finds the subject by it.

        Two kinds of number never give the same key: `person|<personal id>`, `person|<kind>:<number>`. A person without
        a number is `person|unnumbered:<name>|<birth date>`, the name as `folded_words` has it. Numbers of things are
        in their one spelling.
        """
        number = self.personal_id or self.old_id or self.passport
        if number is not None:
            is_passport = not (self.personal_id or self.old_id) and number == self.passport
            if is_passport and number.isdigit() and len(number) in _NATIONAL:
                return f"{self.kind}|passport:{number}"
            return f"{self.kind}|{number}"
        for word in ("tax_code", "registration_no"):
            if number := self._spelled(word):
                return f"{self.kind}|{number}"
        if self.identifier is not None:
            return f"{self.kind}|{self.identifier.kind}:{self.identifier.number}"
        if self.is_unnumbered:
            return f"{self.kind}|unnumbered:{folded_words(self.full_name or '')}|{self.birth_date or ''}"
        place = (self.commune, self._spelled("sheet"), self._spelled("number"), self.parent_personal_id)
        who = (self.full_name, str(self.birth_date or ""))
        return "|".join((self.kind, *(part or "" for part in (*place, *who))))

    def _spelled(self, word: str) -> str:
        """A number of a thing in its one spelling; blank: it has none."""
        number, spelling = getattr(self, word) or "", SPELLINGS.get((self.kind, word))
        return number if spelling is None else spelling(number)

    @property
    def shape(self) -> tuple[object, ...]:
        """Which identifiers it has: subjects of equal shape share a plan."""
        return (
            self.kind, self.personal_id is None, self.old_id is None, self.passport is None, self.full_name is None,
            self.birth_date is None, self.tax_code is None, self.registration_no is None, self.commune is None,
            self.sheet is None, self.number is None, self.parent_personal_id is None,
            self.identifier and self.identifier.kind, self.gender is None, self.birth_place is None,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """All identifiers in the request: equal only for subjects equal in every attribute."""
        born = "" if self.birth_date is None else self.birth_date.text
        return (
            f"{self.kind}\x1e{self.personal_id or ''}\x1e{self.old_id or ''}\x1e{self.passport or ''}"
            f"\x1e{self.full_name or ''}\x1e{born}\x1e{self.tax_code or ''}"
            f"\x1e{self.registration_no or ''}\x1e{self.commune or ''}\x1e{self.sheet or ''}"
            f"\x1e{self.number or ''}\x1e{self.parent_personal_id or ''}"
            f"\x1e{self.identifier or ''}"
            f"\x1e{self.gender or ''}\x1e{self.birth_place or ''}"
        )


def parent_key(key: str) -> str:
    """`Subject.key` of the parent by whose number a newborn is found, from the newborn's; blank: none is in it."""
    kind, *parts = key.split("|")
    is_found_by_one = kind == SubjectKind.NEWBORN and len(parts) > _PARENT_PART and bool(parts[_PARENT_PART])
    return f"{SubjectKind.PERSON}|{parts[_PARENT_PART]}" if is_found_by_one else ""


def number_word(person: Subject) -> str | None:
    """The attribute with a person's strongest number: one for which `key` stands; None without a number."""
    for word in ("personal_id", "old_id", "passport"):
        if getattr(person, word):
            return word
    return None if person.identifier is None else f"{IDENTIFIER}{person.identifier.kind}"


#: attributes of a subject, as mappings name them; a number of another kind is `identifier.<kind>`
SUBJECT_WORDS = tuple(one.name for one in fields(Subject) if one.name != "identifier")
_BY_NAME = frozenset({"full_name", "birth_date"})
#: the attributes that requests give of a person without any number
UNNUMBERED_WORDS = _BY_NAME | {"gender", "birth_place"}
#: kind -> the attributes that requests give together: of a prefill, of a trial, or of the proof of a representation,
#: which names the representative of a person as `parent_personal_id`
_GIVEN = {
    SubjectKind.PERSON: _BY_NAME | {"personal_id", "old_id", "passport", "parent_personal_id"},
    SubjectKind.NEWBORN: _BY_NAME | {"number", "parent_personal_id"},
    SubjectKind.ORGANISATION: frozenset({"tax_code", "registration_no", "number", "full_name"}),
    SubjectKind.PARCEL: frozenset({"commune", "sheet", "number"}),
    SubjectKind.VEHICLE: frozenset({"registration_no", "number", "full_name"}),
}


def given_words(kind: SubjectKind, identifier: str | None = None) -> frozenset[str]:
    """The attributes that a request can give together of a subject of this kind.

    `identifier`: the attribute `identifier.<kind>` by which the subject is named; None: by its own numbers.
    """
    if identifier is None:
        return _GIVEN[kind]
    named = _BY_NAME if kind is SubjectKind.PERSON else frozenset({"full_name"})
    return named | {identifier}


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """The official in whose name providers are asked (the law requires a person)."""

    personal_id: str
    agency: str
    account: str = ""
    full_name: str = ""
    #: True when the citizen fills their own form and the agency's configured duty official is named
    on_duty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """A system that asks, as its token proved."""

    id: RequesterId
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The requester of one request, its agency and its exchange."""

    requester: Requester
    agency: str
    exchange: ExchangeId
    #: account of the official who asks by a page of this gateway; blank: the system itself asks
    staff: str = ""

    @property
    def notes(self) -> dict[str, str]:
        """For the records of what it asks."""
        return {"staff": self.staff} if self.staff else {}

    @property
    def serves_citizens(self) -> bool:
        """Whether the requester is a page on which citizens see their own data (scope `usage`)."""
        return "usage" in self.requester.scopes
