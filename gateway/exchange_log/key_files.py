"""Secret keys in files: 32 random bytes in base64, for nobody else, made or replaced whole or not at all."""

import base64
import binascii
import contextlib
import os
import secrets
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem

#: files of the state folder, for keys that the configuration does not have
ROOT_FILE = "exchange-log-root.key"
SIGNING_FILE = "exchange-log-signing.key"

_KEY = 32


def root_key_from_text(text: str) -> bytes:
    """32 bytes from base64; ConfigError for anything else."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        remedy = "write 32 random bytes in base64 (44 characters)"
        raise ConfigError([Problem("log.root_key", 0, "the root key is not 32 bytes of base64", remedy)])
    return key


def new_key_text() -> bytes:
    """32 random bytes as a key file holds them."""
    return base64.b64encode(secrets.token_bytes(_KEY)) + b"\n"


def replace_file(path: Path, content: bytes) -> None:
    """Write a file for nobody else (mode 0600), durably, whole or not at all. OSError when the folder refuses."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    sync(path.parent)


def key_in(path: Path) -> bytes:
    """The 32 bytes that a file keeps (base64, mode 0600); made durably when there is none, whole or not at all.

    Of processes that start together one makes the key and all use it. ConfigError when the folder refuses, and
    for a file that holds anything else.
    """
    try:
        if not path.exists():
            _make_key_file(path)
        return root_key_from_text(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        what = f"{path.name} cannot be used: {getattr(error, 'strerror', None) or 'not text'}"
        remedy = "make the state folder writable, or set a key"
        raise ConfigError([Problem(str(path.name), 0, what, remedy)]) from None


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, new_key_text())
    try:
        # A link, not a rename: it fails when another process was first, so no key is ever replaced.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    sync(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    """The content in a durable file beside `path`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def sync(folder: Path) -> None:
    """Make what was renamed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
