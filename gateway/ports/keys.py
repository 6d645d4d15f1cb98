"""Ports of secret keys, held in this process, in a key service or in a security module.

The key itself is never read. Implementations: `gateway/exchange_log/embedded_keys.py` over 32
bytes of a file or variable, and the module of `adapters/` that a setting names (`held_by`, see `registry.held_key`).
Methods may block on a key service: call them outside the loop. They raise KeyUnavailable.
"""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SignerPublicKey = Ed25519PublicKey | EllipticCurvePublicKey

#: values of `Signer.algorithm`
ED25519 = "Ed25519"
ES256 = "ES256"


class Signer(Protocol):
    """One private key that signs: checkpoints, archives, cosignatures, documents."""

    @property
    def name(self) -> str:
        """A name for people that reveals nothing of the key."""
        ...

    @property
    def algorithm(self) -> str:
        """`Ed25519` (RFC 8032), or `ES256`: ECDSA on P-256 over SHA-256 (RFC 7518, 3.4)."""
        ...

    def public_key(self) -> SignerPublicKey:
        """The public key, read when the key was opened: never blocks."""
        ...

    def sign(self, data: bytes, /) -> bytes:
        """The signature, 64 bytes; for ES256 r and s, 32 bytes each."""
        ...


class KeyWrapper(Protocol):
    """One root key: it wraps the keys of periods and derives others."""

    @property
    def name(self) -> str:
        """A name for people that reveals nothing of the key."""
        ...

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Authenticated encryption that opens with the same context only."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        """The wrapped bytes; None for another key, another context or altered bytes."""
        ...

    def derive(self, label: bytes) -> bytes:
        """32 secret bytes derived from the key: the same for a label in every process."""
        ...
