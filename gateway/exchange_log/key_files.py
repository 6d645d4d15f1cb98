"""Secret keys in files: 32 random bytes in base64, readable by the owner only, written atomically."""

import base64
import binascii
import secrets
from pathlib import Path
from typing import NamedTuple, Self

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import create_file, replace_file, sync_folder

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


class SuccessiveKeys(NamedTuple):
    """Files of keys that follow one another: the next one is published before it signs, the former stays good."""

    current: Path
    next: Path
    former: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> Self:
        """Those of a folder: `NAME.key`, `NAME-next.key`, `NAME-former.key`."""
        return cls(folder / f"{name}.key", folder / f"{name}-next.key", folder / f"{name}-former.key")

    def stamps(self) -> object:
        """Another value as soon as a file is another one."""
        return [_stamp(file) for file in self]

    def rotated_at(self) -> float:
        """Time of the last rotation (POSIX seconds); 0 for none."""
        if not self.former.exists() or self.former.read_bytes() == self.current.read_bytes():
            return 0.0  # never, or interrupted after its first step
        return self.former.stat().st_mtime

    def rotate(self, new: bytes) -> None:
        """Next becomes current, current becomes former, and `new` is the next.

        Three atomic steps; after an interruption the next call continues. Raises OSError.
        """
        if self.current.read_bytes() != self.next.read_bytes():
            replace_file(self.former, self.current.read_bytes())
            replace_file(self.current, self.next.read_bytes())
        replace_file(self.next, new)

    def replace(self, current: bytes, following: bytes) -> None:
        """Replace all, if they may be stolen: what they signed is refused."""
        self.former.unlink(missing_ok=True)
        replace_file(self.next, following)
        replace_file(self.current, current)
        sync_folder(self.current.parent)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        known = file.stat()
    except FileNotFoundError:
        return None
    return known.st_ino, known.st_mtime_ns
