"""Independent implementations (npm soap, xml-crypto) understand us, and we understand them."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.sources.soap import open_source
from adapters.transport.soap import Decoder, Envelope
from adapters.transport.wsdl import WsdlOperation, load
from adapters.transport.wsse import EnvelopeSigner, Recent, Verifier
from gateway.config.configuration import SourceSettings
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.load import load_catalogue
from tests import unhurried
from tests.adapters.asking import landed_from
from tests.adapters.raw_peers import soon, tools

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WSDL = ROOT / "schemas/sources/population/population.wsdl"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules/soap").is_dir(),
    reason="needs node and `npm install --no-package-lock` in tests/interop",
)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def operations() -> Mapping[str, WsdlOperation]:
    return load(WSDL)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of a certificate and its key; RSA, which is all that these peers know."""
    issued = trustme.CA().issue_cert("peer.example", key_type=trustme.KeyType.RSA)
    folder = tmp_path_factory.mktemp("keys")
    (folder / "certificate.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    return folder / "certificate.pem", folder / "key.pem"


async def _peer(*words: object, message: bytes = b"") -> Any:
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "soap_peer.mjs"),
        *map(str, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(message), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def _message(operations: Mapping[str, WsdlOperation]) -> bytes:
    request = {"MaYeuCau": "H31-1", "MaDVC": "VPCP", "MaTichHop": "037", "MaCanBo": "033085004321"}
    return Envelope(operations["TraCuuThongTinCongDan"].request).write(request | {"HoVaTen": "TRẦN <&> MẪU"})


async def test_our_signature_is_verified_by_another_implementation(
    operations: Mapping[str, WsdlOperation], pair: tuple[Path, Path]
) -> None:
    certificate, key = pair
    signed = EnvelopeSigner(certificate.read_bytes(), key.read_bytes()).sign(
        _message(operations), datetime.now(UTC)
    )
    found = await _peer("verify", certificate, message=signed)
    assert found == {"valid": True, "signed": ["BinarySecurityToken", "Body", "Timestamp"]}
    tampered = signed.replace(b"H31-1", b"H31-2")
    assert (await _peer("verify", certificate, message=tampered))["valid"] is False


async def test_signature_of_another_implementation_is_verified_by_us(
    operations: Mapping[str, WsdlOperation], pair: tuple[Path, Path]
) -> None:
    certificate, key = pair
    verifier = Verifier([certificate.read_bytes()], RealClock(), Recent(RealClock()))
    read: list[dict[str, object]] = []

    async def handle(request: web.Request) -> web.Response:
        body = verifier.verify(await request.read())
        read.append(Decoder(operations["TraCuuThongTinCongDan"].request).read_body(body))
        answer = "<CongDan><HoVaTen><Ten>TRẦN THỊ MẪU</Ten></HoVaTen></CongDan>"
        space = operations["TraCuuThongTinCongDan"].answer.tag[1:].partition("}")[0]
        text = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<CongdanCollection xmlns="{space}">{answer}</CongdanCollection></s:Body></s:Envelope>'
        )
        return web.Response(text=text, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/", handle)
    async with TestServer(app) as server:
        said = await _peer("ask", WSDL, server.make_url("/"), key, certificate)
    assert read[0]["HoVaTen"] == "TRẦN THỊ MẪU"
    assert read[0]["NgayThangNamSinh"] == {"Nam": "1990"}
    assert said["CongDan"][0]["HoVaTen"]["Ten"] == "TRẦN THỊ MẪU"


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "soap_peer.mjs"),
        "serve",
        str(WSDL),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = await asyncio.wait_for(process.stdout.readline(), 30)
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)


async def _ask(url: str, operation: str) -> SourceAnswer:
    plans = load_catalogue(ROOT).services["population"]
    settings = SourceSettings.model_validate(
        {
            "source": "population",
            "adapter": "adapters.sources.soap",
            "title": {"vi": "Dân cư", "en": "Population"},
            "provider": "C06",
            "mark": "sandbox",
            "url": url,
            "limits": unhurried.limits(),
            "options": {"wsdl": str(WSDL), "faults": {"QUOTA": "unavailable"}, "content_type": "text/xml"},
            "services": {operation: {"path": "/dancu", "parameters": {"integration_code": "037"},
                                     "procedure_codes": {"*": "VPCP"}}},
        }
    )  # fmt: skip
    source = open_source(settings, {operation: plans[operation]}, tools())
    person = Subject(
        kind=SubjectKind.PERSON,
        personal_id="033917264058",
        full_name="Trần Thị Mẫu",
        birth_date=PartialDate.parse("1990"),
    )
    query = SourceQuery(
        call_id=CallId("c-1"),
        service=f"population.{operation}",
        subject=person,
        attributes=("full_name", "gender"),
        official=Official(personal_id="033085004321", agency="000.00.14.H31"),
        procedure="1.001193",
        purpose="prefill",
    )
    try:
        return await landed_from(source, query, soon(20))
    finally:
        await source.close()


async def test_our_source_asks_a_server_made_from_our_wsdl_by_another_implementation() -> None:
    async with _server() as url:
        answer = await _ask(url, "TraCuuThongTinCongDan")
        refused = await _ask(url, "XacThucThongTinCongDan")
    assert answer.outcome is Outcome.FOUND
    assert answer.values == {"full_name": "Trần Thị Mẫu", "gender": "female"}
    assert (refused.outcome, refused.reason) == (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY)
