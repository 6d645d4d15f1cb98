"""DPoP (RFC 9449): a proof, signed for each request, that the requester holds the key of its token.

Nonces (8, 9) are computed from the time and a shared secret: they are not stored, and are valid for two spans
at most. A proof is accepted once (11.1); its `jti` is stored until its nonce expires.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from gateway.access.faults import ProofBroken
from gateway.domain import sentences as say
from gateway.domain.problems import ProblemCode
from gateway.jose import jwk, jws
from gateway.jose.jws import JoseBroken
from gateway.ports.access import Replays

#: life of a nonce: its own span and the next
SPAN_SECONDS = 60
_APART_SECONDS = 300
_LONGEST_JTI = 256
_MAC = 16
#: cached keys of requesters
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A genuine, fresh proof, not yet accepted."""

    #: RFC 7638 thumbprint of its key
    key: str
    jti: str
    #: POSIX seconds
    until: float
    #: a new nonce if its own will expire soon; else empty
    nonce: str


class Nonces:
    """Nonces of this gateway, each for a time range."""

    def __init__(self, secrets: Callable[[], list[bytes]], now: Callable[[], float]) -> None:
        """`secrets`: the first makes new nonces, all are accepted."""
        self._secrets = secrets
        self._now = now

    def fresh(self) -> str:
        """A nonce of the current span."""
        return _nonce(self._secrets()[0], int(self._now() // SPAN_SECONDS))

    def span(self, nonce: str) -> int | None:
        """The span of a nonce; None if it is not ours or has expired."""
        current = int(self._now() // SPAN_SECONDS)
        for secret in self._secrets():
            for span in (current, current - 1):
                if hmac.compare_digest(_nonce(secret, span).encode(), nonce.encode("utf-8", "surrogatepass")):
                    return span
        return None


class DpopVerifier:
    """Verifies proofs; accepts each once."""

    def __init__(self, nonces: Nonces, replays: Replays, now: Callable[[], float]) -> None:
        """`now` returns POSIX seconds."""
        self._nonces = nonces
        self._replays = replays
        self._now = now
        self._keys = lru_cache(_REMEMBERED)(lambda members: jwk.from_jwk(dict(members)))

    def check(self, proof: str, method: str, url: str, token: str | None = None) -> DpopProof:
        """The proof of this request. Raises ProofBroken. `token`: the access token sent with it."""
        try:
            message = jws.read(proof, with_key=True)
            assert message.jwk is not None
            key = self._key(message.jwk)
        except JoseBroken as error:
            raise ProofBroken(error.sentence) from None
        if message.typ != "dpop+jwt":
            raise ProofBroken(say.PROOF_TYPE)
        if not jws.is_signed_by(message, key.key):
            raise ProofBroken(say.PROOF_UNSIGNED)
        claims = message.claims
        if claims.get("htm") != method or not _same_place(claims.get("htu"), url):
            raise ProofBroken(say.PROOF_PLACE(method=method, url=url))
        if token is not None and claims.get("ath") != ath(token):
            raise ProofBroken(say.PROOF_OF_ANOTHER_TOKEN)
        jti, issued, nonce = claims.get("jti"), claims.get("iat"), claims.get("nonce")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or not jws.is_number(issued):
            raise ProofBroken(say.PROOF_UNNAMED)
        return self._timed(key.thumbprint, jti, issued, nonce)

    def _key(self, shown: dict[str, Any]) -> jwk.PublicKey:
        """The key in a header, cached: parsing a point of the curve is slow."""
        members = tuple(shown.items())
        try:
            return self._keys(members)
        except TypeError:  # a member that is not hashable
            raise JoseBroken(say.PROOF_KEY_NOT_PLAIN) from None

    def _timed(self, key: str, jti: str, issued: float, nonce: object) -> DpopProof:
        span = self._nonces.span(nonce) if isinstance(nonce, str) else None
        if span is None:
            raise ProofBroken(say.PROOF_NONCE, ProblemCode.USE_DPOP_NONCE)
        now = self._now()
        if abs(now - issued) > _APART_SECONDS:
            raise ProofBroken(say.PROOF_UNTIMELY)
        until = (span + 2) * SPAN_SECONDS
        soon_over = until - now <= SPAN_SECONDS
        return DpopProof(key, jti, until, self._nonces.fresh() if soon_over else "")

    async def take(self, proof: DpopProof) -> None:
        """Accept it. Raises ProofBroken if it was accepted before, AccessUnavailable if the store fails."""
        name = hashlib.sha256(f"dpop\0{proof.key}\0{proof.jti}".encode("utf-8", "surrogatepass")).digest()
        if not await self._replays.first(name, proof.until + SPAN_SECONDS):
            raise ProofBroken(say.PROOF_TAKEN)


def ath(token: str) -> str:
    """The digest of an access token (RFC 9449, 4.2)."""
    return jws.encoded(hashlib.sha256(token.encode("ascii", "replace")).digest())


def _nonce(secret: bytes, span: int) -> str:
    return jws.encoded(hmac.digest(secret, span.to_bytes(8), "sha256")[:_MAC])


def _same_place(htu: object, url: str) -> bool:
    """Whether `htu` is the URL without query and fragment (RFC 9449, 4.3; RFC 3986, 6.2.2 and 6.2.3)."""
    if htu == url:
        return True
    if not isinstance(htu, str):
        return False
    try:
        ours, theirs = urlsplit(url), urlsplit(htu)
        ports = [one.port or {"http": 80, "https": 443}.get(one.scheme) for one in (ours, theirs)]
    except ValueError:
        return False
    plain = theirs.username is None and theirs.password is None
    same = (ours.scheme, ours.hostname, ours.path) == (theirs.scheme, theirs.hostname, theirs.path)
    return plain and same and ports[0] == ports[1]
