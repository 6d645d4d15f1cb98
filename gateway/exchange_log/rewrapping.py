"""Wraps all period keys of a log under another root key (see keys.py)."""

from collections.abc import Sequence

from gateway.domain.errors import ConfigError
from gateway.exchange_log.keys import Root, rewrap, unwrap_by


class Rewrapping:
    """Wraps the keys of periods again; keys that do not open are unchanged and listed."""

    __slots__ = ("_new", "_old", "opened", "unreadable")

    def __init__(self, old: Sequence[Root], new: Root) -> None:
        """From one of the `old` root keys to the `new` one."""
        self._old = old
        self._new = new
        #: number of opened keys
        self.opened = 0
        #: periods whose keys do not open
        self.unreadable: list[str] = []

    def wrap(self, period: str, wrapped: bytes) -> bytes | None:
        """The same keys under the new root key; None for keys that do not change."""
        try:
            fresh = rewrap(self._old, self._new, period, wrapped)
        except ConfigError:
            self.unreadable.append(period)
            return None
        self.opened += 1
        return fresh

    def check(self) -> None:
        """Raises ConfigError if no keys opened: the root key is wrong."""
        if self.unreadable and not self.opened:
            unwrap_by((), self.unreadable[0], b"")
