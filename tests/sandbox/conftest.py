import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from adapters.sandbox import business
from adapters.sandbox.app import TOKENS, build
from adapters.sandbox.people import Person, Register, load

Client = TestClient[web.Request, web.Application]
Ask = Callable[..., Awaitable[Any]]

ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:dan="http://dancuquocgia.bca"><soapenv:Header/><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


class SignedIn(TestClient[web.Request, web.Application]):
    """Brings a token to the peers behind the platform, but for the enterprise register and tests with headers."""

    async def _request(self, method: str, path: Any, **words: Any) -> Any:
        source, app = str(path).split("/")[1], self.server.app  # type: ignore[attr-defined]
        if source in business.NGSP and source != business.ENTERPRISE and not words.get("headers"):
            words["headers"] = {"Authorization": f"Bearer {app[TOKENS].issue(source)}"}
        return await super()._request(method, path, **words)


@pytest.fixture
def aiohttp_client_cls() -> type[SignedIn]:
    return SignedIn


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def register(root: Path) -> Register:
    return load(root)


@pytest.fixture
async def sandbox(aiohttp_client: AiohttpClient, root: Path) -> Client:
    return await aiohttp_client(build(root))


def soap_body(operation: str, person: Person, more: str = "", **changed: str) -> str:
    born = person.birth_date.replace("-", "")
    date = (
        f"<dan:NgayThangNam>{born}</dan:NgayThangNam>" if len(born) == 8 else f"<dan:Nam>{born[:4]}</dan:Nam>"
    )
    words = {
        "MaYeuCau": "H31-20260105-3f9a",
        "MaDVC": "G15-TP110",
        "MaTichHop": "037",
        "MaCanBo": "033085004321",
        "MaDonVi": "000.00.14.H31",
        "TaiKhoan": "canbo.thu",
        "SoDienThoai": "0",
        "SoDinhDanh" if person.personal_id else "SoCMND": person.personal_id or person.old_id,
        "HoVaTen": person.full_name.upper(),
    } | changed
    inner = "".join(f"<dan:{name}>{escape(value)}</dan:{name}>" for name, value in words.items())
    inner += f"<dan:NgayThangNamSinh>{date}</dan:NgayThangNamSinh>{more}"
    return ENVELOPE.format(f"<dan:{operation}>{inner}</dan:{operation}>")


def soap_headers(client: Client) -> dict[str, str]:
    stamp = str(time.time_ns() // 1_000_000)
    url = str(client.make_url("/population"))
    digest = hashlib.sha256(f"{url}sandbox{stamp}sandbox-secret-population".encode()).hexdigest()
    return {
        "Timestamp": stamp,
        "Authorization": "Basic " + base64.b64encode(f"sandbox:{digest}".encode()).decode(),
        "X-Road-Client": "VN/GOV/H31/motlan",
        "ApiKey": "sandbox",
        "SOAPAction": '""',
        "Content-Type": "application/xml; charset=utf-8",
    }


@pytest.fixture
def body_of() -> Callable[..., str]:
    return soap_body


@pytest.fixture
def headers_of() -> Callable[[Client], dict[str, str]]:
    return soap_headers


@pytest.fixture
def ask(sandbox: Client) -> Ask:
    """Ask the population peer; answers (status, text)."""

    async def asked(operation: str, person: Person, more: str = "", **changed: str) -> tuple[int, str]:
        body = soap_body(operation, person, more, **changed)
        async with sandbox.post("/population", data=body.encode(), headers=soap_headers(sandbox)) as answer:
            return answer.status, await answer.text()

    return asked


@pytest.fixture
def misbehave(sandbox: Client) -> Ask:
    async def ordered(source: str, mode: str, **more: object) -> None:
        async with sandbox.post(
            "/__sandbox/misbehave", json={"source": source, "mode": mode, **more}
        ) as answer:
            assert answer.status == 200

    return ordered
