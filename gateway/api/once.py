"""Routes that change something are done once under an Idempotency-Key: the answer is stored, and given again."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.api.bodies import read_json_bytes
from gateway.api.citizens import idempotency_key
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.domain.errors import GatewayError, RelayUnavailable
from gateway.telemetry import log

#: says that the answer is that of an earlier request
REPLAYED = "Idempotency-Replayed"


async def once(
    request: Request, handler: Callable[[Request], Awaitable[Response | web.StreamResponse]]
) -> Response | web.StreamResponse:
    """The answer of the first request under this key; without a key, that of the handler."""
    key = idempotency_key(request.fields("Idempotency-Key"))
    if not key:
        return await handler(request)
    keys = request.services.request_keys
    if keys is None:
        raise RelayUnavailable
    request.raw = await read_json_bytes(request)
    place = "\0".join((request.route, *request.parameters.values()))
    asked = f"{place}\0".encode() + request.raw
    async with keys.held(request.requester.id, key, asked) as known:
        assert known is not None
        row = known if known.status else await keys.begin(known)
        if row.status:
            return Response(keys.answer(row), status=row.status, headers={REPLAYED: "true"})
        try:
            response = await handler(request)
        except Exception:
            await keys.give_up(row)
            raise
        if not isinstance(response, Response) or response.status >= 300:
            await keys.give_up(row)
            return response
        try:
            await keys.rows.remember(keys.answered(row, response.status, response.body))
        except GatewayError as error:  # it is done: the answer must leave
            log().warning("key.not_kept", exchange_id=request.exchange, error=error)
        return response
