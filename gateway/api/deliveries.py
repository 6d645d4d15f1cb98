"""The relay for its operators over HTTP: deliveries, reconciliation, scores."""

import re

from gateway.api import grammar
from gateway.api.bodies import read_model
from gateway.api.context import RelayDesk
from gateway.api.deliveries_models import ReconcileBody
from gateway.api.dossiers import number_in
from gateway.api.request import Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, RelayUnavailable
from gateway.ports.relay import DeliverySearch, DeliveryState
from gateway.relay.reconciliations import ReconcileOrder

_ACCEPTED = 202
_MOST = 200
_MONTH = re.compile(grammar.MONTH, re.ASCII)


async def search(request: Request) -> Response:
    """`GET /v1/deliveries`."""
    state = request.query.get("state", "")
    if state and state not in set(DeliveryState):
        raise BadRequest(say.QUERY_WORD(name="state", words=", ".join(DeliveryState)))
    wanted = DeliverySearch(
        target=request.query.get("target", ""), code=request.query.get("dossier", ""),
        states=(state,) if state else (), before=number_in(request, "after", 2**62, lambda given: given > 0),
        most=number_in(request, "count", 50, lambda given: 1 <= given <= _MOST),
    )  # fmt: skip
    return answer(await _desk(request).deliveries.search(request.caller, wanted))


async def one(request: Request) -> Response:
    """`GET /v1/deliveries/{delivery}`."""
    return answer(await _desk(request).deliveries.show(request.caller, request.parameters["delivery"]))


async def replay(request: Request) -> Response:
    """`POST /v1/deliveries/{delivery}/replay`."""
    return answer(await _desk(request).deliveries.replay(request.caller, request.parameters["delivery"]))


async def drop(request: Request) -> Response:
    """`POST /v1/deliveries/{delivery}/drop`."""
    return answer(await _desk(request).deliveries.drop(request.caller, request.parameters["delivery"]))


async def reconciliation(request: Request) -> Response:
    """`GET /v1/reconciliation`."""
    return answer(await _desk(request).reconciliations.show(request.caller))


async def reconcile(request: Request) -> Response:
    """`POST /v1/reconciliation`."""
    body = await read_model(request, ReconcileBody)
    order = ReconcileOrder(body.portal or "", body.first, body.last, body.apply, body.accept_wave)
    return answer(await _desk(request).reconciliations.begin(request.caller, order), _ACCEPTED)


async def scores(request: Request) -> Response:
    """`GET /v1/scores`."""
    month = request.query.get("month", "")
    if month and not _MONTH.fullmatch(month):
        raise BadRequest(say.QUERY_WORD(name="month", words="2026-11"))
    return answer(await _desk(request).scores.show(request.caller, month, request.query.get("agency", "")))


def _desk(request: Request) -> RelayDesk:
    """What operators use of the relay. Raises RelayUnavailable when there is none."""
    desk = request.services.relay_desk
    if desk is None:
        raise RelayUnavailable
    return desk
