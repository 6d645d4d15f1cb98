"""Tokens of a logout: the ID token that a system shows, and the logout token that it gets.

RP-Initiated Logout 1.0 (2), Back-Channel Logout 1.0 (2.4).
"""

import secrets
from collections.abc import Callable

from gateway.login.clients import LoginClients
from gateway.login.id_token_signing import IdTokens
from gateway.login.sessions import Session, SessionBook
from gateway.login.subjects import Subjects
from gateway.login.wanted import HintedSession

_SECONDS = 120
_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokens:
    """Reads ID tokens of this gateway, and signs logout tokens."""

    def __init__(
        self, tokens: IdTokens, clients: LoginClients, sessions: SessionBook, subjects: Subjects,
        issuer: Callable[[], str], now: Callable[[], float],
    ) -> None:  # fmt: skip
        """`issuer`: this gateway's public URL, known when it listens; `now`: POSIX seconds."""
        self._tokens = tokens
        self._clients = clients
        self._sessions = sessions
        self._subjects = subjects
        self._issuer = issuer
        self._now = now

    def hinted(self, token: str) -> HintedSession | None:
        """System and session of an ID token of ours, also of an expired one; None: it is none."""
        claims = self._tokens.hint(token, self._issuer())
        client = self._clients.client(str(claims.get("aud"))) if claims is not None else None
        if claims is None or client is None:
            return None
        session = self._sessions.session_of(str(claims.get("sid", "")), client.requester)
        return HintedSession(client.requester, session)

    async def logout_token(self, client: str, session: Session) -> str:
        """A logout token for a system (requester id). Raises KeyError for one that logs nobody in any more."""
        known, now = self._clients.named(client), int(self._now())
        if known is None:
            raise KeyError(client)
        claims = {
            "iss": self._issuer(),
            "aud": known.client_id,
            "sub": self._subjects.of_login(known, session.identity),
            "sid": self._sessions.sid(session.id, client),
            "iat": now,
            "exp": now + _SECONDS,
            "jti": secrets.token_urlsafe(16),
            "events": {_EVENT: {}},
        }
        return self._tokens.sign(claims, known.settings.id_token_alg, "logout+jwt")
