"""Each provider of `config/identity_providers` against its simulated peer: who signs in, which lies do not (T9).

A new YAML file is under test at once. The configured address is never called, but for its path.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from adapters.sandbox.identity_lies import Lie, LiePlace
from gateway import registry
from gateway.app import SystemClock
from gateway.config.configuration import load
from gateway.config.gateway import Listener
from gateway.config.identity import IdentityProviderSettings
from gateway.domain.login import AccountKind, Identity, StaffRole
from gateway.mapping.load import load_catalogue
from gateway.ports.identity import IdentityProvider, LoginAttempt, LoginFailed
from gateway.serving.server import SANDBOX, sandbox_at
from gateway.telemetry import set_up
from tests import unhurried
from tests.adapters.bus_peer import soon

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
CONFIGURED = load(ROOT / "config").identity_providers
#: of citizens; that of officials has other accounts, and the same code behind it
PROVIDERS = sorted(name for name, one in CONFIGURED.items() if one.accounts == "people")
NOWHERE = "http://127.0.0.1:1"
#: an account of the sandbox, its person
ACCOUNT, NUMBER, NAME = "mau", "033190001234", "Trần Thị Mẫu"
_INVALID, _FORGED, _AWAY = "login_answer_invalid", "login_forged", "login_provider_unavailable"

# the lists below are tables
# fmt: off
#: lie -> reason and detail of the login that fails
REFUSED: dict[Lie, str] = {
    Lie.WRONG_ISS_RESPONSE: f"{_FORGED} response_iss", Lie.MISSING_ISS_RESPONSE: f"{_FORGED} response_iss",
    Lie.WRONG_STATE: f"{_FORGED} state", Lie.MISSING_STATE: f"{_FORGED} state",
    Lie.CODE_AND_ERROR: "login_cancelled access_denied", Lie.SERVER_ERROR: f"{_AWAY} server_error",
    Lie.CODE_OF_OTHER_CLIENT: f"{_FORGED} invalid_grant", Lie.CODE_OF_OTHER_LOGIN: f"{_FORGED} nonce",
    Lie.TOKEN_SLOW: f"{_AWAY} token.answer_missing", Lie.TOKEN_500: f"{_AWAY} token.receiver_fault",
    Lie.TOKEN_HTML: f"{_INVALID} token.answer_invalid", Lie.TOKEN_EMPTY: f"{_INVALID} token.answer_invalid",
    Lie.TOKEN_REDIRECT: f"{_INVALID} token.answer_invalid", Lie.TOKEN_HUGE: f"{_INVALID} token.answer_invalid",
    Lie.TOKEN_TYPE: f"{_INVALID} token.answer_invalid", Lie.MISSING_ID_TOKEN: f"{_INVALID} token.answer_invalid",
    Lie.MISSING_ACCESS_TOKEN: f"{_INVALID} token.answer_invalid",
    Lie.ACCESS_TOKEN_AS_ID_TOKEN: f"{_FORGED} typ", Lie.LOGOUT_TOKEN_AS_ID_TOKEN: f"{_FORGED} typ",
    Lie.ID_TOKEN_AS_ACCESS_TOKEN: f"{_FORGED} access_token",
    Lie.WRONG_NONCE: f"{_FORGED} nonce", Lie.MISSING_NONCE: f"{_FORGED} nonce",
    Lie.WRONG_AUD: f"{_FORGED} aud", Lie.MORE_AUD: f"{_FORGED} azp", Lie.MISSING_AUD: f"{_FORGED} aud",
    Lie.WRONG_ISS: f"{_FORGED} iss", Lie.ISS_WITH_SLASH: f"{_FORGED} iss",
    Lie.EXPIRED: f"{_INVALID} exp", Lie.MISSING_EXP: f"{_INVALID} exp", Lie.EXP_AS_TEXT: f"{_INVALID} exp",
    Lie.NOT_YET_VALID: "login_clock_differs iat", Lie.OLD_AUTHENTICATION: "login_expired auth_time",
    Lie.MISSING_SUB: f"{_INVALID} sub", Lie.WRONG_AT_HASH: f"{_FORGED} at_hash",
    Lie.ALG_NONE: f"{_FORGED} alg", Lie.ALG_NONE_SIGNED: f"{_FORGED} alg", Lie.STRIPPED: f"{_FORGED} signature",
    Lie.BROKEN_SIGNATURE: f"{_FORGED} signature", Lie.CHANGED_CLAIM: f"{_FORGED} signature",
    Lie.HS256_PUBLIC_KEY: f"{_FORGED} alg", Lie.HS256_CLIENT_SECRET: f"{_FORGED} alg",
    Lie.OTHER_ALGORITHM: f"{_FORGED} alg", Lie.OTHER_KEY: f"{_FORGED} signature", Lie.UNKNOWN_KID: f"{_FORGED} kid",
    Lie.KID_PATH: f"{_FORGED} kid", Lie.EMBEDDED_JWK: f"{_FORGED} header", Lie.JKU: f"{_FORGED} header",
    Lie.X5U: f"{_FORGED} header", Lie.X5C: f"{_FORGED} header", Lie.CRIT: f"{_FORGED} header",
    Lie.DUPLICATE_CLAIMS: f"{_INVALID} token_form", Lie.DUPLICATE_HEADER: f"{_INVALID} token_form",
    Lie.ENCODED_TWICE: f"{_INVALID} token_form", Lie.JSON_SERIALIZATION: f"{_INVALID} token_form",
    Lie.OTHER_SUB: f"{_FORGED} userinfo.sub", Lie.NO_SUB: f"{_FORGED} userinfo.sub",
    Lie.DUPLICATE_NUMBER: f"{_INVALID} userinfo.answer_invalid", Lie.NUMBER_FORMAT: f"{_INVALID} claims.personal_id",
    Lie.USERINFO_401: "login_provider_refused userinfo.login_refused",
    Lie.USERINFO_500: f"{_AWAY} userinfo.receiver_fault", Lie.USERINFO_HTML: f"{_INVALID} userinfo.answer_invalid",
    Lie.USERINFO_SLOW: f"{_AWAY} userinfo.answer_missing", Lie.USERINFO_HUGE: f"{_INVALID} userinfo.answer_invalid",
    Lie.KEYS_500: f"{_AWAY} jwks.receiver_fault", Lie.KEYS_EMPTY: f"{_INVALID} jwks.no_key",
}
#: of a provider that encrypts
SEALED = [one for one in Lie if one.place is LiePlace.SEALED]
#: lie -> detail of the logout token that ends nothing
LOGOUTS: dict[Lie, str] = {
    Lie.LOGOUT_NONCE: f"{_FORGED} nonce", Lie.LOGOUT_NO_EVENTS: f"{_FORGED} events",
    Lie.LOGOUT_WRONG_AUD: f"{_FORGED} aud", Lie.LOGOUT_EXPIRED: f"{_INVALID} exp",
    Lie.LOGOUT_OTHER_KEY: f"{_FORGED} signature", Lie.LOGOUT_ALG_NONE: f"{_FORGED} alg",
    Lie.LOGOUT_NOBODY: f"{_INVALID} sub", Lie.ID_TOKEN_AS_LOGOUT_TOKEN: f"{_FORGED} typ",
}
# fmt: on

shared = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Told:
    """A server to which a provider sends logout tokens."""

    origin: str = ""
    tokens: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.tokens.append(str((await request.post())["logout_token"]))
        return web.Response()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[str]:
    async with sandbox_at(ROOT, Listener(port=0)) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> AsyncIterator[Told]:
    found, app = Told(), web.Application()
    app.router.add_post("/{path:.*}", found.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.origin = "http://{}:{}".format(*runner.addresses[0][:2])
    yield found
    await runner.cleanup()


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    """What is logged."""
    set_up(said := io.BytesIO())
    yield said
    set_up()


def moved(name: str, base: str, **own: int) -> IdentityProviderSettings:
    """The provider as configured, at another address."""
    settings = CONFIGURED[name]
    limits = settings.limits.model_copy(update=unhurried.limits(breaker_failures=1_000, **own))
    written = {word: url.replace(SANDBOX, base) for word, url in settings.endpoints.model_dump().items()}
    return settings.model_copy(
        update={
            "issuer": settings.issuer.replace(SANDBOX, base), "limits": limits,
            "endpoints": settings.endpoints.model_copy(update=written),
        }
    )  # fmt: skip


@asynccontextmanager
async def opened(name: str, base: str, **limits: int) -> AsyncIterator[IdentityProvider]:
    settings = moved(name, base, **limits)
    tools = registry.source_tools(ROOT, SystemClock())
    provider = registry.open_identity_provider(settings, CATALOGUE.logins[settings.mapping], tools)
    try:
        yield provider
    finally:
        await provider.close()


def peer_of(name: str) -> str:
    """What the sandbox calls the provider."""
    return urlsplit(CONFIGURED[name].issuer).path.split("/")[2]


def attempt(name: str, origin: str, **more: Any) -> LoginAttempt:
    redirect = f"{origin}/login/callback/{name}"
    return LoginAttempt(state="S" * 43, nonce="N" * 43, verifier="V" * 43, redirect_uri=redirect, **more)


async def order(sandbox: str, method: str, path: str, words: dict[str, Any] | None = None) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sandbox}/__sandbox/identity/{path}", json=words) as response,
    ):
        assert response.status in {200, 204}, await response.text()
        return await response.json() if response.status == 200 else None


@asynccontextmanager
async def lying(sandbox: str, name: str, lie: Lie) -> AsyncIterator[None]:
    await order(sandbox, "POST", "misbehave", {"lie": lie.value, "provider": peer_of(name), "seconds": 30})
    try:
        yield
    finally:
        await order(sandbox, "DELETE", "misbehave")


async def answered(
    sandbox: str, provider: IdentityProvider, one: LoginAttempt, **choice: Any
) -> dict[str, str]:
    """What comes back when the person chose an account (or cancelled)."""
    words = {"authorize": await provider.begin(one, soon()), **(choice or {"account": ACCOUNT})}
    location = (await order(sandbox, "POST", "sign_in", words))["location"]
    assert location.startswith(one.redirect_uri)
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


async def signed_in(
    sandbox: str, told: Told, name: str, provider: IdentityProvider, account: str
) -> Identity:
    one = attempt(name, told.origin)
    return await provider.finish(one, await answered(sandbox, provider, one, account=account), soon())


async def failure(sandbox: str, told: Told, name: str, provider: IdentityProvider, **choice: Any) -> str:
    """`reason detail` of a login that signs nobody in."""
    one = attempt(name, told.origin)
    try:
        found = await provider.finish(one, await answered(sandbox, provider, one, **choice), soon())
    except LoginFailed as failed:
        return f"{failed.reason} {failed.detail}"
    return f"signed in: {found}"


def clean(lines: io.BytesIO, said: str) -> bool:
    """Whether nothing of the person is in what was logged or said."""
    text = lines.getvalue().decode() + said
    return NUMBER not in text and NAME not in text and "eyJ" not in text


def test_both_dialects_are_under_test() -> None:
    assert {CONFIGURED[name].adapter for name in PROVIDERS} == {
        "adapters.portals.national_login", "adapters.portals.vneid_login",
    }  # fmt: skip


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_person_signs_in_once_with_one_code(
    sandbox: str, told: Told, name: str, lines: io.BytesIO
) -> None:
    async with opened(name, sandbox) as provider:
        one = attempt(name, told.origin)
        answer = await answered(sandbox, provider, one)
        person = await provider.finish(one, answer, soon())
        with pytest.raises(LoginFailed) as again:
            await provider.finish(one, answer, soon())
    assert (person.provider, person.kind) == (name, AccountKind.CITIZEN)
    assert (person.personal_id, person.full_name) == (NUMBER, NAME)
    assert person.birth_date == "1990-02-15"
    assert person.level == 2
    assert person.session
    assert str(again.value) == "login_forged: invalid_grant"
    assert clean(lines, repr(person) + str(again.value))


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_accounts_of_every_kind_come_as_what_they_are(sandbox: str, told: Told, name: str) -> None:
    accounts = (await order(sandbox, "GET", "accounts"))["accounts"]
    kinds = {"1": AccountKind.CITIZEN, "2": AccountKind.BUSINESS, "3": AccountKind.ORGANISATION}
    async with opened(name, sandbox) as provider:
        for account in accounts:
            if account["staff"]:
                continue
            if account["key"] == "no_tech_id" and CONFIGURED[name].mapping == "national_portal":
                said = await failure(sandbox, told, name, provider, account="no_tech_id")
                assert said == "login_no_account claims.account"
                continue
            found = await signed_in(sandbox, told, name, provider, account["key"])
            assert found.kind == kinds[account["kind"]], account
            assert found.personal_id == account["personal_id"], account
            assert found.level == min(int(account["level"]), 2), account
            assert (found.tax_code == "0916911353") == (account["kind"] == "2"), account
            assert "<" not in found.full_name


@shared
async def test_official_comes_with_roles_and_without_a_number(sandbox: str, told: Told) -> None:
    async with opened("staff", sandbox) as provider:
        found = await signed_in(sandbox, told, "staff", provider, "kiem.van")
        assert (found.kind, found.account, found.personal_id) == (AccountKind.STAFF, "kiem.van", "")
        assert found.roles == (StaffRole.AUDITOR, StaffRole.OPERATOR)
        for lie in (Lie.OTHER_KEY, Lie.WRONG_NONCE, Lie.WRONG_ISS_RESPONSE, Lie.OTHER_SUB):
            async with lying(sandbox, "staff", lie):
                assert await failure(sandbox, told, "staff", provider, account="kiem.van") == REFUSED[lie]


@shared
async def test_citizen_has_no_account_of_officials_nor_they_of_citizens(sandbox: str) -> None:
    for name, account in (("staff", ACCOUNT), ("national_portal", "kiem.toan"), ("vneid", "kiem.toan")):
        async with opened(name, sandbox) as provider:
            with pytest.raises(AssertionError, match="no such account"):
                await answered(sandbox, provider, attempt(name, "http://127.0.0.1"), account=account)


@shared
@pytest.mark.parametrize("lie", REFUSED, ids=str)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_lie_signs_nobody_in(sandbox: str, told: Told, name: str, lie: Lie, lines: io.BytesIO) -> None:
    limits = {"total_ms": 6_000} if lie in {Lie.TOKEN_SLOW, Lie.USERINFO_SLOW} else {}
    async with opened(name, sandbox, **limits) as provider:
        await provider.begin(attempt(name, told.origin), soon())
        async with lying(sandbox, name, lie):
            said = await failure(sandbox, told, name, provider)
        assert said == REFUSED[lie]
        assert (await signed_in(sandbox, told, name, provider, ACCOUNT)).personal_id == NUMBER
    assert clean(lines, said)


@shared
@pytest.mark.parametrize("lie", [Lie.NO_LEVEL, Lie.UNKNOWN_LEVEL], ids=str)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_level_that_nobody_knows_is_none(sandbox: str, told: Told, name: str, lie: Lie) -> None:
    async with opened(name, sandbox) as provider, lying(sandbox, name, lie):
        assert (await signed_in(sandbox, told, name, provider, ACCOUNT)).level == 0


@shared
@pytest.mark.parametrize("lie", SEALED, ids=str)
@pytest.mark.parametrize("name", [name for name, one in CONFIGURED.items() if one.decryption_key is not None])
async def test_answer_that_is_not_sealed_for_us_signs_nobody_in(
    sandbox: str, told: Told, name: str, lie: Lie
) -> None:
    async with opened(name, sandbox) as provider, lying(sandbox, name, lie):
        assert await failure(sandbox, told, name, provider) == "login_answer_invalid token.answer_invalid"


@shared
@pytest.mark.parametrize("name", [name for name, one in CONFIGURED.items() if one.discovery])
async def test_discovery_of_another_issuer_leads_nowhere(sandbox: str, told: Told, name: str) -> None:
    async with opened(name, sandbox) as provider, lying(sandbox, name, Lie.DISCOVERY_WRONG_ISSUER):
        with pytest.raises(LoginFailed) as failed:
            await provider.begin(attempt(name, told.origin), soon())
    assert str(failed.value) == "login_answer_invalid: discovery.issuer"


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_cancelled_login_says_so(sandbox: str, told: Told, name: str) -> None:
    async with opened(name, sandbox) as provider:
        assert await failure(sandbox, told, name, provider, cancel=True) == "login_cancelled access_denied"


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_provider_that_is_not_there_ends_the_login_soon(name: str, told: Told) -> None:
    one = attempt(name, told.origin)
    answer = {"state": one.state, "code": "c", "iss": moved(name, NOWHERE).issuer}
    async with opened(name, NOWHERE) as provider:
        with pytest.raises(LoginFailed) as failed:
            async with asyncio.timeout(60):
                await provider.finish(one, answer, soon(120))
    assert failed.value.reason == "login_provider_unavailable"


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_clock_of_the_provider_may_differ_by_a_minute(sandbox: str, told: Told, name: str) -> None:
    """F29: five minutes refuse the login, they do not let anybody in."""
    async with opened(name, sandbox) as provider:
        for ahead, expected in (
            (45, ""),
            (-45, ""),
            (100, "login_clock_differs iat"),
            (300, "login_clock_differs iat"),
            (-7_500, "login_answer_invalid exp"),
        ):
            await order(sandbox, "POST", "clock", {"ahead_seconds": ahead})
            try:
                said = await failure(sandbox, told, name, provider)
            finally:
                await order(sandbox, "POST", "clock", {"ahead_seconds": 0})
            assert said == expected or (not expected and said.startswith("signed in")), (ahead, said)


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_sign_out_there_names_the_session_and_a_forged_one_nothing(
    sandbox: str, told: Told, name: str
) -> None:
    await signed_out(sandbox, name)  # the sessions of other tests
    async with opened(name, sandbox) as provider:
        person = await signed_in(sandbox, told, name, provider, ACCOUNT)
        await signed_out(sandbox, name)
        ended = await provider.logged_out(told.tokens[-1], soon())
        assert (ended.subject, ended.session) == (person.subject, person.session)
        assert ended.token
        for lie, expected in LOGOUTS.items():
            await signed_in(sandbox, told, name, provider, ACCOUNT)
            async with lying(sandbox, name, lie):
                await signed_out(sandbox, name)
            with pytest.raises(LoginFailed) as failed:
                await provider.logged_out(told.tokens[-1], soon())
            assert f"{failed.value.reason} {failed.value.detail}" == expected, lie


async def signed_out(sandbox: str, name: str) -> None:
    await order(sandbox, "POST", "sign_out", {"provider": peer_of(name), "account": ACCOUNT})


@shared
@pytest.mark.parametrize("name", PROVIDERS)
async def test_browser_is_signed_out_there_without_a_number_in_the_address(
    sandbox: str, told: Told, name: str
) -> None:
    async with opened(name, sandbox) as provider:
        person = await signed_in(sandbox, told, name, provider, ACCOUNT)
        back = f"{told.origin}/login/logged-out"
        url = provider.logout_url(person, back, "state-9")
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as response:
            location = response.headers["Location"]
            assert response.status in {302, 303}
    assert location == f"{back}?state=state-9"
    assert NUMBER not in url
