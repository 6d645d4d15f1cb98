"""An independent SD-JWT library (npm @sd-jwt/core) verifies a signed answer, and shows a part of it."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.flows.conftest import House, new_official, on_session
from tests.flows.conftest import patient as patient  # noqa: PLC0414 -- a fixture
from tests.flows.conftest import shared_house as shared_house  # noqa: PLC0414 -- a fixture

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/@sd-jwt/core").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


@on_session
async def test_independent_library_verifies_an_answer_and_any_part_of_it(patient: House) -> None:
    who = patient.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answer = await patient.prefill("1.004873", subjects, official=new_official(), passport="sd-jwt")
    async with patient.session.get(f"{patient.url}/oauth2/jwks") as response:
        jwks = await response.json()
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "sd_jwt_peer.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = json.dumps({"jwks": jwks, "passport": answer["passport"], "field": "nxnHoTen"})
    out, err = await asyncio.wait_for(process.communicate(asked.encode()), 60)
    assert process.returncode == 0, err.decode()
    saw = json.loads(out)
    filled = {key: one["value"] for key, one in answer["fields"].items() if one["state"] == "filled"}
    assert {key: one["value"] for key, one in saw["whole"]["fields"].items()} == filled
    assert saw["whole"]["jti"] == answer["exchange_id"]
    assert (saw["header"]["alg"], saw["header"]["typ"]) == ("EdDSA", "motlan-passport+sd-jwt")
    source = answer["fields"]["nxnHoTen"]["evidence"]
    assert saw["shown"]["fields"] == {"nxnHoTen": saw["whole"]["fields"]["nxnHoTen"]}
    assert saw["shown"]["evidence"] == {source: answer["evidence"][source]}
    assert saw["disclosures"] == 2
    assert saw["refused"] == {"signature": True, "claims": True}
    assert saw["forged"] is None
