"""Independent OpenID clients (npm openid-client, Authlib) log people in here, by discovery and one YAML entry."""

import asyncio
import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.access.signing import algorithm, b64, jwk
from tests.login.conftest import login_keys as login_keys  # noqa: PLC0414 -- a fixture
from tests.login.conftest import provider as provider  # noqa: PLC0414 -- a fixture
from tests.login.provider import BACK, NAME, PERSON, SECRET, Provider

HERE = Path(__file__).parent
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/openid-client").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


async def _peer(provider: Provider, client: str, **more: Any) -> Any:
    asked = {"issuer": provider.url, "client_id": client, "redirect_uri": BACK, **more}
    if client in provider.keys:
        key = provider.keys[client]
        if isinstance(key, Ed25519PrivateKey):
            secret = key.private_bytes_raw()
        else:
            secret = key.private_numbers().private_value.to_bytes(32)
        asked |= {"jwk": {**jwk(key), "d": b64(secret)}, "alg": algorithm(key)}
    else:
        asked["secret"] = SECRET
    process = await asyncio.create_subprocess_exec(
        NODE or "node", str(HERE / "login_peer.mjs"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@needs_node
@pytest.mark.parametrize(
    ("client", "more"),
    [
        ("provincial", {}),
        ("provincial", {"mode": "form_post"}),
        ("provincial", {"par": True}),
        ("bound", {"par": True}),
        ("pushing", {"par": True}),
    ],
)
async def test_openid_client_logs_a_person_in_refreshes_and_ends_the_login(
    provider: Provider, client: str, more: dict[str, Any]
) -> None:
    saw = await _peer(provider, client, **more)
    assert saw["type"] == ("bearer" if client == "provincial" else "dpop")
    assert saw["info"] == {
        "sub": saw["claims"]["sub"], "name": NAME, "birthdate": "2001-04-08", "personal_id": PERSON,
    }  # fmt: skip
    assert (saw["claims"]["acr"], saw["fresh"]["sub"]) == ("2", saw["claims"]["sub"])
    assert (saw["before"]["active"], saw["after"]) == (True, {"active": False})
    assert saw["login"].startswith("lg_")


def _by_authlib(issuer: str) -> dict[str, Any]:
    """An ordinary confidential client, as Authlib's documentation writes it."""
    nonce, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    client = OAuth2Session(
        "provincial", SECRET, scope="openid profile", redirect_uri=BACK, code_challenge_method="S256"
    )
    metadata = client.get(f"{issuer}/.well-known/openid-configuration", withhold_token=True).json()
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], nonce=nonce, code_verifier=verifier
    )
    browser = client.get(address, withhold_token=True, allow_redirects=False)
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=browser.headers["Location"], state=state,
        code_verifier=verifier,
    )  # fmt: skip
    keys = KeySet.import_key_set(client.get(metadata["jwks_uri"], withhold_token=True).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    wanted = {"iss": {"value": issuer}, "aud": {"value": "provincial"}}
    given = {"nonce": nonce, "client_id": "provincial", "access_token": token["access_token"]}
    claims = CodeIDToken(decoded.claims, decoded.header, wanted, given)
    claims.validate()
    info = client.get(metadata["userinfo_endpoint"]).json()
    fresh = client.refresh_token(metadata["token_endpoint"])
    client.revoke_token(metadata["revocation_endpoint"], fresh["refresh_token"])
    ended = client.get(metadata["userinfo_endpoint"]).status_code
    client.close()
    return {"claims": dict(claims), "info": info, "token": token, "fresh": fresh, "ended": ended}


async def test_authlib_logs_a_person_in_refreshes_and_ends_the_login(provider: Provider) -> None:
    saw = await asyncio.to_thread(_by_authlib, provider.url)
    assert saw["info"] == {"sub": saw["claims"]["sub"], "name": NAME, "birthdate": "2001-04-08"}
    assert saw["fresh"]["refresh_token"] != saw["token"]["refresh_token"]
    assert saw["token"]["login"].startswith("lg_")
    assert saw["ended"] == 401
