"""What a requester signs (RFC 9421, RFC 9530), made without the product's code: each part can be spoiled."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.access.signing import Key, algorithm, b64, jwk, signature

NAMES = {"EdDSA": "ed25519", "ES256": "ecdsa-p256-sha256"}


def thumbprint(key: Key) -> str:
    members = jwk(key)
    text = ",".join(f'"{name}":"{members[name]}"' for name in sorted(members))
    return b64(hashlib.sha256(f"{{{text}}}".encode()).digest())


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


COVERED = ('"@method"', '"@target-uri"', '"content-digest"', '"authorization"')


@dataclass
class Draft:
    """A good message; change what is to be wrong with it, before it is signed or after."""

    key: Key
    url: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"
    covered: list[str] = field(default_factory=lambda: [*COVERED])
    params: dict[str, Any] = field(default_factory=dict)
    label: str = "sig1"

    def __post_init__(self) -> None:
        self.headers = {
            "content-type": "application/json",
            "content-digest": digest(self.body),
            **self.headers,
        }
        self.params = {
            "created": int(time.time()), "keyid": thumbprint(self.key), "alg": NAMES[algorithm(self.key)],
            "nonce": secrets.token_hex(12), **self.params,
        }  # fmt: skip

    @property
    def base(self) -> str:
        parts = urlsplit(self.url)
        derived = {
            '"@method"': self.method, '"@target-uri"': self.url, '"@path"': parts.path, '"@authority"': parts.netloc,
            '"@query"': f"?{parts.query}", '"@scheme"': parts.scheme,
            '"@request-target"': parts.path + (f"?{parts.query}" if parts.query else ""),
        }  # fmt: skip
        lines = [
            f"{name}: {derived.get(name) or self.headers[name.strip(chr(34)).lower()]}"
            for name in self.covered
        ]
        return "\n".join([*lines, f'"@signature-params": {self.inner}'])

    @property
    def inner(self) -> str:
        given = [(name, value) for name, value in self.params.items() if value is not None]
        told = [f"{name}={value}" if isinstance(value, int) else f'{name}="{value}"' for name, value in given]
        params = "".join(f";{one}" for one in told)
        return f"({' '.join(self.covered)}){params}"

    def signed(self, key: Key | None = None) -> dict[str, str]:
        """The fields of the message, signed."""
        made = base64.b64encode(signature(key or self.key, self.base.encode())).decode()
        return {
            **self.headers,
            "signature-input": f"{self.label}={self.inner}",
            "signature": f"{self.label}=:{made}:",
        }
