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
    asked = f"{request.route}\0".encode() + request.raw
    async with keys.held(request.requester.id, key, asked) as row:
        assert row is not None
        if row.status:
            return Response(keys.answer(row), status=row.status, headers={REPLAYED: "true"})
        response = await handler(request)
        if isinstance(response, Response) and response.status < 300:
            try:
                await keys.rows.remember(keys.answered(row, response.status, response.body))
            except GatewayError as error:  # it is done: the answer must leave
                log().warning("key.not_kept", exchange_id=request.exchange, error=error)
        return response
