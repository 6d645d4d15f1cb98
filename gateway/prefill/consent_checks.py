"""Whether the consents that an exchange rests on still hold: checked before each wave, and before anything leaves."""

import asyncio
from collections.abc import Collection, Mapping

from gateway.domain.reasons import Reason
from gateway.ports.clock import Clock
from gateway.ports.policy import Consents
from gateway.prefill.exchange import Exchange

#: how long the look-up may take
_SECONDS = 1.0


class ConsentChecks:
    """Looks consents up."""

    def __init__(self, consents: Consents | None, clock: Clock) -> None:
        """`consents` None: nobody can tell which hold."""
        self._consents = consents
        self._clock = clock

    async def invalid(self, consents: Collection[str]) -> Mapping[str, Reason]:
        """Those of them that are not sure to hold, and why."""
        if not consents or self._consents is None:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._consents.invalid_consents(consents, self._clock.now())
        except TimeoutError:
            return dict.fromkeys(consents, Reason.CONSENTS_UNAVAILABLE)

    async def recheck(self, exchange: Exchange) -> None:
        """The exchange has another plan, with less in it, if a consent holds no longer."""
        consents = exchange.allowed.consents(exchange.answers)
        if consents:
            invalid = await self.invalid(consents)
            exchange.plan = exchange.allowed.without(invalid, exchange.plan, exchange.answers)
