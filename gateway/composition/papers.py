"""Opens the use cases of papers. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from gateway import registry
from gateway.api.context import Papers
from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived, root_keys
from gateway.consents.grantable import PAPERS
from gateway.consents.sealing import PersonKeys
from gateway.consents.service import ConsentBook
from gateway.domain.errors import ConsentsUnavailable, FilesUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.files.service import DossierFiles
from gateway.papers.fetch import Fetching
from gateway.papers.keep import KeptPapers, erase_ended
from gateway.papers.listing import PaperListing
from gateway.papers.references import References
from gateway.papers.search import Searching
from gateway.papers.stored import StoredPapers
from gateway.ports.clock import Clock
from gateway.ports.sources import Source
from gateway.ports.stores import Stores
from gateway.prefill.service import Prefill
from gateway.relay.contents import Contents

_LABEL = b"motlan papers v1"
_SWEEP_SECONDS = 600.0


@contextlib.asynccontextmanager
async def sweeping_papers(stores: Stores, files: DossierFiles, clock: Clock) -> AsyncIterator[None]:
    """A task that deletes kept papers that are over, and the files of those whose consent ended."""
    task = asyncio.create_task(_sweep(stores, files, clock), name="kept_papers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _sweep(stores: Stores, files: DossierFiles, clock: Clock) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        with contextlib.suppress(ConsentsUnavailable, FilesUnavailable):  # the next round comes
            await erase_ended(stores.kept_papers, files, clock.now().timestamp())


async def open_papers(
    parts: Composition,
    prefill: Prefill,
    recorder: Recorder,
    sources: Mapping[str, Source],
    files: DossierFiles,
    stores: Stores,
    person_keys: PersonKeys,
    consents: ConsentBook,
    contents: Contents,
) -> Papers:  # fmt: skip
    """The search over the steps of a prefill, and the download. Raises ConfigError (`papers.trust`)."""
    settings = parts.configuration.gateway
    secret = await derived(root_keys(settings.log, parts.state), _LABEL)
    references = References(secret, settings.papers.reference_seconds, recorder.clock)
    trust = settings.papers.trust
    folder = None if trust is None else parts.configuration.root / trust
    checks = await asyncio.to_thread(registry.open_signature_checks, folder)
    steps, keep = prefill.steps, parts.configuration.consents.keep
    kept = KeptPapers(
        rows=stores.kept_papers, person_keys=person_keys, consents=consents, files=files,
        dossiers=stores.relay, recorder=recorder, days=keep.get(PAPERS, 0),
    )  # fmt: skip
    searching = Searching(steps, references, kept, sandbox=settings.profile == "sandbox")
    return Papers(
        searching=searching,
        stored=StoredPapers(searching, steps.cases, parts.configuration, parts.catalogue),
        fetching=Fetching(
            references=references, kept=kept, sources=sources, files=files, signatures=checks, consents=steps.consents,
            recorder=recorder,
        ),
        keeping=kept,
        listing=PaperListing(kept=kept, contents=contents),
    )  # fmt: skip
