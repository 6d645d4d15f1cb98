"""Erasure: the keys of a period are destroyed, so that nobody reads or finds the people in its records any more.

The records stay, and so does every proof: hashes cover what was sealed as it is.
"""

from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.problems import CommandCode
from gateway.exchange_log.recorder import Recorder
from gateway.keeping.acts import Hot, checked_reason
from gateway.keeping.months import Month, newest_cold
from gateway.ports.exchange_log import PeriodVault


class Erased(NamedTuple):
    """What an erasure did."""

    period: str
    #: its keys had been destroyed before; what may have been left of them was cleaned away again
    again: bool
    #: no file of the store holds the bytes of the wrapped keys any more
    clean: bool
    #: where they still are: `tables` until what the command says is done, `journal` until the server recycles it
    remains: tuple[str, ...] = ()


class Erasure:
    """Destroys the keys of periods, for the log that they belong to."""

    def __init__(self, recorder: Recorder, vault: PeriodVault, hot: Hot) -> None:
        """Opens nothing and closes nothing."""
        self._recorder = recorder
        self._vault = vault
        self._hot = hot

    async def check(self, period: str, reason: str | None) -> bool:
        """Whether its keys were destroyed before. Unprocessable when they may not be, or never were there."""
        month, now = Month.parse(period), self._recorder.clock.now()
        if month >= Month.of(now).plus(-1):
            raise Unprocessable(say.PERIOD_RUNNING(period=period), code=CommandCode.PERIOD_RUNNING)
        if month > newest_cold(now, self._hot.months) and not reason:
            raise Unprocessable(
                say.PERIOD_HOT(period=period, months=self._hot.months), code=CommandCode.PERIOD_HOT
            )
        if reason:
            checked_reason(reason)
        facts = {one.period: one for one in await self._vault.facts()}
        if period not in facts:
            known = ", ".join(name for name, one in facts.items() if one.living) or "none"
            raise Unprocessable(
                say.PERIOD_UNKNOWN(period=period, known=known), code=CommandCode.PERIOD_UNKNOWN
            )
        return not facts[period].living

    async def erase(self, period: str, reason: str | None) -> Erased:
        """Record it, then destroy them. May be repeated after an interruption. LogUnavailable when it cannot be."""
        again = await self.check(period, reason)
        if not again:
            early = self._hot.notes | ({"before_its_time": True} if reason else {})
            why = checked_reason(reason or "retention")
            await self._recorder.operator_act(
                Phase.PRUNING, "erase-period", period=period, reason=why, **early
            )
        remains = () if await self._vault.destroy(period) else ("tables",)
        if self._vault.journalled:
            remains = (*remains, "journal")
        return Erased(period, again, not remains, remains)
