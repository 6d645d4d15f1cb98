"""Keys of an identity provider: its published ones and no others, fetched seldom, changed without a failed login."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.portals.published import FRESH_SECONDS, REST_SECONDS
from gateway.domain.errors import ConfigError
from gateway.jose import jwk, jws
from gateway.ports.identity import LoginFailed
from tests.adapters.bus_peer import soon
from tests.adapters.raw_peers import HandClock
from tests.login.openid_peer import (
    ATTEMPT,
    Claims,
    FakeProvider,
    finished,
    jwk_of,
    refused,
    relying,
    rsa_key,
    serving,
    signed,
)

JWKS = "/oauth2/jwks"
#: keys were fetched a moment ago: whether the token is forged is not known yet
RESTING = "login_provider_unavailable jwks.resting"
EDWARDS, CURVE = Ed25519PrivateKey.generate(), ec_key(SECP256R1())


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with serving() as found:
        yield found


def by_key(key: Any, kid: str = "k1", **header: Any) -> Callable[[Claims], str]:
    """Makes ID tokens by Ed25519 or P-256; their `at_hash` is left out."""
    return lambda claims: jws.sign({"typ": "JWT", "kid": kid, **header}, without_hash(claims), key)


def by_pss(claims: Claims) -> str:
    head = {"alg": "PS256", "typ": "JWT", "kid": "k1"}
    text = f"{jws.encoded(orjson.dumps(head))}.{jws.encoded(orjson.dumps(claims))}"
    signature = rsa_key().sign(text.encode(), PSS(MGF1(SHA256()), SHA256.digest_size), SHA256())
    return f"{text}.{jws.encoded(signature)}"


def without_hash(claims: Claims) -> Claims:
    return {name: value for name, value in claims.items() if name != "at_hash"}


def published(key: Any, **more: Any) -> dict[str, Any]:
    return {**jwk.jwk_of(key.public_key()), "kid": "k1", **more}


ALGORITHMS: dict[str, tuple[dict[str, Any], Callable[[Claims], str]]] = {
    "RS256": (jwk_of(rsa_key()), signed),
    "PS256": (jwk_of(rsa_key(), alg="PS256"), by_pss),
    "ES256": (published(CURVE), by_key(CURVE)),
    "EdDSA": (published(EDWARDS), by_key(EDWARDS)),
}


@pytest.mark.parametrize("name", ALGORITHMS)
async def test_algorithm_counts_where_the_settings_name_it_and_nowhere_else(
    fake: FakeProvider, name: str
) -> None:
    key, fake.make = ALGORITHMS[name]
    fake.keys = [key]
    async with relying(fake, algorithms=[name]) as provider:
        assert (await finished(provider)).subject == "account-1"
    others = [one for one in ALGORITHMS if one != name]
    async with relying(fake, algorithms=others) as provider:
        assert await refused(provider) == "login_forged alg"


@pytest.mark.parametrize("name", ["HS256", "none", "RS512", "rs256"])
async def test_algorithm_that_never_counts_is_refused_at_start(fake: FakeProvider, name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is no algorithm"):
        async with relying(fake, algorithms=[name]):
            pass


async def test_at_hash_of_each_algorithm_is_that_of_the_standard(fake: FakeProvider) -> None:
    fake.keys = [published(EDWARDS)]
    right = jws.encoded(hashlib.sha512(b"access-1").digest()[:32])
    fake.claims = {"at_hash": right}
    fake.make = lambda claims: jws.sign({"typ": "JWT", "kid": "k1"}, claims, EDWARDS)
    async with relying(fake, algorithms=["EdDSA"]) as provider:
        await finished(provider)
        fake.claims = {"at_hash": right[:-1]}
        assert await refused(provider) == "login_forged at_hash"


UNUSABLE: dict[str, dict[str, Any]] = {
    "of 1024 bits": jwk_of(rsa_key("short", 1_024)),
    "for encryption": jwk_of(rsa_key(), use="enc"),
    "for other operations": jwk_of(rsa_key(), key_ops=["encrypt"]),
    "of another algorithm": jwk_of(rsa_key(), alg="PS256"),
    "of an algorithm that never counts": jwk_of(rsa_key(), alg="RS512"),
    "with an even exponent": {**jwk_of(rsa_key()), "e": "Ag"},
    "with an exponent of 40 bytes": {**jwk_of(rsa_key()), "e": "A" * 40},
    "without a modulus": {**jwk_of(rsa_key()), "n": 7},
    "that is a secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
    "of low order": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "k1"},
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_key_that_must_not_be_used_verifies_nothing(fake: FakeProvider, name: str) -> None:
    """Beside a good key of another name."""
    fake.keys = [UNUSABLE[name], jwk_of(rsa_key("other"), "k2")]
    if name == "of 1024 bits":
        fake.make = lambda claims: signed(claims, rsa_key("short", 1_024))
    async with relying(fake) as provider:
        assert await refused(provider) == "login_forged kid"


NO_SETS: dict[str, Any] = {
    "an empty object": {}, "an object of keys": {"keys": {}}, "a list": [], "no keys": {"keys": []},
    "a number": {"keys": [7]}, "an empty key": {"keys": [{}]}, "too many keys": {"keys": [jwk_of(rsa_key())] * 65},
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SETS)
async def test_set_that_has_no_key_signs_nobody_in(fake: FakeProvider, name: str) -> None:
    fake.instead[JWKS] = lambda: NO_SETS[name]
    async with relying(fake) as provider:
        assert (await refused(provider)).startswith("login_answer_invalid jwks")


async def test_new_key_is_fetched_when_a_token_names_it_but_not_each_time(fake: FakeProvider) -> None:
    clock = HandClock()
    async with relying(fake, clock) as provider:
        await finished(provider)
        fake.make = lambda claims: signed(claims, rsa_key("new"), kid="k2")
        assert await refused(provider) == "login_forged kid"
        assert await refused(provider) == RESTING
        assert fake.paths().count(JWKS) == 2
        fake.keys = [jwk_of(rsa_key("new"), "k2"), *fake.keys]
        assert await refused(provider) == RESTING
        assert fake.paths().count(JWKS) == 2
        clock.seconds += REST_SECONDS
        await finished(provider)
        fake.make = signed
        await finished(provider)
        assert fake.paths().count(JWKS) == 3


async def test_logout_token_of_anybody_delays_no_login_by_a_new_key(fake: FakeProvider) -> None:
    clock = HandClock()
    async with relying(fake, clock) as provider:
        await finished(provider)
        clock.seconds += REST_SECONDS
        for fetched in (2, 2):  # at most each ten seconds for these too
            with pytest.raises(LoginFailed, match="kid"):
                await provider.logged_out(signed(fake.id_claims(), rsa_key("stranger"), kid="k9"), soon())
            assert fake.paths().count(JWKS) == fetched
        fake.keys = [jwk_of(rsa_key("new"), "k2")]
        fake.make = lambda claims: signed(claims, rsa_key("new"), kid="k2")
        await finished(provider)
        assert fake.paths().count(JWKS) == 3


async def test_key_that_is_published_no_more_is_forgotten_within_an_hour(fake: FakeProvider) -> None:
    clock = HandClock()
    async with relying(fake, clock) as provider:
        await finished(provider)
        fake.keys = [jwk_of(rsa_key("new"), "k2")]
        await finished(provider)
        clock.seconds += FRESH_SECONDS
        assert await refused(provider) == "login_forged kid"


async def test_known_keys_serve_while_their_address_is_silent_but_not_for_a_day(fake: FakeProvider) -> None:
    clock = HandClock()
    async with relying(fake, clock) as provider:
        await finished(provider)
        fake.instead[JWKS] = lambda: web.Response(status=500)
        clock.seconds += FRESH_SECONDS
        await finished(provider)
        clock.seconds += 24 * FRESH_SECONDS
        assert await refused(provider) == "login_provider_unavailable jwks.receiver_fault"


async def test_fifty_logins_at_once_fetch_the_keys_once(fake: FakeProvider) -> None:
    async with relying(fake) as provider:
        found = await asyncio.gather(*(finished(provider) for _ in range(50)))
    assert {one.subject for one in found} == {"account-1"}
    assert fake.paths().count(JWKS) == 1


async def test_token_without_kid_is_tried_with_the_published_keys(fake: FakeProvider) -> None:
    fake.make = lambda claims: without_kid(claims, rsa_key())
    fake.keys = [jwk_of(rsa_key("other"), "k2"), *fake.keys]
    async with relying(fake) as provider:
        await finished(provider)
        fake.make = lambda claims: without_kid(claims, rsa_key("stranger"))
        assert await refused(provider) == "login_forged signature"


def without_kid(claims: Claims, key: RSAPrivateKey) -> str:
    text = f"{jws.encoded(orjson.dumps({'alg': 'RS256'}))}.{jws.encoded(orjson.dumps(claims))}"
    return f"{text}.{jws.encoded(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


async def test_logout_token_is_verified_by_the_same_keys(fake: FakeProvider) -> None:
    events: Claims = {"http://schemas.openid.net/event/backchannel-logout": {}}
    claims = {
        "iss": fake.issuer, "aud": "motlan", "iat": fake.now(), "exp": fake.now() + 60, "jti": "j1",
        "sid": "session-1", "events": events,
    }  # fmt: skip
    async with relying(fake) as provider:
        found = await provider.logged_out(signed(claims, typ="logout+jwt"), soon())
    assert (found.session, found.subject, found.token) == ("session-1", "", "j1")
    assert ATTEMPT.nonce not in repr(found)
    assert fake.now() < found.until <= fake.now() + 600


@pytest.mark.parametrize(
    ("claims", "header", "expected"),
    [
        ({"iat": -400, "exp": 60}, {}, "login_answer_invalid iat"),
        ({"exp": None}, {}, "login_answer_invalid exp"),
        ({"jti": None}, {}, "login_answer_invalid jti"),
        ({"jti": 7}, {}, "login_answer_invalid jti"),
        ({"sid": None}, {}, "login_answer_invalid sub"),
        ({"sid": ""}, {}, "login_answer_invalid sub"),
        ({"events": {"other": {}}}, {}, "login_forged events"),
        ({"events": []}, {}, "login_forged events"),
        ({"nonce": None}, {"typ": "JWT"}, "login_forged typ"),
    ],
)
async def test_logout_token_that_is_not_whole_ends_nothing(
    fake: FakeProvider, claims: Claims, header: Claims, expected: str
) -> None:
    good: Claims = {
        "iss": fake.issuer, "aud": "motlan", "iat": 0, "exp": 60, "jti": "j1", "sid": "session-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    words = {name: value for name, value in {**good, **claims}.items() if value is not None}
    words |= {name: fake.now() + words[name] for name in ("iat", "exp") if name in words}
    async with relying(fake) as provider:
        with pytest.raises(LoginFailed) as failed:
            await provider.logged_out(signed(words, **{"typ": "logout+jwt", **header}), soon())
    assert f"{failed.value.reason} {failed.value.detail}" == expected


async def test_logout_token_without_a_type_counts_where_the_settings_say_so(fake: FakeProvider) -> None:
    claims: Claims = {
        "iss": fake.issuer, "aud": "motlan", "iat": fake.now(), "exp": fake.now() + 60, "jti": "j1", "sub": "account-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    async with relying(fake, options={"logout_typ": "optional"}) as provider:
        found = await provider.logged_out(signed(claims), soon())
        assert (found.subject, found.session) == ("account-1", "")
        with pytest.raises(LoginFailed, match="events"):
            await provider.logged_out(signed(fake.id_claims()), soon())
