"""A door with an OpenID provider, on loopback; in place of the browser's part, a person is signed in or not."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from adapters.stores.sessions import MemorySessions
from adapters.transport.form_posts import HttpFormPosts
from gateway.access.service import AccessService
from gateway.api.context import OpenId, Papers, Services
from gateway.api.dispatcher import Dispatcher
from gateway.api.door import DoorRunner
from gateway.api.openid import redirected
from gateway.api.proxies import proxies
from gateway.api.request import Request
from gateway.api.response import Response
from gateway.app import SystemClock
from gateway.composition.access import assembled
from gateway.composition.logins import LoginState
from gateway.composition.openid import OpenedLoginKeys, open_id
from gateway.composition.relay import PublicAddress
from gateway.config.access import RequesterSettings
from gateway.config.configuration import Configuration, load
from gateway.config.gateway import LoginKeySettings, ProxySettings
from gateway.console.pages import Pages
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Identity, Mandate
from gateway.domain.parties import Subject
from gateway.exchange_log.recorder import Recorder
from gateway.login.choices import MandateKind, MandateNotProven
from gateway.login.handles import LoginHandles, forwarded_logins
from gateway.login.id_token_signing import LoginKeys, open_keys
from gateway.login.id_tokens import Logins
from gateway.login.logout_notices import LogoutNotices
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import Session, SessionBook
from gateway.login.subjects import Subjects
from gateway.login.url_seal import UrlSeal
from gateway.login.wanted import AuthorizationError, LoginWanted
from gateway.mapping.load import load_catalogue
from gateway.prefill.service import Prefill
from gateway.serving.listeners import api_routes
from gateway.telemetry import Metrics
from gateway.trials.service import Trials
from tests.access.memory import Replays, Rows
from tests.access.signing import Key, assertion, edwards, p256, proof
from tests.api.conftest import StandInLog

ROOT = Path(__file__).resolve().parents[2]
BACK = "https://dvc.example.vn/callback"
PERSON = "033301482957"
NAME = "Vũ Thị Bến Thử"
SECRET, PROXY_SECRET = "sandbox-only-provincial", "between-proxy-and-gateway"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLAIMS = ("name", "birthdate", "personal_id")


class MovableClock(SystemClock):
    """The time, and what a test added to it."""

    ahead = 0.0

    def now(self) -> datetime:
        return SystemClock.now() + timedelta(seconds=self.ahead)

    def seconds(self) -> float:
        return self.now().timestamp()


class ServedSessions(MemorySessions):
    """As at a server: while one request waits for an answer, another may come between."""

    async def get(self, key: str) -> bytes | None:
        await asyncio.sleep(0)
        return await super().get(key)

    async def swap(self, key: str, before: bytes, after: bytes, seconds: int) -> bool:
        await asyncio.sleep(0)
        return await super().swap(key, before, after, seconds)


@dataclass
class Browser:
    """Is in for the broker: who is signed in, and for whom they act."""

    openid: OpenId = field(init=False)
    session: Session | None = None
    mandate: Mandate | None = None
    wanted: list[LoginWanted] = field(default_factory=list)

    async def resume(self, request: Request, name: str) -> Response:
        provider = self.openid.provider
        found = await provider.wanted(name)
        assert found is not None
        self.wanted.append(found)
        if self.session is None:
            answer = await provider.refuse(name, AuthorizationError.LOGIN_REQUIRED, request.exchange)
        else:
            answer = await provider.grant(name, self.session, self.mandate, request.exchange)
        assert answer is not None
        assert await provider.wanted(name) is None
        assert await provider.refuse(name, AuthorizationError.ACCESS_DENIED, request.exchange) is None
        return redirected(request, answer)


@dataclass
class StandInProofs:
    """Is in for the proofs of mandates."""

    clock: MovableClock
    #: None: the mandate is proven; else why it is not
    denied: MandateNotProven | None = None
    asked: int = 0

    def kinds(self, requester: str) -> list[MandateKind]:
        del requester
        return []

    async def prove(
        self, identity: Identity, kind: str, represented: Subject, document: str, requester: str,
        exchange: ExchangeId,
    ) -> Mandate:  # fmt: skip
        assert (identity.personal_id, requester) == (PERSON, "provincial")
        self.asked += 1
        if self.denied is not None:
            raise self.denied
        return Mandate(
            kind=kind,
            represented=represented,
            document=document,
            proven_at=self.clock.seconds(),
            exchange=exchange,
        )


@dataclass
class Reply:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def back(self) -> dict[str, str]:
        """What the browser brings to the system."""
        assert self.status == 303, self.text
        place = urlsplit(self.headers["Location"])
        assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
        return dict(parse_qsl(place.query))


@dataclass
class System:
    """A system that logs people in, with every freedom that an attacker has."""

    url: str
    http: aiohttp.ClientSession
    client: str
    secret: str = ""
    key: Key | None = None
    #: what it binds its tokens to
    bound: Key | None = None
    nonce: str = ""
    #: DER; a proxy hands it over (RFC 9440)
    certificate: bytes = b""
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def asking(self, **more: str | None) -> dict[str, str]:
        """A good authorization request; `more` replaces parameters, None leaves one out."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        given: dict[str, str | None] = {
            "client_id": self.client, "redirect_uri": BACK, "response_type": "code", "scope": "openid profile",
            "state": "the-state", "nonce": "the-nonce", "code_challenge": challenge.decode(),
            "code_challenge_method": "S256", **more,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}

    async def authorize(self, given: dict[str, str] | str | None = None, **more: str | None) -> Reply:
        query = (
            given if isinstance(given, str) else urlencode(self.asking(**more) if given is None else given)
        )
        return await self.get(f"/oauth2/authorize?{query}")

    async def code(self, **more: str | None) -> str:
        return (await self.authorize(**more)).back["code"]

    def handed(self) -> dict[str, str]:
        """What a proxy adds."""
        encoded = base64.b64encode(self.certificate).decode()
        return {"Client-Cert": f":{encoded}:", "X-Proxy-Secret": PROXY_SECRET} if self.certificate else {}

    async def get(self, path: str, **headers: str) -> Reply:
        headers = {**self.handed(), **headers}
        async with self.http.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            return Reply(answer.status, answer.headers, await answer.text())

    async def post(self, path: str, form: Any, **headers: str) -> Reply:
        """As an authenticated client."""
        form = dict(form)
        headers |= self.handed()
        if self.certificate:
            form |= {"client_id": self.client}
        if self.secret:
            headers["Authorization"] = aiohttp.encode_basic_auth(self.client, self.secret)
        if self.key is not None:
            form |= {
                "client_assertion_type": KIND,
                "client_assertion": assertion(self.key, self.client, self.url),
            }
        if self.bound is not None:
            headers["DPoP"] = proof(self.bound, "POST", self.url + path, self.nonce)
        async with self.http.post(self.url + path, data=form, headers=headers) as answer:
            reply = Reply(answer.status, answer.headers, await answer.text())
        if self.bound is not None and "use_dpop_nonce" in reply.text:
            self.nonce = reply.headers["DPoP-Nonce"]
            return await self.post(path, {k: v for k, v in form.items() if "assertion" not in k})
        return reply

    async def redeem(self, code: str, **more: str) -> Reply:
        return await self.post(
            "/oauth2/token",
            {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": self.verifier}
            | more,
        )  # fmt: skip

    async def refresh(self, token: str) -> Reply:
        return await self.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token})

    async def tokens(self, **more: str | None) -> Any:
        reply = await self.redeem(await self.code(**more))
        assert reply.status == 200, reply.text
        return reply.json

    async def userinfo(self, token: str, scheme: str = "Bearer", **headers: str) -> Reply:
        return await self.get("/oauth2/userinfo", Authorization=f"{scheme} {token}", **headers)

    async def prove(self, token: str) -> Reply:
        """Userinfo, with a proof of the key."""
        assert self.bound is not None
        shown = proof(self.bound, "GET", f"{self.url}/oauth2/userinfo", self.nonce, token)
        return await self.userinfo(token, "DPoP", DPoP=shown)


@dataclass
class Provider:
    """A running one."""

    url: str
    http: aiohttp.ClientSession
    log: StandInLog
    access: AccessService
    clock: MovableClock
    state: LoginState
    browser: Browser
    keys: dict[str, Key]
    certificate: bytes
    metrics: Metrics
    register: StandInProofs

    def system(self, client: str = "provincial") -> System:
        if client == "sealed":
            return System(self.url, self.http, client, certificate=self.certificate)
        if client in self.keys:
            return System(self.url, self.http, client, key=self.keys[client], bound=p256())
        return System(self.url, self.http, client, secret=SECRET)

    async def sign_in(self, *, anew: float = 0.0, **more: Any) -> Session:
        """`anew`: POSIX seconds of the request that made the person sign in again."""
        identity = Identity(
            **{"provider": "vneid", "subject": "u-1", "personal_id": PERSON, "full_name": NAME,
               "birth_date": "2001-04-08", "level": 2, "at": self.clock.seconds(), **more}
        )  # fmt: skip
        self.browser.session = (await self.state.sessions.begin(identity, anew=anew)).session
        return self.browser.session

    async def sign_out(self) -> None:
        assert self.browser.session is not None
        await self.state.sessions.end(self.browser.session.id)

    def handles(self) -> LoginHandles:
        return LoginHandles(self.state.values)

    def recorded(self) -> list[tuple[str, str]]:
        """What is in the log, and why."""
        return [(str(one.result), str(one.notes.get("reason", ""))) for one in self.log.records]


def registered(name: str, login: dict[str, Any], **more: Any) -> RequesterSettings:
    return RequesterSettings.model_validate(
        {
            "requester": name,
            "title": {"vi": name, "en": name},
            "agency": "000.00.14.H31",
            "client_id": name,
            "scopes": ["prefill"],
            "login": {"redirect_uris": [BACK], "claims": list(CLAIMS), **login},
            **more,
        }
    )


def certified() -> bytes:
    """A certificate that its owner signed itself (DER)."""
    key, now = p256(), datetime.now(UTC)
    assert isinstance(key, EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealed")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )  # fmt: skip
    return made.sign(key, SHA256()).public_bytes(Encoding.DER)


def with_systems(
    configuration: Configuration, folder: Path, certificate: bytes
) -> tuple[Configuration, dict[str, Key]]:
    """Systems: such as any OpenID client is, its neighbours, one with keys and DPoP, one that pushes, one with TLS."""
    keys: dict[str, Key] = {"bound": edwards(), "pushing": p256()}
    secret = {"client_secret": {"value": SECRET}}

    def public(name: str) -> dict[str, Any]:
        (folder / f"{name}.pem").write_bytes(
            keys[name].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        return {"keys": [{"file": str(folder / f"{name}.pem")}]}

    systems = [
        registered("provincial", {"refresh": True, "mandates": ["parent"]}, **secret),
        registered("neighbour", {"refresh": True, "claims": ["name"]}, **secret),
        registered("bound", {"refresh": True, "level": 2, "id_token_alg": "EdDSA"}, dpop="required", **public("bound")),
        registered(
            "pushing", {"refresh": True, "par": "required", "id_token_alg": "ES256", "sector": "twins"},
            **public("pushing"),
        ),
        registered("twin", {"sector": "twins", "claims": []}, **secret),
        registered("open", {"subject": "public"}, **secret),
        registered("sealed", {"refresh": True}, certificate={"thumbprint": hashlib.sha256(certificate).hexdigest()}),
    ]  # fmt: skip
    requesters = {**configuration.requesters, **{one.requester: one for one in systems}}
    proxy = ProxySettings.model_validate({"addresses": ["127.0.0.1"], "secret": {"value": PROXY_SECRET}})
    access = configuration.gateway.access.model_copy(update={"proxy": proxy})
    gateway = configuration.gateway.model_copy(update={"access": access})
    return configuration.model_copy(update={"requesters": requesters, "gateway": gateway}), keys


@contextlib.asynccontextmanager
async def running(
    folder: Path, keys: LoginKeys | None = None, *, sandbox: bool = True
) -> AsyncIterator[Provider]:
    """A provider of its own. `sandbox` False: tokens are bound as in production."""
    certificate = certified()
    configuration, private = with_systems(load(ROOT / "config"), folder, certificate)
    clock, log, browser, metrics = MovableClock(), StandInLog(), Browser(), Metrics()
    access = assembled(configuration, folder, clock, Replays(), Rows())
    watching = asyncio.create_task(access.revocations.watch(0.5, access.keys.refresh))
    await access.revocations.refresh()
    recorder = Recorder(log=log, clock=clock, digest="in force", metrics=metrics)
    store = ServedSessions(now=clock.seconds)
    values = SealedValues(store, b"v" * 32)
    book = SessionBook(values, b"n" * 64, clock.seconds, idle=7_200, longest=28_800)
    state = LoginState(
        store=store,
        values=values,
        sessions=book,
        urls=UrlSeal(b"u" * 32),
        notices=LogoutNotices(HttpFormPosts()),
    )
    opened = keys if keys is not None else await asyncio.to_thread(open_keys, LoginKeySettings(), folder)
    access = replace(access, further=(opened.jwks,), sandbox=sandbox)
    address, register = PublicAddress(), StandInProofs(clock)
    browser.openid = openid = open_id(
        configuration,
        access,
        state,
        OpenedLoginKeys(opened, Subjects(b"s" * 32)),
        recorder,
        address,
        browser.resume,
        register,
    )
    logins = Logins(configuration.logins, configuration.root, clock.seconds)
    services = Services(
        clock=clock, configuration=configuration, catalogue=load_catalogue(ROOT), prefill=cast("Prefill", None),
        papers=cast("Papers", None), trials=cast("Trials", None), access=access, sources={}, recorder=recorder,
        openid=openid,
        logins=forwarded_logins(logins, values, configuration.identity_providers), pages=Pages(is_sandbox=True),
        proxies=proxies(configuration.gateway.access.proxy),
    )  # fmt: skip
    runner = DoorRunner(
        Dispatcher(services, api_routes(), metrics), configuration.gateway.limits, drain_seconds=2
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as http:
            yield Provider(
                address.url, http, log, access, clock, state, browser, private, certificate, metrics, register
            )
    finally:
        watching.cancel()
        await runner.cleanup()


def fields_of(page: str) -> dict[str, str]:
    """The fields of a form that posts itself."""
    return dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page))
