"""Opens the use cases of papers. Part of the composition root."""

from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived, root_keys
from gateway.exchange_log.recorder import Recorder
from gateway.papers.references import References
from gateway.papers.search import Papers
from gateway.prefill.service import Prefill

_LABEL = b"motlan papers v1"


async def open_papers(parts: Composition, prefill: Prefill, recorder: Recorder) -> Papers:
    """The search over the steps of a prefill."""
    settings = parts.configuration.gateway
    secret = await derived(root_keys(settings.log, parts.state), _LABEL)
    references = References(secret, settings.prefill.pending_seconds, recorder.clock)
    return Papers(prefill.steps, references, sandbox=settings.profile == "sandbox")
