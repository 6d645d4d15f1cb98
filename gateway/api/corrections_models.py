"""Bodies of corrections."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from gateway.api import grammar
from gateway.api.audit_models import NewbornBody
from gateway.api.consent_models import ReasonText
from gateway.api.models import Body, DossierCode, PersonBody, Text, example

_NAME = Annotated[str, Field(pattern=grammar.ROLE)]
CorrectionId = Annotated[str, Field(pattern=grammar.CORRECTION, examples=["cr-abcdefghijkmnpqrstuvwxyz"])]
State = Literal["queued", "taken", "received", "corrected", "refused", "unreadable"]
AttributeName = Annotated[str, Field(pattern=grammar.ATTRIBUTE, examples=["person.birth_date"])]


def _kind(value: object) -> str:
    return "newborn" if isinstance(value, dict) and "parent_personal_id" in value else "person"


#: whose value is wrong; a newborn as its prefill named it
Reported = Annotated[
    Annotated[PersonBody, Tag("person")] | Annotated[NewbornBody, Tag("newborn")], Discriminator(_kind)
]


class OtherValue(Body):
    """The value of another database."""

    source: _NAME
    value: Any


class CorrectionBody(Body):
    """`POST /v1/corrections`: a database's value about a person, and the right value as the person says."""

    model_config = example(
        {
            "subject": {
                "personal_id": "033190001234",
                "full_name": "Trần Thị Mẫu",
                "birth_date": "1990-02-15",
            },
            "source": "population",
            "attribute": "person.birth_date",
            "why": "citizen_corrects",
            "shown": "1990-02-15",
            "correct": "1990-02-16",
            "exchange_id": "01KB0000000000000000000000",
            "grounds": "Giấy khai sinh số 12 quyển 01/1990",
        }
    )

    subject: Reported
    source: _NAME
    attribute: AttributeName
    why: Literal["citizen_corrects", "sources_differ"]
    #: the database's value; absent if it gave none
    shown: Any = None
    correct: Any
    others: list[OtherValue] = Field(default_factory=list, max_length=10)
    #: papers that prove the right value, in words
    grounds: Text | None = None
    #: telephone or address of the citizen, for the owner of the database
    contact: Text | None = None
    #: an exchange of this requester that asked this source about this person
    exchange_id: Annotated[str, Field(pattern=grammar.EXCHANGE)]
    dossier: DossierCode | None = None


class CorrectionSearchBody(Body):
    """`POST /v1/corrections/search`: the requester's own reports, newest first."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, json_schema_extra={"examples": [{"state": "queued"}]}
    )

    subject: PersonBody | None = None
    state: State | None = None
    limit: int = Field(50, ge=1, le=200)
    #: `next` of the page before
    cursor: Annotated[str, Field(pattern=grammar.CORRECTION)] | None = None


class CorrectionTakeBody(Body):
    """`POST /v1/corrections/take`: the whole report, for the owner of the database."""

    model_config = example({"correction": "cr-abcdefghijkmnpqrstuvwxyz"})

    correction: CorrectionId


class CorrectionUpdateBody(Body):
    """`POST /v1/corrections/update`: the answer of the owner of the database."""

    model_config = example({
        "correction": "cr-abcdefghijkmnpqrstuvwxyz", "state": "corrected",
        "reference": "Công văn 123/C06 ngày 02/12/2026",
    })  # fmt: skip

    correction: CorrectionId
    state: Literal["received", "corrected", "refused"]
    #: number and date of the owner's document; it is recorded
    reference: ReasonText
