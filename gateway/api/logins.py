"""Logins at the door: browsers come and go by redirects, forms and pages (`gateway/console`), cookies in hand.

Cookies: `__Host-`, Secure, HttpOnly, SameSite=Lax (RFC 6265bis); plain names where this gateway's own address is plain
http, which production refuses. A form that changes something counts only from a page of this gateway.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from gateway.api.bodies import read_bytes
from gateway.api.browsers import is_cross_site, is_of_own_page, origin_of, outcome_cookies, visitor_of
from gateway.api.context import SignIn
from gateway.api.dispatcher import Endpoint, Routes
from gateway.api.refusals import record_bounded
from gateway.api.request import Request
from gateway.api.response import GZIPPED, Response, takes_gzip
from gateway.console.pages import ASSETS
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, GatewayError, NotFound
from gateway.domain.exchange import Phase
from gateway.domain.login import LoginReason
from gateway.login.broker import AGAIN, ANSWERS, CALLBACK, SESSIONS, START
from gateway.login.choices import CONSENT, MANDATE
from gateway.login.logout import SIGNED_OUT
from gateway.login.steps import BrowserOutcome, Leaving, LoginPage, NextStep, PageKind, Visitor, problem_page
from gateway.login.wanted import AuthorizationAnswer
from gateway.ports.identity import LoginFailed
from gateway.telemetry import log

LOGOUT, CONFIRM = "/oauth2/logout", "/login/logout"
#: anybody's browser can be sent here; each may store or record something
_COUNTED = frozenset({START, AGAIN, f"{CALLBACK}/{{provider}}", "/oauth2/authorize"})
#: forms, each of which may be recorded
_FORMS = frozenset({MANDATE, CONSENT, SESSIONS, CONFIRM})
_HTML = "text/html; charset=utf-8"
_FORM_BYTES, _MOST_PARAMETERS = 16_384, 40
_YEAR = "public, max-age=31536000, immutable"

#: what a page does with what a browser brings
_BrowserStep = Callable[[Request, SignIn, Visitor, Mapping[str, str]], Awaitable[BrowserOutcome]]


def add_login_pages(routes: Routes) -> None:
    """Add the paths of browsers. HEAD is not among them: a look ahead must not finish a login."""
    for path, step in {
        START: _start, AGAIN: _again, f"{CALLBACK}/{{provider}}": _callback, LOGOUT: _sign_out,
        SIGNED_OUT: _signed_out,
    }.items():  # fmt: skip
        routes.add(("GET", "POST"), Endpoint(path, _stepping(step)))
    for path, shown, sent in (
        (MANDATE, _mandate, _act_for), (CONSENT, _consent, _agree),
        (SESSIONS, _sessions, _end_session), (CONFIRM, _sign_out, _confirm_sign_out),
    ):  # fmt: skip
        routes.add(("GET",), Endpoint(path, _stepping(shown)))
        routes.add(("POST",), Endpoint(path, _stepping(_ours(sent))))
    routes.add(("POST",), Endpoint("/login/backchannel-logout/{provider}", back_channel))
    routes.add(("GET",), Endpoint("/login/frontchannel-logout/{provider}", front_channel))
    routes.add(("GET", "HEAD"), Endpoint(f"{ASSETS}{{name}}", asset))


async def resume(request: Request, authorization: str) -> Response:
    """Go on with a system's authorization request; called by the authorization endpoint."""

    async def step(
        _request: Request, here: SignIn, visitor: Visitor, _given: Mapping[str, str]
    ) -> BrowserOutcome:
        return await here.broker.resume(visitor, authorization)

    return await _answered(request, _sign_in(request), step, {})


def shown_problem(
    request: Request, reason: LoginReason, requester: str = "", again: str = ""
) -> Response | None:
    """The page of a problem before a login; None where there are no pages, or the caller takes none.

    Its button leads to `again`, else to where logins begin at the system (requester id).
    """
    here = request.services.sign_in
    if here is None or "text/html" not in request.headers.get("Accept", ""):
        return None
    return _shown(request, problem_page(reason, again or here.broker.entrance(requester, request.issuer)))


def posted_form(request: Request, answer: AuthorizationAnswer) -> Response:
    """A form that goes on by itself (`form_post`); no `form-action`: browsers hold redirects of the system to it."""
    values = {"action": answer.url, "fields": answer.fields}
    return _page(request, "post", values, policy=_policy(forms=""))


async def back_channel(request: Request) -> Response:
    """`POST /login/backchannel-logout/{provider}` (Back-Channel Logout 1.0, 2.5 and 2.8)."""
    here = _sign_in(request)
    form = await _parameters(request)
    try:
        await here.sign_out.back_channel(
            request.parameters["provider"], form.get("logout_token", ""), visitor_of(request)
        )
    except LoginFailed as error:
        await _refused(request, error.reason, error.detail)
        return Response(orjson.dumps({"error": "invalid_request"}), status=400)
    return Response(b"", "text/plain")


async def front_channel(request: Request) -> Response:
    """`GET /login/frontchannel-logout/{provider}`: a frame in a page of the provider, which alone may show it."""
    here = _sign_in(request)
    provider = request.parameters["provider"]
    done = await here.sign_out.front_channel(provider, await _parameters(request), visitor_of(request))
    if not done:
        await _refused(request, LoginReason.FORGED, "frame")
    settings = request.services.configuration.identity_providers.get(provider)
    frame = origin_of(settings.issuer) if settings is not None and done else "'none'"
    policy = f"default-src 'none'; frame-ancestors {frame}"
    return Response(
        b"", "text/plain", status=200 if done else 400, headers={"Content-Security-Policy": policy}
    )


async def _refused(request: Request, reason: LoginReason, detail: str) -> None:
    """Record, within bounds, what a provider did not say."""
    request.problem = reason
    provider = request.parameters["provider"]
    known = {"provider": provider} if provider in request.services.configuration.identity_providers else {}
    await record_bounded(request, Phase.LOGIN, "login_refused", reason=reason.value, detail=detail, **known)
    request.services.recorder.metrics.login("login_refused", reason.value)


async def asset(request: Request) -> Response:
    """A file that pages use; its name changes with its content."""
    pages, name = request.services.pages, request.parameters["name"]
    found = pages.assets.get(name)
    if found is None:
        raise NotFound
    if takes_gzip(request) and found.may_shrink:
        squeezed = await asyncio.to_thread(pages.squeezed, name)
        return Response(squeezed, found.content_type, headers={"Cache-Control": _YEAR, **GZIPPED})
    return Response(
        found.content, found.content_type, headers={"Cache-Control": _YEAR, "Vary": "Accept-Encoding"}
    )


# ------------------------------------------------------------------------------------------------------- steps


async def _start(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.broker.start(visitor, given)


async def _again(
    request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    if is_cross_site(request):
        # a link of another site, whose author knows the proof: the login counts by its cookie only
        given = {name: value for name, value in given.items() if name != "proof"}
    return await here.broker.again(visitor, given)


async def _callback(
    request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    provider = request.parameters["provider"]
    answer = {name: given[name] for name in ANSWERS if name in given}
    if given.get("proof") and not is_of_own_page(request):
        return await here.broker.proof_refused(visitor, provider, answer)
    if request.method == "POST" and not (visitor.browser or given.get("proof")):
        # a form of the provider's page brings no SameSite cookie, a redirect does
        return BrowserOutcome(step=Leaving(url=f"{CALLBACK}/{provider}?{urlencode(answer)}"))
    return await here.broker.callback(visitor, provider, answer, given.get("proof", ""))


async def _sign_out(
    request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    if request.method == "POST" and not visitor.session and "again" not in given:
        # as above: our own form brings the cookie, and no ID token comes into an address
        return BrowserOutcome(step=AuthorizationAnswer(url=LOGOUT, fields={**given, "again": "1"}))
    return await here.sign_out.ask(visitor, given)


async def _signed_out(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.sign_out.returned(visitor, given)


async def _confirm_sign_out(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.sign_out.confirm(visitor, given)


async def _sessions(
    _request: Request, here: SignIn, visitor: Visitor, _given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.sign_out.listed(visitor)


async def _end_session(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.sign_out.end_one(visitor, given)


async def _act_for(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.broker.choices.act_for(visitor, given)


async def _mandate(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.broker.choices.mandate(visitor, given.get("at", ""), given.get("to", ""))


async def _consent(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.broker.choices.consent(visitor, given.get("at", ""), given.get("to", ""))


async def _agree(
    _request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
) -> BrowserOutcome:
    return await here.broker.choices.agree(visitor, given)


def _ours(step: _BrowserStep) -> _BrowserStep:
    """The step, for forms of this gateway's own pages only."""

    async def checked(
        request: Request, here: SignIn, visitor: Visitor, given: Mapping[str, str]
    ) -> BrowserOutcome:
        if is_cross_site(request):
            await here.sign_out.form_refused(visitor, "cross_site")
            return BrowserOutcome(step=problem_page(LoginReason.FORGED, SESSIONS))
        return await step(request, here, visitor, given)

    return checked


# ----------------------------------------------------------------------------------------------- bytes and HTTP


def _stepping(step: _BrowserStep) -> Callable[[Request], Awaitable[Response]]:
    async def handler(request: Request) -> Response:
        here = _sign_in(request)
        try:
            given = await _parameters(request)
        except BadRequest as error:
            request.problem = error.problem_code
            return _shown(request, problem_page(LoginReason.UNKNOWN_STATE, START))
        return await _answered(request, here, step, given)

    return handler


async def _answered(request: Request, here: SignIn, step: _BrowserStep, given: Mapping[str, str]) -> Response:
    """The response to a step; when it cannot be done now, a page that leads back to it."""
    is_counted = request.route in (_COUNTED | _FORMS if request.method == "POST" else _COUNTED)
    if is_counted and (wait := await here.floods.is_above(request.client_address)):
        request.services.recorder.metrics.login("login_throttled")
        page = problem_page(LoginReason.UNAVAILABLE, here.broker.way_back(given))
        response = _shown(request, replace(page, status=429))
        response.headers["Retry-After"] = str(wait)
        return response
    try:
        request.services.demand()
        outcome = await step(request, here, visitor_of(request), given)
    except GatewayError as error:
        log().warning("login.failed", exchange_id=request.exchange, code=error.problem_code)
        request.problem = error.problem_code
        return _shown(request, problem_page(LoginReason.UNAVAILABLE, here.broker.way_back(given)))
    return stepped(request, outcome)


def stepped(request: Request, outcome: BrowserOutcome) -> Response:
    """The next step of a browser, with its cookies."""
    response = _response(request, outcome)
    response.cookies = outcome_cookies(request, outcome)
    return response


def _response(request: Request, outcome: BrowserOutcome) -> Response:
    step = outcome.step
    match step:
        case LoginPage():
            return _shown(request, step, outcome)
        case AuthorizationAnswer() if step.fields:
            return posted_form(request, step)
        case _:
            return _gone(request, step)


def _gone(request: Request, step: NextStep) -> Response:
    """To another address: by redirect; after a form by a page, as browsers hold its redirects to `form-action`."""
    assert not isinstance(step, LoginPage)
    if request.method == "POST" and urlsplit(step.url).netloc:
        return _page(request, "working", {"next": step.url, "seconds": 0})
    return Response(b"", "text/plain", status=303, headers={"Location": step.url})


def _shown(request: Request, page: LoginPage, outcome: BrowserOutcome | None = None) -> Response:
    values = dict(page.values)
    if "reason" in values:
        request.problem = str(values["reason"])
    if page.kind is PageKind.PROOF:
        values["action"] = request.path
    if outcome is not None and outcome.who is not None:
        values["who"] = outcome.who.identity
    return _page(request, page.kind, values, page.status, _policy(frames=page.frames))


def _page(
    request: Request, template: str, values: Mapping[str, object], status: int = 200, policy: str = "",
) -> Response:  # fmt: skip
    # not `no-referrer`: browsers would send `Origin: null` with our own forms
    headers = {
        "Content-Security-Policy": policy or _policy(), "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    }  # fmt: skip
    return Response(
        request.services.pages.rendered(template, request.exchange, values),
        _HTML,
        status=status,
        headers=headers,
    )


def _policy(*, forms: str = "; form-action 'self'", frames: tuple[str, ...] = ()) -> str:
    framed = f"; frame-src {' '.join(frames)}" if frames else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
        f"{forms}{framed}"
    )


def _sign_in(request: Request) -> SignIn:
    found = request.services.sign_in
    if found is None:
        raise NotFound(request.services.no_sign_in or say.NO_LOGINS)
    return found


async def _parameters(request: Request) -> dict[str, str]:
    """The parameters of the query, or of the form of a POST; one that comes twice counts as left out. BadRequest."""
    if request.method == "POST":
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadRequest(say.SEND_FORM)
        limits = request.services.configuration.gateway.limits
        raw = (await read_bytes(request, _FORM_BYTES, limits.body_seconds)).decode("ascii", "replace")
    else:
        raw = request.rel_url.raw_query_string
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise BadRequest(say.FORM_UNREADABLE) from None
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
