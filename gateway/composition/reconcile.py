"""Opens reconciliation and what operators of the relay use. Part of the composition root."""

import contextlib
from collections.abc import AsyncIterator

from gateway.api.context import RelayDesk
from gateway.composition.composition import Composition
from gateway.config.gateway import ReconcileSettings, StatusSettings
from gateway.ports.stores import Stores
from gateway.relay.deliveries import Deliveries
from gateway.relay.mending import DossierMender
from gateway.relay.reconcile import ReconcileLimits, Reconciler
from gateway.relay.reconciliations import Reconciliations
from gateway.relay.scores import Scores
from gateway.relay.service import DossierRelay
from gateway.relay.statuses import LEGAL, RANKS, REOPENS, StatusRules


def status_rules(settings: StatusSettings) -> StatusRules:
    """The status machine of a configuration: rows that it does not name are those of the product."""
    return StatusRules(
        ranks=settings.order or RANKS,
        legal={**LEGAL, **{status: frozenset(after) for status, after in settings.follow.items()}},
        reopens={**REOPENS, **{status: frozenset(after) for status, after in settings.reopen.items()}},
        portals_say=frozenset(settings.portals_say),
        ahead_seconds=settings.ahead_seconds,
    )


@contextlib.asynccontextmanager
async def relay_desk(parts: Composition, stores: Stores, relay: DossierRelay) -> AsyncIterator[RelayDesk]:
    """What operators use; `reconciler.start()` begins the nightly runs."""
    settings = parts.configuration.gateway.relay
    recorder, outbox, rows = relay.recorder, relay.outbox, relay.rows
    asked = {name: one for name, one in outbox.portals.items() if one.looks_up}
    takes = {name: parts.configuration.portals[name].takes for name in asked}
    mender = DossierMender(
        rows=rows, contents=relay.contents, recorder=recorder, outbox=outbox, rules=relay.rules
    )
    outbox.lacking = mender.send_first
    reconciler = Reconciler(
        portals=asked, takes=takes, rows=rows, runs=stores.reconcile_runs,
        mender=mender, clock=recorder.clock, gauge=parts.metrics.diverged, rules=relay.rules,
        stated=relay.contents.stated,
        limits=_limits(settings.reconcile), nightly=_minutes(settings.reconcile.nightly_at),
        days=settings.reconcile.days,
    )  # fmt: skip
    try:
        yield RelayDesk(
            Deliveries(rows=rows, contents=relay.contents, recorder=recorder, outbox=outbox),
            Reconciliations(reconciler=reconciler, recorder=recorder),
            Scores(
                rows=rows, clock=recorder.clock, population_databases=frozenset(settings.population_databases)
            ),
        )
    finally:
        await reconciler.close()


def _limits(settings: ReconcileSettings) -> ReconcileLimits:
    return ReconcileLimits(
        per_second=settings.per_second,
        fields=settings.fields,
        wave=settings.wave,
        wave_share=settings.wave_share,
    )


def _minutes(text: str) -> int | None:
    """Minutes after midnight; None for blank."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute) if text else None
