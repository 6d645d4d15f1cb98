"""A one-gate system is switched over by changing one URL: it goes on as before, and cannot see another's dossiers."""

import asyncio
import itertools
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.doors.conftest import Street, leaves
from tests.doors.messages import application, envelope, step, synced
from tests.flows.conftest import ROOT, build, on_session

_numbers = itertools.count(1)
OTHER = """
requester: other_gate
title: {vi: Hệ thống một cửa khác, en: Another one-gate system}
agency: 000.00.14.H31
client_id: other_gate
client_secret: {value: sandbox-only-other-gate}
scopes: [dossiers]
dossier_units: [H31.14, H31.77]
"""


def code() -> str:
    return f"H31.14-261126-{next(_numbers):04}"


async def portal_has(street: Street, dossier: str, steps: int) -> dict[str, Any]:
    """The row of the dossier at the simulated national portal, as soon as all steps are there."""
    url = f"{street.house.control}/portal/ledger?receiver=national_bus&code={dossier}"
    for _ in range(200):
        async with street.house.session.get(url) as answer:
            rows = (await answer.json())["dossiers"]
        if rows and rows[0]["progress_rows"] >= steps:
            return dict(rows[0])
        await asyncio.sleep(0.05)
    raise AssertionError(f"{dossier} did not arrive: {rows}")


@on_session
async def test_one_gate_system_goes_on_as_before_and_the_portal_gets_everything(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    assert not await client.known(dossier)
    assert await client.sync(synced(dossier))
    assert await client.known(dossier)
    rows = [
        step(dossier, "2", "20261126083000"),
        *(step(dossier, "4", f"2026112610{minute:02}00") for minute in range(12)),
    ]
    assert await client.progress(rows)
    there = await portal_has(street, dossier, len(rows))
    assert there["status"] == "4"
    shown = await street.get(f"/v1/dossiers/{dossier}")
    assert shown["status"] == "processing"
    assert len(shown["history"]) == 1 + len(rows)


@on_session
async def test_second_create_says_that_it_exists_and_the_client_repeats_it_as_an_update(
    street: Street,
) -> None:
    client, dossier = await street.one_gate(), code()
    assert await client.sync(synced(dossier))
    client.calls.clear()
    changed = synced(dossier, TrichYeuHoSo="Đăng ký khai sinh cho con thứ hai")
    assert await client.sync(changed)
    assert client.calls == [("DongBoHoSoMC", "False"), ("DongBoHoSoMC", "True")]
    answer = await client.call("DongBoHoSoMC", [changed], isUpdating="False")
    assert answer == {"error_code": "3", "message": f"{dossier} đã tồn tại"}
    shown = await street.get(f"/v1/dossiers/{dossier}")
    assert shown["dossier"]["abstract"] == "Đăng ký khai sinh cho con thứ hai"


@on_session
async def test_without_is_updating_whatever_fits_is_done(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    for abstract in ("một", "hai"):
        answer = await client.call("DongBoHoSoMC", [synced(dossier, TrichYeuHoSo=abstract)])
        assert "thành công" in answer["message"]
    assert (await street.get(f"/v1/dossiers/{dossier}"))["dossier"]["abstract"] == "hai"


@on_session
async def test_code_with_an_invisible_sign_is_refused_by_the_name_of_its_field(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    answer = await client.call(
        "DongBoHoSoMC", [synced(f"{dossier[:3]}\u200b{dossier[3:]}")], isUpdating="False"
    )
    assert answer["error_code"] == "-1"
    assert "MaHoSo" in answer["message"]
    assert "ký tự vô hình" in answer["message"]
    assert not await client.known(dossier)


@on_session
async def test_shape_of_ha_giang_is_taken(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    client.path = "/api/SynsTTHCC"
    answer = await client.call(
        "DongBoHoSoMC", [synced(dossier)], MaDinhDanhDV="000.00.00.H31", isUpdating="False"
    )
    assert "thành công" in answer["message"]
    assert (await street.get(f"/v1/dossiers/{dossier}"))["code"] == dossier


@on_session
async def test_same_dossier_fifty_times_at_once_is_created_once(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    calls = [client.call("DongBoHoSoMC", [synced(dossier)], isUpdating="False") for _ in range(50)]
    answers = [one["error_code"] for one in await asyncio.gather(*calls)]
    assert sorted(answers) == ["0"] + ["3"] * 49


@on_session
async def test_field_that_cannot_be_read_is_named_and_nothing_of_the_array_is_stored(street: Street) -> None:
    client, good, bad = await street.one_gate(), code(), code()
    answer = await client.call(
        "DongBoHoSoMC", [synced(good), {**synced(bad), "MaTTHC": ""}], isUpdating="False"
    )
    assert answer["error_code"] == "-1"
    assert "data[1].MaTTHC" in answer["message"]
    assert "thành công" not in answer["message"]
    assert not await client.known(good)


@on_session
async def test_progress_of_an_unknown_dossier_fails_as_at_the_portal(street: Street) -> None:
    client = await street.one_gate()
    assert not await client.progress([step(code(), "2", "20261126083000")])


@on_session
async def test_status_of_a_forwarded_dossier_goes_back_to_the_portal(street: Street) -> None:
    client, dossier = await street.one_gate(), f"H31-QG-8{next(_numbers):05}"
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    words = {
        "TrangThai": "2", "MaHoSo": dossier, "MaHoSoDonVi": code(), "MaDoiTuong": "", "NoiDung": "Đã tiếp nhận",
        "NgayXuLy": "20261127093000", "TaiLieuXuLy": [],
    }  # fmt: skip
    answer = await client.call("DongBoTrangThaiHoSo", [words])
    assert "thành công" in answer["message"]
    shown = await street.get(f"/v1/dossiers/{dossier}?origin=national_bus")
    assert shown["status"] == "accepted"
    assert "status" in {one["kind"] for one in shown["deliveries"]}
    _, found = await street.send("search/call", {"data": {"mahoso": dossier}})
    assert found["result"][0]["MaTrangThai"] == "2"


@on_session
async def test_batch_with_an_unknown_dossier_names_it_and_says_what_is_stored(street: Street) -> None:
    client, dossier, unknown = await street.one_gate(), f"H31-QG-8{next(_numbers):05}", code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    notices = [
        {"TrangThai": "2", "MaHoSo": one, "NgayXuLy": "20261127093000", "NoiDung": "Đã tiếp nhận"}
        for one in (unknown, dossier)
    ]
    answer = await client.call("DongBoTrangThaiHoSo", notices)
    assert answer["error_code"] == "-1"
    assert answer["message"].startswith(f"{unknown}: hồ sơ không tồn tại")
    assert answer["message"].endswith("the others are stored")
    assert dossier not in answer["message"]
    assert (await street.get(f"/v1/dossiers/{dossier}?origin=national_bus"))["status"] == "accepted"
    own = code()
    assert await client.sync(synced(own))
    steps = [step(own, "4", "20261126100000"), step(unknown, "4", "20261126100000")]
    answer = await client.call("CapNhatTienDoHoSoMC", steps)
    assert answer["error_code"] == "-1"
    assert answer["message"].startswith(f"{unknown}: hồ sơ không tồn tại")
    assert answer["message"].endswith("no step is stored")
    assert (await street.get(f"/v1/dossiers/{own}"))["status"] == "accepted"


@on_session
async def test_catalogues_and_look_ups_are_passed_on_to_the_portal(street: Street) -> None:
    client = await street.one_gate()
    (procedure,) = (await client.ask("LayThuTuc", maTTHC="1.001193"))["result"]
    assert procedure["TENTTHC"] == "Đăng ký khai sinh"
    assert {"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"} in (await client.ask("LayDanhSachTTHC"))[
        "result"
    ]
    persona = street.house.personas[0]
    (account,) = (await client.ask("TraCuuTechID", mstorcmnd=persona["personal_id"]))["result"]
    assert account["TECHNICALID"]


@on_session
@pytest.mark.parametrize(
    ("operation", "item", "field"),
    [
        (
            "DongBoDanhGia",
            {
                "NgayTongHop": "11-2026", "TongSoNguoiDanhGia": 5, "PhanTramDanhGiaRatHaiLong": "60%",
                "PhanTramDanhGiaHaiLong": "40%", "PhanTramDanhGiaChuaHaiLong": "0%", "DanhSachNoiDungYKien": "",
                "MaThuTuc": "1.001193", "NoiDung": "", "PhanTramDanhGiaDichVuRatHaiLong": "60%",
                "PhanTramDanhGiaDichVuHaiLong": "40%", "PhanTramDanhGiaDichVuChuaHaiLong": "0%",
                "Madonvi": "000.14.00.H31", "TenDonVi": "UBND phường Mẫu",
            },
            "NgayTongHop",
        ),
        (
            "DongBoHoiDap",
            {"HOIDAPID": "17", "MaLinhVuc": "G15-HT01", "NOIDUNG": "Hỏi thử", "MADONVI": "000.14.00.H31",
             "TENDONVI": "UBND phường Mẫu"},
            "NOIDUNG",
        ),
        (
            "DongBoKetQuaHoiDapGuiTuDVCQG",
            {"HOIDAPID": "17", "MADONVI": "000.14.00.H31", "NGUOITRALOI": "Lê Văn Ví Dụ", "CHUCVUNGUOITRALOI": "",
             "NGAYTRALOI": "20261127090000", "NOIDUNGTRALOI": "Trả lời thử"},
            "NGUOITRALOI",
        ),
    ],
)  # fmt: skip
async def test_evaluations_and_answers_are_passed_on_recorded_and_refused_with_the_field(
    street: Street, operation: str, item: dict[str, Any], field: str
) -> None:
    client, url = await street.one_gate(), f"{street.house.control}/portal/ledger"
    before = len([one for one in leaves(street.house.state) if one["result"] == "passed_on"])
    answer = await client.call(operation, [item])
    assert (answer["error_code"], "thành công" in answer["message"]) == ("0", True)
    async with street.house.session.get(url) as found:
        assert (await found.json())["pushes"][operation] == 1
    refused = await client.call(operation, [{name: one for name, one in item.items() if name != field}])
    assert refused["error_code"] == "-1"
    assert field in refused["message"]
    assert "thành công" not in refused["message"]
    passed = [one for one in leaves(street.house.state) if one["result"] == "passed_on"][before:]
    assert [one["notes"]["asked"] for one in passed] == [operation] * 2
    assert (await client.call(operation, []))["error_code"] == "-1"


@on_session
async def test_what_is_no_operation_or_no_array_is_refused_in_the_platforms_form(street: Street) -> None:
    client = await street.one_gate()
    assert (await client.ask("XoaHoSo"))["error_code"] == "-1"
    assert (await client.ask("TraCuuHoSo"))["error_code"] == "-1"
    for data in ([], ["x"], {}, {"data": 1}):
        answer = await client.call("DongBoHoSoMC", data, isUpdating="False")  # type: ignore[arg-type]
        assert answer["error_code"] == "-1"
    assert (await client.call("DongBoHoSoMC", [synced(code())], isUpdating="perhaps"))["error_code"] == "-1"


@on_session
async def test_wrong_secret_gets_no_token_and_a_wrong_token_gets_nothing(street: Street) -> None:
    client = await street.one_gate()
    client.secret = "wrong"
    assert await client.login() == 401
    url = f"{street.house.url}/KetNoiMotCuaQuocGia/TraCuuHoSo?mahoso=H31.14-261126-0001"
    for headers in ({}, {"Authorization": "Bearer x"}):
        async with street.house.session.get(url, headers=headers) as answer:
            assert answer.status == 401
            assert (await answer.json())["fault"]["code"] == 900901
    for form in ({"grant_type": "password"}, {}, {"grant_type": "client_credentials"}):
        async with street.house.session.post(f"{street.house.url}/token", data=form) as answer:
            assert answer.status in {400, 401}


@on_session
async def test_token_for_another_scope_is_refused_and_recorded(street: Street) -> None:
    house = street.house
    token = await house.token("citizen")
    before = len(street.records("scope_missing"))
    url = f"{house.url}/KetNoiMotCuaQuocGia/TraCuuHoSo?mahoso=x"
    async with house.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 403
        assert (await answer.json())["fault"]["code"] == 900908
    assert len(street.records("scope_missing")) == before + 1


@pytest_asyncio.fixture
async def two_gates(tmp_path: Path) -> AsyncIterator[Street]:
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, tmp_path / "root" / room)
    (tmp_path / "root/config/requesters/other_gate.yaml").write_text(OTHER, "utf-8")
    async with build(tmp_path, {}, tmp_path / "root") as house:
        yield Street(house)


async def test_another_systems_dossier_does_not_exist(two_gates: Street) -> None:
    mine, other = await two_gates.one_gate(), await two_gates.one_gate("other_gate")
    dossier = code()
    assert await mine.sync(synced(dossier))
    assert await other.ask("TraCuuHoSo", mahoso=dossier) == await other.ask("TraCuuHoSo", mahoso=code())
    assert not await other.progress([step(dossier, "10", "20261127083000")])
    assert not await other.sync(synced(dossier, TrichYeuHoSo="của người khác"))
    assert (await two_gates.get(f"/v1/dossiers/{dossier}"))["dossier"][
        "abstract"
    ] == "Đăng ký khai sinh cho con"


async def test_code_of_a_unit_that_is_not_the_systems_is_refused_alike_whether_it_exists_or_not(
    two_gates: Street,
) -> None:
    mine, other = await two_gates.one_gate(), await two_gates.one_gate("other_gate")
    there, free = "H31.15-261126-0001", "H31.15-261126-0002"
    assert await mine.sync(synced(there))
    answers = [
        await other.call("DongBoHoSoMC", [synced(one)], isUpdating=updating)
        for one in (there, free)
        for updating in ("False", "True")
    ]
    said = {str(one).replace(there, "CODE").replace(free, "CODE") for one in answers}
    assert len(said) == 1
    assert answers[0]["error_code"] == "-1"
    for word in ("H31.15", "dossier_units", "H31.14, H31.77"):
        assert word in answers[0]["message"]
    refusals = two_gates.records("dossier_unit_not_own")
    assert [one["dossier"] for one in refusals] == [there, there, free, free]
    assert {one["requester"] for one in refusals} == {"other_gate"}
    for own in ("H31.77-261126-0001", "H31.77.001-261126-0001", "H31.77-20261126-0092637"):
        assert await other.sync(synced(own))
    for strange in ("H31.771-261126-0001", "H31-261126-0001", "G09.20-20261126-0092637"):
        assert not await other.sync(synced(strange))
    # no unit is in it: opaque
    assert await other.sync(synced("H31-QG-0001"))


async def test_what_can_never_be_written_is_said_first_whether_the_code_is_another_systems_or_not(
    two_gates: Street,
) -> None:
    mine, other = await two_gates.one_gate(), await two_gates.one_gate("other_gate")
    there, free, elsewhere = code(), code(), "H31.15-261126-0001"
    assert await mine.sync(synced(there))
    said = []
    for one in (there, free, elsewhere):
        answer = await other.call("DongBoHoSoMC", [synced(one, DonViXuLy="")], isUpdating="False")
        said.append((answer["error_code"], answer["message"].replace(one, "CODE")))
    assert said[0] == said[1] == said[2]
    assert "DonViXuLy" in said[0][1]
    assert two_gates.records("dossier_code_taken") == two_gates.records("dossier_unit_not_own") == []
    # of a unit of its own the code is taken: that shows, and is recorded each time
    for _ in range(2):
        answer = await other.call("DongBoHoSoMC", [synced(there)], isUpdating="False")
        assert answer["error_code"] == "-1"
    refusals = two_gates.records("dossier_code_taken")
    assert [(one["requester"], one["dossier"]) for one in refusals] == [("other_gate", there)] * 2


@on_session
async def test_field_that_the_portal_could_never_take_blank_is_named_and_the_others_are_stored(
    street: Street,
) -> None:
    client, good, bad = await street.one_gate(), code(), code()
    words = [synced(bad, DonViXuLy=""), synced(good)]
    answer = await client.call("DongBoHoSoMC", words, isUpdating="False")
    assert answer["error_code"] == "-1"
    assert f"{bad}: " in answer["message"]
    assert "DonViXuLy" in answer["message"]
    assert "thành công" not in answer["message"]
    assert await client.known(good)
    assert not await client.known(bad)
    assert not await client.progress([step(good, "4", "20261126090000", NoiDungXuLy="")])


@on_session
async def test_look_up_has_what_the_system_sent_and_the_dates_outlive_the_content(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    assert await client.sync(synced(dossier, HinhThuc="1"))
    (row,) = (await client.ask("TraCuuHoSo", mahoso=dossier))["result"]
    known = {
        "MaHoSo": dossier, "MaTrangThai": "2", "TrangThaiHoSo": "Được tiếp nhận", "NgayNop": "20261126081200",
        "NgayTiepNhan": "20261126083000", "NgayHenTra": "20261128170000", "HinhThucNhanKQ": "1",
    }  # fmt: skip
    assert row | known == row
    assert (row["MaTTHC"], row["DonViXuLy"]) == ("1.001193.000.00.00.H31", "UBND phường Mẫu")
    with closing(sqlite3.connect(street.house.state / "exchange.db")) as connection:
        connection.execute("UPDATE dossiers SET sealed = x'', erased = 1 WHERE code = ?", (dossier,))
        connection.commit()
    (row,) = (await client.ask("TraCuuHoSo", mahoso=dossier))["result"]
    assert row | known == row
    assert (row["MaTTHC"], row["DonViXuLy"]) == ("1.001193", "")


@on_session
async def test_code_that_we_do_not_know_is_kept_as_it_came(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    assert await client.sync(synced(dossier, HinhThuc="2"))
    shown = await street.get(f"/v1/dossiers/{dossier}")
    assert shown["dossier"]["more"] == {"HinhThuc": "2"}


@on_session
async def test_text_that_is_longer_than_any_field_is_refused_by_its_name_and_nothing_is_stored(
    street: Street,
) -> None:
    client, dossier = await street.one_gate(), code()
    answer = await client.call("DongBoHoSoMC", [synced(dossier, GhiChu="n" * 40_000)])
    assert answer["error_code"] == "-1"
    assert "GhiChu" in answer["message"]
    assert not await client.known(dossier)


#: member, and what stands there; the field that the answer names
WRONG_TYPES: dict[str, tuple[dict[str, Any], str]] = {
    "text for a list": ({"DanhSachHoSoBoSung": "đã bổ sung"}, "DanhSachHoSoBoSung "),
    "number for a list": ({"DanhSachLePhi": 3}, "DanhSachLePhi "),
    "flag for a list": ({"TaiLieuNop": True}, "TaiLieuNop "),
    "texts in a list": ({"DSKetNoiCSDL": ["1", "2"]}, "DSKetNoiCSDL[0] "),
    "numbers in a list": ({"DSKetNoiCSDL": [1]}, "DSKetNoiCSDL[0] "),
    "lists in a list": ({"DanhSachGiayToKetQua": [[]]}, "DanhSachGiayToKetQua[0] "),
    "text for a list in a list": (
        {"DanhSachHoSoBoSung": [{"HoSoBoSungId": 1, "DanhSachGiayToBoSung": "a.pdf"}]},
        "DanhSachHoSoBoSung[0].DanhSachGiayToBoSung ",
    ),
    "object for a text": ({"GhiChu": {"a": 1}}, "GhiChu"),
    "list for a text": ({"NgayHenTra": ["20261128170000"]}, "NgayHenTra"),
    "word for a status": ({"TrangThaiHoSo": "Đang xử lý"}, "TrangThaiHoSo"),
    "word for a status, unknown": ({"TrangThaiHoSo": "unknown"}, "TrangThaiHoSo"),
}  # fmt: skip


@on_session
@pytest.mark.parametrize(("changed", "field"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
async def test_value_of_another_type_is_refused_by_its_field_and_the_others_are_stored(
    street: Street, changed: dict[str, Any], field: str
) -> None:
    client, good, bad = await street.one_gate(), code(), code()
    answer = await client.call("DongBoHoSoMC", [synced(bad, **changed), synced(good)], isUpdating="False")
    assert answer["error_code"] == "-1", answer
    assert f"{bad}: " in answer["message"]
    assert field in answer["message"]
    assert "thành công" not in answer["message"]
    assert not await client.known(bad)
    assert await client.known(good)


@on_session
@pytest.mark.parametrize("field", ["NgayTiepNhan", "NgayHenTra", "NgayNopHoSo"])
async def test_day_that_cannot_be_is_refused_by_its_field_and_the_others_are_stored(
    street: Street, field: str
) -> None:
    client, wrong, right = await street.one_gate(), code(), code()
    answer = await client.call("DongBoHoSoMC", [synced(wrong, **{field: "20261332"}), synced(right)])
    assert answer["error_code"] == "-1"
    assert wrong in answer["message"]
    assert field in answer["message"]
    assert "không phải thời điểm có thật" in answer["message"]
    assert "thành công" not in answer["message"]
    assert (await client.known(wrong), await client.known(right)) == (False, True)


@on_session
async def test_new_dossier_twice_in_one_array_is_created_and_not_said_to_be_there(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    answer = await client.call("DongBoHoSoMC", [synced(dossier)] * 2, isUpdating="False")
    assert (answer["error_code"], "thành công" in answer["message"]) == ("0", True)
    again = await client.call("DongBoHoSoMC", [synced(dossier)], isUpdating="False")
    assert (again["error_code"], "đã tồn tại" in again["message"]) == ("3", True)
    assert (await street.get(f"/v1/dossiers/{dossier}"))["version"] == 1


@on_session
async def test_status_in_words_is_refused_in_a_step_and_an_unknown_number_goes_as_it_came(
    street: Street,
) -> None:
    client, dossier = await street.one_gate(), code()
    assert await client.sync(synced(dossier, TrangThaiHoSo="12"))
    assert (await street.get(f"/v1/dossiers/{dossier}"))["dossier"]["status_text"] == "12"
    row = step(dossier, "Đang xử lý", "20261126090000")
    answer = await client.call("CapNhatTienDoHoSoMC", [row])
    assert answer["error_code"] == "-1"
    assert "TrangThai" in answer["message"]
    assert "thành công" not in answer["message"]
    assert len((await street.get(f"/v1/dossiers/{dossier}"))["history"]) == 1


@on_session
async def test_one_object_for_a_list_is_a_list_of_it(street: Street) -> None:
    client, dossier = await street.one_gate(), code()
    assert await client.sync(synced(dossier, DSKetNoiCSDL={"MaCSDL": "1"}))
    assert (await street.get(f"/v1/dossiers/{dossier}"))["dossier"]["databases"] == ["1"]


@on_session
async def test_status_of_a_forwarded_dossier_goes_back_also_when_the_province_synced_its_code(
    street: Street,
) -> None:
    client, dossier = await street.one_gate(), code().replace("H31.14", "H31-QG")
    assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    assert await client.sync(synced(dossier))
    notice = {"TrangThai": "2", "MaHoSo": dossier, "NgayXuLy": "20261127090000", "NoiDung": "Đã tiếp nhận"}
    answer = await client.call("DongBoTrangThaiHoSo", [notice])
    assert answer["error_code"] == "0", answer
    url = f"{street.house.control}/portal/ledger?receiver=national_bus&code={dossier}"
    async with asyncio.timeout(20):
        while True:
            async with street.house.session.get(url) as found:
                rows = (await found.json())["dossiers"]
            if rows and rows[0]["status_rows"] == 1:
                break
            await asyncio.sleep(0.05)


@on_session
async def test_dossier_that_a_portal_forwarded_to_another_system_cannot_be_taken_over(street: Street) -> None:
    dossier = code().replace("H31.14", "H31-QG")
    assert (await street.sent("nhanhsdvcqg", envelope(application(dossier))))[0] == 0
    stranger, own = await street.one_gate("national_portal"), code()
    answer = await stranger.call("DongBoHoSoMC", [synced(own), synced(dossier), synced(code())])
    assert answer["error_code"] == "-1"
    assert dossier in answer["message"]
    assert own not in answer["message"]
    assert await stranger.known(own)
    assert not await stranger.known(dossier)


@on_session
async def test_own_code_of_a_forwarded_dossier_is_kept_for_later_steps_without_it(street: Street) -> None:
    client, dossier, own = await street.one_gate(), f"H31-QG-8{next(_numbers):05}", code()
    await street.sent("nhanhsdvcqg", envelope(application(dossier)))
    for status, said, at in (("2", own, "20261127093000"), ("4", "", "20261127103000")):
        words = {
            "TrangThai": status, "MaHoSo": dossier, "MaHoSoDonVi": said, "MaDoiTuong": "", "NoiDung": "",
            "NgayXuLy": at, "TaiLieuXuLy": [],
        }  # fmt: skip
        assert "thành công" in (await client.call("DongBoTrangThaiHoSo", [words]))["message"]
        newer = application(dossier) | {"ChuHoSo": f"Lê Thị Khác {status}"}
        await street.sent("nhanhsdvcqg", envelope(newer, updating=True))
        assert (await street.get(f"/v1/dossiers/{dossier}?origin=national_bus"))["other_code"] == own
    place = f"{street.house.control}/portal/messages?code={dossier}&operation=DongBoTrangThaiHoSo"
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while len(messages) < 2:
            async with street.house.session.get(place) as answer:
                messages = (await answer.json())["messages"]
            await asyncio.sleep(0.05)
    assert [json.loads(one["body"])["data"]["MaHoSoDonVi"] for one in messages] == [own, own]
