"""What every page of people goes through: its route, who may see it, its language, its JSON twin, its errors.

Promises: a page is asked for by a session of its kind, or the browser goes to sign in and comes back; a form counts
only from a page of this gateway, with the token of its session; nothing of it is kept by a cache.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from gateway.api.bodies import read_bytes
from gateway.api.browsers import is_cross_site, takes_html, visitor_of
from gateway.api.dispatcher import Endpoint, Routes
from gateway.api.problems import NotHttp
from gateway.api.request import NOBODY, Request
from gateway.api.response import Response, answer
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, GatewayError, LoginsUnavailable, NotFound, Refused
from gateway.domain.parties import Caller, Subject
from gateway.login.broker import START
from gateway.login.linking import linked
from gateway.login.sessions import Session
from gateway.login.steps import Leaving

Language = Literal["vi", "en"]
BothWords = tuple[str, str]

LANGUAGE_COOKIE, LANGUAGE = "motlan-lang", "lang"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
#: not `no-referrer`: browsers would send `Origin: null` with our own forms
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept, Cookie",
}  # fmt: skip
_HTML = "text/html; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES, _MOST_PARAMETERS = 65_536, 100
_YEAR_SECONDS = 31_536_000
#: an authentication that is older does not do for a step-up, in seconds
FRESH_SECONDS = 300
_NOTHING: Mapping[str, str] = MappingProxyType({})


class PageRole(StrEnum):
    """Who may see a page."""

    ANYBODY = "anybody"
    CITIZEN = "citizen"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    #: may all that an operator may
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page: `answer` is its JSON twin, ready for JSON; `values` are more for the template."""

    template: str
    title: BothWords
    answer: Mapping[str, object]
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    status: int = 200
    #: scripts beside those of the frame
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asks for a page, and with what."""

    #: None: nobody is signed in
    session: Session | None
    role: PageRole
    #: account of an official; blank for citizens
    staff: str
    language: Language
    #: for the forms of the page; blank without a session
    csrf: str
    #: in whose name use cases are called
    caller: Caller
    #: parameters of the query, or of the form of a POST, each once
    form: Mapping[str, str] = field(repr=False)
    #: the person signed in within the last five minutes
    is_fresh: bool

    @property
    def subject(self) -> Subject | None:
        """The person or organisation that is signed in; None for officials, and for nobody."""
        return None if self.session is None else linked(self.session.identity)


Handler = Callable[[Request, Visit], Awaitable[Shown | Leaving | Response | web.StreamResponse]]


class PageRoute(NamedTuple):
    """One page of a door; the first part of its path is the name of the door."""

    method: str
    path: str
    handler: Handler
    role: PageRole = PageRole.ANYBODY
    #: needs an authentication of the last five minutes
    step_up: bool = False
    #: its entry in the nav of its door: "Nhật ký · Log"; blank: none
    nav: str = ""
    #: HEAD is answered as GET: only where a look leaves no record
    has_head: bool = False

    @property
    def door(self) -> str:
        """Blank for the start page."""
        return self.path.split("/")[1]


#: rooms, as the frame names them
ROOMS: Mapping[str, BothWords] = MappingProxyType({
    "": ("Cổng kết nối, chia sẻ dữ liệu", "Data-sharing gateway"),
    "portal": ("Cổng minh họa", "Demo portal"),
    "me": ("Dữ liệu của tôi", "My data"),
    "audit": ("Kiểm toán", "Audit"),
    "ops": ("Vận hành", "Operation"),
    "manual": ("Tài liệu", "Manual"),
    "console": ("Bộ thành phần", "Kit"),
})  # fmt: skip
ROLES: Mapping[PageRole, BothWords] = MappingProxyType({
    PageRole.CITIZEN: ("Công dân", "Citizen"),
    PageRole.AUDITOR: ("Kiểm toán viên", "Auditor"),
    PageRole.OPERATOR: ("Vận hành", "Operator"),
    PageRole.ADMINISTRATOR: ("Quản trị", "Administrator"),
})  # fmt: skip


def add_pages(routes: Routes, pages: Sequence[PageRoute]) -> None:
    """Add pages to the routes of a listener, and tell its browsers of errors by pages."""
    for one in pages:
        methods = ("GET", "HEAD") if one.has_head else (one.method,)
        routes.add(methods, Endpoint(one.path, partial(_answered, one, pages)))
    paths = frozenset(one.path for one in pages)
    routes.page = partial(_error_page, paths)


async def _answered(
    route: PageRoute, pages: Sequence[PageRoute], request: Request
) -> Response | web.StreamResponse:
    given = await _parameters(request)
    language = _language(request, given.pop(LANGUAGE, ""))
    request.frame = PageFrame(route.door, language, pages)
    session = await _session(route, request)
    if route.role is not PageRole.ANYBODY and session is None:
        return _leaving(request, Leaving(url=_sign_in_url(request, route)))
    if request.method == "POST":
        _check_form(request, session, given.pop("csrf", ""))
    visit = _visit(route, request, session, language, given)
    request.frame.visit = visit
    shown = await route.handler(request, visit)
    match shown:
        case Shown():
            return _keeping_language(request, _page(request, shown))
        case Leaving():
            return _leaving(request, shown)
        case _:
            return shown


# ------------------------------------------------------------------------------------------------------ guards


async def _session(route: PageRoute, request: Request) -> Session | None:
    here = request.services.sign_in
    if here is None:
        if route.role is PageRole.ANYBODY:
            return None
        raise NotFound(say.NO_LOGINS)
    try:
        return await here.broker.sessions.of(visitor_of(request).session)
    except LoginsUnavailable:
        if route.role is PageRole.ANYBODY:
            return None
        raise


def _check_form(request: Request, session: Session | None, token: str) -> None:
    """Raises Refused for a form, or a call of a script, that no page of this gateway sent."""
    given = token or request.headers.get("X-CSRF-Token", "")
    expected = "" if session is None else session.csrf
    if is_cross_site(request) or not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refused("form")


def _visit(
    route: PageRoute, request: Request, session: Session | None, language: Language, given: Mapping[str, str]
) -> Visit:
    now = request.services.clock.now().timestamp()
    return Visit(
        session=session, role=PageRole.ANYBODY if session is None else PageRole.CITIZEN, staff="", language=language,
        csrf="" if session is None else session.csrf, caller=_caller(route, request), form=given,
        is_fresh=session is not None and now - session.identity.at <= FRESH_SECONDS,
    )  # fmt: skip


def _caller(route: PageRoute, request: Request) -> Caller:
    """In whose name a door asks: the requester that `pages` of gateway.yaml names."""
    del route
    return Caller(requester=NOBODY, agency="", exchange=request.exchange)


def _sign_in_url(request: Request, route: PageRoute) -> str:
    del route
    return f"{START}?{urlencode({'to': request.rel_url.raw_path})}"


# --------------------------------------------------------------------------------------------------- language


def _language(request: Request, wanted: str) -> Language:
    """The one of the link, else the one that the browser keeps; Vietnamese first."""
    for word in (wanted, request.cookies.get(LANGUAGE_COOKIE, "")):
        if word in {"vi", "en"}:
            return "en" if word == "en" else "vi"
    return "vi"


def _keeping_language(request: Request, response: Response) -> Response:
    language = request.frame.language
    if language != request.cookies.get(LANGUAGE_COOKIE, "vi"):
        secure = "; Secure" if request.issuer.startswith("https:") else ""
        kept = f"Path=/; Max-Age={_YEAR_SECONDS}{secure}; HttpOnly; SameSite=Lax"
        response.cookies = (*response.cookies, ("Set-Cookie", f"{LANGUAGE_COOKIE}={language}; {kept}"))
    return response


# -------------------------------------------------------------------------------------------------- responses


@dataclass(slots=True)
class PageFrame:
    """What the frame of a page shows, also of an error's."""

    door: str
    language: Language
    pages: Sequence[PageRoute] = ()
    visit: Visit | None = None

    def values(self, request: Request) -> dict[str, object]:
        """Of the template `frame.html`."""
        visit = self.visit
        entries = [one for one in self.pages if one.door == self.door and one.nav]
        other = "en" if self.language == "vi" else "vi"
        query = [(name, value) for name, value in _query(request) if name != LANGUAGE]
        return {
            LANGUAGE: self.language,
            "room": ROOMS.get(self.door, ROOMS[""]),
            "room_url": f"/{self.door}" if self.door in {"me", "audit", "ops", "portal", "manual"} else "/",
            "nav": [
                {"url": one.path, "title": _words(one.nav), "is_here": one.path == request.route}
                for one in entries
            ],
            "language_url": f"{request.rel_url.raw_path}?{urlencode([*query, (LANGUAGE, other)])}",
            "csrf": visit.csrf if visit is not None else "",
            "account": _account(visit),
            "role": ROLES[visit.role] if visit is not None and visit.role is not PageRole.ANYBODY else None,
            "is_staff": visit is not None and visit.staff != "",
        }


def _account(visit: Visit | None) -> str:
    if visit is None or visit.session is None:
        return ""
    who = visit.session.identity
    return visit.staff or who.full_name or who.organisation


def _words(both: str) -> BothWords:
    vi, _, en = both.partition(" · ")
    return vi, en or vi


def _page(request: Request, shown: Shown) -> Response:
    if not takes_html(request) and "application/json" in request.headers.get("Accept", ""):
        twin = answer(dict(shown.answer), shown.status)
        twin.headers["Vary"] = HEADERS["Vary"]
        return twin
    values = {
        **shown.values, **request.frame.values(request), "answer": shown.answer, "title": shown.title,
        "assets": shown.assets,
    }  # fmt: skip
    body = request.services.pages.rendered(shown.template, request.exchange, values)
    return Response(body, _HTML, status=shown.status, headers=HEADERS)


def _leaving(request: Request, to: Leaving) -> Response:
    """To an address of this gateway. After a form by a page: browsers hold its redirects to `form-action`."""
    if request.method == "POST" and to.url.startswith("/login/"):
        body = request.services.pages.rendered("working", request.exchange, {"next": to.url, "seconds": 0})
        return Response(body, _HTML, headers=HEADERS)
    return Response(b"", "text/plain", status=303, headers={"Location": to.url})


def _error_page(paths: frozenset[str], error: GatewayError, request: Request) -> Response | None:
    """The page of an error, for a browser at a page or at an unknown path; None: the problem does."""
    if not takes_html(request) or isinstance(error, NotHttp) or request.route not in {*paths, "none"}:
        return None
    frame = request.frame or PageFrame("", _language(request, ""))
    values = {
        **frame.values(request), "status": error.http, "said": error.said, "retry_after": error.retry_after,
        "fault": (error.title_vi, error.title), "title": (error.title_vi, error.title), "assets": (),
    }  # fmt: skip
    headers = {**HEADERS, "X-Exchange-Id": request.exchange}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    body = request.services.pages.rendered("error", request.exchange, values)
    return Response(body, _HTML, status=error.http, headers=headers)


# ------------------------------------------------------------------------------------------------- parameters


async def _parameters(request: Request) -> dict[str, str]:
    """Of the query, or of the form of a POST, each once. Raises BadRequest. The body of a script's call is not read."""
    pairs = _query(request) if request.method != "POST" else await _form(request)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest(say.PARAMETER_TWICE)
    return found


def _query(request: Request) -> list[tuple[str, str]]:
    return _pairs(request.rel_url.raw_query_string)


async def _form(request: Request) -> list[tuple[str, str]]:
    if request.content_type != _FORM:
        return []
    limits = request.services.configuration.gateway.limits
    return _pairs((await read_bytes(request, _FORM_BYTES, limits.body_seconds)).decode("ascii", "replace"))


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise BadRequest(say.FORM_UNREADABLE) from None
