"""Two children of one mother, and twins: candidates, and never a pick, unless the request or the form says which."""

from datetime import date
from typing import Any

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.answer import FieldEntry
from gateway.mapping.apply import FixedSituation, fill
from gateway.mapping.meant import only_meant
from gateway.mapping.model import ServiceExample
from gateway.mapping.plan import Plan, make_plan
from gateway.prefill.roles import cast
from tests.contract.test_mappings import CATALOGUE

MOTHER = "033191640275"
NOTICE = CATALOGUE.services["health"]["giayChungSinh"]
BORN = {"nksNgaySinh", "nksNgaySinhBangChu"}


def notice(number: str, name: str | None, sex: str, born: str, mother: str = MOTHER) -> dict[str, Any]:
    return {
        "SO": number, "SO_CCCD_NND": mother, "TEN_CON": name, "GIOI_TINH_CON": sex, "NGAY_SINH_CON": born,
        "NOI_SINH_CON": "Bệnh viện Thử",
    }  # fmt: skip


KHANG = notice("33001-2026-00417", "PHẠM MINH KHANG", "1", "20260102041500")
AN = notice("33001-2024-00203", "PHẠM MINH AN", "2", "20240511")
FIRST, SECOND = (
    notice("33001-2026-00501", None, "1", "20260102"),
    notice("33001-2026-00502", None, "2", "20260102"),
)
SAME_SEX = notice("33001-2026-00503", None, "1", "20260102")


def asked(notices: list[dict[str, Any]], **child: Any) -> SourceAnswer:
    subject = {"parent_personal_id": MOTHER, "kind": "newborn", **child}
    tree = {"HSDLGCS": {"GIAYCHUNGSINH": notices}}
    return NOTICE.read(tree, query_of(NOTICE, ServiceExample(name="x", subject=subject)))


def filled(notices: list[dict[str, Any]], known: dict[str, object], **child: Any) -> dict[str, FieldEntry]:
    procedure = CATALOGUE.procedures["1.001193"]
    born = PartialDate(1991, 5, 4)
    mother = Subject(kind=SubjectKind.PERSON, personal_id=MOTHER, full_name="Đỗ Thị Thử", birth_date=born)
    roles = cast(procedure, {"requester": mother, "mother": "requester"})
    plan: Plan = make_plan(procedure, CATALOGUE.offers, lambda _s, _a: True, roles.subjects, roles.slots)
    answers = [asked(notices, **child) if query.service is NOTICE else None for query in plan.queries]
    situation = FixedSituation(known, roles.given, date(2026, 11, 25), lambda _s, _a: None, roles.subjects)
    return fill(plan, only_meant(plan, answers, known), situation).entries()


@pytest.mark.parametrize("notices", [[KHANG, AN], [FIRST, SECOND], [FIRST, SAME_SEX], [KHANG, FIRST, AN]])
def test_several_children_give_candidates_and_never_a_pick(notices: list[dict[str, Any]]) -> None:
    answer = asked(notices)
    assert answer.outcome is Outcome.FOUND
    assert not answer.values.keys() & {"number"}
    assert answer.doubts["number"].candidates == tuple(one["SO"] for one in notices)
    for key, entry in filled(notices, {}).items():
        if key.startswith("nks") and entry["state"] == "filled":
            assert len({one["NOI_SINH_CON"] for one in notices}) == 1, key
            assert entry["attribute"] in {
                "birth_notice.birth_place",
                "birth_notice.birth_date",
                "birth_notice.gender",
            }


def test_field_of_several_children_offers_them_and_fills_none() -> None:
    entry = filled([KHANG, AN], {})["nksNgaySinh"]
    assert (entry["state"], entry["value"]) == ("empty", None)
    assert entry["reason"] is not None
    assert entry["reason"]["code"] == Reason.SEVERAL_RECORDS
    assert entry["doubt"] is not None
    assert [one["value"] for one in entry["doubt"]["candidates"]] == ["02/01/2026", "11/05/2024"]
    assert entry["doubt"]["preferred"] is None


@pytest.mark.parametrize(
    ("notices", "child", "number"),
    [
        ([KHANG, AN], {"birth_date": "2024-05-11"}, AN["SO"]),
        ([KHANG, AN], {"full_name": "Phạm Minh Khang"}, KHANG["SO"]),
        ([KHANG, AN], {"full_name": "Phạm Minh Đức"}, None),
        ([FIRST, SECOND], {"birth_date": "2026-01-02"}, None),
        ([AN, FIRST], {"full_name": "Phạm Minh Khang"}, None),
        ([AN], {"full_name": "Phạm Minh Khang"}, None),
        ([AN], {"birth_date": "2026-01-02"}, None),
        ([AN], {}, AN["SO"]),
    ],
)
def test_request_says_which_child_is_meant(
    notices: list[dict[str, Any]], child: dict[str, str], number: str | None
) -> None:
    answer = asked(notices, **child)
    assert answer.values.get("number") == number
    assert not answer.alarm


def test_notice_of_another_mother_among_them_is_an_alarm() -> None:
    answer = asked([KHANG, notice("33001-2026-00999", None, "1", "20260102", "033196374318")])
    assert (answer.outcome, answer.alarm) == (Outcome.INVALID, True)


@pytest.mark.parametrize(
    ("notices", "known", "born"),
    [
        ([KHANG, AN], {"nksHoTen": "phạm minh an"}, "11/05/2024"),
        ([KHANG, AN], {"nksGioiTinh": "1"}, "02/01/2026"),
        ([AN], {"nksHoTen": "Phạm Minh Khang"}, None),
        ([AN], {"nksGioiTinh": "1"}, None),
        ([KHANG, AN], {"nksHoTen": "Phạm Minh Đức"}, None),
        ([AN, FIRST], {"nksHoTen": "Phạm Minh Khang"}, None),
        ([FIRST, SAME_SEX], {"nksGioiTinh": "1"}, "02/01/2026"),
        ([AN], {"nksHoTen": "PHẠM MINH AN"}, "11/05/2024"),
    ],
)
def test_form_says_which_child_is_meant(
    notices: list[dict[str, Any]], known: dict[str, object], born: str | None
) -> None:
    entries = filled(notices, known)
    assert entries["nksNgaySinh"]["value"] == born


def test_another_child_s_notice_fills_nothing_of_the_form() -> None:
    entries = filled([AN], {"nksHoTen": "Phạm Minh Khang"})
    for key in ("nksGioiTinh", "nksNgaySinh", "nksNgaySinhBangChu", "nksNoiSinh"):
        assert (entries[key]["state"], entries[key]["value"]) == ("not_found", None), key
        reason = entries[key]["reason"]
        assert reason is not None
        assert reason["code"] == Reason.DATA_DO_NOT_MATCH


def test_twins_of_one_day_are_told_apart_by_sex_and_not_by_their_birth_date() -> None:
    by_day = filled([FIRST, SECOND], {"nksNgaySinh": "02/01/2026"})
    assert by_day["nksGioiTinh"]["value"] is None
    by_sex = asked([FIRST, SECOND])
    assert by_sex.doubts["gender"].candidates == ("male", "female")
