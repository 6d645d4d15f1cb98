"""The sandbox: simulated providers that speak the real contracts, on one HTTP server, one prefix per peer.

Promises: every answer carries `X-Sandbox: true`; misbehaviour is laid around real answers; the control door
`/__sandbox` returns counts and sets faults, without personal data.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.sandbox import (
    business,
    health,
    insurance,
    justice,
    paper_store,
    population,
    population_xml,
    property_registers,
    transport_registers,
)
from adapters.sandbox.connection import as_response, pause, send
from adapters.sandbox.control import add_control
from adapters.sandbox.misbehave import Misbehaviour, Mode, Switchboard
from adapters.sandbox.people import Register, bad, load
from adapters.sandbox.spoil import merged, replaced, spoiled
from adapters.sandbox.tsa import SOURCE as TSA
from adapters.sandbox.tsa_door import add_authority
from adapters.sandbox.wire import BadCall, PeerOperation, PeerRequest, Reply, Tokens, as_json

_BODY_LIMIT = 4_000_000
#: what the peers of an application handed out
TOKENS: web.AppKey[Tokens] = web.AppKey("tokens")


def endpoints() -> tuple[PeerOperation, ...]:
    """Every operation of every peer."""
    rooms = (
        population,
        justice,
        business,
        insurance,
        transport_registers,
        property_registers,
        health,
        paper_store,
    )
    return tuple(endpoint for room in rooms for endpoint in room.endpoints())


def sources() -> frozenset[str]:
    """Names of the simulated peers, which are their prefixes too."""
    return frozenset(endpoint.source for endpoint in endpoints()) | {TSA}


def build(data_root: Path, latency_ms: float = 0, only: Collection[str] = ()) -> web.Application:
    """The sandbox as an application. `latency_ms` delays every answer; `only` leaves out other peers.

    Raises ConfigError if `only` names an unknown peer or the personas cannot be read.
    """
    unknown = set(only) - sources()
    if unknown:
        what = f"no such peer: {', '.join(sorted(unknown))}"
        raise bad(what, f"use some of {', '.join(sorted(sources()))}", "--only")
    stage = Stage(load(data_root), latency_ms / 1000)
    app = web.Application(client_max_size=_BODY_LIMIT)
    app[TOKENS] = stage.tokens
    app.on_response_prepare.append(_mark)
    app.on_shutdown.append(stage.close)
    for endpoint in endpoints():
        if not only or endpoint.source in only:
            for path in endpoint.paths:
                app.router.add_route(endpoint.method, f"/{endpoint.source}{path}", stage.serving(endpoint))
    if not only or TSA in only:
        add_authority(app, stage.board, stage.closing)
    add_control(app, stage.board, stage.tokens, frozenset(only) or sources())
    return app


def personas(data_root: Path) -> list[dict[str, Any]]:
    """The people as the ready file lists them; `personal_id` is empty for those who have none."""
    return [
        {
            "key": one.key,
            "personal_id": one.personal_id,
            "old_id": one.old_id,
            "passport": one.passport,
            "full_name": one.full_name,
            "birth_date": one.birth_date,
            "gender": one.gender,
            "traits": list(one.traits),
        }
        for one in load(data_root).people
    ]


class Stage:
    """Runs a peer's handler inside misbehaviour and latency."""

    def __init__(self, register: Register, latency: float) -> None:
        """`latency` in seconds, before every answer."""
        self.board = Switchboard()
        self.tokens = Tokens()
        self._register = register
        self._latency = latency
        self.closing = asyncio.Event()

    async def close(self, _app: web.Application) -> None:
        """End every wait."""
        self.closing.set()

    def serving(self, endpoint: PeerOperation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The HTTP handler of one operation."""

        async def serve(request: web.Request) -> web.StreamResponse:
            call = await self._call(endpoint, request)
            operation = endpoint.operation or _soap_operation(call.body)
            self.board.count(endpoint.source, operation)
            rule = self.board.take(endpoint.source, operation, opens=endpoint.opens)
            if self._latency:
                await pause(request, self.closing, self._latency)
            if rule is None:
                return as_response(_answer(endpoint, call))
            reply = await self._misbehaved(rule, endpoint, call, f"{request.scheme}://{request.host}")
            return await send(rule, request, reply, self.closing)

        return serve

    async def _call(self, endpoint: PeerOperation, request: web.Request) -> PeerRequest:
        return PeerRequest(
            source=endpoint.source,
            register=self._register,
            tokens=self.tokens,
            url=str(request.url),
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query),
            match=dict(request.match_info),
            body=await request.read(),
        )

    async def _misbehaved(
        self, rule: Misbehaviour, endpoint: PeerOperation, call: PeerRequest, origin: str
    ) -> Reply:
        if rule.mode is Mode.EXPIRED_SESSION:
            self.tokens.forget(endpoint.source)
        if rule.mode is Mode.RESET:
            return as_json({})
        instead = replaced(rule, endpoint.source, origin)
        if instead is not None:
            return instead
        if rule.mode is Mode.WRONG_PERSON:
            return _answer(endpoint, _swapped(call))
        reply = _answer(endpoint, call)
        if rule.mode is Mode.TWO_PEOPLE:
            return merged(reply, _answer(endpoint, _swapped(call)))
        return await asyncio.to_thread(spoiled, rule, reply)


def _swapped(call: PeerRequest) -> PeerRequest:
    return PeerRequest(
        source=call.source,
        register=call.register,
        tokens=call.tokens,
        url=call.url,
        headers=call.headers,
        query=call.query,
        match=call.match,
        body=call.body,
        swapped=True,
    )


def _answer(endpoint: PeerOperation, call: PeerRequest) -> Reply:
    refusal = None
    if endpoint.source in business.NGSP and not endpoint.opens:
        refusal = business.refusal(call)
    if refusal is not None:
        return refusal
    try:
        return endpoint.handler(call)
    except BadCall as error:
        return as_json({"maLoi": "400", "moTa": str(error)}, 400)


def _soap_operation(body: bytes) -> str:
    """A known operation or `unknown`: what a caller writes never becomes a counter's name."""
    name = population_xml.operation_name(body)
    return name if name in population.operations() else "unknown"


async def _mark(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Sandbox"] = "true"
