"""What proves who we are on a call: fixed or timed headers, or a token that is renewed when it is refused."""

import base64
from collections.abc import Callable
from typing import Protocol

from adapters.transport.http import HttpPeer
from adapters.transport.tokens import Token, TokenCache


class Auth(Protocol):
    """What a call needs so that the provider knows us."""

    #: the newest token was refused when it was new
    in_doubt: bool

    @property
    def turn(self) -> int:
        """Number of the token in force; read it right after `headers` or `query`, give it to `renew`."""

    async def headers(self, deadline: float) -> dict[str, str]:
        """Headers of one call; ProviderError when no token could be had by `deadline` (loop's clock)."""

    async def query(self, deadline: float) -> str:
        """What the address of one call ends with (`token=…`), encoded; mostly empty. Never log it."""

    async def renew(self, deadline: float, turn: int | None = None) -> bool:
        """Get a new token unless `turn` is past already; False when there is nothing to renew."""

    async def close(self) -> None:
        """Free what only authentication used."""


class HeaderAuth:
    """Headers that need no token: worked out per call from the time, or fixed."""

    turn = 0
    in_doubt = False

    def __init__(self, make: Callable[[], dict[str, str]]) -> None:
        """`make` gives the headers of one call."""
        self._make = make

    async def headers(self, deadline: float) -> dict[str, str]:
        """The headers."""
        del deadline
        return self._make()

    async def query(self, deadline: float) -> str:
        """Nothing."""
        del deadline
        return ""

    async def renew(self, deadline: float, turn: int | None = None) -> bool:
        """There is nothing to renew."""
        del deadline, turn
        return False

    async def close(self) -> None:
        """Nothing is held."""


class TokenAuth:
    """A token got from the provider, then put into headers or into the query."""

    def __init__(
        self,
        cache: TokenCache,
        make: Callable[[Token], dict[str, str]],
        make_query: Callable[[Token], str] | None = None,
        own_peer: HttpPeer | None = None,
    ) -> None:
        """`own_peer` is closed with this object."""
        self._cache = cache
        self._make = make
        self._make_query = make_query
        self._own_peer = own_peer
        self.in_doubt = False

    @property
    def turn(self) -> int:
        """Number of the token in force."""
        return self._cache.turn

    async def headers(self, deadline: float) -> dict[str, str]:
        """The headers with the token."""
        return self._make(await self._cache.get(deadline))

    async def query(self, deadline: float) -> str:
        """The query with the token, when this provider wants it there."""
        return self._make_query(await self._cache.get(deadline)) if self._make_query else ""

    async def renew(self, deadline: float, turn: int | None = None) -> bool:
        """One new token for all who wait."""
        await self._cache.renew(deadline, turn)
        return True

    async def close(self) -> None:
        """Stop a fetch under way; close the token endpoint's connections."""
        await self._cache.close()
        if self._own_peer is not None:
            await self._own_peer.close()


def basic(user: str, secret: str) -> str:
    """An Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode("ascii")
