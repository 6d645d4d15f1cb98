"""Proofs of the sender made with a key: signed requests (RFC 9421, 9530), assertions (RFC 7523), HMAC (AWS version 4).

Ed25519 (EdDSA), P-256 (ES256) or RSA of 2048 bits or more (RS256): the key decides. Keys are in no error and no
representation.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.transport.call import Prove
from gateway.jose.issued import LEAST_BITS
from gateway.jose.jws import encoded
from gateway.messages.message import Message
from gateway.messages.sign import request_proof
from gateway.ports.clock import Clock

#: seconds of an assertion's life
_ASSERTION_SECONDS = 60
_HALF = 32
#: key's algorithm (RFC 7518) -> its name in a signed request (RFC 9421, 6.2.2)
_NAMES = {"EdDSA": "ed25519", "ES256": "ecdsa-p256-sha256", "RS256": "rsa-v1_5-sha256"}
#: signs what it is given
Signing = Callable[[bytes], bytes]


class CallerKey:
    """A private key that proves who calls."""

    __slots__ = ("algorithm", "sign")

    def __init__(self, pem: str) -> None:
        """ValueError unless it is a PEM file, without a password, of a key that is strong enough."""
        try:
            key = load_pem_private_key(pem.encode(), None)
        except (TypeError, UnsupportedAlgorithm):
            raise ValueError("no key that can be used") from None
        #: as in a JWS: EdDSA, ES256, RS256
        self.algorithm: str
        self.sign: Signing
        match key:
            case Ed25519PrivateKey():
                self.algorithm, self.sign = "EdDSA", key.sign
            case EllipticCurvePrivateKey(curve=SECP256R1()):
                self.algorithm, self.sign = "ES256", lambda data: _halves(key.sign(data, ECDSA(SHA256())))
            case RSAPrivateKey() if key.key_size >= LEAST_BITS:
                self.algorithm, self.sign = "RS256", lambda data: key.sign(data, PKCS1v15(), SHA256())
            case _:
                raise ValueError("a kind of key that is not used here, or too weak")


def _halves(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def client_assertion(key: CallerKey, kid: str, client: str, audience: str, clock: Clock) -> str:
    """Proof to a token endpoint that this is the client (RFC 7523, 2.2), good once and for a minute."""
    now = int(clock.now().timestamp())
    header = {"alg": key.algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}
    claims = {
        "iss": client, "sub": client, "aud": audience, "jti": secrets.token_urlsafe(16),
        "iat": now, "exp": now + _ASSERTION_SECONDS,
    }  # fmt: skip
    signed = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{encoded(key.sign(signed.encode()))}"


def signed_requests(key: CallerKey, kid: str, url: str, clock: Clock) -> Prove:
    """Signs method, address, digest of the body and all headers of its kind. `url`: what targets are appended to."""
    origin, base = _split(url)

    def prove(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Mapping[str, str]:
        fields = {name.lower(): [value] for name, value in headers.items()}
        proof = request_proof(
            Message(fields, method, origin, base + target or "/"), body or b"", int(clock.now().timestamp()), kid,
            _NAMES[key.algorithm], secrets.token_urlsafe(16),
        )  # fmt: skip
        return proof.fields(key.sign(proof.base))

    return prove


def hmac_requests(access_key: str, secret: str, region: str, service: str, url: str, clock: Clock) -> Prove:
    """The signature version 4 of AWS, which other makers of gateways and stores take too."""
    origin, base = _split(url)
    host = urlsplit(origin).netloc
    # a path is escaped once more, but not in the store that this signature comes from
    safe = "/-_.~%" if service == "s3" else "/-_.~"

    def prove(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Mapping[str, str]:
        stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
        day, digest = stamp[:8], hashlib.sha256(body or b"").hexdigest()
        path, _, query = (base + target or "/").partition("?")
        signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        signed |= {"host": host, "x-amz-date": stamp}
        pairs = sorted((_escaped(n), _escaped(v)) for n, v in parse_qsl(query, keep_blank_values=True))
        names = ";".join(sorted(signed))
        request = "\n".join(
            [method, quote(path, safe=safe), "&".join(f"{n}={v}" for n, v in pairs),
             *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, digest]
        )  # fmt: skip
        scope = f"{day}/{region}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        made = f"AWS4{secret}".encode()
        for part in (day, region, service, "aws4_request", text):
            made = hmac.digest(made, part.encode(), "sha256")
        proof = f"Credential={access_key}/{scope}, SignedHeaders={names}, Signature={made.hex()}"
        return {"X-Amz-Date": stamp, "Authorization": f"AWS4-HMAC-SHA256 {proof}"}

    return prove


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")


def _split(url: str) -> tuple[str, str]:
    """Origin and path of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
