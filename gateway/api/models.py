"""Bodies of requests, typed (pydantic, frozen, unknown members refused).

The source of `/openapi.json`. Identifiers are ASCII; names are normalised to NFC; no default hides a mistake.
"""

import unicodedata
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from gateway.api import grammar
from gateway.domain import sentences as say
from gateway.domain.dates import EARLIEST, LATEST, PartialDate
from gateway.domain.identifiers import is_tax_code
from gateway.domain.problems import AuthorizationErrorCode, TokenErrorCode
from gateway.domain.sentences import WrongText
from gateway.domain.signs import hides

#: allowed control characters in citizens' texts of several lines
_LINES = "\t\n\r"


def _date(text: str) -> str:
    try:
        PartialDate.parse(text)
    except ValueError:
        raise WrongText(say.NO_SUCH_DATE(first=EARLIEST, last=LATEST)) from None
    return text


def _tax_code(text: str) -> str:
    if not is_tax_code(text):
        raise WrongText(say.NO_TAX_CODE)
    return text


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _in_one_line(claim: str | int | None) -> str | int | None:
    """A claim, which may be blank. Raises WrongText for hidden characters."""
    return grammar.in_one_line(claim) if isinstance(claim, str) else claim


def _all_seen(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """The value. Raises WrongText if a text in it has hidden characters."""
    if isinstance(value, str):
        if hides(value, _LINES):
            raise WrongText(say.WRITTEN_AS(how=say.HOW_LINES))
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _all_seen(inner)
    return value


PersonalId = Annotated[str, Field(pattern=grammar.PERSONAL_ID, examples=["033190001234"])]
PlainText = Annotated[
    str, Field(min_length=1, max_length=200, pattern=grammar.ONE_LINE), AfterValidator(grammar.in_one_line)
]
Text = Annotated[PlainText, AfterValidator(_nfc)]
Word = Annotated[str, Field(pattern=grammar.WORD)]
#: recorded unchanged
OpenWord = Annotated[Word, AfterValidator(grammar.not_a_number_of_a_person)]
DossierCode = Annotated[Word, AfterValidator(grammar.dossier_code)]
#: as decisions are numbered
MandateCode = Annotated[
    str, Field(pattern=grammar.MANDATE, examples=["12/QĐ-GH"]), AfterValidator(grammar.not_a_number_of_a_person),
    AfterValidator(grammar.not_a_name),
]  # fmt: skip
DateText = Annotated[str, Field(max_length=10, examples=["1990-02-15", "1990-02", "1990"])]
BirthDate = Annotated[DateText, AfterValidator(_date)]
#: a code, not a title; the error suggests near ones
ProcedureCode = Annotated[str, Field(pattern=grammar.PROCEDURE, examples=["1.004873"])]
RoleName = Annotated[str, Field(pattern=grammar.ROLE)]
FieldName = PlainText
ClaimValue = Annotated[str | int | bool | None, AfterValidator(_in_one_line)]
Typed = Annotated[Any, AfterValidator(_all_seen)]


PurposeName = Annotated[str, Field(pattern=grammar.PURPOSE), AfterValidator(grammar.not_a_number_of_a_person)]
PredicateWord = Annotated[
    str, Field(pattern=grammar.PREDICATE, examples=["age_at_least:18"]),
    AfterValidator(grammar.not_a_number_of_a_person),
]  # fmt: skip


EvidenceName = Annotated[str, Field(pattern=grammar.EVIDENCE, examples=["e1"])]


class Body(BaseModel):
    """Frozen, strict about types, and unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def example(body: dict[str, Any]) -> ConfigDict:
    """The settings of a body, with an example of it for `/openapi.json`."""
    return ConfigDict(frozen=True, extra="forbid", strict=True, json_schema_extra={"examples": [body]})


class IdentifierBody(Body):
    """A number of a kind of `schemas/identifiers`."""

    kind: Annotated[str, Field(pattern=grammar.IDENTIFIER_KIND)]
    number: Annotated[str, Field(pattern=grammar.IDENTIFIER_NUMBER)]


#: a number of a kind that this gateway's `schemas/identifiers` adds to those of Việt Nam
OtherNumber = Annotated[
    IdentifierBody | None,
    Field(description="a number of a kind of `schemas/identifiers`, instead of the numbers of Việt Nam"),
]


class PersonBody(Body):
    """A person; a newborn has no number at all. By `identifier` it may be an organisation, a parcel or a vehicle."""

    personal_id: PersonalId | None = None
    old_id: Annotated[str, Field(pattern=grammar.OLD_ID)] | None = None
    passport: Annotated[str, Field(pattern=grammar.PASSPORT)] | None = None
    identifier: OtherNumber = None
    full_name: Text | None = None
    birth_date: BirthDate | None = None
    gender: Literal["male", "female", "other"] | None = Field(
        None, description="with `birth_place`: of a person without any number, where an agreement lets it"
    )
    birth_place: Text | None = None


class OrganisationBody(Body):
    """An organisation, by tax code or registration number (`number`: frame number, for a vehicle)."""

    tax_code: Annotated[str, Field(max_length=14), AfterValidator(_tax_code)] | None = None
    registration_no: Annotated[str, Field(pattern=grammar.REGISTRATION)] | None = None
    number: Word | None = None
    full_name: Text | None = None


class ParcelBody(Body):
    """A land parcel: commune code, map sheet, parcel number."""

    commune: Annotated[str, Field(pattern=grammar.COMMUNE)]
    sheet: Annotated[str, Field(pattern=grammar.PARCEL)]
    number: Annotated[str, Field(pattern=grammar.PARCEL)]


class SameAsBody(Body):
    """The same subject as another role's."""

    same_as: RoleName


#: kind -> members that no other kind has; at equal numbers the first kind wins
_OWN: Mapping[str, frozenset[str]] = {
    "person": frozenset(
        {"personal_id", "old_id", "passport", "identifier", "birth_date", "gender", "birth_place"}
    ),
    "organisation": frozenset({"tax_code", "registration_no"}),
    "parcel": frozenset({"commune", "sheet"}),
}


def kind_of(members: Collection[str]) -> str:
    """The kind of subject that most of these members belong to; the others are then faults."""
    if "same_as" in members:
        return "same_as"
    found, most = "person", -1
    for kind, own in _OWN.items():
        if (count := len(own.intersection(members))) > most:
            found, most = kind, count
    return found


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "list"
    return kind_of(value if isinstance(value, dict) else ())


#: subjects of all roles, and of one that takes a list
MOST_ROLES, MOST_OF_A_ROLE = 30, 30
BODIES: Mapping[str, type[Body]] = {
    "person": PersonBody,
    "organisation": OrganisationBody,
    "parcel": ParcelBody,
    "same_as": SameAsBody,
}


def _item(value: object, _handler: ValidatorFunctionWrapHandler) -> Body:
    """One of several subjects; the place of its faults is its place in the list, without its kind."""
    return BODIES.get(_kind(value), PersonBody).model_validate(value)


LoginToken = Annotated[str, Field(pattern=grammar.JWT, max_length=8_192)]
LOGIN = (
    "proof that the person signed in: the `login` handle that this gateway's token endpoint gave, or the ID token of "
    "a provider of identities, made for this requester (`config/logins.yaml`). With a handle the role that signs in "
    "may be left out of `subjects`, and a represented person too. Names and birth dates of the person who signed in "
    "are not counted as guesses. Without it, five different ones a day (`policy.claims`) are answered about one "
    "person, for all users of the requester together, and five more when `account` says that the person asks; after "
    "that 429 `unusual_volume` until midnight in Việt Nam."
)
OneBody = PersonBody | OrganisationBody | ParcelBody | SameAsBody
SubjectBody = Annotated[
    Annotated[PersonBody, Tag("person")]
    | Annotated[OrganisationBody, Tag("organisation")]
    | Annotated[ParcelBody, Tag("parcel")]
    | Annotated[SameAsBody, Tag("same_as")]
    | Annotated[
        list[Annotated[OneBody, WrapValidator(_item)]],
        Field(min_length=1, max_length=MOST_OF_A_ROLE),
        Tag("list"),
    ],
    Discriminator(_kind),
]


class TriedNewbornBody(Body):
    """A newborn of a trial, by the number of a parent or of the paper. The birth date guards against guesses."""

    parent_personal_id: PersonalId | None = None
    number: Word | None = None
    full_name: Text | None = None
    birth_date: BirthDate


def _tried_kind(value: object) -> str:
    kind, members = _kind(value), value if isinstance(value, dict) else {}
    if "parent_personal_id" in members:
        return "newborn"
    if kind == "person" and "number" in members:
        return "newborn" if "birth_date" in members else "organisation"
    return kind if kind in _OWN else "person"


#: of a trial: one, without roles
TriedSubject = Annotated[
    Annotated[PersonBody, Tag("person")]
    | Annotated[TriedNewbornBody, Tag("newborn")]
    | Annotated[OrganisationBody, Tag("organisation")]
    | Annotated[ParcelBody, Tag("parcel")],
    Discriminator(_tried_kind),
]


class OfficialBody(Body):
    """The official in whose name the sources are asked; absent if citizens fill their own form."""

    personal_id: PersonalId
    agency: OpenWord | None = None
    account: Word | None = None
    full_name: Text | None = None


class RepresentativeBody(Body):
    """The representative of a subject; a source must prove the representation before other sources are asked."""

    kind: Annotated[str, Field(pattern=grammar.ROLE, examples=["parent"])]
    of: RoleName | None = Field(
        None,
        description="role of who is represented; left out: the role that signs in. With a `login` handle its subject "
        "may be left out of `subjects`",
    )
    subject: PersonBody | None = Field(None, description="left out: the subject of the role that signs in")


class PrefillBody(Body):
    """`POST /v1/prefill`."""

    model_config = example(
        {
            "procedure": "1.004873",
            "subjects": {
                "requester": {
                    "personal_id": "033190001234",
                    "full_name": "Trần Thị Mẫu",
                    "birth_date": "1990-02-15",
                },
                "person": {"same_as": "requester"},
            },
            "dossier": "H31.14-260105-0007",
            "account": {"SoDienThoai": "0900000001"},
            "known": {"nxnMucDichSuDung": "Kết hôn"},
            "deadline_ms": 2000,
        }
    )

    procedure: ProcedureCode
    subjects: dict[RoleName, SubjectBody] = Field(
        max_length=MOST_ROLES,
        description="One subject by role, or a list of 1 to 30 where the procedure says `many`. The subjects of a list "
        "are named by their place in it: `members`, `members#2`, `members#3`; equal ones are asked about once.",
    )
    official: OfficialBody | None = None
    dossier: DossierCode | None = None
    purpose: (
        Annotated[str, Field(pattern=grammar.PURPOSE), AfterValidator(grammar.not_a_number_of_a_person)]
        | None
    ) = None
    #: id of the consent for this request
    consent: OpenWord | None = None
    #: code of the document that lets the applicant act for another person
    mandate: MandateCode | None = None
    representative: RepresentativeBody | None = None
    login: LoginToken | None = Field(None, description=LOGIN)
    #: `sd-jwt`: the answer carries one signature over its fields, any part of which can be shown (RFC 9901)
    passport: Literal["sd-jwt"] | None = None
    #: shown to the citizen first, who then decides (`/v1/prefill/decision`)
    preview: bool = False
    account: dict[FieldName, ClaimValue] | None = Field(None, max_length=100)
    fields: list[FieldName] | None = Field(None, max_length=500)
    known: dict[FieldName, Typed] | None = Field(
        None,
        max_length=500,
        description="Fields that the citizen typed, with their values; null: emptied. No source fills them, and papers "
        "are decided by them.",
    )
    held: dict[FieldName, Typed] | None = Field(
        None,
        max_length=500,
        description="Fields that the portal fills and locks itself, with the values it holds: each gets a `check` "
        "(same, differs, cannot_tell) against the sources, and no second value.",
    )
    deadline_ms: int | None = Field(None, ge=1, le=600_000)


class PredicatesBody(Body):
    """`POST /v1/predicates`."""

    model_config = example(
        {
            "subject": {
                "personal_id": "033190001234",
                "full_name": "Trần Thị Mẫu",
                "birth_date": "1990-02-15",
            },
            "predicates": ["age_at_least:18", "resident_of:33"],
        }
    )

    subject: PersonBody
    predicates: list[PredicateWord] = Field(min_length=1, max_length=10)
    official: OfficialBody | None = None
    dossier: DossierCode | None = None
    purpose: PurposeName | None = Field(None, description="left out: the purpose that the predicates declare")
    consent: OpenWord | None = None
    login: LoginToken | None = Field(None, description=LOGIN)
    deadline_ms: int | None = Field(None, ge=1, le=600_000)


class TrialBody(Body):
    """`POST /v1/sources/{service}/try`."""

    model_config = example(
        {
            "subject": {
                "personal_id": "033190001234",
                "full_name": "Trần Thị Mẫu",
                "birth_date": "1990-02-15",
            },
            "show_values": False,
        }
    )

    #: names of union members, which the requester does not know
    subject_kinds: ClassVar[frozenset[str]] = frozenset({*_OWN, "newborn"})

    subject: TriedSubject
    show_values: bool = Field(
        False,
        description="show the values that an agreement gives; recorded. Without it all values are masked",
    )
    official: OfficialBody | None = None
    procedure: ProcedureCode | None = Field(
        None, description="left out: the first one for which an agreement names the data service, or none"
    )
    purpose: PurposeName | None = Field(None, description="left out: as that agreement says")
    dossier: DossierCode | None = None
    consent: OpenWord | None = None
    deadline_ms: int | None = Field(None, ge=1, le=600_000)


class DecisionBody(Body):
    """`POST /v1/prefill/decision`: whether the citizen accepts each shown piece of evidence."""

    model_config = example(
        {"exchange_id": "01KB0000000000000000000000", "accepted": ["e1"], "refused": ["e2"]}
    )

    exchange_id: Annotated[str, Field(pattern=grammar.EXCHANGE)]
    accepted: list[EvidenceName] = Field(max_length=500)
    refused: list[EvidenceName] = Field(max_length=500)


class ResumeBody(Body):
    """`POST /v1/prefill/resume`."""

    model_config = example({"pending": "p_3q2-7wAAAAB"})

    pending: Annotated[str, Field(pattern=grammar.TOKEN)]


class TokenAnswer(BaseModel):
    """An access token (RFC 6749, 5.1): `DPoP` when it is bound to the key of a proof (RFC 9449, 5)."""

    access_token: str
    token_type: Literal["Bearer", "DPoP"]
    expires_in: int
    scope: str
    #: of a login of a person: OpenID Connect Core 1.0, 3.1.3.3
    id_token: str | None = None
    refresh_token: str | None = None
    #: for `login` of `/v1/prefill`, `/v1/predicates` and `/v1/dossiers`
    login: str | None = None


class TokenProblem(BaseModel):
    """An error of the token endpoint (RFC 6749, 5.2)."""

    error: TokenErrorCode | AuthorizationErrorCode
    error_description: str
