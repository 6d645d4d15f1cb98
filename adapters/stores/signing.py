"""The key that signs checkpoints: Ed25519, from the configuration or kept in the state folder.

Several machines that share one database must be given one key by configuration: the sequencer refuses to sign a
log that another key has signed.
"""

import base64
import binascii
import contextlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.errors import ConfigError, Problem

_SEED = 32
_FILE = "exchange-log-signing.key"


def signing_key(folder: Path, text: str | None) -> Ed25519PrivateKey:
    """The key from its seed, 32 bytes in base64; without a text, one kept in `folder` (mode 0600, made there).

    Of processes that start together one makes the key and all use it. ConfigError when it cannot be had.
    """
    if text is not None:
        return _from_text(text)
    path = folder / _FILE
    try:
        if not path.exists():
            _make(path)
        return _from_text(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        what = f"{_FILE} cannot be used: {getattr(error, 'strerror', None) or 'not text'}"
        remedy = "make the state folder writable or set a key"
        raise ConfigError([Problem("log.signing_key", 0, what, remedy)]) from None


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


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_SEED)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: it fails when another process was first, so no key is ever replaced.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
