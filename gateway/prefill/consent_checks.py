"""Checks whether consents still hold: before each wave, and before an answer leaves."""

import asyncio
from collections.abc import Collection, Mapping

from gateway.domain.reasons import Reason
from gateway.ports.clock import Clock
from gateway.ports.policy import Consents
from gateway.prefill.exchange import Exchange

#: time limit of the look-up
_SECONDS = 1.0


class ConsentChecks:
    """Looks up consents."""

    def __init__(self, consents: Consents | None, clock: Clock) -> None:
        """`consents` None: every consent counts as unknown."""
        self._consents = consents
        self._clock = clock

    async def invalid(self, consents: Collection[str]) -> Mapping[str, Reason]:
        """The consents that do not hold or cannot be checked, and why."""
        if not consents or self._consents is None:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._consents.invalid_consents(consents, self._clock.now())
        except TimeoutError:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)

    async def recheck(self, exchange: Exchange) -> None:
        """Narrow the plan of the exchange when a consent no longer holds, or a person who was found has no quota."""
        for one in exchange.answers:
            if one is not None and one.found_id:
                allowed, counted = exchange.allowed, exchange.counted
                exchange.plan = await allowed.found(exchange.plan, exchange.answers, counted)
                break
        consents = exchange.allowed.consents(exchange.answers)
        if consents:
            invalid = await self.invalid(consents)
            exchange.plan = exchange.allowed.without(invalid, exchange.plan, exchange.answers)
