"""Verifies a signed message (RFC 9421, 3.2): by a known key, with the required components covered."""

import hashlib
from collections.abc import Container, Sequence
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.jose.jwk import PublicKey
from gateway.jose.jws import verifies
from gateway.messages.digest import check_digest
from gateway.messages.faults import SignatureBroken
from gateway.messages.message import Message, signature_base
from gateway.messages.structured import InnerList, Item, dictionary

#: algorithm of a key (JOSE) -> of a message signature
ALGORITHMS = {"EdDSA": "ed25519", "ES256": "ecdsa-p256-sha256"}
#: seconds: largest age of a signature, largest lead of the signer's clock
OLDEST, AHEAD = 300, 60
_NONCE = range(8, 129)
_PARAMS = frozenset({"created", "expires", "keyid", "alg", "nonce", "tag"})


class Signed(NamedTuple):
    """A verified signature."""

    label: str
    key: PublicKey
    signature: bytes
    #: the signature base
    base: bytes
    created: int
    nonce: str
    #: the raw parameter
    expires: object

    @property
    def base_digest(self) -> str:
        """SHA-256 of the signature base, hexadecimal."""
        return hashlib.sha256(self.base).hexdigest()


def verified(
    message: Message, body: bytes | None, keys: Sequence[PublicKey], request: Message | None = None
) -> Signed:
    """The verified signature of a message, of any age. Raises SignatureBroken.

    `body`: None if the caller compares it with Content-Digest, which is then covered; `request`: that of an answer.
    """
    label, signed, signature = _only(message)
    key = _key(signed, keys)
    _check_covered(signed, message, body)
    base = signature_base(signed, message, request)
    if not verifies(key.key, signature, base):
        raise SignatureBroken(say.SIGNATURE_NOT_BY_KEY)
    created, nonce = signed.params.get("created"), signed.params.get("nonce")
    if not isinstance(created, int) or isinstance(created, bool):
        raise SignatureBroken(say.SIGNATURE_NO_TIME)
    nonce = nonce if isinstance(nonce, str) else ""
    return Signed(label, key, signature, base, created, nonce, signed.params.get("expires"))


def fresh(signed: Signed, now: float) -> None:
    """Raises SignatureBroken unless the signature is recent, not expired, and has a nonce."""
    if not now - OLDEST <= signed.created <= now + AHEAD:
        raise SignatureBroken(say.SIGNATURE_OLD(oldest=OLDEST))
    expires = signed.expires
    if expires is not None and (not isinstance(expires, int) or expires < now or expires < signed.created):
        raise SignatureBroken(say.SIGNATURE_OVER)
    if len(signed.nonce) not in _NONCE:
        raise SignatureBroken(say.SIGNATURE_NONCE)


def _only(message: Message) -> tuple[str, InnerList, bytes]:
    """The only signature of a message: with several it is unclear which one counts."""
    inputs = dictionary(", ".join(message.fields.get("signature-input", ())))
    signatures = dictionary(", ".join(message.fields.get("signature", ())))
    if len(inputs) != 1 or inputs.keys() != signatures.keys():
        raise SignatureBroken(say.SIGNATURE_ONE)
    ((label, inner),) = inputs.items()
    item = signatures[label]
    if not isinstance(inner, InnerList) or not isinstance(item, Item) or not isinstance(item.value, bytes):
        raise SignatureBroken(say.SIGNATURE_FORM)
    if strange := inner.params.keys() - _PARAMS:
        raise SignatureBroken(say.SIGNATURE_PARAMETER(name=min(strange)))
    return label, inner, item.value


def _key(signed: InnerList, keys: Sequence[PublicKey]) -> PublicKey:
    name, algorithm = signed.params.get("keyid"), signed.params.get("alg")
    key = next((one for one in keys if name in (one.kid, one.thumbprint)), None)
    if key is None:
        raise SignatureBroken(say.SIGNATURE_KEY)
    if algorithm is not None and algorithm != ALGORITHMS[key.algorithm]:
        raise SignatureBroken(say.SIGNATURE_ALGORITHM(algorithm=ALGORITHMS[key.algorithm]))
    return key


def _check_covered(signed: InnerList, message: Message, body: bytes | None) -> None:
    """Check the covered components and the digest of the body."""
    names = {item.value for item in signed.items if not item.params}
    wanted = ["@status"] if message.status else ["@method", *_target(names, message)]
    if body or body is None or "content-digest" in message.fields:
        wanted.append("content-digest")
    if lacking := [name for name in wanted if name not in names]:
        raise SignatureBroken(say.SIGNATURE_LACKS(lacking=", ".join(lacking)))
    if body is not None and "content-digest" in message.fields:
        check_digest(message.fields["content-digest"], body)


def _target(names: Container[object], message: Message) -> Sequence[str]:
    """The target components to cover: without the host the signature would be valid at another gateway."""
    if "@target-uri" in names:
        return ()
    if "@request-target" in names:
        return ("@authority",)
    return ("@authority", "@path", *(["@query"] if message.query else []))
