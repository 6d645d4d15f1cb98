"""Bodies of requests about consents, forms to attest and requests of data subjects, typed as in models.py.

The citizen's statements have no default: if one is missing, the answer is 422 and names it.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateway.api import grammar
from gateway.api.audit_models import ExchangeText, Moment, Name
from gateway.api.models import Body, FieldName, OpenWord, OtherNumber, PersonalId, Word, example
from gateway.api.prefill_body import checked_identifier
from gateway.config.consents import SubjectRequestKind
from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable
from gateway.domain.parties import Subject, SubjectKind
from gateway.mapping.identifiers import IdentifierKinds
from gateway.subject_requests.service import SubjectRequestSearch

ConsentId = Annotated[str, Field(pattern=grammar.CONSENT, examples=["cs-abcdefghijkmnpqrstuvwxyz"])]
SubjectRequestId = Annotated[
    str, Field(pattern=grammar.SUBJECT_REQUEST, examples=["sr-abcdefghijkmnpqrstuvwxyz"])
]
PageLimit = Annotated[int, Field(ge=1, le=200)]
#: of a person's own words; they are sealed
CitizenText = Annotated[str, Field(min_length=1, max_length=4_000)]
#: is in records and lists
ReasonText = Annotated[
    str,
    Field(min_length=3, max_length=300, pattern=grammar.ONE_LINE),
    AfterValidator(grammar.in_one_line),
    AfterValidator(grammar.not_a_number_of_a_person),
]
_WHO = {"personal_id": "033190001234"}


class CitizenBody(Body):
    """A person by one number: the one in prefills."""

    personal_id: PersonalId | None = None
    old_id: Annotated[str, Field(pattern=grammar.OLD_ID)] | None = None
    passport: Annotated[str, Field(pattern=grammar.PASSPORT)] | None = None
    identifier: OtherNumber = None

    def key(self, kinds: IdentifierKinds) -> str:
        """`Subject.key`. Raises Unprocessable without a number, or with several."""
        numbers = (self.personal_id, self.old_id, self.passport, self.identifier)
        if len([one for one in numbers if one is not None]) != 1:
            raise Unprocessable(say.GIVE_ONE_NUMBER.at("/subject"))
        if self.identifier is not None:
            one = self.identifier
            words = checked_identifier(("subject", "identifier"), one.kind, one.number, kinds)
            return Subject(**words).key
        return Subject(
            kind=SubjectKind.PERSON, personal_id=self.personal_id, old_id=self.old_id, passport=self.passport
        ).key


class ConsentBody(Body):
    """`POST /v1/consents`: the content of a consent. Only `requester` and `controller` are optional."""

    model_config = example({
        "subject": _WHO, "purpose": "keep_own_data",
        "attributes": {"own_data.kept": ["phone", "email"]}, "text_version": "giu-du-lieu-2026-01", "language": "vi",
        "channel": "portal", "expires_at": "2027-11-25T00:00:00Z",
    })  # fmt: skip

    subject: CitizenBody
    #: the requester that gets the consent; default: the sender
    requester: Name | None = None
    purpose: Annotated[str, Field(pattern=grammar.PURPOSE)] | None = None
    #: data service -> attributes, each by its name
    attributes: dict[Name, Annotated[list[Name], Field(max_length=100)]] | None = Field(None, max_length=50)
    #: version of the text that the citizen read
    text_version: OpenWord | None = None
    #: language of that text, one of `languages` in config/consents.yaml (BCP 47)
    language: Annotated[str, Field(pattern=grammar.LANGUAGE)] | None = None
    channel: Literal["portal", "app", "counter", "paper"] | None = None
    #: code of the responsible agency; default: the requester's
    controller: Word | None = None
    expires_at: Moment | None = None


class WithdrawBody(Body):
    """`POST /v1/consents/withdraw`: by the requester that holds it, or by the citizen through a citizens' page."""

    model_config = example({"consent": "cs-abcdefghijkmnpqrstuvwxyz", "subject": _WHO})

    consent: ConsentId
    subject: CitizenBody | None = None


class ConsentSearchBody(Body):
    """`POST /v1/consents/search`: consents of a citizen (`subject`), or all that the requester holds."""

    model_config = example({"subject": _WHO, "limit": 50})

    subject: CitizenBody | None = None
    limit: PageLimit = 50
    #: `next` of the page before
    cursor: ConsentId | None = None


class AttestBody(Body):
    """`POST /v1/attest`; with `keep` the citizen's own values are stored under the `consent`.

    `reported`: fields whose value the person called wrong. Known without it: reports of this exchange
    (`POST /v1/corrections`), and those of its applicant in other exchanges until the owner of the database answers.
    """

    model_config = example({
        "exchange_id": "01KB0000000000000000000000", "form": {"hoTen": "Trần Thị Mẫu", "soDienThoai": "0900000001"},
        "reported": ["hoTen"], "keep": True, "consent": "cs-abcdefghijkmnpqrstuvwxyz",
    })  # fmt: skip

    exchange_id: ExchangeText
    form: dict[str, Any] = Field(max_length=500)
    reported: list[FieldName] = Field(default=[], max_length=500)
    keep: bool = False
    consent: ConsentId | None = None


class SubjectRequestBody(Body):
    """`POST /v1/subject-requests`."""

    model_config = example({"subject": _WHO, "kind": "access", "text": "Tôi muốn biết dữ liệu nào được lưu."})

    subject: CitizenBody
    kind: SubjectRequestKind
    text: CitizenText | None = None
    #: a processor or a third party takes part: the term is longer
    third_party: bool = False
    consent: ConsentId | None = None


class SubjectRequestSearchBody(Body):
    """`POST /v1/subject-requests/search`."""

    model_config = example({"state": "open", "limit": 50})

    subject: CitizenBody | None = None
    #: open: neither answered nor refused; overdue: open, and due before today
    state: SubjectRequestSearch = "all"
    limit: PageLimit = 50
    cursor: SubjectRequestId | None = None


class SubjectRequestUpdateBody(Body):
    """`POST /v1/subject-requests/update`; `extend` and `refuse` need a reason."""

    model_config = example({
        "request": "sr-abcdefghijkmnpqrstuvwxyz", "act": "extend", "reason": "Phải hỏi cơ quan quản lý cơ sở dữ liệu",
    })  # fmt: skip

    request: SubjectRequestId
    act: Literal["acknowledge", "extend", "answer", "refuse"]
    reason: ReasonText | None = None
