"""Opens the use cases of papers. Part of the composition root."""

import asyncio
from collections.abc import Mapping

from gateway import registry
from gateway.api.context import Papers
from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived, root_keys
from gateway.exchange_log.recorder import Recorder
from gateway.files.service import DossierFiles
from gateway.papers.fetch import Fetching
from gateway.papers.references import References
from gateway.papers.search import Searching
from gateway.ports.sources import Source
from gateway.prefill.service import Prefill

_LABEL = b"motlan papers v1"


async def open_papers(
    parts: Composition, prefill: Prefill, recorder: Recorder, sources: Mapping[str, Source], files: DossierFiles
) -> Papers:  # fmt: skip
    """The search over the steps of a prefill, and the download. Raises ConfigError (`papers.trust`)."""
    settings = parts.configuration.gateway
    secret = await derived(root_keys(settings.log, parts.state), _LABEL)
    references = References(secret, settings.papers.reference_seconds, recorder.clock)
    trust = settings.papers.trust
    folder = None if trust is None else parts.configuration.root / trust
    checks = await asyncio.to_thread(registry.open_signature_checks, folder)
    steps = prefill.steps
    return Papers(
        searching=Searching(steps, references, sandbox=settings.profile == "sandbox"),
        fetching=Fetching(
            references=references, sources=sources, files=files, signatures=checks, consents=steps.consents,
            recorder=recorder,
        ),
    )  # fmt: skip
