"""The keys of the exchange log: three random ones for each period, wrapped under one root key.

A period is a month in UTC. Its index key, digest key and encryption key live and die together: when the row of
a period is deleted, its sealed parts stay closed and its indexes and digests can no longer be guessed.
Wrapping and sealing are AES-256-GCM (NIST SP 800-38D) with 12 random bytes in front.
"""

import asyncio
import base64
import binascii
import contextlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import ConfigError, Problem

_KEY = 32
_NONCE = 12
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_ROOT_FILE = "exchange-log-root.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodKeys:
    """The keys of one month; never shown by `repr`."""

    #: "2026-11"
    period: str
    index: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    encryption: AESGCM = field(repr=False, compare=False)


class KeyStore(Protocol):
    """Where wrapped period keys are kept."""

    async def wrapped(self, period: str) -> bytes | None:
        """The wrapped keys of a period, or None when it has none."""
        ...

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        """Keep the keys of a new period durably and return those that hold: the first ones win."""
        ...


class KeyRing:
    """The period keys of one log; makes those of a new month when its first record comes."""

    __slots__ = ("_known", "_lock", "_root", "_store")

    def __init__(self, root: bytes, store: KeyStore) -> None:
        """`root` has 32 bytes (`root_key_from_text`, `root_key_in`)."""
        self._root = root
        self._store = store
        self._known: dict[str, PeriodKeys] = {}
        self._lock = asyncio.Lock()

    def known(self, period: str) -> PeriodKeys | None:
        """The keys of a period when this process has used them already."""
        return self._known.get(period)

    async def of(self, period: str) -> PeriodKeys:
        """The keys of a period; ConfigError when the root key does not open them."""
        async with self._lock:
            if period not in self._known:
                wrapped = await self._store.wrapped(period)
                if wrapped is None:
                    wrapped = await self._store.keep(period, wrap_new(self._root, period))
                self._known[period] = unwrap(self._root, period, wrapped)
            return self._known[period]


def wrap_new(root: bytes, period: str) -> bytes:
    """Three fresh random keys for a period, wrapped under the root key."""
    if not _PERIOD.fullmatch(period):
        raise ValueError("a period is a month, as in 2026-11")
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(root).encrypt(nonce, secrets.token_bytes(3 * _KEY), period.encode())


def unwrap(root: bytes, period: str, wrapped: bytes) -> PeriodKeys:
    """The keys of a period; ConfigError when the root key does not open them."""
    try:
        keys = AESGCM(root).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], period.encode())
    except (InvalidTag, ValueError):
        what = f"the root key does not open the keys of {period}"
        raise ConfigError(
            [Problem("log.root_key", 0, what, "give the root key that this log began with")]
        ) from None
    return PeriodKeys(
        period=period, index=keys[:_KEY], digest=keys[_KEY : 2 * _KEY], encryption=AESGCM(keys[2 * _KEY :])
    )


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


def root_key_in(folder: Path) -> bytes:
    """The root key kept in the state folder; made there (mode 0600) when the folder has none.

    Of processes that start together one makes the key and all use it. ConfigError when the folder refuses.
    """
    return key_in(folder / _ROOT_FILE)


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
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY)) + b"\n")
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
