"""The keys of the exchange log: three random keys for each period, wrapped under one root key.

A period is a month in UTC. Its index key, digest key and encryption key are stored in one row: when it is deleted,
sealed parts stay closed and indexes and digests can no longer be guessed.
Sealing is AES-256-GCM (NIST SP 800-38D) with a nonce of 12 bytes in front; the root key wraps (gateway.ports.keys).
"""

import asyncio
import contextlib
import math
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, LogUnavailable, Problem
from gateway.exchange_log.durable import replace_file, sync_folder
from gateway.exchange_log.embedded_keys import EmbeddedRoot, as_wrapper
from gateway.exchange_log.key_files import ROOT_FILE, kept_key, key_in
from gateway.ports.keys import KeyWrapper

#: a root key: a port, or its 32 bytes
Root = bytes | KeyWrapper

_KEY = 32
#: bytes of a keyed index, of the digest of a released value, and of the digest of a message
INDEX_BYTES, FIELD_BYTES, CALL_BYTES = 16, 8, 16
#: bytes of a row's tag; BLAKE2s person that separates it from digests of messages under the same key
TAG_BYTES, _TAG_PERSON = 16, b"row tag"
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_NEXT_ROOT_FILE = "exchange-log-root-next.key"
_FORMER_ROOT_FILE = "exchange-log-root-former.key"
#: how long keys of an erasable month are used before the store is read again
_BRIEF_SECONDS = 2.0
#: keys are used for so long before checking that the store still has them
_RECHECK_SECONDS = 5.0
#: how often an idle process drops keys of other months
_IDLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodKeys:
    """The keys of one month; `repr` hides them."""

    #: "2026-11"
    period: str
    index: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    encryption: AESGCM = field(repr=False, compare=False)
    #: keyed BLAKE2s states to copy: for indexes, released values and messages
    indexing: blake2s = field(init=False, repr=False, compare=False)
    digesting_fields: blake2s = field(init=False, repr=False, compare=False)
    digesting_calls: blake2s = field(init=False, repr=False, compare=False)
    #: the same for tags of rows (tag.py)
    tagging: blake2s = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, size, key in (
            ("indexing", INDEX_BYTES, self.index),
            ("digesting_fields", FIELD_BYTES, self.digest),
            ("digesting_calls", CALL_BYTES, self.digest),
        ):
            object.__setattr__(self, name, blake2s(digest_size=size, key=key))
        tagging = blake2s(digest_size=TAG_BYTES, key=self.digest, person=_TAG_PERSON)
        object.__setattr__(self, "tagging", tagging)


class KeyStore(Protocol):
    """The store of wrapped period keys."""

    async def wrapped(self, period: str) -> bytes | None:
        """The wrapped keys of a period, or None if it has none."""
        ...

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        """Store the keys of a new period durably; returns the stored ones: the first writer wins."""
        ...


class RootKeys:
    """The wrapping root key, and former ones that open keys wrapped before a rotation."""

    __slots__ = ("_keys", "_read")

    def __init__(self, keys: Sequence[Root], read: Callable[[], Sequence[Root]] | None = None) -> None:
        """The first of `keys` wraps; `read` reads them again, if another process may change them."""
        self._keys = tuple(map(as_wrapper, keys))
        self._read = read

    @classmethod
    def of(cls, roots: "Root | RootKeys") -> "RootKeys":
        """From one key, or several."""
        return roots if isinstance(roots, RootKeys) else cls((roots,))

    @property
    def wrapper(self) -> KeyWrapper:
        """The wrapping key at the last reading."""
        return self._keys[0]

    @property
    def all(self) -> tuple[KeyWrapper, ...]:
        """The keys at the last reading."""
        return self._keys

    def newest(self) -> KeyWrapper:
        """The current wrapping key. Reads files: not for the loop."""
        if self._read is not None:
            self._keys = tuple(map(as_wrapper, self._read()))
        return self._keys[0]

    def opener(self, period: str, wrapped: bytes) -> str:
        """The name of the key that opens the keys of a period; empty if none does."""
        return next((one.name for one in self._keys if _plain(one, period, wrapped) is not None), "")

    def unwrap(self, period: str, wrapped: bytes) -> PeriodKeys:
        """The keys of a period, opened by any root key. Raises ConfigError. May read files."""
        with contextlib.suppress(ConfigError):
            return unwrap_by(self._keys, period, wrapped)
        self.newest()
        return unwrap_by(self._keys, period, wrapped)


class KeyRing:
    """The period keys of one log; makes the keys of a new month at its first record.

    Only keys of the current and the previous month stay in memory: they are never erased. Others are dropped after
    seconds, so an erasure reaches every process. Keys that the store has lost write no more records: these would stay
    unreadable.
    """

    __slots__ = ("_brief", "_clock", "_known", "_lock", "_look", "_roots", "_store")

    def __init__(
        self, roots: Root | RootKeys, store: KeyStore, clock: Callable[[], float] = time.time
    ) -> None:
        """A root key has 32 bytes (`root_key_from_text`, `root_key_in`); the clock returns POSIX seconds."""
        self._roots = RootKeys.of(roots)
        self._store = store
        self._clock = clock
        #: period -> (valid until (clock's seconds), keys, wrapped keys in the store)
        self._known: dict[str, tuple[float, PeriodKeys, bytes]] = {}
        #: period -> (valid until (clock's seconds), keys) of other months
        self._brief: dict[str, tuple[float, PeriodKeys]] = {}
        self._lock = asyncio.Lock()
        #: the next removal of keys
        self._look: asyncio.TimerHandle | None = None

    def known(self, period: str) -> PeriodKeys | None:
        """The keys of a period in memory; None if they must be read."""
        now = self._clock()
        if period in self._known:
            return self._known[period][1] if period in safe_periods(now) else None
        until, brief = self._brief.get(period, (-math.inf, None))
        return brief if now < until else None

    def fresh(self, period: str) -> PeriodKeys | None:
        """The same, if they need no check in the store."""
        now = self._clock()
        held = self._known.get(period)
        if held is None:
            return self.known(period)
        # A later end was set before the clock was set back.
        return held[1] if now < held[0] <= now + _RECHECK_SECONDS else None

    async def of(self, period: str) -> PeriodKeys:
        """The keys of a period. Raises ConfigError if the root key does not open them.

        Raises LogUnavailable if the store has lost keys that this process has used.
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
        """Schedule the removal of keys, also without further calls."""
        if self._look is not None:
            self._look.cancel()
        seconds = _BRIEF_SECONDS if self._brief else _IDLE_SECONDS
        held = bool(self._brief or self._known)
        self._look = asyncio.get_running_loop().call_later(seconds, self._forget) if held else None

    async def _opened(self, period: str) -> PeriodKeys:
        held = self._known.get(period)
        used, seen = (held[1], held[2]) if held is not None else (None, b"")
        wrapped = await self._store.wrapped(period)
        if wrapped is None:
            if used is not None:
                raise LogUnavailable(say.PERIOD_KEYS_GONE(period=period))
            fresh = await asyncio.to_thread(lambda: wrap_new(self._roots.newest(), period))
            wrapped = await self._store.keep(period, fresh)
        # no call of the key service for unchanged keys
        if used is not None and wrapped == seen:
            keys = used
        else:
            keys = await asyncio.to_thread(self._roots.unwrap, period, wrapped)
        if used not in {None, keys}:
            raise LogUnavailable(say.PERIOD_KEYS_OTHERS(period=period))
        now = self._clock()
        if period in safe_periods(now):
            # the month may end in a few seconds
            safe = period in safe_periods(now + _RECHECK_SECONDS)
            self._known[period] = (now + _RECHECK_SECONDS if safe else now, keys, wrapped)
        else:
            self._brief[period] = (now + _BRIEF_SECONDS, keys)
        self._look_later()
        return keys


def safe_periods(seconds: float) -> tuple[str, str]:
    """The month of a time (POSIX seconds) and the month before: their keys are never destroyed."""
    now = time.gmtime(seconds)
    year, month = (now.tm_year, now.tm_mon - 1) if now.tm_mon > 1 else (now.tm_year - 1, 12)
    return f"{now.tm_year:04}-{now.tm_mon:02}", f"{year:04}-{month:02}"


def wrap_new(root: Root, period: str) -> bytes:
    """Three new random keys of a period, wrapped under the root key."""
    if not _PERIOD.fullmatch(period):
        raise ValueError("a period is a month, as in 2026-11")
    return as_wrapper(root).wrap(secrets.token_bytes(3 * _KEY), period.encode())


def rewrap(old: Sequence[Root], root: Root, period: str, wrapped: bytes) -> bytes | None:
    """The same keys wrapped under `root`; None if they are already. Raises ConfigError if no key opens them."""
    new = as_wrapper(root)
    if _plain(new, period, wrapped) is not None:
        return None
    opened = (_plain(as_wrapper(key), period, wrapped) for key in old)
    plain = next((one for one in opened if one is not None), None)
    if plain is None:
        unwrap_by((), period, wrapped)
    assert plain is not None
    return new.wrap(plain, period.encode())


def unwrap(root: Root, period: str, wrapped: bytes) -> PeriodKeys:
    """The keys of a period. Raises ConfigError if the root key does not open them."""
    return unwrap_by((as_wrapper(root),), period, wrapped)


def unwrap_by(roots: Sequence[KeyWrapper], period: str, wrapped: bytes) -> PeriodKeys:
    """The keys of a period, by one of several root keys. Raises ConfigError if none opens them."""
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


def _plain(root: KeyWrapper, period: str, wrapped: bytes) -> bytes | None:
    """The three keys concatenated; None if this root key does not open them."""
    plain = root.unwrap(wrapped, period.encode())
    return plain if plain is None or len(plain) == 3 * _KEY else None


def root_key_in(folder: Path) -> bytes:
    """The root key of the state folder; a missing one is made (mode 0600).

    Of concurrent processes exactly one makes the key, and all use it. Raises ConfigError.
    """
    return key_in(folder / ROOT_FILE)


def root_keys_in(folder: Path) -> RootKeys:
    """The root key of the state folder, with the next and the former one during and after a rotation.

    An existing next key already wraps: a month that begins during a rotation is included. A root key
    that is missing later is an error; no new one is made.
    """
    root_key_in(folder)

    def read() -> list[bytes]:
        # in the order in which a rotation renames them: none is missed
        following, root, former = (
            kept_key(folder / name) for name in (_NEXT_ROOT_FILE, ROOT_FILE, _FORMER_ROOT_FILE)
        )
        if root is None:
            remedy = "restore the key file, or set log.root_key"
            raise ConfigError([Problem(ROOT_FILE, 0, f"there is no {ROOT_FILE} any more", remedy)])
        return [one for one in (following, root, former) if one is not None]

    return RootKeys(read(), read)


def next_root_key(folder: Path) -> KeyWrapper:
    """The next root key in the state folder: of an interrupted rotation, else a new one."""
    return EmbeddedRoot(key_in(folder / _NEXT_ROOT_FILE))


def settle_root_key(folder: Path) -> None:
    """Finish a rotation: next becomes current, current becomes former. It can be interrupted at every step."""
    replace_file(folder / _FORMER_ROOT_FILE, (folder / ROOT_FILE).read_bytes())
    (folder / _NEXT_ROOT_FILE).replace(folder / ROOT_FILE)
    sync_folder(folder)
