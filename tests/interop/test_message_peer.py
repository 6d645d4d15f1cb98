"""An independent library (npm http-message-signatures) signs our requests and verifies our answers."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from tests.access.conftest import Harbourfront
from tests.access.conftest import front as front  # noqa: PLC0414 -- a fixture
from tests.access.messages import NAMES, thumbprint
from tests.access.signing import algorithm, b64, jwk
from tests.access.test_messages import body, of
from tests.flows.conftest import on_session

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/http-message-signatures").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


@on_session
async def test_independent_library_signs_a_request_and_verifies_the_answer(front: Harbourfront) -> None:
    key = front.keys["coast"]
    assert isinstance(key, EllipticCurvePrivateKey)
    async with front.session.get(f"{front.url}/oauth2/jwks") as response:
        jwks = await response.json()
    asked = {
        "url": f"{front.url}/v1/prefill", "token": await front.port("coast").plain(), "body": body(front).decode(),
        "jwk": {**jwk(key), "d": b64(key.private_numbers().private_value.to_bytes(32))}, "jwks": jwks,
        "keyid": thumbprint(key), "alg": NAMES[algorithm(key)],
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "message_peer.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), 60)
    assert process.returncode == 0, err.decode()
    saw = json.loads(out)
    assert (saw["status"], saw["again"]) == (200, 401), saw
    assert saw["digest"] is True
    assert saw["verified"] is True
    assert not saw["other"]
    assert '"signature";req;key="peer"' in saw["input"]
    assert of(front, saw["exchange"])[0]["notes"]["signature_key"] == thumbprint(key)
