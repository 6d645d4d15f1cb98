"""The cache: what may be lost, and is never lost silently."""

from typing import Protocol


class Cache(Protocol):
    """Holds late answers and previews for some minutes. Values are opaque bytes.

    PendingUnavailable, with what to do, when it cannot be asked.
    """

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is gone or was never there."""
        ...

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        """Keep a value for `seconds`: it can be read when this returns.

        `owner`: on whose account it is kept; a store with little room drops entries of the owner that has most.
        """
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
