"""T10: attacks on the OpenID provider are refused with a record; the control passes, and its replay is refused."""

import asyncio
import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from gateway.login.id_token_signing import LoginKeys
from tests.access.signing import p256, proof
from tests.login.provider import BACK, Provider, Reply, System, certified, running

REFUSED = ("login_refused", "not_answerable")


def _assert_no_way_out(reply: Reply) -> None:
    """An answer of this gateway that leads nowhere else."""
    assert (reply.status, "Location" in reply.headers) == (400, False), reply.text
    assert reply.json["exchange_id"] == reply.headers["X-Exchange-Id"]
    assert "evil" not in reply.text


# ----------------------------------------------------------------------------------------------- redirect_uri


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/callback",
        BACK + "/",
        BACK + "?",
        BACK + "?next=https://evil.example",
        BACK + "#fragment",
        BACK + "/../../evil",
        BACK + "%2f..%2fevil",
        BACK + "\n",
        BACK + "\t@evil.example",
        BACK.upper(),
        BACK.replace("https", "http"),
        BACK.replace("dvc.example.vn", "dvc.example.vn:443"),
        BACK.replace("dvc.example.vn", "dvc.example.vn."),
        BACK.replace("dvc.example.vn", "dvc.example.vn.evil.example"),
        BACK.replace("dvc.example.vn", "evil.dvc.example.vn"),
        BACK.replace("https://", "https://dvc.example.vn@evil.example/"),
        BACK.replace("https://", "https://evil.example\\@"),
        BACK.replace("https://", "//"),
        BACK.replace("example", "ехample"),  # two letters that are Cyrillic
        "javascript:alert(1)//" + BACK,
        "http://127.0.0.1:9/callback",
        "http://localhost/callback",
        f"{BACK} {BACK}",
        "",
        None,
    ],
)
async def test_no_other_address_is_answered_than_a_registered_one(
    provider: Provider, address: str | None
) -> None:
    system = provider.system()
    _assert_no_way_out(await system.authorize(redirect_uri=address))
    # also when there is another fault, which would be answered
    _assert_no_way_out(await system.authorize(redirect_uri=address, response_type="token"))
    pushed = await system.post("/oauth2/par", system.asking(redirect_uri=address))
    assert (pushed.status, pushed.json["error"]) == (400, "invalid_request")
    assert provider.recorded() == [REFUSED] * 3
    assert "code" in (await system.authorize()).back


@pytest.mark.parametrize("client", ["", "nobody", "portal", "provincial\0", "PROVINCIAL", None])
async def test_requester_that_logs_nobody_in_is_not_answered(provider: Provider, client: str | None) -> None:
    _assert_no_way_out(await provider.system().authorize(client_id=client))
    # anybody can cause it: recorded within the bounds of unproven refusals
    assert provider.recorded() == [("login_refused", "client_unknown")]


async def test_revoked_system_logs_nobody_in(provider: Provider) -> None:
    system = provider.system()
    tokens, code = await system.tokens(), await system.code()
    await provider.access.revocations.revoke_requester("provincial")
    _assert_no_way_out(await system.authorize())
    assert (await system.redeem(code)).json["error"] == "invalid_client"
    assert (await system.refresh(tokens["refresh_token"])).json["error"] == "invalid_client"
    assert (await system.userinfo(tokens["access_token"])).status == 401
    # restored, it begins anew: nothing of before comes back
    await provider.access.revocations.restore_requester("provincial")
    assert (await system.userinfo(tokens["access_token"])).status == 401
    assert (await system.refresh(tokens["refresh_token"])).json["error"] == "invalid_grant"
    fresh = await system.tokens()
    assert (await system.userinfo(fresh["access_token"])).status == 200


# ----------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": {"name": 1}}'}, "invalid_request"),
        ({"claims": '{"userinfo": {}, "userinfo": {"name": null}}'}, "invalid_request"),
        ({"claims": '{"id_token": {"acr": {"values": "3"}}}'}, "invalid_request"),
        (
            {"claims": '{"id_token": {"acr": {"essential": true, "value": "gold"}}}'},
            "unmet_authentication_requirements",
        ),
        ({"claims": "[" * 2_000}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"procedure": "1.004873/../x"}, "invalid_request"),
        ({"procedure": "033301482957"}, "invalid_request"),
        ({"agency": "<script>"}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
    ],
)
async def test_wrong_parameter_is_answered_to_the_system_with_state_and_issuer(
    provider: Provider, more: dict[str, str | None], error: str
) -> None:
    back = (await provider.system().authorize(**more)).back
    assert (back["error"], back["state"], back["iss"]) == (error, "the-state", provider.url)
    assert "code" not in back
    assert provider.recorded() == [("login_refused", error)]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_mode"])
async def test_address_that_is_given_twice_is_none(provider: Provider, name: str) -> None:
    system = provider.system()
    good = urlencode(system.asking(response_mode="query"))
    for value in ("https://evil.example", system.asking(response_mode="query")[name]):
        for query in (f"{good}&{name}={quote(value)}", f"{name}={quote(value)}&{good}"):
            _assert_no_way_out(await system.authorize(query))


@pytest.mark.parametrize(
    "name", ["scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt"]
)
async def test_parameter_that_is_given_twice_is_refused(provider: Provider, name: str) -> None:
    system = provider.system()
    good = system.asking(prompt="consent")
    back = (await system.authorize(f"{urlencode(good)}&{name}={quote(good[name])}")).back
    assert (back["error"], back.get("state")) == ("invalid_request", None if name == "state" else "the-state")
    form = [*good.items(), (name, good[name])]
    pushed = await system.post("/oauth2/par", dict(form))
    assert pushed.status == 201  # the control
    async with provider.http.post(
        f"{provider.url}/oauth2/authorize", data=form, allow_redirects=False
    ) as answer:
        assert "error=invalid_request" in answer.headers["Location"]


async def test_state_cannot_write_headers_or_markup(provider: Provider) -> None:
    system = provider.system()
    state = 'x\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>"'
    assert (await system.authorize(state=state)).back["state"] == state
    page = await system.authorize(state=state, response_mode="form_post")
    assert "<script>alert" not in page.text
    assert "Set-Cookie" not in page.headers


# ----------------------------------------------------------------------------------------------- PKCE


@pytest.mark.parametrize(
    "more",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "="*43},
        {"code_challenge": ""},
    ],
)  # fmt: skip
async def test_request_without_s256_is_refused(provider: Provider, more: dict[str, str | None]) -> None:
    system = provider.system()
    assert (await system.authorize(**more)).back["error"] == "invalid_request"
    assert (await system.post("/oauth2/par", system.asking(**more))).json["error"] == "invalid_request"
    assert provider.recorded() == [("login_refused", "invalid_request")] * 2


@pytest.mark.parametrize("verifier", ["", "wrong" * 10, "the challenge", "x" * 129, "é" * 43])
async def test_code_without_its_verifier_is_worth_nothing_and_is_used_up(
    provider: Provider, verifier: str
) -> None:
    system = provider.system()
    code = await system.code()
    shown = system.asking()["code_challenge"] if verifier == "the challenge" else verifier
    refused = await system.redeem(code, code_verifier=shown)
    if not verifier:
        assert refused.json["error"] == "invalid_request"
        assert provider.recorded()[1:] == [("login_refused", "code_parameters")]
        assert (await system.redeem(code)).status == 200
        return
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    assert provider.recorded()[1:] == [("login_refused", "verifier_wrong"), ("login_refused", "code_unknown")]


# ----------------------------------------------------------------------------------------------- codes


async def test_code_of_the_victim_does_not_work_in_the_login_of_the_attacker(provider: Provider) -> None:
    victim, attacker = provider.system(), provider.system()
    stolen, own = await victim.code(), await attacker.code()
    assert (await attacker.redeem(stolen)).json["error"] == "invalid_grant"
    assert (await attacker.redeem(own)).status == 200


async def test_code_works_once_and_a_replay_ends_all_that_came_of_it(provider: Provider) -> None:
    system = provider.system()
    code = await system.code()
    first = (await system.redeem(code)).json
    fresh = (await system.refresh(first["refresh_token"])).json
    assert (await system.userinfo(fresh["access_token"])).status == 200
    assert await _code_of_use(system, first["login"]) != "login_not_proven"
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    for token in (first["access_token"], fresh["access_token"]):
        assert (await system.userinfo(token)).status == 401
    assert (await system.refresh(fresh["refresh_token"])).json["error"] == "invalid_grant"
    assert ("code_replayed", "code_replayed") in provider.recorded()
    assert await _code_of_use(system, first["login"]) == "login_not_proven"


async def _code_of_use(system: System, handle: str) -> str:
    """The problem that a use of a handle ends with."""
    form = {"grant_type": "client_credentials", "scope": "prefill"}
    token = (await system.post("/oauth2/token", form)).json["access_token"]
    body = {"procedure": "1.004873", "subjects": {}, "login": handle}
    headers = {"Authorization": f"Bearer {token}"}
    async with system.http.post(f"{system.url}/v1/prefill", json=body, headers=headers) as answer:
        return str((await answer.json())["code"])


async def test_of_two_redemptions_at_the_same_time_one_wins_at_most_and_its_tokens_are_ended(
    provider: Provider,
) -> None:
    for _ in range(5):
        system = provider.system()
        code = await system.code()
        replies = await asyncio.gather(system.redeem(code), system.redeem(code), system.redeem(code))
        won = [one.json for one in replies if one.status == 200]
        assert len(won) <= 1
        assert {one.json["error"] for one in replies if one.status != 200} == {"invalid_grant"}
        for body in won:
            assert (await system.userinfo(body["access_token"])).status == 401
    assert ("code_replayed", "code_replayed") in provider.recorded()


async def test_code_of_another_system_is_refused_and_used_up(provider: Provider) -> None:
    system, neighbour = provider.system(), provider.system("neighbour")
    code = await system.code()
    neighbour.verifier = system.verifier
    assert (await neighbour.redeem(code)).json["error"] == "invalid_grant"
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    assert ("login_refused", "code_of_another") in provider.recorded()


@pytest.mark.parametrize("address", ["https://dvc.example.vn/other", BACK + "/", "https://evil.example"])
async def test_code_is_redeemed_with_the_address_of_its_request(provider: Provider, address: str) -> None:
    system = provider.system()
    assert (await system.redeem(await system.code(), redirect_uri=address)).json["error"] == "invalid_grant"
    assert ("login_refused", "redirect_uri_differs") in provider.recorded()


@pytest.mark.parametrize("change", ["last", "grant", "kind", "long", "nul"])
async def test_guessed_code_is_nobodys_and_ends_nothing(provider: Provider, change: str) -> None:
    system = provider.system()
    code = await system.code()
    last, grant = ("A" if code[at] != "A" else "B" for at in (-1, 3))
    guess = {
        "last": code[:-1] + last, "grant": code[:3] + grant + code[4:], "kind": "at_" + code[3:],
        "long": code + "A" * 5_000, "nul": code + "\0",
    }[change]  # fmt: skip
    assert (await system.redeem(guess)).json["error"] == "invalid_grant"
    assert (await system.redeem(code)).status == 200


async def test_code_needs_the_authentication_of_its_system(provider: Provider) -> None:
    system = provider.system()
    code = await system.code()
    thief = System(provider.url, provider.http, "provincial", secret="guess", verifier=system.verifier)
    assert (await thief.redeem(code)).status == 401
    thief.secret = ""
    assert (await thief.redeem(code, client_id="provincial")).status == 401
    assert (await system.redeem(code)).status == 200


async def test_code_for_one_key_is_not_redeemed_with_another(provider: Provider) -> None:
    system = provider.system("bound")
    pushed = await system.post("/oauth2/par", system.asking())  # its proof names the key
    code = (await system.authorize({"client_id": "bound", "request_uri": pushed.json["request_uri"]})).back[
        "code"
    ]
    system.bound = p256()
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    assert ("login_refused", "key_differs") in provider.recorded()


# ----------------------------------------------------------------------------------------------- PAR


async def test_pushed_request_is_used_once_by_its_own_system_and_within_its_time(provider: Provider) -> None:
    system, neighbour = provider.system(), provider.system("neighbour")
    uri = (await system.post("/oauth2/par", system.asking())).json["request_uri"]
    _assert_no_way_out(await neighbour.authorize({"client_id": "neighbour", "request_uri": uri}))
    _assert_no_way_out(await system.authorize({"client_id": "provincial", "request_uri": uri[:-1]}))
    async with provider.http.head(
        f"{provider.url}/oauth2/authorize?client_id=provincial&request_uri={uri}"
    ) as look:
        assert look.status == 200
    # what stands beside it does not count
    beside = {
        "client_id": "provincial",
        "request_uri": uri,
        "redirect_uri": "https://evil.example",
        "state": "other",
    }
    assert (await system.authorize(beside)).back["state"] == "the-state"
    _assert_no_way_out(await system.authorize({"client_id": "provincial", "request_uri": uri}))
    old = (await system.post("/oauth2/par", system.asking())).json["request_uri"]
    provider.clock.ahead += 91
    _assert_no_way_out(await system.authorize({"client_id": "provincial", "request_uri": old}))
    assert provider.recorded().count(REFUSED) == 4


async def test_system_that_must_push_is_not_served_otherwise(provider: Provider) -> None:
    system = provider.system("pushing")
    assert (await system.authorize()).back["error"] == "invalid_request"
    unknown = System(provider.url, provider.http, "pushing")
    assert (await unknown.post("/oauth2/par", unknown.asking())).status == 401
    other = provider.system()
    assert (await other.post("/oauth2/par", system.asking())).status == 401  # in the name of another
    nested = await system.post(
        "/oauth2/par", system.asking(request_uri="urn:ietf:params:oauth:request_uri:x")
    )
    assert nested.json["error"] == "request_uri_not_supported"
    assert (await system.post("/oauth2/par", system.asking())).status == 201


@pytest.mark.parametrize("more", [{"max_age": "1"}, {"prompt": "login"}])
async def test_login_before_a_pushed_request_is_used_is_no_new_login(
    provider: Provider, more: dict[str, str]
) -> None:
    system = provider.system()
    uri = (await system.post("/oauth2/par", system.asking(**more))).json["request_uri"]
    provider.clock.ahead += 5
    await provider.sign_in(anew=provider.clock.seconds())
    provider.clock.ahead += 5
    back = (await system.authorize({"client_id": "provincial", "request_uri": uri})).back
    assert back["error"] == "login_required"


# ----------------------------------------------------------------------------------------------- refresh tokens


async def test_old_refresh_token_ends_all_that_came_of_the_login(provider: Provider) -> None:
    system = provider.system()
    first = await system.tokens()
    second = (await system.refresh(first["refresh_token"])).json
    third = (await system.refresh(second["refresh_token"])).json
    assert (await system.userinfo(third["access_token"])).status == 200
    assert (await system.refresh(first["refresh_token"])).json["error"] == "invalid_grant"
    for body in (first, second, third):
        assert (await system.userinfo(body["access_token"])).status == 401
    assert (await system.refresh(third["refresh_token"])).json["error"] == "invalid_grant"
    assert ("refresh_replayed", "refresh_replayed") in provider.recorded()


async def test_refresh_token_before_the_newest_is_answered_for_ten_seconds_only(provider: Provider) -> None:
    system = provider.system()
    first = await system.tokens()
    second = (await system.refresh(first["refresh_token"])).json
    provider.clock.ahead += 11
    assert (await system.refresh(first["refresh_token"])).json["error"] == "invalid_grant"
    assert (await system.refresh(second["refresh_token"])).json["error"] == "invalid_grant"


async def test_refresh_token_of_another_system_ends_its_grant(provider: Provider) -> None:
    system, neighbour = provider.system(), provider.system("neighbour")
    body = await system.tokens()
    assert (await neighbour.refresh(body["refresh_token"])).json["error"] == "invalid_grant"
    assert (await system.userinfo(body["access_token"])).status == 401
    assert ("login_refused", "refresh_of_another") in provider.recorded()


async def test_of_refreshes_at_the_same_time_all_end_with_one_newest_token(provider: Provider) -> None:
    system = provider.system()
    body = await system.tokens()
    replies = await asyncio.gather(*(system.refresh(body["refresh_token"]) for _ in range(4)))
    newest = {one.json["refresh_token"] for one in replies if one.status == 200}
    assert len(newest) == 1
    assert (await system.refresh(newest.pop())).status == 200


# ----------------------------------------------------------------------------------------------- tokens


async def test_token_of_another_system_can_be_neither_seen_nor_ended(provider: Provider) -> None:
    system, neighbour = provider.system(), provider.system("neighbour")
    body = await system.tokens()
    for token in (body["access_token"], body["refresh_token"]):
        strange = await neighbour.post("/oauth2/introspect", {"token": token})
        assert strange.json == {"active": False}
        ended = await neighbour.post("/oauth2/revoke", {"token": token})
        assert ended.json["error"] == "unauthorized_client"
        assert (
            await System(provider.url, provider.http, "x").post("/oauth2/introspect", {"token": token})
        ).status == 401
    assert (await system.userinfo(body["access_token"])).status == 200


async def test_bound_token_is_worth_nothing_to_a_thief(provider: Provider) -> None:
    system = provider.system("bound")
    token = (await system.tokens())["access_token"]
    address = f"{provider.url}/oauth2/userinfo"
    seen = proof(system.bound, "GET", address, system.nonce, token)  # type: ignore[arg-type]
    assert (await system.userinfo(token, "DPoP", DPoP=seen)).status == 200
    other = p256()
    thefts = [
        await system.userinfo(token),
        await system.userinfo(token, "DPoP"),
        await system.userinfo(token, "DPoP", DPoP=seen),
        await system.userinfo(token, "DPoP", DPoP=proof(other, "GET", address, system.nonce, token)),
        await system.userinfo(token, "DPoP", DPoP=proof(system.bound, "GET", address, system.nonce)),  # type: ignore[arg-type]
        await system.userinfo(token, "DPoP", DPoP=proof(system.bound, "POST", address, system.nonce, token)),  # type: ignore[arg-type]
    ]  # fmt: skip
    assert [one.status for one in thefts] == [401] * len(thefts)
    assert (await system.prove(token)).status == 200


async def test_token_of_a_certificate_is_worth_nothing_without_it(provider: Provider) -> None:
    system = provider.system("sealed")
    body = await system.tokens()
    token = body["access_token"]
    assert (body["token_type"], (await system.userinfo(token)).status) == ("Bearer", 200)
    shown = (await system.post("/oauth2/introspect", {"token": token})).json
    assert set(shown["cnf"]) == {"x5t#S256"}
    own, system.certificate = system.certificate, certified()
    assert (await system.userinfo(token)).status == 401
    assert (await system.refresh(body["refresh_token"])).status == 401
    system.certificate = b""
    assert (await system.userinfo(token)).status == 401
    system.certificate = own
    assert (await system.refresh(body["refresh_token"])).status == 200


async def test_in_production_a_secret_gets_bearer_tokens_for_logins_only_and_a_key_none(
    tmp_path: Path, login_keys: LoginKeys
) -> None:
    async with running(tmp_path, login_keys, sandbox=False) as provider:
        await provider.sign_in()
        system = provider.system()
        body = await system.tokens()
        assert (await system.userinfo(body["access_token"])).status == 200
        own = await system.post("/oauth2/token", {"grant_type": "client_credentials"})
        assert own.json["error"] == "unauthorized_client"
        pushing = provider.system("pushing")  # with keys, and `dpop: optional`
        uri = (await pushing.post("/oauth2/par", pushing.asking())).json["request_uri"]
        code = (await pushing.authorize({"client_id": "pushing", "request_uri": uri})).back["code"]
        key, pushing.bound = pushing.bound, None
        assert (await pushing.redeem(code)).json["error"] == "invalid_dpop_proof"
        pushing.bound = key
        assert (await pushing.redeem(code)).json["token_type"] == "DPoP"


async def test_system_that_must_bind_gets_no_unbound_token(provider: Provider) -> None:
    system = provider.system("bound")
    code, body = await system.code(), await system.tokens()
    key, system.bound = system.bound, None
    for reply in (await system.redeem(code), await system.refresh(body["refresh_token"])):
        assert (reply.status, reply.json["error"]) == (400, "invalid_dpop_proof")
    assert provider.recorded()[-2:] == [("invalid_dpop_proof", "")] * 2
    system.bound = key
    assert (await system.redeem(code)).status == 200


async def test_code_that_a_key_bound_leaves_a_record_when_it_comes_without_a_proof(
    provider: Provider,
) -> None:
    pushing = provider.system("pushing")  # `dpop: optional`: the request asked for it
    uri = (await pushing.post("/oauth2/par", pushing.asking())).json["request_uri"]
    code = (await pushing.authorize({"client_id": "pushing", "request_uri": uri})).back["code"]
    key, pushing.bound = pushing.bound, None
    assert (await pushing.redeem(code)).json["error"] == "invalid_dpop_proof"
    assert provider.recorded()[-1] == ("invalid_dpop_proof", "")
    pushing.bound = key
    assert (await pushing.redeem(code)).status == 200


async def test_refresh_that_loses_against_another_one_leaves_a_record(provider: Provider) -> None:
    system = provider.system()
    body, lost = await system.tokens(), 0
    for _ in range(50):
        token = body["refresh_token"]
        replies = await asyncio.gather(*(system.refresh(token) for _ in range(6)))
        lost += sum(one.status != 200 for one in replies)
        body = next(one.json for one in replies if one.status == 200)
        if lost:
            break
    assert lost
    assert provider.recorded().count(("login_refused", "refresh_concurrent")) == lost


async def test_refresh_without_its_token_leaves_a_record(provider: Provider) -> None:
    system = provider.system()
    assert (await system.refresh("")).json["error"] == "invalid_request"
    assert provider.recorded() == [("login_refused", "refresh_parameters")]


async def test_token_counts_only_where_it_is_meant_for(provider: Provider) -> None:
    system = provider.system()
    code, body = await system.code(), await system.tokens()
    own = (await system.post("/oauth2/token", {"grant_type": "client_credentials"})).json["access_token"]
    for wrong in (
        own,
        code,
        body["refresh_token"],
        body["id_token"],
        body["login"],
        "",
        "at_",
        body["access_token"] + "A",
    ):
        assert (await system.userinfo(wrong)).status == 401
    for wrong in (own, code, body["access_token"], body["login"]):
        assert (await system.refresh(wrong)).json["error"] == "invalid_grant"
    for wrong in (body["access_token"], body["id_token"], body["refresh_token"]):
        reply = await system.get("/v1/sources", Authorization=f"Bearer {wrong}")
        assert (reply.status, reply.json["code"]) == (401, "invalid_token")
    assert (await system.get("/v1/sources", Authorization=f"Bearer {own}")).status == 200


async def test_nothing_of_the_person_stands_in_an_address_or_an_error(provider: Provider) -> None:
    who = await provider.sign_in()
    system = provider.system()
    reply = await system.authorize(scope="openid profile personal_id", login_hint=who.identity.personal_id)
    redeemed = await system.redeem(reply.back["code"])
    again = await system.redeem(reply.back["code"])
    for text in (str(reply.headers), again.text, json.dumps(dict(redeemed.headers))):
        assert who.identity.personal_id not in text
        assert who.identity.full_name not in text
