"""Two portals with `<motlan-form>` in an empty page: one before a real gateway, one that answers as it is told.

The first is the example that portal teams copy (`gateway/console/examples/portal_page`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

from gateway.console.examples.portal_page.portal_page import Proxy
from tests.flows.conftest import House, new_official

_PAGE = (
    '<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>Biểu mẫu</title>{script}<main><h1>Biểu mẫu</h1><motlan-form procedure="{code}" src="/forms" {more}>'
    "</motlan-form></main></html>"
)
FAMILY = {
    "requester": {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"},
    "mother": {"same_as": "requester"},
    "father": {"personal_id": "033085004321", "full_name": "Phạm Văn Thử", "birth_date": "1985-07-04"},
    "child": {},
}


def page(gateway: str, code: str, more: str = "") -> web.Response:
    """An empty page with the tag, under the policy of the example."""
    script = f'<script type="module" src="{gateway}/motlan-form.js"></script>'
    policy = (
        f"default-src 'none'; script-src {gateway}; style-src {gateway}; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    text = _PAGE.format(script=script, code=code, more=more)
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    """The address of a running application."""
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class _Fresh(Proxy):
    """Asks in the name of a new official each time: nothing that a source answered before is shared."""

    async def call(
        self, session: ClientSession, method: str, path: str, body: Any = None, accept: str = "*/*"
    ) -> ClientResponse:
        more = {"official": new_official()} if path == "/v1/prefill" else {}
        return await super().call(session, method, path, body and {**body, **more}, accept)


def before(house: House) -> web.Application:
    """The example before a running gateway, for a family; `/birth` has the form of a birth registration."""
    client = house.clients["portal"]
    proxy = _Fresh(house.url, client["client_id"], client["client_secret"])
    proxy.people = lambda roles: FAMILY if "mother" in roles else dict.fromkeys(roles, FAMILY["requester"])
    made: web.Application = proxy.application()

    async def birth(request: web.Request) -> web.Response:
        return page(house.url, "1.001193", request.query_string and f'lang="{request.query["lang"]}"')

    made.router.add_get("/birth", birth)
    return made


class ScriptedPortal:
    """A portal that answers as it is told, and keeps what it is sent."""

    def __init__(self, gateway: str, form: dict[str, Any]) -> None:
        self.gateway = gateway
        self.about: dict[str, Any] = {
            "procedure": {
                "code": "1.001193",
                "title": "Đăng ký khai sinh",
                "title_en": "Birth registration",
                "purpose": "civil_registration",
                "subjects": {"requester": {"signs_in": True}},
            },
            "form": form,
            "sources": SOURCES,
        }
        #: act -> status and answer; `prefill` may be a list, one after the other
        self.answers: dict[str, tuple[int, Any]] = {}
        self.received: list[tuple[str, Any]] = []
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.more = ""

    def application(self) -> web.Application:
        """Its routes."""
        made, own = web.Application(), "/forms/{code}"
        made.add_routes(
            [
                web.get("/", self._page),
                web.get(own, self._form),
                web.get(own + "/late", self._late),
                web.post(own + "/{act}", self._act),
                web.post("/sent", self._sent),
            ]
        )
        return made

    async def _page(self, _request: web.Request) -> web.Response:
        return page(self.gateway, "1.001193", self.more)

    async def _form(self, _request: web.Request) -> web.Response:
        return web.json_response(self.about)

    async def _act(self, request: web.Request) -> web.Response:
        act = request.match_info["act"]
        self.received.append((act, await request.json()))
        status, answer = self.answers.get(act, (200, {}))
        return web.json_response(answer, status=status)

    async def _sent(self, request: web.Request) -> web.Response:
        self.received.append(("sent", dict(await request.post())))
        return web.Response(text="received")

    async def _late(self, request: web.Request) -> web.StreamResponse:
        told = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await told.prepare(request)
        while piece := await self.events.get():
            await told.write(piece)
        return told


SOURCES = [
    {
        "source": "population",
        "title": "CSDL quốc gia về dân cư",
        "title_en": "National population database",
        "provider": "C06",
    },
    {
        "source": "civil_status",
        "title": "CSDL hộ tịch điện tử",
        "title_en": "Civil status database",
        "provider": "Bộ Tư pháp",
    },
    {"source": "health", "title": "Dữ liệu y tế", "title_en": "Health data", "provider": "Bộ Y tế"},
    {
        "source": "own_data",
        "title": "Dữ liệu ông/bà đã lưu",
        "title_en": "Your kept data",
        "provider": "Cổng",
    },
]


def field(state: str, value: Any = None, evidence: str | None = None, **more: Any) -> dict[str, Any]:
    """An entry of an answer."""
    editable = more.pop("editable", state != "filled")
    return {
        "state": state,
        "value": value,
        "evidence": evidence,
        "attribute": "person.full_name",
        "editable": editable,
        "doubt": None,
        **more,
    }


def answered(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A prefill answer with these fields, and evidence of two sources."""
    evidence = {
        name: {
            "source": source,
            "data_service": "x",
            "provider": provider,
            "subject": "requester",
            "sandbox": True,
            "mark": "seen",
            "fetched_at": "2026-11-27T02:14:32.000Z",
            "source_updated_at": None,
            "valid_until": "2026-11-27T02:19:32.000Z",
            "legal_basis": "Luật Giao dịch điện tử 20/2023",
            "agreement": "portal",
            "published_scope": None,
        }
        for name, source, provider in (("e1", "population", "C06"), ("e2", "civil_status", "Bộ Tư pháp"))
    }
    return {
        "exchange_id": "01KB0000000000000000000000",
        "procedure": {"code": "1.001193"},
        "form": {},
        "fields": fields,
        "evidence": evidence,
        "papers": [],
        "warnings": [],
        "sources": [],
        "saved": {"fields": 1, "papers": 0},
        "pending": None,
        "passport": None,
        "preview": {"shown_to": "citizen", "decide_until": "2026-11-27T03:00:00Z"},
        "receipt": {},
        **more,
    }
