"""The cache in this process: the embedded default (gateway.ports.cache.Cache).

It has limits of entries and bytes, and never returns an expired entry. When it is full, the least recently used
entries of the largest owner are dropped. A client that floods the cache evicts only its own entries.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, PendingUnavailable, Problem
from gateway.ports.cache import Cache
from gateway.ports.policy import Quotas
from gateway.ports.sessions import Sessions

_ENTRIES = 50_000
_BYTES = 32 * 1024 * 1024
#: what an entry costs beside its value
_OVERHEAD = 200


class MemoryCache:
    """A bounded map with expiry; for one loop."""

    __slots__ = ("_entries", "_items", "_now", "_owned", "_room", "_sizes")

    def __init__(
        self, *, entries: int = _ENTRIES, room: int = _BYTES, now: Callable[[], float] = time.monotonic
    ) -> None:
        """At most `entries` entries that take at most `room` bytes together, keys and overhead included."""
        #: key -> when it is over, value, owner
        self._items: dict[str, tuple[float, bytes, str]] = {}
        #: owner -> his keys, the one not used longest first
        self._owned: dict[str, OrderedDict[str, None]] = {}
        #: owner -> bytes of its entries
        self._sizes: dict[str, int] = {}
        self._entries = entries
        self._room = room
        self._now = now

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there."""
        item = self._items.get(key)
        if item is None:
            return None
        if item[0] <= self._now():
            self._forget(key)
            return None
        self._owned[item[2]].move_to_end(key)
        return item[1]

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        """Keep a value for `seconds`; PendingUnavailable for one that is larger than the whole cache."""
        self._forget(key)
        size = _size(key, value)
        if seconds <= 0:
            return
        if size > self._room or not self._entries:
            raise PendingUnavailable(say.CACHE_FULL)
        taken = self._sizes.get(owner, 0) + size
        while sum(self._sizes.values()) + size > self._room or len(self._items) >= self._entries:
            most = max(self._sizes, key=self._sizes.__getitem__)
            # the new entry counts for its owner, so that it does not evict an owner that has less
            most = owner if owner in self._sizes and taken > self._sizes[most] else most
            self._forget(next(iter(self._owned[most])))
            taken = self._sizes.get(owner, 0) + size
        self._items[key] = (self._now() + seconds, bytes(value), owner)
        self._owned.setdefault(owner, OrderedDict())[key] = None
        self._sizes[owner] = taken

    async def close(self) -> None:
        """Forget everything."""
        for kept in (self._items, self._owned, self._sizes):
            kept.clear()

    def _forget(self, key: str) -> None:
        item = self._items.pop(key, None)
        if item is None:
            return
        owner = item[2]
        del self._owned[owner][key]
        self._sizes[owner] -= _size(key, item[1])
        if not self._owned[owner]:
            del self._owned[owner], self._sizes[owner]


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + _OVERHEAD


def open_cache(url: str) -> Cache:
    """The cache at `url`: `memory://` (optionally `?entries=N&bytes=N`), or Redis (`redis://host:port/0`).

    Connects with the first use. ConfigError for other addresses.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return _open_memory(parts.query)
    if parts.scheme in {"redis", "rediss", "unix"}:
        from adapters.stores.redis import RedisCache  # noqa: PLC0415 -- only where it is used

        return RedisCache(url)
    # The address itself is not repeated: it may hold a password.
    what = "the cache address is neither memory:// nor redis://"
    raise ConfigError([Problem("cache_url", 0, what, "write memory:// or redis://host:6379/0")])


def open_quotas(url: str) -> Quotas:
    """The counts of uses that go with the cache at `url`."""
    from adapters.stores.quotas import open_quotas as opened  # noqa: PLC0415 -- only where it is used

    return opened(url)


def open_sessions(url: str) -> Sessions:
    """The state of logins, beside the cache at `url`."""
    from adapters.stores.sessions import open_sessions as opened  # noqa: PLC0415 -- only where it is used

    return opened(url)


def _open_memory(query: str) -> MemoryCache:
    options = parse_qs(query)
    try:
        entries, room = (
            int(options.get(name, [default])[-1])
            for name, default in (("entries", _ENTRIES), ("bytes", _BYTES))
        )
    except ValueError:
        what = "entries and bytes of memory:// are numbers"
        raise ConfigError(
            [Problem("cache_url", 0, what, "write memory://?entries=50000&bytes=33554432")]
        ) from None
    return MemoryCache(entries=entries, room=room)
