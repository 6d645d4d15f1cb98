"""Keys of low order are refused wherever a public key is read: a requester's, a log's, a witness's."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange_log.ed25519 import is_weak_key
from gateway.exchange_log.note import COSIGNATURE, ED25519, NoteBroken, NoteVerifier
from gateway.jose.jwk import from_jwk, from_pem, jwk_of
from gateway.jose.jws import JoseBroken

PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """Addition on the curve, straight from RFC 8032, 5.1.4."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def decompressed(y: int) -> Point | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    for root in (x, x * ROOT_OF_MINUS_ONE % PRIME):
        if root * root % PRIME == square:
            return root, y
    return None


def written(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def low_order() -> list[Point]:
    """The eight points, as the multiples of one of order 8: the prime's multiple of any point that gives one."""
    order = 2**252 + 27742317777372353535851937790883648493
    for y in range(2, 100):
        point = decompressed(y)
        found: Point = (0, 1)
        for bit in f"{order:b}" if point else "":
            found = added(found, found)
            found = added(found, point) if bit == "1" and point else found
        points: list[Point] = [(0, 1)]
        while len(points) < 8:
            points.append(added(points[-1], found))
        if len(set(points)) == 8:
            return points
    raise AssertionError


POINTS = low_order()
WEAK = {
    **{f"point {place}": written(point) for place, point in enumerate(POINTS)},
    "one with a sign": (1 | 1 << 255).to_bytes(32, "little"),
    "minus one with a sign": (PRIME - 1 | 1 << 255).to_bytes(32, "little"),
    "prime": PRIME.to_bytes(32, "little"),
    "prime with a sign": (PRIME | 1 << 255).to_bytes(32, "little"),
    "prime and one": (PRIME + 1).to_bytes(32, "little"),
    "prime and three": (PRIME + 3).to_bytes(32, "little"),
    "largest": bytes([255]) * 32,
}


def vkey(raw: bytes, kind: int) -> str:
    public = bytes([kind]) + raw
    key_id = hashlib.sha256(b"log.test\n" + public).hexdigest()[:8]
    return f"log.test+{key_id}+{base64.b64encode(public).decode()}"


@pytest.mark.parametrize("variant", WEAK)
def test_key_that_proves_nothing_is_refused_at_every_door(variant: str) -> None:
    raw = WEAK[variant]
    x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    with pytest.raises(JoseBroken, match="make a new pair"):
        from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(JoseBroken, match="make a new pair"):
        from_pem(pem)
    for kind in (ED25519, COSIGNATURE):
        with pytest.raises(NoteBroken, match="proves nothing"):
            NoteVerifier.parse(vkey(raw, kind))


@given(st.binary(min_size=32, max_size=32))
def test_key_of_somebody_is_taken(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert not is_weak_key(key.public_bytes_raw())
    assert from_jwk(dict(jwk_of(key))).key == key
    assert NoteVerifier.parse(vkey(key.public_bytes_raw(), ED25519)).kind == ED25519
