"""Parties of an exchange: the subject, the official, the requester.

A data service is asked about subjects; a procedure defines which kind each of its roles takes.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import ExchangeId, RequesterId


class SubjectKind(StrEnum):
    """What evidence can be about."""

    PERSON = "person"
    #: a child without a number; services find it through a parent
    NEWBORN = "newborn"
    ORGANISATION = "organisation"
    PARCEL = "parcel"
    #: `registration_no` is the plate, `number` the frame number
    VEHICLE = "vehicle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person, newborn, organisation or parcel, with its identifiers.

    `key` is the same for two mentions of the same subject within one request; it is personal data.
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

    @property
    def key(self) -> str:
        """Kind and strongest identifier; an auditor finds the subject by it."""
        number = self.personal_id or self.old_id or self.passport or self.tax_code or self.registration_no
        if number is not None:
            return f"{self.kind}|{number}"
        place = (self.commune, self.sheet, self.number, self.parent_personal_id)
        who = (self.full_name, str(self.birth_date or ""))
        return "|".join((self.kind, *(part or "" for part in (*place, *who))))

    @property
    def shape(self) -> tuple[object, ...]:
        """Which identifiers it has: subjects of equal shape share a plan."""
        return (
            self.kind, self.personal_id is None, self.old_id is None, self.passport is None, self.full_name is None,
            self.birth_date is None, self.tax_code is None, self.registration_no is None, self.commune is None,
            self.sheet is None, self.number is None, self.parent_personal_id is None,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """All identifiers in the request: equal only for subjects equal in every attribute."""
        return (
            f"{self.kind}\x1e{self.personal_id or ''}\x1e{self.old_id or ''}\x1e{self.passport or ''}"
            f"\x1e{self.full_name or ''}\x1e{self.birth_date or ''}\x1e{self.tax_code or ''}"
            f"\x1e{self.registration_no or ''}\x1e{self.commune or ''}\x1e{self.sheet or ''}"
            f"\x1e{self.number or ''}\x1e{self.parent_personal_id or ''}"
        )


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
