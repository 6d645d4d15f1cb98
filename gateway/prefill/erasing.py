"""Decisions whose process ended before it finished: their own data are erased, or the decision is forgotten."""

from gateway.exchange_log.outcomes import decisions as recorded
from gateway.ports.consents import Decisions
from gateway.ports.exchange_log import LogReader


async def finish_open_decisions(decisions: Decisions, reader: LogReader, now: float) -> None:
    """Finish all decisions that no process holds at `now` (POSIX seconds). ConsentsUnavailable, LogUnavailable."""
    for claim in await decisions.open(now):
        if await recorded(reader, claim.exchange, claim.requester):
            await decisions.confirm(claim.key, now, erasing=True)
        else:
            await decisions.forget(claim.key, now)
