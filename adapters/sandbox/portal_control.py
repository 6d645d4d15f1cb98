"""Control of the simulated portal, `/__sandbox/portal/…`: submit dossiers, read the ledgers, lose and change dossiers.

Promises: ledgers say codes, counts, statuses and digests, no personal data. `messages` shows what arrived word
for word: all people of the sandbox are invented.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.sandbox.bus_rules import is_uid
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.loopback import is_on_loopback
from adapters.sandbox.people import Register
from adapters.sandbox.portal import ARRIVING, BUS, PortalBehaviour, SimulatedPortal
from adapters.sandbox.portal_sending import INBOUND_SECRET, SubmitOrder, submit
from adapters.sandbox.wire import Tokens

_MOST_ROWS = 1000
_FETCH_SECONDS = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Page(_Order):
    """Which part of which ledger."""

    receiver: str = BUS
    start: int = Field(default=0, ge=0, alias="from")
    count: int = Field(default=100, ge=0, le=_MOST_ROWS)
    code: str = ""


class _Messages(_Order):
    """Which of the newest messages; blank: any."""

    code: str = ""
    receiver: str = ""
    operation: str = ""
    count: int = Field(default=20, ge=1, le=200)


class _Forget(_Order):
    """Which dossier to lose or to set back; or end all sessions."""

    receiver: str = BUS
    code: str = ""
    set_back: bool = False
    sessions: bool = False


class _Drift(_Order):
    """What to change at the portal's own side."""

    receiver: str = BUS
    code: str
    status: str = ""
    fields: dict[str, str] = {}


class _Fetch(_Order):
    """Whose files; `to`, `secret`: of the door at which files with uids are downloaded."""

    code: str
    to: str = "http://127.0.0.1:8080/portal/national_bus"
    secret: str = INBOUND_SECRET


def add_portal_control(
    app: web.Application, portal: SimulatedPortal, register: Register, tokens: Tokens
) -> None:
    """Add the routes to the application."""
    desk = _PortalDesk(portal, register, tokens)
    prefix = "/__sandbox/portal"
    app.router.add_get(f"{prefix}/ledger", refusing(desk.ledger))
    app.router.add_get(f"{prefix}/sent", refusing(desk.sent))
    app.router.add_get(f"{prefix}/messages", refusing(desk.messages))
    app.router.add_post(f"{prefix}/submit", refusing(desk.submit))
    app.router.add_post(f"{prefix}/forget", refusing(desk.forget))
    app.router.add_post(f"{prefix}/drift", refusing(desk.drift))
    app.router.add_post(f"{prefix}/settings", refusing(desk.settings))
    app.router.add_post(f"{prefix}/fetch_files", refusing(desk.fetch_files))


def refusing(handler: Handler) -> Handler:
    """The handler; an order that cannot be read is a 400 that says what is wrong."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            return web.json_response({"error": "; ".join(faults)}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle


class _PortalDesk:
    def __init__(self, portal: SimulatedPortal, register: Register, tokens: Tokens) -> None:
        self._portal = portal
        self._register = register
        self._tokens = tokens

    def _book(self, receiver: str) -> Ledger:
        if receiver not in self._portal.ledgers:
            raise ValueError("receiver is one of " + ", ".join(sorted(self._portal.ledgers)))
        return self._portal.ledgers[receiver]

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        page = _Page.model_validate(dict(request.query))
        book = self._book(page.receiver)
        found = book.entries.get(page.code)
        rows = ([found.row()] if found else []) if page.code else book.page(page.start, page.count)
        return web.json_response({
            "receiver": page.receiver,
            "totals": book.totals(),
            "sessions": self._tokens.living(BUS),
            "pushes": {name: len(taken) for name, taken in self._portal.pushes.items()},
            "strange_fields": dict(self._portal.strange_fields),
            "from": page.start,
            "dossiers": rows,
        })  # fmt: skip

    async def sent(self, request: web.Request) -> web.StreamResponse:
        page = _Page.model_validate(dict(request.query))
        sent = self._portal.sent
        found = sent.rows.get(page.code)
        rows = ([found.row()] if found else []) if page.code else sent.page(page.start, page.count)
        return web.json_response({"totals": sent.totals(), "from": page.start, "dossiers": rows})

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """What arrived, newest first, in its wire form."""
        page = _Messages.model_validate(dict(request.query))
        if page.receiver and page.receiver not in ARRIVING:
            raise ValueError("receiver is one of " + ", ".join(sorted(ARRIVING)))
        found = self._portal.arrived.rows(page.code, page.receiver, page.operation, page.count)
        return web.json_response(
            {"messages": found}, dumps=lambda shown: json.dumps(shown, ensure_ascii=False)
        )

    async def submit(self, request: web.Request) -> web.StreamResponse:
        order = SubmitOrder.model_validate(await request.json())
        origin = f"{request.scheme}://{request.host}"
        return web.json_response(await submit(order, self._portal, self._register, origin))

    async def forget(self, request: web.Request) -> web.StreamResponse:
        order = _Forget.model_validate(await request.json())
        if order.sessions:
            self._tokens.forget(BUS)
            return web.json_response({"sessions": 0})
        book = self._book(order.receiver)
        done = book.set_back(order.code) if order.set_back else book.lose(order.code)
        return _said(order.code, done=done)

    async def drift(self, request: web.Request) -> web.StreamResponse:
        order = _Drift.model_validate(await request.json())
        return _said(
            order.code, done=self._book(order.receiver).drift(order.code, order.status, order.fields)
        )

    async def settings(self, request: web.Request) -> web.StreamResponse:
        changed = PortalBehaviour.model_validate(await request.json())
        self._portal.settings = self._portal.settings.model_copy(
            update={name: getattr(changed, name) for name in changed.model_fields_set}
        )
        return web.json_response(self._portal.settings.model_dump())

    async def fetch_files(self, request: web.Request) -> web.StreamResponse:
        """Download the submitted papers and results of a dossier, as the portal does later."""
        order = _Fetch.model_validate(await request.json())
        entry = self._portal.bus.entries.get(order.code)
        papers = entry.fields.get("TaiLieuNop") or [] if entry else []
        results = entry.fields.get("DanhSachGiayToKetQua") or [] if entry else []
        named = [one["DuongDanTaiTepTin"] for one in papers] + [
            one["DuongDanTepTinKetQua"] for one in results
        ]
        timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            files = await asyncio.gather(*(_fetched(session, *_address(one, order)) for one in named))
        return web.json_response({"code": order.code, "known": entry is not None, "files": files})


def _said(code: str, *, done: bool) -> web.Response:
    return web.json_response({"code": code, "done": done}, status=200 if done else 404)


def _address(named: str, order: _Fetch) -> tuple[str, dict[str, str]]:
    """Where a file lies, and what the portal shows there."""
    if not is_uid(named):
        return named, {}
    return f"{order.to}/downloadfile/{named}", {"X-Portal-Secret": order.secret}


async def _fetched(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> dict[str, object]:
    """Status, size and SHA-256 of what lies at an address on loopback."""
    digest, size = hashlib.sha256(), 0
    if not is_on_loopback(url):
        return {"status": 0, "error": "not on loopback"}
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            async for piece in answer.content.iter_chunked(65_536):
                digest.update(piece)
                size += len(piece)
            return {"status": answer.status, "bytes": size, "digest": digest.hexdigest()}
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return {"status": 0, "error": type(error).__name__}
