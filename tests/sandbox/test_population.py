from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from lxml import etree

from adapters.sandbox.people import Person, Register

Client = TestClient[web.Request, web.Application]
Ask = Callable[..., Awaitable[tuple[int, str]]]


async def test_example_person_is_answered_as_the_contract_shows(ask: Ask, register: Register) -> None:
    status, text = await ask("TraCuuThongTinCongDan", register.by_key["mau"])
    assert status == 200
    for piece in (
        '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">',
        "<ns1:SoDinhDanh>033190001234</ns1:SoDinhDanh><ns1:SoCMND/>",
        "<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/><ns1:Ten>TRẦN THỊ MẪU</ns1:Ten></ns1:HoVaTen>",
        "<ns1:GioiTinh>2</ns1:GioiTinh>",
        "<ns1:NgayThangNamSinh><ns1:Nam>1990</ns1:Nam><ns1:NgayThangNam>19900215</ns1:NgayThangNam>",
        "<ns1:MaPhuongXa>11953</ns1:MaPhuongXa><ns1:ChiTiet>SỐ 1 PHỐ MẪU</ns1:ChiTiet>",
        "<ns1:QuocTich/>",
        "<ns1:VoChong><ns1:HoVaTen>PHẠM VĂN THỬ</ns1:HoVaTen>",
        "<ns1:QuanHe>CH01</ns1:QuanHe>",
    ):
        assert piece in text


async def test_everybody_with_an_id_is_found_by_name_without_marks_and_spaces(
    ask: Ask, register: Register
) -> None:
    for one in register.people:
        if (one.personal_id or one.old_id) and not one.blocked:
            _, text = await ask("TraCuuThongTinCongDan", one, HoVaTen=one.full_name.replace(" ", "").upper())
            assert (one.personal_id or one.old_id) in text


async def test_year_only_birth_has_no_full_date(ask: Ask, register: Register) -> None:
    _, text = await ask("TraCuuThongTinCongDan", register.by_key["luu"])
    assert "<ns1:NgayThangNamSinh><ns1:Nam>1941</ns1:Nam></ns1:NgayThangNamSinh>" in text


async def test_wrong_name_or_date_is_an_empty_collection(ask: Ask, register: Register) -> None:
    for key in ("mau", "thu"):
        status, text = await ask("TraCuuThongTinCongDan", register.by_key[key], HoVaTen="LÊ VĂN SAI")
        assert status == 200
        assert "CongDan>" not in text


async def test_blocked_person_is_a_record_without_a_name(ask: Ask, register: Register) -> None:
    _, text = await ask("TraCuuThongTinCongDan", register.by_key["blocked"])
    assert "<ns1:Ten/>" in text


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"MaDVC": ""}, "MADVC_INVALID"),
        ({"MaCanBo": "thu"}, "MACANBO_INVALID"),
        ({"MaYeuCau": ""}, "REQUEST_INVALID"),
    ],
)
async def test_missing_accountability_is_a_fault(
    ask: Ask, register: Register, changed: dict[str, str], code: str
) -> None:
    status, text = await ask("TraCuuThongTinCongDan", register.by_key["mau"], **changed)
    assert status == 500
    assert f"<MaLoi>{code}</MaLoi>" in text


async def test_elements_out_of_order_are_a_fault(
    sandbox: Client,
    register: Register,
    body_of: Callable[..., str],
    headers_of: Callable[..., dict[str, str]],
) -> None:
    body = body_of("TraCuuThongTinCongDan", register.by_key["mau"])
    start, end = body.index("<dan:MaDVC>"), body.index("<dan:MaTichHop>")
    moved = body[:start] + body[end:].replace("<dan:HoVaTen>", body[start:end] + "<dan:HoVaTen>", 1)
    answer = await sandbox.post("/population", data=moved.encode(), headers=headers_of(sandbox))
    assert answer.status == 500
    assert "REQUEST_INVALID" in await answer.text()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Basic c2FuZGJveDp4"),
        ("Authorization", "x"),
        ("Timestamp", "1"),
        ("Timestamp", "1700000000000"),
        ("ApiKey", ""),
        ("X-Road-Client", ""),
    ],
)
async def test_wrong_authentication_is_a_fault(
    sandbox: Client,
    register: Register,
    body_of: Callable[..., str],
    headers_of: Callable[..., dict[str, str]],
    header: str,
    value: str,
) -> None:
    body = body_of("TraCuuThongTinCongDan", register.by_key["mau"])
    answer = await sandbox.post(
        "/population/x", data=body.encode(), headers=headers_of(sandbox) | {header: value}
    )
    assert answer.status == 500
    assert "AUTH_FAILED" in await answer.text()


async def test_document_type_is_refused(
    sandbox: Client,
    register: Register,
    body_of: Callable[..., str],
    headers_of: Callable[..., dict[str, str]],
) -> None:
    body = '<!DOCTYPE a [<!ENTITY b "c">]>' + body_of("TraCuuThongTinCongDan", register.by_key["mau"])
    answer = await sandbox.post("/population", data=body.encode(), headers=headers_of(sandbox))
    assert answer.status == 500


def element(name: str, value: str) -> str:
    return f"<dan:{name}>{value}</dan:{name}>"


async def test_checks_answer_yes_and_no(ask: Ask, register: Register) -> None:
    child, mother, orphan = (register.by_key[key] for key in ("gia_bao", "mau", "orphan"))
    yes, no = "<ns1:KetQua>true</ns1:KetQua>", "<ns1:KetQua>false</ns1:KetQua>"

    async def check(operation: str, one: Person, more: str = "") -> str:
        return (await ask(operation, one, more))[1]

    kin, guardian = "XacMinhThongTinNhanThan", "XacMinhThongTinNguoiGiamHo"
    assert yes in await check(kin, child, element("SoDinhDanhNhanThan", mother.personal_id))
    assert no in await check(kin, child, element("SoDinhDanhNhanThan", orphan.personal_id))
    keeper = register.by_key["guardian"].personal_id
    assert yes in await check(guardian, orphan, element("SoDinhDanhNguoiGiamHo", keeper))
    assert yes in await check("XacMinhThongTinChuHo", mother)
    assert no in await check("XacMinhThongTinChuHo", child)
    home = element("NoiOHienTai", element("MaPhuongXa", "11953"))
    assert yes in await check("XacMinhThongTinNoiOHienTai", mother, home)
    assert "<ns1:TonTai>true</ns1:TonTai>" in await check("XacThucThongTinCongDan", mother)


async def test_states_and_household(ask: Ask, register: Register) -> None:
    _, dead = await ask("XacMinhTinhTrangChetMatTich", register.by_key["tuong"])
    assert "<ns1:TrangThai>2</ns1:TrangThai><ns1:NgayChet>20211109</ns1:NgayChet>" in dead
    _, missing = await ask("XacMinhTinhTrangChetMatTich", register.by_key["missing"])
    assert "<ns1:TrangThai>3</ns1:TrangThai><ns1:NgayChet/>" in missing
    _, marital = await ask("XacMinhTinhTrangHonNhan", register.by_key["hanh"])
    assert "<ns1:TinhTrangHonNhan>3</ns1:TinhTrangHonNhan>" in marital
    _, blood = await ask("CungCapThongTinNhomMau", register.by_key["tay"])
    assert "<ns1:NhomMau>04</ns1:NhomMau>" in blood
    _, household = await ask("CungCapThongTinHoGiaDinh", register.by_key["mau"])
    assert household.count("<ns1:CongDan>") == household.count("<ns1:QuanHe>") == 4


async def test_nobody_is_told_apart_from_a_no(ask: Ask, register: Register) -> None:
    _, text = await ask("XacMinhTinhTrangHonNhan", register.by_key["mau"], HoVaTen="SAI")
    assert "<ns1:TinhTrangHonNhan>" not in text
    _, verdict = await ask("XacThucThongTinCongDan", register.by_key["mau"], HoVaTen="SAI")
    assert "<ns1:TonTai>false</ns1:TonTai>" in verdict


@pytest.mark.parametrize(
    "operation",
    [
        "TraCuuThongTinCongDan",
        "XacThucThongTinCongDan",
        "CungCapThongTinHoGiaDinh",
        "XacMinhThongTinChuHo",
        "XacMinhTinhTrangHonNhan",
        "XacMinhTinhTrangChetMatTich",
        "CungCapThongTinNhomMau",
    ],
)
async def test_answers_are_valid_by_the_schema(
    ask: Ask, register: Register, root: Path, operation: str
) -> None:
    schema = etree.XMLSchema(file=str(root / "schemas/sources/population/answer.xsd"))
    for one in register.people:
        if one.personal_id or one.old_id:
            _, text = await ask(operation, one)
            body = etree.fromstring(text.encode())[0]
            schema.assertValid(body[0])
