"""A simulated identity provider: signs ID tokens (OpenID Connect Core 1.0, 2) for any person.

Its key is published on purpose; only `config/logins.yaml` of the sandbox knows it.
"""

import hashlib
import time
from base64 import urlsafe_b64encode

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.identifiers import is_personal_id

ISSUER = "https://identity.sandbox.example"
_SEED = hashlib.sha256(b"sandbox-only-identity-provider").digest()
_SECONDS = 600


def id_token(personal_id: str, client: str, now: float) -> str:
    """A token that says that this person signed in at this client, now."""
    claims = {
        "iss": ISSUER, "sub": "sandbox", "aud": client, "iat": int(now), "exp": int(now) + _SECONDS,
        "SoDinhDanh": personal_id, "LoaiTaiKhoan": "1",
    }  # fmt: skip
    signed = b".".join(_encoded(orjson.dumps(one)) for one in ({"alg": "EdDSA", "typ": "JWT"}, claims))
    signature = Ed25519PrivateKey.from_private_bytes(_SEED).sign(signed)
    return (signed + b"." + _encoded(signature)).decode()


async def sign_in(request: web.Request) -> web.Response:
    """`POST /__sandbox/logins` `{"personal_id", "client"}`: `{"login"}`, the member of a prefill."""
    try:
        words = await request.json()
        number, client = words["personal_id"], words["client"]
    except (ValueError, TypeError, KeyError):
        number, client = "", ""
    if not isinstance(number, str) or not is_personal_id(number) or not isinstance(client, str) or not client:
        return web.json_response({"error": "give personal_id (12 digits) and client"}, status=400)
    return web.json_response({"login": id_token(number, client, time.time())})


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
