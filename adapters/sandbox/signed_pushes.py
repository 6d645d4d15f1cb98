"""Checks a pushed message as a receiver does: Content-Digest (RFC 9530) and HTTP Message Signature (RFC 9421).

Written apart from the gateway's own code, so that each is tried against the other. Keys: `/oauth2/jwks` of the sender.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_INPUT = re.compile(r'([a-z*][a-z0-9_.*-]*)=(\((?:"[a-z0-9@-]+" ?)*\)(?:;[a-z]+=(?:"[^"\\]*"|-?[0-9]+))*)')
#: what a push must cover, so that neither target nor body can be exchanged
_COVERED = frozenset({"@method", "@target-uri", "content-digest"})
Keys = Mapping[str, Mapping[str, Any]]


def verdict(method: str, url: str, headers: Mapping[str, str], body: bytes, keys: Keys) -> str:
    """`good`, or what is wrong: `unsigned`, `digest`, `uncovered`, `unknown_key`, `forged`. `keys`: JWK by `kid`."""
    parsed = _INPUT.fullmatch(headers.get("signature-input", ""))
    if parsed is None:
        return "unsigned"
    label, params = parsed[1], parsed[2]
    names = re.findall(r'"([^"]+)"', params[: params.index(")")])
    if headers.get("content-digest") != f"sha-256=:{_sha256(body)}:":
        return "digest"
    if not set(names) >= _COVERED:
        return "uncovered"
    key_id = re.search(r';keyid="([^"]*)"', params)
    key = keys.get(key_id[1]) if key_id else None
    if key is None:
        return "unknown_key"
    base = "".join(f'"{name}": {_component(name, method, url, headers)}\n' for name in names)
    signature = headers.get("signature", "").removeprefix(f"{label}=:").removesuffix(":")
    good = _verified(key, signature, f'{base}"@signature-params": {params}'.encode())
    return "good" if good else "forged"


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _component(name: str, method: str, url: str, headers: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    derived = {
        "@method": method,
        "@target-uri": url,
        "@authority": parts.netloc.lower(),
        "@scheme": parts.scheme,
        "@request-target": target,
        "@path": parts.path,
        "@query": f"?{parts.query}",
    }
    return derived[name] if name in derived else headers.get(name, "").strip()


def _verified(key: Mapping[str, Any], signature: str, base: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if key["kty"] == "OKP":
            Ed25519PublicKey.from_public_bytes(_unpadded(key["x"])).verify(raw, base)
        else:
            x, y = (int.from_bytes(_unpadded(key[name])) for name in ("x", "y"))
            pair = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
            public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            public.verify(encode_dss_signature(*pair), base, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
