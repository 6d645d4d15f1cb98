"""AES-256-GCM with a random nonce of 12 bytes in front (NIST SP 800-38D): for sealed parts and wrapped keys."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def seal(key: AESGCM, plain: bytes, context: bytes) -> bytes:
    """28 bytes longer than `plain`; opens only with the same context."""
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, context)


def unseal(key: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    """The plain bytes; None for another key, another context, or changed bytes."""
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError):
        return None
