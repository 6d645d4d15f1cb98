"""The national portal's calls (A.9): every payload, resends, refusals; what arrives is what the province pulls."""

import asyncio
import base64
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.portals.national_inbound import InboundOptions, NationalInbound
from gateway.domain.errors import RelayUnavailable
from gateway.ports.relay import DoorCall
from tests.adapters.bus_peer import plans_of
from tests.doors.conftest import Street
from tests.doors.messages import (
    OWNER,
    OWNER_NAME,
    PDF,
    amendment,
    application,
    b64,
    code,
    envelope,
    notice_xml,
    posted,
    promotion,
    synced,
    voucher,
)
from tests.flows.conftest import build, on_session

pytestmark = on_session


async def test_application_of_any_procedure_reaches_the_province_with_its_files(street: Street) -> None:
    dossier = code()
    assert await street.sent("nhanhsdvcqg", envelope(application(dossier))) == (
        0, f"{dossier}| create dossier success",
    )  # fmt: skip
    (item,) = await street.inbox(dossier)
    message = item["message"]["dossier"]
    assert (item["kind"], item["origin"]) == ("dossier", "national_bus")
    assert message["procedure"] == "1.001193"
    assert message["applicant"]["ids"] == [{"kind": "personal_id", "number": OWNER}]
    (paper,) = message["papers"]
    assert paper["title"] == "Giấy chứng sinh"
    assert paper["file_name"] == "giay.pdf"
    assert b64(PDF) not in str(item)
    house = street.house
    _, link = await house.post(
        "/v1/files/link", {"file": paper["file"], "name": "giay.pdf", "seconds": 60}, "one_gate"
    )
    async with house.session.get(link["url"]) as answer:
        assert await answer.read() == PDF


@pytest.mark.parametrize(
    ("number", "name", "is_owner"),
    [(OWNER, OWNER_NAME, True), ("033171604928", "Mai Văn Nộp", False), (OWNER, "Mai Văn Nộp", False)],
    ids=["owner files", "another person files", "same number, another name"],
)
async def test_phone_of_who_files_is_the_owners_only_where_the_owner_files(
    street: Street, number: str, name: str, *, is_owner: bool
) -> None:
    dossier = code()
    words = application(dossier)
    said = {"SoDinhDanh": number, "TenNguoiNop": name, "SoDienThoai": "0912000999", "Email": "nop@example.vn"}
    words["ThongTinNguoiNop"]["ThongTinChiTiet"] |= said
    assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
    message = (await street.inbox(dossier))[0]["message"]["dossier"]
    owner = message["applicant"]
    assert (owner.get("phone"), owner.get("email")) == (
        ("0912000999", "nop@example.vn") if is_owner else (None, None)
    )
    # who files is still named, under the portal's words
    assert said.items() <= message["more"]["ThongTinNguoiNop"]["ThongTinChiTiet"].items()


async def test_resend_answers_1_and_changes_nothing(street: Street) -> None:
    dossier = code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    before = await street.inbox(dossier)
    for again in (application(dossier), application(dossier, ChuHo="Khác", MaDonViTiepNhan="000.00.02.H31")):
        assert await street.sent("nhanhsdvcqg", envelope(again)) == (1, f"{dossier}| duplicate reference")
    assert await street.inbox(dossier) == before


@pytest.mark.parametrize("updating", [True, "True", "true"])
async def test_supplement_updates_the_dossier(street: Street, updating: Any) -> None:
    dossier = code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    changed = application(dossier, MaDonViTiepNhan="000.00.02.H31")
    answer = await street.sent("nhanhsdvcqg", envelope(changed, updating=updating))
    assert answer == (0, f"{dossier}| update dossier success")
    items = await street.inbox(dossier)
    assert [one["message"]["dossier"]["agency"] for one in items] == ["000.00.14.H31", "000.00.02.H31"]
    # the same supplement again is no third message
    assert (await street.sent("nhanhsdvcqg", envelope(changed, updating=updating)))[0] == 0
    assert len(await street.inbox(dossier)) == 2


async def test_late_resend_of_a_replaced_version_changes_nothing_and_is_recorded(street: Street) -> None:
    dossier = code()
    versions = [application(dossier, MaDonViTiepNhan=f"000.00.0{at}.H31") for at in (1, 2, 3)]
    await street.sent("nhanhsdvcqg", envelope(versions[0]))
    for one in versions[1:]:
        await street.sent("nhanhsdvcqg", envelope(one, updating=True))
    before = await street.inbox(dossier)
    assert len(before) == 3
    # the create as well: a client that hears of a duplicate sends it as an update
    for number, late in enumerate(versions[:2], 1):
        answer = await street.sent("nhanhsdvcqg", envelope(late, updating=True))
        assert answer == (0, f"{dossier}| update dossier success")
        assert street.records("dossier_repeated")[-1]["notes"]["repeats_version"] == number
    assert await street.sent("nhanhsdvcqg", envelope(versions[1])) == (1, f"{dossier}| duplicate reference")
    assert await street.inbox(dossier) == before
    shown = await street.get(f"/v1/dossiers/{dossier}")
    assert (shown["version"], shown["dossier"]["agency"]) == (3, "000.00.03.H31")
    # a new version still counts
    await street.sent(
        "nhanhsdvcqg", envelope(application(dossier, MaDonViTiepNhan="000.00.04.H31"), updating=True)
    )
    assert len(await street.inbox(dossier)) == 4


async def test_same_dossier_fifty_times_at_once_takes_effect_once(street: Street) -> None:
    dossier = code()
    words = envelope(application(dossier))
    answers = await asyncio.gather(*(street.sent("nhanhsdvcqg", words) for _ in range(50)))
    assert sorted(number for number, _ in answers) == [0] + [1] * 49
    assert len(await street.inbox(dossier)) == 1


async def test_same_notice_fifty_times_at_once_takes_effect_once(street: Street) -> None:
    dossier = code()
    words = envelope(voucher(dossier), "NhanChungTuThueDat")
    answers = await asyncio.gather(*(street.sent("nhanhsdvcqg", words) for _ in range(50)))
    assert sorted(number for number, _ in answers) == [0] + [1] * 49
    assert len(await street.inbox(dossier)) == 1


async def test_promotion_comes_flat_and_keeps_both_its_files(street: Street) -> None:
    dossier = code()
    number, text = await street.sent("addtthcKhuyenMai", promotion(dossier))
    assert number == 0
    assert text.startswith(f"{dossier}| ")
    (item,) = await street.inbox(dossier)
    message = item["message"]["dossier"]
    assert message["applicant"]["kind"] == "business"
    assert [paper["file_name"] for paper in message["papers"]] == ["don.pdf", "the_le.pdf"]
    assert all(paper["file"].startswith("sha256:") for paper in message["papers"])
    assert await street.sent("addtthcKhuyenMai", promotion(dossier)) == (
        1, f"{dossier}| duplicate reference",
    )  # fmt: skip


async def test_dossier_of_an_unknown_procedure_is_parked_with_its_reason_and_answered_0(
    street: Street,
) -> None:
    dossier = code()
    number, text = await street.sent("nhanhsdvcqg", envelope(application(dossier, "9.999999")))
    assert number == 0
    assert "9.999999" in text
    shown = await street.get(f"/v1/dossiers/{dossier}?origin=national_bus")
    assert shown["parked"] == "procedure_not_configured"
    assert len(await street.inbox(dossier)) == 1


async def test_amendment_is_told_and_replaces_nothing(street: Street) -> None:
    first = code()
    await street.sent("addtthcKhuyenMai", promotion(first))
    for again in (0, 1):
        answer = await street.sent("nhanhsdvcqg", envelope(amendment(first, first), "NhanHoSoSuaDoi"))
        assert answer[0] == again
    dossier, notice = await street.inbox(first)
    assert dossier["message"]["dossier"]["papers"]
    assert notice["kind"] == "notice"
    assert notice["message"]["part"]["note"] == "Kéo dài"
    shown = await street.get(f"/v1/dossiers/{first}?origin=national_bus")
    assert shown["dossier"]["procedure"] == "9.900001"


@pytest.mark.parametrize("sign", ["\u200b", "\u00ad", "\u202e", "\u00a0", "\u3164"])
async def test_code_with_an_invisible_sign_is_refused_by_the_name_of_its_field(
    street: Street, sign: str
) -> None:
    dossier = code()
    number, text = await street.sent(
        "nhanhsdvcqg", envelope(application(f"{dossier[:3]}{sign}{dossier[3:]}"))
    )
    assert number == -1
    assert "MaHoSo" in text
    assert "ký tự vô hình" in text


async def test_code_that_no_address_can_carry_is_refused(street: Street) -> None:
    number, text = await street.sent("nhanhsdvcqg", envelope(application("..")))
    assert number == -1
    assert "không địa chỉ nào chứa được" in text
    assert not await street.inbox("..")


async def test_code_in_another_form_of_unicode_is_the_same_dossier(street: Street) -> None:
    dossier = f"Hồ-{code()}"
    assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    apart = unicodedata.normalize("NFD", dossier)
    assert (await street.sent("nhanhsdvcqg", envelope(application(apart))))[0] == 1
    assert len(await street.inbox(dossier)) == 1
    _, found = await street.send("search/call", {"data": {"mahoso": apart}})
    assert [one["MaHoSo"] for one in found["result"]] == [dossier]


async def test_second_voucher_of_a_dossier_is_another_one(street: Street) -> None:
    dossier = code()
    other = voucher(dossier)
    other["ThongTinThanhToan"] = {**other["ThongTinThanhToan"], "MaThongBaoThue": "TB-2"}
    for words in (voucher(dossier), other):
        assert (await street.sent("nhanhsdvcqg", envelope(words, "NhanChungTuThueDat")))[0] == 0
    numbers = [one["message"]["part"]["more"] for one in await street.inbox(dossier)]
    assert [one["ThongTinThanhToan"]["MaThongBaoThue"] for one in numbers] == ["TB-1", "TB-2"]


async def test_resend_of_a_voucher_is_one_also_when_a_system_posts_the_code_in_between(
    street: Street,
) -> None:
    dossier = code()
    words = envelope(voucher(dossier), "NhanChungTuThueDat")
    assert (await street.sent("nhanhsdvcqg", words))[0] == 0
    (first,) = await street.inbox(dossier)
    assert (await street.house.post("/v1/dossiers", posted(dossier), "portal"))[0] == 202
    assert await street.sent("nhanhsdvcqg", words) == (1, f"{dossier}| duplicate reference")
    assert await street.inbox(dossier) == [first]
    items = (await street.get("/v1/dossiers/inbox?count=100", "portal"))["items"]
    assert [one for one in items if one["code"] == dossier] == []


async def test_resend_of_a_voucher_is_one_also_when_the_portal_forwards_the_code_in_between(
    street: Street,
) -> None:
    dossier = code()
    assert (await street.house.post("/v1/dossiers", posted(dossier), "one_gate"))[0] == 202
    words = envelope(voucher(dossier), "NhanChungTuThueDat")
    assert (await street.sent("nhanhsdvcqg", words))[0] == 0
    assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    assert (await street.sent("nhanhsdvcqg", words))[0] == 1
    assert [one["kind"] for one in await street.inbox(dossier)] == ["notice", "dossier"]


async def test_system_goes_on_with_its_dossier_when_the_portal_forwards_the_code_to_another(
    street: Street,
) -> None:
    dossier = code()
    post = street.house.post
    assert (await post("/v1/dossiers", posted(dossier), "portal"))[0] == 202
    assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    again = await post("/v1/dossiers", posted(dossier), "portal")
    assert (again[0], again[1]["state"]) == (202, "repeated")
    newer = await post("/v1/dossiers", posted(dossier, note="Đã kiểm tra"), "portal")
    assert (newer[0], newer[1]["state"], newer[1]["version"]) == (202, "updated", 2)
    # a system that comes after it is refused as ever
    taken = await post("/v1/dossiers", posted(dossier), "one_gate")
    assert (taken[0], taken[1]["code"]) == (409, "dossier_code_taken")


@pytest.mark.parametrize("nested", [True, False])
async def test_tax_notice_reaches_each_dossier_that_it_names(street: Street, nested: bool) -> None:
    one, two = code(), code()
    words = envelope(
        {"FileThongBaoThue": b64(notice_xml(one, two, nested=nested))},
        "NhanThongBaoThueDat",
        updating="False",
    )
    assert (await street.sent("nhantbthuedvcqg", words))[0] == 0
    assert (await street.sent("nhantbthuedvcqg", words))[0] == 1
    for dossier in (one, two):
        (item,) = await street.inbox(dossier)
        part = item["message"]["part"]
        assert {fee["title"] for fee in part["fees"]} == {"Lệ phí trước bạ"}
        assert len(part["fees"]) == (2 if nested else 1)
        assert part["papers"][0]["file"].startswith("sha256:")


async def test_same_tax_notice_in_a_file_of_other_bytes_is_the_same(street: Street) -> None:
    one, two = code(), code()
    answers = [
        (
            await street.sent(
                "nhantbthuedvcqg", envelope({"FileThongBaoThue": b64(raw)}, "NhanThongBaoThueDat")
            )
        )[0]
        for raw in (notice_xml(one), notice_xml(one) + b"\n", notice_xml(one, two))
    ]
    assert answers == [0, 1, 0]
    assert [len(await street.inbox(each)) for each in (one, two)] == [1, 1]


async def test_tax_notice_about_more_dossiers_than_one_message_may_name_is_refused(street: Street) -> None:
    many = [f"H31-QG-9{number:05}" for number in range(301)]
    words = envelope({"FileThongBaoThue": b64(notice_xml(*many))}, "NhanThongBaoThueDat", updating="False")
    number, text = await street.sent("nhantbthuedvcqg", words)
    assert number == -1
    assert "300" in text
    assert await street.inbox(many[0]) == []


MISSING: dict[str, tuple[Callable[[str], dict[str, Any]], str, str, tuple[str, ...]]] = {
    "promotion": (promotion, "addtthcKhuyenMai", "", ("MaHoSo", "MaTTHC", "MaSoThue", "TenThuongNhan")),
    "application": (application, "nhanhsdvcqg", "NhanHoSo", ("MaHoSo", "MaTTHC")),
    "amendment": (lambda one: amendment(one, one), "nhanhsdvcqg", "NhanHoSoSuaDoi", ("MaHoSoQG",)),
    "voucher": (
        voucher, "nhanhsdvcqg", "NhanChungTuThueDat", ("MaHoSo", "HoTenNguoiNopTien", "MaSoThue", "UrlFileChungTu")
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISSING)
async def test_missing_required_field_is_named_and_nothing_is_stored(street: Street, kind: str) -> None:
    made, path, service, fields = MISSING[kind]
    for field in fields:
        for blank in (None, "", "  "):
            dossier = code()
            words = made(dossier)
            words[field] = blank
            number, text = await street.sent(path, envelope(words, service) if service else words)
            assert number == -1, (field, blank)
            assert field in text
            assert await street.inbox(dossier) == []


async def test_missing_field_of_a_payment_is_named(street: Street) -> None:
    words = voucher(code())
    words["ThongTinThanhToan"]["SoTien"] = ""
    number, text = await street.sent("nhanhsdvcqg", envelope(words, "NhanChungTuThueDat"))
    assert number == -1
    assert "ThongTinThanhToan.SoTien" in text


@pytest.mark.parametrize(
    "content", ["không phải base64!", "QUJD*A==", base64.b64encode(b"MZ\x90\x00 a program").decode()]
)
async def test_file_that_is_none_is_refused_by_name(street: Street, content: str) -> None:
    dossier = code()
    words = application(dossier)
    words["ThanhPhanHoSo"][0]["GiayToDinhKem"][0]["Base64"] = content
    number, text = await street.sent("nhanhsdvcqg", envelope(words))
    assert number == -1
    assert "papers[0].Base64" in text
    assert await street.inbox(dossier) == []


async def test_more_members_are_kept_under_their_names(street: Street) -> None:
    dossier = code()
    words = application(dossier, TruongMoi={"a": [1, 2]}, MaHoSoKhac="X-1")
    assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
    (item,) = await street.inbox(dossier)
    assert item["message"]["dossier"]["more"]["TruongMoi"] == {"a": [1, 2]}


async def test_look_up_shows_the_status_of_what_the_portal_sent(street: Street) -> None:
    dossier = code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    _, answer = await street.send("search/call", {"service": "TraCuuHoSo", "data": {"mahoso": dossier}})
    assert [one["MaHoSo"] for one in answer["result"]] == [dossier]
    assert answer["result"] == [{
        "MaTTHC": "1.001193", "MaDVC": "", "TenDVC": "", "MaHoSo": dossier, "HoTenNguoiNop": "", "MaTrangThai": "1",
        "TrangThaiHoSo": "Mới đăng ký", "DonViXuLy": "", "MaDonViXuLy": "000.00.14.H31", "NgayNop": "20261127083000",
        # what the portal did not say is not said
        "NgayTiepNhan": "", "NgayHenTra": "", "HinhThucNhanKQ": "",
    }]  # fmt: skip
    _, answer = await street.send("search/call", {"data": {"mahoso": code()}})
    assert answer["result"] == []


async def test_look_up_by_the_owner_shows_what_the_portal_sent_and_nothing_else(street: Street) -> None:
    owner, dossiers, client = "033088416275", [code(), code()], await street.one_gate()
    for one in dossiers:
        words = application(one)
        words["ThongTinNguoiNop"]["ThongTinChiTiet"]["SoDinhDanhChuHs"] = owner
        assert (await street.sent("nhanhsdvcqg", envelope(words)))[0] == 0
    ids = [{"LoaiDinhDanh": "1", "SoDinhDanh": owner}]
    assert await client.sync(synced("H31.14-261126-8801", SoGiayToChuHoSo=owner, DinhDanhCHS=ids))
    _, answer = await street.send("search/call", {"data": {"sodinhdanh": owner}})
    assert sorted(one["MaHoSo"] for one in answer["result"]) == sorted(dossiers)
    assert street.records("dossiers_searched")[-1]["requester"] == "national_bus"
    _, answer = await street.send("search/call", {"data": {"sodinhdanh": "033088416276"}})
    assert answer["result"] == []


async def test_code_that_is_a_number_is_found_and_answered_as_its_digits(street: Street) -> None:
    number = 700_000_000 + int(code()[-5:])
    words = application("x") | {"MaHoSo": number}
    assert await street.sent("nhanhsdvcqg", envelope(words)) == (0, f"{number}| create dossier success")
    for asked in (number, str(number)):
        status, answer = await street.send("search/call", {"data": {"mahoso": asked}})
        assert (status, answer["error_code"], answer["message"]) == (200, 0, f"{number}| success")
        assert [one["MaHoSo"] for one in answer["result"]] == [str(number)]
    assert (await street.send("search/call", {"data": {"mahoso": True}}))[1]["error_code"] == -1


async def test_unknown_path_is_answered_in_the_form_of_the_portal(street: Street) -> None:
    assert (await street.sent("khac", envelope(application(code()))))[0] == -1


async def test_withdrawal_at_the_portal_reaches_the_province(street: Street) -> None:
    dossier = code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    words = envelope(
        {"MaHoSo": dossier, "ThoiDiemXuLy": "20261127100000", "TrangThai": "7"}, "NhanTienDoHoSo"
    )
    assert (await street.sent("nhanhsdvcqg", words))[0] == 0
    assert (await street.sent("nhanhsdvcqg", words))[0] == 1
    last = (await street.inbox(dossier))[-1]
    assert (last["kind"], last["message"]["entries"][0]["status"]) == ("progress", "withdrawn")
    assert (await street.get(f"/v1/dossiers/{dossier}"))["status"] == "withdrawn"
    words["data"]["MaHoSo"] = code()
    answer = await street.sent("nhanhsdvcqg", words)
    assert answer[0] == -1
    assert "MaHoSo" in answer[1]


async def test_withdrawal_is_pushed_where_the_dossier_was(tmp_path: Path) -> None:
    async with build(tmp_path, {"portals.national_bus.door.pushes_to": "one_gate_hook"}) as house:
        street, dossier = Street(house), code()
        await street.sent("nhanhsdvcqg", envelope(application(dossier)))
        words = envelope(
            {"MaHoSo": dossier, "ThoiDiemXuLy": "20261127100000", "TrangThai": "7"}, "NhanTienDoHoSo"
        )
        assert (await street.sent("nhanhsdvcqg", words))[0] == 0
        found = (await street.get(f"/v1/deliveries?dossier={dossier}&target=one_gate_hook"))["deliveries"]
    assert sorted(one["kind"] for one in found) == ["dossier", "progress"]


@pytest.mark.parametrize(("options", "status"), [({}, 503), ({"busy_status": 200}, 200)])
async def test_what_passes_is_answered_with_the_status_of_the_settings(
    options: dict[str, Any], status: int
) -> None:
    door = NationalInbound(plans_of("national_bus"), InboundOptions.model_validate(options))
    answer = door.refusal(DoorCall("POST", "nhanhsdvcqg"), RelayUnavailable())
    assert answer.status == status
    assert json.loads(answer.body)["error_code"] == -1


ANSWERED: dict[str, tuple[str, Callable[[str], Any], int, str]] = {
    "application": ("nhanhsdvcqg", lambda one: envelope(application(one)), 0, "create dossier success"),
    "supplement": (
        "nhanhsdvcqg", lambda one: envelope(application(one), updating=True), 0, "create dossier success"
    ),
    "promotion": ("addtthcKhuyenMai", promotion, 0, ""),  # its procedure is not configured: parked
    "amendment": (
        "nhanhsdvcqg", lambda one: envelope(amendment(one, one), "NhanHoSoSuaDoi"), 0, "create dossier success"
    ),
    "voucher": (
        "nhanhsdvcqg", lambda one: envelope(voucher(one), "NhanChungTuThueDat"), 0, "create dossier success"
    ),
    "tax notice": (
        "nhantbthuedvcqg",
        lambda one: envelope({"FileThongBaoThue": b64(notice_xml(one))}, "NhanThongBaoThueDat"), 0,
        "create dossier success",
    ),
    "refused": ("nhanhsdvcqg", lambda one: envelope({"MaHoSo": one, "MaTTHC": ""}), -1, ""),
    "of no dossier": (
        "nhanhsdvcqg",
        lambda one: envelope({"MaHoSo": one, "ThoiDiemXuLy": "20261127100000", "TrangThai": "7"}, "NhanTienDoHoSo"),
        -1, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERED)
async def test_answer_is_the_number_and_the_code_with_a_text_and_nothing_more(
    street: Street, kind: str
) -> None:
    """A.9: `{"error_code": 0 | 1 | -1, "message": "<MaHoSo>| text"}`, HTTP 200, JSON; a resend is 1."""
    path, made, number, text = ANSWERED[kind]
    dossier = code()
    status, answer = await street.send(path, made(dossier))
    assert status == 200
    assert list(answer) == ["error_code", "message"]
    assert type(answer["error_code"]) is int
    assert answer["error_code"] == number
    assert answer["message"].startswith(f"{dossier}| ")
    assert not text or answer["message"] == f"{dossier}| {text}"
    if number == 0 and kind != "supplement":
        _, again = await street.send(path, made(dossier))
        assert again == {"error_code": 1, "message": f"{dossier}| duplicate reference"}
