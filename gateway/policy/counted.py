"""Counts uses that no agreement counts: the rates of the settings."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.policy.rates import Exceeded, Limit, Whom, exceeded, limit, longest, uses
from gateway.ports.policy import Quotas


class Rates(NamedTuple):
    """Counters of rates."""

    limits: tuple[Limit, ...]
    quotas: Quotas
    #: key of the digests under which people are counted
    secret: bytes

    async def use(self, requester: str, who: Mapping[Whom, str]) -> Exceeded | None:
        """Count one use of each rate; the exceeded limit, if any."""
        counted = uses(self.limits, [[(who[one.whom], "")] for one in self.limits], self.secret, requester)
        counts = await self.quotas.use([use for _, use in counted]) if counted else ()
        return longest(exceeded(self.limits, counts))


def limits_of(what: str, rates: Mapping[Whom, str | None]) -> tuple[Limit, ...]:
    """The limits of rates (`600/hour`) of the settings; None: not counted."""
    return tuple(
        limit(f"quota:{what}:{whom}", whom, rate) for whom, rate in rates.items() if rate is not None
    )
