"""The steps of every request, in order.

Exchange id, route, head, token, scope, limits, signature, handler, signature of the response, log line.
An exception that is not one of ours becomes a 500 whose body and log say only its type.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from gateway.access.faults import TokenRefused
from gateway.api.context import Services
from gateway.api.once import once
from gateway.api.problems import MethodNotAllowed, NotAcceptable, NotHttp, problem
from gateway.api.refusals import record_refusal, record_unproven
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.api.signing import MESSAGE_FIELDS, check_message, sign_response
from gateway.domain import sentences as say
from gateway.domain.errors import GatewayError, NotFound, Refused, Throttled, TooMany
from gateway.domain.identifiers import new_exchange_id
from gateway.domain.reasons import RefusalReason
from gateway.policy.grounds import ground
from gateway.telemetry import Metrics, log

Handler = Callable[[Request], Awaitable[Response | web.StreamResponse]]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PARAMETER = re.compile(r"\{([a-z_]+)\}")
#: logged status if the client hung up; nothing is sent
_HUNG_UP = 499


class Endpoint(NamedTuple):
    """One method of one path. `scope` None: open to all; empty: any token."""

    route: str
    handler: Handler
    scope: str | None = None
    #: it only waits for late answers: it has its own concurrency limit
    waits: bool = False
    #: its handler reads the body piece by piece, and compares it with Content-Digest
    streams: bool = False
    #: done once under an Idempotency-Key, by the stored answer
    keyed: bool = False


class Routes:
    """Finds the endpoint of a request. A part of a path in braces takes anything but a slash, `{path}` a slash too."""

    def __init__(self) -> None:
        """Without any path."""
        #: makes the page of an error for a browser; None: browsers get the problem
        self.page: Callable[[GatewayError, Request], Response | None] | None = None
        self._exact: dict[str, dict[str, Endpoint]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Endpoint]]] = []
        self._routes: set[str] = set()

    def add(self, methods: tuple[str, ...], endpoint: Endpoint) -> None:
        """Take these methods at the path of the endpoint."""
        self._routes.add(endpoint.route)
        if not _PARAMETER.search(endpoint.route):
            self._exact.setdefault(endpoint.route, {}).update(dict.fromkeys(methods, endpoint))
            return
        pattern = _pattern(endpoint.route)
        there = next((found for known, found in self._patterns if known == pattern), None)
        if there is None:
            there = {}
            self._patterns.append((pattern, there))
        there.update(dict.fromkeys(methods, endpoint))

    def has(self, route: str) -> bool:
        """Whether this route was added."""
        return route in self._routes

    def find(self, request: Request) -> Endpoint:
        """The endpoint of a request; sets its route and parameters. Without a match, an endpoint that refuses."""
        path = request.rel_url.path_safe
        found = self._exact.get(path) or self._by_pattern(path, request)
        endpoint = found.get(request.method)
        if endpoint is None:
            return Endpoint("none", _no_method(found) if found else _no_path)
        request.route = endpoint.route
        return endpoint

    def _by_pattern(self, path: str, request: Request) -> Mapping[str, Endpoint]:
        for pattern, found in self._patterns:
            if match := pattern.fullmatch(path):
                request.parameters = {name: _unescaped(text) for name, text in match.groupdict().items()}
                return found
        return {}


class Dispatcher:
    """Answers every request of one listener, by the services of one configuration."""

    def __init__(self, services: Services, routes: Routes, metrics: Metrics) -> None:
        """`metrics` counts the requests."""
        self._services = services
        self._routes = routes
        self._metrics = metrics
        limits = services.configuration.gateway.limits
        self._most, self._most_waiting = limits.requests_per_requester, limits.waiting_per_requester
        self._issuer = (services.configuration.gateway.issuer or "").rstrip("/")
        #: number of running requests
        self.under_way = 0

    async def dispatch(self, request: Request) -> Response | web.StreamResponse:
        """The response to one request. Raises CancelledError if the client hung up."""
        begun = time.perf_counter()
        exchange = request.exchange = new_exchange_id()
        request.services = self._services
        request.issuer = self._issuer or request.address
        self.under_way += 1
        self._metrics.in_flight(1)
        try:
            try:
                endpoint = self._routes.find(request)
                if "Expect" in request.headers:
                    await _meet_expectation(request)
                check_head(request)
                if endpoint.scope is None:
                    response = await endpoint.handler(request)
                else:
                    response = await self._guarded(request, endpoint)
            except asyncio.CancelledError:
                self._account(request, _HUNG_UP, begun)
                raise
            except Exception as error:  # noqa: BLE001 -- the last line of defence
                response = self._refusal(error, request)
            if isinstance(response, Response):
                response.headers["X-Exchange-Id"] = exchange
                if request.problem or request.nonce or "Accept-Signature" in request.headers:
                    await _completed(request, response)
            self._account(request, response.status, begun)
            return response
        finally:
            self.under_way -= 1
            self._metrics.in_flight(-1)

    async def _guarded(self, request: Request, endpoint: Endpoint) -> Response | web.StreamResponse:
        """The response to a requester that holds the scope and has not too many requests under way."""
        services = self._services
        requester, request.nonce = await services.access.admit(request)
        request.requester = requester
        if endpoint.scope and endpoint.scope not in requester.scopes:
            await demand(request, endpoint.scope)
        most, counts = (
            (self._most_waiting, services.waiting) if endpoint.waits else (self._most, services.under_way)
        )
        if counts.get(requester.id, 0) >= most:
            raise TooMany(say.AT_MOST_AT_A_TIME(most=most), retry_after=1)
        counts[requester.id] = counts.get(requester.id, 0) + 1
        try:
            if any(map(request.headers.__contains__, MESSAGE_FIELDS)):
                await check_message(request, streamed=endpoint.streams)
            if endpoint.keyed and "Idempotency-Key" in request.headers:
                return await once(request, endpoint.handler)
            return await endpoint.handler(request)
        finally:
            counts[requester.id] -= 1
            if not counts[requester.id]:
                del counts[requester.id]

    def _refusal(self, error: Exception, request: Request) -> Response:
        """The problem, or its page for a browser."""
        if not isinstance(error, GatewayError):  # its text must not leave
            log().error("http.failed", exchange_id=request.exchange, error=error)
            error = GatewayError()
        if isinstance(error, Refused | Throttled):
            # a refusal to share data names its legal basis
            error.members["legal_basis"] = ground(
                self._services.configuration, error.rule, error.problem_code
            )
        request.problem = error.problem_code
        if isinstance(error, TokenRefused) and error.nonce:
            request.nonce = error.nonce
        return self._error_page(error, request) or problem(error, request.exchange)

    def _error_page(self, error: GatewayError, request: Request) -> Response | None:
        """None: there is no page, or it cannot be made, which is logged; the problem says it then."""
        try:
            return None if self._routes.page is None else self._routes.page(error, request)
        except Exception as fault:  # noqa: BLE001 -- behind it there is no answer, no line and no count
            log().error("http.failed", exchange_id=request.exchange, error=fault)
            return None

    def _account(self, request: Request, status: int, begun: float) -> None:
        seconds = time.perf_counter() - begun
        method = request.method if request.method in METHODS else "other"
        self._metrics.request(request.route, method, status, seconds)
        log().info(
            "http.answered",
            exchange_id=request.exchange,
            route=request.route,
            method=method,
            status=status,
            elapsed_ms=round(seconds * 1000, 2),
            requester=request.requester.id,
            code=request.problem,
        )


async def demand(request: Request, scope: str) -> None:
    """Raises Refused if the token lacks `scope`; the refusal is recorded."""
    if scope in request.requester.scopes:
        return
    rule, code = f"scope:{scope}", RefusalReason.SCOPE_MISSING
    legal_basis = ground(request.services.configuration, rule, code)
    await record_refusal(request, code, rule, legal_basis=legal_basis)
    raise Refused(rule, say.SCOPE_MISSING(scope=scope), code=code)


async def _meet_expectation(request: Request) -> None:
    """Send `100 Continue` (RFC 9110, 10.1.1) if expected. Raises NotAcceptable for other expectations."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise NotAcceptable
    if request.version >= (1, 1) and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def check_head(request: web.BaseRequest) -> None:
    """Raises NotHttp for requests that the parser accepts but RFC 9112 (2.3, 3.2, 6.1) does not."""
    headers = request.headers
    codings = headers.getall("Transfer-Encoding", ())
    if request.version == (1, 1):
        good = len(headers.getall("Host", ())) == 1 and (
            not codings or (len(codings) == 1 and codings[0].strip().lower() == "chunked")
        )
    else:
        good = request.version == (1, 0) and not codings
    if not good:
        raise NotHttp


async def _completed(request: Request, response: Response) -> None:
    """What few requests need: the record of a refused token, a nonce, a signature."""
    await record_unproven(request)
    if request.nonce:
        response.headers["DPoP-Nonce"] = request.nonce
    if "Accept-Signature" in request.headers:
        await sign_response(request, response)


async def _no_path(_request: Request) -> Response:
    raise NotFound


def _no_method(there: Mapping[str, Endpoint]) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise MethodNotAllowed(",".join(sorted(there)))

    return refuse


def _pattern(route: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(route)
    written = [
        re.escape(part) if at % 2 == 0 else f"(?P<{part}>{'.+' if part == 'path' else '[^{}/]+'})"
        for at, part in enumerate(parts)
    ]
    return re.compile("".join(written))


def _unescaped(text: str) -> str:
    """A part of a path of which `path_safe` left two characters escaped."""
    return text.replace("%2F", "/").replace("%25", "%")
