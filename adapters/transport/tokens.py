"""The credentials of a call: fixed or timed headers, or a token that is renewed when it is refused.

A token is fetched once for all calls that wait for it, and kept until shortly before it expires. A failed fetch fails
those calls only; the next one tries again (the peer's breaker guards the provider).
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.transport.breaker import NOBODY, Behalf
from adapters.transport.call import AnswerReading, HttpPeer, NeedsToken, Prove, ProviderCall, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import invalid
from adapters.transport.strict_json import NotStrictJson, parse
from gateway.domain.fault_codes import FaultCode

#: a token is not used in its last minute
_MARGIN_SECONDS = 60
_DEFAULT_SECONDS = 3_600
_LONGEST_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderToken:
    """A token, with what else its answer held."""

    value: str = field(repr=False)
    #: seconds of its life, counted from the answer
    seconds: float
    #: further members that calls need (`id_token`)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


class HeaderAuth:
    """Headers that need no token: worked out per call from the time, or fixed. Implements call.Auth."""

    turn = 0
    good_until = math.inf

    def __init__(
        self, make: Callable[[], dict[str, str]] = dict, *, ending: str = "", prove: Prove | None = None
    ) -> None:
        """`make` returns the headers of one call; `ending` and `prove` as in call.Auth."""
        self.headers = make
        self.ending = ending
        self.prove = prove
        self.in_doubt = False

    def renew(self, call: NeedsToken, turn: int) -> None:
        """There is nothing to renew."""
        del turn
        call.token_came()

    async def close(self) -> None:
        """Nothing is held."""


class TokenAuth:
    """A token got from the provider, then put into headers or into the address. Implements call.Auth.

    It is the `Speech` of its own fetches.
    """

    def __init__(
        self,
        peer: HttpPeer,
        request: Wire | Callable[[], Wire],
        make: Callable[[ProviderToken], dict[str, str]],
        make_ending: Callable[[ProviderToken], str] | None = None,
        *,
        place: tuple[str, ...] = ("access_token",),
        life: float = _DEFAULT_SECONDS,
        own_peer: HttpPeer | None = None,
    ) -> None:
        """`request` asks `peer` for a token, `place` is where the answer has it; `life` in seconds unless it says so.

        A function makes a new request for each token. `own_peer` is closed with this object.
        """
        self._peer, self._request = peer, request
        self._make, self._make_ending = make, make_ending
        self._place, self._life = place, life
        self._own_peer = own_peer
        self._headers: Mapping[str, str] = {}
        self._unsigned = HeaderAuth()
        self._waiting: list[NeedsToken] = []
        self._fetching = False
        self.good_until = -math.inf
        self.turn = 0
        self.ending = ""
        self.prove: Prove | None = None
        self.in_doubt = False

    def headers(self) -> Mapping[str, str]:
        """The headers with the token."""
        return self._headers

    def renew(self, call: NeedsToken, turn: int) -> None:
        """One new token for all calls that wait."""
        if turn != self.turn and not self._fetching:
            call.token_came()
            return
        self._waiting.append(call)
        if not self._fetching:
            self._fetching = True
            end = asyncio.get_running_loop().time() + self._peer.total_seconds
            ProviderCall(self._peer, self._unsigned, self, None, end, self._fetched).begin()

    def _fetched(self, fetch: ProviderCall[None, ProviderToken]) -> None:
        self._fetching = False
        waiting, self._waiting = self._waiting, []
        if fetch.fault is None:
            token = fetch.reading.value
            self._headers = self._make(token)
            if self._make_ending is not None:
                self.ending = self._make_ending(token)
            # a very short life keeps half of itself, or every call would fetch
            seconds = max(token.seconds - _MARGIN_SECONDS, token.seconds / 2)
            self.good_until = asyncio.get_running_loop().time() + seconds
            self.turn += 1
        if fetch.fault is not None and fetch.fault.fault is not None:
            fetch.fault.fault = fetch.fault.fault._replace(step="token")
        for call in waiting:
            call.token_came(fetch.fault)

    async def close(self) -> None:
        """Close the token endpoint's own connections; a fetch from the provider itself ends with its peer."""
        if self._own_peer is not None:
            await self._own_peer.close()

    # ------------------------------------------------------------ what is said to fetch a token

    def write(self, asked: None) -> Wire:
        """The request for a token."""
        del asked
        return self._request if isinstance(self._request, Wire) else self._request()

    def read(self, asked: None, answer: HttpAnswer) -> AnswerReading[ProviderToken]:
        """The token of an answer. Raises ProviderError(INVALID) if it has none."""
        del asked
        try:
            around = parse(answer.body)
        except NotStrictJson:
            raise invalid(answer.status, FaultCode.NOT_JSON) from None
        for name in self._place[:-1]:
            around = around.get(name) if isinstance(around, dict) else None
        value = around.get(self._place[-1]) if isinstance(around, dict) else None
        if not isinstance(around, dict) or not isinstance(value, str) or not value.isprintable() or not value:
            raise invalid(answer.status, FaultCode.NO_TOKEN)
        seconds = life_seconds(around.get("expires_in"), self._life)
        more = {"id_token": around["id_token"]} if isinstance(around.get("id_token"), str) else {}
        return AnswerReading(ProviderToken(value=value, seconds=seconds, more=more))

    def behalf(self, asked: None) -> Behalf:
        """A token is for all."""
        del asked
        return NOBODY


def life_seconds(value: object, default: float = _DEFAULT_SECONDS) -> float:
    """What `expires_in` says, as a number or digits; `default` for anything else (dates, nothing)."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return default
    return min(float(value), _LONGEST_SECONDS)
