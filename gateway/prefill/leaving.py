"""How an answer leaves: as it is, signed as a whole, or shown to the citizen first."""

from gateway.domain.exchange import ExchangeRecord
from gateway.domain.parties import Requester
from gateway.mapping.plan import Plan
from gateway.prefill.prepared import Tools
from gateway.prefill.refusing import rests_on
from gateway.prefill.request import PrefillRequest


def marks(request: PrefillRequest) -> dict[str, str | int | bool]:
    """What a record says of how its answer leaves."""
    if request.preview:
        return {"preview": True}
    return {"passport": "sd-jwt"} if request.signed else {}


async def finished(
    tools: Tools, request: PrefillRequest, requester: Requester, written: dict[str, object], record: ExchangeRecord,
    plan: Plan,
) -> dict[str, object]:  # fmt: skip
    """The answer as it leaves. `record` is what the record of a decision about it will say of the exchange.

    What is shown first carries no signature: it is signed after the decision, without what was refused.
    """
    if request.preview and tools.previews is not None:
        issuer = request.issuer if request.signed else None
        return await tools.previews.keep(
            tools, written, record, rests_on(plan), requester=requester, signed=issuer
        )
    if request.signed and tools.sealer is not None:
        now = tools.clock.now()
        written["passport"] = await tools.sealer.passport(written, requester, request.issuer, now)
    return written
