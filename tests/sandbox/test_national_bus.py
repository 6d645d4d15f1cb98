"""The simulated national portal, at its own door and behind an LGSP: the facts' example messages, as they stand."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

Client = TestClient[web.Request, web.Application]
Order = Callable[..., Awaitable[None]]
BASE = "/national_bus/XrdAdapter/RestService/forward/mapi"
DST = {"dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprovider"}
CODE = "H31.14-260105-0007"

DOSSIER: dict[str, Any] = json.loads("""
{"MaHoSo":"H31.14-260105-0007","MaTTHC":"1.001193.000.00.00.H31","TenTTHC":"Đăng ký khai sinh",
 "MaLinhVuc":"G15-HT01","TenLinhVuc":"Hộ tịch","KenhThucHien":"2","SoGiayToChuHoSo":"033190001234",
 "ChuHoSo":"Trần Thị Mẫu","LoaiDoiTuong":"1","MaDoiTuong":"7d0c2a00-demo-techid","ThongTinKhac":"",
 "Email":"mau@example.vn","Fax":"","SoDienThoai":"0900000001","TrichYeuHoSo":"Đăng ký khai sinh cho con",
 "NgayTiepNhan":"20260105083000","NgayHenTra":"20260107170000","TrangThaiHoSo":"2","NgayTra":"",
 "ThongTinTra":"","HinhThuc":"0","NgayKetThucXuLy":"","DonViXuLy":"UBND phường Mẫu","GhiChu":"",
 "TaiLieuNop":[{"TepDinhKemId":"","TenTepDinhKem":"giay_chung_sinh.pdf","IsDeleted":"False",
 "MaThanhPhanHoSo":"000.00.00.G15-GT900001","DuongDanTaiTepTin":"https://gw.example.vn/files/6f1b",
 "DuocSoHoa":"1","DuocTaiSuDung":"0","DuocLayTuKhoDMQG":"0","MaKetQuaThayThe":""},{"TepDinhKemId":"",
 "TenTepDinhKem":"chung_nhan_ket_hon.pdf","IsDeleted":"False","MaThanhPhanHoSo":"000.00.00.G15-GT900002",
 "DuongDanTaiTepTin":"https://gw.example.vn/files/77c2","DuocSoHoa":"1","DuocTaiSuDung":"2",
 "DuocLayTuKhoDMQG":"1","MaKetQuaThayThe":"KQ.G15.900002"}],"DanhSachLePhi":[],"DanhSachTepDinhKemKhac":[],
 "DanhSachHoSoBoSung":[],"DanhSachGiayToKetQua":[],"NoiNopHoSo":"2","HoSoCoThanhPhanSoHoa":"1",
 "TaiKhoanDuocXacThucVoiVNeID":"1","DuocThanhToanTrucTuyen":"0","NgayTuChoi":"",
 "DinhDanhCHS":[{"LoaiDinhDanh":"1","SoDinhDanh":"033190001234"}],"NgayNopHoSo":"20260105081200",
 "DSKetNoiCSDL":[{"MaCSDL":"1"}]}
""")
PROGRESS: list[dict[str, Any]] = json.loads("""
[{"MaHoSo":"H31.14-260105-0007","NguoiXuLy":"Lê Văn Ví Dụ","ChucDanh":"Công chức",
 "ThoiDiemXuLy":"20260105083000","PhongBanXuLy":"Bộ phận một cửa","NoiDungXuLy":"Tiếp nhận hồ sơ",
 "TrangThai":"2","NgayBatDau":"","NgayKetThucTheoQuyDinh":""},{"MaHoSo":"H31.14-260105-0007",
 "NguoiXuLy":"Lê Văn Ví Dụ","ChucDanh":"","ThoiDiemXuLy":"20260106101500","PhongBanXuLy":"",
 "NoiDungXuLy":"Đang xử lý","TrangThai":"4","NgayBatDau":"20260105083000",
 "NgayKetThucTheoQuyDinh":"20260107170000"}]
""")
PROCEDURE: dict[str, Any] = json.loads("""
{"MATTHC":"1.001193","TENTTHC":"Đăng ký khai sinh","LINHVUCTHUCHIEN":[{"MALINHVUC":"G15-HT01",
 "TENLINHVUC":"Hộ tịch"}],"CACHTHUCTHUCHIEN":[{"KENH":"2","THOIGIAN":[{"THOIGIANGIAIQUYET":"1",
 "DONVITINH":"Ngày làm việc","MOTA":"","PHILEPHI":[]}]}],"THANHPHANHOSO":[{"TRUONGHOP":"",
 "GIAYTO":[{"MAGIAYTO":"000.00.00.G15-GT900001","TENGIAYTO":"Giấy chứng sinh","TENMAUDON":"","URL":"",
 "SOBANCHINH":"1","SOBANSAO":"0","MA_KQ_THAYTHE":""},{"MAGIAYTO":"000.00.00.G15-GT900002",
 "TENGIAYTO":"Giấy chứng nhận kết hôn của cha mẹ","TENMAUDON":"","URL":"","SOBANCHINH":"1","SOBANSAO":"0",
 "MA_KQ_THAYTHE":"KQ.G15.900002"}]}],"KETQUATHUCHIEN":[{"MAKETQUA":"KQ.G15.900001","TENKETQUA":"Giấy khai sinh",
 "TENTEP":"","URL":""}]}
""")


class Bus:
    """A logged-in unit."""

    def __init__(self, client: Client, session: str) -> None:
        self.client = client
        self.session = session

    async def __call__(self, service: str, **more: Any) -> dict[str, Any]:
        envelope = {"session": self.session, "madonvi": "000.00.00.H31", "service": service, **more}
        async with self.client.post(f"{BASE}/g", params=DST, json=envelope) as answer:
            assert answer.status == 200
            said: dict[str, Any] = await answer.json()
            return said

    async def create(self, **changed: Any) -> dict[str, Any]:
        return await self("DongBoHoSoMC", isUpdating="False", data=[{**deepcopy(DOSSIER), **changed}])

    async def update(self, **changed: Any) -> dict[str, Any]:
        return await self("DongBoHoSoMC", isUpdating="True", data=[{**deepcopy(DOSSIER), **changed}])

    async def ledger(self, **page: Any) -> dict[str, Any]:
        async with self.client.get("/__sandbox/portal/ledger", params=page) as answer:
            said: dict[str, Any] = await answer.json()
            return said


async def log_in(client: Client, **headers: str) -> dict[str, Any]:
    login = {"username": "000.00.00.H31", "password": "sandbox-secret-national_bus"}
    async with client.post(f"{BASE}/login", params=DST, json=login, headers=headers) as answer:
        assert answer.status == 200
        said: dict[str, Any] = await answer.json()
        return said


@pytest.fixture
async def bus(sandbox: Client) -> Bus:
    return Bus(sandbox, (await log_in(sandbox))["session"])


async def test_login_is_answered_as_the_facts_show(sandbox: Client) -> None:
    said = await log_in(sandbox)
    assert said == {"error_code": 0, "message": "OK", "session": said["session"]}
    wrong = {"username": "000.00.00.H31", "password": "guess"}
    async with sandbox.post(f"{BASE}/login", params=DST, json=wrong) as answer:
        told = await answer.json()
    assert answer.status == 200
    assert "session" not in told
    assert int(told["error_code"]) != 0


async def test_target_subsystem_is_taken_from_the_query_or_a_header(sandbox: Client) -> None:
    login = {"username": "u", "password": "sandbox-secret-national_bus"}
    async with sandbox.post(f"{BASE}/login", json=login, headers=DST) as answer:
        assert (await answer.json())["session"]
    async with sandbox.post(f"{BASE}/login", json=login) as answer:
        assert answer.status == 400
    async with sandbox.post(f"{BASE}/login", json=login, params={"dstcode": "VN:COM:1:x"}) as answer:
        assert answer.status == 400


async def test_life_of_a_dossier_is_answered_as_the_facts_show(bus: Bus) -> None:
    assert await bus("TraCuuHoSo", mahoso=CODE) == {"error_code": "0", "message": "Thành công", "result": []}
    assert await bus.create() == {"error_code": "0", "message": "Thành công"}
    assert await bus.create() == {"error_code": "3", "message": f"{CODE} đã tồn tại"}
    assert (await bus.update(TrangThaiHoSo="4"))["error_code"] == "0"
    progress = await bus("CapNhatTienDoHoSoMC", data=PROGRESS)
    assert progress["error_code"] == "0"
    assert "thành công" in progress["message"]
    [found] = (await bus("TraCuuHoSo", mahoso=CODE))["result"]
    assert (found["MaHoSo"], found["MaTrangThai"], found["NgayHenTra"]) == (CODE, "4", "20260107170000")
    assert found["TrangThaiHoSo"] == "Đang xử lý"
    [row] = (await bus.ledger())["dossiers"]
    assert (row["creates"], row["creates_refused"], row["updates"], row["progress_rows"]) == (1, 1, 1, 2)
    assert row["progress"] == [["2", "20260105083000"], ["4", "20260106101500"]]
    assert (row["progress_doubled"], row["updates_doubled"], len(row["digests"])) == (0, 0, 2)


async def test_procedure_is_answered_as_the_facts_show(bus: Bus) -> None:
    said = await bus("LayThuTuc", maTTHC="1.001193.000.00.00.H31")
    assert (said["error_code"], said["message"]) == ("0", "")
    [detail] = said["result"]
    assert PROCEDURE.items() <= detail.items()
    assert (await bus("LayThuTuc", maTTHC="9.123456"))["result"] == []


async def test_what_arrives_twice_is_counted_as_doubled(bus: Bus) -> None:
    await bus.create()
    await bus.update(TrangThaiHoSo="4")
    await bus.update(TrangThaiHoSo="4")
    await bus("CapNhatTienDoHoSoMC", data=PROGRESS)
    await bus("CapNhatTienDoHoSoMC", data=PROGRESS[:1])
    totals = (await bus.ledger())["totals"]
    assert (totals["creates"], totals["updates"], totals["updates_doubled"]) == (1, 2, 1)
    assert (totals["progress_rows"], totals["progress_doubled"]) == (3, 1)


async def test_closing_progress_row_leaves_a_dossier_that_was_handed_over(bus: Bus) -> None:
    await bus.create(TrangThaiHoSo="10")
    closing = {**PROGRESS[0], "TrangThai": "9", "ThoiDiemXuLy": "20260107160000"}
    late = {**PROGRESS[0], "TrangThai": "4"}
    assert (await bus("CapNhatTienDoHoSoMC", data=[closing, late]))["error_code"] == "0"
    [row] = (await bus.ledger())["dossiers"]
    assert (row["status"], row["progress_rows"]) == ("10", 2)


async def test_update_and_progress_of_an_unknown_code_fail(bus: Bus) -> None:
    for said in (await bus.update(), await bus("CapNhatTienDoHoSoMC", data=PROGRESS)):
        assert said["error_code"] == "4"
        assert said["message"] == f"{CODE} không tồn tại"
    assert (await bus.ledger())["totals"]["dossiers"] == 0


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"TrichYeuHoSo": ""}, "TrichYeuHoSo"),
        ({"TrichYeuHoSo": "a" * 1001}, "TrichYeuHoSo"),
        ({"GhiChu": "a" * 2001}, "GhiChu"),
        ({"NgayTiepNhan": ""}, "NgayTiepNhan"),
        ({"NgayTiepNhan": "2026-01-05T08:30:00"}, "NgayTiepNhan"),
        ({"NgayHenTra": "20261332083000"}, "NgayHenTra"),
        ({"TrangThaiHoSo": "11"}, "TrangThaiHoSo"),
        ({"TrangThaiHoSo": 2}, "TrangThaiHoSo"),
        ({"LoaiDoiTuong": "5"}, "LoaiDoiTuong"),
        ({"KenhThucHien": "1"}, "MaDoiTuong"),
        ({"TaiLieuNop": {}}, "TaiLieuNop"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "TenTepDinhKem": "a" * 4001}]}, "TenTepDinhKem"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "DuongDanTaiTepTin": "C:/a.pdf"}]}, "DuongDanTaiTepTin"),
        ({"DanhSachGiayToKetQua": [{"TenGiayTo": "a" * 2001, "DuongDanTepTinKetQua": "http://x/y"}]}, "TenGiayTo"),
        ({"DanhSachTepDinhKemKhac": [{"TenGiayTo": "a", "SoLuong": "1"}]}, "SoLuong"),
        ({"DanhSachHoSoBoSung": [{"HoSoBoSungId": 1, "TrangThaiBoSung": "True"}]}, "TrangThaiBoSung"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "033190001234"}]}, "SoDinhDanh"),
    ],
)  # fmt: skip
async def test_fault_of_a_dossier_is_named_by_its_place(
    bus: Bus, changed: dict[str, Any], place: str
) -> None:
    said = await bus.create(**changed)
    assert said["error_code"] == "2"
    assert said["message"].partition(" ")[0].endswith(place)
    assert said["message"].startswith("data[0].")
    assert (await bus.ledger())["totals"]["dossiers"] == 0


async def test_missing_fields_are_named_and_those_of_2022_can_be_let_off(bus: Bus) -> None:
    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in DOSSIER.items() if key != name}

    for name in ("Email", "DonViXuLy", "NoiNopHoSo", "DinhDanhCHS", "NgayNopHoSo"):
        said = await bus("DongBoHoSoMC", isUpdating="False", data=[without(name)])
        assert (said["error_code"], f"data[0].{name} " in said["message"] + " ") == ("2", True)
    await bus.client.post("/__sandbox/portal/settings", json={"fields_since_2022": False})
    said = await bus("DongBoHoSoMC", isUpdating="False", data=[without("NoiNopHoSo")])
    assert said["error_code"] == "0"


@pytest.mark.parametrize("updating", [False, "false", None])
async def test_updating_is_one_of_two_texts(bus: Bus, updating: object) -> None:
    assert (await bus("DongBoHoSoMC", isUpdating=updating, data=[DOSSIER]))["error_code"] == "2"


async def test_progress_is_held_to_its_limits(bus: Bus) -> None:
    await bus.create()
    for changed in ({"NguoiXuLy": "a" * 51}, {"TrangThai": "0"}, {"ThoiDiemXuLy": ""}, {"NoiDungXuLy": None}):
        said = await bus("CapNhatTienDoHoSoMC", data=[{**PROGRESS[0], **changed}])
        assert (said["error_code"], next(iter(changed)) in said["message"]) == ("2", True)


async def test_session_ends_by_time_or_when_it_is_forgotten(bus: Bus, sandbox: Client) -> None:
    assert (await bus.ledger())["sessions"] == 1
    await sandbox.post("/__sandbox/portal/forget", json={"sessions": True})
    said = await bus.create()
    assert said["error_code"] != "0"
    assert "session" in said["message"]
    assert (await bus.ledger())["sessions"] == 0
    await sandbox.post("/__sandbox/portal/settings", json={"session_seconds": 0.001})
    bus.session = (await log_in(sandbox))["session"]
    await asyncio.sleep(0.01)
    assert "session" in (await bus.create())["message"]
    bus.session = ""
    assert "session" in (await bus.create())["message"]


async def test_error_codes_come_as_text_or_as_numbers(bus: Bus, sandbox: Client) -> None:
    await sandbox.post("/__sandbox/portal/settings", json={"codes_as": "int", "exists_code": "-3"})
    assert (await bus.create())["error_code"] == 0
    assert (await bus.create())["error_code"] == -3
    await sandbox.post("/__sandbox/portal/settings", json={"codes_as": "mixed"})
    kinds = {type((await bus("LayDanhSachTTHC"))["error_code"]) for _ in range(2)}
    assert kinds == {int, str}


async def test_status_notice_is_an_object_about_a_dossier_of_the_portal(bus: Bus) -> None:
    data = {
        "TrangThai": "2",
        "MaHoSo": "H31-QG-0001",
        "MaHoSoDonVi": CODE,
        "NgayXuLy": "20260105090000",
        "TaiLieuXuLy": [],
    }
    assert (await bus("DongBoTrangThaiHoSo", type="2", data=data))["error_code"] == "4"
    await bus.client.post("/__sandbox/portal/settings", json={"known_notices_only": False})
    assert "thành công" in (await bus("DongBoTrangThaiHoSo", type="2", data=data))["message"]
    assert (await bus("DongBoTrangThaiHoSo", type="2", data=[data]))["error_code"] == "2"
    assert (await bus("DongBoTrangThaiHoSo", type="1", data=data))["error_code"] == "2"
    [row] = (await bus.ledger(code="H31-QG-0001"))["dossiers"]
    assert (row["origin"], row["status"], row["statuses"]) == ("portal", "2", [["2", "20260105090000"]])  # fmt: skip


async def test_catalogues_have_the_keys_that_were_seen(bus: Bus) -> None:
    seen = {
        "LayDanhSachTTHC": {"MATTHC", "TENTTHC"},
        "LayDanhMucCoQuan": {"MADONVI", "TENDONVI", "CAPDONVI"},
        "LayDanhMucLinhVuc": {"MALINHVUC", "TENLINHVUC", "MANGANH"},
        "LayDanhSachHoiDapGuiTuDVCQG": {
            "HOIDAPID", "MALINHVUC", "MADONVI", "TENDONVI", "NOIDUNG", "NOIDUNGTRALOI", "TRALOIID", "HOVATEN",
            "DIACHI", "THUDIENTU", "SODIENTHOAI", "MATTHCDP", "TRANGTHAI",
        },
    }  # fmt: skip
    for service, keys in seen.items():
        assert (await bus(service))["result"][0].keys() == keys
    services = (await bus("LayDVC"))["result"]["data"]
    assert services[0].keys() == {"MADVC", "TENDVC", "MATTHC", "TENTTHC", "TENCOQUANBANHANH", "TENLINHVUC"}
    assert len((await bus("LayDanhMucTinhThanh"))["result"]) == 34
    assert (await bus("LayDanhMucQuanHuyen"))["result"] == []
    assert (await bus("LayNoiDungTraLoiTheoCauHoi", cauhoiid="9001"))["result"][0]["TRALOIID"]
    assert isinstance((await bus("LayQDCB", idQDCB="QD-1.001193"))["result"], dict)
    assert (await bus("KhongCo"))["error_code"] != "0"


async def test_account_id_is_found_by_the_number_of_a_person_or_a_firm(bus: Bus) -> None:
    [found] = (await bus("TraCuuTechID", provider="wso2is", mstorcmnd="033190001234"))["result"]
    assert (
        found["TECHNICALID"]
        == (await bus("TraCuuTechID", mstorcmnd="033190001234"))["result"][0]["TECHNICALID"]
    )
    assert (await bus("TraCuuTechID", provider="wso2is", mstorcmnd="033190000000"))["result"] == []


async def test_evaluations_and_questions_are_taken_and_counted(bus: Bus) -> None:
    percent = dict.fromkeys(
        ("PhanTramDanhGiaRatHaiLong", "PhanTramDanhGiaHaiLong", "PhanTramDanhGiaChuaHaiLong",
         "PhanTramDanhGiaDichVuRatHaiLong", "PhanTramDanhGiaDichVuHaiLong", "PhanTramDanhGiaDichVuChuaHaiLong"), "60%",
    )  # fmt: skip
    rating = {
        "NgayTongHop": "1-2026",
        "TongSoNguoiDanhGia": 5,
        "MaThuTuc": "1.001193",
        "Madonvi": "H31",
        "TenDonVi": "UBND",
        **percent,
    }
    assert (await bus("DongBoDanhGia", data=[rating]))["error_code"] == "0"
    assert (await bus("DongBoDanhGia", data=[{**rating, "TongSoNguoiDanhGia": "5"}]))["error_code"] == "2"
    reply = {
        "HOIDAPID": "9002",
        "MADONVI": "H31",
        "NGUOITRALOI": "A",
        "CHUCVUNGUOITRALOI": "",
        "NGAYTRALOI": "20260105090000",
        "NOIDUNGTRALOI": "3 ngày",
    }
    assert (await bus("DongBoKetQuaHoiDapGuiTuDVCQG", data=[reply]))["error_code"] == "0"
    assert (await bus.ledger())["pushes"] == {"DongBoDanhGia": 1, "DongBoKetQuaHoiDapGuiTuDVCQG": 1}  # fmt: skip


async def test_listing_of_a_day_pages_by_code_and_says_what_differs(bus: Bus, sandbox: Client) -> None:
    for number in range(5):
        await bus.create(MaHoSo=f"H31.14-260105-000{number}")
    first = await bus("DanhSachHoSoTheoNgay", ngay="20260105", trang="1", soLuong="3")
    second = await bus("DanhSachHoSoTheoNgay", ngay="20260105", trang="2", soLuong="3")
    assert [one["MaHoSo"][-1] for one in first["result"] + second["result"]] == list("01234")
    assert first["tongSo"] == 5
    assert (await bus("DanhSachHoSoTheoNgay", ngay="20260106"))["result"] == []
    changed = {"code": "H31.14-260105-0003", "status": "5", "fields": {"GhiChu": "sửa tại Cổng"}}
    await sandbox.post("/__sandbox/portal/drift", json=changed)
    await sandbox.post("/__sandbox/portal/forget", json={"code": "H31.14-260105-0004"})
    after = (await bus("DanhSachHoSoTheoNgay", ngay="20260105"))["result"]
    assert [one["MaTrangThai"] for one in after] == ["2", "2", "2", "5"]
    today = datetime.now(timezone(timedelta(hours=7))).strftime("%Y%m%d")
    assert (await bus("DanhSachHoSoTheoNgay", ngay=today))["tongSo"] == 4, "they were changed today"
    assert "ChuHoSo" not in json.dumps(after)
    before = {one["MaHoSo"]: one["MaBam"] for one in first["result"] + second["result"]}
    assert [one["MaBam"] == before[one["MaHoSo"]] for one in after] == [True, True, True, False]


async def test_dossier_can_be_set_back_and_unknown_ones_cannot(bus: Bus, sandbox: Client) -> None:
    await bus.create()
    await bus.update(TrangThaiHoSo="4")
    async with sandbox.post("/__sandbox/portal/forget", json={"code": CODE, "set_back": True}) as answer:
        assert answer.status == 200
    assert (await bus("TraCuuHoSo", mahoso=CODE))["result"][0]["MaTrangThai"] == "2"
    async with sandbox.post("/__sandbox/portal/forget", json={"code": "H31.14-260105-0008"}) as answer:
        assert answer.status == 404


async def test_progress_that_arrived_can_be_looked_up(bus: Bus) -> None:
    await bus.create()
    await bus("CapNhatTienDoHoSoMC", data=PROGRESS)
    rows = (await bus("DanhSachTienDoHoSo", mahoso=CODE))["result"]
    arrived = [(one["TrangThai"], one["ThoiDiemXuLy"]) for one in rows]
    assert arrived == [("2", "20260105083000"), ("4", "20260106101500")]


async def test_forgetful_portal_answers_success_and_stores_nothing(bus: Bus, misbehave: Order) -> None:
    await misbehave("national_bus", "forgetful", operation="DongBoHoSoMC", times=1)
    assert (await bus.create())["error_code"] == "0"
    assert (await bus("TraCuuHoSo", mahoso=CODE))["result"] == []
    assert (await bus.create())["error_code"] == "0"


async def test_new_code_can_be_answered_as_a_known_one(bus: Bus, misbehave: Order) -> None:
    await misbehave("national_bus", "duplicate_code", times=1)
    assert (await bus.create())["message"] == f"{CODE} đã tồn tại"
    assert (await bus.ledger())["totals"]["creates"] == 0


async def test_work_is_done_when_the_answer_is_dropped(bus: Bus, misbehave: Order) -> None:
    await misbehave("national_bus", "drop_after_commit", operation="DongBoHoSoMC", times=1)
    with pytest.raises(aiohttp.ClientError):
        await bus.create()
    assert (await bus.create())["error_code"] == "3"
    await misbehave("national_bus", "reset", operation="CapNhatTienDoHoSoMC", times=1)
    with pytest.raises(aiohttp.ClientError):
        await bus("CapNhatTienDoHoSoMC", data=PROGRESS)
    assert (await bus.ledger())["totals"]["progress_rows"] == 0


async def test_expired_session_and_busy_portal_speak_the_words_of_the_bus(bus: Bus, misbehave: Order) -> None:
    await misbehave("national_bus", "fault200", times=1)
    said = await bus("TraCuuHoSo", mahoso=CODE)
    assert said.keys() == {"error_code", "message"}
    assert said["error_code"] != "0"
    await misbehave("national_bus", "expired_session", times=1)
    for _ in range(2):
        assert "session" in (await bus("TraCuuHoSo", mahoso=CODE))["message"]


async def test_rule_with_a_percentage_strikes_about_as_often(bus: Bus, misbehave: Order) -> None:
    await misbehave("national_bus", "status503", percent=20)
    statuses = []
    for _ in range(300):
        async with bus.client.post(f"{BASE}/g", params=DST, json={}) as answer:
            statuses.append(answer.status)
    assert 30 <= statuses.count(503) <= 95
    assert set(statuses) == {200, 503}


@pytest.mark.parametrize(
    "order", [{"source": "tax", "mode": "forgetful"}, {"source": "national_bus", "mode": "slow", "percent": 101}]
)  # fmt: skip
async def test_orders_that_make_no_sense_are_refused(sandbox: Client, order: dict[str, Any]) -> None:
    async with sandbox.post("/__sandbox/misbehave", json=order) as answer:
        assert answer.status == 400


async def test_ledger_and_calls_name_no_person(bus: Bus) -> None:
    await bus.create()
    await bus("TraCuuHoSo", mahoso=CODE)
    async with bus.client.get("/__sandbox/calls") as answer:
        calls = await answer.json()
    assert calls["calls"] == {
        "national_bus.DongBoHoSoMC": 1,
        "national_bus.TraCuuHoSo": 1,
        "national_bus.login": 1,
    }
    told = json.dumps([await bus.ledger(), calls], ensure_ascii=False)
    for word in ("033190001234", "Trần", "mau@example.vn", "0900000001"):
        assert word not in told


async def test_reset_empties_the_books(bus: Bus, sandbox: Client) -> None:
    await bus.create()
    await sandbox.post("/__sandbox/reset")
    assert (await bus.ledger())["totals"]["dossiers"] == 0


# ------------------------------------------------------------------------------------------------------ LGSP


async def lgsp_token(client: Client, peer: str) -> dict[str, str]:
    basic = aiohttp.encode_basic_auth("sandbox", f"sandbox-secret-{peer}")
    form = {"grant_type": "client_credentials"}
    async with client.post(f"/{peer}/token", data=form, headers={"Authorization": basic}) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def test_facade_takes_bare_data_and_wraps_the_answer_twice(sandbox: Client, bus: Bus) -> None:
    bearer, base = await lgsp_token(sandbox, "lgsp"), "/lgsp/KetNoiMotCuaQuocGia"
    async with sandbox.get(f"{base}/TraCuuHoSo", params={"mahoso": CODE}, headers=bearer) as answer:
        assert await answer.json() == {
            "error_code": "0",
            "message": '{"error_code":"0","message":"Thành công","result":[]}',
        }
    async with sandbox.post(f"{base}/DongBoHoSoMC", json=[DOSSIER], headers=bearer) as answer:
        assert json.loads((await answer.json())["message"])["error_code"] == "0"
    async with sandbox.post(f"{base}/DongBoHoSoMC", json=[DOSSIER], headers=bearer) as answer:
        wrapped = await answer.json()
    assert wrapped["error_code"] == "0"
    assert json.loads(wrapped["message"]) == {"error_code": "3", "message": f"{CODE} đã tồn tại"}
    async with sandbox.post(
        f"{base}/DongBoHoSoMC", params={"isUpdating": "True"}, json=[DOSSIER], headers=bearer
    ) as answer:
        assert json.loads((await answer.json())["message"])["error_code"] == "0"
    async with sandbox.post(f"{base}/CapNhatTienDoHoSoMC", json=PROGRESS, headers=bearer) as answer:
        assert "thành công" in json.loads((await answer.json())["message"])["message"]
    async with sandbox.get(
        f"{base}/TraCuuTechID", params={"mstorcmnd": "033190001234"}, headers=bearer
    ) as answer:
        assert json.loads((await answer.json())["message"])["result"][0]["TECHNICALID"]
    assert (await bus.ledger())["totals"]["creates"] == 1, "the LGSP leads to the same portal"  # fmt: skip


async def test_query_shape_says_unit_and_update_in_the_address(sandbox: Client) -> None:
    bearer, path = await lgsp_token(sandbox, "lgsp_query"), "/lgsp_query/api/SynsTTHCC/DongBoHoSoMC"
    for updating, code in (("False", "0"), ("False", "3"), ("True", "0")):
        query = {"MaDinhDanhDV": "000.00.00.H31", "isUpdating": updating}
        async with sandbox.post(path, params=query, json=[DOSSIER], headers=bearer) as answer:
            assert json.loads((await answer.json())["message"])["error_code"] == code
    async with sandbox.post(path, params={"isUpdating": "False"}, json=[DOSSIER], headers=bearer) as answer:
        assert "MaDinhDanhDV" in (await answer.json())["message"]


async def test_nobody_passes_the_platform_without_a_token(sandbox: Client, misbehave: Order) -> None:
    path = "/lgsp/KetNoiMotCuaQuocGia/TraCuuHoSo"
    async with sandbox.get(path) as answer:
        assert (answer.status, (await answer.json())["fault"]["code"]) == (401, 900902)
    bearer = await lgsp_token(sandbox, "lgsp")
    await misbehave("lgsp", "expired_session", times=1)
    for _ in range(2):
        async with sandbox.get(path, headers=bearer, params={"mahoso": CODE}) as answer:
            assert (answer.status, (await answer.json())["fault"]["code"]) == (401, 900901)
    async with sandbox.get(
        "/lgsp/KetNoiMotCuaQuocGia/Khac", headers=await lgsp_token(sandbox, "lgsp")
    ) as answer:
        assert answer.status == 404
