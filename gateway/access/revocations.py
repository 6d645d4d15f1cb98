"""What was revoked (RFC 7009), as this process knows it: kept for all processes, looked up again all the time.

`epoch` changes with every revocation, and verified tokens in memory are forgotten then. A process that could
not look for a while trusts nothing any more. What counts is the order in which the store took rows, never their time:
clocks of machines differ, and files of configurations too.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from gateway.domain import sentences as say
from gateway.domain.errors import AccessUnavailable
from gateway.ports.access import RevocationRows, Revoked

#: for how long a process may live on what it knew
GRACE_SECONDS = 10.0
#: a look that a request waits for may take so long, and is not tried again for so long when it failed
_LOOK_SECONDS, _AGAIN_SECONDS = 2.0, 1.0
#: a revoked requester is remembered until it is restored: the end of the year 9999
_FOR_EVER = 253_402_300_800.0


class Revocations:
    """Tokens by their jti, requesters that are stopped, and since which row others were restored."""

    def __init__(self, rows: RevocationRows, now: Callable[[], float]) -> None:
        """`now` is POSIX seconds."""
        self._rows = rows
        self._now = now
        self._tokens: dict[str, float] = {}
        #: requester -> when it was revoked (POSIX seconds), to be shown only
        self._stopped: dict[str, float] = {}
        #: requester -> number of the row that restored it
        self._restored: dict[str, int] = {}
        self._looked = self._failed = float("-inf")
        self._looking = asyncio.Lock()
        self.epoch = 0

    async def refresh(self) -> None:
        """Learn what was revoked meanwhile. AccessUnavailable when the store cannot be asked."""
        async with self._looking:
            rows = await self._rows.since(self.epoch)
            for row in rows:
                self._take(row)
                self.epoch = row.seq
            self._looked = asyncio.get_running_loop().time()

    def _take(self, row: Revoked) -> None:
        match row.kind:
            case "token":
                self._tokens[row.id] = row.at
            case "restored":
                self._stopped.pop(row.id, None)
                self._restored[row.id] = row.seq
            case _:
                self._stopped[row.id] = row.at

    async def watch(self, seconds: float, also: Callable[[], None]) -> None:
        """Look for ever; `also` is called each time, aside from the loop (keys may have changed)."""
        while True:
            with contextlib.suppress(Exception):  # told by `check`, once it lasts
                await self.refresh()
                await asyncio.to_thread(also)
            await asyncio.sleep(seconds)

    async def current(self) -> None:
        """What is known is fresh, or is looked up now by a process that stood still. AccessUnavailable if neither."""
        time = asyncio.get_running_loop().time
        if time() - self._looked <= GRACE_SECONDS:
            return
        if time() - self._failed <= _AGAIN_SECONDS:
            raise AccessUnavailable(say.REVOCATIONS_UNKNOWN)
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self.refresh()
        except (TimeoutError, AccessUnavailable):
            self._failed = time()
            raise AccessUnavailable(say.REVOCATIONS_UNKNOWN) from None

    def hits(self, jti: str, requester: str, restored: int) -> bool:
        """Whether a token is revoked: it, or its requester, now or since it was minted.

        `restored`: what `restored` gave when it was minted.
        """
        return jti in self._tokens or self.stops(requester) or restored < self.restored(requester)

    def stops(self, requester: str) -> bool:
        """Whether the requester was revoked and not restored since, whatever its file says."""
        return requester in self._stopped

    def restored(self, requester: str) -> int:
        """The number of the row that restored the requester; 0: it was never revoked here."""
        return self._restored.get(requester, 0)

    @property
    def stopped(self) -> Mapping[str, float]:
        """Every requester that is stopped, with the time of its revocation by the revoker's clock (POSIX seconds)."""
        return self._stopped

    async def revoke_token(self, jti: str, until: float) -> None:
        """One token; refused here when this returns, elsewhere within `check_seconds`."""
        await self._rows.add("token", jti, self._now(), until)
        await self.refresh()

    async def revoke_requester(self, requester: str) -> None:
        """Every token that the requester has, and every new one until it is restored."""
        await self._rows.add("requester", requester, self._now(), _FOR_EVER)
        await self.refresh()

    async def restore_requester(self, requester: str) -> bool:
        """Whether it was stopped, and is not any more; the tokens that it had stay revoked."""
        await self.refresh()
        if not self.stops(requester):
            return False
        await self._rows.add("restored", requester, self._now(), _FOR_EVER)
        await self.refresh()
        return True
