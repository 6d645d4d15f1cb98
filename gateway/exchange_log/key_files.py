"""Secret keys in files: 32 random bytes in base64, readable by the owner only, written atomically."""

import base64
import binascii
import secrets
from pathlib import Path

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import create_file

#: files of the state folder, for keys that are not in the configuration
ROOT_FILE = "exchange-log-root.key"
SIGNING_FILE = "exchange-log-signing.key"
#: the newest seen checkpoint, which the database must have (adapters/stores/high_water.py)
MARK_FILE = "exchange-log.mark"

_KEY = 32


def key_from_text(text: str, place: str, named: str = "key") -> bytes:
    """32 bytes from base64. Raises ConfigError; `named`, `place`: for its text."""
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
    """32 random bytes in the form of a key file."""
    return base64.b64encode(secrets.token_bytes(_KEY)) + b"\n"


def key_in(path: Path) -> bytes:
    """The 32 bytes of a key file (base64, mode 0600); a missing file is made.

    Of concurrent processes exactly one makes the key, and all use it. Raises ConfigError.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            create_file(path, new_key_text())
        return key_from_text(path.read_text("ascii"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None


def kept_key(path: Path) -> bytes | None:
    """The 32 bytes of a key file; None if it is missing. Raises ConfigError."""
    try:
        return key_from_text(path.read_text("ascii"), path.name)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> ConfigError:
    what = f"{path.name} cannot be used: {getattr(error, 'strerror', None) or 'not text'}"
    return ConfigError([Problem(path.name, 0, what, "make the state folder writable, or set a key")])
