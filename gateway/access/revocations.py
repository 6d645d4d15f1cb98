"""What was revoked (RFC 7009), as this process knows it: kept for all processes, looked up again all the time.

`epoch` changes with every revocation, and whoever remembers a verified token forgets it then. A process that could
not look for a while trusts nothing any more.
"""

import asyncio
import contextlib
from collections.abc import Callable

from gateway.domain.errors import AccessUnavailable
from gateway.ports_access import RevocationRows

#: for how long a process may live on what it knew
GRACE_SECONDS = 10.0
#: a look that a request waits for may take so long, and is not tried again for so long when it failed
_LOOK_SECONDS, _AGAIN_SECONDS = 2.0, 1.0
_UNKNOWN = "revocations could not be looked up for a while"
#: a revoked requester is remembered for so long; its file says it for ever
_YEARS = 10 * 366 * 86_400.0


class Revocations:
    """Tokens by their jti, and requesters with the time before which their tokens are no good."""

    def __init__(self, rows: RevocationRows, now: Callable[[], float], read_at: float) -> None:
        """`now` is POSIX seconds; whoever is revoked after `read_at`, when requesters began to be read, is stopped."""
        self._rows = rows
        self._now = now
        self._read_at = read_at
        self._tokens: dict[str, float] = {}
        self._requesters: dict[str, float] = {}
        self._looked = self._failed = float("-inf")
        self._looking = asyncio.Lock()
        self.epoch = 0

    async def look(self) -> None:
        """Learn what was revoked meanwhile. AccessUnavailable when the store cannot be asked."""
        async with self._looking:
            rows = await self._rows.since(self.epoch)
            for row in rows:
                if row.kind == "token":
                    self._tokens[row.id] = row.at
                else:
                    self._requesters[row.id] = max(row.at, self._requesters.get(row.id, 0.0))
                self.epoch = row.seq
            self._looked = asyncio.get_running_loop().time()

    def reread(self, read_at: float) -> None:
        """The requesters were read anew, and their files say what they said before."""
        self._read_at = read_at

    async def watch(self, seconds: float, also: Callable[[], None]) -> None:
        """Look for ever; `also` is called each time, aside from the loop (keys may have changed)."""
        while True:
            with contextlib.suppress(Exception):  # told by `check`, once it lasts
                await self.look()
                await asyncio.to_thread(also)
            await asyncio.sleep(seconds)

    async def current(self) -> None:
        """What is known is fresh, or is looked up now by a process that stood still. AccessUnavailable if neither."""
        time = asyncio.get_running_loop().time
        if time() - self._looked <= GRACE_SECONDS:
            return
        if time() - self._failed <= _AGAIN_SECONDS:
            raise AccessUnavailable(_UNKNOWN)
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self.look()
        except (TimeoutError, AccessUnavailable):
            self._failed = time()
            raise AccessUnavailable(_UNKNOWN) from None

    def hits(self, jti: str, requester: str, issued: float) -> bool:
        """Whether such a token is revoked; of a requester who is stopped every one is, whoever issued it meanwhile."""
        revoked_at = self._requesters.get(requester, float("-inf"))
        return jti in self._tokens or issued <= revoked_at or self.stops(requester)

    def stops(self, requester: str) -> bool:
        """Whether the requester was revoked after its file was read: the file that was read does not say so."""
        return self._requesters.get(requester, float("-inf")) >= self._read_at

    async def revoke_token(self, jti: str, until: float) -> None:
        """One token; refused here when this returns, elsewhere within `check_seconds`."""
        await self._rows.add("token", jti, self._now(), until)
        await self.look()

    async def revoke_requester(self, requester: str) -> None:
        """All tokens that the requester has now."""
        await self._rows.add("requester", requester, self._now(), self._now() + _YEARS)
        await self.look()

    async def close(self) -> None:
        """Free connections."""
        await self._rows.close()
