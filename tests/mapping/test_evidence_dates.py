"""Dates that a record has beside what is asked: one to come and one out of order leave what they date in doubt."""

from typing import Any

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.mapping.model import ServiceExample
from tests.contract.test_mappings import CATALOGUE

DAY = "2026-11-25"
WHO: dict[str, Any] = {"personal_id": "033190627418", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
CARD = {"maKetQua": "000", "maThe": "DN4333312408765", "hoTen": "TRẦN THỊ MẪU", "ngaySinh": "15/02/1990"}


def read(service: str, answer: object, *attributes: str) -> SourceAnswer:
    source, _, operation = service.partition(".")
    plan = CATALOGUE.services[source][operation]
    query = query_of(plan, ServiceExample(name="x", subject=WHO))._replace(attributes=attributes, day=DAY)
    return plan.read(answer, query)


@pytest.mark.parametrize(
    ("begin", "is_doubtful"),
    [("25/11/2026", False), ("26/11/2026", True), ("2026", False), ("12/2026", True)],
)
def test_card_that_does_not_hold_yet_leaves_its_state_in_doubt(begin: str, is_doubtful: bool) -> None:
    """Its begin may lie ahead: it is shown, and no fault of the provider."""
    asked = ("state", "card_number", "valid_from")
    for attributes in (asked, asked[:2]):
        found = read("health_card.KQNhanLichSuKCB2024", CARD | {"gtTheTu": begin}, *attributes)
        assert {*found.values} == {*attributes}
        assert {*found.doubts} == ({"state"} if is_doubtful else set())
        assert not found.faults


def marriage(begin: str, end: str) -> object:
    ended = {"so": "7", "ngayDangKy": begin, "chamDut": {"lyDo": "chet", "ngay": end}}
    return {"soDinhDanh": WHO["personal_id"], "tinhTrang": "4", "ketHon": [ended]}


@pytest.mark.parametrize(
    ("begin", "end", "is_doubtful"),
    [
        ("11/05/2011", "10/05/2011", True),
        ("11/05/2011", "11/05/2011", False),
        ("11/05/2011", "05/2011", False),
        ("11/05/2011", "04/2011", True),
        ("2011", "31/12/2010", True),
        ("2011", "01/01/2011", False),
        ("", "01/01/2011", False),
        ("11/05/2011", "31/02/2010", False),
    ],
)
def test_marriage_that_ends_before_it_began_is_in_doubt(begin: str, end: str, is_doubtful: bool) -> None:
    """Also for who asks for the state alone."""
    for attributes in (("marital_state",), ("marital_state", "marriage.registered_on", "marriage_end.date")):
        found = read("civil_status.trichLuc", marriage(begin, end), *attributes)
        differ = {name for name, doubt in found.doubts.items() if doubt.kind == "dates_differ"}
        assert differ == ({*attributes} if is_doubtful else set())


@pytest.mark.parametrize(("born", "is_left_out"), [("20261125", False), ("20261126", True)])
def test_list_with_somebody_who_is_born_on_a_day_to_come_is_left_out(born: str, is_left_out: bool) -> None:
    head = {"SoDinhDanh": WHO["personal_id"]}
    own = head | {"HoVaTen": {"Ten": "TRẦN THỊ MẪU"}, "ChuHo": head | {"QuanHe": "CH01"}}
    child = {
        "NgayThangNamSinh": {"NgayThangNam": born},
        "ChuHo": head | {"QuanHe": "03"},
        "HoVaTen": {"Ten": "CON"},
    }
    found = read("population.CungCapThongTinHoGiaDinh", {"CongDan": [own, child]}, "members")
    assert (found.outcome, "members" in found.values) == (Outcome.FOUND, not is_left_out)
    faults = [(FaultCode.LATER_THAN_TODAY, "members")] if is_left_out else []
    assert [(one.code, one.attribute) for one in found.faults] == faults
