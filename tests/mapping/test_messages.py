"""Portal messages as the facts have them: golden bytes, cuts, lists, and what is refused by the name of its field."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.domain.evidence import SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.mapping.load import load_catalogue
from gateway.mapping.messages import DEEPEST, MessageFault, MessagePlan

CATALOGUE = load_catalogue(Path(__file__).parents[2])
BUS = CATALOGUE.portals["national_bus"]
MINISTRY = CATALOGUE.portals["ministry_portal"]
#: the examples of national-portal.md L, in compact form
GOLDEN = Path(__file__).parent / "golden"
CODE = "H31.14-260105-0007"
DOSSIER: dict[str, Any] = {
    "code": CODE,
    "procedure": "1.001193.000.00.00.H31",
    "procedure_title": "Đăng ký khai sinh",
    "field_code": "G15-HT01",
    "field_title": "Hộ tịch",
    "unit": "UBND phường Mẫu",
    "channel": "online",
    "applicant": {
        "name": "Trần Thị Mẫu",
        "ids": [{"kind": "personal_id", "number": "033190001234"}],
        "account": "7d0c2a00-demo-techid",
        "verified": True,
        "email": "mau@example.vn",
        "phone": "0900000001",
    },
    "abstract": "Đăng ký khai sinh cho con",
    "filed_at": "2026-01-05T01:12:00Z",
    "received_at": "2026-01-05T01:30:00Z",
    "due_at": "2026-01-07T10:00:00Z",
    "status": "accepted",
    "has_digitised": True,
    "databases": ["1"],
    "papers": [
        {
            "component": "000.00.00.G15-GT900001",
            "file_name": "giay_chung_sinh.pdf",
            "url": "https://gw.example.vn/files/6f1b",
            "digitised": True,
        },
        {
            "component": "000.00.00.G15-GT900002",
            "file_name": "chung_nhan_ket_hon.pdf",
            "url": "https://gw.example.vn/files/77c2",
            "digitised": True,
            "reuse": "replaced",
            "from_store": True,
            "result_code": "KQ.G15.900002",
        },
    ],
}
STEPS = [
    {
        "dossier": CODE,
        "official": "Lê Văn Ví Dụ",
        "position": "Công chức",
        "department": "Bộ phận một cửa",
        "at": "2026-01-05T01:30:00Z",
        "content": "Tiếp nhận hồ sơ",
        "status": "accepted",
    },
    {
        "dossier": CODE,
        "official": "Lê Văn Ví Dụ",
        "at": "2026-01-06T03:15:00Z",
        "content": "Đang xử lý",
        "status": "processing",
        "started_at": "2026-01-05T01:30:00Z",
        "due_at": "2026-01-07T10:00:00Z",
    },
]


def sent(plan: MessagePlan, **members: object) -> bytes:
    """The bytes of a call of the bus, with its envelope."""
    envelope = {"session": "9f2c-demo", "madonvi": "000.00.00.H31", "service": plan.operation}
    return orjson.dumps(envelope | members)


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes().removesuffix(b"\n")


def test_dossier_sync_is_the_golden_message_byte_for_byte() -> None:
    plan = BUS["dossier"]
    assert sent(plan, isUpdating="False", data=[plan.write(DOSSIER)]) == golden("DongBoHoSoMC.json")


def test_progress_is_the_golden_message_byte_for_byte() -> None:
    plan = BUS["progress"]
    assert sent(plan, data=[plan.write(one) for one in STEPS]) == golden("CapNhatTienDoHoSoMC.json")


def test_look_up_is_the_golden_message_byte_for_byte() -> None:
    plan = BUS["look_up_request"]
    assert sent(plan, **plan.write({"code": CODE})) == golden("TraCuuHoSo.json")


def test_search_of_the_paper_store_is_the_golden_message_byte_for_byte() -> None:
    mother = Subject(kind=SubjectKind.PERSON, personal_id="033190001234", full_name="Trần Thị Mẫu")
    plan = CATALOGUE.services["paper_store"]["GetKetQuaGiayTo"]
    query = SourceQuery(
        call_id=CallId("01JEXAMPLE0000000000000000-1"),
        service=plan.name,
        subject=mother,
        attributes=("papers",),
        official=Official(personal_id="", agency="", account="", full_name=""),
        procedure="1.001193",
        purpose="example",
        result_codes=("KQ.G15.900002",),
        citizen=mother,
    )
    assert orjson.dumps(plan.request(query, {}, "")) == golden("GetKetQuaGiayTo.json")


def test_golden_messages_are_read_as_they_were_written() -> None:
    read = orjson.loads(golden("DongBoHoSoMC.json"))["data"][0]
    assert BUS["dossier"].read(read) == DOSSIER
    assert [
        BUS["progress"].read(one) for one in orjson.loads(golden("CapNhatTienDoHoSoMC.json"))["data"]
    ] == STEPS


@pytest.mark.parametrize(
    ("member", "limit"), [("note", 2000), ("abstract", 1000), ("procedure_title", 1000)], ids=str
)
def test_free_text_is_cut_to_exactly_its_limit(member: str, limit: int) -> None:
    field = {"note": "GhiChu", "abstract": "TrichYeuHoSo", "procedure_title": "TenTTHC"}[member]
    for length in (limit - 1, limit, limit + 1, 3 * limit):
        wire = BUS["dossier"].write(DOSSIER | {member: "ắ" * length})
        assert len(wire[field]) == min(length, limit)
        assert wire[field].endswith("...") is (length > limit)


def test_name_of_an_official_is_cut_to_fifty_characters() -> None:
    wire = BUS["progress"].write(STEPS[0] | {"official": "Nguyễn Thị " * 9})
    assert len(wire["NguoiXuLy"]) == 50
    assert wire["NguoiXuLy"].endswith("...")


def test_cut_never_parts_a_letter_from_its_marks() -> None:
    # an old dotted letter has no composed form: its mark stands alone
    wire = BUS["progress"].write(STEPS[0] | {"official": "x" * 46 + "q\u0323" + "y" * 20})
    assert wire["NguoiXuLy"] == "x" * 46 + "..."


def refusal(plan: MessagePlan, message: dict[str, Any]) -> MessageFault:
    with pytest.raises(MessageFault) as caught:
        plan.write(message)
    return caught.value


def test_code_that_is_too_long_is_refused_by_the_name_of_its_field() -> None:
    paper = {"component": "G" * 199 + "12"}
    fault = refusal(BUS["dossier"], DOSSIER | {"papers": [{}, paper]})
    assert (fault.field, fault.path) == ("TaiLieuNop[1].MaThanhPhanHoSo", "papers[1].component")
    assert "longer than 200 characters" in fault.sentence.en
    assert "G" * 20 not in str(fault)


def test_owner_without_a_number_gets_none() -> None:
    wire = BUS["dossier"].write(DOSSIER | {"applicant": {"name": "Trần Thị Mẫu"}})
    assert (wire["SoGiayToChuHoSo"], wire["DinhDanhCHS"]) == ("", [])


def test_owner_with_a_tax_code_alone_has_no_entry_under_a_code_that_nobody_saw() -> None:
    owner = {"kind": "business", "ids": [{"kind": "tax_code", "number": "0100109106"}]}
    wire = BUS["dossier"].write(DOSSIER | {"applicant": owner})
    assert (wire["SoGiayToChuHoSo"], wire["DinhDanhCHS"], wire["LoaiDoiTuong"]) == ("0100109106", [], "2")


def test_account_of_the_owner_goes_with_dossiers_that_were_filed_online_only() -> None:
    account = DOSSIER["applicant"]["account"]
    wires = [
        BUS["dossier"].write(DOSSIER | {"channel": channel}) for channel in ("online", "direct", "postal")
    ]
    assert [one["MaDoiTuong"] for one in wires] == [account, "", ""]


def test_statuses_of_supplement_payment_and_stop_are_never_sent_as_processed() -> None:
    words = {"supplement_requested": "5", "payment_requested": "6", "stopped": "8", "processed": "9"}
    for plan, field in ((BUS["dossier"], "TrangThaiHoSo"), (BUS["status"], "TrangThai")):
        message = DOSSIER | {"dossier": CODE, "at": "2026-01-06T03:15:00Z"}
        assert {word: plan.write(message | {"status": word})[field] for word in words} == words


def test_refusal_is_folded_as_the_profile_says() -> None:
    notice = {"dossier": "H31-QG-0001", "at": "2026-01-06T03:15:00Z", "status": "refused"}
    assert BUS["status"].write(notice)["TrangThai"] == "5"
    apart = BUS.in_profile("refused_11")["status"]
    assert apart.write(notice)["TrangThai"] == "11"
    assert apart.read(apart.write(notice))["status"] == "refused"


def test_status_that_nobody_knows_is_kept_and_never_guessed() -> None:
    wire = BUS["dossier"].write(DOSSIER) | {"TrangThaiHoSo": "11"}
    found = BUS["dossier"].read(wire)
    assert (found["status"], found["status_text"]) == ("unknown", "11")
    assert BUS["dossier"].write(found)["TrangThaiHoSo"] == "11"


def test_same_number_means_another_kind_of_owner_at_a_ministry() -> None:
    business = DOSSIER | {"applicant": {"kind": "business"}}
    assert BUS["dossier"].write(business)["LoaiDoiTuong"] == "2"
    assert MINISTRY["dossier"].write(business)["LoaiDoiTuong"] == 1
    assert (
        refusal(MINISTRY["dossier"], DOSSIER | {"applicant": {"kind": "state_agency"}}).field
        == "LoaiDoiTuong"
    )


def test_id_of_a_dossier_has_two_spellings_at_a_ministry() -> None:
    step = MINISTRY["progress"].write(STEPS[0] | {"more": {"IDHoSo": 7}})
    status = MINISTRY["status"].write({"dossier": CODE, "status": "processed", "more": {"IdHoSo": 7}})
    assert list(step)[:3] == ["IDHoSo", "MaHoSo", "NguoiXuLy"]
    assert orjson.dumps(status) == b'{"IdHoSo":7,"MaHoSo":"H31.14-260105-0007","TrangThai":9}'


def test_words_of_the_bus_do_not_reach_another_portal() -> None:
    wire = BUS["dossier"].write(DOSSIER) | {"TruongCuaTruc": "x"}
    read = BUS["dossier"].read(wire)
    assert BUS["dossier"].write(read)["TruongCuaTruc"] == "x"
    assert "TruongCuaTruc" not in MINISTRY["dossier"].write(read)


def test_person_who_files_is_never_read_as_the_owner() -> None:
    wire = {
        "MaHoSo": "H31-QG-0009",
        "MaTTHC": "1.001193",
        "ThongTinNguoiNop": {"ThongTinChiTiet": {"TenNguoiNop": "Lê Thị Nộp", "SoDinhDanh": "033274918260"}},
    }
    found = BUS["application"].read(wire)
    assert "applicant" not in found
    assert (
        BUS["application"].write(found)["ThongTinNguoiNop"]["ThongTinChiTiet"]["SoDinhDanh"] == "033274918260"
    )


def test_number_that_differs_from_the_owners_ids_identifies_nobody() -> None:
    wire = BUS["dossier"].write(DOSSIER) | {"SoGiayToChuHoSo": "033271503948"}
    found = BUS["dossier"].read(wire)
    assert found["applicant"]["ids"] == DOSSIER["applicant"]["ids"]
    assert found["more"] == {"SoGiayToChuHoSo": "033271503948"}
    assert BUS["dossier"].write(found)["SoGiayToChuHoSo"] == "033271503948"


def test_form_of_2020_without_a_list_of_ids_still_has_its_owner() -> None:
    wire = BUS["dossier"].write(DOSSIER)
    del wire["DinhDanhCHS"]
    assert BUS["dossier"].read(wire)["applicant"]["ids"] == DOSSIER["applicant"]["ids"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("NgayHenTra", "20261345000000"),
        ("NgayHenTra", {"a": 1}),
        ("KenhThucHien", "9"),
        ("HinhThuc", ["1"]),
        ("TaiLieuNop", "không có"),
        ("ChuHoSo", "x" * 401),
        ("DuocThanhToanTrucTuyen", 1.5),
        ("DanhSachTepDinhKemKhac", [{"TenGiayTo": "", "SoLuong": "nhiều", "LoaiGiayTo": 0}, 5]),
    ],
)
def test_value_that_does_not_fit_is_kept_beside_the_dossier(member: str, value: object) -> None:
    found = BUS["dossier"].read(BUS["dossier"].write(DOSSIER) | {member: value})
    kept = [found, *found.get("other_files", ())]
    assert any(one.get("more") for one in kept)
    assert found["applicant"]["ids"] == DOSSIER["applicant"]["ids"]
    assert BUS["dossier"].write(found)[member] == value


@pytest.mark.parametrize("value", [None, "", " ", [], {"a": "b"}, "x" * 201, "H31\u202e-1", "a\nb"])
def test_dossier_without_a_readable_code_is_refused_by_its_field(value: object) -> None:
    with pytest.raises(MessageFault) as caught:
        BUS["dossier"].read(BUS["dossier"].write(DOSSIER) | {"MaHoSo": value})
    assert (caught.value.field, caught.value.path) == ("MaHoSo", "code")


def test_codes_of_other_systems_are_taken_as_they_are() -> None:
    for code in ("H31-QG-0001", "G09.20-20260609-0092637", "mã 7/2026", 260105):
        assert BUS["dossier"].read(BUS["dossier"].write(DOSSIER) | {"MaHoSo": code})["code"] == str(code)


def test_texts_are_composed_and_lose_what_cannot_be_shown() -> None:
    wire = BUS["dossier"].write(DOSSIER) | {"GhiChu": "Tra\u0302\u0300n\x0b\x00\r\nM\ud800"}
    assert BUS["dossier"].read(wire)["note"] == "Trần  \nM "


def test_message_beyond_the_bounds_is_refused() -> None:
    deep: Any = "x"
    for _ in range(DEEPEST + 1):
        deep = [deep]
    wire = BUS["dossier"].write(DOSSIER)
    for strange in (
        {"La": deep},
        {"La": list(range(100_001))},
        {"TaiLieuNop": [{"TenTepDinhKem": "a"}] * 501},
    ):
        with pytest.raises(MessageFault):
            BUS["dossier"].read(wire | strange)


def test_reception_may_be_blank_only_before_it() -> None:
    blank = {name: one for name, one in DOSSIER.items() if name != "received_at"}
    assert refusal(BUS["dossier"], blank).field == "NgayTiepNhan"
    assert BUS["dossier"].write(blank | {"status": "refused"})["NgayTiepNhan"] == ""
