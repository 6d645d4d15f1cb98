"""The port of login state: attempts, codes, tokens and sessions of people. What is lost ends a login, never changes it.

In-process by default, Redis or Valkey where several processes serve; one contract suite for both.
"""

from typing import Protocol


class Sessions(Protocol):
    """Short-lived opaque values by opaque keys; the keys of different uses have different prefixes.

    Every call raises LoginsUnavailable when the store cannot be reached: then nobody is signed in.
    """

    async def put(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value for `seconds`, over a former one. It is there when this returns."""
        ...

    async def add(self, key: str, value: bytes, seconds: int) -> bool:
        """Store a value where there is none; whether it was stored. One of several concurrent callers wins."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The value; None when it is over, taken, or was never there."""
        ...

    async def take(self, key: str) -> bytes | None:
        """The value, which is then gone: one of several concurrent callers gets it."""
        ...

    async def swap(self, key: str, before: bytes, after: bytes, seconds: int) -> bool:
        """Replace exactly `before`; False when another value, or none, is there."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a value."""
        ...

    async def count(self, use: str) -> int:
        """How many values there are whose keys begin with this use (`ss:`), about: one may end meanwhile."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
