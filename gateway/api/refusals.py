"""Records the refusals of the HTTP layer, before the answer leaves."""

from gateway.api.request import Request
from gateway.domain.errors import LogUnavailable
from gateway.domain.exchange import Phase
from gateway.domain.problems import ProblemCode, TokenErrorCode
from gateway.exchange_log.recorder import RecordHeader
from gateway.telemetry import log

#: credentials or a token were shown, and refused; a caller that shows nothing, or must fetch a nonce, attacks nothing
_UNPROVEN: frozenset[str] = frozenset({
    ProblemCode.INVALID_TOKEN, ProblemCode.TOKEN_EXPIRED, ProblemCode.TOKEN_REVOKED, ProblemCode.INVALID_DPOP_PROOF,
    TokenErrorCode.INVALID_CLIENT, TokenErrorCode.UNAUTHORIZED_CLIENT,
})  # fmt: skip


async def record_refusal(
    request: Request, code: str, rule: str = "", *, legal_basis: str = "", procedure: str = "", dossier: str = ""
) -> None:  # fmt: skip
    """Make the record of a refusal durable. Raises LogUnavailable."""
    services, requester = request.services, request.requester
    about = RecordHeader(
        request.exchange, requester.id, services.requesters.agency(requester), procedure, dossier,
        legal_basis=legal_basis,
    )  # fmt: skip
    await services.recorder.write(about, Phase.REFUSAL, code, rules=(rule,) if rule else ())


async def record_unproven(request: Request) -> None:
    """Record credentials or a token that the answer refuses."""
    if request.problem in _UNPROVEN:
        await record_bounded(request, Phase.REFUSAL, request.problem, route=request.route)


async def record_bounded(request: Request, phase: Phase, result: str, **notes: str) -> None:
    """Record a refusal that anybody can cause, where `UnprovenRefusals` has room.

    Nothing was given, so the answer leaves without the record too: the next one counts it.
    """
    services, requester = request.services, request.requester
    bound, minute = services.unproven, int(services.clock.now().timestamp() // 60)
    if not bound.takes(request.client_address, minute):
        return
    left_out, bound.left_out = bound.left_out, 0
    agency = services.requesters.agency(requester) if requester.id else ""
    about = RecordHeader(request.exchange, requester.id, agency)
    counted = {"left_out": left_out} if left_out else {}
    try:
        await services.recorder.write(about, phase, result, notes={**notes, **counted})
    except LogUnavailable as error:
        bound.left_out += left_out + 1
        log().warning("refusal.not_recorded", exchange_id=request.exchange, error=error)
