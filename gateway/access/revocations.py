"""Revocations (RFC 7009) as this process knows them: stored for all processes, read again all the time.

`epoch` changes with every revocation and empties the cache of tokens. A process that could not read the store for
`GRACE_SECONDS` refuses every request. The order of rows in the store counts, never their time: clocks differ.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from gateway.domain import sentences as say
from gateway.domain.errors import AccessUnavailable
from gateway.ports.access import RevocationRows, Revoked

#: for how long a process may use its last reading
GRACE_SECONDS = 10.0
#: longest reading that a request waits for; pause after a failed one
_READ_TIMEOUT, _RETRY_SECONDS = 2.0, 1.0
#: a revocation of a requester lasts until it is restored: the end of the year 9999
_FOR_EVER = 253_402_300_800.0


class Revocations:
    """Revoked tokens by jti, stopped requesters, and the row that restored each requester."""

    def __init__(self, rows: RevocationRows, now: Callable[[], float]) -> None:
        """`now` returns POSIX seconds."""
        self._rows = rows
        self._now = now
        self._tokens: dict[str, float] = {}
        #: requester -> time of its revocation (POSIX seconds), for display only
        self._stopped: dict[str, float] = {}
        #: requester -> `seq` of the row that restored it
        self._restored: dict[str, int] = {}
        self._read_at = self._failed_at = float("-inf")
        self._looking = asyncio.Lock()
        self.epoch = 0

    async def refresh(self) -> None:
        """Read new revocations. Raises AccessUnavailable."""
        async with self._looking:
            rows = await self._rows.since(self.epoch)
            for row in rows:
                self._take(row)
                self.epoch = row.seq
            self._read_at = asyncio.get_running_loop().time()

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
        """Read for ever; each time `also` is called in a thread (keys may have changed)."""
        while True:
            with contextlib.suppress(Exception):  # a lasting fault is raised by `current`
                await self.refresh()
                await asyncio.to_thread(also)
            await asyncio.sleep(seconds)

    async def current(self) -> None:
        """Ensure a fresh reading; a process that was suspended reads now. Raises AccessUnavailable."""
        time = asyncio.get_running_loop().time
        if time() - self._read_at <= GRACE_SECONDS:
            return
        if time() - self._failed_at <= _RETRY_SECONDS:
            raise AccessUnavailable(say.REVOCATIONS_UNKNOWN)
        try:
            async with asyncio.timeout(_READ_TIMEOUT):
                await self.refresh()
        except (TimeoutError, AccessUnavailable):
            self._failed_at = time()
            raise AccessUnavailable(say.REVOCATIONS_UNKNOWN) from None

    def is_revoked(self, jti: str, requester: str, restored: int) -> bool:
        """Whether the token or its requester was revoked, now or since the token was issued.

        `restored`: the value of `restored` when it was issued.
        """
        return jti in self._tokens or self.is_stopped(requester) or restored < self.restored(requester)

    def is_stopped(self, requester: str) -> bool:
        """Whether the store says that the requester is revoked; its file may say so too."""
        return requester in self._stopped

    def restored(self, requester: str) -> int:
        """`seq` of the row that restored the requester; 0: never revoked."""
        return self._restored.get(requester, 0)

    @property
    def stopped(self) -> Mapping[str, float]:
        """Stopped requester -> time of its revocation by the revoker's clock (POSIX seconds)."""
        return self._stopped

    async def revoke_token(self, jti: str, until: float) -> None:
        """Revoke one token: refused here at once, by other processes within `check_seconds`."""
        await self._rows.add("token", jti, self._now(), until)
        await self.refresh()

    async def revoke_requester(self, requester: str) -> None:
        """Revoke all tokens of the requester, and new ones until it is restored."""
        await self._rows.add("requester", requester, self._now(), _FOR_EVER)
        await self.refresh()

    async def restore_requester(self, requester: str) -> bool:
        """Restore it; its old tokens stay revoked. False if it was not stopped."""
        await self.refresh()
        if not self.is_stopped(requester):
            return False
        await self._rows.add("restored", requester, self._now(), _FOR_EVER)
        await self.refresh()
        return True
