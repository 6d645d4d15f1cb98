"""Records the refusals of the HTTP layer, before the answer leaves."""

from gateway.api.request import Request
from gateway.domain.exchange import Phase
from gateway.exchange_log.recorder import RecordHeader


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
