"""The sandbox: simulated providers that speak the real contracts, on one HTTP server, one prefix per peer.

Promises: every answer carries `X-Sandbox: true`; misbehaviour is laid around real answers; the control door
`/__sandbox` returns counts and sets faults. Only `portal/messages` shows people, who are invented.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from adapters.sandbox import (
    business,
    health,
    insurance,
    interlinked,
    justice,
    lgsp,
    ministry_portal,
    national_bus,
    paper_store,
    population,
    population_xml,
    property_registers,
    transport_registers,
)
from adapters.sandbox.accounts import load_accounts
from adapters.sandbox.arrived import ArrivedMessage
from adapters.sandbox.connection import as_response, pause, send
from adapters.sandbox.control import add_control
from adapters.sandbox.identity_control import SOURCE as IDENTITY
from adapters.sandbox.identity_control import IdentityHouse
from adapters.sandbox.misbehave import AT_RECEIVERS, Misbehaviour, Mode, Switchboard
from adapters.sandbox.one_gate import SOURCE as ONE_GATE
from adapters.sandbox.one_gate import OneGate
from adapters.sandbox.one_gate_door import add_one_gate
from adapters.sandbox.people import Register, bad, load
from adapters.sandbox.portal import ARRIVING, BUS, SimulatedPortal, load_portal
from adapters.sandbox.portal_control import add_portal_control
from adapters.sandbox.portal_files import add_files
from adapters.sandbox.provincial_system import SOURCE as PROVINCIAL_SYSTEM
from adapters.sandbox.provincial_system import ProvincialSystem
from adapters.sandbox.sandbox_pages import STYLE, SandboxPages, style
from adapters.sandbox.spoil import merged, replaced, spoiled
from adapters.sandbox.tsa import SOURCE as TSA
from adapters.sandbox.tsa_door import add_authority
from adapters.sandbox.wire import BadCall, PeerOperation, PeerRequest, Reply, Tokens, UploadedFile, as_json
from gateway.domain.faults import near

_BODY_LIMIT = 4_000_000
#: what the peers of an application handed out
TOKENS: web.AppKey[Tokens] = web.AppKey("tokens")
#: the sample of a provincial system
PROVINCE: web.AppKey[ProvincialSystem] = web.AppKey("province")


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
        national_bus,
        lgsp,
        ministry_portal,
        interlinked,
    )
    return tuple(endpoint for room in rooms for endpoint in room.endpoints())


def sources() -> frozenset[str]:
    """Names of the simulated peers, which are their prefixes too."""
    return frozenset(endpoint.source for endpoint in endpoints()) | {
        TSA,
        ONE_GATE,
        IDENTITY,
        PROVINCIAL_SYSTEM,
    }


def build(data_root: Path, latency_ms: float = 0, only: Collection[str] = ()) -> web.Application:
    """The sandbox as an application. `latency_ms` delays every answer; `only` leaves out other peers.

    Raises ConfigError if `only` names an unknown peer or the personas cannot be read.
    """
    unknown = set(only) - sources()
    if unknown:
        what = f"no such peer: {', '.join(sorted(unknown))}"
        remedy = near(min(unknown), sources(), f"use some of {', '.join(sorted(sources()))}")
        raise bad(what, remedy, "--only")
    register = load(data_root)
    stage = Stage(register, _portal(data_root, register), latency_ms / 1000)
    app = web.Application(client_max_size=_BODY_LIMIT)
    app[TOKENS] = stage.tokens
    app.on_response_prepare.append(_mark)
    app.on_shutdown.append(stage.close)
    for endpoint in endpoints():
        if not only or endpoint.source in only:
            for path in endpoint.paths:
                app.router.add_route(endpoint.method, f"/{endpoint.source}{path}", stage.serving(endpoint))
    _add_doors(app, stage, data_root, frozenset(only) or sources())
    return app


def _add_doors(app: web.Application, stage: "Stage", data_root: Path, names: Collection[str]) -> None:
    """Control, and the peers that are more than single operations."""
    gate, board, closing = OneGate(), stage.board, stage.closing
    pages = SandboxPages()
    house = IdentityHouse(load_accounts(data_root, stage.register), stage.register, board, closing, pages)
    province = app[PROVINCE] = ProvincialSystem(pages, board.count)
    forgetting = (
        board.reset, stage.tokens.forget, stage.portal.forget_all, gate.forget_all, house.forget_all,
        province.forget_all,
    )  # fmt: skip
    add_control(app, board, forgetting, names)
    if TSA in names:
        add_authority(app, board, closing)
    if IDENTITY in names:
        house.add_to(app)
    if PROVINCIAL_SYSTEM in names:
        province.add_to(app)
    app.router.add_get(STYLE, style)
    if ONE_GATE in names:
        add_one_gate(app, gate, board, closing)
    if BUS in names:
        add_files(app, board, stage.portal, closing)
        add_portal_control(app, stage.portal, stage.register, stage.tokens)


def _portal(data_root: Path, register: Register) -> SimulatedPortal:
    catalogue = load_portal(data_root)
    return SimulatedPortal(catalogue, interlinked=interlinked.dossiers_of(register, catalogue.unit))


def introduce(app: web.Application, gateway: str) -> None:
    """Say where the gateway is, whose clients some peers are."""
    app[PROVINCE].introduce(gateway)


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

    def __init__(self, register: Register, portal: SimulatedPortal, latency: float) -> None:
        """`latency` in seconds, before every answer."""
        self.portal = portal
        self.board = Switchboard()
        self.tokens = Tokens()
        self.register = register
        self._latency = latency
        self.closing = asyncio.Event()

    async def close(self, _app: web.Application) -> None:
        """End every wait."""
        self.closing.set()

    def serving(self, endpoint: PeerOperation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The HTTP handler of one operation."""

        async def serve(request: web.Request) -> web.StreamResponse:
            call = await self._call(endpoint, request)
            operation = endpoint.operation or _operation_of(endpoint, call)
            self.board.count(endpoint.source, operation)
            if endpoint.source in ARRIVING and not endpoint.opens:
                self._note(call, operation, request)
            rule = self.board.take(endpoint.source, operation, opens=endpoint.opens)
            if self._latency:
                await pause(request, self.closing, self._latency)
            if rule is None:
                return as_response(_answer(endpoint, call))
            reply = await self._misbehaved(rule, endpoint, call)
            return await send(rule, request, reply, self.closing)

        return serve

    def _note(self, call: PeerRequest, operation: str, request: web.Request) -> None:
        """Keep a message as it arrived, also one that is not taken."""
        self.portal.arrived.add(
            ArrivedMessage(
                self.portal.stamp(), call.source, operation, request.method, request.path, call.query,
                call.headers, call.body, 0,
            )
        )  # fmt: skip

    async def _call(self, endpoint: PeerOperation, request: web.Request) -> PeerRequest:
        return PeerRequest(
            source=endpoint.source,
            register=self.register,
            tokens=self.tokens,
            url=str(request.url),
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query),
            match=dict(request.match_info),
            body=b"" if endpoint.uploads else await request.read(),
            portal=self.portal,
            origin=f"{request.scheme}://{request.host}",
            uploads=await _uploads(request) if endpoint.uploads else (),
        )

    async def _misbehaved(self, rule: Misbehaviour, endpoint: PeerOperation, call: PeerRequest) -> Reply:
        if rule.mode is Mode.EXPIRED_SESSION:
            self.tokens.forget(endpoint.source)
        if rule.mode is Mode.RESET:
            return as_json({})
        instead = replaced(rule, endpoint.source, call.origin)
        if instead is not None:
            return instead
        if rule.mode in AT_RECEIVERS:
            return _answer(
                endpoint, replace(call, stores=False, says_exists=rule.mode is Mode.DUPLICATE_CODE)
            )
        if rule.mode is Mode.WRONG_PERSON:
            return _answer(endpoint, _swapped(call))
        reply = _answer(endpoint, call)
        if rule.mode is Mode.TWO_PEOPLE:
            return merged(reply, _answer(endpoint, _swapped(call)))
        return await asyncio.to_thread(spoiled, rule, reply)


async def _uploads(request: web.Request) -> Sequence[UploadedFile]:
    """The files of a multipart body, digested as they come; none if it is no such body."""
    if not request.content_type.startswith("multipart/"):
        return ()
    found: list[UploadedFile] = []
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                digest, size = hashlib.sha256(), 0
                while piece := await part.read_chunk(65_536):
                    digest.update(piece)
                    size += len(piece)
                found.append(UploadedFile(part.name or "", digest.hexdigest(), size))
    except ValueError:
        return ()
    return found


def _swapped(call: PeerRequest) -> PeerRequest:
    """The same request about another record; it changes nothing."""
    return replace(call, swapped=True, stores=False)


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


def _operation_of(endpoint: PeerOperation, call: PeerRequest) -> str:
    """A known operation or `unknown`: what a caller writes never becomes a counter's name."""
    if endpoint.named_by is not None:
        return endpoint.named_by(call)
    name = population_xml.operation_name(call.body)
    return name if name in population.operations() else "unknown"


async def _mark(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Sandbox"] = "true"
