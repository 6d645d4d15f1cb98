"""Bodies of dossiers: the canonical words of `gateway/domain/dossier.py`, and searches."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from gateway.api import grammar
from gateway.api.models import (
    Body,
    FieldName,
    LoginToken,
    OfficialBody,
    PersonalId,
    ProcedureCode,
    RoleName,
    example,
)
from gateway.domain import sentences as say
from gateway.domain.dossier import Code, Dossier, DossierStatus, IdKind, ProgressEntry

_NUMBER = Annotated[
    str, Field(min_length=1, max_length=40, pattern=grammar.worded("^[0-9A-Za-z-]+$", say.HOW_NUMBER))
]
# patterns of the canonical words, for errors
grammar.worded(r"^[0-9A-Za-z\-]+$", say.HOW_NUMBER)
grammar.worded(r"^(sha256:[0-9a-f]{64})?$", say.HOW_FILE_OR_BLANK)
grammar.worded(r"^\S(.*\S)?$", say.HOW_CODE)
_CURSOR = Annotated[str, Field(max_length=300)]
DeliveryId = Annotated[str, Field(pattern=grammar.EXCHANGE, examples=["01KB0000000000000000000000"])]


class DossierBody(Dossier):
    """`POST /v1/dossiers`: a dossier of the requester, for the portals.

    It names no exchange, so values and papers are not compared with a prefill here: before it is sent, the sender's
    server asks again for each paper that changed values bring back (`papers` of `POST /v1/attest`).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "H31.14-260105-0007",
                    "procedure": "1.004873",
                    "procedure_title": "Cấp Giấy xác nhận tình trạng hôn nhân",
                    "field_code": "G15-HT01",
                    "field_title": "Hộ tịch",
                    "channel": "online",
                    "applicant": {
                        "name": "Trần Thị Mẫu",
                        "ids": [{"kind": "personal_id", "number": "033190001234"}],
                        "verified": True,
                    },
                    "abstract": "Xác nhận tình trạng hôn nhân",
                    "filed_at": "2026-01-05T01:12:00Z",
                    "received_at": "2026-01-05T01:30:00Z",
                    "due_at": "2026-01-07T10:00:00Z",
                    "status": "accepted",
                    "unit": "UBND phường Mẫu",
                    "papers": [{"component": "000.00.00.G15-GT900001", "file_name": "don.pdf"}],
                }
            ]
        },
    )

    login: LoginToken | None = Field(
        None,
        description="proof that the owner, or the one who acts for the owner, signed in: a handle or an ID token as in "
        "a prefill; it is not stored, and makes the applicant `verified`",
    )


class ProgressBody(Body):
    """`POST /v1/dossiers/progress`: steps of dossiers of the requester, of one or several."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "entries": [
                        {
                            "dossier": "H31.14-260105-0007",
                            "official": "Lê Văn Ví Dụ",
                            "at": "2026-01-06T03:15:00Z",
                            "content": "Đang xử lý",
                            "status": "processing",
                        }
                    ]
                }
            ]
        },
    )

    entries: list[ProgressEntry] = Field(min_length=1, max_length=500)


class OwnerBody(Body):
    """The owner of a dossier, by one number."""

    personal_id: PersonalId | None = None
    old_id: Annotated[str, Field(pattern=grammar.OLD_ID)] | None = None
    tax_code: _NUMBER | None = None
    passport: Annotated[str, Field(pattern=grammar.PASSPORT)] | None = None

    @property
    def number(self) -> tuple[IdKind, str] | None:
        """Its kind and the number; None when none or several are given."""
        given = [(IdKind(name), value) for name, value in self.model_dump(exclude_none=True).items()]
        return given[0] if len(given) == 1 else None


class DossierSearchBody(Body):
    """`POST /v1/dossiers/search`: the requester's dossiers, last changed first."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"owner": {"personal_id": "033190001234"}, "limit": 20}]},
    )

    owner: OwnerBody | None = None
    code: Code | None = None
    status: DossierStatus | None = None
    procedure: ProcedureCode | None = None
    limit: int = Field(50, ge=1, le=200)
    #: `next` of the page before
    cursor: _CURSOR | None = None


class DossierStatusBody(Body):
    """`POST /v1/dossiers/status`: for citizens, whose number must be the owner's."""

    model_config = example({"code": "H31.14-260105-0007", "owner": {"personal_id": "033190001234"}})

    code: Code
    owner: OwnerBody


class InboxAckBody(Body):
    """`POST /v1/dossiers/inbox/ack`: items that the requester has stored."""

    model_config = example({"deliveries": ["01KB0000000000000000000000"]})

    deliveries: list[DeliveryId] = Field(min_length=1, max_length=500)


class EvidenceBody(Body):
    """`POST /v1/dossiers/evidence`: prefill for a dossier; its owner has the role that signs in."""

    model_config = example(
        {
            "code": "H31.14-260105-0007",
            "official": {"personal_id": "033085000017", "agency": "000.00.14.H31"},
            "subjects": {"person": {"same_as": "requester"}},
        }
    )

    code: Code
    official: OfficialBody | None = None
    #: further subjects by role, or the owner with more than the dossier says, as in `/v1/prefill`
    subjects: dict[RoleName, Any] = Field(default_factory=dict, max_length=20)
    known: dict[FieldName, Any] = Field(default_factory=dict, max_length=200)


#: states of deliveries, for queries
DeliveryStateWord = Literal["queued", "sending", "unconfirmed", "dead", "delivered", "superseded"]
