"""Bodies of papers: search and fetch."""

from typing import Annotated

from pydantic import Field

from gateway.api import grammar
from gateway.api.models import (
    LOGIN,
    MOST_ROLES,
    Body,
    ClaimValue,
    DossierCode,
    FieldName,
    LoginToken,
    MandateCode,
    OfficialBody,
    OpenWord,
    ProcedureCode,
    PurposeName,
    RepresentativeBody,
    RoleName,
    SubjectBody,
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
