"""Time stamps of checkpoints by an authority (RFC 3161, over HTTP as in its section 3.4).

A stamp counts when it is granted, for this very note (SHA-256), with our nonce, under the agreed policy, made now,
and signed by a certificate for time stamping alone whose chain ends in the configured authority.
Revocation is not asked for: the authority's list belongs into the hands of who verifies later.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response

from adapters.anchors.outside import Outside
from adapters.transport import der
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import ConfigError, Problem
from gateway.ports.clock import Clock

SHA256 = "2.16.840.1.101.3.4.2.1"

_QUERY, _REPLY = "application/timestamp-query", b"application/timestamp-reply"
_NONCE_BITS = 63
#: how far the authority's clock may stand from ours
_DRIFT = timedelta(minutes=5)
_GRANTED = 0
#: tag of the certificates in SignedData (RFC 5652, 5.1)
_CERTIFICATES = 0xA0


class TimestampAuthority:
    """One authority that stamps."""

    kind = "tsa"

    def __init__(
        self, name: str, outside: Outside, roots: Sequence[Certificate], policy: str | None, clock: Clock
    ) -> None:
        """`policy` is the object identifier that must be in the stamp; None: any."""
        self.name = name
        self._outside = outside
        self._roots = list(roots)
        self._policy = policy
        self._clock = clock

    async def countersign(self, note: str) -> bytes:
        """The verified response, DER as `openssl ts` reads it. Raises AnchorFailed."""
        data = note.encode()
        nonce = secrets.randbits(_NONCE_BITS)
        answer = await self._outside.post("", _QUERY, request(data, nonce, self._policy))
        if answer.status != 200 or not answer.fields.get(b"content-type", b"").startswith(_REPLY):
            raise AnchorFailed("refused")
        self.check(answer.body, data, nonce)
        return answer.body

    def check(self, response: bytes, data: bytes, nonce: int | None) -> None:
        """AnchorFailed, with a word for what is wrong, unless the response holds for `data` and was made now."""
        self._held(response, data, nonce, self._clock.now())

    def proven(self, note: str, token: bytes) -> float:
        """When the stamp of a note was made. Raises AnchorFailed unless it holds."""
        return self._held(token, note.encode(), None, None)

    def _held(self, response: bytes, data: bytes, nonce: int | None, now: datetime | None) -> float:
        try:
            stamp = decode_timestamp_response(_in_order(response))
            self._check(stamp, hashlib.sha256(data).digest(), nonce, now)
            return stamp.tst_info.gen_time.timestamp()
        except AnchorFailed:
            raise
        except Exception:  # noqa: BLE001 -- whatever two libraries think of bytes from outside
            raise AnchorFailed("invalid") from None

    async def close(self) -> None:
        """Cut connections."""
        await self._outside.close()

    def _check(
        self, stamp: TimeStampResponse, digest: bytes, nonce: int | None, now: datetime | None
    ) -> None:
        if stamp.status != _GRANTED:
            raise AnchorFailed("refused")
        info = stamp.tst_info
        imprint = info.message_imprint
        if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != digest:
            raise AnchorFailed("wrong_imprint")
        if nonce is not None and info.nonce != nonce:
            raise AnchorFailed("wrong_nonce")
        if self._policy is not None and info.policy.dotted_string != self._policy:
            raise AnchorFailed("wrong_policy")
        if now is not None and abs(info.gen_time - now) > _DRIFT:
            raise AnchorFailed("stale")
        policy = None if self._policy is None else ObjectIdentifier(self._policy)
        VerifierBuilder(roots=list(self._roots), nonce=nonce, policy_id=policy).build().verify(stamp, digest)


def _in_order(response: bytes) -> bytes:
    """The same with its certificates in the order that DER demands of a set. Raises ValueError.

    Many authorities, OpenSSL's among them, write them as a chain. No signature covers that order.
    """
    (whole,) = der.elements(response)
    status, *token = der.elements(whole.content)
    if not token:
        return response
    kind, content = der.elements(token[0].content)
    (signed,) = der.elements(content.content)
    parts = [
        der.tagged(0, *sorted(one.whole for one in der.elements(part.content)))
        if part.tag == _CERTIFICATES
        else part.whole
        for part in der.elements(signed.content)
    ]
    return der.sequence(status.whole, der.sequence(kind.whole, der.tagged(0, der.sequence(*parts))))


def request(data: bytes, nonce: int, policy: str | None) -> bytes:
    """A TimeStampReq for the SHA-256 of `data` that asks for the certificates as well (section 2.4.1)."""
    algorithm = der.sequence(der.oid(SHA256), der.element(der.NULL))
    imprint = der.sequence(algorithm, der.octets(hashlib.sha256(data).digest()))
    wanted = b"" if policy is None else der.oid(policy)
    return der.sequence(
        der.integer(1), imprint, wanted, der.integer(nonce), der.element(der.BOOLEAN, b"\xff")
    )


def open_tsa(name: str, url: str, ca: Path, policy: str | None, clock: Clock) -> TimestampAuthority:
    """The authority at `url`, whose chain ends in a certificate of the PEM file `ca`; ConfigError for unfit files."""
    try:
        roots = load_pem_x509_certificates(ca.read_bytes())
    except (OSError, ValueError):
        what = f"the certificates of the time stamping authority '{name}' cannot be read"
        raise ConfigError([Problem("log.anchors.tsa", 0, what, "write a PEM file")]) from None
    return TimestampAuthority(name, Outside(url), roots, policy, clock)
