"""What a client signs: assertions that prove it (RFC 7523) and a proof for each request (RFC 9449)."""

import secrets
import time
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.access.assertions import KIND
from gateway.access.dpop import ath
from gateway.jose import jwk, jws

_LIFE_SECONDS = 60


class ClientKey:
    """The private key of a requester, and one of this process that its tokens are bound to."""

    def __init__(self, client_id: str, key: jws.PrivateKey) -> None:
        """`key` is that whose public half the gateway knows."""
        self.client_id = client_id
        self._key = key
        self._bound = generate_private_key(SECP256R1())
        self._jwk = jwk.jwk_of(self._bound.public_key())

    def form(self, issuer: str) -> dict[str, str]:
        """The fields of a token request."""
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": issuer, "iat": now, "exp": now + _LIFE_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }  # fmt: skip
        assertion = jws.sign({"typ": "JWT"}, claims, self._key)
        return {
            "grant_type": "client_credentials", "client_id": self.client_id, "client_assertion_type": KIND,
            "client_assertion": assertion,
        }  # fmt: skip

    def proof(self, method: str, url: str, nonce: str, token: str = "") -> str:
        """The field DPoP of one request; `token`: the access token that it comes with."""
        claims: dict[str, object] = {
            "htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_urlsafe(16),
        }  # fmt: skip
        if nonce:
            claims["nonce"] = nonce
        if token:
            claims["ath"] = ath(token)
        return jws.sign({"typ": "dpop+jwt", "jwk": self._jwk}, claims, self._bound)


def client_key(client_id: str, path: Path) -> ClientKey:
    """The key of a PEM file; UsageError when it cannot be used."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise click.UsageError(f"--client-key {path} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError):
        raise click.UsageError(f"--client-key {path} is no private key in PEM without a passphrase") from None
    is_p256 = isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    if not isinstance(key, Ed25519PrivateKey) and not is_p256:
        raise click.UsageError(f"--client-key {path} is neither Ed25519 nor P-256")
    assert isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey)
    return ClientKey(client_id, key)
