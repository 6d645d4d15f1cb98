"""Keys held in this process, from 32 bytes of a file or variable (gateway.ports.keys).

Ed25519 (RFC 8032) signs; AES-256-GCM wraps; HMAC-SHA-256 derives.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.exchange_log.aead import seal, unseal
from gateway.ports.keys import ED25519, KeyWrapper, SignerPublicKey


class EmbeddedSigner:
    """An Ed25519 key."""

    __slots__ = ("_key", "_public", "algorithm", "name")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Its name comes from its public key."""
        self._key = key
        self._public = key.public_key()
        self.algorithm = ED25519
        self.name = hashlib.sha256(self._public.public_bytes_raw()).hexdigest()[:8]

    def public_key(self) -> SignerPublicKey:
        """The public key."""
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
        """Encrypted bytes: 12 longer for the nonce and 16 for the tag."""
        return seal(self._aead, plain, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes | None:
        """The plain bytes; None if this key does not open them."""
        return unseal(self._aead, wrapped, context)

    def derive(self, label: bytes) -> bytes:
        """32 bytes."""
        return hmac.digest(self._key, label, "sha256")


def key_id(key: bytes) -> str:
    """A short name for a secret key, which reveals nothing of it."""
    return hashlib.sha256(b"motlan key id v1" + key).hexdigest()[:8]


def as_wrapper(root: bytes | KeyWrapper) -> KeyWrapper:
    """The root key itself, or one made from 32 bytes."""
    return EmbeddedRoot(root) if isinstance(root, bytes) else root
