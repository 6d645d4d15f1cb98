"""The port of identity providers: the national portal and VNeID, where people sign in (OpenID Connect Core)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.domain.login import Identity, LoginReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """What one login at a provider is bound to; made by the gateway, each text of 256 random bits."""

    #: opaque at the provider
    state: str
    nonce: str = field(repr=False)
    #: RFC 7636, 4.1
    verifier: str = field(repr=False)
    #: where the provider sends the browser back
    redirect_uri: str
    #: the person must sign in again (`prompt=login`)
    again: bool = False
    #: oldest acceptable authentication in seconds (`max_age`); None: any
    longest: int | None = None


class LoginFailed(Exception):
    """A login at a provider that proved nobody."""

    def __init__(self, reason: LoginReason, detail: str = "") -> None:
        """`detail`: a code for the operations log (`nonce`, `aud`, `invalid_grant`), never foreign text."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ProviderLogout(NamedTuple):
    """A verified logout token of a provider (Back-Channel Logout 1.0, 2.4): a session, or all of an account."""

    subject: str
    session: str
    #: `jti`, and until when it must be remembered (POSIX seconds)
    token: str
    until: float


class IdentityProvider(Protocol):
    """One provider of `config/identity_providers`."""

    async def begin(self, attempt: LoginAttempt, end: float) -> str:
        """The URL to which the browser goes. `end`: a time of the loop's clock. Raises LoginFailed."""
        ...

    async def finish(self, attempt: LoginAttempt, answer: Mapping[str, str], end: float) -> Identity:
        """The person who signed in, by the query that came back to `redirect_uri`; verified wholly.

        Raises LoginFailed: what was forged, what the provider refused, and what cannot be read, each with its reason.
        """
        ...

    def logout_url(self, identity: Identity, return_to: str, state: str) -> str:
        """Where the browser ends the provider's session (RP-Initiated Logout 1.0); blank: it has no such page."""
        ...

    async def logged_out(self, token: str, end: float) -> ProviderLogout:
        """The session that a logout token ends. Raises LoginFailed for one that is forged, old or another's."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
