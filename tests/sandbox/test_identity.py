"""The simulated identity providers, as an ordinary relying party meets them."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pytest_aiohttp import AiohttpServer

from adapters.sandbox.accounts import load_accounts, read_key
from adapters.sandbox.identity_lies import Lie, LiePlace
from adapters.sandbox.people import load
from tests.sandbox.conftest import Client

SECRET = "sandbox-only-motlan"
#: name of a provider in `config/identity_providers`
PROVIDERS = {"national": "national_portal", "vneid": "vneid"}


class RelyingParty:
    """What an ordinary client does, written apart from the gateway."""

    def __init__(self, client: Client, provider: str = "national", port: int = 18_080) -> None:
        self.client, self.provider = client, provider
        self.home = f"http://127.0.0.1:{port}"
        self.redirect_uri = f"{self.home}/login/callback/{PROVIDERS[provider]}"
        self.state, self.nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.verifier = secrets.token_urlsafe(48)
        self.found: dict[str, Any] = {}

    async def discover(self) -> None:
        below = "/oauth2/token" if self.provider == "national" else ""
        path = f"/identity/{self.provider}{below}/.well-known/openid-configuration"
        async with self.client.get(path) as answer:
            assert answer.status == 200
            self.found = await answer.json()

    def query(self, **changed: str | None) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        words: dict[str, str | None] = {
            "response_type": "code", "client_id": "motlan", "redirect_uri": self.redirect_uri, "scope": "openid",
            "acr_values": "LoA1", "state": self.state, "nonce": self.nonce, "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), **changed,
        }  # fmt: skip
        return {name: value for name, value in words.items() if value is not None}

    async def authorize(self, **changed: str | None) -> Any:
        return await self.client.get(
            urlsplit(self.found["authorization_endpoint"]).path,
            params=self.query(**changed),
            allow_redirects=False,
        )

    async def signed_in(self, account: str = "mau", **changed: str | None) -> list[tuple[str, str]]:
        """The parameters that come back, without a browser."""
        if not self.found:
            await self.discover()
        url = f"{self.found['authorization_endpoint']}?{urlencode(self.query(**changed))}"
        order = {"authorize": url, "account": account}
        async with self.client.post("/__sandbox/identity/sign_in", json=order) as answer:
            said = await answer.json()
            assert answer.status == 200, said
        assert said["location"].startswith(self.redirect_uri + "?")
        return parse_qsl(urlsplit(said["location"]).query)

    async def redeem(self, code: str, secret: str = SECRET, **changed: str) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier, "client_id": "motlan", "client_secret": secret, **changed,
        }  # fmt: skip
        async with self.client.post(urlsplit(self.found["token_endpoint"]).path, data=form) as answer:
            return answer.status, self.opened(await answer.read())

    async def tokens(self, account: str = "mau") -> dict[str, Any]:
        status, words = await self.redeem(dict(await self.signed_in(account))["code"])
        assert status == 200, words
        return words

    async def claims(self, account: str = "mau") -> dict[str, Any]:
        return await self.userinfo((await self.tokens(account))["access_token"])

    async def userinfo(self, token: str, method: str = "GET") -> dict[str, Any]:
        path = urlsplit(self.found["userinfo_endpoint"]).path
        async with self.client.request(method, path, headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.status == 200
            return self.opened(await answer.read())

    def opened(self, body: bytes) -> dict[str, Any]:
        words: dict[str, Any] = json.loads(body)
        return words if self.provider == "national" or "data" not in words else opened(words)

    async def key_set(self) -> dict[str, Any]:
        async with self.client.get(urlsplit(self.found["jwks_uri"]).path) as answer:
            return {one["kid"]: one for one in (await answer.json())["keys"]}


def opened(words: dict[str, Any]) -> dict[str, Any]:
    """An answer of VNeID, by the published key of the client."""
    secret = private_key().decrypt(
        base64.b64decode(words["key"]), OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None)
    )
    data = base64.b64decode(words["data"])
    plain: dict[str, Any] = json.loads(AESGCM(secret).decrypt(data[:12], data[12:], None))
    return plain


def private_key() -> Any:
    root = Path(__file__).parents[2]
    system = load_accounts(root, load(root)).system("vneid", "motlan")
    assert system is not None
    assert system.encryption_key is not None
    return read_key(system.encryption_key)


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload = (json.loads(base64.urlsafe_b64decode(one + "==")) for one in token.split(".")[:2])
    return header, payload


def left_half(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def is_signed(token: str, keys: dict[str, Any]) -> bool:
    """RS256 by a published key that the header names."""
    header, _ = parts(token)
    jwk = keys.get(header.get("kid", ""))
    if header.get("alg") != "RS256" or jwk is None:
        return False
    text, _, signature = token.rpartition(".")
    n, e = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "==")) for name in "ne")
    try:
        RSAPublicNumbers(e, n).public_key().verify(
            base64.urlsafe_b64decode(signature + "=="), text.encode(), PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


@pytest.fixture(params=["national", "vneid"])
async def party(request: pytest.FixtureRequest, sandbox: Client) -> RelyingParty:
    found = RelyingParty(sandbox, request.param)
    await found.discover()
    return found


@pytest.fixture
async def national(sandbox: Client) -> RelyingParty:
    found = RelyingParty(sandbox)
    await found.discover()
    return found


async def told(sandbox: Client, path: str, **order: Any) -> Any:
    async with sandbox.post(f"/__sandbox/identity/{path}", json=order) as answer:
        words = await answer.json()
        assert answer.status == 200, words
        return words


async def test_person_signs_in_by_the_page_and_the_code_gives_a_good_id_token(party: RelyingParty) -> None:
    began = await party.authorize()
    assert began.status == 302
    async with party.client.get(began.headers["Location"]) as page:
        text = await page.text()
        policy = page.headers["Content-Security-Policy"]
    assert "Mô phỏng" in text
    assert "Trần Thị Mẫu" in text
    assert "script" not in policy
    assert "default-src 'none'" in policy
    form = {"sessionDataKey": re.findall(r'name="sessionDataKey" value="([^"]+)"', text)[0], "account": "mau"}
    action = re.findall(r'action="([^"]+)"', text)[0]
    back = await party.client.post(action, data=form, allow_redirects=False)
    assert back.status == 302
    assert back.headers["Location"].startswith(party.redirect_uri)
    answer = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert answer["state"] == party.state
    assert answer["iss"] == party.found["issuer"]
    status, words = await party.redeem(answer["code"])
    assert (status, words["token_type"]) == (200, "Bearer")
    header, claims = parts(words["id_token"])
    assert is_signed(words["id_token"], await party.key_set())
    assert header["alg"] == "RS256"
    assert claims["aud"] == "motlan"
    assert claims["iss"] == party.found["issuer"]
    assert claims["nonce"] == party.nonce
    assert claims["exp"] > claims["iat"] >= claims["auth_time"]
    assert claims["sid"]
    assert claims["at_hash"] == left_half(words["access_token"])
    assert (await party.userinfo(words["access_token"]))["sub"] == claims["sub"]
    assert (await party.userinfo(words["access_token"], "POST"))["sub"] == claims["sub"]
    # the browser is signed in now: no page any more
    again = await party.authorize()
    assert again.headers["Location"].startswith(party.redirect_uri)


async def test_wso2_paths_are_those_of_the_facts(national: RelyingParty) -> None:
    began = await national.authorize()
    assert "/authenticationendpoint/" in began.headers["Location"]
    paths = {
        name: urlsplit(url).path.removeprefix("/identity/national") for name, url in national.found.items()
        if name.endswith(("_endpoint", "jwks_uri", "issuer"))
    }  # fmt: skip
    assert paths == {
        "issuer": "/oauth2/token", "authorization_endpoint": "/oauth2/authorize", "token_endpoint": "/oauth2/token",
        "userinfo_endpoint": "/oauth2/userinfo", "jwks_uri": "/oauth2/jwks",
        "introspection_endpoint": "/oauth2/introspect",
        "revocation_endpoint": "/oauth2/revoke", "end_session_endpoint": "/oidc/logout",
    }  # fmt: skip


async def test_claims_of_the_portal_come_in_both_shapes(national: RelyingParty) -> None:
    mau = await national.claims("mau")
    assert (mau["SoDinhDanh"], mau["HoVaTen"], mau["TechID"]) == (
        "033190001234",
        "Trần Thị Mẫu",
        "TID-5b0e27c4",
    )
    assert (mau["LoaiTaiKhoan"], mau["NgayThangNamSinh"], mau["loAs"]) == ("1", "19900215", "LoA2")
    assert mau["GioiTinh"] == 2
    thu = await national.claims("thu")
    assert (thu["LoaiTaiKhoan"], thu["NgayThangNamSinh"]) == (1, {"Nam": "1985", "NgayThangNam": "19850704"})
    assert (await national.claims("luu"))["NgayThangNamSinh"] == {"Nam": "1941", "NgayThangNam": ""}
    thin = await national.claims("quan")
    assert thin.keys() == set(
        "sub LoaiTaiKhoan SoDinhDanh HoVaTen NgayThangNamSinh TechID loAs userProfileUri logoutUri IAL".split()
    )
    business = await national.claims("business")
    assert (business["LoaiTaiKhoan"], business["MaSoThue"]) == ("2", "0916911353")
    organisation = await national.claims("organisation")
    assert (organisation["LoaiTaiKhoan"], organisation.get("SoDinhDanh")) == ("3", None)
    assert "TechID" not in await national.claims("no_tech_id")


async def test_claims_of_vneid_are_those_of_the_facts(sandbox: Client) -> None:
    party = RelyingParty(sandbox, "vneid")
    mau = await party.claims("mau")
    assert mau.pop("sub")
    assert mau == {
        "citizenPid": "033190001234", "fullName": "Trần Thị Mẫu", "birthDate": "15/02/1990", "accountLevel": 2,
    }  # fmt: skip
    assert (await party.claims("luu"))["accountLevel"] == 1
    assert (await party.claims("business_thin"))["taxCode"] == "0916911353"


async def test_code_is_good_once_for_sixty_seconds_for_its_client_address_and_verifier(
    party: RelyingParty,
) -> None:
    code = dict(await party.signed_in())["code"]
    for changed in (
        {"code_verifier": "x" * 43},
        {"redirect_uri": party.home + "/other"},
        {"client_id": "neighbour", "client_secret": "sandbox-only-neighbour"},
    ):
        status, words = await party.redeem(code, **changed)
        assert (status, words["error"]) == (400, "invalid_grant"), changed
    assert (await party.redeem(code, secret="wrong"))[0] == 401
    status, first = await party.redeem(code)
    assert status == 200
    status, words = await party.redeem(code)
    assert (status, words["error"]) == (400, "invalid_grant")
    path = urlsplit(party.found["userinfo_endpoint"]).path
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    async with party.client.get(path, headers=headers) as answer:
        assert answer.status == 401, "a replayed code ends the tokens of the first use"
    late = dict(await party.signed_in())["code"]
    await told(party.client, "clock", ahead_seconds=61)
    assert (await party.redeem(late))[1]["error"] == "invalid_grant"


async def test_client_proves_itself_in_the_header_too(party: RelyingParty) -> None:
    code = dict(await party.signed_in())["code"]
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": party.redirect_uri,
        "code_verifier": party.verifier,
    }  # fmt: skip
    headers = {"Authorization": "Basic " + base64.b64encode(f"motlan:{SECRET}".encode()).decode()}
    path = urlsplit(party.found["token_endpoint"]).path
    async with party.client.post(path, data=form, headers=headers) as answer:
        assert answer.status == 200
        assert "id_token" in party.opened(await answer.read())


async def test_nothing_is_sent_to_an_address_that_is_not_registered(party: RelyingParty) -> None:
    strange = [
        "http://evil.example/login/callback", party.redirect_uri + "/more", party.redirect_uri + "?x=1",
        party.redirect_uri.replace("127.0.0.1", "127.0.0.1.evil.example"),
        party.redirect_uri.replace("http:", "https:"),
        party.redirect_uri.replace("127.0.0.1", "a@127.0.0.1"), party.redirect_uri + "#x", "",
    ]  # fmt: skip
    for one in strange:
        answer = await party.authorize(redirect_uri=one)
        assert (answer.status, answer.headers.get("Location")) == (400, None), one
    assert (await party.authorize(client_id="nobody")).status == 400


async def test_faults_of_a_request_go_back_with_state_and_iss(party: RelyingParty) -> None:
    faults = {
        "unsupported_response_type": {"response_type": "token"}, "invalid_scope": {"scope": "email"},
        "invalid_request": {"code_challenge_method": "plain"}, "login_required": {"prompt": "none"},
    }  # fmt: skip
    for error, changed in faults.items():
        answer = await party.authorize(**changed)
        words = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        assert (words["error"], words["state"], words["iss"]) == (error, party.state, party.found["issuer"])


async def test_new_login_is_asked_for_by_prompt_and_by_age(party: RelyingParty) -> None:
    began = await party.authorize()
    page = await (await party.client.get(began.headers["Location"])).text()
    form = {"sessionDataKey": re.findall(r'Key" value="([^"]+)"', page)[0], "account": "mau"}
    await party.client.post(re.findall(r'action="([^"]+)"', page)[0], data=form, allow_redirects=False)
    assert (await party.authorize(prompt="none")).headers["Location"].startswith(party.redirect_uri)
    assert not (await party.authorize(prompt="login")).headers["Location"].startswith(party.redirect_uri)
    await told(party.client, "clock", ahead_seconds=100)
    assert not (await party.authorize(max_age="99")).headers["Location"].startswith(party.redirect_uri)
    assert (await party.authorize(max_age="200")).headers["Location"].startswith(party.redirect_uri)


async def test_markup_in_data_stays_text(party: RelyingParty) -> None:
    began = await party.authorize()
    page = await (await party.client.get(began.headers["Location"])).text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    name = "HoVaTen" if party.provider == "national" else "fullName"
    assert (await party.claims("hostile"))[name].startswith("<script>")


async def test_refresh_introspect_and_revoke(national: RelyingParty) -> None:
    tokens = await national.tokens()
    introspect = urlsplit(national.found["introspection_endpoint"]).path
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    form = {"token": tokens["access_token"], "state": "0"}
    async with national.client.post(introspect, data=form, headers=bearer) as answer:
        words = await answer.json()
        assert (words["active"], words["client_id"]) == (True, "motlan")
        assert isinstance(words["exp"], int)
    async with national.client.post(introspect, data=form) as answer:
        assert answer.status == 401
    status, fresh = await national.redeem(
        "", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert status == 200
    status, _ = await national.redeem("", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert status == 400
    revoke = urlsplit(national.found["revocation_endpoint"]).path
    form = {"token": fresh["access_token"], "client_id": "motlan", "client_secret": SECRET}
    async with national.client.post(revoke, data=form) as answer:
        assert answer.status == 200
    form = {"token": fresh["access_token"], "client_id": "motlan", "client_secret": SECRET}
    async with national.client.post(introspect, data=form) as answer:
        assert await answer.json() == {"active": False}


async def test_keys_rotate_and_the_former_ones_stay_published_while_asked(party: RelyingParty) -> None:
    former = (await party.tokens())["id_token"]
    await told(party.client, "rotate", provider=party.provider)
    newer = (await party.tokens())["id_token"]
    assert parts(former)[0]["kid"] != parts(newer)[0]["kid"]
    keys = await party.key_set()
    assert is_signed(former, keys)
    assert is_signed(newer, keys)
    await told(party.client, "rotate", provider=party.provider, keep=False)
    assert not is_signed(newer, await party.key_set())


class Listener:
    """A relying party that hears of sign-outs."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append(str((await request.post())["logout_token"]))
        return web.Response()


@pytest.fixture
async def listening(aiohttp_server: AiohttpServer, sandbox: Client) -> tuple[RelyingParty, Listener]:
    listener, app = Listener(), web.Application()
    app.router.add_post("/login/backchannel-logout/national_portal", listener.take)
    server = await aiohttp_server(app, host="127.0.0.1")
    party = RelyingParty(sandbox, port=server.port or 0)
    await party.discover()
    return party, listener


async def test_sign_out_at_the_provider_tells_the_systems_of_the_session(
    listening: tuple[RelyingParty, Listener],
) -> None:
    party, listener = listening
    claims = parts((await party.tokens())["id_token"])[1]
    said = await told(party.client, "sign_out", provider="national", account="mau")
    assert said["told"] == [{"client": "motlan", "sid": claims["sid"], "status": 200}]
    [token] = listener.heard
    header, logout = parts(token)
    assert header["typ"] == "logout+jwt"
    assert is_signed(token, await party.key_set())
    assert (logout["sid"], logout["sub"], logout["aud"]) == (claims["sid"], claims["sub"], "motlan")
    assert "http://schemas.openid.net/event/backchannel-logout" in logout["events"]
    assert "nonce" not in logout


async def test_sign_out_by_a_system_comes_back_to_it_with_its_state(
    listening: tuple[RelyingParty, Listener],
) -> None:
    party, _ = listening
    tokens = await party.tokens()
    path = urlsplit(party.found["end_session_endpoint"]).path
    words = {
        "id_token_hint": tokens["id_token"], "state": "s&1",
        "post_logout_redirect_uri": f"{party.home}/login/logged-out",
    }  # fmt: skip
    forged = words["id_token_hint"].rpartition(".")[0] + "." + "A" * 342
    for wrong in ({"post_logout_redirect_uri": "http://evil.example/"}, {"id_token_hint": forged}):
        answer = await party.client.get(path, params={**words, **wrong}, allow_redirects=False)
        assert (answer.status, answer.headers.get("Location")) == (400, None), wrong
    assert (await party.client.get(path, allow_redirects=False)).status == 400
    answer = await party.client.get(path, params=words, allow_redirects=False)
    assert answer.headers["Location"] == f"{party.home}/login/logged-out?state=s%261"
    async with party.client.get(
        urlsplit(party.found["userinfo_endpoint"]).path,
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    ) as after:
        assert after.status == 401


async def test_page_of_the_provider_signs_out_everywhere_and_opens_frames(
    listening: tuple[RelyingParty, Listener],
) -> None:
    party, listener = listening
    began = await party.authorize()
    page = await (await party.client.get(began.headers["Location"])).text()
    form = {"sessionDataKey": re.findall(r'Key" value="([^"]+)"', page)[0], "account": "mau"}
    await party.client.post("/identity/national/commonauth", data=form, allow_redirects=False)
    home = await (await party.client.get("/identity/national/")).text()
    assert "Trần Thị Mẫu" in home
    async with party.client.get("/identity/national/oidc/logout") as answer:
        assert answer.status == 400, "a link of another site signs nobody out"
    async with party.client.post("/identity/national/oidc/logout") as answer:
        text = await answer.text()
        assert "frame-src" in answer.headers["Content-Security-Policy"]
    [frame] = re.findall(r'<iframe src="([^"]+)"', text)
    assert frame.startswith(f"{party.home}/login/frontchannel-logout/national_portal?iss=")
    async with party.client.get("/__sandbox/identity/told") as answer:
        assert [one["status"] for one in (await answer.json())["national"]] == [200]
    assert len(listener.heard) == 1
    assert "Trần Thị Mẫu" not in await (await party.client.get("/identity/national/")).text()


def lies_at(*places: LiePlace) -> Iterator[Lie]:
    return (one for one in Lie if one.place in places)


def test_there_is_a_lie_for_every_attack_and_each_is_told_somewhere() -> None:
    assert len(list(Lie)) >= 25
    assert all(list(lies_at(place)) for place in LiePlace)
    assert all(one.en for one in Lie)


@pytest.mark.parametrize("lie", sorted(lies_at(LiePlace.ID_TOKEN)))
async def test_lie_about_the_id_token_is_told_once_and_then_the_truth(
    national: RelyingParty, lie: Lie
) -> None:
    keys = await national.key_set()
    await told(national.client, "misbehave", lie=lie, client="motlan", count=1)
    wrong, right = await national.tokens(), await national.tokens()
    assert is_good(right, national, keys), lie
    assert not is_good(wrong, national, keys), lie


@pytest.mark.parametrize(("lie", "name"), [(Lie.DOUBLED_CODE, "code"), (Lie.DOUBLED_STATE, "state")], ids=str)
async def test_parameter_of_the_response_stands_twice(national: RelyingParty, lie: Lie, name: str) -> None:
    await told(national.client, "misbehave", lie=lie, count=1)
    values = [value for word, value in await national.signed_in() if word == name]
    assert len(set(values)) == 2


async def test_used_code_is_taken_again_where_that_is_the_lie(national: RelyingParty) -> None:
    code = dict(await national.signed_in())["code"]
    assert (await national.redeem(code))[0] == 200
    await told(national.client, "misbehave", lie=Lie.CODE_TWICE, count=1)
    assert (await national.redeem(code))[0] == 200
    assert (await national.redeem(code))[0] == 400


async def test_lie_is_told_to_its_client_and_provider_only(sandbox: Client) -> None:
    national, vneid = RelyingParty(sandbox), RelyingParty(sandbox, "vneid")
    await told(sandbox, "misbehave", lie=Lie.TOKEN_500, provider="vneid", client="motlan")
    await told(sandbox, "misbehave", lie=Lie.MISSING_ID_TOKEN, provider="national", client="neighbour")
    assert "id_token" in await national.tokens()
    code = dict(await vneid.signed_in())["code"]
    form = {"client_id": "motlan", "client_secret": SECRET, "grant_type": "authorization_code", "code": code}
    form |= {"redirect_uri": vneid.redirect_uri, "code_verifier": vneid.verifier}
    async with sandbox.post(urlsplit(vneid.found["token_endpoint"]).path, data=form) as answer:
        assert answer.status == 500
    code = dict(await vneid.signed_in())["code"]
    async with sandbox.delete("/__sandbox/identity/misbehave") as answer:
        assert answer.status == 204
    assert (await vneid.redeem(code))[0] == 200


async def test_order_that_cannot_be_read_says_what_is_wrong(sandbox: Client) -> None:
    for path, order, said in (
        ("misbehave", {"lie": "white"}, "lie"),
        ("sign_in", {"authorize": "http://127.0.0.1/x"}, "authorize"),
        ("sign_out", {"provider": "nobody", "account": "mau"}, "provider"),
    ):
        async with sandbox.post(f"/__sandbox/identity/{path}", json=order) as answer:
            assert answer.status == 400
            assert said in (await answer.json())["error"]


def is_good(tokens: dict[str, Any], party: RelyingParty, keys: dict[str, Any]) -> bool:
    """As strict as OpenID Connect Core 1.0, 3.1.3.7."""
    token = tokens["id_token"]
    if token.count(".") != 2 or any(
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(one + "==")).rstrip(b"=").decode() != one
        for one in token.split(".")
    ):
        return False
    header, claims = parts(token)
    texts = [base64.urlsafe_b64decode(one + "==").decode() for one in token.split(".")[:2]]
    now = claims.get("iat", 0)
    doubled = any(text.count(f'"{name}":') > 1 for text in texts for name in ("sub", "alg"))
    if not is_signed(token, keys) or header.keys() - {"alg", "typ", "kid"} or doubled:
        return False
    exp = claims.get("exp")
    return (
        claims.get("iss") == party.found["issuer"]
        and claims.get("aud") == "motlan"
        and claims.get("azp") == "motlan"
        and claims.get("nonce") == party.nonce
        and isinstance(exp, int)
        and abs(exp - time.time() - 3600) < 600
        and abs(now - time.time()) < 600
        and claims["auth_time"] > time.time() - 86_400
        and "sub" in claims
        and claims["at_hash"] == left_half(tokens["access_token"])
    )
