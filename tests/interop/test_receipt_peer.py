"""A receipt of a consent is verified by an independent library (npm jose), and not once a letter of it was changed."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.flows.conftest import House, on_session
from tests.flows.conftest import patient as patient  # noqa: PLC0414 -- a fixture
from tests.flows.conftest import shared_house as shared_house  # noqa: PLC0414 -- a fixture
from tests.flows.test_consents import given

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/jose").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


@on_session
async def test_independent_library_verifies_a_receipt_with_the_published_keys(patient: House) -> None:
    got = await given(patient, patient.subject("married"))
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "receipt_peer.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = {"keys": f"{patient.url}/oauth2/jwks", "receipt": got["receipt"]}
    out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), 60)
    assert process.returncode == 0, err.decode()
    saw = json.loads(out)
    assert saw["protectedHeader"]["alg"] == "EdDSA"
    assert (saw["payload"]["record_id"], saw["spoilt"]) == (
        got["consent"],
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    )
