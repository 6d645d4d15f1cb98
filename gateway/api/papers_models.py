"""Bodies of papers: search and fetch."""

from typing import Annotated

from pydantic import Field

from gateway.api import grammar
from gateway.api.models import (
    LOGIN,
    MOST_ROLES,
    BirthDate,
    Body,
    ClaimValue,
    DossierCode,
    FieldName,
    LoginToken,
    MandateCode,
    OfficialBody,
    OpenWord,
    PersonBody,
    ProcedureCode,
    PurposeName,
    RepresentativeBody,
    RoleName,
    SubjectBody,
    Text,
    Typed,
    Word,
    example,
)

PaperReference = Annotated[str, Field(pattern=grammar.PAPER_REFERENCE)]


class PaperFetchBody(Body):
    """`POST /v1/papers/fetch`: one file of a paper that a search offered."""

    model_config = example({
        "reference": "j4-M23J7gjr_pkzzBEmCr0tc9j2ZqYNmcWbA5UkJZC1HMp4fyi9qu0LxKJ3nJwHV",
        "dossier": "H31.14-260105-0007",
    })  # fmt: skip

    reference: PaperReference
    dossier: DossierCode | None = Field(None, description="the dossier of the search")


class PaperKeepBody(Body):
    """`POST /v1/papers/keep`: a paper that the citizen gave in a dossier and lets be kept."""

    model_config = example(
        {
            "procedure": "1.013225",
            "component": "land_certificate_copy",
            "dossier": "H31.14-260105-0007",
            "file": "sha256:b1674191a88ec5cdd733e4240a81803105dc412d6c6708d53ab94fc248f4f553",
            "file_name": "gcnqsdd.pdf",
            "title": "Giấy chứng nhận quyền sử dụng đất",
            "result_code": "KQ.G10.900001",
            "reference": "CK 225177",
            "consent": "cs-abcdefghijkmnpqrstuvwxyz",
            "subject": {
                "personal_id": "033190001234",
                "full_name": "Trần Thị Mẫu",
                "birth_date": "1990-02-15",
            },
            "object": {"commune": "11953", "sheet": "12", "number": "345"},
            "valid_until": "2060-03-02",
        }
    )

    procedure: ProcedureCode
    component: Annotated[str, Field(pattern=grammar.ROLE)] = Field(
        description="of `papers` of the procedure, as a prefill names it"
    )
    dossier: DossierCode
    file: Annotated[str, Field(pattern=grammar.FILE)] = Field(description="a file that this requester stored")
    file_name: Text = Field(max_length=150)
    title: Text
    result_code: Word | None = Field(None, description="code of the result that the paper is (MAKETQUA)")
    reference: Text | None = Field(
        None,
        max_length=100,
        description="number and symbol of the paper (SoKyHieu): where evidence names the paper in force, it is offered "
        "only if it is this one",
    )
    #: of the purpose `keep_papers`, given by the owner
    consent: Annotated[str, Field(pattern=grammar.CONSENT)]
    subject: PersonBody
    object: SubjectBody | None = Field(
        None, description="what the paper is about beside its owner: a parcel, a vehicle, a person"
    )
    valid_until: BirthDate | None = Field(
        None,
        description="last day, month or year; left out: it is offered only where evidence says that it is in force",
    )


class PaperListBody(Body):
    """`POST /v1/papers/list`: whose papers, by number, name and birth date."""

    model_config = example({
        "subject": {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"},
        "limit": 50,
    })  # fmt: skip

    subject: PersonBody
    #: dossiers on one page
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    #: `next` of the page before
    cursor: Annotated[str, Field(max_length=300)] | None = None


class PaperSearchBody(Body):
    """`POST /v1/papers/search`: members as in a prefill, and whose papers with which result codes."""

    model_config = example(
        {
            "procedure": "1.013225",
            "subjects": {
                "owner": {
                    "personal_id": "033190001234",
                    "full_name": "Trần Thị Mẫu",
                    "birth_date": "1990-02-15",
                },
                "parcel": {"commune": "11953", "sheet": "12", "number": "345"},
            },
            "official": {"personal_id": "033085000017", "agency": "000.00.14.H31"},
            "dossier": "H31.14-260105-0007",
            "result_codes": ["KQ.G10.900001"],
        }
    )

    procedure: ProcedureCode
    subjects: dict[RoleName, SubjectBody] = Field(max_length=MOST_ROLES)
    owner: RoleName | None = Field(
        None, description="role whose papers are searched; left out: every role that may have some"
    )
    result_codes: list[Word] | None = Field(
        None,
        max_length=50,
        description="of those that the procedure takes instead of a paper (MA_KQ_THAYTHE); left out: all of them",
    )
    official: OfficialBody | None = None
    dossier: DossierCode | None = None
    purpose: PurposeName | None = None
    consent: OpenWord | None = None
    mandate: MandateCode | None = None
    representative: RepresentativeBody | None = None
    login: LoginToken | None = Field(None, description=LOGIN)
    account: dict[FieldName, ClaimValue] | None = Field(None, max_length=100)
    known: dict[FieldName, Typed] | None = Field(None, max_length=500)
    deadline_ms: int | None = Field(None, ge=1, le=600_000)
