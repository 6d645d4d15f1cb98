"""Assertions of a client (RFC 7523): the good one is taken once, whatever is not quite one is not taken at all."""

import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.access.conftest import KIND, Harbourfront, Port
from tests.access.signing import assertion, edwards, p256
from tests.flows.conftest import on_session

NOW = int(time.time())
#: what is wrong -> claims and header of the assertion
SPOILED: dict[str, dict[str, Any]] = {
    "for another": {"audience": "https://elsewhere.example/oauth2/token"},
    "for us and another": {"also": "https://elsewhere.example"},
    "for nobody": {"audience": None},
    "no audience in a list": {"audience": []},
    "another subject": {"sub": "harbour"},
    "no subject": {"sub": None},
    "another issuer": {"iss": "harbour"},
    "issuer of nobody": {"iss": "nobody", "sub": "nobody"},
    "issuer is a list": {"iss": ["coast"]},
    "expired": {"iat": NOW - 900, "exp": NOW - 800},
    "lives a day": {"exp": NOW + 86_400},
    "never expires": {"exp": None},
    "expires in words": {"exp": "soon"},
    "expires true": {"exp": True},
    "not yet": {"nbf": NOW + 86_400},
    "issued ahead": {"iat": NOW + 86_400},
    "no jti": {"jti": None},
    "jti is a number": {"jti": 7},
    "long jti": {"jti": "x" * 400},
    "access token": {"header": {"typ": "at+jwt"}},
    "proof": {"header": {"typ": "dpop+jwt"}},
    "none": {"header": {"alg": "none"}},
    "HS256": {"header": {"alg": "HS256"}},
    "alg of another curve": {"header": {"alg": "EdDSA"}},
    "brings its key": {"header": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}},
    "jku": {"header": {"jku": "http://catcher.invalid/jwks"}},
    "x5u": {"header": {"x5u": "http://catcher.invalid/x"}},
    "kid of nobody": {"header": {"kid": "AAAA"}},
    "kid is a path": {"header": {"kid": "/dev/null"}},
    "crit": {"header": {"crit": ["exp"]}},
}  # fmt: skip


def made(port: Port, spoil: dict[str, Any]) -> str:
    claims = dict(spoil)
    audience = claims.pop("audience", port.issuer)
    if "also" in claims:
        audience = [audience, claims.pop("also")]
    return assertion(port.key, port.client, audience, **claims)


def shown(said: str, **more: str) -> dict[str, str]:
    return {"client_assertion_type": KIND, "client_assertion": said, **more}


@on_session
async def test_assertion_is_taken_once_and_spoiled_ones_never(front: Harbourfront) -> None:
    port = front.port("coast")
    for name, spoil in SPOILED.items():
        answer = await port.fetch(shown(made(port, spoil)))
        assert (answer.status, answer.body.get("error")) == (401, "invalid_client"), (name, answer)
    good = made(port, {})
    assert (await port.fetch(shown(good))).status == 200
    again = await port.fetch(shown(good))
    assert (again.status, "used before" in again.body["error_description"]) == (401, True)


GOOD: dict[str, Callable[[Port], str]] = {
    "issuer": lambda port: assertion(port.key, port.client, port.issuer),
    "token endpoint": lambda port: assertion(port.key, port.client, f"{port.issuer}/oauth2/token"),
    "list of one": lambda port: assertion(port.key, port.client, [port.issuer]),
    "typ of the new draft": lambda port: assertion(
        port.key, port.client, port.issuer, header={"typ": "client-authentication+jwt"}
    ),
    "no typ": lambda port: assertion(port.key, port.client, port.issuer, header={"typ": None}),
    "thumbprint as kid": lambda port: assertion(
        port.key, port.client, port.issuer, header={"kid": _kid(port)}
    ),
}


def _kid(port: Port) -> str:
    from gateway.jose.jwk import of

    return of(port.key.public_key()).thumbprint


@on_session
@pytest.mark.parametrize("name", GOOD)
async def test_assertion_as_clients_write_it_is_taken(front: Harbourfront, name: str) -> None:
    port = front.port("coast")
    assert (await port.fetch(shown(GOOD[name](port)))).status == 200


@on_session
async def test_client_proves_itself_in_the_one_way_that_is_its_own(front: Harbourfront) -> None:
    port = front.port("coast")
    refused: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "key of another": (shown(assertion(p256(), "coast", port.issuer)), {}),
        "key of another kind": (shown(assertion(edwards(), "coast", port.issuer)), {}),
        "other client in the form": (shown(made(port, {}), client_id="harbour"), {}),
        "no type": ({"client_assertion": made(port, {})}, {}),
        "type of SAML": (
            {**shown(made(port, {})), "client_assertion_type": KIND.replace("jwt", "saml2")},
            {},
        ),
        "assertion and secret": (shown(made(port, {})), {"Authorization": "Basic Y29hc3Q6eA=="}),
        "secret of a client that signs": ({}, {"Authorization": "Basic Y29hc3Q6"}),
        "secret in the body": ({"client_id": "portal", "client_secret": "sandbox-only-portal"}, {}),
        "a name alone": ({"client_id": "coast"}, {}),
        "assertion of a client with a secret": (shown(assertion(port.key, "portal", port.issuer)), {}),
        "nothing": ({}, {}),
    }
    for name, (form, headers) in refused.items():
        answer = await port.fetch(form, **headers)
        assert answer.status in {400, 401}, name
        assert answer.body["error"] in {"invalid_client", "invalid_request"}, name
    assert (await port.fetch(shown(made(port, {}), client_id="coast"))).status == 200


@on_session
@pytest.mark.parametrize("other", ["authorization", "client_secret"])
async def test_two_ways_at_once_are_none_and_cost_nothing(front: Harbourfront, other: str) -> None:
    port = front.port("coast")
    form = shown(made(port, {}))
    both = {**form, "client_secret": "sandbox-only-portal"} if other == "client_secret" else form
    headers = {"Authorization": aiohttp.encode_basic_auth("portal", "sandbox-only-portal")}
    refused = await port.fetch(both, **(headers if other == "authorization" else {}))
    assert (refused.status, refused.body["error"]) == (400, "invalid_request")
    assert (await port.fetch(form)).status == 200
