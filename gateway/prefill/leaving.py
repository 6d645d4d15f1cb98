"""How an answer leaves: as it is, signed as a whole, or shown to the citizen first."""

from collections.abc import Callable

from gateway.domain.parties import Requester
from gateway.prefill.prepared import Tools
from gateway.prefill.release import Held
from gateway.prefill.request import PrefillRequest


def marks(request: PrefillRequest) -> dict[str, str | int | bool]:
    """What a record says of how its answer leaves."""
    if request.preview:
        return {"preview": True}
    return {"passport": "sd-jwt"} if request.signed else {}


async def finished(
    tools: Tools,
    request: PrefillRequest,
    requester: Requester,
    written: dict[str, object],
    held: Callable[[], Held],
) -> dict[str, object]:
    """The answer as it leaves. `held`: what is kept beside one that waits for a decision.

    What is shown first carries no signature: it is signed after the decision, without what was refused.
    """
    if request.preview and tools.previews is not None:
        return await tools.previews.keep(tools, written, held(), requester)
    if request.signed and tools.sealer is not None:
        now = tools.clock.now()
        written["passport"] = await tools.sealer.passport(written, requester, request.issuer, now)
    return written
