"""Who is asking: client credentials (RFC 6749, 2.3.1 and 4.4) and compact bearer tokens (HMAC-SHA-256).

Secrets are compared in constant time, and an unknown client costs as much as a wrong secret.
A token proves the requester to every worker that holds the same key; nothing is stored.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from gateway.config import RequesterSettings
from gateway.domain.errors import Unauthenticated
from gateway.domain.identifiers import RequesterId
from gateway.domain.parties import Requester

_NOT_OURS = "this is no token of this gateway, or not the whole of one; fetch one at /oauth2/token"
_MAC_BYTES = 32
_CACHED = 4_096
_LONGEST = 2_048


@dataclass(frozen=True, slots=True)
class _Known:
    requester: Requester
    agency: str
    secret: bytes


class Requesters:
    """The systems that may ask, and the tokens that prove them."""

    def __init__(
        self,
        settings: Mapping[str, RequesterSettings],
        key: bytes,
        *,
        seconds: int = 600,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`key` signs tokens: the same for all workers. `seconds` is the life of a token."""
        self._by_client = {item.client_id: _known(item) for item in settings.values()}
        self._by_id = {str(known.requester.id): known for known in self._by_client.values()}
        self._key = key
        self._now = now
        self._verified: dict[str, tuple[float, Requester]] = {}
        self.seconds = seconds

    def authenticate(self, client_id: str, secret: str) -> Requester:
        """The requester whose credentials these are; Unauthenticated otherwise."""
        known = self._by_client.get(client_id)
        given = _digest(secret)
        expected = known.secret if known else _digest("no such client")
        if not hmac.compare_digest(given, expected) or known is None:
            raise Unauthenticated(code="invalid_client")
        return known.requester

    def agency(self, requester: Requester) -> str:
        """The agency that the requester belongs to."""
        return self._by_id[requester.id].agency

    def issue(self, requester: Requester, scopes: frozenset[str]) -> str:
        """A token for some of the requester's scopes."""
        claims = {"c": requester.id, "s": sorted(scopes), "e": int(self._now()) + self.seconds}
        payload = orjson.dumps(claims)
        return f"{_encode(payload)}.{_encode(self._sign(payload))}"

    def verify(self, token: str) -> Requester:
        """The requester that a token proves; Unauthenticated when it is forged, expired or revoked."""
        cached = self._verified.get(token)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        expires, requester = self._read(token)
        if len(self._verified) >= _CACHED:
            self._verified.clear()
        self._verified[token] = (expires, requester)
        return requester

    def _read(self, token: str) -> tuple[float, Requester]:
        try:
            head, _, tail = token[: _LONGEST + 1].partition(".")
            payload, mac = _decode(head), _decode(tail)
        except (binascii.Error, ValueError):
            raise Unauthenticated(_NOT_OURS, code="invalid_token") from None
        if (
            len(token) > _LONGEST
            or len(mac) != _MAC_BYTES
            or not hmac.compare_digest(mac, self._sign(payload))
        ):
            raise Unauthenticated(_NOT_OURS, code="invalid_token")
        claims = orjson.loads(payload)
        known = self._by_id.get(claims["c"])
        if known is None or claims["e"] <= self._now():
            raise Unauthenticated("the token has expired; fetch a new one", code="token_expired")
        whole = known.requester
        scopes = whole.scopes & frozenset(claims["s"])
        return claims["e"], Requester(id=whole.id, name=whole.name, scopes=scopes)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, b"motlan access token v1\0" + payload, "sha256")


def _known(item: RequesterSettings) -> _Known:
    requester = Requester(id=RequesterId(item.requester), name=item.title.vi, scopes=frozenset(item.scopes))
    return _Known(requester, item.agency, _digest(item.client_secret.reveal()))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(raw) != text:
        raise ValueError("not the one spelling of these bytes")
    return raw
