"""Erasure: destroys the keys of a period, so the people in its records can no longer be read or found.

Records and proofs stay: hashes cover the sealed bytes.
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
    """The result of an erasure."""

    period: str
    #: its keys were destroyed before; remaining bytes were removed again
    again: bool
    #: no file of the store has the bytes of the wrapped keys
    clean: bool
    #: where bytes remain: `tables` until the printed remedy is done, `journal` until the server recycles it
    remains: tuple[str, ...] = ()


class Erasure:
    """Destroys the keys of periods of one log."""

    def __init__(self, recorder: Recorder, vault: PeriodVault, hot: Hot) -> None:
        """Opens nothing and closes nothing."""
        self._recorder = recorder
        self._vault = vault
        self._hot = hot

    async def check(self, period: str, reason: str | None) -> bool:
        """Whether its keys are destroyed already. Raises Unprocessable if they must stay or never existed."""
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
        """Record the erasure, then destroy the keys. Can be repeated. Raises LogUnavailable."""
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
