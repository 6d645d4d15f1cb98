"""A stranger registers a requester, fetches a token bound to a key, and calls; a thief of the token does not."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.api.tokens import SCOPES
from tests import typed
from tests.access.conftest import Harbourfront, add, copied
from tests.access.signing import edwards, p256
from tests.flows.conftest import new_official, on_session

WHO = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}


@on_session
async def test_bound_token_opens_the_door_with_its_key_and_is_worth_nothing_to_a_thief(
    front: Harbourfront,
) -> None:
    owner = front.port()
    token = await owner.token()
    body = {"procedure": "1.004873", "subjects": {"requester": WHO, "person": {"same_as": "requester"}},
            "official": new_official()}  # fmt: skip
    headers = {"Authorization": f"DPoP {token}", "DPoP": owner.proof("POST", "/v1/prefill", token)}
    async with front.session.post(f"{front.url}/v1/prefill", json=body, headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.json())["fields"]["nxnHoTen"]["state"] == "filled"
    # the thief has the token and every proof that was ever sent with it
    async with front.session.post(f"{front.url}/v1/prefill", json=body, headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == "invalid_dpop_proof"
    thief = front.port()
    thief.nonce = owner.nonce
    assert thief.bound is not owner.bound
    for stolen in (
        await thief.bearer(token),
        await thief.prove(token),
        await thief.call(Authorization=f"DPoP {token}"),
    ):
        assert stolen.status == 401
        assert stolen.headers["WWW-Authenticate"].startswith("DPoP ")
    assert (await owner.prove(token)).status == 200


def asking(url: str, client: str, key: Path) -> list[str]:
    whom = ["--subject", "requester=-", "--subject", "person=same:requester"]
    return [
        "prefill",
        "1.004873",
        "--gateway",
        url,
        "--client-id",
        client,
        "--client-key",
        str(key),
        *whom,
        "--json",
    ]


@on_session
@pytest.mark.parametrize("client", ["harbour", "coast", "keeper"])
async def test_command_line_asks_with_the_key_that_it_was_given(
    front: Harbourfront, client: str, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = front.keys[client].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    words = asking(front.url, client, tmp_path / "key.pem")
    said = await asyncio.to_thread(lambda: typed.motlan(*words, given=json.dumps(WHO)))
    if client == "keeper":  # it may not
        assert (said.code, "scope_missing" in said.out) == (1, True), said
    else:
        assert said.code == 0, said
        assert json.loads(said.out)["form"]["nxnHoTen"] == "Trần Thị Mẫu"


@on_session
async def test_key_of_somebody_else_is_refused_on_the_command_line(
    front: Harbourfront, tmp_path: Path
) -> None:
    assert (
        add(copied(tmp_path), "nobody", "--scope", "prefill", "--key-out", str(tmp_path / "key.pem")).code
        == 0
    )
    words = asking(front.url, "harbour", tmp_path / "key.pem")
    said = await asyncio.to_thread(lambda: typed.motlan(*words, given=json.dumps(WHO)))
    assert (said.code, "client authentication failed" in said.err) == (2, True), said


@on_session
async def test_requester_that_must_bind_gets_no_plain_token(front: Harbourfront) -> None:
    refused = await front.port().fetch()
    assert (refused.status, refused.body["error"]) == (400, "invalid_dpop_proof")
    assert refused.headers["DPoP-Nonce"]
    plain = await front.port("coast").plain()
    assert (await front.port("coast").bearer(plain)).status == 200
    shown = front.port("coast")
    await shown.learn_nonce()
    assert (await shown.prove(plain)).status == 401  # it is bound to no key


@on_session
async def test_client_sees_and_ends_its_own_tokens_and_an_administrator_sees_all(front: Harbourfront) -> None:
    harbour, coast, keeper = (front.port(name) for name in ("harbour", "coast", "keeper"))
    token = await harbour.token()
    own = await harbour.post("/oauth2/introspect", {**harbour.form(), "token": token})
    assert own.body["active"]
    assert (own.body["client_id"], own.body["scope"], own.body["token_type"]) == (
        "harbour",
        "prefill",
        "DPoP",
    )
    assert set(own.body["cnf"]) == {"jkt"}
    assert (await keeper.post("/oauth2/introspect", {**keeper.form(), "token": token})).body["active"]
    strange = await coast.post("/oauth2/introspect", {**coast.form(), "token": token})
    never = await coast.post("/oauth2/introspect", {**coast.form(), "token": "nonsense"})
    assert strange.body == never.body == {"active": False}
    assert (await coast.post("/oauth2/revoke", {**coast.form(), "token": token})).body[
        "error"
    ] == "unauthorized_client"
    assert (await harbour.prove(token)).status == 200
    assert (await harbour.post("/oauth2/revoke", {**harbour.form(), "token": token})).status == 200
    ended = await harbour.prove(token)
    assert (ended.status, ended.body["code"]) == (401, "token_revoked")
    assert (await harbour.post("/oauth2/introspect", {**harbour.form(), "token": token})).body == {
        "active": False
    }
    for word in ("nonsense", token):
        assert (await harbour.post("/oauth2/revoke", {**harbour.form(), "token": word})).status == 200
    nobody = await harbour.post("/oauth2/introspect", {"token": token})
    assert (nobody.status, nobody.body["error"]) == (401, "invalid_client")
    missing = await harbour.post("/oauth2/revoke", harbour.form())
    assert (missing.status, missing.body["error"]) == (400, "invalid_request")


@on_session
async def test_metadata_names_what_there_is(front: Harbourfront) -> None:
    told = (await front.port().call("/.well-known/oauth-authorization-server")).body
    assert told["issuer"] == front.url
    assert told["scopes_supported"] == SCOPES
    assert told["token_endpoint_auth_methods_supported"][:1] == ["private_key_jwt"]
    for name in ("jwks_uri", "token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        async with front.session.get(told[name]) as answer:
            assert answer.status == (200 if name == "jwks_uri" else 405)
    keys = (await front.port().call("/oauth2/jwks")).body["keys"]
    assert len(keys) == len({key["kid"] for key in keys}) >= 2
    assert not any("d" in key for key in keys)


@on_session
async def test_nonce_is_demanded_and_a_made_up_one_is_not_taken(front: Harbourfront) -> None:
    one = front.port()
    refused = await one.fetch(DPoP=one.proof("POST", "/oauth2/token"))
    assert (refused.status, refused.body["error"]) == (400, "use_dpop_nonce")
    token = await one.token()
    for nonce in ("", "AAAAAAAAAAAAAAAAAAAAAA", "nón"):
        one.nonce = nonce
        shown = await one.prove(token)
        assert (shown.status, shown.body["code"]) == (401, "use_dpop_nonce")
        assert 'error="use_dpop_nonce"' in shown.headers["WWW-Authenticate"]
        assert shown.headers["DPoP-Nonce"] != nonce
    one.nonce = shown.headers["DPoP-Nonce"]
    assert (await one.prove(token)).status == 200


@on_session
async def test_proof_is_for_one_request_with_one_token(front: Harbourfront) -> None:
    one = front.port()
    token, other = await one.token(), await one.token()
    spoiled = {
        "method": one.proof("POST", "/v1/sources", token),
        "address": one.proof("GET", "/v1/prefill", token),
        "host": one.proof("GET", "/v1/sources", token, htu="http://elsewhere.example/v1/sources"),
        "other token": one.proof("GET", "/v1/sources", other),
        "no token": one.proof("GET", "/v1/sources"),
        "hour ago": one.proof("GET", "/v1/sources", token, iat=1_700_000_000),
        "no iat": one.proof("GET", "/v1/sources", token, iat=None),
        "iat in words": one.proof("GET", "/v1/sources", token, iat="now"),
        "iat true": one.proof("GET", "/v1/sources", token, iat=True),
        "no jti": one.proof("GET", "/v1/sources", token, jti=None),
        "long jti": one.proof("GET", "/v1/sources", token, jti="x" * 300),
        "blank jti": one.proof("GET", "/v1/sources", token, jti=""),
        "typ": one.proof("GET", "/v1/sources", token, header={"typ": "JWT"}),
        "no typ": one.proof("GET", "/v1/sources", token, header={"typ": None}),
        "no key": one.proof("GET", "/v1/sources", token, header={"jwk": None}),
        "key of another": one.proof("GET", "/v1/sources", token, header={"jwk": dict(_jwk(edwards()))}),
        "private key": one.proof("GET", "/v1/sources", token, header={"jwk": {**_jwk(one.bound), "d": "AA"}}),
        "crit": one.proof("GET", "/v1/sources", token, header={"crit": ["x"], "x": 1}),
        "alg": one.proof("GET", "/v1/sources", token, header={"alg": "EdDSA"}),
        "no proof": "",
        "no jws": "a.b.c",
    }
    for name, shown in spoiled.items():
        answer = await one.call(Authorization=f"DPoP {token}", DPoP=shown)
        assert (answer.status, answer.body["code"]) == (401, "invalid_dpop_proof"), name
    both = [("Authorization", f"DPoP {token}"), *[("DPoP", one.proof("GET", "/v1/sources", token))] * 2]
    async with front.session.get(f"{front.url}/v1/sources", headers=both) as twice:
        assert twice.status == 401
    assert (await one.prove(token)).status == 200
    query = one.proof("GET", "/v1/audit/proof/inclusion", token)  # 'htu' has no query
    looked = await one.call(
        "/v1/audit/proof/inclusion?leaf_hash=00", Authorization=f"DPoP {token}", DPoP=query
    )
    assert looked.status != 401


def _jwk(key: object) -> dict[str, str]:
    from tests.access.signing import jwk

    return jwk(key)  # type: ignore[arg-type]


@on_session
async def test_token_of_one_key_is_not_taken_with_a_proof_of_another(front: Harbourfront) -> None:
    one = front.port()
    token = await one.token()
    one.bound = p256()
    answer = await one.prove(token)
    assert (answer.status, "another key" in answer.body["detail"]) == (401, True)
