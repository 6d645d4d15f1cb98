"""The neighbours of the simulated national portal: a ministry's portal, the interlinked groups, VNeID records."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from adapters.sandbox.people import Register

Client = TestClient[web.Request, web.Application]
Order = Callable[..., Awaitable[None]]
Ask = Callable[..., Awaitable[tuple[int, Any]]]
CODE = "G09.20-20260609-0092637"
NEW: dict[str, Any] = {
    "MaHoSo": CODE,
    "MaTTHC": "1.001193",
    "MaDichVuCong": "1.001193.01",
    "ChuHoSo": "Trần Thị Mẫu",
    "LoaiDoiTuong": 0,
    "MaDonViTiepNhan": "G09.20",
    "NgayNop": "2026-06-09 08:30:00",
    "NgayTiepNhan": "2026-06-09 09:00:00",
    "ThanhPhanHoSo": [],
    "ThongTinNguoiNop": {"LoaiDoiTuong": 0, "IdDoiTuong": "1", "ThongTinChiTiet": {"TenNguoiNop": "Trần Thị Mẫu"}},
}  # fmt: skip
STEP = {
    "IDHoSo": f"HS-{CODE}", "MaHoSo": CODE, "NguoiXuLy": "Lê Văn Ví Dụ", "ThoiDiemXuLy": "2026-06-09T10:00:00",
    "PhongBanXuLy": "", "NoiDungXuLy": "Đang xử lý", "TrangThai": 4,
}  # fmt: skip


@pytest.fixture
async def ministry(sandbox: Client) -> Ask:
    held: dict[str, str] = {}

    async def asked(method: str, path: str, **more: Any) -> tuple[int, Any]:
        url = f"/ministry_portal{path}"
        async with sandbox.request(method, url, headers=dict(held), **more) as answer:
            return answer.status, await answer.json()

    words = {"client_id": "sandbox", "client_secret": "sandbox-secret-ministry_portal"}
    assert (await asked("POST", "/token", json=words | {"client_secret": "guess"}))[0] == 401
    _, said = await asked("POST", "/token", json=words)
    held["Authorization"] = f"Bearer {said['access_token']}"
    return asked


async def ledger(client: Client, receiver: str) -> dict[str, Any]:
    async with client.get("/__sandbox/portal/ledger", params={"receiver": receiver}) as answer:
        said: dict[str, Any] = await answer.json()
        return said


async def test_ministry_numbers_dossiers_by_unit_and_day(ministry: Ask) -> None:
    query = {"maDonVi": "G09.20", "maTTHC": "1.001193"}
    values = [(await ministry("GET", "/api/LaySoHoSo", params=query))[1]["value"] for _ in range(2)]
    assert re.fullmatch(r"G09\.20-\d{8}-0000001", values[0])
    assert values[1] == values[0][:-1] + "2"
    assert (await ministry("GET", "/api/LaySoHoSo", params={"maDonVi": "G09.20"}))[0] == 400


async def test_ministry_takes_a_large_file_without_holding_it(ministry: Ask) -> None:
    content = b"%PDF-1.4" + bytes(9_000_000)
    with aiohttp.MultipartWriter("form-data") as form:
        form.append(io.BytesIO(content)).set_content_disposition(
            "form-data", name="files", filename="ban_ve.pdf"
        )
        status, said = await ministry("POST", "/api/TaiTepTin", data=form)
    assert status == 200
    held = said["data"][0]["response"]["data"][0]
    assert held["HashTepTin"] == hashlib.sha256(content).hexdigest()
    paper = {
        "IdGiayTo": held["IdTepTin"],
        "MaKetQua": "KQ.DVC.THONGTIN",
        "TenGiayTo": "a",
        "HashTepTin": held["HashTepTin"],
    }
    part = {
        "MaThanhPhanHoSo": "",
        "TenThanhPhanHoSo": "a",
        "SoLuong": 1,
        "LoaiBan": 2,
        "GiayToDinhKem": [paper],
    }
    assert (await ministry("POST", "/api/NoiHoSo", json={**NEW, "ThanhPhanHoSo": [part]}))[0] == 200
    strange = {**part, "GiayToDinhKem": [{**paper, "IdGiayTo": "none"}]}
    assert (await ministry("POST", "/api/NoiHoSo", json={**NEW, "MaHoSo": "x", "ThanhPhanHoSo": [strange]}))[
        0
    ] == 400
    assert (await ministry("POST", "/api/TaiTepTin", json={}))[0] == 400  # fmt: skip


async def test_ministry_takes_dossier_progress_and_status_once(ministry: Ask, sandbox: Client) -> None:
    status, said = await ministry("POST", "/api/NoiHoSo", json=NEW)
    assert (status, said["data"]) == (200, {"idHoSo": f"HS-{CODE}", "maHoSo": CODE})
    status, said = await ministry("POST", "/api/NoiHoSo", json=NEW)
    assert (status, said["data"]["maHoSo"]) == (400, CODE)
    assert "đã tồn tại" in said["message"]
    assert (await ministry("POST", "/api/CapNhatTienTrinh", json=[STEP]))[0] == 200
    final = {"IdHoSo": f"HS-{CODE}", "MaHoSo": CODE, "TrangThai": 10}
    assert (await ministry("POST", "/api/CapNhatTrangThai", json=[final]))[0] == 200
    [row] = (await ledger(sandbox, "ministry_portal"))["dossiers"]
    assert (row["creates"], row["creates_refused"], row["progress_rows"], row["status_rows"]) == (1, 1, 1, 1)
    assert row["status"] == "10"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("NoiHoSo", {key: value for key, value in NEW.items() if key != "ChuHoSo"}),
        ("NoiHoSo", {**NEW, "LoaiDoiTuong": "0"}),
        ("NoiHoSo", {**NEW, "NgayNop": "20260609083000"}),
        ("NoiHoSo", []),
        ("CapNhatTienTrinh", [STEP]),
        ("CapNhatTienTrinh", STEP),
        ("CapNhatTrangThai", [{"IdHoSo": "1", "MaHoSo": CODE, "TrangThai": "4"}]),
    ],
)
async def test_ministry_refuses_what_its_contract_does_not_know(
    ministry: Ask, path: str, body: object
) -> None:
    assert (await ministry("POST", f"/api/{path}", json=body))[0] == 400


async def test_ministry_answers_with_the_statuses_of_its_table(
    sandbox: Client, ministry: Ask, misbehave: Order
) -> None:
    path = "/ministry_portal/api/NoiHoSo"
    async with sandbox.post(path, json=NEW) as answer:
        assert answer.status == 401
    reader = {"client_id": "sandbox-reader", "client_secret": "sandbox-secret-ministry_portal"}
    async with sandbox.post("/ministry_portal/token", json=reader) as answer:
        bearer = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
    async with sandbox.post(path, json=NEW, headers=bearer) as answer:
        assert answer.status == 403
    async with sandbox.post("/ministry_portal/api/Khac", json=NEW, headers=bearer) as answer:
        assert answer.status == 404
    await misbehave("ministry_portal", "status503", times=1)
    assert (await ministry("POST", "/api/NoiHoSo", json=NEW))[0] == 502
    await misbehave("ministry_portal", "forgetful", times=1)
    assert (await ministry("POST", "/api/NoiHoSo", json=NEW))[0] == 200
    await misbehave("ministry_portal", "duplicate_code", times=1)
    assert (await ministry("POST", "/api/NoiHoSo", json=NEW))[0] == 400
    assert (await ledger(sandbox, "ministry_portal"))["dossiers"] == []  # fmt: skip


@pytest.fixture
async def group(sandbox: Client) -> Ask:
    held: dict[str, str] = {}

    async def asked(method: str, path: str, **more: Any) -> tuple[int, Any]:
        url = f"/interlinked/api/lienthongdvclt/{path}"
        async with sandbox.request(method, url, headers=dict(held), **more) as answer:
            return answer.status, await answer.json()

    assert (await asked("GET", "LayDanhSachHoSo"))[0] == 401
    words = {"userName": "sandbox", "password": "sandbox-secret-interlinked"}
    _, said = await asked("POST", "token", json=words)
    assert said.keys() == {"token", "refreshToken", "refreshTokenExpiryTime"}
    held["Authorization"] = f"Bearer {said['token']}"
    return asked


async def test_interlinked_dossier_is_offered_until_it_is_acknowledged(group: Ask, sandbox: Client) -> None:
    _, said = await group("GET", "LayDanhSachHoSo")
    rows = said["data"]
    assert {one["module"] for one in rows} == {"LTKS", "LTKT"}
    assert rows[0].keys() == {"id", "maDonVi", "maTTHC", "module", "maHoSo", "ngayTiepNhan", "techId"}
    assert type(rows[0]["maDonVi"]) is int
    for one in rows:
        _, whole = await group("GET", f"hosolienthong/{one['id']}")
        assert isinstance(json.loads(whole["data"]), dict)
        assert base64.b64decode(whole["fileDinhKem"][0]["duLieuTepDinhKem"]).startswith(b"%PDF")
    code = rows[0]["maHoSo"]
    status, told = await group("PUT", "hosolienthong", json={"maHoSo": code, "daNhan": True})
    assert (status, told["message"].lower()) == (200, "cập nhật thành công")
    assert code not in {one["maHoSo"] for one in (await group("GET", "LayDanhSachHoSo"))[1]["data"]}
    assert (await group("PUT", "hosolienthong", json={"maHoSo": "none", "daNhan": True}))[0] == 404
    assert (await group("GET", "hosolienthong/none"))[0] == 404
    pushed = {
        "maTTHC": "2.000986",
        "soHoSoLT": code,
        "coQuanXuLy": 14,
        "maHoSo": code,
        "trangThai": 4,
        "thoiGianThucHien": "20260105100000",
    }
    assert (await group("POST", "CapNhatTrangThai", json=pushed))[0] == 200
    assert (await group("POST", "CapNhatTrangThai", json={**pushed, "trangThai": "4"}))[0] == 400
    [row] = (await ledger(sandbox, "interlinked"))["dossiers"]
    assert (row["code"], row["acknowledged"], row["statuses"]) == (code, 1, [["4", "20260105100000"]])  # fmt: skip


async def test_forgetful_group_offers_an_acknowledged_dossier_again(group: Ask, misbehave: Order) -> None:
    code = (await group("GET", "LayDanhSachHoSo"))[1]["data"][0]["maHoSo"]
    await misbehave("interlinked", "forgetful", operation="XacNhanHoSo", times=1)
    assert (await group("PUT", "hosolienthong", json={"maHoSo": code, "daNhan": True}))[0] == 200
    assert (await group("GET", "LayDanhSachHoSo"))[1]["data"][0]["maHoSo"] == code


async def test_record_status_is_taken_or_refused_in_the_words_of_vneid(
    sandbox: Client, register: Register
) -> None:
    assert register.people
    words = {
        "maTinh": "33",
        "tenTinh": "Hưng Yên",
        "maHoSoMCDT": "H31-LLTP-1",
        "trangThaiXuLy": "9",
        "tenTrangThaiXuLy": "Đã xử lý xong",
    }
    async with sandbox.post("/vneid_records/api/CapNhatTrangThai", json=words) as answer:
        assert await answer.json() == {"statusCode": "00", "data": None, "errorDetail": None}
    async with sandbox.post(
        "/vneid_records/api/CapNhatTrangThai", json={**words, "trangThaiXuLy": "11"}
    ) as answer:
        assert (await answer.json())["statusCode"] == "01"
    assert (await ledger(sandbox, "vneid_records"))["totals"]["status_rows"] == 1  # fmt: skip
