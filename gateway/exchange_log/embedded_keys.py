"""Keys that lie in this process, out of 32 bytes of a file or variable (gateway.ports_keys).

Ed25519 (RFC 8032) signs; AES-256-GCM wraps; HMAC-SHA-256 derives.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.exchange_log.aead import seal, unseal
from gateway.ports.keys import ED25519, KeyWrapper, PublicKey


class EmbeddedSigner:
    """An Ed25519 key."""

    __slots__ = ("_key", "_public", "algorithm", "name")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Named by its public half."""
        self._key = key
        self._public = key.public_key()
        self.algorithm = ED25519
        self.name = hashlib.sha256(self._public.public_bytes_raw()).hexdigest()[:8]

    def public_key(self) -> PublicKey:
        """What verifies."""
        return self._public

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""
        return self._key.sign(data)


class EmbeddedRoot:
    """A root key of 32 bytes."""

    __slots__ = ("_aead", "_key", "name")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of another length."""
        self._key = key
        self._aead = AESGCM(key)
        self.name = key_id(key)

    def wrap(self, plain: bytes, context: bytes) -> bytes:
        """Twelve bytes longer for the nonce, and sixteen for the tag."""
        return seal(self._aead, plain, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        """What was wrapped; None if this key does not open it."""
        return unseal(self._aead, wrapped, context)

    def derive(self, label: bytes) -> bytes:
        """32 bytes."""
        return hmac.digest(self._key, label, "sha256")


def key_id(key: bytes) -> str:
    """A short name for a secret key, which tells nothing about it."""
    return hashlib.sha256(b"motlan key id v1" + key).hexdigest()[:8]


def as_wrapper(root: bytes | KeyWrapper) -> KeyWrapper:
    """A root key as it is, or over its 32 bytes."""
    return EmbeddedRoot(root) if isinstance(root, bytes) else root
