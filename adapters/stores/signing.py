"""The key that signs checkpoints: Ed25519, from the configuration or kept in the state folder.

Several machines that share one database must be given one key by configuration: the sequencer refuses to sign a
log that another key has signed.
"""

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.keys import key_in

_SEED = 32
_FILE = "exchange-log-signing.key"


def signing_key(folder: Path, text: str | None) -> Ed25519PrivateKey:
    """The key from its seed, 32 bytes in base64; without a text, one kept in `folder` (mode 0600, made there).

    Of processes that start together one makes the key and all use it. ConfigError when it cannot be had.
    """
    if text is not None:
        return _from_text(text)
    return Ed25519PrivateKey.from_private_bytes(key_in(folder / _FILE))


def _from_text(text: str) -> Ed25519PrivateKey:
    try:
        seed = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != _SEED:
        remedy = "write 32 random bytes in base64 (44 characters)"
        raise ConfigError(
            [Problem("log.signing_key", 0, "the signing key is not 32 bytes of base64", remedy)]
        )
    return Ed25519PrivateKey.from_private_bytes(seed)
