"""Decisions that their process left behind: what they owe is erased, or forgotten, as the exchange log says."""

from gateway.ports import LogReader
from gateway.ports_consents import Decisions
from gateway.prefill.outcomes import decisions as recorded


async def settle_open(decisions: Decisions, reader: LogReader, now: float) -> None:
    """Look after all that nobody holds at this time (POSIX seconds). ConsentsUnavailable, LogUnavailable."""
    for claim in await decisions.open(now):
        if await recorded(reader, claim.exchange, claim.requester):
            await decisions.confirm(claim.key, now, erasing=True)
        else:
            await decisions.forget(claim.key, now)
