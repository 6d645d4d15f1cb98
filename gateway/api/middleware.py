"""Around every request: an exchange id, a problem for every error, one canonical log line, security headers.

An exception that is not one of ours becomes a 500 whose body and log say only its type.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.access.faults import TokenRefused
from gateway.api.context import EXCHANGE, NONCE, PROBLEM, REQUESTER, SERVICES
from gateway.api.credentials import Shown
from gateway.api.problems import NotAcceptable, from_http, problem
from gateway.api.signing import check_message, sign_answer
from gateway.domain.dates import rfc3339
from gateway.domain.errors import BadRequest, GatewayError, Refused, TooMany
from gateway.domain.exchange import ExchangeRecord, Phase
from gateway.domain.identifiers import ExchangeId, new_exchange_id
from gateway.domain.parties import Requester
from gateway.telemetry import Metrics, log

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

#: the status of the log line of a caller that did not wait; no answer is sent
_HUNG_UP = 499


def outermost(metrics: Metrics) -> Middleware:
    """The middleware that every request passes first and every answer last."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = request[EXCHANGE] = new_exchange_id()
        begun = time.perf_counter()
        metrics.in_flight(1)
        try:
            _check_head(request)
            answer = await handler(request)
        except web.HTTPException as error:
            answer = _from_http(error, request)
        except GatewayError as error:
            answer = _from_error(error, request)
        except asyncio.CancelledError:
            _account(request, web.Response(status=_HUNG_UP), metrics, time.perf_counter() - begun)
            raise
        except Exception as error:  # noqa: BLE001 -- the last line of defence: nothing of it leaves
            log().error("http.failed", exchange_id=exchange, error=error)
            answer = _from_error(GatewayError(), request)
        finally:
            metrics.in_flight(-1)
        if "Accept-Signature" in request.headers:
            await sign_answer(request, answer)
        _account(request, answer, metrics, time.perf_counter() - begun)
        return answer

    return middleware


def _check_head(request: web.Request) -> None:
    """What the parser lets through though RFC 9112 (2.3, 3.2) does not."""
    if request.version > (1, 0):
        good = len(request.headers.getall("Host", ())) == 1
    else:
        good = request.version == (1, 0) and "Transfer-Encoding" not in request.headers
    if not good:
        raise BadRequest("the request is not valid HTTP")


def _account(request: web.Request, answer: web.StreamResponse, metrics: Metrics, seconds: float) -> None:
    route, requester = route_of(request), request.get(REQUESTER)
    method = request.method if request.method in _METHODS else "other"
    metrics.request(route, method, answer.status, seconds)
    log().info(
        "http.answered",
        exchange_id=request[EXCHANGE],
        route=route,
        method=method,
        status=answer.status,
        elapsed_ms=round(seconds * 1000, 2),
        requester=requester.id if requester else "",
        code=request.get(PROBLEM, ""),
    )


def route_of(request: web.Request) -> str:
    """The pattern of the route: never the path itself, which the caller chose."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The last touch before a head is sent, also for answers that no middleware saw."""
    headers = response.headers
    if len(headers) == 1:  # nothing but its Content-Type, as with most answers
        headers.update(HEADERS)
    else:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
    headers["Server"] = "motlan"
    if NONCE in request:
        headers["DPoP-Nonce"] = request[NONCE]
    if "X-Exchange-Id" not in headers:
        headers["X-Exchange-Id"] = request.get(EXCHANGE) or new_exchange_id()


async def expect(request: web.Request) -> web.StreamResponse | None:
    """`Expect: 100-continue` is answered; anything else is refused with a problem body."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return problem(NotAcceptable(), new_exchange_id())
    if request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return None


def needs(scope: str, handler: Handler, *, waits: bool = False) -> Handler:
    """`handler` for requesters that hold `scope` (any token when empty), so many at a time each.

    Who only waits for late answers (`waits`) is counted apart, and so leaves room for new questions.
    """

    async def guarded(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        admitted = await services.access.admit(Shown(request))
        requester = request[REQUESTER] = admitted.requester
        if admitted.nonce:
            request[NONCE] = admitted.nonce
        if scope and scope not in requester.scopes:
            await demand(request, scope)
        limits = services.configuration.gateway.limits
        there = services.waiting if waits else services.under_way
        _enter(there, requester, limits.waiting_per_requester if waits else limits.requests_per_requester)
        try:
            await check_message(request)
            return await handler(request)
        finally:
            _leave(there, requester)

    return guarded


async def demand(request: web.Request, scope: str) -> None:
    """Refused when the token that was shown lacks `scope`; a refusal is a record too."""
    if scope in request[REQUESTER].scopes:
        return
    services = request.app[SERVICES]
    record = ExchangeRecord(
        exchange=ExchangeId(request[EXCHANGE]), phase=Phase.REFUSAL, time=rfc3339(services.clock.now()),
        requester=request[REQUESTER].id, rules=(f"scope:{scope}",), result="scope_missing",
    )  # fmt: skip
    await services.log.append(record)
    raise Refused(f"scope:{scope}", f"the token lacks the scope '{scope}'", code="scope_missing")


def _enter(under_way: dict[str, int], requester: Requester, most: int) -> None:
    count = under_way.get(requester.id, 0)
    if count >= most:
        raise TooMany(f"at most {most} at a time", retry_after=1)
    under_way[requester.id] = count + 1


def _leave(under_way: dict[str, int], requester: Requester) -> None:
    under_way[requester.id] -= 1
    if not under_way[requester.id]:
        del under_way[requester.id]


def _from_error(error: GatewayError, request: web.Request) -> web.Response:
    request[PROBLEM] = error.problem_code
    if isinstance(error, TokenRefused) and error.nonce:
        request[NONCE] = error.nonce
    return problem(error, request[EXCHANGE])


def _from_http(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    answer = _from_error(from_http(error), request)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
