"""What every page of people goes through: its route, who may see it, its language, its JSON twin, its errors.

Promises: a page is asked for by a session of its kind, or the browser goes to sign in and comes back; a form counts
only from a page of this gateway, with the token of its session; nothing of it is kept by a cache.
"""

import contextlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from gateway.api.bodies import read_bytes
from gateway.api.browsers import is_cross_site, takes_html, visitor_of
from gateway.api.dispatcher import Endpoint, Routes
from gateway.api.problems import NotHttp
from gateway.api.refusals import record_bounded
from gateway.api.request import NOBODY, Request
from gateway.api.response import Response, answer
from gateway.api.under_way import counted
from gateway.domain import sentences as say
from gateway.domain.errors import (
    BadRequest,
    GatewayError,
    LoginsUnavailable,
    NotFound,
    Refused,
    SessionOver,
    TooMany,
    Unauthenticated,
)
from gateway.domain.exchange import Phase
from gateway.domain.login import AccountKind, Identity, LoginReason
from gateway.domain.parties import Caller, Subject
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import BothWords, Sentence, titled
from gateway.login.broker import START
from gateway.login.linking import linked, staff_note
from gateway.login.sessions import Session
from gateway.login.steps import Leaving

Language = Literal["vi", "en"]

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
#: pages of one session under way, its streams too (at most ten)
_AT_A_TIME = 20
CSRF, CSRF_HEADER = "csrf", "X-CSRF-Token"
STAY, SIGN_OUT = "/console/stay", "/console/sign-out"
#: what names a place of the body in front of a sentence
_POINTER = re.compile(r"^/[^\s:]*: ")
#: doors that ask in the name of a requester
_ASKING = frozenset({"portal", "me", "audit", "ops"})
#: statuses of faults that pass by themselves
_PASSING = frozenset({429, 500, 502, 503, 504})
#: could be a number of a person
_NUMBER = re.compile(r"[0-9]{9}")


class PageRole(StrEnum):
    """Who may see a page."""

    ANYBODY = "anybody"
    CITIZEN = "citizen"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    #: may all that an operator may
    ADMINISTRATOR = "administrator"


STAFF_ROLES = frozenset({PageRole.AUDITOR, PageRole.OPERATOR, PageRole.ADMINISTRATOR})
#: role of an account -> what it may do
_MAY: Mapping[PageRole, frozenset[PageRole]] = MappingProxyType({
    PageRole.AUDITOR: frozenset({PageRole.AUDITOR}),
    PageRole.OPERATOR: frozenset({PageRole.OPERATOR}),
    PageRole.ADMINISTRATOR: frozenset({PageRole.OPERATOR, PageRole.ADMINISTRATOR}),
})  # fmt: skip


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
    #: content security policy
    policy: str = POLICY


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

    def holds(self, role: PageRole) -> bool:
        """Whether this visit may open pages of a role."""
        if self.session is None:
            return role is PageRole.ANYBODY
        if role is PageRole.CITIZEN:
            return self.session.identity.kind is not AccountKind.STAFF
        return role is PageRole.ANYBODY or any(
            role in _MAY[PageRole(one)] for one in self.session.identity.roles
        )

    def may_try(self, role: PageRole) -> bool:
        """Whether a link to a page of a role leads somewhere: to the page, or to the sign-in that opens it.

        A citizen and an official have a session each: only the session that the page would take can lack the role.
        """
        is_same_kind = self.session is not None and (role in STAFF_ROLES) == bool(self.staff)
        return role is PageRole.ANYBODY or not is_same_kind or self.holds(role)


Handler = Callable[[Request, Visit], Awaitable[Shown | Leaving | Response | web.StreamResponse]]


def can(visit: Visit, scope: str) -> bool:
    """Whether the requester of these pages has a scope."""
    return scope in visit.caller.requester.scopes


def require_scope(visit: Visit, scope: str) -> None:
    """Raises Refused where the requester of these pages lacks a scope."""
    if not can(visit, scope):
        raise Refused(f"scope:{scope}", say.SCOPE_MISSING(scope=scope), code=RefusalReason.SCOPE_MISSING)


def with_errors(request: Request, error: GatewayError, shown: Shown, place: str = "") -> Shown:
    """The page again, with what is wrong beside its field; programs get the problem."""
    if not takes_html(request):
        raise error
    found: Any = error.members.get("errors", ())
    errors: dict[str, object] = {
        one["pointer"].rpartition("/")[2]: {"vi": one["detail_vi"], "en": one["detail"]} for one in found
    }
    if not errors:
        errors = {place or "form": _without_pointer(error.sentence) or (error.title_vi, error.title)}
    return replace(shown, status=error.http, values={**shown.values, "errors": errors})


def _without_pointer(sentence: Sentence | None) -> BothWords | None:
    """A page names its fields in words: without the JSON pointer in front."""
    if sentence is None:
        return None
    return _POINTER.sub("", sentence.vi), _POINTER.sub("", sentence.en)


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
    "docs": ("Giao diện lập trình", "API reference"),
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
    language = _language(request, "")
    frame = request.frame = PageFrame(route.door, language, pages)
    given = await _parameters(request)
    frame.language = _language(request, given.pop(LANGUAGE, ""))
    _check_open(route, request)
    token = given.pop(CSRF, "") or request.headers.get(CSRF_HEADER, "")
    session = await session_of(route, request, token)
    if session is None and (route.role is not PageRole.ANYBODY or request.method == "POST"):
        await _check_form(request, None, token)
        return _signing_in(request, route)
    with _counted(request, session):
        await _check_rate(request, session)
        return await _visited(route, request, session, token, given)


async def _visited(
    route: PageRoute, request: Request, session: Session | None, token: str, given: Mapping[str, str]
) -> Response | web.StreamResponse:
    """The page for who is here."""
    await _check_form(request, session, token)
    visit = request.frame.visit = _visit(route, request, session, given)
    if route.role is not PageRole.ANYBODY and not visit.holds(route.role):
        await _note_refused(request, session, "role")
        raise Refused("page", say.ROLE_MISSING(role=_titled(ROLES[route.role])))
    if route.step_up and not visit.is_fresh:
        return _signing_in(request, route, fresh=True)
    shown = await route.handler(request, visit)
    match shown:
        case Shown():
            return _keeping_language(request, _page(request, shown))
        case Leaving():
            return _leaving(request, shown)
        case _:
            return shown


# ------------------------------------------------------------------------------------------------------ guards


def _check_open(route: PageRoute, request: Request) -> None:
    """Raises NotFound for a door that is off: without a requester to ask for it, or without a way to sign in."""
    door, services = route.door, request.services
    if door in _ASKING and not getattr(services.configuration.gateway.pages, door):
        raise NotFound(say.DOOR_OFF(door=door))
    if route.role is PageRole.ANYBODY:
        return
    if services.sign_in is None:
        raise NotFound(services.no_sign_in or say.NO_LOGINS_FOR_PAGES)
    if route.role in STAFF_ROLES and not services.sign_in.broker.has_staff:
        raise NotFound(say.NO_STAFF_PROVIDER)


def _counted(request: Request, session: Session | None) -> contextlib.AbstractContextManager[None]:
    """One of the pages of a session that may be under way, its streams too. Raises TooMany."""
    if session is None:
        return contextlib.nullcontext()
    return counted(request.services.under_way, {f"page {session.id}": _AT_A_TIME})


async def _check_rate(request: Request, session: Session | None) -> None:
    """Raises TooMany for a session that asks for pages in a loop."""
    here = request.services.sign_in
    if session is None or here is None or here.page_rate.limit is None:
        return
    if wait := await here.page_rate.seconds_above(session.id):
        limit = here.page_rate.limit
        sentence = say.PAGES_AT_MOST(most=limit.most, seconds=limit.seconds, wait=wait)
        raise TooMany(sentence, retry_after=wait)


async def _check_form(request: Request, session: Session | None, token: str) -> None:
    """Raises Refused for a form, or a call of a script, that no page of this gateway sent; recorded."""
    if request.method != "POST":
        return
    if is_cross_site(request):
        await _note_refused(request, session, "cross_site")
        raise Refused("form", say.FORM_OF_OTHER_SITE)
    if session is not None and not _is_token(token, session):
        await _note_refused(request, session, "csrf")
        raise Refused("form", say.FORM_NOT_OURS, code=RefusalReason.OTHER_SESSION)


async def _note_refused(request: Request, session: Session | None, detail: str) -> None:
    """Record, within bounds, a form that no page of this gateway sent, or who asked for a page without its role."""
    reason = LoginReason.NO_ROLE if detail == "role" else LoginReason.FORGED
    notes = {"reason": reason.value, "detail": detail, "route": request.route}
    if session is not None:
        notes |= {"provider": session.identity.provider, **staff_note(session.identity)}
    await record_bounded(request, Phase.LOGIN, "login_refused", **notes)
    request.services.recorder.metrics.login("login_refused", reason.value)


def _visit(route: PageRoute, request: Request, session: Session | None, given: Mapping[str, str]) -> Visit:
    now = request.services.clock.now().timestamp()
    who = None if session is None else session.identity
    staff = who.account if who is not None and who.kind is AccountKind.STAFF else ""
    return Visit(
        session=session, role=_role(route, who), staff=staff, language=request.frame.language,
        csrf="" if session is None else session.csrf, caller=_caller(route, request, staff), form=given,
        is_fresh=session is not None and now - max(session.identity.at, session.anew) <= FRESH_SECONDS,
    )  # fmt: skip


def _role(route: PageRoute, who: Identity | None) -> PageRole:
    """The role in which somebody is here: of several, the one that the page wants."""
    if who is None:
        return PageRole.ANYBODY
    if who.kind is not AccountKind.STAFF:
        return PageRole.CITIZEN
    held = [PageRole(one) for one in who.roles]
    fitting = [one for one in held if route.role in _MAY[one]]
    return (fitting or held)[0]


def _caller(route: PageRoute, request: Request, staff: str) -> Caller:
    """In whose name a door asks: the requester that `pages` of gateway.yaml names."""
    services = request.services
    name = getattr(services.configuration.gateway.pages, route.door) if route.door in _ASKING else ""
    known = services.requesters.named(name) if name else None
    if known is None:
        return Caller(requester=NOBODY, agency="", exchange=request.exchange, staff=staff)
    request.requester = known.requester
    return Caller(requester=known.requester, agency=known.agency, exchange=request.exchange, staff=staff)


# --------------------------------------------------------------------------------------------------- sessions


async def session_of(route: PageRoute, request: Request, token: str) -> Session | None:
    """Of the kind that the route wants; a page for anybody takes a citizen's, else an official's.

    Of two in one browser, a form counts for the one whose token it has.
    """
    here, visitor = request.services.sign_in, visitor_of(request)
    if here is None:
        return None
    sessions = here.broker.sessions
    if route.role in STAFF_ROLES:
        return await sessions.of_staff(visitor.staff)
    if route.role is PageRole.CITIZEN:
        return await sessions.of(visitor.session)
    try:
        found = [await sessions.of(visitor.session), await sessions.of_staff(visitor.staff)]
    except LoginsUnavailable:
        if request.method == "POST":
            raise
        return None
    living = [one for one in found if one is not None]
    fitting = [one for one in living if _is_token(token, one)]
    return next(iter(fitting or living), None)


def _is_token(token: str, session: Session) -> bool:
    """Whether the forms of a session have this token. A header can have bytes that are no text."""
    return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), session.csrf.encode())


def _signing_in(request: Request, route: PageRoute, *, fresh: bool = False) -> Response:
    """To the sign-in of the route's kind, and back to this page; from a form, back to the page that has it.

    A program gets a problem. Raises Unauthenticated.
    """
    if wants_json(request):
        raise Unauthenticated(say.SIGN_IN_ANEW) if fresh else SessionOver(say.SIGN_IN_ELSEWHERE)
    return _leaving(request, Leaving(url=sign_in_url(request, route, fresh=fresh)))


def sign_in_url(request: Request, route: PageRoute, *, fresh: bool = False) -> str:
    """Where to sign in for a page, and come back to it."""
    words = {"to": _own_address(request)}
    if route.role in STAFF_ROLES:
        words["staff"] = "1"
    if fresh:
        words["fresh"] = "1"
    return f"{START}?{urlencode(words)}"


def _own_address(request: Request) -> str:
    """The page that is asked for, with its query where no number of a person can be in it; of a form, its page."""
    path, query = _own_path(request), request.rel_url.raw_query_string
    if request.method == "POST":
        pages = {one.path for one in request.frame.pages if one.method == "GET"}
        parts = request.route.split("/")
        depth = len(parts)
        while depth > 1 and "/".join(parts[:depth]) not in pages:
            depth -= 1
        return "/".join(path.split("/")[:depth]) or "/"
    return f"{path}?{query}" if query and not _NUMBER.search(query) else path


def _own_path(request: Request) -> str:
    """The path that is asked for, for a link; `/` where a browser would read it as the name of another host."""
    path = request.rel_url.raw_path
    return "/" if path[1:2] in {"/", "\\"} else path


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
    """What the frame of a page shows, that of an error too."""

    door: str
    language: Language
    pages: Sequence[PageRoute] = ()
    visit: Visit | None = None

    def values(self, request: Request) -> dict[str, object]:
        """Of the template `frame.html`."""
        visit = self.visit
        other = "en" if self.language == "vi" else "vi"
        query = [(name, value) for name, value in _readable(request) if name != LANGUAGE]
        return {
            LANGUAGE: self.language,
            "room": ROOMS.get(self.door, ROOMS[""]),
            "room_url": f"/{self.door}"
            if self.door in {"me", "audit", "ops", "portal", "manual", "docs"}
            else "/",
            "nav": [
                {"url": one.path, "title": _words(one.nav), "is_here": one.path == request.route}
                for one in self._entries(request.route)
            ],
            "language_url": f"{_own_path(request)}?{urlencode([*query, (LANGUAGE, other)])}",
            "csrf": visit.csrf if visit is not None else "",
            "account": _account(visit),
            "role": ROLES[visit.role] if visit is not None and visit.role is not PageRole.ANYBODY else None,
            "is_staff": visit is not None and visit.staff != "",
            **self._session(request),
        }

    def _entries(self, route: str) -> list[PageRoute]:
        """The pages of the nav: those of the door that the account may open, else all that it may open elsewhere.

        Those of the kit, whose door has the routes of all sessions too, are for its own pages alone.
        """
        entries = [
            one for one in self.pages if one.nav and (self.visit is None or self.visit.may_try(one.role))
        ]
        own = [one for one in entries if one.door == self.door]
        if self.door == "console" and route not in {one.path for one in own}:
            own = []
        return own or [
            one for one in entries if one.role in STAFF_ROLES and self.visit is not None and self.visit.staff
        ]

    def _session(self, request: Request) -> dict[str, object]:
        """When the session ends, and where one signs in or out."""
        visit, here = self.visit, request.services.sign_in
        if visit is None or visit.session is None or here is None:
            return {}
        return {
            "sign_out_url": SIGN_OUT, "stay_url": STAY, "ends": int(here.broker.sessions.ends(visit.session)),
            "here": _own_address(request),
        }  # fmt: skip


def _account(visit: Visit | None) -> str:
    """Who is signed in, by name; an official with the account, which records name."""
    if visit is None or visit.session is None:
        return ""
    who = visit.session.identity
    name = who.full_name or who.organisation
    return f"{name} ({visit.staff})" if name and visit.staff else name or visit.staff


def _titled(both: BothWords) -> Sentence:
    return titled(*both)


def _words(both: str) -> BothWords:
    vi, _, en = both.partition(" · ")
    return vi, en or vi


def wants_json(request: Request) -> bool:
    """Whether a program, or a script of a page, asks for the twin."""
    return not takes_html(request) and "application/json" in request.headers.get("Accept", "")


def _page(request: Request, shown: Shown) -> Response:
    if wants_json(request):
        twin = answer(dict(shown.answer), shown.status)
        twin.headers["Vary"] = HEADERS["Vary"]
        return twin
    values = {
        **shown.values, **request.frame.values(request), "answer": shown.answer, "title": shown.title,
        "assets": shown.assets,
    }  # fmt: skip
    body = request.services.pages.rendered(shown.template, request.exchange, values)
    headers = {**HEADERS, "Content-Security-Policy": shown.policy}
    return Response(body, _HTML, status=shown.status, headers=headers)


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
        **frame.values(request), "status": error.http, "said": _without_pointer(error.sentence),
        "retry_after": error.retry_after,
        "fault": (error.title_vi, error.title), "title": (error.title_vi, error.title), "assets": (),
        "code": error.problem_code.value, "seen_url": error.members.get("url", ""),
    }  # fmt: skip
    if request.frame is not None:
        values |= _ways_on(request, error)
    headers = {**HEADERS, "X-Exchange-Id": request.exchange}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    body = request.services.pages.rendered("error", request.exchange, values)
    return Response(body, _HTML, status=error.http, headers=headers)


def _ways_on(request: Request, error: GatewayError) -> dict[str, object]:
    """What the page of an error leads to: the page of a form, or the same page once more where that can help."""
    if request.method == "POST":
        return {"back_url": _own_address(request)}
    return {"retry_url": _own_address(request)} if error.http in _PASSING else {}


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


def _readable(request: Request) -> list[tuple[str, str]]:
    """The parameters of the query for a link; none where it cannot be read, which the page of the error says."""
    try:
        return _query(request)
    except BadRequest:
        return []


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
