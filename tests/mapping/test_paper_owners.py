"""Whose paper a row of the paper store is, in each way to write an owner, and until when it is valid."""

from datetime import date
from typing import Any

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.parties import Identifier, Subject, SubjectKind
from gateway.mapping.model import ServiceExample
from gateway.mapping.paper_owners import names_another_owner
from gateway.mapping.papers import still_valid
from gateway.mapping.records import NO_DATE
from tests.contract.test_mappings import CATALOGUE

NUMBER = "537534982"
OWNER = {"personal_id": "033190716358", "full_name": "Lê An"}


def stored(**words: object) -> SourceAnswer:
    plan = CATALOGUE.services["paper_store"]["GetKetQuaGiayTo"]
    row = {"MaKetQua": "KQ.G15.900002", "SoKyHieu": "7/2019", **words}
    tree = {"errorCode": "0", "result": {"DanhSachGiayToKetQua": [row]}}
    return plan.read(tree, query_of(plan, ServiceExample(name="x", subject=OWNER)))


@pytest.mark.parametrize("row", [{"SoDinhDanhChuSoHuu": NUMBER}, {"MaChuGiayTo": NUMBER}])
def test_paper_of_an_old_number_is_not_that_of_a_foreigner_with_the_same_digits(row: dict[str, str]) -> None:
    foreigner = Subject(kind=SubjectKind.PERSON, identifier=Identifier("nl_bsn", NUMBER))
    assert names_another_owner([row], foreigner)
    assert not names_another_owner([row], Subject(kind=SubjectKind.PERSON, old_id=NUMBER))
    assert not names_another_owner([{"MaGiayTo": "1"}], foreigner)


@pytest.mark.parametrize(
    ("words", "is_own"),
    [
        ({"SoDinhDanhChuSoHuu": "033 190 716 358"}, True),
        ({"SoDinhDanhChuSoHuu": ["033190716358"]}, True),
        ({"MaChuGiayTo": "033085260947 033190716358"}, True),
        ({"MaChuGiayTo": "", "SoDinhDanhChuSoHuu": [None], "HoTenChuSoHuu": " "}, True),
        ({"SoDinhDanhChuSoHuu": "033 085 260 947"}, False),
        ({"SoDinhDanhChuSoHuu": "033.085.260.947"}, False),
        ({"SoDinhDanhChuSoHuu": "０３３０８５２６０９４７"}, False),
        ({"SoDinhDanhChuSoHuu": ["033085260947"]}, False),
        ({"SoDinhDanhChuSoHuu": True}, False),
        ({"MaChuGiayTo": "C1234567"}, False),
        ({"MaChuGiayTo": "0331907163589"}, False),
        ({"TenGiayTo": "Giấy khai sinh số ０３３０８５２６０９４７"}, False),
        ({"TenGiayTo": "Giấy khai sinh số ０３３１９０７１６３５８"}, True),
        ({"TenGiayTo": "Giấy khai sinh số 033085260947²"}, False),
        ({"HoTenChuSoHuu": ["PHẠM VĂN THỬ"]}, False),
        ({"HoTenChuSoHuu": "LÊ ANH"}, False),
        ({"HoTenChuSoHuu": ["LE AN"]}, True),
        ({"HoTenChuSoHuu": "PHẠM VĂN THỬ; LÊ AN"}, True),
    ],
)
def test_owner_in_any_form_is_the_person_or_somebody_else(words: dict[str, object], is_own: bool) -> None:
    answer = stored(**words)
    assert (answer.outcome is Outcome.FOUND, answer.alarm) == (is_own, not is_own)


@pytest.mark.parametrize(
    ("until", "read"),
    [
        ("31/12/2020", "2020-12-31"),
        (20201231, "2020-12-31"),
        (["31/12/2020"], NO_DATE),
        ({"ngay": "31/12/2020"}, NO_DATE),
        (False, NO_DATE),
        ([None], None),
        ("", None),
    ],
)
def test_end_of_validity_in_any_form_is_a_date_or_unknown(until: object, read: str | None) -> None:
    papers: Any = stored(ThoiHanHieuLuc=until).values["papers"]
    (paper,) = papers
    assert paper.get("valid_until") == read
    assert still_valid(paper, date(2026, 1, 5)) is (read is None)
