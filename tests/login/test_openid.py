"""An ordinary OpenID client logs a person in: authorize, code, tokens, userinfo, refresh, introspection, revocation."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from adapters.stores.sessions import MemorySessions
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.errors import Unprocessable
from gateway.domain.login import Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.login.choices import MandateNotProven
from tests.login.provider import BACK, NAME, PERSON, Provider, System, fields_of, running

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


async def _claims(system: System, token: str) -> dict[str, Any]:
    """The claims of an ID token, verified by an independent library."""
    keys = KeySet.import_key_set((await system.get("/oauth2/jwks")).json)
    found = jwt.decode(token, keys, algorithms=["RS256", "ES256", "EdDSA"])
    assert found.header["typ"] == "JWT"
    return dict(found.claims)


async def test_person_is_known_to_the_system_by_name_level_and_a_subject_of_its_own(
    provider: Provider,
) -> None:
    system = provider.system()
    back = (await system.authorize()).back
    assert (back["state"], back["iss"]) == ("the-state", provider.url)
    reply = await system.redeem(back["code"])
    body = reply.json
    assert reply.headers["Cache-Control"] == "no-store"
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "openid profile")
    claims = await _claims(system, body["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider.url, "provincial", "the-nonce")
    assert (claims["acr"], claims["exp"] - claims["iat"]) == ("2", 600)
    assert claims["auth_time"] == int(provider.browser.session.identity.at)  # type: ignore[union-attr]
    # nothing of the person that was not asked for
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "sid", "at_hash", "nonce"}
    info = await system.userinfo(body["access_token"])
    assert info.json == {"sub": claims["sub"], "name": NAME, "birthdate": "2001-04-08"}
    assert body["login"].startswith("lg_")
    assert [one for one, _ in provider.recorded()] == ["code_issued", "token_issued", "claims_given"]
    record = provider.log.records[1]
    assert (record.subjects, record.requester) == ({"owner": f"person|{PERSON}"}, "provincial")
    assert record.notes == {"provider": "vneid", "level": 2, "client": "provincial"}
    found = await provider.state.sessions.find(provider.browser.session.id)  # type: ignore[union-attr]
    assert found is not None
    assert found.clients == ("provincial",)


async def test_subjects_of_two_systems_have_nothing_in_common_unless_one_sector_says_so(
    provider: Provider,
) -> None:
    subjects = {
        name: (await _claims(system, (await system.tokens())["id_token"]))["sub"]
        for name in ("provincial", "neighbour", "twin", "open")
        for system in [provider.system(name)]
    }
    pushing = provider.system("pushing")
    pushed = await pushing.post("/oauth2/par", pushing.asking())
    back = (await pushing.authorize({"client_id": "pushing", "request_uri": pushed.json["request_uri"]})).back
    subjects["pushing"] = (await _claims(pushing, (await pushing.redeem(back["code"])).json["id_token"]))[
        "sub"
    ]
    assert subjects["pushing"] == subjects["twin"]
    assert len(set(subjects.values())) == 4
    assert PERSON not in str(subjects)
    again = provider.system("provincial")
    await provider.sign_in()
    assert (await _claims(again, (await again.tokens())["id_token"]))["sub"] == subjects["provincial"]


async def test_system_has_only_the_claims_of_its_registration_where_it_asked_for_them(
    provider: Provider,
) -> None:
    wanted = json.dumps(
        {
            "userinfo": {"personal_id": {"essential": True}, "email": None},
            "id_token": {"name": None, "tax_code": None},
        }
    )
    system = provider.system()
    body = await system.tokens(scope="openid", claims=wanted)
    claims = await _claims(system, body["id_token"])
    info = (await system.userinfo(body["access_token"])).json
    assert (claims["name"], "tax_code" in claims) == (NAME, False)
    assert info == {"sub": claims["sub"], "personal_id": PERSON}
    neighbour = provider.system("neighbour")  # it may have the name only
    body = await neighbour.tokens(scope="openid profile personal_id", claims=wanted)
    assert set((await neighbour.userinfo(body["access_token"])).json) == {"sub", "name"}


async def test_mandate_is_told_with_the_represented_and_without_more_than_the_system_may_have(
    provider: Provider,
) -> None:
    child = Subject(
        kind=SubjectKind.PERSON, personal_id="033219506314", full_name="Vũ Bé Thử",
        birth_date=PartialDate(2019, 5), tax_code="0100000000",
    )  # fmt: skip
    provider.browser.mandate = Mandate(kind="parent", represented=child, proven_at=1_000.5)
    system = provider.system()
    body = await system.tokens(scope="openid profile personal_id")
    mandate = (await system.userinfo(body["access_token"])).json["mandate"]
    in_token = (await _claims(system, body["id_token"]))["mandate"]
    sub = mandate["subject"].pop("sub")
    assert mandate == {
        "kind": "parent",
        "proven_at": 1_000,
        # name and birth date are as typed: no register's
        "subject": {"kind": "person", "personal_id": "033219506314"},
    }
    assert in_token == {"kind": "parent", "proven_at": 1_000, "subject": {"kind": "person", "sub": sub}}
    provider.browser.mandate = Mandate(kind="guardian", represented=child)  # not one of its mandates
    assert (await system.authorize()).back["error"] == "access_denied"


async def test_system_with_keys_pushes_binds_and_refreshes_by_dpop(provider: Provider) -> None:
    system = provider.system("bound")
    pushed = await system.post("/oauth2/par", system.asking())
    assert (pushed.status, pushed.json["expires_in"]) == (201, 90)
    back = (await system.authorize({"client_id": "bound", "request_uri": pushed.json["request_uri"]})).back
    assert back["state"] == "the-state"
    body = (await system.redeem(back["code"])).json
    assert body["token_type"] == "DPoP"
    assert (await system.prove(body["access_token"])).json["name"] == NAME
    assert (await system.userinfo(body["access_token"])).status == 401
    fresh = (await system.refresh(body["refresh_token"])).json
    assert fresh["token_type"] == "DPoP"
    assert (await system.prove(fresh["access_token"])).status == 200
    assert (await _claims(system, fresh["id_token"]))["sub"] == (await _claims(system, body["id_token"]))[
        "sub"
    ]


async def test_answer_comes_as_a_form_that_posts_itself_when_the_system_wants_it(provider: Provider) -> None:
    reply = await provider.system().authorize(response_mode="form_post", state="<&\">'")
    assert reply.status == 200
    policy = reply.headers["Content-Security-Policy"]
    assert ("script-src 'self'" in policy, "form-action" in policy) == (True, False)
    assert f'action="{BACK}"' in reply.text
    fields = fields_of(reply.text)
    assert (fields["iss"], fields["state"]) == (provider.url, "&lt;&amp;&#34;&gt;&#39;")
    assert (await provider.system().redeem(fields["code"])).status == 400  # another verifier


async def test_request_may_come_as_a_form(provider: Provider) -> None:
    system = provider.system()
    async with provider.http.post(
        f"{provider.url}/oauth2/authorize", data=system.asking(), allow_redirects=False
    ) as answer:
        assert answer.status == 303
        assert "code=" in answer.headers["Location"]


async def test_refresh_token_rotates_and_a_lost_answer_can_be_asked_again(provider: Provider) -> None:
    system = provider.system()
    first = (await system.tokens())["refresh_token"]
    second = (await system.refresh(first)).json
    again = (await system.refresh(first)).json  # the answer was lost
    assert again["refresh_token"] == second["refresh_token"] != first
    assert again["access_token"] != second["access_token"]
    for body in (second, again):
        assert (await system.userinfo(body["access_token"])).status == 200
    assert (await system.refresh(second["refresh_token"])).status == 200
    given = ["token_renewed", "token_renewed", "claims_given", "claims_given", "token_renewed"]
    assert [one for one, _ in provider.recorded()] == ["code_issued", "token_issued", *given]


CHILD = Subject(
    kind=SubjectKind.PERSON,
    personal_id="033219506314",
    full_name="Vũ Bé Thử",
    birth_date=PartialDate(2019, 5),
)


async def test_claims_that_leave_are_recorded_by_their_names_with_the_people_whom_they_name(
    provider: Provider,
) -> None:
    provider.browser.mandate = Mandate(kind="parent", represented=CHILD, proven_at=provider.clock.seconds())
    system, wanted = provider.system(), json.dumps({"id_token": {"name": None}})
    body = await system.tokens(scope="openid personal_id", claims=wanted)
    fresh = (await system.refresh(body["refresh_token"])).json
    people = {"owner": f"person|{PERSON}", "represented": CHILD.key}
    (renewed,) = [one for one in provider.log.records if one.result == "token_renewed"]
    said = {"provider": "vneid", "level": 2, "client": "provincial"}
    assert (renewed.subjects, renewed.notes) == (people, {**said, "claims": "mandate name"})
    for token in (body["access_token"], fresh["access_token"]):
        for _ in range(3):  # the same answer again is in the same record
            info = await system.userinfo(token)
            assert set(info.json) == {"sub", "personal_id", "mandate"}
    given = [one for one in provider.log.records if one.result == "claims_given"]
    assert [(one.subjects, one.notes) for one in given] == [
        (people, {**said, "claims": "mandate personal_id"})
    ] * 2
    # what names nobody is no disclosure
    provider.browser.mandate = None
    body = await system.tokens(scope="openid")
    assert set((await system.userinfo(body["access_token"])).json) == {"sub"}
    assert provider.recorded()[-1] == ("token_issued", "")


async def _of_child(provider: Provider) -> tuple[System, Any]:
    provider.browser.mandate = Mandate(kind="parent", represented=CHILD, proven_at=provider.clock.seconds())
    system = provider.system()
    return system, await system.tokens(scope="openid personal_id")


async def _proven_at(system: System, body: Any) -> int:
    """When the mandate was proven, by both ways in which it is told."""
    told = (await _claims(system, body["id_token"]))["mandate"]["proven_at"]
    assert (await system.userinfo(body["access_token"])).json["mandate"]["proven_at"] == told
    return int(told)


async def test_mandate_is_proven_again_at_a_refresh_after_a_quarter_of_an_hour(provider: Provider) -> None:
    system, body = await _of_child(provider)
    first = await _proven_at(system, body)
    provider.clock.ahead += 890
    body = (await system.refresh(body["refresh_token"])).json
    assert (provider.register.asked, await _proven_at(system, body)) == (0, first)
    provider.clock.ahead += 20
    body = (await system.refresh(body["refresh_token"])).json
    assert provider.register.asked == 1
    assert await _proven_at(system, body) >= first + 910
    body = (await system.refresh(body["refresh_token"])).json
    assert provider.register.asked == 1
    login = await provider.handles().proven(body["login"], "provincial")
    assert login.mandate is not None
    assert login.mandate.proven_at >= first + 910


async def test_mandate_that_registers_cannot_decide_on_says_when_it_was_proven(provider: Provider) -> None:
    system, body = await _of_child(provider)
    first = await _proven_at(system, body)
    provider.register.denied = MandateNotProven(say.MANDATE_NOT_KNOWN, is_undecided=True)
    provider.clock.ahead += 1_000
    body = (await system.refresh(body["refresh_token"])).json
    assert (provider.register.asked, await _proven_at(system, body)) == (1, first)


async def test_right_that_ended_ends_all_that_came_of_the_login(provider: Provider) -> None:
    system, body = await _of_child(provider)
    provider.clock.ahead += 590
    fresh = (await system.refresh(body["refresh_token"])).json
    provider.clock.ahead += 320
    provider.register.denied = MandateNotProven(say.MANDATE_DENIED)
    reply = await system.refresh(fresh["refresh_token"])
    assert (reply.status, reply.json["error"]) == (400, "invalid_grant")
    assert "mandate" in reply.json["error_description"]
    assert provider.recorded()[-1] == ("login_refused", "mandate_not_proven")
    assert (await system.userinfo(fresh["access_token"])).status == 401
    with pytest.raises(Unprocessable):
        await provider.handles().proven(fresh["login"], "provincial")


async def test_without_a_record_no_claims_leave_and_the_refresh_token_still_counts(
    provider: Provider,
) -> None:
    system = provider.system()
    body = await system.tokens()
    provider.log.up = False
    assert (await system.userinfo(body["access_token"])).status == 503
    for _ in range(2):
        assert (await system.refresh(body["refresh_token"])).status == 503
        provider.clock.ahead += 20
    provider.log.up = True
    assert (await system.refresh(body["refresh_token"])).status == 200
    assert (await system.userinfo(body["access_token"])).status == 200


async def test_system_looks_its_tokens_up_and_ends_them(provider: Provider) -> None:
    system = provider.system()
    body = await system.tokens()
    shown = (await system.post("/oauth2/introspect", {"token": body["access_token"]})).json
    assert (shown["active"], shown["client_id"], shown["acr"]) == (True, "provincial", "2")
    assert (await system.post("/oauth2/introspect", {"token": body["refresh_token"]})).json["active"]
    assert (await system.post("/oauth2/revoke", {"token": body["access_token"]})).status == 200
    assert (await system.userinfo(body["access_token"])).status == 401
    fresh = (await system.refresh(body["refresh_token"])).json
    assert (await system.post("/oauth2/revoke", {"token": fresh["refresh_token"]})).status == 200
    assert (await system.userinfo(fresh["access_token"])).status == 401
    assert (await system.refresh(fresh["refresh_token"])).json["error"] == "invalid_grant"
    inactive = await system.post("/oauth2/introspect", {"token": fresh["access_token"]})
    assert inactive.json == {"active": False}


async def test_all_tokens_end_with_the_session(provider: Provider) -> None:
    system = provider.system()
    body, code = await system.tokens(), await system.code()
    await provider.sign_out()
    assert (await system.userinfo(body["access_token"])).status == 401
    shown = await system.post("/oauth2/introspect", {"token": body["access_token"]})
    assert shown.json == {"active": False}
    assert (await system.refresh(body["refresh_token"])).json["error"] == "invalid_grant"
    assert (await system.redeem(code)).json["error"] == "invalid_grant"


async def test_access_token_ends_after_ten_minutes_and_a_code_after_one(provider: Provider) -> None:
    system = provider.system()
    body, code = await system.tokens(), await system.code()
    provider.clock.ahead += 61
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    assert (await system.userinfo(body["access_token"])).status == 200
    provider.clock.ahead += 540
    assert (await system.userinfo(body["access_token"])).status == 401
    assert (await system.refresh(body["refresh_token"])).status == 200


async def test_level_of_the_login_is_told_and_one_that_is_too_low_is_refused(provider: Provider) -> None:
    system = provider.system()
    asked = json.dumps({"id_token": {"acr": {"essential": True, "values": ["1"]}}})
    body = await system.tokens(claims=asked)
    assert (await _claims(system, body["id_token"]))["acr"] == "1"  # who reaches 2 reaches 1
    assert (await system.authorize(acr_values="3")).back["error"] == "unmet_authentication_requirements"
    assert (await system.authorize(acr_values="3 2")).status == 303
    await provider.sign_in(level=1)
    assert "code" in (await system.authorize()).back
    strict = provider.system("bound")  # its registration says 2
    assert (await strict.authorize()).back["error"] == "unmet_authentication_requirements"


async def test_old_login_is_not_enough_for_max_age_or_prompt_login(provider: Provider) -> None:
    system = provider.system()
    provider.clock.ahead += 120
    assert (await system.authorize(max_age="60")).back["error"] == "login_required"
    assert (await system.authorize(prompt="login")).back["error"] == "login_required"
    assert "code" in (await system.authorize(max_age="300")).back


async def test_hint_of_another_person_asks_for_a_login(provider: Provider) -> None:
    system = provider.system()
    hint = (await system.tokens())["id_token"]
    provider.clock.ahead += 3_600  # an expired one is a hint as well
    assert "code" in (await system.authorize(id_token_hint=hint)).back
    await provider.sign_in(personal_id="033198620417")
    assert (await system.authorize(id_token_hint=hint)).back["error"] == "login_required"
    assert (await system.authorize(id_token_hint=hint[:-8] + "AAAAAAAA")).back["error"] == "invalid_request"
    foreign = await provider.system("open").tokens()
    assert (await system.authorize(id_token_hint=foreign["id_token"])).back["error"] == "invalid_request"


async def test_discovery_names_what_there_is_and_both_documents_agree(provider: Provider) -> None:
    system = provider.system()
    found = (await system.get("/.well-known/openid-configuration")).json
    oauth = (await system.get("/.well-known/oauth-authorization-server")).json
    assert {name: found[name] for name in oauth if name != "scopes_supported"} == {
        name: value for name, value in oauth.items() if name != "scopes_supported"
    }
    assert (found["issuer"], found["response_types_supported"]) == (provider.url, ["code"])
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "client_secret_basic" in found["token_endpoint_auth_methods_supported"]
    for name in ("authorization", "token", "userinfo", "pushed_authorization_request"):
        assert found[f"{name}_endpoint"].startswith(provider.url)


async def test_each_step_is_counted(provider: Provider) -> None:
    system = provider.system()
    await system.tokens()
    await system.get("/oauth2/authorize?" + urlencode(system.asking(client_id="nobody")))
    text = provider.metrics.render().decode()
    assert 'motlan_logins_total{reason="",step="token_issued"} 1.0' in text
    assert 'motlan_logins_total{reason="client_unknown",step="login_refused"} 1.0' in text


async def test_what_another_release_kept_counts_as_lost(provider: Provider) -> None:
    system, values = provider.system(), provider.state.values
    body, code = await system.tokens(), await system.code()
    uri = (await system.post("/oauth2/par", system.asking())).json["request_uri"]
    store = provider.state.store
    assert isinstance(store, MemorySessions)
    for key in [one for one in store._items if one[:3] in {"gr:", "pr:"}]:
        await values.put(key, b'{"words": "of another release"}', 60)
    assert (await system.userinfo(body["access_token"])).status == 401
    assert (await system.redeem(code)).json["error"] == "invalid_grant"
    assert (await system.refresh(body["refresh_token"])).json["error"] == "invalid_grant"
    assert (await system.authorize({"client_id": "provincial", "request_uri": uri})).status == 400
    assert "access_token" in await system.tokens()


async def test_open_login_takes_little_memory(provider: Provider) -> None:
    await provider.system().tokens(scope="openid profile personal_id")
    store = provider.state.store
    assert isinstance(store, MemorySessions)
    kept = {key: len(key) + len(value) for key, value in store._items.items()}
    assert {key[:3] for key in kept} == {"ss:", "sn:", "su:", "gr:", "lh:"}
    assert sum(kept.values()) < 2_048, kept


async def test_subjects_and_keys_outlive_a_restart(tmp_path: Any) -> None:
    tokens = []
    for _ in range(2):
        async with running(tmp_path) as made:
            await made.sign_in()
            system = made.system()
            tokens.append(await _claims(system, (await system.tokens())["id_token"]))
    assert tokens[0]["sub"] == tokens[1]["sub"]
