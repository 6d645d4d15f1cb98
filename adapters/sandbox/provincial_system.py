"""A sample provincial system, `/provincial_system`: it logs people in by the gateway, as any OpenID client does.

Promises: a form opens for who signed in, filled by the `login` handle; no number of a person is in an address; one
who signs out here, at the gateway or at the provider is signed out here. All in memory; its secret is published.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from adapters.sandbox.loopback import is_on_loopback
from adapters.sandbox.portal_control import refusing
from adapters.sandbox.provincial_client import (
    BegunLogin,
    NotSignedIn,
    ProvincialClient,
    SignedInPerson,
    begin,
)
from adapters.sandbox.sandbox_pages import SandboxPages
from gateway.config.gateway import Label

SOURCE = "provincial_system"
_PREFIX = f"/{SOURCE}"
_TITLE = Label(vi="Hệ thống một cửa mẫu", en="Sample provincial system")
#: ports of one machine share cookies
_COOKIE, _BINDING = "sandbox-province", "sandbox-province-login"
_LOGIN_SECONDS, _SESSION_SECONDS = 1_800, 1_500
_MOST_KEPT = 10_000
_GATEWAY = "http://127.0.0.1:8080"
_CLIENT, _SECRET = "provincial_system", "sandbox-only-provincial-system"

_MYSELF = {"same_as": "requester"}
#: forms that one person can open: procedure -> its other roles, which are the same person (a newborn has no number);
#: under a mandate who signed in stays the requester, and that role is of the represented
_FORMS: Mapping[str, Mapping[str, dict[str, str]]] = {
    "1.004873": {"person": _MYSELF},
    "1.001193": {"mother": _MYSELF, "child": {}},
    "1.004222": {},
    "1.014027": {},
    "1.002809": {},
    "9.000001": {},
    "2.000720": {"owner": _MYSELF},
    # a sample: another system asks for the parcel first
    "1.013225": {"parcel": {"commune": "11953", "sheet": "12", "number": "345"}},
}
#: what the sample itself puts into a form
_SAMPLES: Mapping[str, Label] = {
    "1.013225": Label(
        vi="Thửa đất số 345, tờ bản đồ 12 là dữ liệu mẫu, giống nhau với mọi người đăng nhập",
        en="Parcel 345 on map sheet 12 is sample data, the same for all who sign in",
    )
}
#: of these, the forms that an organisation can open too: its account fills the role that signs in
_FOR_ORGANISATIONS = frozenset({"1.013225"})

#: of a field without a value, and of a paper
_STATES: Mapping[str, Label] = {
    "filled": Label(vi="đã điền", en="filled"),
    "empty": Label(vi="ông/bà điền", en="to fill in"),
    "not_applicable": Label(vi="không áp dụng", en="not applicable"),
    "not_found": Label(vi="không có dữ liệu", en="no data"),
    "unavailable": Label(vi="không trả lời được", en="no answer"),
    "withheld": Label(vi="không được cung cấp", en="withheld"),
    "disputed": Label(vi="ông/bà chọn", en="to choose"),
    "kept": Label(vi="ông/bà đã điền", en="filled in already"),
    "replaced": Label(vi="không phải nộp, dữ liệu thay thế", en="not needed: data replaces it"),
    "reusable": Label(vi="không phải nộp, đã có trong kho", en="not needed: the store has it"),
    "required": Label(vi="phải nộp", en="needed"),
    "digital_only": Label(vi="nộp bản điện tử", en="needed in digital form"),
}

#: as `mappings/representations` of the gateway
_MANDATES: Mapping[str, Label] = {
    "parent": Label(vi="ông/bà là cha, mẹ", en="as a parent"),
    "guardian": Label(vi="ông/bà là người giám hộ", en="as a guardian"),
    "legal_representative": Label(
        vi="ông/bà là người đại diện theo pháp luật", en="as the legal representative"
    ),
    "authorised": Label(vi="ông/bà là người được ủy quyền", en="as an authorised person"),
}

#: the other forms are those of people: an organisation has no number that they could be filled by
_FOR_PEOPLE = Label(
    vi="Biểu mẫu này dành cho cá nhân; ở đây không có số định danh cá nhân",
    en="This form is for people; here is no personal id",
)
#: of a form that was not filled, by the gateway's code
_NOT_FILLED: Mapping[str, Label] = {
    "login_not_proven": Label(
        vi="Phiên đăng nhập đã kết thúc. Ông/bà đăng nhập lại; biểu mẫu này sẽ mở tiếp",
        en="The login has ended. Sign in again; this form opens afterwards",
    )
}

#: of a login that failed
_FAULTS: Mapping[str, Label] = {
    "access_denied": Label(vi="Đã hủy đăng nhập.", en="The login was cancelled."),
    "binding": Label(
        vi="Lượt đăng nhập này không bắt đầu ở trình duyệt này, hoặc đã hết hạn.",
        en="This login was not begun in this browser, or has expired.",
    ),
    "gateway_unreachable": Label(vi="Cổng kết nối chưa phản hồi.", en="The gateway does not answer."),
}
_OTHER_FAULT = Label(vi="Chưa đăng nhập được.", en="The login did not succeed.")


class _GatewayOrder(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str


@dataclass(frozen=True, slots=True)
class _SystemVisit:
    """A person who is signed in here."""

    person: SignedInPerson
    procedure: str
    agency: str
    until: float


class ProvincialSystem:
    """The system: its logins under way and its sessions."""

    def __init__(self, pages: SandboxPages, count: Callable[[str, str], None]) -> None:
        """`count`: one more call of a source's operation."""
        self.client = ProvincialClient(_GATEWAY, _CLIENT, _SECRET)
        self._pages, self._count = pages, count
        self._begun: dict[str, tuple[str, BegunLogin]] = {}
        self._visits: dict[str, _SystemVisit] = {}

    def introduce(self, gateway: str) -> None:
        """Use the gateway at this address. Raises ValueError for one that is not on this machine."""
        if not is_on_loopback(gateway):
            raise ValueError("the gateway of the sample is on this machine only")
        self.client.gateway = gateway.rstrip("/")

    def forget_all(self) -> None:
        """Nobody is signed in."""
        self._begun.clear()
        self._visits.clear()

    def add_to(self, app: web.Application) -> None:
        """Add the routes to the application."""
        add = app.router.add_route
        for method, path, handler in (
            ("GET", "/", self._start),
            ("GET", "/login", self._login),
            ("GET", "/callback", self._callback),
            ("GET", "/form/{procedure}", self._form),
            ("POST", "/logout", self._logout),
            ("GET", "/bye", self._bye),
            ("POST", "/backchannel_logout", self._back_channel),
            ("GET", "/frontchannel_logout", self._front_channel),
        ):
            add(method, f"{_PREFIX}{path}", self._guarded(handler))
        app.router.add_post("/__sandbox/provincial_system/gateway", refusing(self._introduced))
        app.on_shutdown.append(self._close)

    def _guarded(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:  # noqa: ANN401 -- aiohttp's own type is private
        async def serve(request: web.Request) -> web.StreamResponse:
            self._count(SOURCE, handler.__name__.strip("_"))
            try:
                return await handler(request)
            except NotSignedIn as fault:
                return self._fault(request, fault)

        return serve

    async def _close(self, _app: web.Application) -> None:
        await self.client.close()

    async def _introduced(self, request: web.Request) -> web.StreamResponse:
        self.introduce(_GatewayOrder.model_validate(await request.json()).address)
        return web.json_response({"gateway": self.client.gateway})

    # ---- pages

    async def _start(self, request: web.Request) -> web.StreamResponse:
        """The procedures, and who is signed in."""
        listed = [one for one in await self.client.procedures() if one["code"] in _FORMS]
        return self._page("province_start.html", request, procedures=listed)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        """A login begins, here or at a deep link of a portal (OpenID Connect Core 1.0, 4)."""
        issuer = request.query.get("iss", self.client.gateway)
        if issuer != self.client.gateway:
            raise NotSignedIn("issuer")
        procedure, agency = (request.query.get(name, "") for name in ("procedure", "agency"))
        state, login = begin(procedure if procedure in _FORMS else "", agency)
        given = {"procedure": procedure, "agency": agency, "prompt": request.query.get("prompt", "")}
        more = {name: value for name, value in given.items() if value}
        address = await self.client.begun(login, state, self._address(request, "/callback"), more)
        binding = request.cookies.get(_BINDING) or secrets.token_urlsafe(32)
        _keep(self._begun, state, (binding, login))
        response = _seen(address)
        _bake(response, _BINDING, binding)
        return response

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        """The browser comes back with a code; afterwards it is at the form."""
        query = request.query
        begun = self._begun.pop(query.get("state", ""), None)
        visit = self._visit(request)
        if begun is None and visit is not None:
            return _seen(self._place(visit))
        if begun is None or begun[0] != request.cookies.get(_BINDING):
            raise NotSignedIn("binding")
        if query.get("iss") != self.client.gateway:
            raise NotSignedIn("issuer")
        login = begun[1]
        try:
            person = await self._person(request, login)
        except NotSignedIn as fault:
            raise NotSignedIn(fault.code, fault.status, login.procedure) from None
        visit = _SystemVisit(person, login.procedure, login.agency, time.time() + _SESSION_SECONDS)
        name = secrets.token_urlsafe(32)
        _keep(self._visits, name, visit)
        self._visits.pop(request.cookies.get(_COOKIE, ""), None)
        response = _seen(self._place(visit))
        _bake(response, _COOKIE, name)
        return response

    async def _person(self, request: web.Request, login: BegunLogin) -> SignedInPerson:
        """Whose code came back. Raises NotSignedIn."""
        query = request.query
        if time.time() - login.made_at > _LOGIN_SECONDS:
            raise NotSignedIn("binding")
        if "error" in query or "code" not in query:
            raise NotSignedIn(query.get("error", "no_code"))
        return await self.client.finished(login, query["code"], self._address(request, "/callback"))

    async def _form(self, request: web.Request) -> web.StreamResponse:
        """The form of a procedure, filled for who is signed in."""
        procedure, visit = request.match_info["procedure"], self._visit(request)
        roles = _FORMS.get(procedure)
        if roles is None:
            return _seen(f"{_PREFIX}/")
        if visit is None:
            return _seen(f"{_PREFIX}/login?procedure={procedure}")
        schema, sample = await self.client.form(procedure), _SAMPLES.get(procedure)
        if not visit.person.can_open(of_organisations=procedure in _FOR_ORGANISATIONS):
            return self._page(
                "province_form.html", request, procedure=procedure, schema=schema, rows=[], states=_STATES,
                problem=_FOR_PEOPLE, papers=[], exchange="", sample=sample,
            )  # fmt: skip
        people = _people(roles, visit.person)
        status, answer = await self.client.prefilled(procedure, people, visit.person.login)
        is_filled = status == 200
        rows = _rows(schema, answer, await self.client.sources()) if is_filled else []
        return self._page(
            "province_form.html", request, procedure=procedure, schema=schema, rows=rows, states=_STATES,
            problem=None if is_filled else _not_filled(answer), papers=answer.get("papers", ()),
            exchange=answer.get("exchange_id", ""), sample=sample,
            represented=_represented(answer, people) if is_filled and visit.person.mandate else "",
        )  # fmt: skip

    async def _bye(self, request: web.Request) -> web.StreamResponse:
        return self._page("province_bye.html", request)

    # ---- signing out

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        """Here, then at the gateway."""
        visit = self._visits.pop(request.cookies.get(_COOKIE, ""), None)
        to = ""
        if visit is not None:
            back = self._address(request, "/bye")
            to = await self.client.logout_address(visit.person.id_token, back, secrets.token_urlsafe(16))
        response = _seen(to or f"{_PREFIX}/bye")
        response.del_cookie(_COOKIE, path=_PREFIX)
        return response

    async def _back_channel(self, request: web.Request) -> web.StreamResponse:
        token = (await request.post()).get("logout_token")
        headers = {"Cache-Control": "no-store"}
        try:
            subject, sid = await self.client.logged_out(str(token))
        except NotSignedIn as fault:
            return web.json_response(
                {"error": "invalid_request", "error_description": fault.code}, status=400
            )
        self._end(lambda one: one.sid == sid if sid else one.subject == subject)
        return web.Response(headers=headers)

    async def _front_channel(self, request: web.Request) -> web.StreamResponse:
        """In a frame of the gateway's page."""
        if request.query.get("iss") == self.client.gateway and (sid := request.query.get("sid")):
            self._end(lambda one: one.sid == sid)
        return self._page("province_bye.html", request, framed=True)

    def _end(self, is_meant: Callable[[SignedInPerson], bool]) -> None:
        for name in [key for key, visit in self._visits.items() if is_meant(visit.person)]:
            del self._visits[name]

    # ---- what pages share

    def _visit(self, request: web.Request) -> _SystemVisit | None:
        visit = self._visits.get(request.cookies.get(_COOKIE, ""))
        return visit if visit is not None and visit.until > time.time() else None

    def _place(self, visit: _SystemVisit) -> str:
        return f"{_PREFIX}/form/{visit.procedure}" if visit.procedure else f"{_PREFIX}/"

    def _address(self, request: web.Request, path: str) -> str:
        return f"{request.scheme}://{request.host}{_PREFIX}{path}"

    def _page(self, template: str, request: web.Request, **words: Any) -> web.Response:  # noqa: ANN401 -- words of a template
        visit = self._visit(request)
        return self._pages.rendered(
            template,
            room="province",
            title=_TITLE,
            prefix=_PREFIX,
            person=visit.person if visit else None,
            mandates=_MANDATES,
            **{"represented": "", **words},
        )

    def _fault(self, request: web.Request, fault: NotSignedIn) -> web.Response:
        said = _FAULTS.get(fault.code, _OTHER_FAULT)
        again = f"{_PREFIX}/login" + (f"?procedure={fault.procedure}" if fault.procedure else "")
        return self._page(
            "province_fault.html", request, status=fault.status, said=said, code=fault.code, again=again
        )


def _people(roles: Mapping[str, dict[str, str]], person: SignedInPerson) -> dict[str, Any]:
    """Who takes part, beside what the gateway reads from the login: words of `POST /v1/prefill`."""
    about = next((role for role, one in roles.items() if one == _MYSELF), None)
    if not person.mandate or about is None:
        return {"subjects": dict(roles)}
    others = {role: one for role, one in roles.items() if role != about}
    return {"subjects": others, "representative": {"kind": person.mandate["kind"], "of": about}}


def _represented(answer: Mapping[str, Any], people: Mapping[str, Any]) -> str:
    """The name of the represented, in the spelling of the register; blank where the form has none."""
    role = people.get("representative", {}).get("of")
    for field in answer["fields"].values():
        evidence = answer["evidence"].get(field.get("evidence") or "", {})
        if field.get("attribute") == "person.full_name" and role in {None, evidence.get("subject")}:
            return _shown(field.get("value"))
    return ""


def _not_filled(answer: Mapping[str, Any]) -> Label:
    """Why, for the person: without places of the request's body."""
    words = _NOT_FILLED.get(str(answer.get("code")))
    return words or Label(vi=str(answer.get("title_vi", "")), en=str(answer.get("title", "")))


def _rows(
    schema: Mapping[str, Any], answer: Mapping[str, Any], sources: Mapping[str, str]
) -> list[dict[str, str]]:
    """Field, value, state and source, in the form's order. `sources`: titles."""
    found = []
    for name, member in sorted(schema["properties"].items(), key=lambda one: one[1].get("x-order", 0)):
        field = answer["fields"].get(name)
        if field is not None:
            evidence = answer["evidence"].get(field.get("evidence") or "", {})
            login, source = evidence.get("login", {}), evidence.get("source", "")
            is_proven = field.get("attribute") in login.get("attributes", ())
            found.append(
                {
                    "title": member.get("title", name), "state": field["state"], "value": _shown(field.get("value")),
                    "source": login["title"] if is_proven else sources.get(source, source),
                }
            )  # fmt: skip
    return found


def _shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, Mapping):
        return ", ".join(filter(None, map(_shown, value.values())))
    if isinstance(value, list):
        return "; ".join(map(_shown, value))
    return "" if value is None else str(value)


def _keep(held: dict[str, Any], name: str, item: object) -> None:
    """What is oldest goes when there is too much."""
    if len(held) >= _MOST_KEPT:
        del held[next(iter(held))]
    held[name] = item


def _seen(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def _bake(response: web.Response, name: str, value: str) -> None:
    response.set_cookie(name, value, path=_PREFIX, httponly=True, samesite="Lax", max_age=_LOGIN_SECONDS)
