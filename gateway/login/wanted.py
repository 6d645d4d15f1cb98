"""What a client's authorization request wants of a login, and what answers it: between broker and OpenID provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Mandate
from gateway.login.sessions import Session


class Prompt(StrEnum):
    """`prompt` of an authorization request (OpenID Connect Core 1.0, 3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginWanted:
    """A checked authorization request, as the broker needs it."""

    #: of the pending authorization
    id: str
    #: requester id
    client: str
    #: POSIX seconds; with `prompt=login` only a later authentication counts
    created: float
    #: lowest assurance level
    level: int = 0
    #: identity providers that count; empty: all
    providers: tuple[str, ...] = ()
    prompt: frozenset[Prompt] = frozenset()
    #: `max_age` in seconds
    longest: int | None = None
    #: kinds of `mappings/representations` that the person may choose; empty: nobody acts for others
    mandates: tuple[str, ...] = ()
    #: claims that the system asks for (`name`, `personal_id`); those that the account has leave, beside the subject
    claims: tuple[str, ...] = ()
    procedure: str = ""
    agency: str = ""


class AuthorizationError(StrEnum):
    """Errors by which the broker ends an authorization (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6)."""

    ACCESS_DENIED = "access_denied"
    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    CONSENT_REQUIRED = "consent_required"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNMET = "unmet_authentication_requirements"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationAnswer:
    """An authorization response: the browser goes to `url`, with `fields` as a posted form (`form_post`)."""

    #: whole, with its parameters where there are no `fields`; checked against the client's registration
    url: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


class Authorizations(Protocol):
    """Pending authorizations of clients, kept by the OpenID provider. Raises LoginsUnavailable."""

    async def wanted(self, authorization: str) -> LoginWanted | None:
        """A pending one; None: it is answered already, over, or never was."""
        ...

    async def grant(
        self, authorization: str, session: Session, mandate: Mandate | None, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """Answer it with a code, once; recorded. None: a concurrent call answered it."""
        ...

    async def refuse(
        self, authorization: str, error: AuthorizationError, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """Answer it with an error, once. None: it is answered already."""
        ...


class HintedSession(NamedTuple):
    """Who may end what: an ID token of ours that a client shows at logout. It may have expired."""

    client: str
    #: id of the session; blank: the token names none
    session: str


class IdTokenHints(Protocol):
    """Reads ID tokens that this gateway signed, and signs logout tokens."""

    def hinted(self, token: str) -> HintedSession | None:
        """Of an ID token of ours, also an expired one; None: it is none."""
        ...

    async def logout_token(self, client: str, session: Session) -> str:
        """A logout token for this client (Back-Channel Logout 1.0, 2.4)."""
        ...
