"""An identity provider for tests: a server on loopback that says what a test lets it say."""

import asyncio
import hashlib
import random
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.portals.openid import OpenIdOptions, RelyingParty, options_of
from adapters.transport.tools import Tools
from gateway.config.identity import IdentityProviderSettings
from gateway.config.strict_yaml import read
from gateway.domain.login import Identity
from gateway.jose import jws
from gateway.mapping.logins import LoginMapping, LoginPlan
from gateway.ports.identity import LoginAttempt, LoginFailed
from tests import unhurried
from tests.adapters.bus_peer import NowClock, soon
from tests.code_lists import load_codes

ROOT = Path(__file__).parents[2]
#: a person's number and name that must be nowhere but in the identity
NUMBER, NAME = "033188264917", "Trần Thị Hoàng Yến Mẫu"
CLIENT, SECRET = "motlan", "client: s&cret"  # of a simulation
REDIRECT = "https://motlan.example/login/callback/national_portal"
CODE = "code-of-this-login"
ATTEMPT = LoginAttempt(state="state-1", nonce="nonce-1", verifier="v" * 43, redirect_uri=REDIRECT)
ACCOUNT = {
    "sub": "account-1", "LoaiTaiKhoan": "1", "TechID": "TID-90", "SoDinhDanh": NUMBER, "HoVaTen": NAME,
    "NgayThangNamSinh": "19880412", "loAs": "LoA2", "GioiTinh": 1,
}  # fmt: skip

Claims = dict[str, Any]


@cache
def rsa_key(name: str = "own", bits: int = 2_048) -> RSAPrivateKey:
    """One of each name."""
    del name
    return generate_private_key(65_537, bits)


def jwk_of(key: RSAPrivateKey, kid: str = "k1", **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    n, e = (jws.encoded(one.to_bytes((one.bit_length() + 7) // 8)) for one in (numbers.n, numbers.e))
    return {"kty": "RSA", "n": n, "e": e, "use": "sig", "kid": kid, "alg": "RS256", **more}


def signed(claims: Mapping[str, Any] | bytes, key: RSAPrivateKey | None = None, **header: Any) -> str:
    """A compact token, by RS256."""
    raw = claims if isinstance(claims, bytes) else orjson.dumps(claims)
    head = {"alg": "RS256", "typ": "JWT", "kid": "k1", **header}
    text = f"{jws.encoded(orjson.dumps(head))}.{jws.encoded(raw)}"
    signature = (key or rsa_key()).sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{jws.encoded(signature)}"


def left_half(token: str) -> str:
    return jws.encoded(hashlib.sha256(token.encode()).digest()[:16])


@dataclass
class FakeProvider:
    """What it says, and what it was asked."""

    url: str = ""
    clock: NowClock = field(default_factory=NowClock)
    claims: Claims = field(default_factory=dict)
    account: Claims = field(default_factory=lambda: dict(ACCOUNT))
    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk_of(rsa_key())])
    #: path -> what it answers instead
    instead: dict[str, Callable[[], Any]] = field(default_factory=dict)
    #: paths that never answer, and those whose connection breaks
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    #: makes the ID token of its claims
    make: Callable[[Claims], str] = signed
    #: method, path, headers, form of each request
    asked: list[tuple[str, str, Mapping[str, str], dict[str, str]]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"{self.url}/oauth2/token"

    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def id_claims(self) -> Claims:
        now = self.now()
        good = {
            "iss": self.issuer, "aud": CLIENT, "sub": "account-1", "iat": now, "exp": now + 600, "auth_time": now - 5,
            "nonce": ATTEMPT.nonce, "at_hash": left_half("access-1"), "sid": "session-1",
        }  # fmt: skip
        return {name: value for name, value in {**good, **self.claims}.items() if value is not None}

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl(await request.text(), keep_blank_values=True))
        self.asked.append((request.method, request.path, dict(request.headers), form))
        if request.path in self.silent:
            await asyncio.sleep(60)
        if request.path in self.broken and request.transport is not None:
            request.transport.abort()
        if request.path in self.instead:
            said = self.instead[request.path]()
            return said if isinstance(said, web.StreamResponse) else web.json_response(said)
        match request.path:
            case "/oauth2/token":
                return web.json_response({
                    "access_token": "access-1", "id_token": self.make(self.id_claims()), "token_type": "Bearer",
                    "refresh_token": "refresh-1", "scope": "openid", "expires_in": 3_600,
                })  # fmt: skip
            case "/oauth2/userinfo":
                return web.json_response(self.account)
            case "/oauth2/jwks":
                return web.json_response({"keys": self.keys})
            case "/oauth2/token/.well-known/openid-configuration":
                return web.json_response(self.metadata())
        return web.Response(status=404)

    def metadata(self) -> Claims:
        words = {
            "authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
        }  # fmt: skip
        found = {word: f"{self.url}/oauth2/{path}" for word, path in words.items()}
        return {"issuer": self.issuer, "end_session_endpoint": f"{self.url}/oidc/logout", **found}

    def settings(self, **more: Any) -> IdentityProviderSettings:
        names = {"authorize", "token", "userinfo", "jwks"}
        endpoints = {name: f"{self.url}/oauth2/{name}" for name in names} | {
            "logout": f"{self.url}/oidc/logout"
        }
        words = {
            "provider": "national_portal", "adapter": "adapters.portals.national_login",
            "title": {"vi": "Cổng", "en": "Portal"}, "mark": "sandbox", "issuer": self.issuer, "endpoints": endpoints,
            "client_id": CLIENT, "client_secret": {"value": SECRET}, "acr_values": "LoA1", "mapping": "national_portal",
            "levels": {"LoA1": 1, "LoA2": 2}, **more,
            "limits": unhurried.limits(**{"breaker_failures": 1_000, **more.get("limits", {})}),
        }  # fmt: skip
        return IdentityProviderSettings.model_validate(words)


@cache
def plan_of(name: str) -> LoginPlan:
    codes = load_codes(ROOT / "mappings" / "codes")
    return LoginPlan(read(ROOT / "mappings" / "logins" / f"{name}.yaml", ROOT).read_as(LoginMapping), codes)


def login_tools(clock: NowClock) -> Tools:
    return Tools(root=ROOT, rng=random.Random(1), clock=clock)


@asynccontextmanager
async def serving() -> AsyncIterator[FakeProvider]:
    """The fake on a free port."""
    fake = FakeProvider()
    app = web.Application(client_max_size=1_000_000)
    app.router.add_route("*", "/{path:.*}", fake.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        await runner.cleanup()


@asynccontextmanager
async def relying(
    fake: FakeProvider, monotonic: Callable[[], float] | None = None, **more: Any
) -> AsyncIterator[RelyingParty]:
    """The relying party towards the fake."""
    settings = fake.settings(**more)
    words: dict[str, Any] = {} if monotonic is None else {"monotonic": monotonic}
    provider = RelyingParty(
        settings,
        options_of(settings, OpenIdOptions),
        plan_of(settings.mapping),
        login_tools(fake.clock),
        **words,
    )
    try:
        yield provider
    finally:
        await provider.close()


async def finished(provider: RelyingParty, attempt: LoginAttempt = ATTEMPT, **answer: str) -> Identity:
    """A login whose response has the right state and code, unless `answer` says otherwise."""
    return await provider.finish(attempt, {"state": attempt.state, "code": CODE, **answer}, soon())


async def refused(provider: RelyingParty, attempt: LoginAttempt = ATTEMPT, **answer: str) -> str:
    """`reason detail` of a login that signs nobody in."""
    try:
        await finished(provider, attempt, **answer)
    except LoginFailed as failed:
        return f"{failed.reason} {failed.detail}"
    return "signed in"


def words_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))


def basic_of(headers: Mapping[str, str]) -> str:
    return b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
