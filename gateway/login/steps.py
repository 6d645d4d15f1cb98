"""What a browser shows or brings, and what it gets next: between the broker and the door, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import LoginReason
from gateway.login.sessions import Session
from gateway.login.wanted import AuthorizationAnswer

NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser that asks."""

    exchange: ExchangeId
    #: this gateway's public URL, without a slash at the end
    issuer: str
    #: value of the cookie that binds attempts; blank: it brought none
    browser: str = field(default="", repr=False)
    #: value of the session's cookie
    session: str = field(default="", repr=False)
    #: value of the cookie of an official's session
    staff: str = field(default="", repr=False)


class PageKind(StrEnum):
    """The pages of logins; each is a template of gateway/console."""

    CHOOSE = "choose"
    MANDATE = "mandate"
    CONSENT = "consent"
    #: something goes on by itself, or by its one button
    WORKING = "working"
    #: the page's script shows that it is the tab that began the login
    PROOF = "proof"
    #: cookies are off: begin again, with a proof that the page keeps
    NO_COOKIES = "no_cookies"
    SIGNED_IN = "signed_in"
    SESSIONS = "sessions"
    SIGN_OUT = "sign_out"
    SIGNED_OUT = "signed_out"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """A page; `values` are those of its template."""

    kind: PageKind
    values: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    status: int = 200
    #: origins that its frames show (front-channel logout)
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The browser goes to an address: of a provider, of a system as registered, or of this gateway."""

    url: str = field(repr=False)


NextStep = LoginPage | Leaving | AuthorizationAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOutcome:
    """The next step of a browser, and its cookies: None leaves one as it is, blank takes it away."""

    step: NextStep
    browser: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    staff: str | None = field(default=None, repr=False)
    #: of the page's person, for the frame
    who: Session | None = None

    def with_session(self, cookie: str | None, *, of_staff: bool = False) -> Self:
        """The same, with another session."""
        return replace(self, staff=cookie) if of_staff else replace(self, session=cookie)


#: statuses of the pages about a login that ended without a person
STATUSES = {
    LoginReason.EXPIRED: 410,
    LoginReason.UNKNOWN_STATE: 400,
    LoginReason.OTHER_BROWSER: 403,
    LoginReason.NO_COOKIES: 400,
    LoginReason.CANCELLED: 400,
    LoginReason.PROVIDER_REFUSED: 403,
    LoginReason.PROVIDER_UNAVAILABLE: 503,
    LoginReason.ANSWER_INVALID: 503,
    LoginReason.CLOCK_DIFFERS: 503,
    LoginReason.FORGED: 403,
    LoginReason.NO_ACCOUNT: 403,
    LoginReason.LEVEL_TOO_LOW: 403,
    LoginReason.NOT_FOR_CLIENT: 403,
    LoginReason.NOT_LINKED: 403,
    LoginReason.NO_ROLE: 403,
    LoginReason.MANDATE_NOT_PROVEN: 403,
    LoginReason.REQUEST_WRONG: 400,
    LoginReason.SYSTEM_UNKNOWN: 400,
    LoginReason.ANSWERED: 410,
    LoginReason.OTHER_LOGIN: 409,
    LoginReason.UNAVAILABLE: 503,
}


def problem_page(reason: LoginReason, again: str) -> LoginPage:
    """What happened; `again`: where its one button leads, an address of this gateway."""
    return LoginPage(
        kind=PageKind.PROBLEM, values={"reason": reason, "again": again}, status=STATUSES[reason]
    )
