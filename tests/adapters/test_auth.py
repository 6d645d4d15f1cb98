"""How sources prove who they are, against providers that check it."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import orjson
import pytest
from aiohttp import web

from adapters.transport.auth import build_auth
from adapters.transport.call import Auth, HttpPeer, Wire, secrets_in
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError
from adapters.transport.tokens import ProviderToken, TokenAuth, life_seconds
from gateway.config.gateway import Limits
from gateway.domain.errors import ConfigError
from gateway.domain.evidence import Outcome
from gateway.domain.reasons import Reason
from tests import unhurried
from tests.adapters.asking import called
from tests.adapters.raw_peers import free_port, soon, tools

SECRET = "sandbox-secret-canary"
OAUTH = {"kind": "oauth2", "client_id": "key", "secret": {"value": SECRET}, "token_path": "/token"}


class Provider:
    """Gives tokens and answers calls that carry the newest one."""

    def __init__(self) -> None:
        self.url = ""
        self.logins: list[tuple[dict[str, str], bytes]] = []
        self.calls: list[web.Request] = []
        self.token_status = 200
        self.expires_in: Any = 3_600
        self.refuse_all = False
        self.delay = 0.0

    @property
    def newest(self) -> str:
        return f"token-{len(self.logins)}"

    async def give(self, request: web.Request) -> web.Response:
        self.logins.append(
            ({name.lower(): value for name, value in request.headers.items()}, await request.read())
        )
        await asyncio.sleep(self.delay)
        inner = {"access_token": self.newest, "id_token": "id-1", "expires_in": self.expires_in}
        return web.json_response({**inner, "token": self.newest, "APIKey": inner}, status=self.token_status)

    async def serve(self, request: web.Request) -> web.Response:
        self.calls.append(request)
        await asyncio.sleep(self.delay)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("token")
        status = 401 if self.refuse_all or given != self.newest else 200
        return web.json_response({"a": 1}, status=status)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    app = web.Application()
    app.router.add_post("/base/token", made.give)
    app.router.add_post("/base/data", made.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}/base"
    yield made
    await runner.cleanup()


@asynccontextmanager
async def opened(provider: Provider, auth: dict[str, Any]) -> AsyncIterator[tuple[HttpPeer, Auth]]:
    peer = HttpPeer(provider.url, Limits(**unhurried.limits(connections=200)), tools())
    made = build_auth(auth, provider.url, peer=peer, tools=tools(), source="x")
    try:
        yield peer, made
    finally:
        await made.close()
        await peer.close()


async def call(peer: HttpPeer, auth: Auth, seconds: float = 25.0) -> HttpAnswer:
    return await called(peer, Wire("POST", "/data", {}, b"{}"), soon(seconds), auth)


def headers_of(auth: dict[str, Any], url: str = "http://127.0.0.1:9/x") -> dict[str, str]:
    peer = HttpPeer(url, Limits(**unhurried.limits()), tools())
    return dict(build_auth(auth, url, peer=peer, tools=tools(), source="x").headers())


def basic_parts(header: str) -> list[str]:
    return base64.b64decode(header.removeprefix("Basic ")).decode().split(":", 1)


# ---------------------------------------------------------------- without a token


def test_no_auth_and_envelope_auth_add_nothing() -> None:
    assert headers_of({"kind": "none"}) == {}
    assert headers_of({"kind": "wsse_x509", "certificate": "a"}) == {}


def test_basic_and_api_key_are_fixed() -> None:
    found = headers_of({"kind": "basic", "username": "u", "secret": {"value": SECRET}})
    assert basic_parts(found["Authorization"]) == ["u", SECRET]
    assert SECRET in secrets_in(found["Authorization"])
    assert headers_of({"kind": "api_key", "header": "X-Key", "secret": {"value": SECRET}}) == {
        "X-Key": SECRET
    }


def test_population_v1_hashes_address_user_milliseconds_and_secret() -> None:
    found = headers_of(
        {
            "kind": "population_v1",
            "username": "u",
            "secret": {"value": SECRET},
            "auth_url": "http://auth.example/x",
            "client": "VN/GOV/33",
            "api_key": {"value": "k"},
        }
    )
    stamp = "1767582245678"
    user, given = basic_parts(found.pop("Authorization"))
    assert user == "u"
    assert given == hashlib.sha256(f"http://auth.example/xu{stamp}{SECRET}".encode()).hexdigest()
    assert found == {"Timestamp": stamp, "X-Road-Client": "VN/GOV/33", "ApiKey": "k"}


def test_population_v2_uses_seconds_and_the_service_address() -> None:
    auth = {"kind": "population_v2", "username": "u", "secret": {"value": SECRET}, "service_url": "http://s"}
    found = headers_of(auth)
    _, given = basic_parts(found.pop("Authorization"))
    assert given == hashlib.sha256(f"http://su1767582245{SECRET}".encode()).hexdigest()
    assert found == {"timestamp": "1767582245"}


# ---------------------------------------------------------------- with a token


async def test_oauth2_sends_the_client_in_basic_and_the_form(provider: Provider) -> None:
    async with opened(provider, {**OAUTH, "scope": "a b"}) as (peer, auth):
        assert (await call(peer, auth)).status == 200
        assert (await call(peer, auth)).status == 200
    headers, body = provider.logins[0]
    assert basic_parts(headers["authorization"]) == ["key", SECRET]
    assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    assert len(provider.logins) == 1


async def test_token_endpoint_may_stand_at_another_address(provider: Provider) -> None:
    auth = {**OAUTH, "token_url": f"{provider.url}/token"}
    del auth["token_path"]
    async with opened(provider, auth) as (peer, signer):
        assert (await call(peer, signer)).status == 200


async def test_population_v3_sends_application_and_official(provider: Provider) -> None:
    auth = {
        "kind": "population_v3",
        "token_path": "/token",
        "access_key": {"value": "ak"},
        "secret": {"value": SECRET},
        "app_name": "app",
        "partner_code": "p",
        "partner_code_cus": "pc",
        "auth_hash": {"value": "name:pass"},
    }
    async with opened(provider, auth) as (peer, signer):
        await call(peer, signer)
    sent = provider.calls[0].headers
    application = orjson.loads(base64.b64decode(sent["lgspaccesstoken"]))
    assert application == {
        "AccessKey": "ak",
        "SecretKey": SECRET,
        "AppName": "app",
        "PartnerCode": "p",
        "PartnerCodeCus": "pc",
    }
    assert sent["Authorization"] == "Bearer token-1"
    assert base64.b64decode(sent["AuthHash"]) == b"name:pass"
    assert provider.logins[0][0]["lgspaccesstoken"] == sent["lgspaccesstoken"]


async def test_login_token_goes_into_the_header(provider: Provider) -> None:
    auth = {
        "kind": "login_token",
        "path": "/token",
        "username": "u",
        "secret": {"value": SECRET},
        "token": "token",
    }
    async with opened(provider, auth) as (peer, signer):
        await call(peer, signer)
    assert orjson.loads(provider.logins[0][1]) == {"username": "u", "password": SECRET}
    assert provider.calls[0].headers["Authorization"] == "Bearer token-1"


async def test_login_may_be_a_form_with_headers_of_the_provider(provider: Provider) -> None:
    auth = {
        "kind": "login_token",
        "path": "/token?dstcode=VN:GOV:a&providerurl=https://b.invalid",
        "username": "u",
        "secret": {"value": SECRET},
        "body": "form",
        "headers": {"Charset": "utf-8"},
        "token": "token",
    }
    async with opened(provider, auth) as (peer, signer):
        assert (await call(peer, signer)).status == 200
    headers, body = provider.logins[0]
    assert dict(parse_qsl(body.decode())) == {"username": "u", "password": SECRET}
    assert (headers["charset"], headers["content-type"]) == ("utf-8", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("headers", ["Charset", {"Host": "x"}, {"A b": "x"}, {"Charset": "a\nb"}])
async def test_header_that_no_login_may_have_is_refused(provider: Provider, headers: object) -> None:
    auth = {
        "kind": "login_token",
        "path": "/token",
        "username": "u",
        "secret": {"value": SECRET},
        "token": "t",
    }
    with pytest.raises(ConfigError, match=r"auth\.headers"):
        async with opened(provider, auth | {"headers": headers}):
            pass


async def test_login_token_goes_into_the_query_with_a_hashed_password(provider: Provider) -> None:
    auth = {
        "kind": "login_token",
        "path": "/token",
        "username": "u",
        "secret": {"value": SECRET},
        "hash": "md5",
        "token": "APIKey.access_token",
        "token_in": "query",
    }
    async with opened(provider, auth) as (peer, signer):
        assert (await call(peer, signer)).status == 200
    hashed = hashlib.md5(SECRET.encode()).hexdigest()  # noqa: S324 -- as the provider demands
    assert orjson.loads(provider.logins[0][1])["password"] == hashed
    assert dict(provider.calls[0].query) == {
        "token": "token-1",
        "id_token": "id-1",
        "username": "u",
        "password": hashed,
    }


async def test_token_that_expires_in_flight_is_renewed_once_for_all_who_wait(provider: Provider) -> None:
    async with opened(provider, OAUTH) as (peer, auth):
        await call(peer, auth)
        # the provider forgets the token: the newest one is now another
        provider.logins.append(({}, b""))
        provider.delay = 0.05
        answers = await asyncio.gather(*(call(peer, auth) for _ in range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len(provider.logins) == 3


async def test_provider_that_refuses_new_tokens_too_is_asked_twice_only(provider: Provider) -> None:
    provider.refuse_all = True
    async with opened(provider, OAUTH) as (peer, auth):
        with pytest.raises(ProviderError) as caught:
            await call(peer, auth)
    assert (caught.value.outcome, caught.value.reason) == (Outcome.REFUSED, Reason.SOURCE_REFUSED)
    assert (len(provider.calls), len(provider.logins)) == (2, 2)


async def test_refused_login_is_a_refusal_and_is_not_remembered(provider: Provider) -> None:
    provider.token_status = 401
    async with opened(provider, OAUTH) as (peer, auth):
        with pytest.raises(ProviderError) as caught:
            await call(peer, auth)
        assert caught.value.reason is Reason.SOURCE_REFUSED
        assert SECRET not in repr(caught.value)
        provider.token_status = 200
        assert (await call(peer, auth)).status == 200
    assert len(provider.calls) == 1


async def test_without_a_token_to_renew_a_401_is_final(provider: Provider) -> None:
    async with opened(provider, {"kind": "none"}) as (peer, auth):
        with pytest.raises(ProviderError):
            await call(peer, auth)
    assert len(provider.calls) == 1


async def test_waiting_for_a_token_ends_at_the_deadline_of_each(provider: Provider) -> None:
    provider.delay = 0.4
    async with opened(provider, OAUTH) as (peer, auth):
        patient = asyncio.create_task(call(peer, auth))
        with pytest.raises(ProviderError) as caught:
            await call(peer, auth, 0.1)
        assert caught.value.reason is Reason.SOURCE_TIMEOUT
        assert (await patient).status == 200
    assert len(provider.logins) == 1


# ---------------------------------------------------------------- the cache by itself


class NeedsToken:
    """A call that waits for a token."""

    def __init__(self) -> None:
        self.came: asyncio.Future[ProviderError | None] = asyncio.get_running_loop().create_future()

    def token_came(self, fault: ProviderError | None = None) -> None:
        self.came.set_result(fault)


async def renewed(auth: Auth, turn: int) -> ProviderError | None:
    one = NeedsToken()
    auth.renew(one, turn)
    return await one.came


async def test_token_is_not_used_in_its_last_minute(provider: Provider) -> None:
    async with opened(provider, OAUTH) as (_, auth):
        assert isinstance(auth, TokenAuth)
        loop = asyncio.get_running_loop()
        provider.expires_in = 60.2
        assert await renewed(auth, auth.turn) is None
        assert auth.headers() == {"Authorization": "Bearer token-1"}
        assert auth.good_until - loop.time() == pytest.approx(30.1, abs=0.1)
        provider.expires_in = 1_000
        assert await renewed(auth, 1) is None
        assert auth.good_until - loop.time() == pytest.approx(940, abs=0.1)
        assert await renewed(auth, 1) is None
        assert (len(provider.logins), auth.turn) == (2, 2)
        assert await renewed(auth, 2) is None
        assert (len(provider.logins), auth.turn) == (3, 3)


async def test_call_that_gives_up_does_not_stop_the_fetch_for_others(provider: Provider) -> None:
    provider.delay = 0.1
    async with opened(provider, OAUTH) as (peer, auth):
        tasks = [asyncio.create_task(call(peer, auth, seconds)) for seconds in (0.05, 25, 25)]
        with pytest.raises(ProviderError, match="source_timeout"):
            await tasks[0]
        assert [(await task).status for task in tasks[1:]] == [200, 200]
        assert isinstance(auth, TokenAuth)
        assert "token-1" not in repr(ProviderToken(value="token-1", seconds=1))
    assert len(provider.logins) == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3_600, 3_600),
        ("900", 900),
        (None, 5),
        ("05/01/2026", 5),
        (True, 5),
        (-1, 5),
        (10**9, 86_400),
        ([], 5),
    ],
)
def test_life_of_a_token_is_read_from_numbers_only(said: object, seconds: float) -> None:
    assert life_seconds(said, 5) == seconds


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"access_token":1}', b'{"access_token":"a\\nb"}', b"nonsense"]
)
async def test_token_answer_without_a_token_is_invalid(body: bytes) -> None:
    async def give(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_post("/token", give)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    peer = HttpPeer(f"http://127.0.0.1:{port}", Limits(**unhurried.limits()), tools())
    with pytest.raises(ProviderError) as caught:
        await call(peer, build_auth(OAUTH, "", peer=peer, tools=tools()))
    assert caught.value.outcome is Outcome.INVALID
    await peer.close()
    await runner.cleanup()


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"kind": "magic"}, "'auth.kind: magic' does not exist"),
        ({"kind": "basic", "secret": {"value": "s"}}, "'auth.username' is missing"),
        ({"kind": "basic", "username": "u"}, "'auth.secret' is not a secret"),
        ({"kind": "basic", "username": "u", "secret": "plain"}, "'auth.secret' is not a secret"),
        (
            {"kind": "basic", "username": "u", "secret": {"env": "MOTLAN_NO_SUCH"}},
            "environment variable MOTLAN_NO_SUCH",
        ),
        ({"kind": "basic", "username": "u", "secret": {"file": "/no/such/file"}}, "file /no/such/file"),
        ({"kind": "basic", "username": "u", "secret": {"value": "s", "env": "E"}}, "is not a secret"),
        ({**OAUTH, "token_path": ""}, "'auth.token_path' is missing"),
    ],
)
def test_settings_that_cannot_be_used_are_named_at_the_start(auth: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        headers_of(auth)
    assert words in str(caught.value)
    assert "config/sources/x.yaml" in str(caught.value)
    assert "plain" not in str(caught.value)


def test_secrets_come_from_files_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    monkeypatch.setenv("MOTLAN_TEST_SECRET", "from-env")
    for reference, secret in (
        ({"file": str(tmp_path / "secret")}, "from-file"),
        ({"env": "MOTLAN_TEST_SECRET"}, "from-env"),
    ):
        assert headers_of({"kind": "api_key", "header": "K", "secret": reference}) == {"K": secret}
