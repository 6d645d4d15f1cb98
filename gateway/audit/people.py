"""Who a record is about: found by keyed indexes over the living periods, and opened again.

The keys of a period that was erased are not here any more: its records are found and read without their people.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.exchange_log.keys import PeriodKeys, unwrap
from gateway.exchange_log.record import SealBroken, subject_index, unseal
from gateway.ports import LogKeeping

_LAST_MONTH = "9999-12"


class People:
    """The people of the log, under its root key."""

    def __init__(self, root: bytes, keeping: LogKeeping) -> None:
        """`root` has 32 bytes and opens the period keys."""
        self._root = root
        self._keeping = keeping
        self._known: dict[str, PeriodKeys] = {}

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

    async def _living(self) -> Mapping[str, PeriodKeys]:
        periods = await self._keeping.periods()
        self._known = {
            month: self._known.get(month) or unwrap(self._root, month, wrapped)
            for month, wrapped in sorted(periods.items())
        }
        return self._known
