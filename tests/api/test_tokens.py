"""The token endpoint (RFC 6749) and what tokens prove."""

import time
import timeit
from pathlib import Path

import aiohttp
import pytest

from gateway.access.access_tokens import AccessTokens
from gateway.access.keys import open_ring
from gateway.access.requesters import Requesters
from gateway.access.revocations import Revocations
from gateway.config.configuration import Configuration
from gateway.config.gateway import AccessSettings
from gateway.domain.errors import Unauthenticated
from gateway.domain.parties import Requester
from tests.access.memory import Rows
from tests.api.conftest import GOOD, Door

SECRET = "sandbox-only-portal"
ISSUER = "http://127.0.0.1:8080"
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


def _tokens(configuration: Configuration, state: Path, clock: list[float]) -> tuple[AccessTokens, Requesters]:
    requesters = Requesters(configuration.requesters, configuration.root)
    keys, revocations = open_ring(AccessSettings(), state), Revocations(Rows(), lambda: clock[0])
    return AccessTokens(keys, requesters, revocations, lambda: clock[0]), requesters


def _portal(requesters: Requesters) -> Requester:
    known = requesters.client("portal")
    assert known is not None
    return known.requester


def test_token_expires_even_when_it_was_seen_before(
    configuration: Configuration, clock: list[float], tmp_path: Path
) -> None:
    tokens, requesters = _tokens(configuration, tmp_path, clock)
    portal = _portal(requesters)
    token = tokens.mint(portal, "portal", ISSUER, {})
    assert tokens.verify(token, ISSUER).requester == portal
    clock[0] += 599
    assert tokens.verify(token, ISSUER).requester == portal
    clock[0] += 2
    with pytest.raises(Unauthenticated):
        tokens.verify(token, ISSUER)


@pytest.mark.parametrize("seen", [True, False])
def test_token_of_a_clock_that_was_set_back_by_an_hour_does_not_live_an_hour_longer(
    configuration: Configuration, clock: list[float], tmp_path: Path, seen: bool
) -> None:
    tokens, requesters = _tokens(configuration, tmp_path, clock)
    portal = _portal(requesters)
    token = tokens.mint(portal, "portal", ISSUER, {})
    if seen:
        tokens.verify(token, ISSUER)
    clock[0] -= 300  # as clocks of two machines differ
    assert tokens.verify(token, ISSUER).requester == portal
    clock[0] -= 3_300
    with pytest.raises(Unauthenticated):
        tokens.verify(token, ISSUER)
    assert tokens.verify(tokens.mint(portal, "portal", ISSUER, {}), ISSUER).requester == portal
    clock[0] += 300
    assert tokens.verify(tokens.mint(portal, "portal", ISSUER, {}), ISSUER).requester == portal


def test_token_of_another_key_is_refused(
    configuration: Configuration, clock: list[float], tmp_path: Path
) -> None:
    (ours, _), (theirs, requesters) = (_tokens(configuration, tmp_path / one, clock) for one in "ab")
    with pytest.raises(Unauthenticated):
        ours.verify(theirs.mint(_portal(requesters), "portal", ISSUER, {}), ISSUER)


def test_verified_token_costs_little(
    configuration: Configuration, clock: list[float], tmp_path: Path
) -> None:
    tokens, requesters = _tokens(configuration, tmp_path, clock)
    token = tokens.mint(_portal(requesters), "portal", ISSUER, {})
    tokens.verify(token, ISSUER)
    # the quickest of many rounds: a machine that stops for a second stops in few
    rounds = timeit.repeat(lambda: tokens.verify(token, ISSUER), time.process_time, repeat=20, number=50)
    assert min(rounds) / 50 < 10e-6
