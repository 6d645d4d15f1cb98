"""Which fields a paper rests on, as the description of a procedure names them."""

from gateway.mapping.load import load_catalogue
from gateway.mapping.paper_fields import rests_on
from tests.flows.conftest import ROOT

CATALOGUE = load_catalogue(ROOT)


def of(code: str, paper: str) -> frozenset[str]:
    return frozenset(rests_on(CATALOGUE.procedures[code])[paper])


def test_fields_of_its_evidence_its_object_and_its_person_count() -> None:
    assert {"soGPLX", "hang", "ngayCap", "hoTen", "soDinhDanh"} == of("1.002809", "licence_copy")
    assert "hang" in of("1.002809", "health_certificate"), "in the words of `form.hang`"
    # the head of household may be the mother: a name in either's field names the paper's person
    assert {"chuHoSoDinhDanh", "chuHoHoTen", "meHoTen"} <= of("2.000986", "residence_papers")
    assert "meDanToc" not in of("2.000986", "residence_papers")


def test_other_fields_of_the_records_that_a_paper_is_about_count() -> None:
    judgment = {"TTHN_LyHon_BenNam.soBanAn", "TTHN_LyHon_BenNam.ngayCap"}
    assert judgment < of("1.000894", "divorce_or_death_paper_male")
    assert {"thuaDatSo", "toBanDoSo", "dienTich"} < of("1.013225", "land_certificate_copy")
    # the register is asked whether he lives, which no judgment says
    assert judgment.isdisjoint(of("1.000894", "id_copies"))


def test_paper_that_nothing_replaces_rests_on_nothing() -> None:
    assert of("2.000986", "owner_consent") == frozenset()


def test_every_place_that_a_rule_names_is_a_field() -> None:
    for procedure in CATALOGUE.procedures.values():
        keys = {field.key for field in procedure.fields}
        papers = rests_on(procedure)
        assert papers.keys() == procedure.papers.keys()
        assert all(set(one) <= keys for one in papers.values())
        assert all(papers[code] for code, one in procedure.papers.items() if one.replaced_by is not None)
