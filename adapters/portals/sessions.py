"""The session of an account at a portal (national-portal.md A.2): one login for all who wait, shared by processes.

Promises: the cache holds a session sealed only. A refused login is not tried again for half a minute, so that no
account is locked by us. Without the cache each process has a session of its own.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.portals.calling import NotDelivered
from gateway.domain.errors import PendingUnavailable
from gateway.domain.reasons import DeliveryReason
from gateway.exchange_log.aead import seal, unseal
from gateway.ports.cache import Cache
from gateway.ports.clock import Clock
from gateway.ports.relay import DeliveryOutcome, PortalAnswer

#: after a refused login
_REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class PortalSession:
    """An opaque session. `until`: POSIX seconds."""

    value: str = field(repr=False)
    until: float


class PortalSessions:
    """The session of one account: got when it is needed, renewed once for all who saw it refused."""

    def __init__(
        self,
        login: Callable[[], Awaitable[str | None]],
        cache: Cache,
        clock: Clock,
        *,
        secret: bytes,
        account: str,
        seconds: int,
    ) -> None:
        """`login` gives a new session, None when it is refused; NotDelivered. `account` names portal and user."""
        self._login = login
        self._cache = cache
        self._clock = clock
        self._seconds = seconds
        self._place = "portal-session:" + hashlib.sha256(account.encode()).hexdigest()
        key = hashlib.blake2b(account.encode(), key=secret, digest_size=32, person=b"motlan-session")
        self._key = AESGCM(key.digest())
        self._held: PortalSession | None = None
        self._getting: asyncio.Task[PortalSession] | None = None
        self._rest_until = 0.0

    async def current(self, end: float) -> PortalSession:
        """A session that has not ended. Raises NotDelivered. `end`: a time of the loop's clock."""
        held = self._held
        if held is not None and self._now() < held.until:
            return held
        return await self._new(held, end)

    async def renewed(self, former: PortalSession, end: float) -> PortalSession:
        """A session other than one that the portal refused. Raises NotDelivered."""
        held = self._held
        if held is not None and held.value != former.value and self._now() < held.until:
            return held
        return await self._new(former, end)

    async def close(self) -> None:
        """Get no session any more."""
        if self._getting is not None:
            self._getting.cancel()
            await asyncio.wait((self._getting,))

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _new(self, former: PortalSession | None, end: float) -> PortalSession:
        """The result of the one login under way; who waits no longer leaves it to the others."""
        getting = self._getting
        if getting is None or getting.done():
            getting = self._getting = asyncio.create_task(self._get(former), name="portal-login")
            # those who wait may all be gone
            getting.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            async with asyncio.timeout_at(end):
                return await asyncio.shield(getting)
        except TimeoutError:
            raise NotDelivered(_unavailable(DeliveryReason.RECEIVER_TIMEOUT)) from None

    async def _get(self, former: PortalSession | None) -> PortalSession:
        shared = await self._shared()
        if shared is not None and (former is None or shared.value != former.value):
            self._held = shared
            return shared
        rest = self._rest_until - self._now()
        if rest > 0:
            raise NotDelivered(_unavailable(DeliveryReason.LOGIN_REFUSED, rest))
        began = self._now()
        value = await self._login()
        if value is None:
            self._rest_until = self._now() + _REST_SECONDS
            raise NotDelivered(_unavailable(DeliveryReason.LOGIN_REFUSED, _REST_SECONDS))
        self._held = session = PortalSession(value, began + self._seconds)
        await self._share(session)
        return session

    async def _shared(self) -> PortalSession | None:
        """What another process got."""
        try:
            sealed = await self._cache.get(self._place)
        except PendingUnavailable:
            return None
        plain = None if sealed is None else unseal(self._key, sealed, self._place.encode())
        if plain is None:
            return None
        value, until = orjson.loads(plain)
        return PortalSession(value, until) if self._now() < until else None

    async def _share(self, session: PortalSession) -> None:
        sealed = seal(self._key, orjson.dumps([session.value, session.until]), self._place.encode())
        try:
            await self._cache.put(self._place, sealed, self._seconds, "portals")
        except PendingUnavailable:
            return


def _unavailable(reason: DeliveryReason, seconds: float | None = None) -> PortalAnswer:
    return PortalAnswer(DeliveryOutcome.UNAVAILABLE, reason, retry_in=seconds)
