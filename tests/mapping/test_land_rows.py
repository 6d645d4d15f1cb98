"""Rows of a parcel that nobody can read: the others do not pass for all of them."""

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.evidence import Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.mapping.model import ServiceExample
from tests.contract.test_mappings import CATALOGUE

USE, OWNER = {"maMucDichSuDung": "ODT"}, {"hoTen": "Trần Thị Mẫu", "maSoDinhDanh": "033190284615"}
OTHER = {"hoTen": "Phạm Văn Thử", "maSoDinhDanh": "033085617302"}


@pytest.mark.parametrize(
    ("uses", "found"),
    [
        ([USE, None, {}, {"maMucDichSuDung": ""}, [{}]], "ODT"),
        ([{"maMucDichSuDung": "SKC", "thoiHanSuDung": None}, USE], "SKC+ODT"),
        ([{"maMucDichSuDung": ["SKC"]}, USE], None),
        ([{"maMucDichSuDung": {"ma": "SKC"}}, USE], None),
        (["SKC", USE], None),
        ([[{"maMucDichSuDung": "SKC"}], USE], None),
        ([{"MaMucDichSuDung": "SKC"}, USE], None),
        ([{"maMucDichSuDung": True}, USE], None),
    ],
)
def test_land_use_that_nobody_can_read_leaves_none_of_the_others(uses: object, found: str | None) -> None:
    _check({"DC_MucDichSuDung": uses}, "land_use", found)


@pytest.mark.parametrize(
    ("owners", "found"),
    [
        ([OWNER, None, {"hoTen": None}], [OWNER["maSoDinhDanh"]]),
        ([OWNER, {"hoTen": "Phạm Văn Thử"}], [OWNER["maSoDinhDanh"]]),
        ([OWNER, [OTHER]], None),
        ([OWNER, {"item": OTHER}], None),
        ([OWNER, "Phạm Văn Thử"], None),
        ([OWNER, {"hoTen": "Phạm Văn Thử", "maSoDinhDanh": ["033085617302"]}], None),
        ({"item": [OWNER, OTHER]}, None),
    ],
)
def test_owner_that_nobody_can_read_leaves_none_of_the_others(owners: object, found: object) -> None:
    _check({"DC_CaNhan": owners}, "owner_ids", found)


def _check(part: dict[str, object], name: str, found: object) -> None:
    plan = CATALOGUE.services["land"]["thuaDat"]
    parcel = {"maXa": "11953", "soHieuToBanDo": "12", "soThuTuThua": "104"}
    query = query_of(
        plan, ServiceExample(name="x", subject={"commune": "11953", "sheet": "12", "number": "104"})
    )
    answer = plan.read({"DC_ThuaDat": parcel, **part}, query)
    assert (answer.outcome, answer.values.get(name)) == (Outcome.FOUND, found)
    faults = [one.code for one in answer.faults if one.attribute == name]
    assert faults == ([] if found else [FaultCode.OTHER_SHAPE])
