"""The one-gate system's own door: its webhook `POST /one_gate/webhook`, and its control `/__sandbox/one_gate/…`.

Promises: 204 only after the delivery is in the book; a push whose signature is not good is a 401.
"""

import asyncio

import aiohttp
import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox.connection import send
from adapters.sandbox.misbehave import Misbehaviour, Mode, Switchboard
from adapters.sandbox.one_gate import SOURCE, OneGate, OneGateOrder
from adapters.sandbox.portal_control import refusing
from adapters.sandbox.signed_pushes import Keys, verdict
from adapters.sandbox.spoil import replaced
from adapters.sandbox.wire import Reply

_KEY_SECONDS = 5


class _BookPage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(default=0, ge=0, alias="from")
    count: int = Field(default=100, ge=0, le=1000)
    code: str = ""


def add_one_gate(app: web.Application, gate: OneGate, board: Switchboard, closing: asyncio.Event) -> None:
    """Add webhook and control to the application."""
    webhook = _WebhookLedger(gate, board, closing)

    async def start(request: web.Request) -> web.StreamResponse:
        gate.start(OneGateOrder.model_validate(await request.json()))
        return web.json_response({"working": True})

    async def stop(_request: web.Request) -> web.StreamResponse:
        await gate.stop()
        return web.json_response({"working": False})

    async def ledger(request: web.Request) -> web.StreamResponse:
        page = _BookPage.model_validate(dict(request.query))
        return web.json_response(gate.book(page.start, page.count, page.code))

    async def end(_app: web.Application) -> None:
        await gate.stop()

    app.router.add_post(f"/{SOURCE}/webhook", webhook.take)
    app.router.add_post("/__sandbox/one_gate/start", refusing(start))
    app.router.add_post("/__sandbox/one_gate/stop", refusing(stop))
    app.router.add_get("/__sandbox/one_gate/ledger", refusing(ledger))
    app.on_shutdown.append(end)


class _WebhookLedger:
    def __init__(self, gate: OneGate, board: Switchboard, closing: asyncio.Event) -> None:
        self._gate = gate
        self._board = board
        self._closing = closing
        self._keys: Keys = {}

    async def take(self, request: web.Request) -> web.StreamResponse:
        self._board.count(SOURCE, "webhook")
        body = await request.read()
        rule = self._board.take(SOURCE, "webhook", opens=False)
        if rule is None:
            return web.Response(status=await self._entered(request, body))
        return await send(rule, request, await self._misbehaved(rule, request, body), self._closing)

    async def _misbehaved(self, rule: Misbehaviour, request: web.Request, body: bytes) -> Reply:
        if rule.mode is Mode.RESET:
            return Reply(body=b"")
        instead = replaced(rule, SOURCE, f"{request.scheme}://{request.host}")
        if instead is not None:
            return instead
        status = 204 if rule.mode is Mode.FORGETFUL else await self._entered(request, body)
        return Reply(body=b"", status=status)

    async def _entered(self, request: web.Request, body: bytes) -> int:
        """The status: 204 in the book, 401 not signed well, 400 no delivery."""
        if (outcome := await self._verdict(request, body)) != "good":
            self._gate.counts[f"webhook.{outcome}"] += 1
            if outcome != "unchecked":
                return 401
        try:
            item = orjson.loads(body)
            named = str(item["delivery"]) == request.headers.get("X-Delivery-Id")
            if named:
                self._gate.take(item, "webhook")
        except (ValueError, TypeError, KeyError):
            named = False
        self._gate.counts["webhook.taken" if named else "webhook.unreadable"] += 1
        return 204 if named else 400

    async def _verdict(self, request: web.Request, body: bytes) -> str:
        """The verdict on the signature; `unchecked` while nobody said whose keys to take."""
        order = self._gate.order
        if order is None:
            return "unchecked"
        headers = {name.lower(): value for name, value in request.headers.items()}
        outcome = verdict(request.method, str(request.url), headers, body, self._keys)
        if outcome == "unknown_key":
            self._keys = await _keys_of(order.gateway)
            outcome = verdict(request.method, str(request.url), headers, body, self._keys)
        return outcome


async def _keys_of(gateway: str) -> Keys:
    timeout = aiohttp.ClientTimeout(total=_KEY_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{gateway}/oauth2/jwks") as answer,
        ):
            words = await answer.json()
            return {one["kid"]: one for one in words["keys"]}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError):
        return {}
