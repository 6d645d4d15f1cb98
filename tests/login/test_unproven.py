"""T9, T10, T11 where tokens are shown: attacks are refused with a record, controls pass, their replays do not.

Attacks on codes, addresses and refresh tokens have their records in `test_openid_attacks.py`.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from gateway.api.unproven import ADDRESS_MOST, MOST, UnprovenRefusals
from tests.access.signing import assertion, b64, edwards, jws, p256, proof, unb64
from tests.login.provider import KIND, Provider, Reply, System

INFO = "/oauth2/userinfo"


@dataclass
class Stage:
    """Two systems: the attacked one, and the one that attacks."""

    provider: Provider
    system: System
    neighbour: System
    #: what the attacked one got
    tokens: dict[str, str]


class Attack(NamedTuple):
    """`of`: which system is attacked. `code`: how its record names it."""

    of: str
    code: str
    route: str
    run: Callable[[Stage], Awaitable[Reply]]


def shown(spoil: Callable[[Stage], str], path: str = INFO) -> Callable[[Stage], Awaitable[Reply]]:
    """A bearer token that is not the system's."""
    return lambda at: at.system.get(path, Authorization=f"Bearer {spoil(at)}")


def other_algorithm(at: Stage) -> str:
    header, claims = (json.loads(unb64(part)) for part in at.tokens["id_token"].split(".")[:2])
    return f"{b64(json.dumps(header | {'alg': 'none'}))}.{b64(json.dumps(claims))}."


def own_key(at: Stage) -> str:
    header, claims = (json.loads(unb64(part)) for part in at.tokens["id_token"].split(".")[:2])
    return jws(header | {"alg": "EdDSA", "typ": "at+jwt"}, claims, edwards())


def by_stranger(path: str, kind: str = "") -> Callable[[Stage], Awaitable[Reply]]:
    """A client that proves itself with the wrong secret, or with a key that is not its own."""

    async def run(at: Stage) -> Reply:
        stranger = System(at.provider.url, at.provider.http, at.system.client, secret="guess")
        form = {"token": at.tokens["access_token"], "grant_type": "refresh_token", "refresh_token": "x"}
        if kind:
            stranger.secret, stranger.key = "", edwards()
        return await stranger.post(path, form)

    return run


async def assertion_again(at: Stage) -> Reply:
    """The control, replayed."""
    said = {
        "client_assertion_type": KIND,
        "client_assertion": assertion(at.provider.keys["pushing"], "pushing", at.provider.url),
    }
    nobody = System(at.provider.url, at.provider.http, "pushing")
    first = await nobody.post("/oauth2/introspect", {**said, "token": at.tokens["access_token"]})
    assert (first.status, first.json["active"]) == (200, True)
    return await nobody.post("/oauth2/revoke", {**said, "token": at.tokens["access_token"]})


async def proof_again(at: Stage) -> Reply:
    token, key = at.tokens["access_token"], at.system.bound
    assert key is not None
    said = proof(key, "GET", at.system.url + INFO, at.system.nonce, token)
    assert (await at.system.userinfo(token, "DPoP", DPoP=said)).status == 200
    return await at.system.userinfo(token, "DPoP", DPoP=said)


async def stolen(at: Stage) -> Reply:
    said = proof(p256(), "GET", at.system.url + INFO, at.system.nonce, at.tokens["access_token"])
    return await at.system.userinfo(at.tokens["access_token"], "DPoP", DPoP=said)


ATTACKS = {
    "T9: token of nobody at userinfo": Attack("provincial", "invalid_token", INFO, shown(lambda _: "at_guess")),
    "T9: alg none at userinfo": Attack("provincial", "invalid_token", INFO, shown(other_algorithm)),
    "T9: own key at userinfo": Attack("provincial", "invalid_token", INFO, shown(own_key)),
    "T9: ID token at userinfo": Attack("provincial", "invalid_token", INFO, shown(lambda at: at.tokens["id_token"])),
    "T9: own key at data": Attack("provincial", "invalid_token", "/v1/sources", shown(own_key, "/v1/sources")),
    "T9: person's token at data": Attack(
        "provincial", "invalid_token", "/v1/sources", shown(lambda at: at.tokens["access_token"], "/v1/sources")
    ),
    "T9: assertion by another key at par": Attack(
        "pushing", "invalid_client", "/oauth2/par", by_stranger("/oauth2/par", "key")
    ),
    "T9: assertion by another key at introspection": Attack(
        "pushing", "invalid_client", "/oauth2/introspect", by_stranger("/oauth2/introspect", "key")
    ),
    "T10: wrong secret at the token endpoint": Attack(
        "provincial", "invalid_client", "/oauth2/token", by_stranger("/oauth2/token")
    ),
    "T10: wrong secret at introspection": Attack(
        "provincial", "invalid_client", "/oauth2/introspect", by_stranger("/oauth2/introspect")
    ),
    "T10: wrong secret at revocation": Attack(
        "provincial", "invalid_client", "/oauth2/revoke", by_stranger("/oauth2/revoke")
    ),
    "T10: another system's token at revocation": Attack(
        "provincial", "unauthorized_client", "/oauth2/revoke",
        lambda at: at.neighbour.post("/oauth2/revoke", {"token": at.tokens["access_token"]}),
    ),
    "T10: stolen token with the thief's key": Attack("bound", "invalid_dpop_proof", INFO, stolen),
    "T11: assertion again, elsewhere": Attack("pushing", "invalid_client", "/oauth2/revoke", assertion_again),
    "T11: proof again": Attack("bound", "invalid_dpop_proof", INFO, proof_again),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
async def test_attack_on_tokens_is_refused_with_a_record_and_the_control_passes(
    provider: Provider, name: str
) -> None:
    attack = ATTACKS[name]
    system = provider.system(attack.of)
    at = Stage(provider, system, provider.system("neighbour"), await tokens(system))
    if system.bound is not None:
        assert (await system.prove(at.tokens["access_token"])).status == 200
    before = len(provider.log.records)
    reply = await attack.run(at)
    assert reply.status in {400, 401}
    (record,) = provider.log.records[before:]
    assert (record.phase, record.result, record.notes) == ("refusal", attack.code, {"route": attack.route})
    assert record.exchange == reply.headers["X-Exchange-Id"]
    assert record.requester == ("neighbour" if attack.code == "unauthorized_client" else "")
    # the control: the system's own token counts as before
    good = at.tokens["access_token"]
    assert (await (system.prove(good) if system.bound is not None else system.userinfo(good))).status == 200


async def tokens(system: System) -> dict[str, str]:
    if system.client != "pushing":
        return dict(await system.tokens())
    uri = (await system.post("/oauth2/par", system.asking())).json["request_uri"]
    code = (await system.authorize({"client_id": system.client, "request_uri": uri})).back["code"]
    return dict((await system.redeem(code)).json)


async def test_flood_of_forged_tokens_leaves_bounded_records_that_count_the_rest(provider: Provider) -> None:
    system = provider.system()
    good = (await system.tokens())["access_token"]
    before = len(provider.log.records)
    for _ in range(ADDRESS_MOST + 5):
        assert (await system.userinfo("at_guess")).status == 401
    for _ in range(ADDRESS_MOST):
        await system.userinfo("at_guess")
    provider.clock.ahead += 60
    await system.userinfo("at_guess")
    of_these = provider.log.records[before:]
    assert len(of_these) + sum(int(one.notes.get("left_out", 0)) for one in of_these) == 2 * ADDRESS_MOST + 6
    assert len(of_these) <= 3 * ADDRESS_MOST
    assert (await system.userinfo(good)).status == 200


async def test_refusal_while_the_log_is_away_is_counted_by_the_next_record(provider: Provider) -> None:
    system = provider.system()
    provider.log.up = False
    assert [(await system.userinfo("at_guess")).status for _ in range(3)] == [401] * 3
    provider.log.up = True
    await system.userinfo("at_guess")
    assert [one.notes["left_out"] for one in provider.log.records] == [3]


async def test_caller_that_shows_no_token_leaves_no_record(provider: Provider) -> None:
    system = provider.system()
    assert (await system.get(INFO)).status == 401
    assert (await system.get("/v1/sources")).status == 401
    assert provider.log.records == []


def test_records_of_many_addresses_are_bounded_in_all() -> None:
    bound = UnprovenRefusals()
    taken = [bound.takes(f"10.0.{number // 250}.{number % 250}", 1) for number in range(MOST + 50)]
    assert taken == [True] * MOST + [False] * 50
    assert bound.left_out == 50
    assert bound.takes("10.0.0.1", 2)
