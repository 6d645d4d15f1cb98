"""What a client signs, made without the product's code: each part of a message can be spoiled."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def b64(raw: bytes | str) -> str:
    return base64.urlsafe_b64encode(raw.encode() if isinstance(raw, str) else raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def edwards() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def jwk(key: Key) -> dict[str, str]:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
    numbers = key.public_key().public_numbers()
    x, y = (b64(one.to_bytes(32)) for one in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def signature(key: Key, signed: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def jws(header: dict[str, Any] | str, claims: dict[str, Any] | str, key: Key) -> str:
    """Texts go in as they are."""
    parts = [b64(one if isinstance(one, str) else json.dumps(one)) for one in (header, claims)]
    signed = ".".join(parts)
    return f"{signed}.{b64(signature(key, signed.encode()))}"


def algorithm(key: Key) -> str:
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "ES256"


def assertion(key: Key, client: str, audience: Any, header: dict[str, Any] | None = None, **more: Any) -> str:
    """A good one; `more` replaces claims, None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 60, "jti": secrets.token_hex(8),
    } | more  # fmt: skip
    head = {"alg": algorithm(key), "typ": "JWT"} | (header or {})
    return jws(_present(head), _present(claims), key)


def proof(
    key: Key, method: str, url: str, nonce: str = "", token: str = "", header: dict[str, Any] | None = None,
    **more: Any,
) -> str:  # fmt: skip
    """A good DPoP proof; `more` replaces claims, None leaves one out."""
    claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_hex(8)}
    if nonce:
        claims["nonce"] = nonce
    if token:
        claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
    head = {"alg": algorithm(key), "typ": "dpop+jwt", "jwk": jwk(key)} | (header or {})
    return jws(_present(head), _present(claims | more), key)


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
