"""Who a record is about: found by keyed indexes over the living periods, and opened again.

The keys of a period that was erased are not here any more: its records are found and read without their people.
So it is with keys that somebody spoilt.
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
    """The people of the log, under its root key."""

    def __init__(self, root: Root | RootKeys, keeping: LogKeeping) -> None:
        """A root key has 32 bytes; it, or one of several, opens the period keys."""
        self._roots = RootKeys.of(root)
        self._keeping = keeping

    async def indexes(self, keys: Iterable[str], since: str = "", until: str = "") -> tuple[bytes, ...]:
        """The keyed indexes of subjects (`Subject.key`) in each living period that touches the span of time."""
        wanted = tuple(keys)
        last = until[:7] or _LAST_MONTH
        return tuple(
            bytes.fromhex(subject_index(period.index, key))
            for month, period in (await self._living()).items()
            if since[:7] <= month <= last
            for key in wanted
        )

    async def opened(self, members: dict[str, Any]) -> Mapping[str, Any] | None:
        """`{"official", "subjects"}` of a decoded leaf; None when its period was erased or the seal is broken."""
        keys = (await self._living()).get(members["period"])
        if keys is None:
            return None
        try:
            return unseal(members, keys)
        except SealBroken:
            return None

    async def keys(self, period: str) -> PeriodKeys | None:
        """The keys of a living period; None when it was erased, has not begun, or is spoilt."""
        return (await self._living()).get(period)

    async def unreadable(self) -> Sequence[str]:
        """Months whose keys are there and do not open, as where somebody spoilt them: nobody is found in them."""
        living = await self._living()
        return [month for month in sorted(await self._keeping.periods()) if month not in living]

    async def _living(self) -> Mapping[str, PeriodKeys]:
        """Opened for each look-up and forgotten with it: nobody reads what was erased meanwhile."""
        periods = await self._keeping.periods()
        return await asyncio.to_thread(self._unwrapped, periods)

    def _unwrapped(self, periods: Mapping[str, bytes]) -> Mapping[str, PeriodKeys]:
        opened: dict[str, PeriodKeys] = {}
        for month, wrapped in sorted(periods.items()):
            # One that does not open is passed over and told by `unreadable`: the others are not to suffer for it.
            with contextlib.suppress(ConfigError):
                opened[month] = self._roots.unwrap(month, wrapped)
        return opened
