"""Opens the anchors that the configuration names, and what keeps them: a part of the composition root."""

import contextlib
from collections.abc import AsyncIterator

from gateway import registry
from gateway.anchors.gauges import AnchorGauges
from gateway.anchors.heads import Heads
from gateway.anchors.listing import Listing
from gateway.anchors.rounds import Rounds
from gateway.anchors.verified import VerifiedAnchors
from gateway.api.context import Anchoring
from gateway.composition.composition import Composition
from gateway.ports.anchors import Anchor
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import LogTree
from gateway.ports.stores import Stores

_PLACE = "config/gateway.yaml"


@contextlib.asynccontextmanager
async def anchoring(parts: Composition, stores: Stores, clock: Clock, owner: str) -> AsyncIterator[Anchoring]:
    """The rounds under way, over all anchors of the configuration; ConfigError when one cannot be opened."""
    settings = parts.configuration.gateway.log
    tree, kept = stores.reader, stores.anchors
    keys = [one.vkey for one in settings.anchors.witnesses]
    anchors = _opened(parts, tree, clock)

    def now() -> float:
        return clock.now().timestamp()

    heads = Heads(tree, kept, keys, now)
    rounds = Rounds(
        anchors, kept, VerifiedAnchors(kept, tree, now), tree, stores.keeping, heads, owner,
        settings.anchors.every_seconds, settings.anchors.grace_seconds, now=now,
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
    for witness in settings.witnesses:
        opened = registry.resolve("adapters.anchors.witness", "open_witness", _PLACE)
        anchors.append(opened(witness.vkey, witness.url, tree.consistency, clock))
    if settings.daily_folder is not None:
        opened = registry.resolve("adapters.anchors.daily", "open_daily", _PLACE)
        anchors.append(opened(parts.state / settings.daily_folder, clock, stamp))
    return anchors
