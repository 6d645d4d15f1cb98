"""Answers of an identity provider: what lies, is late or broken; each ends as its reason, and says no more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from gateway.domain.errors import ConfigError
from gateway.ports.identity import LoginAttempt, LoginFailed
from tests.adapters.bus_peer import soon
from tests.adapters.raw_peers import HandClock
from tests.login.openid_peer import (
    ACCOUNT,
    ATTEMPT,
    CLIENT,
    CODE,
    NAME,
    NUMBER,
    REDIRECT,
    SECRET,
    FakeProvider,
    finished,
    refused,
    relying,
    rsa_key,
    serving,
    signed,
    words_of,
)

TOKEN, USERINFO = "/oauth2/token", "/oauth2/userinfo"  # paths
DISCOVERY = "/oauth2/token/.well-known/openid-configuration"
GOOD = {"access_token": "access-1", "id_token": "e30.e30.e30", "token_type": "Bearer"}


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with serving() as found:
        yield found


def saying(status: int, body: Any) -> Callable[[], web.Response]:
    return lambda: web.json_response(body, status=status)


# ------------------------------------------------------------ what came back with the browser

RESPONSES: dict[str, tuple[dict[str, Any], str]] = {
    "another state": ({"state": "state-2"}, "login_forged state"),
    "a state that is no text": ({"state": "\udc80"}, "login_forged state"),
    "a blank state": ({"state": ""}, "login_forged state"),
    "another issuer": ({"iss": "https://other.example"}, "login_forged response_iss"),
    "a blank issuer": ({"iss": ""}, "login_forged response_iss"),
    "no code": ({"code": ""}, "login_answer_invalid code"),
    "a very long code": ({"code": "c" * 2_049}, "login_answer_invalid code"),
    "a code with a line break": ({"code": "c\r\nHost: x"}, "login_answer_invalid code"),
    "cancelled": ({"error": "access_denied"}, "login_cancelled access_denied"),
    "away": ({"error": "temporarily_unavailable"}, "login_provider_unavailable temporarily_unavailable"),
    "refused": ({"error": "login_required"}, "login_provider_refused login_required"),
    "an error that nobody knows": ({"error": f"<b>{NUMBER}</b>"}, "login_provider_refused response_error"),
    "a forged error": ({"error": "access_denied", "state": "x"}, "login_forged state"),
}


@pytest.mark.parametrize("name", RESPONSES)
async def test_response_that_is_not_of_this_login_calls_nobody(fake: FakeProvider, name: str) -> None:
    answer, expected = RESPONSES[name]
    async with relying(fake) as provider:
        assert await refused(provider, **answer) == expected
    assert fake.asked == []


async def test_response_without_issuer_counts_where_the_settings_say_so(fake: FakeProvider) -> None:
    async with relying(fake, options={"response_iss": "required"}) as provider:
        assert await refused(provider) == "login_forged response_iss"
        await finished(provider, iss=fake.issuer)


# ------------------------------------------------------------ the token endpoint

TOKENS: dict[str, tuple[Callable[[], Any], str]] = {
    "a used code": (saying(400, {"error": "invalid_grant"}), "login_forged invalid_grant"),
    "a wrong secret": (saying(401, {"error": "invalid_client"}), "login_provider_refused invalid_client"),
    "an error with a number": (saying(400, {"error": NUMBER}), "login_provider_refused token_error"),
    "a list of errors": (saying(400, {"error": ["invalid_grant"]}), "login_provider_refused token_error"),
    "an error of another form": (saying(400, ["invalid_grant"]), "login_answer_invalid token.answer_invalid"),
    "forbidden": (saying(403, {}), "login_provider_refused token.access_refused"),
    "too often": (saying(429, {}), "login_provider_unavailable token.receiver_busy"),
    "broken": (saying(502, {}), "login_provider_unavailable token.receiver_fault"),
    "nothing": (lambda: web.Response(status=204), "login_answer_invalid token.answer_invalid"),
    "no object": (saying(200, [GOOD]), "login_answer_invalid token.answer_invalid"),
    "a kind of token twice": (
        lambda: web.Response(
            body=b'{"access_token":"a","id_token":"b","token_type":"Bearer","token_type":"mac"}',
            content_type="application/json",
        ),
        "login_answer_invalid token.answer_invalid",
    ),
    "a token bound to a key": (saying(200, GOOD | {"token_type": "DPoP"}), "login_answer_invalid token.answer_invalid"),
    "a number as token": (saying(200, GOOD | {"access_token": 7}), "login_answer_invalid token.answer_invalid"),
    "a token with a line break": (
        saying(200, GOOD | {"access_token": "a\nX-Admin: 1"}), "login_answer_invalid token.answer_invalid",
    ),
    "a very long token": (saying(200, GOOD | {"id_token": "a" * 16_385}), "login_answer_invalid token.answer_invalid"),
    "an answer of half a megabyte": (
        saying(200, GOOD | {"more": "x" * 500_000}), "login_answer_invalid token.answer_invalid",
    ),
    "one token for both": (saying(200, GOOD | {"access_token": GOOD["id_token"]}), "login_forged access_token"),
    "two parts": (saying(200, GOOD | {"id_token": "e30.e30"}), "login_answer_invalid token_form"),
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
async def test_token_answer_that_lies_ends_as_its_reason(fake: FakeProvider, name: str) -> None:
    fake.instead[TOKEN], expected = TOKENS[name]
    async with relying(fake) as provider:
        said = await refused(provider)
    assert said == expected
    assert fake.paths() == [TOKEN]


async def test_code_is_sent_once_even_when_the_connection_breaks(fake: FakeProvider) -> None:
    """Userinfo is only read: it is asked for again."""
    fake.broken.add(TOKEN)
    async with relying(fake, limits={"retry_budget": 1}) as provider:
        assert (await refused(provider)).startswith("login_provider_unavailable token.")
        assert fake.paths() == [TOKEN]
        fake.broken = {USERINFO}
        assert (await refused(provider)).startswith("login_provider_unavailable userinfo.")
    assert fake.paths().count(TOKEN) == 2
    assert fake.paths().count(USERINFO) == 2


async def test_silent_provider_ends_within_its_limit_and_the_time_of_the_request(fake: FakeProvider) -> None:
    fake.silent.add(TOKEN)
    async with relying(fake, limits={"total_ms": 300}) as provider:
        async with asyncio.timeout(10):
            assert await refused(provider) == "login_provider_unavailable token.answer_missing"
    async with relying(fake, limits={"total_ms": 60_000}) as provider:
        with pytest.raises(LoginFailed) as failed:
            async with asyncio.timeout(10):
                await provider.finish(ATTEMPT, {"state": ATTEMPT.state, "code": CODE}, soon(0.2))
    assert failed.value.reason == "login_provider_unavailable"


async def test_provider_that_fails_again_and_again_is_paused(fake: FakeProvider) -> None:
    fake.instead[TOKEN] = saying(500, {})
    async with relying(fake, limits={"breaker_failures": 3, "retry_budget": 0}) as provider:
        for index in range(8):
            attempt = LoginAttempt(state=f"s{index}", nonce="n", verifier="v" * 43, redirect_uri=REDIRECT)
            said = await refused(provider, attempt)
    assert said == "login_provider_unavailable token.receiver_paused"
    assert len(fake.asked) < 8


# ------------------------------------------------------------ times and age


async def test_login_that_a_system_wants_fresh_is_refused_when_it_is_old(fake: FakeProvider) -> None:
    fresh = LoginAttempt(
        state="state-1", nonce="nonce-1", verifier="v" * 43, redirect_uri=REDIRECT, longest=120
    )
    async with relying(fake, clock_skew_seconds=30) as provider:
        fake.claims = {"auth_time": fake.now() - 140}
        await finished(provider, fresh)
        fake.claims = {"auth_time": fake.now() - 160}
        assert await refused(provider, fresh) == "login_expired auth_time"
        fake.claims = {"auth_time": None}
        assert await refused(provider, fresh) == "login_answer_invalid auth_time"
        assert (await finished(provider)).at == pytest.approx(fake.now(), abs=2)
        fake.claims = {"auth_time": fake.now() - 3_700}
        assert await refused(provider) == "login_expired auth_time"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"auth_time": True}, "login_answer_invalid auth_time"),
        ({"auth_time": "now"}, "login_answer_invalid auth_time"),
        ({"auth_time": 9e15}, "login_answer_invalid auth_time"),
        ({"iat": None}, "login_answer_invalid iat"),
        ({"nbf": "soon"}, "login_answer_invalid nbf"),
        ({"aud": []}, "login_forged aud"),
        ({"aud": {"motlan": 1}}, "login_forged aud"),
        ({"aud": [CLIENT, "other"]}, "login_forged azp"),
        ({"aud": [CLIENT], "azp": "other"}, "login_forged azp"),
        ({"nonce": 7}, "login_forged nonce"),
        ({"at_hash": 7}, "login_forged at_hash"),
        ({"sub": ""}, "login_answer_invalid sub"),
        ({"sub": "ab" * 128}, "login_answer_invalid sub"),
        ({"sub": "đ"}, "login_answer_invalid sub"),
        ({"sub": 7}, "login_answer_invalid sub"),
    ],
    ids=repr,
)
async def test_claim_of_a_wrong_form_signs_nobody_in(
    fake: FakeProvider, claims: dict[str, Any], expected: str
) -> None:
    fake.claims = claims
    async with relying(fake) as provider:
        assert await refused(provider) == expected
    assert USERINFO not in fake.paths()


async def test_several_audiences_count_where_azp_names_us(fake: FakeProvider) -> None:
    fake.claims = {"aud": ["other", CLIENT], "azp": CLIENT, "at_hash": None, "sid": 7}
    async with relying(fake) as provider:
        assert (await finished(provider)).session == ""


# ------------------------------------------------------------ userinfo


async def test_person_of_the_id_token_must_be_the_person_of_userinfo(fake: FakeProvider) -> None:
    """A provider that mixes up two people: nobody is signed in."""
    async with relying(fake) as provider:
        fake.claims = {"SoDinhDanh": NUMBER, "TechID": "TID-90", "MaSoThue": "0916911353"}
        await finished(provider)
        fake.claims = {"SoDinhDanh": "033190482619"}
        assert await refused(provider) == "login_forged claims.personal_id"
        fake.claims = {"TechID": "TID-91"}
        assert await refused(provider) == "login_forged claims.account"


async def test_claims_that_the_profile_does_not_name_are_not_read(fake: FakeProvider) -> None:
    fake.account |= {
        "citizenPid": "033190482619",
        "personal_id": "033190482619",
        "level": 3,
        "email": "a@b.example",
    }
    async with relying(fake) as provider:
        person = await finished(provider)
    assert (person.personal_id, person.level) == (NUMBER, 2)
    assert "a@b.example" not in {str(value) for value in vars_of(person)}


def vars_of(person: Any) -> list[object]:
    return [getattr(person, name) for name in person.__slots__]


async def test_signed_userinfo_is_taken_signed_only(fake: FakeProvider) -> None:
    def token(more: dict[str, Any], key: str = "") -> Callable[[], web.Response]:
        words = {**ACCOUNT, "iss": fake.issuer, "aud": CLIENT, **more}
        text = signed(words, rsa_key(key) if key else None)
        return lambda: web.Response(text=text, content_type="application/jwt")

    async with relying(fake, options={"userinfo_as": "jwt"}) as provider:
        fake.instead[USERINFO] = token({})
        assert (await finished(provider)).personal_id == NUMBER
        for said, expected in (
            (token({}, "stranger"), "login_forged signature"),
            (token({"aud": "other"}), "login_forged aud"),
            (token({"iss": "https://other.example"}), "login_forged iss"),
            (token({"sub": "account-2"}), "login_forged userinfo.sub"),
            (saying(200, ACCOUNT), "login_answer_invalid userinfo.answer_invalid"),
        ):
            fake.instead[USERINFO] = said
            assert await refused(provider) == expected
    fake.instead[USERINFO] = token({})
    async with relying(fake) as provider:
        assert await refused(provider) == "login_answer_invalid userinfo.answer_invalid"


async def test_claims_of_the_id_token_serve_where_there_is_no_userinfo(fake: FakeProvider) -> None:
    fake.claims = {name: value for name, value in ACCOUNT.items() if name != "sub"}
    async with relying(fake, options={"userinfo": "none"}) as provider:
        assert (await finished(provider)).full_name == NAME
    assert USERINFO not in fake.paths()


# ------------------------------------------------------------ discovery


async def test_addresses_are_discovered_once_an_hour(fake: FakeProvider) -> None:
    clock = HandClock()
    async with relying(fake, clock, discovery=True, endpoints={}) as provider:
        assert provider.logout_url(await finished(provider), "https://motlan.example/out", "s").startswith(
            f"{fake.url}/oidc/logout?id_token_hint="
        )
        url = await provider.begin(ATTEMPT, soon())
        assert fake.paths().count(DISCOVERY) == 1
        clock.seconds += 3_600
        await provider.begin(ATTEMPT, soon())
    assert url.startswith(f"{fake.url}/oauth2/authorize?response_type=code")
    assert fake.paths().count(DISCOVERY) == 2


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": ({"issuer": "https://other.example"}, "discovery.issuer"),
    "of the issuer with a slash": ({"issuer": "/"}, "discovery.issuer"),
    "that sends the secret elsewhere": ({"token_endpoint": "https://evil.example/token"}, "discovery.token_endpoint"),
    "that takes keys from elsewhere": ({"jwks_uri": "https://evil.example/jwks"}, "discovery.jwks_uri"),
    "that sends the browser elsewhere": (
        {"authorization_endpoint": "https://evil.example/"}, "discovery.authorization_endpoint",
    ),
    "that hides a host": ({"jwks_uri": "http://127.0.0.1:1@evil.example/"}, "discovery.jwks_uri"),
    "with a number as address": ({"end_session_endpoint": 7}, "discovery.end_session_endpoint"),
    "without keys": ({"jwks_uri": None}, "discovery.jwks_uri"),
    "without userinfo": ({"userinfo_endpoint": ""}, "discovery.userinfo_endpoint"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
async def test_discovery_that_lies_leads_nowhere(fake: FakeProvider, name: str) -> None:
    lie, expected = LIES[name]
    said = fake.metadata() | lie
    if lie.get("issuer") == "/":
        said["issuer"] = fake.issuer + "/"
    fake.instead[DISCOVERY] = lambda: said
    async with relying(fake, discovery=True, endpoints={}) as provider:
        assert await refused(provider) == f"login_answer_invalid {expected}"


async def test_pinned_address_stays_and_may_be_elsewhere(fake: FakeProvider) -> None:
    async with serving() as other:
        other.account, pinned = fake.account, {"userinfo": f"{other.url}/oauth2/userinfo"}
        async with relying(fake, discovery=True, endpoints=pinned) as provider:
            assert (await finished(provider)).personal_id == NUMBER
        assert other.paths() == [USERINFO]
    assert USERINFO not in fake.paths()


async def test_promise_of_discovery_to_name_the_issuer_is_kept(fake: FakeProvider) -> None:
    said = fake.metadata() | {"authorization_response_iss_parameter_supported": True}
    fake.instead[DISCOVERY] = lambda: said
    async with relying(fake, discovery=True, endpoints={}) as provider:
        assert await refused(provider) == "login_forged response_iss"
        await finished(provider, iss=fake.issuer)


async def test_discovery_that_is_away_ends_the_login_before_it_begins(fake: FakeProvider) -> None:
    fake.instead[DISCOVERY] = lambda: web.Response(status=404)
    async with relying(fake, discovery=True, endpoints={}) as provider:
        with pytest.raises(LoginFailed) as failed:
            await provider.begin(ATTEMPT, soon())
    assert str(failed.value) == "login_provider_unavailable: discovery.access_refused"


# ------------------------------------------------------------ logout and settings


async def test_address_of_the_logout_does_not_name_the_person(fake: FakeProvider) -> None:
    back = {"post_logout_redirect_uri": "https://motlan.example/out", "state": "s-1"}
    async with relying(fake) as provider:
        person = await finished(provider)
        plain = words_of(provider.logout_url(person, "https://motlan.example/out", "s-1"))
        assert plain == {"id_token_hint": person.id_token, **back}
        for claims in ({"SoDinhDanh": NUMBER}, {"preferred_username": NUMBER}, {"HoVaTen": NAME}):
            fake.claims = dict(claims)
            named = words_of(
                provider.logout_url(await finished(provider), "https://motlan.example/out", "s-1")
            )
            assert named == {"client_id": CLIENT, **back}, claims


async def test_provider_without_a_logout_page_has_no_address(fake: FakeProvider) -> None:
    endpoints = fake.settings().endpoints.model_dump() | {"logout": ""}
    async with relying(fake, endpoints=endpoints) as provider:
        assert provider.logout_url(await finished(provider), "https://motlan.example/out", "s") == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"endpoints": {}}, "'endpoints.authorize' is missing"),
        ({"client_secret": None}, "'client_secret' is missing"),
        ({"options": {"userinfo": "put"}}, "options.userinfo"),
        ({"options": {"useinfo": "get"}}, "did you mean 'userinfo'"),
        ({"options": {"tls": {"ca": "nowhere.pem"}}}, "options.tls"),
    ],
    ids=repr,
)
async def test_settings_that_cannot_work_are_refused_at_start(
    fake: FakeProvider, words: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        async with relying(fake, **words):
            pass


async def test_nothing_that_fails_says_a_secret_or_a_person(fake: FakeProvider) -> None:
    fake.claims = {"nonce": "another"}
    async with relying(fake) as provider:
        try:
            await finished(provider)
        except LoginFailed as failed:
            said = f"{failed!r} {failed.__cause__!r} {failed.__context__!r}"
    for word in (NUMBER, NAME, SECRET, CODE, "access-1", "eyJ", ATTEMPT.nonce, ATTEMPT.state):
        assert word not in said
