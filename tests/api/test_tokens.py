"""The token endpoint (RFC 6749) and what tokens prove."""

import time

import aiohttp
import pytest

from gateway.config import Configuration
from gateway.domain.errors import Unauthenticated
from gateway.policy.requesters import Requesters
from tests.api.conftest import GOOD, Door

SECRET = "sandbox-only-portal"
FORM = {"grant_type": "client_credentials"}


async def _ask(
    door: Door, form: object, name: str = "portal", secret: str = SECRET
) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": aiohttp.encode_basic_auth(name, secret)}
    async with door.client.post(door.base + "/oauth2/token", data=form, headers=headers) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Exchange-Id"]
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
        return answer.status, await answer.json()


async def test_token_opens_the_door_for_its_scopes(door: Door) -> None:
    status, body = await _ask(door, FORM)
    assert (status, body["token_type"]) == (200, "Bearer")
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    async with door.client.post(door.base + "/v1/prefill", json=GOOD, headers=headers) as answer:
        assert answer.status == 200


async def test_narrowed_token_cannot_do_more(door: Door) -> None:
    status, body = await _ask(door, {**FORM, "scope": "papers"})
    assert (status, body["scope"]) == (200, "papers")
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    async with door.client.post(door.base + "/v1/prefill", json=GOOD, headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    ("form", "name", "secret", "status", "error"),
    [
        (FORM, "portal", "wrong", 401, "invalid_client"),
        (FORM, "nobody", "sandbox-only-portal", 401, "invalid_client"),
        (FORM, "portal", "", 401, "invalid_client"),
        ({"grant_type": "password"}, "portal", "sandbox-only-portal", 400, "unsupported_grant_type"),
        ({"a": "b"}, "portal", "sandbox-only-portal", 400, "invalid_request"),
        ({**FORM, "scope": "admin"}, "portal", "sandbox-only-portal", 400, "invalid_scope"),
        ([("grant_type", "client_credentials")] * 2, "portal", "sandbox-only-portal", 400, "invalid_request"),
    ],
)
async def test_refusals_have_the_form_of_the_standard(
    door: Door, form: object, name: str, secret: str, status: int, error: str
) -> None:
    got, body = await _ask(door, form, name, secret)
    assert (got, body["error"]) == (status, error)


@pytest.fixture
def clock() -> list[float]:
    return [1_800_000_000.0]


def test_token_expires_even_when_it_was_seen_before(configuration: Configuration, clock: list[float]) -> None:
    requesters = Requesters(configuration.requesters, b"k" * 32, now=lambda: clock[0])
    portal = requesters.authenticate("portal", "sandbox-only-portal")
    token = requesters.issue(portal, portal.scopes)
    assert requesters.verify(token) == portal
    clock[0] += 599
    assert requesters.verify(token) == portal
    clock[0] += 2
    with pytest.raises(Unauthenticated):
        requesters.verify(token)


@pytest.mark.parametrize("seen", [True, False])
def test_token_of_a_clock_that_was_set_back_by_an_hour_does_not_live_an_hour_longer(
    configuration: Configuration, clock: list[float], seen: bool
) -> None:
    requesters = Requesters(configuration.requesters, b"k" * 32, now=lambda: clock[0])
    portal = requesters.authenticate("portal", "sandbox-only-portal")
    token = requesters.issue(portal, portal.scopes)
    if seen:
        requesters.verify(token)
    clock[0] -= 300  # as clocks of two machines differ
    assert requesters.verify(token) == portal
    clock[0] -= 3_300
    with pytest.raises(Unauthenticated):
        requesters.verify(token)
    assert requesters.verify(requesters.issue(portal, portal.scopes)) == portal
    clock[0] += 300
    assert requesters.verify(requesters.issue(portal, portal.scopes)) == portal


def test_token_of_another_key_is_refused(configuration: Configuration) -> None:
    ours, theirs = (Requesters(configuration.requesters, key * 32) for key in (b"a", b"b"))
    portal = theirs.authenticate("portal", "sandbox-only-portal")
    with pytest.raises(Unauthenticated):
        ours.verify(theirs.issue(portal, portal.scopes))


def test_verified_token_costs_little(configuration: Configuration) -> None:
    requesters = Requesters(configuration.requesters, b"k" * 32)
    portal = requesters.authenticate("portal", "sandbox-only-portal")
    token = requesters.issue(portal, portal.scopes)
    requesters.verify(token)
    begun = time.perf_counter()
    for _ in range(1_000):
        requesters.verify(token)
    assert (time.perf_counter() - begun) / 1_000 < 10e-6
