"""An independent OAuth client (npm openid-client) obtains tokens from us, and an independent library verifies them."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.access.conftest import Harbourfront
from tests.access.conftest import front as front  # noqa: PLC0414 -- a fixture
from tests.access.signing import algorithm, b64, jwk
from tests.flows.conftest import on_session

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/openid-client").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


async def _peer(front: Harbourfront, client: str, *, dpop: bool) -> Any:
    key = front.keys[client]
    if isinstance(key, Ed25519PrivateKey):
        secret = key.private_bytes_raw()
    else:
        secret = key.private_numbers().private_value.to_bytes(32)
    asked = {
        "issuer": front.url, "client_id": client, "jwk": {**jwk(key), "d": b64(secret)}, "alg": algorithm(key),
        "dpop": dpop,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "oauth_peer.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@on_session
@pytest.mark.parametrize(("client", "dpop"), [("harbour", True), ("coast", True), ("coast", False)])
async def test_independent_client_obtains_shows_inspects_and_ends_a_token(
    front: Harbourfront, client: str, dpop: bool
) -> None:
    saw = await _peer(front, client, dpop=dpop)
    assert (saw["token_type"], saw["scope"]) == ("dpop" if dpop else "bearer", "prefill")
    assert (saw["status"], saw["stolen"]) == (200, 401 if dpop else 200)
    assert (saw["payload"]["sub"], saw["payload"]["client_id"]) == (client, client)
    assert ("cnf" in saw["payload"]) is dpop
    assert (saw["header"]["typ"], saw["header"]["alg"]) == ("at+jwt", "EdDSA")
    assert (saw["before"]["active"], saw["after"]) == (True, {"active": False})
