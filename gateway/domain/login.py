"""Who signed in, and for whom they act, as an identity provider and the databases proved it.

Numbers, names and dates are personal data: in no log, no URL, no error.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from gateway.domain.parties import Subject
from gateway.domain.sentences import Sentence

#: as long as evidence may be cached
_PROOF_SECONDS = 900


class AccountKind(StrEnum):
    """What an account at an identity provider belongs to (LoaiTaiKhoan, national-portal B.3)."""

    CITIZEN = "citizen"  #: 1
    BUSINESS = "business"  #: 2
    ORGANISATION = "organisation"  #: 3
    #: an official, by a provider of officials: no citizen, and it stands for nobody whose data are kept
    STAFF = "staff"


class StaffRole(StrEnum):
    """What an official may do on pages."""

    AUDITOR = "auditor"
    OPERATOR = "operator"
    #: may all that an operator may
    ADMINISTRATOR = "administrator"


# the list below is a table
# fmt: off
class LoginReason(StrEnum):
    """Why a login ended without a person: the closed list of pages, records and errors of logins."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str = "", en: str = "") -> Self:
        """A reason with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    EXPIRED = "login_expired", "Phiên đăng nhập đã hết hạn", "The login took too long and has ended"
    UNKNOWN_STATE = ("login_unknown_state", "Không tìm thấy lượt đăng nhập này",
        "There is no such login under way")
    OTHER_BROWSER = ("login_other_browser", "Lượt đăng nhập này bắt đầu ở trình duyệt khác",
        "This login was begun in another browser")
    #: the browser keeps none, lost them, or another browser began the login: these cannot be distinguished
    NO_COOKIES = ("login_no_cookies", "Trình duyệt này không có cookie của lượt đăng nhập",
        "This browser has no cookie of the login")
    CANCELLED = "login_cancelled", "Việc đăng nhập đã bị hủy", "The login was cancelled"
    PROVIDER_REFUSED = ("login_provider_refused", "Hệ thống định danh từ chối đăng nhập",
        "The identity provider refused the login")
    PROVIDER_UNAVAILABLE = ("login_provider_unavailable", "Hệ thống định danh chưa phản hồi",
        "The identity provider does not answer")
    ANSWER_INVALID = ("login_answer_invalid", "Câu trả lời của hệ thống định danh không dùng được",
        "The answer of the identity provider cannot be used")
    #: its clock is ahead of ours by more than `clock_skew_seconds`
    CLOCK_DIFFERS = ("login_clock_differs", "Đồng hồ của hệ thống định danh và của Cổng lệch nhau quá nhiều",
        "The clocks of the identity provider and of the gateway differ too much")
    #: a token, code, state, nonce or issuer that is not the one of this login
    FORGED = ("login_forged", "Câu trả lời không thuộc lượt đăng nhập này",
        "The answer does not belong to this login")
    NO_ACCOUNT = ("login_no_account", "Tài khoản chưa có mã định danh của Cổng",
        "The account has no identifier at the portal")
    LEVEL_TOO_LOW = ("login_level_too_low", "Mức độ xác thực của tài khoản chưa đủ",
        "The assurance level of the account is too low")
    NOT_FOR_CLIENT = ("login_not_for_client", "Hệ thống này không nhận tài khoản của hệ thống định danh đã chọn",
        "This system does not take accounts of that identity provider")
    NOT_LINKED = ("login_not_linked", "Tài khoản không nêu cá nhân hay tổ chức nào",
        "The account names no person or organisation")
    NO_ROLE = "login_no_role", "Tài khoản chưa được giao vai trò nào ở đây", "The account has no role here"
    MANDATE_NOT_PROVEN = ("login_mandate_not_proven", "Chưa chứng minh được quyền đại diện",
        "The right to act for the other was not proven")
    REQUEST_WRONG = ("login_request_wrong", "Yêu cầu đăng nhập của hệ thống không dùng được",
        "The login request of the system cannot be used")
    #: no system is registered under the client id that the browser brought, or it was revoked
    SYSTEM_UNKNOWN = ("login_system_unknown", "Hệ thống này không đăng nhập được ở đây",
        "This system cannot log people in here")
    #: the system has its answer: a page that was opened or sent again
    ANSWERED = "login_answered", "Lượt đăng nhập này đã xong", "This login is finished already"
    OTHER_LOGIN = ("login_other", "Đã có lượt đăng nhập khác ở trình duyệt này",
        "Another login followed in this browser")
    UNAVAILABLE = "login_unavailable", "Hiện chưa đăng nhập được", "Logins are not possible now"
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an identity provider proved of an account: one login there."""

    #: name of the provider: `config/identity_providers/<provider>.yaml`, or of `config/logins.yaml`
    provider: str
    #: `sub` at the provider
    subject: str
    kind: AccountKind = AccountKind.CITIZEN
    #: identifier of the account at the portal (TechID); it may be issued again: no key of a person
    account: str = ""
    #: twelve digits; blank where the account names none
    personal_id: str = field(default="", repr=False)
    #: nine digits
    old_id: str = field(default="", repr=False)
    tax_code: str = field(default="", repr=False)
    full_name: str = field(default="", repr=False)
    #: `2026-11-27`, `2026-11` or `2026`
    birth_date: str = field(default="", repr=False)
    organisation: str = field(default="", repr=False)
    #: assurance level: 0 unknown, else 1 to 3 (NĐ 69/2024)
    level: int = 0
    #: POSIX seconds of the authentication at the provider
    at: float = 0.0
    #: seconds from there to its ID token, by the provider's clock, whatever that clock says; not kept in a session
    waited: float = 0.0
    #: `sid` at the provider; blank where it names none
    session: str = ""
    #: of an official
    roles: tuple[StaffRole, ...] = ()
    #: kept at the server for the logout there (`id_token_hint`)
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """The proven right to act for another person or an organisation."""

    #: as in `mappings/representations`: parent, guardian, legal_representative, authorised
    kind: str
    represented: Subject = field(repr=False)
    #: code of the document that gives the right; blank where none is needed
    document: str = ""
    #: POSIX seconds
    proven_at: float = 0.0
    #: exchange whose record has the proof
    exchange: str = ""
    #: data service that decided
    proven_by: str = ""
    #: the proof used the document
    is_document_checked: bool = False

    def is_fresh(self, now: float) -> bool:
        """Whether the proof counts without asking again. `now`: POSIX seconds."""
        return now - self.proven_at <= _PROOF_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The login that a request forwards. Numbers, names and dates are personal data."""

    #: name of the provider in `config/logins.yaml` or `config/identity_providers`
    provider: str
    #: of that provider, for people; None: its configuration has none
    title: Sentence | None = None
    #: whose account it is: one of an organisation proves no person, though it may name one
    kind: AccountKind = AccountKind.CITIZEN
    #: twelve digits; blank for an account that names no person
    personal_id: str = field(repr=False)
    #: nine digits; of an account that names no personal id
    old_id: str = field(default="", repr=False)
    tax_code: str = field(default="", repr=False)
    #: assurance level; 0: the proof names none
    level: int = 0
    #: blank where the proof is a foreign ID token
    full_name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    #: it came as a handle of this gateway: the request need not say who signed in
    is_handle: bool = False
    #: for whom the person acts; None: for themselves
    mandate: Mandate | None = None
