"""What an agency does with a signed answer, written after RFC 9901 and without the product's code."""

import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.access.signing import b64, unb64


def verified(text: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """The claims with what is disclosed put into its place; ValueError for what is not genuine."""
    jwt, *disclosures, last = text.split("~")
    assert not last
    head, body, signature = jwt.split(".")
    header = json.loads(unb64(head))
    key = next(one for one in jwks["keys"] if one["kid"] == header["kid"])
    if (header["alg"], key["kty"], key["crv"]) != ("EdDSA", "OKP", "Ed25519"):
        raise ValueError("another algorithm")
    try:
        public = Ed25519PublicKey.from_public_bytes(unb64(key["x"]))
        public.verify(unb64(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        raise ValueError("not signed by this key") from None
    claims: dict[str, Any] = json.loads(unb64(body))
    assert claims.pop("_sd_alg") == "sha-256"
    left = {b64(hashlib.sha256(one.encode()).digest()): json.loads(unb64(one)) for one in disclosures}
    if len(left) != len(disclosures):
        raise ValueError("a disclosure stands twice")
    for group in ("fields", "evidence"):
        digests = claims[group].pop("_sd")
        for digest in digests:
            if digest in left:
                _, name, value = left.pop(digest)
                claims[group][name] = value
    if left:
        raise ValueError("a disclosure that nobody signed")
    return claims


def part(text: str, *names: str) -> str:
    """The signed answer with the disclosures of these members only."""
    jwt, *disclosures, _ = text.split("~")
    kept = [one for one in disclosures if json.loads(unb64(one))[1] in names]
    return "~".join((jwt, *kept, ""))
