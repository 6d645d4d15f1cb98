"""Signing in at the national portal: what is asked there, and who comes back (national-portal.md B.2, B.3)."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from gateway.domain.login import AccountKind
from gateway.jose import jws
from gateway.ports.identity import LoginAttempt
from tests.adapters.bus_peer import soon
from tests.login.openid_peer import (
    ATTEMPT,
    CLIENT,
    CODE,
    NAME,
    NUMBER,
    REDIRECT,
    SECRET,
    FakeProvider,
    basic_of,
    finished,
    refused,
    relying,
    serving,
    words_of,
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with serving() as found:
        yield found


async def test_browser_is_sent_with_all_that_binds_the_login_and_no_secret(fake: FakeProvider) -> None:
    async with relying(fake) as provider:
        url = await provider.begin(ATTEMPT, soon())
        again = LoginAttempt(
            state="s", nonce="n", verifier="v" * 43, redirect_uri=REDIRECT, again=True, longest=60
        )
        forced = words_of(await provider.begin(again, soon()))
    assert url.startswith(f"{fake.url}/oauth2/authorize?")
    assert words_of(url) == {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid", "acr_values": "LoA1",
        "state": ATTEMPT.state, "nonce": ATTEMPT.nonce, "max_age": "3600", "code_challenge_method": "S256",
        "code_challenge": jws.encoded(hashlib.sha256(ATTEMPT.verifier.encode()).digest()),
    }  # fmt: skip
    assert (forced["prompt"], forced["max_age"]) == ("login", "60")
    assert fake.asked == []


async def test_citizen_comes_back_with_name_number_and_level(fake: FakeProvider) -> None:
    async with relying(fake) as provider:
        person = await finished(provider, iss=fake.issuer)
    assert (person.provider, person.subject, person.account) == ("national_portal", "account-1", "TID-90")
    assert (person.personal_id, person.full_name, person.birth_date) == (NUMBER, NAME, "1988-04-12")
    assert (person.kind, person.level, person.session) == (AccountKind.CITIZEN, 2, "session-1")
    assert person.at == fake.now() - 5
    assert person.id_token.count(".") == 2
    assert NUMBER not in repr(person)
    method, path, _, form = fake.asked[0]
    assert (method, path) == ("POST", "/oauth2/token")
    assert form == {
        "grant_type": "authorization_code", "code": CODE, "redirect_uri": REDIRECT, "client_id": CLIENT,
        "client_secret": SECRET, "code_verifier": ATTEMPT.verifier,
    }  # fmt: skip
    method, path, headers, _ = fake.asked[-1]
    assert (method, path, headers["Authorization"]) == ("GET", "/oauth2/userinfo", "Bearer access-1")


async def test_secret_goes_in_the_header_and_userinfo_by_post_where_the_settings_say_so(
    fake: FakeProvider,
) -> None:
    async with relying(fake, options={"client_auth": "basic", "userinfo": "post"}) as provider:
        await finished(provider)
    _, _, headers, form = fake.asked[0]
    assert "client_secret" not in form
    assert "client_id" not in form
    assert basic_of(headers) == "motlan:client%3A+s%26cret"
    method, path, headers, form = fake.asked[-1]
    assert (method, path, headers["Authorization"], form) == (
        "POST",
        "/oauth2/userinfo",
        "Bearer access-1",
        {},
    )


async def test_account_without_identifier_at_the_portal_is_refused(fake: FakeProvider) -> None:
    del fake.account["TechID"]
    async with relying(fake) as provider:
        assert await refused(provider) == "login_no_account claims.account"
