"""The keys of the exchange log: three random ones for each period, wrapped under one root key.

A period is a month in UTC. Its index key, digest key and encryption key live and die together: when the row of
a period is deleted, its sealed parts stay closed and its indexes and digests can no longer be guessed.
Wrapping and sealing are AES-256-GCM (NIST SP 800-38D) with 12 random bytes in front.
"""

import asyncio
import contextlib
import hashlib
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import ConfigError, LogUnavailable, Problem
from gateway.exchange_log.durable import replace_file, sync_folder
from gateway.exchange_log.key_files import ROOT_FILE, key_in

_KEY = 32
_NONCE = 12
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_NEXT_ROOT_FILE = "exchange-log-root-next.key"
_FORMER_ROOT_FILE = "exchange-log-root-former.key"
#: how long the keys of a month that could be erased are used before the store is asked again
_BRIEF_SECONDS = 2.0
#: how long keys are used before it is asked whether the store still has them
_LOOK_SECONDS = 5.0
#: how often a process that is idle looks for keys that it must not hold any more
_IDLE_SECONDS = 600.0


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


class RootKeys:
    """The root key that wraps, and others that may still open what was wrapped before a rotation."""

    __slots__ = ("_keys", "_read")

    def __init__(self, keys: Sequence[bytes], read: Callable[[], Sequence[bytes]] | None = None) -> None:
        """The first of `keys` wraps; `read` gives them anew, where another process may change them."""
        self._keys = tuple(keys)
        self._read = read

    @classmethod
    def of(cls, roots: "bytes | RootKeys") -> "RootKeys":
        """One key alone, or several as they are."""
        return cls((roots,)) if isinstance(roots, bytes) else roots

    @property
    def first(self) -> bytes:
        """The key that wrapped when it was read last."""
        return self._keys[0]

    @property
    def all(self) -> tuple[bytes, ...]:
        """The keys as they were read last."""
        return self._keys

    def newest(self) -> bytes:
        """The key that wraps now. Reads files: not for the loop."""
        if self._read is not None:
            self._keys = tuple(self._read())
        return self._keys[0]

    def unwrap(self, period: str, wrapped: bytes) -> PeriodKeys:
        """The keys of a period, by whichever root key opens them; ConfigError when none does. May read files."""
        with contextlib.suppress(ConfigError):
            return unwrap_by(self._keys, period, wrapped)
        self.newest()
        return unwrap_by(self._keys, period, wrapped)


class KeyRing:
    """The period keys of one log; makes those of a new month when its first record comes.

    Only the keys of this month and the one before it stay in memory, those that are never erased; others are
    forgotten after seconds, so that what is erased is lost to every process. Nothing is written any more with keys
    that the store has lost: nobody could ever read it.
    """

    __slots__ = ("_brief", "_clock", "_known", "_lock", "_look", "_roots", "_store")

    def __init__(
        self, roots: "bytes | RootKeys", store: KeyStore, clock: Callable[[], float] = time.time
    ) -> None:
        """A root key has 32 bytes (`root_key_from_text`, `root_key_in`); the clock gives POSIX seconds."""
        self._roots = RootKeys.of(roots)
        self._store = store
        self._clock = clock
        #: keys that stay, and until when the store need not be asked for them (the clock's seconds)
        self._known: dict[str, tuple[float, PeriodKeys]] = {}
        #: keys of other months, and until when they are used (the clock's seconds)
        self._brief: dict[str, tuple[float, PeriodKeys]] = {}
        self._lock = asyncio.Lock()
        #: the next look for what is to be forgotten
        self._look: asyncio.TimerHandle | None = None

    def known(self, period: str) -> PeriodKeys | None:
        """The keys of a period when this process has used them already, and may still hold them."""
        now = self._clock()
        if period in self._known:
            return self._known[period][1] if period in safe_periods(now) else None
        until, brief = self._brief.get(period, (-math.inf, None))
        return brief if now < until else None

    def fresh(self, period: str) -> PeriodKeys | None:
        """The same, when the store need not be asked whether it still has them."""
        now = self._clock()
        until, _ = self._known.get(period, (now, None))
        # What ends too late was set before the clock was set back.
        looked = period not in self._known or now < until <= now + _LOOK_SECONDS
        return self.known(period) if looked else None

    async def of(self, period: str) -> PeriodKeys:
        """The keys of a period; ConfigError when the root key does not open them.

        LogUnavailable when the store has lost those with which this process has written.
        """
        async with self._lock:
            self._forget()
            return self.fresh(period) or await self._opened(period)

    def _forget(self) -> None:
        now = self._clock()
        kept = safe_periods(now)
        self._known = {period: held for period, held in self._known.items() if period in kept}
        self._brief = {period: brief for period, brief in self._brief.items() if now < brief[0]}
        self._look_later()

    def _look_later(self) -> None:
        """Forget also when nobody asks for keys any more."""
        if self._look is not None:
            self._look.cancel()
        seconds = _BRIEF_SECONDS if self._brief else _IDLE_SECONDS
        held = bool(self._brief or self._known)
        self._look = asyncio.get_running_loop().call_later(seconds, self._forget) if held else None

    async def _opened(self, period: str) -> PeriodKeys:
        _, used = self._known.get(period, (0.0, None))
        wrapped = await self._store.wrapped(period)
        if wrapped is None:
            if used is not None:
                raise LogUnavailable(f"the keys of {period} are gone from the log's database")
            root = await asyncio.to_thread(self._roots.newest)
            wrapped = await self._store.keep(period, wrap_new(root, period))
        keys = await asyncio.to_thread(self._roots.unwrap, period, wrapped)
        if used not in {None, keys}:
            raise LogUnavailable(
                f"the keys of {period} in the log's database are not those that were used before"
            )
        now = self._clock()
        if period in safe_periods(now):
            self._known[period] = (now + _LOOK_SECONDS, keys)
        else:
            self._brief[period] = (now + _BRIEF_SECONDS, keys)
        self._look_later()
        return keys


def safe_periods(seconds: float) -> tuple[str, str]:
    """The month of a moment (POSIX seconds) and the one before it, whose keys are never destroyed."""
    now = time.gmtime(seconds)
    year, month = (now.tm_year, now.tm_mon - 1) if now.tm_mon > 1 else (now.tm_year - 1, 12)
    return f"{now.tm_year:04}-{now.tm_mon:02}", f"{year:04}-{month:02}"


def wrap_new(root: bytes, period: str) -> bytes:
    """Three fresh random keys for a period, wrapped under the root key."""
    if not _PERIOD.fullmatch(period):
        raise ValueError("a period is a month, as in 2026-11")
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(root).encrypt(nonce, secrets.token_bytes(3 * _KEY), period.encode())


def rewrap(old: Sequence[bytes], root: bytes, period: str, wrapped: bytes) -> bytes | None:
    """The same keys wrapped under `root`; None when they are already. ConfigError when no key opens them."""
    if _plain(root, period, wrapped) is not None:
        return None
    opened = (_plain(key, period, wrapped) for key in old)
    plain = next((one for one in opened if one is not None), None)
    if plain is None:
        unwrap_by((), period, wrapped)
    assert plain is not None
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(root).encrypt(nonce, plain, period.encode())


def key_id(key: bytes) -> str:
    """A short name for a secret key, which tells nothing about it."""
    return hashlib.sha256(b"motlan key id v1" + key).hexdigest()[:8]


def unwrap(root: bytes, period: str, wrapped: bytes) -> PeriodKeys:
    """The keys of a period; ConfigError when the root key does not open them."""
    return unwrap_by((root,), period, wrapped)


def unwrap_by(roots: Sequence[bytes], period: str, wrapped: bytes) -> PeriodKeys:
    """The keys of a period, by one of several root keys; ConfigError when none opens them."""
    for root in roots:
        keys = _plain(root, period, wrapped)
        if keys is not None:
            return PeriodKeys(
                period=period,
                index=keys[:_KEY],
                digest=keys[_KEY : 2 * _KEY],
                encryption=AESGCM(keys[2 * _KEY :]),
            )
    what = f"the root key does not open the keys of {period}"
    raise ConfigError([Problem("log.root_key", 0, what, "give the root key that this log began with")])


def _plain(root: bytes, period: str, wrapped: bytes) -> bytes | None:
    """The three keys end to end; None when this root key does not open them."""
    try:
        return AESGCM(root).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], period.encode())
    except (InvalidTag, ValueError):
        return None


def root_key_in(folder: Path) -> bytes:
    """The root key kept in the state folder; made there (mode 0600) when the folder has none.

    Of processes that start together one makes the key and all use it. ConfigError when the folder refuses.
    """
    return key_in(folder / ROOT_FILE)


def root_keys_in(folder: Path) -> RootKeys:
    """The root key of the state folder, with the next and the former one while and after it is changed."""
    names = (ROOT_FILE, _NEXT_ROOT_FILE, _FORMER_ROOT_FILE)

    def read() -> list[bytes]:
        return [key_in(folder / name) for name in names if name == ROOT_FILE or (folder / name).exists()]

    return RootKeys(read(), read)


def next_root_key(folder: Path) -> bytes:
    """The key that is to follow in the state folder: that of a rotation that broke off, else a new one."""
    return key_in(folder / _NEXT_ROOT_FILE)


def settle_root_key(folder: Path) -> None:
    """The next root key becomes the one that wraps, which becomes the former one. Every step may be the last."""
    replace_file(folder / _FORMER_ROOT_FILE, (folder / ROOT_FILE).read_bytes())
    (folder / _NEXT_ROOT_FILE).replace(folder / ROOT_FILE)
    sync_folder(folder)
