"""What a request says: who asks, in which spelling, with which search keys."""

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.mapping.load import load_catalogue

CATALOGUE = load_catalogue(Path(__file__).parents[2])
OFFICIAL = Official(personal_id="033085000017", agency="000.00.14.H31", full_name="Phạm Văn Mẫu")
HE = Subject(
    kind=SubjectKind.PERSON,
    personal_id="034085739104",
    full_name="Đỗ Văn Thử",
    birth_date=PartialDate(1985, 7, 4),
)
MOTHER = Subject(kind=SubjectKind.PERSON, personal_id="033190482617", full_name="Trần Thị Mẫu")


def asked(service: str, subject: Subject, profile: str, **more: Any) -> dict[str, Any]:
    source, _, operation = service.partition(".")
    query = SourceQuery(
        call_id=CallId("01JEXAMPLE0000000000000000-1"), service=service, subject=subject, attributes=(),
        official=OFFICIAL, procedure="1.001193", purpose="test", **more,
    )  # fmt: skip
    parameters = {"province": "33", "address_basis": "0"}
    return CATALOGUE.services[source][operation].request(query, parameters, profile)


@pytest.mark.parametrize(
    ("citizen", "channel", "number", "name"),
    [
        (None, "1", OFFICIAL.personal_id, OFFICIAL.full_name),
        (HE, "2", HE.personal_id, HE.full_name),
        (MOTHER, "2", MOTHER.personal_id, MOTHER.full_name),
    ],
)
def test_paper_store_hears_who_asks(citizen: Subject | None, channel: str, number: str, name: str) -> None:
    request = asked("paper_store.GetKetQuaGiayTo", MOTHER, "", citizen=citizen)
    assert request["SoDinhDanhChuSoHuu"] == MOTHER.personal_id
    assert (request["KenhThucHien"], request["SoDinhDanhNguoiYeuCau"]) == (channel, number)
    assert request["HoTenNguoiYeuCau"] == name


@pytest.mark.parametrize(
    ("profile", "name"),
    [("2022", "ĐỖ VĂN THỬ"), ("2025", "ĐỖ VĂN THỬ"), ("2022_plain", "DOVANTHU"), ("2025_plain", "DOVANTHU")],
)
def test_population_database_gets_names_as_its_profile_has_them(profile: str, name: str) -> None:
    request = asked("population.TraCuuThongTinCongDan", HE, profile)
    assert request["HoVaTen"] == name
    assert ("MaDonVi" in request) == profile.startswith("2025")


def test_social_insurance_is_asked_in_the_province_that_the_number_names() -> None:
    request = asked("social_insurance.getTraCuuThongTinHgd", HE, "all_keys")
    assert {name: request[name] for name in ("maTinh", "isKs", "gioiTinh", "maThe")} == {
        "maTinh": "34",
        "isKs": "1",
        "gioiTinh": "1",
        "maThe": HE.personal_id,
    }
    fewer = asked("social_insurance.getTraCuuThongTinHgd", HE, "name_and_date")
    assert {"gioiTinh", "maThe"}.isdisjoint(fewer)


def test_social_insurance_is_asked_in_the_own_province_where_there_is_no_number() -> None:
    who = Subject(kind=SubjectKind.PERSON, full_name="Đỗ Văn Thử", birth_date=PartialDate(1985))
    request = asked("social_insurance.getTraCuuThongTinHgd", who, "all_keys")
    assert (request["maTinh"], request["isKs"]) == ("33", "0")
    assert "gioiTinh" not in request
