"""JWT access tokens (RFC 9068), issued to one requester and bound to a key or a certificate (RFC 7800, `cnf`).

A verified token is cached until it ends, a revocation or a key change.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.access.faults import TokenRefused
from gateway.access.keys import TokenKeys
from gateway.access.requesters import Requesters
from gateway.access.revocations import Revocations
from gateway.domain import sentences as say
from gateway.domain.parties import Requester
from gateway.domain.problems import ProblemCode
from gateway.jose import jws
from gateway.jose.jws import JoseBroken

TYP = "at+jwt"
#: largest difference between the clocks of two gateways, seconds
APART_SECONDS = 300
_REMEMBERED = 4_096
_TEXTS = ("iss", "aud", "sub", "client_id", "jti", "scope")
_NUMBERS = ("iat", "exp", "nbf", "restored")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A genuine token, valid when it was verified."""

    requester: Requester
    client_id: str
    issuer: str
    jti: str
    issued: int
    expires: int
    #: thumbprint of the key (`jkt`) or certificate (`x5t#S256`) that it is bound to; empty: unbound
    key: str = ""
    certificate: str = ""


class AccessTokens:
    """Issues and verifies tokens."""

    def __init__(
        self, keys: TokenKeys, requesters: Requesters, revocations: Revocations, now: Callable[[], float],
        seconds: int = 600,
    ) -> None:  # fmt: skip
        """`seconds`: life of a token; `now` returns POSIX seconds."""
        self.seconds = seconds
        self._keys = keys
        self._requesters = requesters
        self._revocations = revocations
        self._now = now
        self._verified: dict[str, AccessToken] = {}
        #: the cache is valid while this is unchanged
        self._epoch = (revocations.epoch, keys.loads)

    def mint(self, requester: Requester, client_id: str, issuer: str, confirmation: dict[str, str]) -> str:
        """A token for the requester's scopes; `confirmation` is the claim `cnf`, empty for a plain bearer."""
        now = int(self._now())
        claims: dict[str, Any] = {
            "iss": issuer, "aud": issuer, "sub": str(requester.id), "client_id": client_id,
            "iat": now, "exp": now + self.seconds, "jti": secrets.token_urlsafe(16),
            "scope": " ".join(sorted(requester.scopes)),
        }  # fmt: skip
        if confirmation:
            claims["cnf"] = confirmation
        if restored := self._revocations.restored(requester.id):
            claims["restored"] = restored
        key = self._keys.current
        return jws.sign({"typ": TYP, "kid": key.kid}, claims, key.private)

    def verify(self, token: str, issuer: str) -> AccessToken:
        """The token's claims. Raises TokenRefused if it is forged, of another issuer, expired or revoked."""
        if self._epoch != (self._revocations.epoch, self._keys.loads):
            self._epoch = (self._revocations.epoch, self._keys.loads)
            self._verified.clear()
        found = self._verified.get(token)
        if found is None:
            found = self._read(token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = found
        now = self._now()
        # a longer life than any token has comes from a clock that was ahead
        if not now < found.expires <= now + self.seconds + APART_SECONDS:
            raise TokenRefused(say.TOKEN_OVER, code=ProblemCode.TOKEN_EXPIRED)
        if found.issuer != issuer:
            raise TokenRefused(say.TOKEN_ELSEWHERE)
        return found

    def is_known(self, token: str) -> bool:
        """Whether its signing key is known; if not, the key files may have changed."""
        try:
            return self._keys.named(jws.read(token).kid) is not None
        except JoseBroken:
            return True

    def _read(self, token: str) -> AccessToken:
        try:
            message = jws.read(token)
        except JoseBroken as error:
            raise TokenRefused(say.TOKEN_NOT_OURS_FOR(why=error.sentence)) from None
        key = self._keys.named(message.kid)
        if message.typ != TYP or key is None or not jws.is_signed_by(message, key.public.key):
            raise TokenRefused(say.TOKEN_NOT_OURS)
        return self._in_force(message.claims)

    def _in_force(self, claims: dict[str, Any]) -> AccessToken:
        if not _is_ours(claims):
            raise TokenRefused(say.TOKEN_NOT_OURS)
        known = self._requesters.named(claims["sub"])
        if claims.get("nbf", 0) > self._now() or claims["iat"] > self._now() + APART_SECONDS:
            raise TokenRefused(say.TOKEN_NOT_YET)
        revoked = self._revocations.is_revoked(claims["jti"], claims["sub"], claims.get("restored", 0))
        if known is None or known.revoked or revoked:
            raise TokenRefused(say.TOKEN_REVOKED, code=ProblemCode.TOKEN_REVOKED)
        whole, bound = known.requester, claims.get("cnf", {})
        scopes = whole.scopes & frozenset(claims["scope"].split())
        return AccessToken(
            requester=Requester(id=whole.id, name=whole.name, scopes=scopes), client_id=claims["client_id"],
            issuer=claims["iss"], jti=claims["jti"], issued=claims["iat"], expires=claims["exp"],
            key=bound.get("jkt", ""), certificate=bound.get("x5t#S256", ""),
        )  # fmt: skip


def _is_ours(claims: dict[str, Any]) -> bool:
    """Whether `mint` could have written the claims; the signature is already verified."""
    texts = all(isinstance(claims.get(name), str) for name in _TEXTS)
    numbers = all(type(claims.get(name, 0)) is int for name in _NUMBERS) and {"iat", "exp"} <= claims.keys()
    bound = claims.get("cnf", {})
    return texts and numbers and isinstance(bound, dict) and claims["aud"] == claims["iss"]
