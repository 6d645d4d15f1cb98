"""Client assertions (RFC 7523, 3; `private_key_jwt` of OpenID Connect Core, 9).

Each is accepted once, lives five minutes at most, and names this gateway as its only audience. An unknown client costs
as much time as a wrong signature: a random key is tried, as often as any requester has keys.
"""

import hashlib
from collections.abc import Callable, Collection
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.access.faults import GrantRefused
from gateway.access.requesters import RegisteredRequester, Requesters
from gateway.domain import sentences as say
from gateway.domain.problems import TokenErrorCode
from gateway.jose import jwk, jws
from gateway.jose.jws import JoseBroken
from gateway.ports.access import Replays

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_LIFE = 300
_APART_SECONDS = 60
_LONGEST_JTI = 256
_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})
#: the same text for every fault


class Assertions:
    """Verifies assertions; accepts each once."""

    def __init__(self, requesters: Requesters, replays: Replays, now: Callable[[], float]) -> None:
        """`now` returns POSIX seconds."""
        self._requesters = requesters
        self._replays = replays
        self._now = now
        nobody = (Ed25519PrivateKey.generate(), generate_private_key(SECP256R1()))
        self._nobody = tuple(jwk.of(one.public_key()) for one in nobody)

    async def prover(
        self, assertion: str, client_id: str | None, audiences: Collection[str]
    ) -> RegisteredRequester:
        """The requester that signed it. Raises GrantRefused. `client_id`: from the form, if given."""
        try:
            message = jws.read(assertion)
        except JoseBroken as error:
            raise GrantRefused(
                TokenErrorCode.INVALID_CLIENT,
                say.CLIENT_FAILED_FOR(why=say.ASSERTION_BROKEN(why=error.sentence)),
            ) from None
        name = message.claims.get("iss")
        known = self._requesters.client(name) if isinstance(name, str) else None
        proven = self._is_signed(message, known)
        if known is None or not proven or (client_id is not None and client_id != name):
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED)
        if why := self._fault(message, name, audiences):
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED_FOR(why=why))
        await self._take(known, message.claims)
        return known

    def _is_signed(self, message: jws.Jws, known: RegisteredRequester | None) -> bool:
        keys = [one for one in (known.keys if known else ()) if one.algorithm == message.algorithm]
        if message.kid is not None:
            keys = [one for one in keys if message.kid in {one.kid, one.thumbprint}]
        if any(jws.is_signed_by(message, one.key) for one in keys):
            return True
        # the time must not show how many keys a requester has
        most = self._requesters.most_keys(message.algorithm) if message.kid is None else 1
        [nobody] = [one.key for one in self._nobody if one.algorithm == message.algorithm]
        for _ in range(most - len(keys)):
            jws.is_signed_by(message, nobody)
        return False

    def _fault(self, message: jws.Jws, name: object, audiences: Collection[str]) -> str:
        """The fault of a genuine assertion: only its owner sees it."""
        claims = message.claims
        if message.typ not in _TYPES:
            return "the 'typ' of an assertion is JWT"
        if claims.get("sub") != name:
            return "'iss' and 'sub' must both be the client_id"
        if not _is_for(claims.get("aud"), audiences):
            return f"'aud' must be one of {', '.join(audiences)}, alone"
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
            return "'jti' is missing"
        return self._untimely(claims)

    def _untimely(self, claims: dict[str, Any]) -> str:
        now, expires = self._now(), claims.get("exp")
        if (
            not jws.is_number(expires)
            or not now - _APART_SECONDS < expires <= now + _LONGEST_LIFE + _APART_SECONDS
        ):
            return f"'exp' must lie ahead, by {_LONGEST_LIFE} seconds at most"
        early = [claims[one] for one in ("nbf", "iat") if one in claims]
        if not all(jws.is_number(one) and one <= now + _APART_SECONDS for one in early):
            return "'nbf' or 'iat' lies ahead"
        return ""

    async def _take(self, known: RegisteredRequester, claims: dict[str, Any]) -> None:
        text = f"assertion\0{known.client_id}\0{claims['jti']}"
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if not await self._replays.first(key, claims["exp"] + 2 * _APART_SECONDS):
            raise GrantRefused(TokenErrorCode.INVALID_CLIENT, say.CLIENT_FAILED_FOR(why=say.ASSERTION_TAKEN))


def _is_for(audience: object, ours: Collection[str]) -> bool:
    """Whether this gateway is the only audience: else another audience could replay it here."""
    audiences = audience if isinstance(audience, list) else [audience]
    return bool(audiences) and all(isinstance(one, str) and one in ours for one in audiences)
