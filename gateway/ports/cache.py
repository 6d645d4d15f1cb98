"""The port of the cache: its entries may be lost, but a loss is reported."""

from typing import Protocol


class Cache(Protocol):
    """Stores late answers and previews for some minutes. Values are opaque bytes.

    Raises PendingUnavailable, with a remedy.
    """

    async def get(self, key: str) -> bytes | None:
        """The value, or None if there is none (any more)."""
        ...

    async def put(self, key: str, value: bytes, seconds: int, owner: str = "") -> None:
        """Store a value for `seconds`: it can be read when this returns.

        `owner`: the account of the entry; a full store drops entries of the largest owner.
        """
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
