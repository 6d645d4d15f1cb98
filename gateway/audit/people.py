"""The people of records: their keyed indexes in all periods with keys, and the sealed part of a record.

Records of a period whose keys are erased or damaged are found and read without their people.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.domain.errors import ConfigError
from gateway.exchange_log.keys import PeriodKeys, Root, RootKeys
from gateway.exchange_log.record import SealBroken, subject_index, unseal
from gateway.ports.exchange_log import LogKeeping

_LAST_MONTH = "9999-12"


class People:
    """Finds and opens people, with the log's root key."""

    def __init__(self, root: Root | RootKeys, keeping: LogKeeping) -> None:
        """`root`: 32 bytes, or several keys; one of them opens the period keys."""
        self._roots = RootKeys.of(root)
        self._keeping = keeping

    async def indexes(self, keys: Iterable[str], since: str = "", until: str = "") -> tuple[bytes, ...]:
        """The keyed indexes of subjects (`Subject.key`) in each period with keys in the time range."""
        wanted = tuple(keys)
        last = until[:7] or _LAST_MONTH
        return tuple(
            bytes.fromhex(subject_index(period.index, key))
            for month, period in (await self._living()).items()
            if since[:7] <= month <= last
            for key in wanted
        )

    async def opened(self, members: dict[str, Any]) -> Mapping[str, Any] | None:
        """`{"official", "subjects"}` of a decoded leaf; None if its period was erased or the seal is broken."""
        keys = (await self._living()).get(members["period"])
        if keys is None:
            return None
        try:
            return unseal(members, keys)
        except SealBroken:
            return None

    async def keys(self, period: str) -> PeriodKeys | None:
        """The keys of a period; None if it was erased, has not begun, or is damaged."""
        return (await self._living()).get(period)

    async def unreadable(self) -> Sequence[str]:
        """Months with damaged keys: no person is found in them."""
        living = await self._living()
        return [month for month in sorted(await self._keeping.periods()) if month not in living]

    async def _living(self) -> Mapping[str, PeriodKeys]:
        """Open the keys for one look-up only, so an erasure takes effect at once."""
        periods = await self._keeping.periods()
        return await asyncio.to_thread(self._unwrapped, periods)

    def _unwrapped(self, periods: Mapping[str, bytes]) -> Mapping[str, PeriodKeys]:
        opened: dict[str, PeriodKeys] = {}
        for month, wrapped in sorted(periods.items()):
            # A damaged key is skipped here and reported by `unreadable`.
            with contextlib.suppress(ConfigError):
                opened[month] = self._roots.unwrap(month, wrapped)
        return opened
