import base64
import hashlib
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient

from adapters.sandbox.app import endpoints
from adapters.sandbox.business import NGSP
from adapters.sandbox.people import Register
from adapters.sandbox.wire import PeerOperation

Client = TestClient[web.Request, web.Application]
BNDP = "/paper_store/XrdAdapter/RestService/forward/bndp/public/v1"


async def post(client: Client, path: str, words: object, **headers: str) -> Any:
    async with client.post(path, json=words, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["X-Sandbox"] == "true"
        return await answer.json()


async def platform_token(client: Client, source: str) -> str:
    auth = {"Authorization": encode_basic_auth("sandbox", f"sandbox-secret-{source}")}
    async with client.post(
        f"/{source}/token", data={"grant_type": "client_credentials"}, headers=auth
    ) as answer:
        token = await answer.json()
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    return str(token["access_token"])


async def test_civil_status_extract_shows_birth_and_marriage(sandbox: Client) -> None:
    extract = await post(sandbox, "/civil_status/hotich/1.0/trichLuc", {"soDinhDanh": "033190001234"})
    assert extract["tinhTrang"] == "2"
    assert extract["khaiSinh"]["cha"]["hoTen"] == "Trần Văn Đoàn"
    assert extract["ketHon"][0]["so"] == "12/2015"
    assert extract["ketHon"][0]["ngayDangKy"] == "20/06/2015"
    assert extract["ketHon"][0]["voChong"]["soDinhDanh"] == "033085004321"
    assert extract["khaiTu"] is None


@pytest.mark.parametrize(
    ("key", "state", "reason"), [("hanh", "3", "lyHon"), ("nhai", "4", "chet"), ("sang", "2", "")]
)
async def test_civil_status_tells_divorced_from_widowed(
    sandbox: Client, register: Register, key: str, state: str, reason: str
) -> None:
    number = register.by_key[key].personal_id
    extract = await post(sandbox, "/civil_status/hotich/1.0/trichLuc", {"soDinhDanh": number})
    assert extract["tinhTrang"] == state
    assert (extract["ketHon"][-1]["chamDut"] or {"lyDo": ""})["lyDo"] == reason


async def test_civil_status_dossier_is_a_list(sandbox: Client) -> None:
    rows = await post(
        sandbox, "/civil_status/apiHoTichTuPhap/traHoSo", {"module": "KH", "maHoSo": "2015-01/12/2015"}
    )
    assert rows[0]["so"] == "12/2015"
    assert await post(sandbox, "/civil_status/apiHoTichTuPhap/traHoSo", {"maHoSo": "0"}) == []


async def test_enterprise_needs_a_token_and_answers_in_its_envelope(
    sandbox: Client, register: Register
) -> None:
    code = register.things["enterprises"][0]["tax_code"]
    path = f"/enterprise/apiCSDLDKDN/1.0/chiTietDoanhNghiep?msdn={code}"
    async with sandbox.get(path) as refused:
        assert refused.status == 401
        assert (await refused.json())["fault"]["code"] == 900902
    async with sandbox.get(path, headers={"Authorization": "Bearer x"}) as refused:
        assert (await refused.json())["fault"]["code"] == 900901
    bearer = {"Authorization": f"Bearer {await platform_token(sandbox, 'enterprise')}"}
    async with sandbox.get(path, headers=bearer) as answer:
        found = await answer.json()
    main = found["Data"]["MainInformation"]
    assert (found["Status"], main["ENTERPRISE_GDT_CODE"]) == ("1", code)
    assert main["FOUNDING_DATE"] == "05/06/2012"
    assert found["Data"]["HOAdress"]["DistrictID"] is None
    async with sandbox.get(path[:-10] + "0100000000", headers=bearer) as answer:
        assert (await answer.json())["Data"]["MainInformation"] is None


async def test_wrong_client_secret_gets_no_token(sandbox: Client) -> None:
    auth = {"Authorization": encode_basic_auth("sandbox", "wrong")}
    async with sandbox.post(
        "/enterprise/token", data={"grant_type": "client_credentials"}, headers=auth
    ) as answer:
        assert answer.status == 401


async def test_household_business_is_found_by_the_owners_id_in_the_body(
    sandbox: Client, register: Register
) -> None:
    code = register.things["household_businesses"][0]["tax_code"]
    found = await post(sandbox, "/household_business/apiCSDLDKDN/1.0/chiTietHoKinhDoanh", {"msdn": code})
    assert found["Data"]["MainInformation"]["LEGAL_NAMES"] == "TRỊNH THỊ KIM OANH"


async def test_social_insurance_answers_by_description_and_by_number(sandbox: Client) -> None:
    asked = {
        "maTinh": "33",
        "hoTen": "Nguyễn Thị Lựu",
        "ngaySinh": "1941",
        "loaiNgaySinh": "1",
        "gioiTinh": "2",
        "soSo": "",
        "maThe": "",
        "isKs": "0",
    }
    found = await post(sandbox, "/social_insurance/apiBHXH/getTraCuuThongTinHgd", asked)
    assert (found["ngaySinh"], found["loaiNgaySinh"], found["gioiTinh"]) == ("1941", "1", "2")
    assert found["trangThai"] == "0"
    assert found["maHo"]
    by_number = {"maSoBhxh": found["maSo"]}
    again = await post(sandbox, "/social_insurance/apiBHXH/getTraCuuTtHgdByMaSoBhxh", by_number)
    assert again["hoTen"] == found["hoTen"]
    number = await post(sandbox, "/social_insurance/apiBHXH/getMaSoBhxhTheoTieuChi", asked)
    assert (number["maSoBhxh"], number["errorCode"]) == (found["maSo"], "0")
    nobody = await post(
        sandbox, "/social_insurance/apiBHXH/getTraCuuThongTinHgd", asked | {"hoTen": "Không Có Ai"}
    )
    assert set(nobody.values()) == {None}


async def test_social_insurance_may_hold_another_name(sandbox: Client, register: Register) -> None:
    one = register.by_key["name_differs"]
    asked = {"hoTen": one.full_name, "ngaySinh": one.birth_date.replace("-", ""), "loaiNgaySinh": "0"}
    found = await post(sandbox, "/social_insurance/apiBHXH/getTraCuuThongTinHgd", asked)
    assert found["maSo"]
    assert found["hoTen"] != one.full_name


async def test_health_card_gateway_wants_its_token_pair(sandbox: Client, register: Register) -> None:
    password = hashlib.md5(b"sandbox-secret-health_card", usedforsecurity=False).hexdigest()
    login = {"username": "sandbox", "password": password}
    async with sandbox.post("/health_card/api/token/take", data=login) as answer:
        key = (await answer.json())["APIKey"]
    asked = {
        "maThe": "033190001234",
        "hoTen": "Trần Thị Mẫu",
        "ngaySinh": "15/02/1990",
        "hoTenCb": "Phạm Văn Thử",
        "cccdCb": "033085004321",
    }
    path = "/health_card/api/egw/KQNhanLichSuKCB2024"
    assert await post(sandbox, path, asked) == {"maKetQua": "401"}
    path += f"?token={key['access_token']}&id_token={key['id_token']}&username=sandbox&password={password}"
    card = await post(sandbox, path, asked)
    assert card["maKetQua"] == "000"
    assert card["gtTheDen"] == "31/12/2030"
    assert (await post(sandbox, path, asked | {"ngaySinh": "16/02/1990"}))["maKetQua"] not in {"000", "001"}
    soldier = register.by_key["soldier"]
    asked |= {"maThe": soldier.personal_id, "hoTen": soldier.full_name, "ngaySinh": "08/08/1998"}
    assert (await post(sandbox, path, asked))["maKetQua"] == "001"


async def test_judicial_dossier_has_a_state(sandbox: Client) -> None:
    path = "/judicial_record/apiLyLichTuPhap/traTrangThaiHs"
    found = await post(sandbox, path, {"declarationPortalID": "H31.16-260105-0007"})
    assert (found["DEC_STATUS_ID"], found["ISSUE_DATE"]) == ("5", "20/01/2026")
    assert (await post(sandbox, path, {"declarationPortalID": "H31.16-260105-9999"}))["DEC_STATUS_ID"] is None


async def test_vehicle_needs_a_session(sandbox: Client, register: Register) -> None:
    car = register.things["vehicles"][0]
    path = f"/vehicle/dvcsv/tracuu/ttxe/{car['plate']}/{car['frame_number']}/oto/trang"
    async with sandbox.get(path) as refused:
        assert refused.status == 401
    login = {"username": "sandbox", "password": "sandbox-secret-vehicle"}
    token = (await post(sandbox, "/vehicle/dvcsv/auth/login", login))["token"]
    async with sandbox.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        found = await answer.json()
    assert (found["bienSo"], found["chuXe"], found["trangThai"]) == (car["plate"], "PHẠM VĂN THỬ", "1")


async def test_driver_has_a_licence_and_a_health_check(sandbox: Client) -> None:
    path, number = "/driving_licence/gplx/1.0/traCuu", "033085004321"
    licence = await post(sandbox, path, {"SoDinhDanh": number})
    assert (licence["HangGPLX"], licence["NgayHHGPLX"], licence["VoThoiHan"]) == ("A1,B2", "08/03/2027", "0")
    assert len(licence["SoGPLX"]) == 12
    check = await post(sandbox, "/health/yte/1.0/khamSucKhoeLaiXe", {"SOCMND_PASSPORT": number})
    assert (check["KETLUAN"], check["GIOITINHVAL"], check["HANGBANGLAI"]) == ("A0-1", "0", "B")
    nothing = {"SoDinhDanh": "033190001234", "SoGPLX": None}
    assert await post(sandbox, path, {"SoDinhDanh": "033190001234"}) == nothing


async def test_taxpayer_and_obligation(sandbox: Client, register: Register) -> None:
    code = register.things["enterprises"][0]["tax_code"]
    for mst in (code, "033190001234"):
        found = await post(sandbox, "/tax/thue/1.0/traCuuMST", {"MST": mst})
        assert [row["MST"] for row in found["DATA"]] == [mst]
    path = "/tax/thue/1.0/chungTuNghiaVuTaiChinh?maHoSo="
    async with sandbox.get(f"{path}H31.17-260108-0042") as answer:
        paid = await answer.json()
    assert paid["ThongTinThanhToan"]["SoTien"] == 3500000
    assert paid["ThuaDat"] == {"maXa": "11953", "soHieuToBanDo": "12", "soThuTuThua": "345"}
    async with sandbox.get(f"{path}H31.17-261102-0065") as answer:
        assert (await answer.json())["ThongTinThanhToan"]["TrangThaiThanhToan"] == "0"
    async with sandbox.get(f"{path}H31.17-261102-9999") as answer:
        assert await answer.json() == {"MaHoSo": "H31.17-261102-9999", "SoChungTu": None}


async def test_parcel_shows_its_owners(sandbox: Client) -> None:
    path = "/land/datdai/1.0/thuaDat?maXa=11953&soHieuToBanDo=12&soThuTuThua="
    async with sandbox.get(f"{path}345") as answer:
        parcel = await answer.json()
    assert [owner["maSoDinhDanh"] for owner in parcel["DC_CaNhan"]] == ["033190001234", "033085004321"]
    assert (parcel["ListHanCheQuyen"], parcel["DC_GiayChungNhan"]["trangThai"]) == ([], "1")
    async with sandbox.get(f"{path}347") as answer:
        assert (await answer.json())["DC_GiayChungNhan"]["trangThai"] == "2"


async def test_newborn_is_found_through_the_mother(sandbox: Client) -> None:
    path = "/health/yte/1.0/giayChungSinh"
    found = await post(sandbox, path, {"SO_CCCD_NND": "033190001234"})
    (notice,) = found["HSDLGCS"]["GIAYCHUNGSINH"]
    assert (notice["GIOI_TINH_CON"], notice["NGAY_SINH_CON"]) == ("1", "20260102041500")
    assert await post(sandbox, path, {"SO": notice["SO"]}) == found


async def test_mother_of_twins_has_two_notices_that_only_name_and_order_tell_apart(
    sandbox: Client, register: Register
) -> None:
    asked = {"SO_CCCD_NND": register.by_key["twins_mother"].personal_id}
    found = await post(sandbox, "/health/yte/1.0/giayChungSinh", asked)
    rows = found["HSDLGCS"]["GIAYCHUNGSINH"]
    assert [row["THU_TU_CON"] for row in rows] == [1, 2]
    assert len({(row["GIOI_TINH_CON"], row["NGAY_SINH_CON"][:8], row["SO_CON"]) for row in rows}) == 1


async def test_death_is_known_to_the_facility_before_the_register(
    sandbox: Client, register: Register
) -> None:
    number = register.by_key["death_unregistered"].personal_id
    found = await post(sandbox, "/health/yte/1.0/giayBaoTu", {"SO_GIAYTO": number})
    assert found["HSDLGBT"]["GIAYBAOTU"]["NGAY_TV"] == "202601130530"
    extract = await post(sandbox, "/civil_status/hotich/1.0/trichLuc", {"soDinhDanh": number})
    assert extract["khaiTu"] is None


async def test_paper_store_lists_and_hands_out_a_pdf(sandbox: Client) -> None:
    asked = {
        "SoDinhDanhChuSoHuu": "033190001234",
        "HoTenNguoiYeuCau": "Trần Thị Mẫu",
        "KenhThucHien": "2",
        "SoDinhDanhNguoiYeuCau": "033190001234",
        "MaThuTuc": "1.001193",
        "DanhSachDanhMucKetQua": [{"MaKetQua": "KQ.G15.900002", "SoKyHieu": ""}],
    }
    async with sandbox.post(f"{BNDP}/GetKetQuaGiayTo", json=asked) as refused:
        assert refused.status == 401
    login = {"username": "sandbox", "password": "sandbox-secret-paper_store"}
    token = (await post(sandbox, f"{BNDP}/login?dstcode=x&providerurl=y", login, Charset="utf-8"))["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    listed = await post(sandbox, f"{BNDP}/GetKetQuaGiayTo", asked, **bearer)
    paper = listed["result"]["DanhSachGiayToKetQua"][0]
    assert (listed["errorCode"], paper["MaKetQua"]) == ("0", "KQ.G15.900002")
    place = {"CoQuanChuQuan": paper["CoQuanChuQuan"], "DuongDan": paper["DanhSachTepDinhKem"][0]["DuongDan"]}
    file = base64.b64decode(await post(sandbox, f"{BNDP}/download", place, **bearer))
    assert file.startswith(b"%PDF-1.4")
    assert file.endswith(b"%%EOF\n")
    assert await post(sandbox, f"{BNDP}/download", place | {"DuongDan": "/f/none"}, **bearer) == ""
    other = asked | {"DanhSachDanhMucKetQua": [{"MaKetQua": "KQ.G15.999999"}]}
    listed = await post(sandbox, f"{BNDP}/GetKetQuaGiayTo", other, **bearer)
    assert listed["result"]["DanhSachGiayToKetQua"] == []


async def test_catalogues_tell_their_columns(sandbox: Client) -> None:
    async with sandbox.get("/catalogues/dmdc/Metadata/donvihanhchinhcap3") as answer:
        columns = [row["PropertyCode"] for row in await answer.json()]
    async with sandbox.get("/catalogues/dmdc/Category/donvihanhchinhcap3") as answer:
        rows = await answer.json()
    assert len(rows) == 104
    assert set(rows[0]) == set(columns)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"soDinhDanh": 1}', b"\xff"])
async def test_unreadable_bodies_are_bad_requests(sandbox: Client, body: bytes) -> None:
    async with sandbox.post("/driving_licence/gplx/1.0/traCuu", data=body) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    "endpoint", [pytest.param(e, id=e.operation) for e in endpoints() if e.source in NGSP and not e.opens]
)
@pytest.mark.parametrize("token", ["", "Bearer nobody"])
async def test_peer_behind_the_platform_lets_nobody_in_without_a_token(
    sandbox: Client, endpoint: PeerOperation, token: str
) -> None:
    headers = {"Authorization": token} if token else {"Accept": "*/*"}
    path = f"/{endpoint.source}{endpoint.paths[0]}".replace("{category}", "madantoc")
    async with sandbox.request(endpoint.method, path, json={}, headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["fault"]["code"] == (900901 if token else 900902)
