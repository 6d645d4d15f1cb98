"""Sockets for secret keys, which may lie in this process, in a key service or in a security module.

Nobody asks for the key itself: only for what it does. Implementations: `gateway/exchange_log/embedded_keys.py` over 32
bytes of a file or variable, and whatever module of `adapters/` a setting names (`held_by`, see `registry.held_key`).
Methods may wait for somebody else, so they are called outside the loop; they raise KeyUnavailable.
"""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

#: words of `Signer.algorithm`
ED25519 = "Ed25519"
ES256 = "ES256"


class Signer(Protocol):
    """One private key that signs: checkpoints, archives, cosignatures, documents."""

    @property
    def name(self) -> str:
        """A word for people that tells nothing of the key."""
        ...

    @property
    def algorithm(self) -> str:
        """`Ed25519` (RFC 8032), or `ES256`: ECDSA on P-256 over SHA-256 (RFC 7518, 3.4)."""
        ...

    def public_key(self) -> PublicKey:
        """What verifies. Known since the key was opened: never waits."""
        ...

    def sign(self, data: bytes, /) -> bytes:
        """The signature, 64 bytes: of ES256 the numbers r and s, 32 bytes each."""
        ...


class KeyWrapper(Protocol):
    """One root key: it wraps the keys of periods and derives others, and is never seen itself."""

    @property
    def name(self) -> str:
        """A word for people that tells nothing of the key."""
        ...

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Authenticated encryption that opens with the same context only."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        """What was wrapped; None when it was not by this key, not in this context, or was altered."""
        ...

    def derive(self, label: bytes) -> bytes:
        """32 bytes that nobody without this key can know; the same for the same label, in every process."""
        ...
