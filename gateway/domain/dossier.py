"""A dossier and its progress in one vocabulary; every portal's words are mapped to it (`mappings/portals`).

Codes that come from outside are opaque text. Values are personal data: sealed where they are stored, in no log.
Status list: national-portal.md K.3 (TrangThaiHoSo); code of a dossier: QĐ 20/2020.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from gateway.domain import sentences as say
from gateway.domain.sentences import BothWords, WrongText
from gateway.domain.signs import hides_in_code

#: where a dossier was filed first: at the province, else the name of a portal
PROVINCE = "province"


class DossierStatus(StrEnum):
    """Where a dossier stands."""

    SUBMITTED = "submitted"  #: 1, newly submitted
    ACCEPTED = "accepted"  #: 2, accepted at the counter
    REFUSED = "refused"  #: 3, refused at reception; final
    PROCESSING = "processing"  #: 4
    SUPPLEMENT_REQUESTED = "supplement_requested"  #: 5
    PAYMENT_REQUESTED = "payment_requested"  #: 6
    WITHDRAWN = "withdrawn"  #: 7, by the citizen; final
    STOPPED = "stopped"  #: 8, processing stopped; final
    PROCESSED = "processed"  #: 9, the result waits at the counter; the clock ends
    HANDED_OVER = "handed_over"  #: 10; final
    UNKNOWN = "unknown"  #: a foreign word without a meaning here; kept as it came, never guessed


#: status -> its words, Vietnamese and English
STATUSES: Mapping[DossierStatus | str, BothWords] = {
    DossierStatus.SUBMITTED: ("Mới đăng ký", "newly submitted"),
    DossierStatus.ACCEPTED: ("Được tiếp nhận", "accepted at the counter"),
    DossierStatus.REFUSED: ("Không được tiếp nhận", "refused at reception"),
    DossierStatus.PROCESSING: ("Đang xử lý", "in processing"),
    DossierStatus.SUPPLEMENT_REQUESTED: ("Yêu cầu bổ sung giấy tờ", "supplement requested"),
    DossierStatus.PAYMENT_REQUESTED: ("Yêu cầu thực hiện nghĩa vụ tài chính", "payment requested"),
    DossierStatus.WITHDRAWN: ("Công dân yêu cầu rút hồ sơ", "withdrawn by the citizen"),
    DossierStatus.STOPPED: ("Dừng xử lý", "processing stopped"),
    DossierStatus.PROCESSED: ("Đã xử lý xong", "processed, the result waits"),
    DossierStatus.HANDED_OVER: ("Đã trả kết quả", "result handed over"),
    DossierStatus.UNKNOWN: ("Không rõ trạng thái", "unknown status"),
}


class MessageKind(StrEnum):
    """What a delivery carries."""

    DOSSIER = "dossier"  #: a whole dossier, as it stands
    PROGRESS = "progress"  #: entries of progress
    STATUS = "status"  #: the status of a dossier that the receiver had forwarded
    CORRECTION = "correction"  #: a report to the owner of a database
    NOTICE = "notice"  #: part of a dossier, from the portal that forwarded it: an amendment, a voucher


class _DossierPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _printable(text: str) -> str:
    # the first look is quick, and enough for most texts
    if not text.isprintable() and any(one < " " and one not in "\n\t" for one in text):
        raise ValueError("control characters are not allowed")
    return text


def code_of(text: str) -> str:
    """A code in NFC: one dossier has one code, however it was typed. Raises WrongText for signs that nobody sees."""
    if hides_in_code(text):
        raise WrongText(say.CODE_WITH_HIDDEN_SIGNS)
    return unicodedata.normalize("NFC", text)


#: a code of another system: opaque, in NFC
Code = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$"), AfterValidator(code_of)
]
#: a code that may be left out
OptionalCode = Annotated[str, StringConstraints(max_length=200), AfterValidator(code_of)]
#: a word of another system, kept as it came
ForeignWord = Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)]
#: free text; a portal that takes less gets it cut, with an ellipsis
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable)]
Url = Annotated[str, StringConstraints(max_length=4_000), AfterValidator(_printable)]
#: `sha256:` and 64 hexadecimal digits: a file of this gateway
FileRef = Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64})?$")]


class Channel(StrEnum):
    """How the dossier came."""

    DIRECT = "direct"
    ONLINE = "online"
    POSTAL = "postal"


class ApplicantKind(StrEnum):
    """Who the owner of the dossier is."""

    CITIZEN = "citizen"
    BUSINESS = "business"
    HOUSEHOLD_BUSINESS = "household_business"
    STATE_AGENCY = "state_agency"
    OTHER_ORGANISATION = "other_organisation"


class IdKind(StrEnum):
    """Which number identifies the owner."""

    PERSONAL_ID = "personal_id"
    OLD_ID = "old_id"
    TAX_CODE = "tax_code"
    PASSPORT = "passport"


class ReturnMethod(StrEnum):
    """How the result reaches its owner."""

    COUNTER = "counter"
    POSTAL = "postal"
    ONLINE_SIGNED_COPY = "online_signed_copy"


class FiledAt(StrEnum):
    """Which portal took the dossier in (NoiNopHoSo)."""

    NATIONAL_PORTAL = "national_portal"
    OWN_PORTAL = "own_portal"


class Payment(StrEnum):
    """How a fee was paid online (DuocThanhToanTrucTuyen)."""

    NONE = "none"
    NATIONAL_PLATFORM = "national_platform"
    AGENCY_GATEWAY = "agency_gateway"
    FEE_NOT_PAID_ONLINE = "fee_not_paid_online"


class Reuse(StrEnum):
    """Whether a paper is one that the state holds already (DuocTaiSuDung)."""

    NONE = "none"
    REUSED = "reused"  #: reused, without a result code
    REPLACED = "replaced"  #: replaced by the result of another procedure: `result_code`


class OwnerId(_DossierPart):
    """A number of the owner; it can be cancelled and issued again: no key."""

    kind: IdKind
    number: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z\-]+$")]
    more: Mapping[str, Any] = {}


class Applicant(_DossierPart):
    """The owner of the dossier."""

    kind: ApplicantKind = ApplicantKind.CITIZEN
    name: Name = ""
    ids: tuple[OwnerId, ...] = Field((), max_length=5)
    #: TechID: the account at the national portal
    account: OptionalCode = ""
    #: the submitter signed in with VNeID
    verified: bool = False
    email: Name = ""
    phone: Name = ""
    fax: Name = ""
    #: address and birth date as they came; shapes of the portal
    more: Mapping[str, Any] = {}


class DossierPaper(_DossierPart):
    """One paper of the dossier: a file of this gateway, a URL of the sender, or data instead of both."""

    #: code of the component in the procedure (MAGIAYTO)
    component: OptionalCode = ""
    title: Text = ""
    file_name: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_printable)] = ""
    file: FileRef = ""
    url: Url = ""
    digitised: bool = False
    reuse: Reuse = Reuse.NONE
    #: taken from the national paper store (DuocLayTuKhoDMQG)
    from_store: bool = False
    #: code of the result that replaces it (MaKetQuaThayThe)
    result_code: OptionalCode = ""
    deleted: bool = False
    more: Mapping[str, Any] = {}


class Fee(_DossierPart):
    """A fee of the dossier."""

    title: Name = ""
    code: OptionalCode = ""
    #: `reception`, `supplement`, `return`
    collect: OptionalCode = ""
    amount: ForeignWord = ""
    kind: OptionalCode = ""
    more: Mapping[str, Any] = {}


class OtherFile(_DossierPart):
    """A further attachment, by title and number only."""

    title: Text = ""
    quantity: int = Field(1, ge=0, le=100_000)
    kind: int = Field(0, ge=0, le=1_000)
    more: Mapping[str, Any] = {}


class Supplement(_DossierPart):
    """One round in which the citizen is asked for more."""

    id: int = Field(0, ge=0)
    asked_by: Name = ""
    asked_for: Text = ""
    asked_at: AwareDatetime | None = None
    received_by: Name = ""
    received_note: Text = ""
    received_at: AwareDatetime | None = None
    done: bool = False
    papers: tuple[DossierPaper, ...] = Field((), max_length=200)
    fees: tuple[Fee, ...] = Field((), max_length=200)
    due_before: AwareDatetime | None = None
    due_after: AwareDatetime | None = None
    more: Mapping[str, Any] = {}


class Result(_DossierPart):
    """A result of the procedure."""

    title: Text = ""
    #: MAKETQUA of the procedure
    code: OptionalCode = ""
    component: OptionalCode = ""
    file: FileRef = ""
    url: Url = ""
    file_name: Name = ""
    more: Mapping[str, Any] = {}


class Dossier(_DossierPart):
    """One application, as the systems tell one another of it."""

    code: Code
    procedure: Code
    procedure_title: Text = ""
    field_code: OptionalCode = ""
    field_title: Name = ""
    #: code of the agency that answers for it; blank: that of the sender
    agency: OptionalCode = ""
    #: name of the unit that works on it
    unit: Name = ""
    #: code at the other side, where it has one of its own
    other_code: OptionalCode = ""
    channel: Channel = Channel.DIRECT
    receipt_no: OptionalCode = ""
    applicant: Applicant = Applicant()
    abstract: Text = ""
    other_info: Text = ""
    note: Text = ""
    filed_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    refused_at: AwareDatetime | None = None
    processed_at: AwareDatetime | None = None
    handed_over_at: AwareDatetime | None = None
    handed_over_note: Text = ""
    status: DossierStatus = DossierStatus.SUBMITTED
    #: the foreign word, where the status is unknown
    status_text: ForeignWord = ""
    return_method: ReturnMethod = ReturnMethod.COUNTER
    filed_with: FiledAt = FiledAt.OWN_PORTAL
    payment: Payment = Payment.NONE
    has_digitised: bool = False
    #: codes of databases that were asked instead of the citizen (MaCSDL)
    databases: tuple[OptionalCode, ...] = Field((), max_length=50)
    papers: tuple[DossierPaper, ...] = Field((), max_length=500)
    fees: tuple[Fee, ...] = Field((), max_length=200)
    other_files: tuple[OtherFile, ...] = Field((), max_length=500)
    supplements: tuple[Supplement, ...] = Field((), max_length=100)
    results: tuple[Result, ...] = Field((), max_length=200)
    #: what came without a place in this vocabulary: kept under its foreign name
    more: Mapping[str, Any] = {}


class ProgressEntry(_DossierPart):
    """One step of a dossier."""

    dossier: Code
    #: name of the official
    official: Name = ""
    position: Name = ""
    department: Name = ""
    at: AwareDatetime
    content: Text = ""
    status: DossierStatus
    status_text: ForeignWord = ""
    started_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    #: of a dossier that a portal forwarded: its code at the province, and papers for the portal
    local_code: OptionalCode = ""
    papers: tuple[DossierPaper, ...] = Field((), max_length=500)
    more: Mapping[str, Any] = {}


class StatusNotice(_DossierPart):
    """What the province tells the portal about a dossier that the portal forwarded (DongBoTrangThaiHoSo)."""

    #: code at the portal
    dossier: Code
    #: code at the province
    local_code: OptionalCode = ""
    procedure: OptionalCode = ""
    account: OptionalCode = ""
    at: AwareDatetime
    status: DossierStatus
    status_text: ForeignWord = ""
    content: Text = ""
    #: the appointment, where it is said again or anew
    due_at: AwareDatetime | None = None
    papers: tuple[DossierPaper, ...] = Field((), max_length=500)
    more: Mapping[str, Any] = {}


def status_at(dossier: Dossier) -> datetime | None:
    """The time of the status, where one of the dossier's own dates tells it."""
    return {
        DossierStatus.SUBMITTED: dossier.filed_at,
        DossierStatus.ACCEPTED: dossier.received_at,
        DossierStatus.REFUSED: dossier.refused_at,
        DossierStatus.PROCESSED: dossier.processed_at,
        DossierStatus.HANDED_OVER: dossier.handed_over_at,
    }.get(dossier.status)
