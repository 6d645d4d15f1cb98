"""People in tables beside the exchange log: keyed indexes and encrypted parts under the keys of the log's periods.

Each look-up asks which periods are not erased, so that erased data stay unreadable; opened keys are cached until their
period is erased. A person under an erased period is not found, and their consents no longer hold.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, KeyUnavailable, LogUnavailable
from gateway.exchange_log.keys import PeriodKeys, RootKeys
from gateway.exchange_log.record import subject_index
from gateway.ports.exchange_log import LogKeeping

#: month, wrapped keys
_Period = tuple[str, bytes]


class PersonKeys:
    """The period keys of the log, under its root key."""

    def __init__(self, roots: RootKeys, keeping: LogKeeping) -> None:
        """`keeping` has the wrapped keys of the periods that are not erased."""
        self._roots = roots
        self._keeping = keeping
        self._known: dict[_Period, PeriodKeys] = {}

    async def of(self, period: str) -> PeriodKeys | None:
        """The keys of a period; None when they are erased or damaged. Raises LogUnavailable when that is unknown."""
        return (await self._opened(period)).get(period)

    async def erased(self, period: str) -> bool:
        """Whether the keys of a period are erased. Raises LogUnavailable when that is unknown."""
        return period not in await self._keeping.periods()

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """The keyed indexes of a person (`Subject.key`), one for each period that is not erased."""
        return tuple(index_of(keys, person) for keys in (await self._opened()).values())

    async def _opened(self, only: str = "") -> Mapping[str, PeriodKeys]:
        living = (await self._keeping.periods()).items()
        known = {period: self._known[period] for period in living if period in self._known}
        new = [period for period in living if period not in known and only in ("", period[0])]
        if new:
            try:
                known |= await asyncio.to_thread(self._unwrapped, new)
            except KeyUnavailable as error:
                raise LogUnavailable(say.ROOT_KEY_UNUSABLE(why=error.sentence)) from None
        self._known = known
        return {
            month: known[month, wrapped] for month, wrapped in sorted(living) if (month, wrapped) in known
        }

    def _unwrapped(self, periods: Sequence[_Period]) -> dict[_Period, PeriodKeys]:
        opened: dict[_Period, PeriodKeys] = {}
        for month, wrapped in periods:
            with contextlib.suppress(ConfigError):  # the log inspection reports a damaged key
                opened[month, wrapped] = self._roots.unwrap(month, wrapped)
        return opened


def index_of(keys: PeriodKeys, person: str) -> bytes:
    """The keyed index of a person within one period, 16 bytes; the same as in the log."""
    return bytes.fromhex(subject_index(keys.index, person))
