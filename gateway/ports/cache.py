"""The cache: what may be lost."""

from typing import Protocol


class Cache(Protocol):
    """Holds only what may be lost: answers, late values, sessions. Values are opaque bytes."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there; a broken store answers None."""
        ...

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        """Keep a value for `seconds`; a broken store drops it silently (counted in metrics).

        `owner`: on whose account it is kept; a store with little room makes whoever has most in it give way.
        """
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
