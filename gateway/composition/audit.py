"""Opens the auditors' use cases, the watch and the sweeper. Part of the composition root."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from gateway.api.context import AuditDoor
from gateway.audit.cursors import LABEL, Cursors
from gateway.audit.export import Exports
from gateway.audit.growth import CheckpointComparison
from gateway.audit.inspector import Inspector
from gateway.audit.people import People
from gateway.audit.proofs import TreeProofs
from gateway.audit.reports import Reports
from gateway.audit.service import Audit, AuditContext
from gateway.audit.story import Story
from gateway.audit.sweeper import Sweeper
from gateway.audit.titles import Titles
from gateway.audit.usage import Usage
from gateway.audit.watch import Watch
from gateway.composition.anchors import anchoring
from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived, root_keys
from gateway.exchange_log.recorder import Recorder
from gateway.ports.exchange_log import Sequencer
from gateway.ports.stores import Stores

#: how much longer than a prefill an exchange may be open: late records wait while the log is unavailable
_GRACE_SECONDS = 90.0


@contextlib.asynccontextmanager
async def auditing(
    parts: Composition, stores: Stores, recorder: Recorder, sequencer: Sequencer
) -> AsyncIterator[AuditDoor]:
    """The auditors' use cases, the watch over the sequencer, and the sweeper."""
    settings, clock = parts.configuration.gateway.log, recorder.clock
    roots = root_keys(settings, parts.state)
    reader, keeping, history = stores.reader, stores.keeping, stores.history
    times = parts.configuration.gateway.prefill
    deadline = (times.max_deadline_ms + times.late_ms) / 1000 + _GRACE_SECONDS
    async with anchoring(parts, stores, clock, sequencer) as anchors:
        secret = await derived(roots, LABEL)
        proofs = TreeProofs(reader, reader, anchors.rounds.heads, history)
        people = People(roots, keeping)
        context = AuditContext(
            recorder=recorder, reader=reader, finder=reader, proofs=proofs, people=people, cursors=Cursors(secret),
            vkeys=(sequencer.vkey,), history=history,
            titles=Titles(parts.configuration, parts.catalogue, parts.root),
        )  # fmt: skip
        sweeper = Sweeper(recorder, keeping, sequencer.owner, deadline)
        sweeper.start()
        inspector = Inspector(stores.inspection, reader, proofs, people.unreadable)
        inspector.start()
        watch = Watch(
            keeping,
            inspector=inspector,
            now=lambda: clock.now().timestamp(),
            stuck=lambda: sequencer.stuck,
            mark_kept=lambda: sequencer.mark_kept,
        )

        def door(of: Composition) -> AuditDoor:
            """The same, with titles and digest of another configuration."""
            titles = context.titles if of is parts else Titles(of.configuration, of.catalogue, of.root)
            ours = replace(context, recorder=replace(recorder, digest=of.in_force.digest), titles=titles)
            return AuditDoor(
                audit=Audit(ours), exports=Exports(ours), reports=Reports(ours, stores.counts),
                usage=Usage(ours, titles), story=Story(titles, of.in_force.digest), growth=CheckpointComparison(ours),
                watch=watch, titles=titles, anchors=anchors, of=door,
            )  # fmt: skip

        yield door(parts)
        await sweeper.close()
        await inspector.close()
