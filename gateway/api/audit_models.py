"""Bodies of auditors' requests and of citizens' pages, typed as in models.py. People are in bodies, never in URLs."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.api import grammar
from gateway.api.models import BirthDate, Body, OtherNumber, ParcelBody, PersonalId, ProcedureCode, Text, Word
from gateway.api.prefill_body import checked_identifier
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate, rfc3339
from gateway.domain.evidence import Outcome
from gateway.domain.exchange import Phase
from gateway.domain.faults import nearest
from gateway.domain.identifiers import may_name_a_person
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.sentences import WrongText
from gateway.mapping.identifiers import IdentifierKinds

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_MOST = 2**53
#: what a number of a subject may name
_NUMBERS = (
    (SubjectKind.PERSON, "personal_id"), (SubjectKind.PERSON, "old_id"), (SubjectKind.PERSON, "passport"),
    (SubjectKind.ORGANISATION, "tax_code"), (SubjectKind.ORGANISATION, "registration_no"),
    (SubjectKind.VEHICLE, "registration_no"),
)  # fmt: skip


def _moment(text: str) -> str:
    """UTC with milliseconds, in the format of records."""
    try:
        if _MOMENT.fullmatch(text):
            return rfc3339(datetime.fromisoformat(text.upper()).astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise WrongText(say.WRITE_TIME)


def _impersonal(text: str) -> str:
    if may_name_a_person(text):
        raise WrongText(say.REASON_IN_CLEAR)
    return text


def _example(body: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", strict=True, json_schema_extra={"examples": [body]})


Moment = Annotated[str, Field(max_length=40, examples=["2026-11-25T00:00:00Z"]), AfterValidator(_moment)]
Name = Annotated[str, Field(pattern=grammar.NAME)]
ExchangeText = Annotated[str, Field(pattern=grammar.EXCHANGE, examples=["01KB0000000000000000000000"])]
Cursor = Annotated[str, Field(max_length=512)]
PageLimit = Annotated[int, Field(ge=1, le=200)]
LeafIndex = Annotated[int, Field(ge=0, le=_MOST)]
#: why somebody is looked at; recorded in clear
ReasonText = Annotated[Text, Field(min_length=10, max_length=200), AfterValidator(_impersonal)]
#: a signed checkpoint with its cosignatures
Note = Annotated[str, Field(min_length=1, max_length=16_384)]


def _known(words: Iterable[str]) -> BeforeValidator:
    """A word of a closed list; the error lists the possible words, the nearest first."""
    known = [str(word) for word in words]

    def check(value: object) -> object:
        if isinstance(value, str) and value not in known:
            found, there = nearest(value.lower(), known), ", ".join(known)
            sentence = (
                say.UNKNOWN_WORD_NEAR(found=found, known=there) if found else say.UNKNOWN_WORD(known=there)
            )
            raise PydanticCustomError("unknown_word", "{said}", {"said": sentence})
        return value

    return BeforeValidator(check)


#: outcomes in records; `unknown` after a crash
OUTCOMES = (*map(str, Outcome), "unknown")
CallOutcome = Annotated[str, _known(OUTCOMES), Field(json_schema_extra={"enum": [*OUTCOMES]})]
RecordPhase = Annotated[Phase, Field(strict=False), _known(Phase)]


class NewbornBody(Body):
    """A child without a personal id, as a prefill named it: by the parent.

    Records hold the name and the birth date that the request gave. Found are those that gave both as they stand
    here, one of them, or none: without a name and a date here, only requests that gave neither. Of a parent who was
    given without a personal id, records are found by the parent's own identifier.
    """

    parent_personal_id: PersonalId
    full_name: Text | None = None
    birth_date: BirthDate | None = None

    @property
    def subject(self) -> Subject:
        """The child with all that is given here."""
        return Subject(
            kind=SubjectKind.NEWBORN, parent_personal_id=self.parent_personal_id, full_name=self.full_name,
            birth_date=PartialDate.parse(self.birth_date) if self.birth_date else None,
        )  # fmt: skip

    @property
    def keys(self) -> tuple[str, ...]:
        """As records know it: with all that is given here, and with less."""
        whole = self.subject
        names = [
            replace(whole, full_name=name, birth_date=born).key
            for name in (whole.full_name, None)
            for born in (whole.birth_date, None)
        ]
        return tuple(dict.fromkeys(names))


def _whole(text: str) -> str:
    if PartialDate.parse(text).day is None:
        raise WrongText(say.WRITE_DAY)
    return text


class UnnumberedBody(Body):
    """A person whom a request named without any number; people of one name and birth date are found together."""

    full_name: Text
    birth_date: Annotated[BirthDate, AfterValidator(_whole)]

    @property
    def key(self) -> str:
        """As records know it (`Subject.key`)."""
        born = PartialDate.parse(self.birth_date)
        return Subject(kind=SubjectKind.PERSON, full_name=self.full_name, birth_date=born).key


class WhoBody(Body):
    """A subject by all its known identifiers; a record with any of them matches."""

    personal_id: PersonalId | None = None
    old_id: Annotated[str, Field(pattern=grammar.OLD_ID)] | None = None
    passport: Annotated[str, Field(pattern=grammar.PASSPORT)] | None = None
    tax_code: Annotated[str, Field(max_length=14)] | None = None
    registration_no: Annotated[str, Field(pattern=grammar.REGISTRATION)] | None = None
    parcel: ParcelBody | None = None
    newborn: NewbornBody | None = None
    identifier: OtherNumber = None
    unnumbered: UnnumberedBody | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "WhoBody":
        if not self.model_fields_set or all(value is None for value in self.model_dump().values()):
            raise WrongText(say.GIVE_AN_IDENTIFIER)
        return self

    def keys(self, kinds: IdentifierKinds) -> tuple[str, ...]:
        """As records know it (`Subject.key`), one for each identifier and kind. Raises Unprocessable."""
        found = [
            Subject(kind=kind, **{word: value}).key
            for kind, word in _NUMBERS
            if (value := getattr(self, word)) is not None
        ]
        if self.parcel is not None:
            found.append(Subject(kind=SubjectKind.PARCEL, **self.parcel.model_dump()).key)
        if self.newborn is not None:
            found.extend(self.newborn.keys)
        if (one := self.identifier) is not None:
            words = checked_identifier(("subject", "identifier"), one.kind, one.number, kinds)
            found.append(Subject(**words).key)
        if self.unnumbered is not None:
            found.append(self.unnumbered.key)
        return tuple(found)


class FiltersBody(Body):
    """Filters of records; an absent filter matches anything."""

    exchange_id: ExchangeText | None = None
    phase: RecordPhase | None = None
    requester: Name | None = None
    agency: Word | None = None
    procedure: ProcedureCode | None = None
    #: any code that a record may have, also `withheld`
    dossier: Annotated[str, Field(pattern=grammar.RECORDED_CODE)] | None = None
    purpose: Name | None = None
    #: refusal code or outcome word of the whole record
    result: Name | None = None
    source: Name | None = None
    #: outcome of a call
    outcome: CallOutcome | None = None
    subject: WhoBody | None = None
    #: personal id of the official
    official: PersonalId | None = None
    since: Moment | None = None
    until: Moment | None = None


class SearchBody(FiltersBody):
    """`POST /v1/audit/search`."""

    model_config = _example(
        {"procedure": "1.004873", "phase": "outcome", "since": "2026-11-01T00:00:00Z", "limit": 50}
    )

    limit: PageLimit = 50
    cursor: Cursor | None = None


class IdentifyBody(Body):
    """`POST /v1/audit/identify`; the reason is recorded before the answer."""

    model_config = _example(
        {
            "exchange_id": "01KB0000000000000000000000",
            "reason": "Khiếu nại số 12/KN-2026 về việc tra cứu không có hồ sơ",
        }
    )

    exchange_id: ExchangeText
    reason: ReasonText


class ExportBody(Body):
    """`POST /v1/audit/export`: a range by index or by time, or the result of a search."""

    model_config = _example({"since": "2026-11-24T17:00:00Z", "until": "2026-11-25T17:00:00Z"})

    format: Literal["jsonl", "csv"] = "jsonl"
    from_: LeafIndex | None = Field(None, alias="from")
    to: LeafIndex | None = None
    since: Moment | None = None
    until: Moment | None = None
    search: FiltersBody | None = None
    #: a kept checkpoint, or its size: line 1 gets the consistency proof from it
    grown_from: LeafIndex | Note | None = None


def _numbered(who: WhoBody) -> WhoBody:
    if who.unnumbered is not None:
        raise WrongText(say.NAMESAKES)
    return who


class UsageBody(Body):
    """`POST /v1/usage`: the uses of one person's data; never by a name, which namesakes share."""

    model_config = _example({"subject": {"personal_id": "033190001234"}, "limit": 20})

    subject: Annotated[WhoBody, AfterValidator(_numbered)]
    since: Moment | None = None
    until: Moment | None = None
    limit: PageLimit = 20
    cursor: Cursor | None = None
