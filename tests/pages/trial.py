"""Pages for trials of the frame: one for each role, a step-up, a form; and what a browser does with them."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from adapters.stores.quotas import MemoryQuotas
from gateway.api.dispatcher import Dispatcher, Routes
from gateway.api.logins import add_login_pages
from gateway.api.request import Request
from gateway.api.routes import add_operations
from gateway.config.gateway import PageSettings
from gateway.domain import sentences as say
from gateway.domain.errors import Conflict
from gateway.domain.problems import ProblemCode
from gateway.login.floods import PageRate
from gateway.pages.addresses import page_finder
from gateway.pages.doors import PAGES
from gateway.pages.frame import PageRole, PageRoute, Shown, Visit, add_pages
from gateway.serving.listeners import Gateway
from tests.login.browser import Browser, Landing, Town

HTML = "text/html,application/xhtml+xml"


async def visited(_request: Request, visit: Visit) -> Shown:
    """Who is there, as the handler of a page sees it."""
    subject = visit.subject
    return Shown(
        template="start", title=("Thử", "Trial"),
        answer={
            "role": visit.role, "staff": visit.staff, "asks": visit.caller.requester.id, "form": dict(visit.form),
            "subject": subject.key if subject is not None else "", "is_fresh": visit.is_fresh, "csrf": visit.csrf,
            "caller_staff": visit.caller.staff, "doors": [], "health": {"status": "ready"},
        },
    )  # fmt: skip


async def searched(request: Request, visit: Visit) -> Shown:
    """A look-up of auditors, by the use case of the API."""
    audit = request.services.audit
    assert audit is not None
    found = await audit.audit.records(visit.caller, request.parameters["exchange"])
    return Shown(template="start", title=("Thử", "Trial"), answer=found)


async def failed(request: Request, _visit: Visit) -> Shown:
    """The page of an error: one that is under way elsewhere, or a fault of ours whose text must not leave."""
    if request.parameters["how"] == "under_way":
        raise Conflict(say.TWIN_UNDER_WAY, code=ProblemCode.REQUEST_UNDER_WAY, retry_after=1)
    raise RuntimeError("033190001234 secret")


TRIAL = (
    PageRoute("GET", "/portal/failing/{how}", failed),
    PageRoute("GET", "/portal/trial", visited),
    PageRoute("GET", "/me/trial", visited, PageRole.CITIZEN),
    PageRoute("POST", "/me/trial", visited, PageRole.CITIZEN),
    PageRoute("GET", "/audit/trial", visited, PageRole.AUDITOR, nav="Thử · Trial"),
    PageRoute("POST", "/audit/trial", visited, PageRole.AUDITOR),
    PageRoute("GET", "/audit/trial/{exchange}", searched, PageRole.AUDITOR),
    PageRoute("POST", "/audit/trial/shown", visited, PageRole.AUDITOR, step_up=True),
    PageRoute("GET", "/ops/trial", visited, PageRole.OPERATOR),
    PageRoute("GET", "/ops/trial/settings", visited, PageRole.ADMINISTRATOR),
    PageRoute("GET", "/audit/trial/fresh", visited, PageRole.AUDITOR, step_up=True),
)


@asynccontextmanager
async def tried(
    town: Town, *more: PageRoute, is_off: bool = False, rate: str | None = None
) -> AsyncIterator[None]:
    """Serve the pages of trials, and `more`, beside the others. `rate`: of one session."""
    gateway = town.gateway
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    services, pages, routes = gateway.app.services, (*PAGES, *more, *reversed(TRIAL)), Routes()
    assert services.sign_in is not None
    broker = replace(services.sign_in.broker, is_page=page_finder(pages))
    add_operations(routes)
    add_login_pages(routes)
    add_pages(routes, pages)
    configuration = services.configuration
    if is_off:
        off = configuration.gateway.model_copy(update={"pages": PageSettings()})
        configuration = configuration.model_copy(update={"gateway": off})
    sign_in = replace(services.sign_in, broker=broker, page_rate=PageRate(MemoryQuotas(), b"trial", rate))
    tried_services = replace(services, configuration=configuration, sign_in=sign_in)
    former = gateway._runners[0].serve(Dispatcher(tried_services, routes, gateway.parts.metrics))
    try:
        yield
    finally:
        gateway._runners[0].serve(former)


async def page(browser: Browser, url: str, form: dict[str, str] | None = None, **headers: str) -> Landing:
    """As a browser asks for pages."""
    return await browser.go(url, form, **{"Accept": HTML, **headers})


async def twin(browser: Browser, url: str) -> Any:
    """The JSON twin of a page."""
    async with browser.session.get(
        browser.house.url + url, headers={"Accept": "application/json"}, allow_redirects=False
    ) as answer:
        return await answer.json(content_type=None)


async def entered(browser: Browser, url: str, account: str, provider: str = "national_portal") -> Landing:
    """From a page that wants a login, through its provider, to where the browser lands."""
    landing = await page(browser, url)
    while landing.status == 303 and landing.location.startswith("/"):
        landing = await page(browser, landing.location)
    if landing.status == 200:
        landing = await browser.chosen(landing, provider)
    assert landing.status == 303, landing.text
    return await browser.go(await browser.at_provider(landing.location, account))


async def sent_raw(browser: Browser, sent: bytes) -> bytes:
    """The answer to bytes that no browser would send so."""
    reader, writer = await asyncio.open_connection(*browser.house.url.removeprefix("http://").split(":"))
    writer.write(sent)
    try:
        return await reader.read()
    finally:
        writer.close()


def token(landing: Landing) -> str:
    """The token of the forms of a page."""
    found = re.search(r'<meta name="csrf" content="([^"]+)">', landing.text)
    assert found, landing.text
    return found[1]
