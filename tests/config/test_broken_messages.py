"""What is wrong with a portal's messages is said with file, line and remedy, before the gateway starts."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together, told
from tests.config.test_broken_files import root

__all__ = ["root"]

BUS = "mappings/portals/national_bus.yaml"
MINISTRY = "mappings/portals/ministry_portal.yaml"
VNEID = "mappings/portals/vneid_records.yaml"
LINKED = "mappings/portals/interlinked.yaml"
RETURN = "{path: return_method, codes: return_method, "

#: file, what is written instead of what, the words of the line at fault, what is said
FAULTS: dict[str, Fault] = {
    "name of the file": (LINKED, "portal: interlinked", "portal: linked", "portal: linked", "write 'portal: \"interl"),
    "codec": (BUS, "NgayHenTra: {path: due_at, codec: bus_time}", "NgayHenTra: {path: due_at, codec: bus_tim}",
              "bus_tim}", "did you mean 'bus_time'?"),
    "path": (MINISTRY, "ChuHoSo: applicant.name", "ChuHoSo: applicant.nam", "applicant.nam", "there is no 'nam' in"),
    "member of a value": (VNEID, "path: due_at,", "path: due_at.day,", "due_at.day", "'due_at' has no members"),
    "no list": (LINKED, "each: papers", "each: applicant", "each: applicant", "'applicant' is no list"),
    "list of codes": (BUS, RETURN, RETURN.replace("codes: return_method", "codes: return_methd"), "return_methd",
                      "did you mean 'return_method'?"),
    "list of another member": (BUS, RETURN, RETURN.replace("codes: return_method", "codes: filed_at"),
                               "codes: filed_at", "which 'return_method' cannot be"),
    "list that is not total": (MINISTRY, "codec: int, without: [state_agency, other_organisation]}\n      MaDon",
                               "codec: int, without: [state_agency]}\n      MaDon", "without: [state_agency]}",
                               "has no code for other_organisation"),
    "required member": (LINKED, '      maTTHC: {path: procedure, codec: code, limit: 100, required: "true"}\n', "", "",
                        "no field has the path 'procedure'"),
    "required member of an item": (BUS, "          SoDinhDanh: {path: number, codec: code, limit: 40}\n", "", "",
                                   "no field has the path 'number'"),
    "the same path twice": (VNEID, 'path: status, repeats: "true",', "path: status,", "tenTrangThaiXuLy:",
                            "write 'repeats: \"true\"'"),
    "limit of a time": (LINKED, "ngayBatDau: {path: started_at, codec: bus_time}",
                        "ngayBatDau: {path: started_at, codec: bus_time, limit: 14}", "limit: 14", "has no limit"),
    "condition": (VNEID, "status: [refused, stopped,", "status: [refusd, stopped,", "refusd",
                  "did you mean 'refused'?"),
    "two forms": (MINISTRY, "MaDichVuCong: {}", "MaDichVuCong: {path: note, value: x}", "path: note, value: x",
                  "cannot have path and value at once"),
    "value of every message": (LINKED, "sets: {channel: online,", "sets: {channel: onlin,", "sets:",
                               "cannot be 'onlin'"),
    "place of who files": (VNEID, "birth_date: more.ThongTin", "birth_date: mor.ThongTin", "mor.ThongTin",
                           "there is no 'mor' in"),
    "constant": (LINKED, 'daNhan: {value: "true", codec: flag}', "daNhan: {value: vâng, codec: flag}", "vâng",
                 "write the constant"),
    "example that is no JSON": (VNEID, 'wire: |\n          {"maTinh": "33"', 'wire: |\n          {maTinh: "33"',
                                "", "is not JSON"),
}  # fmt: skip
RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_broken_message_is_told_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


def test_word_taken_out_of_a_list_is_told_in_the_list_and_where_it_lacks(root: Path) -> None:
    file = "mappings/codes/paper_reuse.yaml"
    said = told(root, [(file, '  "2": "replaced"\n', "", "total_over", "misses 2")])
    assert "list 'paper_reuse' has no code for replaced" in said


def test_profile_that_is_not_declared_is_told_wherever_it_is_used(root: Path) -> None:
    says = "profile 'refused_11' is not declared"
    said = told(
        root, [(BUS, "profiles: [refused_11,", "profiles: [refused_12,", "codes_in: {refused_11", says)]
    )
    assert said.count(says) == 2


EXAMPLES: dict[str, Fault] = {
    "wire": (
        BUS, '"TrangThai": "2", "MaHoSo": "H31-QG-0101"', '"TrangThai": "3", "MaHoSo": "H31-QG-0101"', "",
        "'TrangThai': expected",
    ),
    "order": (
        LINKED, '{"maHoSo": "H31.14-260105-0008", "daNhan": true}', '{"daNhan": true, "maHoSo": "H31.14-260105-0008"}',
        "", "are in another order",
    ),
    "refusal": (
        MINISTRY, "{kind: state_agency}}, field", "{kind: citizen}}, field", "a kind of owner that",
        "expected an error that names LoaiDoiTuong",
    ),
}  # fmt: skip


def test_example_that_comes_out_otherwise_is_told(root: Path) -> None:
    told(root, list(EXAMPLES.values()))
