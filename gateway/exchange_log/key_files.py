"""Secret keys in files: 32 random bytes in base64, for nobody else, made or replaced whole or not at all."""

import base64
import binascii
import secrets
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import create_file

#: files of the state folder, for keys that the configuration does not have
ROOT_FILE = "exchange-log-root.key"
SIGNING_FILE = "exchange-log-signing.key"
#: beside them: the newest checkpoint that was seen, which the database must have (adapters/stores/high_water.py)
MARK_FILE = "exchange-log.mark"

_KEY = 32


def key_from_text(text: str, place: str, named: str = "key") -> bytes:
    """32 bytes from base64; ConfigError for anything else, which says what is `named` so, and at what `place`."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        remedy = "write 32 random bytes in base64 (44 characters)"
        raise ConfigError([Problem(place, 0, f"the {named} is not 32 bytes of base64", remedy)])
    return key


def root_key_from_text(text: str) -> bytes:
    """The root key of the configuration. Raises ConfigError for anything but 32 bytes in base64."""
    return key_from_text(text, "log.root_key", "root key")


def new_key_text() -> bytes:
    """32 random bytes as a key file holds them."""
    return base64.b64encode(secrets.token_bytes(_KEY)) + b"\n"


def key_in(path: Path) -> bytes:
    """The 32 bytes that a file keeps (base64, mode 0600); made durably when there is none, whole or not at all.

    Of processes that start together one makes the key and all use it. ConfigError when the folder refuses, and
    for a file that holds anything else.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            create_file(path, new_key_text())
        return key_from_text(path.read_text("ascii"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None


def kept_key(path: Path) -> bytes | None:
    """The 32 bytes that a file keeps; None, and nothing is made, when there is none. ConfigError for an unfit one."""
    try:
        return key_from_text(path.read_text("ascii"), path.name)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> ConfigError:
    what = f"{path.name} cannot be used: {getattr(error, 'strerror', None) or 'not text'}"
    return ConfigError([Problem(path.name, 0, what, "make the state folder writable, or set a key")])
