"""Opens the configured anchors and their rounds. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from gateway import registry
from gateway.anchors.gauges import AnchorGauges
from gateway.anchors.heads import Heads
from gateway.anchors.listing import Listing
from gateway.anchors.rounds import Rounds
from gateway.anchors.verified import VerifiedAnchors
from gateway.api.context import Anchoring
from gateway.composition.composition import Composition
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import GatewayError
from gateway.ports.anchors import Anchor
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import LogTree, Sequencer
from gateway.ports.stores import Stores

_PLACE = "config/gateway.yaml"
#: how long a start waits for witnesses
_FIRST_WORD_SECONDS = 3.0


@contextlib.asynccontextmanager
async def anchoring(
    parts: Composition, stores: Stores, clock: Clock, sequencer: Sequencer
) -> AsyncIterator[Anchoring]:
    """The running rounds over all configured anchors. Raises ConfigError."""
    settings = parts.configuration.gateway.log
    tree, kept = stores.reader, stores.anchors
    keys = [one.vkey for one in settings.anchors.witnesses]
    anchors = _opened(parts, tree, clock)

    def now() -> float:
        return clock.now().timestamp()

    heads = Heads(tree, kept, keys, now)
    rounds = Rounds(
        anchors, kept, VerifiedAnchors(kept, tree, now), tree, stores.keeping, heads, sequencer.owner,
        settings.anchors.every_seconds, settings.anchors.grace_seconds, now=now, claim=sequencer.claim,
    )  # fmt: skip
    if rounds.states:
        parts.metrics.registry.register(AnchorGauges(rounds))
    await rounds.start()
    yield Anchoring(rounds, Listing(rounds, kept, tree, keys))
    await rounds.close()


def _opened(parts: Composition, tree: LogTree, clock: Clock) -> list[Anchor]:
    settings = parts.configuration.gateway.log.anchors
    anchors: list[Anchor] = []
    for tsa in settings.tsa:
        opened = registry.resolve("adapters.anchors.tsa", "open_tsa", _PLACE)
        anchors.append(opened(tsa.name, tsa.url, parts.root / tsa.ca, tsa.policy, clock))
    stamp = anchors[0].countersign if anchors else None
    anchors += _witnesses(parts, tree, clock)
    if settings.daily_folder is not None:
        opened = registry.resolve("adapters.anchors.daily", "open_daily", _PLACE)
        anchors.append(opened(parts.state / settings.daily_folder, clock, stamp))
    return anchors


def _witnesses(parts: Composition, tree: LogTree, clock: Clock) -> list[Anchor]:
    named = parts.configuration.gateway.log.anchors.witnesses
    if not named:
        return []
    opened = registry.resolve("adapters.anchors.witness", "open_witness", _PLACE)
    return [opened(one.vkey, one.url, tree.consistency, clock) for one in named]


async def ask_witnesses(
    parts: Composition, tree: LogTree, clock: Clock, claim: Callable[[int, str], None]
) -> None:
    """Ask the witnesses before a host signs a log that it never saw: `claim` is called if one signed a longer log.

    The rounds ask again if a witness or the database does not answer now.
    """
    witnesses = _witnesses(parts, tree, clock)
    with contextlib.suppress(GatewayError, TimeoutError):
        async with asyncio.timeout(_FIRST_WORD_SECONDS):
            if witnesses and (note := await tree.checkpoint()):
                await asyncio.gather(*(_ask(one, note, claim) for one in witnesses))
    for one in witnesses:
        await one.close()


async def _ask(witness: Anchor, note: str, claim: Callable[[int, str], None]) -> None:
    try:
        await witness.countersign(note)
    except AnchorFailed as error:
        if error.size:
            claim(error.size, witness.name)
