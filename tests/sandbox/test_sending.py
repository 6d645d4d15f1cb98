"""The simulated portal as a sender, and the simulated one-gate system, against a gateway that is played here."""

import asyncio
import base64
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lxml import etree

from adapters.sandbox.people import Register
from gateway.mapping.load import load_catalogue

Client = TestClient[web.Request, web.Application]
Order = Callable[..., Awaitable[None]]
DOOR = "/portal/national_bus"


class PlayedGateway:
    """Takes dossiers as a door does; can drop answers, and offers what it took to a one-gate system."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.drop_every = 0
        self.names = True
        self.waiting: dict[str, dict[str, Any]] = {}
        self.acked: Counter[str] = Counter()
        self.entries: list[dict[str, Any]] = []
        self.jwks: dict[str, Any] = {"keys": []}
        self.fail_acks = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**23)
        app.router.add_post(f"{DOOR}/{{path}}", self.door)
        app.router.add_post("/portal/vneid_records/hoso", self.record)
        app.router.add_post("/oauth2/token", self.token)
        app.router.add_get("/oauth2/jwks", self.keys)
        app.router.add_get("/v1/dossiers/inbox", self.inbox)
        app.router.add_post("/v1/dossiers/inbox/ack", self.ack)
        app.router.add_post("/v1/dossiers/progress", self.progress)
        return app

    async def door(self, request: web.Request) -> web.Response:
        words = await request.json()
        self.calls.append((request.match_info["path"], dict(request.headers), words))
        data = words.get("data", words)
        code = data.get("MaHoSo") or data["MaHoSoQG"]
        known = code in self.taken
        self.taken.setdefault(code, data)
        if self.drop_every and len(self.calls) % self.drop_every == 0:
            assert request.transport is not None
            request.transport.close()
        said = 1 if known and not words.get("isUpdating") else 0
        return web.json_response(
            {"error_code": said, "message": f"{code if self.names else ''}| create dossier"}
        )

    async def record(self, request: web.Request) -> web.Response:
        known = self.taken.get(code := (await request.json())["MaHoSo"])
        self.taken[code] = await request.json()
        detail = "hồ sơ đã được tiếp nhận" if known else None
        return web.json_response({"statusCode": "01" if known else "00", "data": None, "errorDetail": detail})

    async def token(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == aiohttp.encode_basic_auth(
            "one_gate", "sandbox-only-one-gate"
        )
        return web.json_response({"access_token": "t"})

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self.jwks)

    async def inbox(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        after, count = int(request.query["after"]), int(request.query["count"])
        items = [one for one in self.waiting.values() if one["seq"] > after][:count]
        return web.json_response({"items": items, "next": items[-1]["seq"] if items else after})

    async def ack(self, request: web.Request) -> web.Response:
        if self.fail_acks:
            self.fail_acks -= 1
            return web.Response(status=503)
        deliveries = (await request.json())["deliveries"]
        for one in deliveries:
            self.acked[one] += 1
            self.waiting.pop(one, None)
        return web.json_response({"acknowledged": len(deliveries)})

    async def progress(self, request: web.Request) -> web.Response:
        assert request.headers["Idempotency-Key"]
        self.entries += (await request.json())["entries"]
        return web.json_response({"entries": []}, status=202)

    def offer(self, number: int) -> None:
        item = {"seq": number, "delivery": f"d{number}", "kind": "dossier", "origin": "national_bus"}
        item |= {"code": f"H31-QG-{number}", "procedure": "1.001193", "message": {"code": f"H31-QG-{number}"}}
        self.waiting[f"d{number}"] = item


@pytest.fixture
async def gateway() -> AsyncIterator[PlayedGateway]:
    played = PlayedGateway()
    server = TestServer(played.app())
    await server.start_server()
    played.url = str(server.make_url("")).rstrip("/")  # type: ignore[attr-defined]
    yield played
    await server.close()


@pytest.fixture
def submit(sandbox: Client, gateway: PlayedGateway) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def submitted(**words: Any) -> dict[str, Any]:
        order = {"to": gateway.url, "secret": "s", **words}  # type: ignore[attr-defined]
        async with sandbox.post("/__sandbox/portal/submit", json=order) as answer:
            assert answer.status == 200, await answer.text()
            said: dict[str, Any] = await answer.json()
            return said

    return submitted


Submit = Callable[..., Awaitable[dict[str, Any]]]


async def test_submitted_dossiers_arrive_in_the_envelope_of_the_facts(
    submit: Submit, gateway: PlayedGateway, register: Register
) -> None:
    said = await submit(count=3, procedure="1.001193")
    assert (said["dossiers"], said["taken"], said["attempts"], said["not_taken"]) == (3, 3, 3, [])
    path, headers, words = gateway.calls[0]
    assert (path, headers["X-Portal-Secret"]) == ("nhanhsdvcqg", "s")
    assert (words["service"], words["isUpdating"]) == ("NhanHoSo", False)
    data = words["data"]
    assert data["MaTTHC"] == "1.001193"
    detail = data["ThongTinNguoiNop"]["ThongTinChiTiet"]
    assert register.by_id[detail["SoDinhDanh"]].full_name == detail["TenNguoiNop"]
    assert len({one[2]["data"]["MaHoSo"] for one in gateway.calls}) == 3


async def test_files_come_in_the_message_or_by_address_and_fit_their_digests(
    submit: Submit, gateway: PlayedGateway, sandbox: Client
) -> None:
    await submit(count=1, large_bytes=3_000_000)
    papers = [one["GiayToDinhKem"][0] for one in gateway.calls[0][2]["data"]["ThanhPhanHoSo"]]
    assert ["Base64" in one for one in papers] == [True, False, False]
    assert hashlib.sha256(base64.b64decode(papers[0]["Base64"])).hexdigest() == papers[0]["HashTepTin"]
    sizes = []
    for one in papers[1:]:
        assert len(one["DuongDan"].rpartition("/")[2]) == 36
        path = one["DuongDan"].removeprefix(str(sandbox.make_url("/")).rstrip("/"))
        async with sandbox.get(path) as answer:
            content = await answer.read()
        assert content.startswith(b"%PDF")
        assert content.endswith(b"%%EOF\n")
        start = int(content.rpartition(b"startxref\n")[2].split()[0])
        assert content[start:].startswith(b"xref\n")
        place = int(content[start:].split(b"\n")[3][:10])
        assert content[place:].startswith(b"1 0 obj")
        assert hashlib.sha256(content).hexdigest() == one["HashTepTin"]
        sizes.append(len(content))
    assert sizes[0] < 5000
    assert sizes[1] == 3_000_000
    async with sandbox.get("/national_bus/files/none") as answer:
        assert answer.status == 404  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "service", "needed"),
    [
        ("promotion", "addtthcKhuyenMai", None, "MaHoSo MaTTHC MaSoThue TenThuongNhan TepDonDangKy TaiLieuNop"),
        ("amendment", "nhanhsdvcqg", "NhanHoSoSuaDoi", "MaHoSoQG ThongTinDaNop ThongTinSuaDoi URLTepDangKy"),
        ("tax_voucher", "nhanhsdvcqg", "NhanChungTuThueDat",
         "MaHoSo HoTenNguoiNopTien MaSoThue UrlFileChungTu ThongTinThanhToan"),
        ("tax_notice", "nhantbthuedvcqg", "NhanThongBaoThueDat", "FileThongBaoThue"),
    ],
)  # fmt: skip
async def test_other_kinds_have_their_path_and_fields(
    submit: Submit, gateway: PlayedGateway, kind: str, path: str, service: str | None, needed: str
) -> None:
    await submit(count=1, kind=kind)
    [(called, _headers, words)] = gateway.calls
    assert (called, words.get("service")) == (path, service)
    data = words.get("data", words)
    assert all(data[name] for name in needed.split())


@pytest.mark.parametrize(
    ("kind", "portal", "message"),
    [
        ("any", "national_bus", "application"),
        ("promotion", "national_bus", "promotion"),
        ("amendment", "national_bus", "amendment"),
        ("tax_voucher", "national_bus", "tax_voucher"),
    ],
)
async def test_what_the_portal_sends_is_read_by_the_mappings(
    submit: Submit, gateway: PlayedGateway, root: Path, kind: str, portal: str, message: str
) -> None:
    await submit(count=30, kind=kind, large_bytes=100_000)
    plan = load_catalogue(root).portals[portal][message]
    for _path, _headers, words in gateway.calls:
        found = plan.read(words.get("data", words))
        if kind == "any":
            assert found["applicant"]["ids"]
            assert found["filed_at"]
            assert any(one.get("url") for one in found["papers"])


async def test_tax_notice_is_nested_xml(submit: Submit, gateway: PlayedGateway) -> None:
    await submit(count=1, kind="tax_notice")
    xml = base64.b64decode(gateway.calls[0][2]["data"]["FileThongBaoThue"])
    rows = etree.fromstring(xml).xpath("/DATA/BODY/ROW_LIST/LIST/SO_TIEN/text()")
    assert rows == ["1250000"]


async def test_criminal_record_dossier_goes_to_a_door_of_its_own(
    submit: Submit, gateway: PlayedGateway
) -> None:
    said = await submit(count=2, kind="criminal_record", resend_percent=100)
    assert (said["taken"], said["answers"]["0"], said["answers"]["1"]) == (2, 2, 2)
    assert {one["MaTTHC"] for one in gateway.taken.values()} == {"9.900002"}


async def test_secret_can_stand_in_the_body(submit: Submit, gateway: PlayedGateway) -> None:
    await submit(count=1, secret_in="body")
    _path, headers, words = gateway.calls[0]
    assert words["SecurityKey"] == "s"
    assert "X-Portal-Secret" not in headers


async def test_dropped_answers_are_sent_again_until_they_are_answered(
    submit: Submit, gateway: PlayedGateway, sandbox: Client
) -> None:
    gateway.drop_every = 5
    said = await submit(count=40)
    assert (said["taken"], said["not_taken"]) == (40, [])
    assert said["attempts"] > 40
    assert said["answers"]["unanswered"] > 0
    assert len(gateway.taken) == 40
    async with sandbox.get("/__sandbox/portal/sent", params={"from": 10, "count": 5}) as answer:
        told = await answer.json()
    assert told["totals"]["taken"] == 40
    assert len(told["dossiers"]) == 5
    assert "SoDinhDanh" not in json.dumps(told)


async def test_resends_doubles_and_supplements_are_ordered_by_percentage(
    submit: Submit, gateway: PlayedGateway
) -> None:
    said = await submit(
        count=60, resend_percent=50, duplicate_percent=50, supplement_percent=50, out_of_order=True
    )
    assert said["dossiers"] == 60
    assert 110 <= said["attempts"] <= 190
    assert said["answers"]["1"] > 20
    assert gateway.calls[0][2]["isUpdating"] is True, "supplements come first when out of order"


async def test_answer_that_names_another_dossier_is_no_receipt(
    submit: Submit, gateway: PlayedGateway
) -> None:
    gateway.names = False
    said = await submit(count=1)
    assert (said["taken"], said["answers"]["other"]) == (0, 1)


async def test_gateway_that_stays_away_is_reported(submit: Submit) -> None:
    said = await submit(count=2, to="http://127.0.0.1:1", give_up_seconds=0.3)
    assert (said["taken"], len(said["not_taken"])) == (0, 2)


@pytest.mark.parametrize(
    "to", ["https://dichvucong.example.vn", "http://10.0.0.1", "ftp://127.0.0.1", "127.0.0.1"]
)
async def test_nothing_is_sent_off_this_machine(sandbox: Client, to: str) -> None:
    for path in ("portal/submit", "one_gate/start"):
        words = {"to": to, "count": 1} if "portal" in path else {"gateway": to}
        async with sandbox.post(f"/__sandbox/{path}", json=words) as answer:
            assert answer.status == 400


async def test_portal_knows_what_it_sent_and_takes_its_status(submit: Submit, sandbox: Client) -> None:
    said = await submit(dossiers=[{"code": "H31-QG-0001", "persona": "mau"}])
    assert said["first"] == "H31-QG-0001"
    async with sandbox.get("/__sandbox/portal/ledger", params={"code": "H31-QG-0001"}) as answer:
        [row] = (await answer.json())["dossiers"]
    assert (row["origin"], row["status"], row["creates"]) == ("portal", "1", 0)


# -------------------------------------------------------------------------------------------------- one gate


async def one_gate(client: Client) -> dict[str, Any]:
    async with client.get("/__sandbox/one_gate/ledger", params={"count": 1000}) as answer:
        said: dict[str, Any] = await answer.json()
        return said


async def until(client: Client, name: str, count: int) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while (said := await one_gate(client))["totals"][name] < count:
            await asyncio.sleep(0.02)
    return said


async def start(client: Client, gateway: PlayedGateway, **more: Any) -> None:
    order = {"gateway": gateway.url, "poll_seconds": 0.02, **more}  # type: ignore[attr-defined]
    async with client.post("/__sandbox/one_gate/start", json=order) as answer:
        assert answer.status == 200, await answer.text()


async def test_one_gate_system_pulls_acknowledges_and_reports_to_the_end(
    sandbox: Client, gateway: PlayedGateway
) -> None:
    for number in range(1, 8):
        gateway.offer(number)
    await start(sandbox, gateway, page=3)
    said = await until(sandbox, "finished", 7)
    assert gateway.waiting == {}
    assert set(gateway.acked.values()) == {1}
    assert said["totals"]["repeated"] == 0
    statuses = [one["status"] for one in gateway.entries if one["dossier"] == "H31-QG-1"]
    assert statuses == ["accepted", "processing", "processed", "handed_over"]
    async with sandbox.post("/__sandbox/one_gate/stop") as answer:
        assert await answer.json() == {"working": False}
    assert (await one_gate(sandbox))["working"] is False


async def test_delivery_that_comes_again_is_counted_and_takes_effect_once(
    sandbox: Client, gateway: PlayedGateway
) -> None:
    gateway.offer(1)
    await start(sandbox, gateway, skip_ack_percent=100)
    said = await until(sandbox, "repeated", 3)
    [row] = said["dossiers"]
    assert (row["deliveries"], row["contents"], row["acknowledged"]) == (1, 1, 0)
    assert [one["status"] for one in gateway.entries].count("accepted") == 1


async def test_new_version_of_a_dossier_is_taken_and_no_step_reported_again(
    sandbox: Client, gateway: PlayedGateway
) -> None:
    gateway.offer(1)
    await start(sandbox, gateway)
    await until(sandbox, "finished", 1)
    gateway.offer(1)
    gateway.waiting["d2"] = {
        **gateway.waiting.pop("d1"),
        "delivery": "d2",
        "seq": 2,
        "message": {"version": 2},
    }
    said = await until(sandbox, "deliveries", 2)
    assert said["dossiers"][0]["contents"] == 2
    await asyncio.sleep(0.1)
    assert len(gateway.entries) == 4


async def test_two_versions_in_one_page_are_reported_once(sandbox: Client, gateway: PlayedGateway) -> None:
    gateway.offer(1)
    gateway.waiting["d2"] = {**gateway.waiting["d1"], "delivery": "d2", "seq": 2}
    await start(sandbox, gateway)
    await until(sandbox, "finished", 1)
    assert len(gateway.entries) == 4


async def test_acknowledgement_is_repeated_until_it_is_answered(
    sandbox: Client, gateway: PlayedGateway
) -> None:
    gateway.fail_acks = 2
    gateway.offer(1)
    await start(sandbox, gateway, until="")
    said = await until(sandbox, "acknowledged", 1)
    assert said["counts"]["inbox/ack.503"] == 2
    assert gateway.entries == []


COVERED = '"@method" "@target-uri" "content-digest"'


def signed(key: Ed25519PrivateKey, url: str, body: bytes, covered: str = COVERED) -> dict[str, str]:
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    params = f'({covered});created=1767600000;keyid="k1";alg="ed25519"'
    known = {'"@method"': "POST", '"@target-uri"': url, '"content-digest"': digest}
    base = "".join(f"{name}: {known[name]}\n" for name in covered.split())
    signature = base64.b64encode(key.sign(f'{base}"@signature-params": {params}'.encode())).decode()
    return {
        "Content-Digest": digest,
        "Signature-Input": f"push={params}",
        "Signature": f"push=:{signature}:",
        "X-Delivery-Id": "d9",
    }


async def test_webhook_takes_only_what_is_signed_by_the_gateway(
    sandbox: Client, gateway: PlayedGateway, misbehave: Order
) -> None:
    key = Ed25519PrivateKey.generate()
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    gateway.jwks = {"keys": [{"kid": "k1", "kty": "OKP", "crv": "Ed25519", "x": x}]}
    gateway.offer(9)
    body = json.dumps(gateway.waiting.pop("d9")).encode()
    await start(sandbox, gateway, pull=False)
    url = str(sandbox.make_url("/one_gate/webhook"))

    async def push(headers: dict[str, str], sent: bytes = body) -> int:
        async with sandbox.post("/one_gate/webhook", data=sent, headers=headers) as answer:
            return answer.status

    good = signed(key, url, body)
    assert await push({}) == 401
    assert await push(good, body + b" ") == 401
    assert await push(signed(Ed25519PrivateKey.generate(), url, body)) == 401
    assert await push(signed(key, url, body, '"@method" "content-digest"')) == 401
    assert await push({**good, "X-Delivery-Id": "other"}) == 400
    await misbehave("one_gate", "status503", times=1)
    assert await push(good) == 503
    assert (await one_gate(sandbox))["totals"]["dossiers"] == 0
    assert await push(good) == 204
    assert await push(good) == 204
    said = await one_gate(sandbox)
    assert (said["totals"]["deliveries"], said["totals"]["repeated"]) == (1, 1)
    assert said["counts"]["webhook.forged"] == 1
