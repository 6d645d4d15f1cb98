"""A provider of another country through a mapping: its zone, its parts, its time of change, what is unreadable."""

from pathlib import Path
from typing import Any

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer
from gateway.domain.fault_codes import FaultCode
from gateway.mapping.model import ServiceExample, SourceMapping
from gateway.mapping.source import ServicePlan
from gateway.mapping.source_faults import source_faults
from tests.code_lists import load_codes

CODES = load_codes(Path(__file__).parents[2] / "mappings" / "codes")
DAY = {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}
SCHEMAS: dict[str, Any] = {"personal_id": {}, "full_name": {}, "birth_date": DAY, "began": DAY}
ASKED = {"personal_id": "033185604728", "full_name": "Jan van der Berg", "birth_date": "1985-01-01"}
ANSWER: dict[str, Any] = {
    "Nr": "033185604728", "Naam": {"Voor": "JAN", "Tussen": "VAN DER", "Achter": "BERG"},
    "Geboorte": {"Jaar": "1985", "Maand": "01", "Dag": 1}, "Aanvang": "473382000/", "Mutatie": "05/01/2026 09:30",
}  # fmt: skip


def mapping(**answer: Any) -> SourceMapping:
    title = {"vi": "x", "en": "x"}
    attributes = {
        "personal_id": {"path": "Nr"},
        "full_name": {
            "path": "Naam",
            "parts": ["Voor", "Tussen", "Achter"],
            "transform": ["name_joined", "title_case"],
        },
        "birth_date": {"path": "Geboorte", "parts": ["Jaar", "Maand", "Dag"], "transform": "date_parts"},
        "began": {"path": "Aanvang", "transform": "epoch_seconds"},
    }
    rule = {
        "identity": {"personal_id": "Nr", "full_name": "Naam", "birth_date": "Geboorte"},
        "updated_at": {"path": "Mutatie", "transform": "time_vn"}, "attributes": attributes,
    }  # fmt: skip
    service = {
        "evidence": "e", "title": title, "subjects": ["person"], "request": {}, "answer": rule | answer,
        "examples": [{"name": "x"}],
    }  # fmt: skip
    zone = {"time_zone": "Europe/Amsterdam"}
    return SourceMapping.model_validate({"source": "s", "title": title, "services": {"o": service}, **zone})


def read(answer: dict[str, Any], asked: dict[str, str] = ASKED) -> SourceAnswer:
    source = mapping()
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), SCHEMAS, source.time_zone)
    return plan.read(answer, query_of(plan, ServiceExample(name="x", subject=asked)))


def test_answer_of_another_country_is_read_by_its_own_zone_and_parts() -> None:
    assert list(source_faults(mapping(), CODES, {"e": SCHEMAS})) == []
    found = read(ANSWER)
    assert found.values == {
        "personal_id": "033185604728", "full_name": "Jan Van Der Berg", "birth_date": "1985-01-01",
        "began": "1985-01-01",
    }  # fmt: skip
    assert found.source_updated_at == "2026-01-05T08:30:00.000Z"


@pytest.mark.parametrize(
    ("wrong", "outcome"),
    [
        ({"birth_date": "1985-01-02"}, Outcome.NO_MATCH), ({"full_name": "Jan Bergman"}, Outcome.NO_MATCH),
        ({"birth_date": "1985"}, Outcome.FOUND),
    ],
)  # fmt: skip
def test_person_is_compared_with_all_parts(wrong: dict[str, str], outcome: Outcome) -> None:
    assert read(ANSWER, {**ASKED, **wrong}).outcome is outcome


@pytest.mark.parametrize("said", ["473382000", "/473382000/", "473382000.9"])
def test_epoch_is_read_in_every_form_that_is_named(said: str) -> None:
    assert read({**ANSWER, "Aanvang": said}).values["began"] == "1985-01-01"


@pytest.mark.parametrize("said", ["473382000//", "473382000/x", "4733820000000", "1985-01-01", "9" * 10_000])
def test_other_date_is_left_out_with_the_reason(said: str) -> None:
    found = read({**ANSWER, "Aanvang": said})
    assert "began" not in found.values
    assert found.doubts["began"].kind == "value_invalid"
    assert found.faults == (AnswerFault(FaultCode.UNREADABLE, "began", "Aanvang", "epoch_seconds"),)


def test_time_of_change_that_cannot_be_read_is_left_out_and_the_record_stays() -> None:
    found = read({**ANSWER, "Mutatie": "gisteren"})
    assert (found.outcome, found.source_updated_at, len(found.values)) == (Outcome.FOUND, None, 4)
    assert found.doubts == {}
    assert found.faults == (AnswerFault(FaultCode.UNREADABLE, "updated_at", "Mutatie", "time_vn"),)


@pytest.mark.parametrize(
    ("given", "updated"),
    [
        ("2026-01-05T09:30:00+09:00", "2026-01-05T00:30:00.000Z"), ("2026-01-05 09:30", "2026-01-05T08:30:00.000Z"),
        ("hôm qua, 5/1", None), ("05/01/2026", None),
    ],
)  # fmt: skip
def test_time_of_change_without_a_transform_is_iso(given: str, updated: str | None) -> None:
    source = mapping(updated_at="Mutatie")
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), SCHEMAS, source.time_zone)
    found = plan.read({**ANSWER, "Mutatie": given}, query_of(plan, ServiceExample(name="x", subject=ASKED)))
    assert (found.outcome, found.source_updated_at) == (Outcome.FOUND, updated)


@pytest.mark.parametrize(
    ("words", "dates", "found"),
    [
        # 2 March and 4 January in one country, 3 February and 1 April in another
        ("date_us", ["02/03/2020", "01/04/2020"], "2020-02-03"),
        ("date_vn", ["02/03/2020", "01/04/2020"], "2020-04-01"),
        ("date_dmy", ["02-03-2020", "01.04.2020"], "2020-04-01"),
        ("date_compact_dmy", ["31122019", "01012020"], "2020-01-01"),
        # offsets do not order moments as text does
        ("time_iso", ["2020-03-01T23:30:00-05:00", "2020-03-02T01:00:00+07:00"], "2020-03-02T04:30:00.000Z"),
        ("time_iso", ["2020-03-01T10:00:00", "2020-03-01T10:30:00+02:00"], "2020-03-01T09:00:00.000Z"),
        ("date_vn", ["02/13/2020", "01/04/2020"], None), ("date_dash", ["2020-03-01", "2020-03-01T09:00:00"], None),
    ],
)  # fmt: skip
def test_latest_is_by_the_transform_of_its_key(words: str, dates: list[str], found: str | None) -> None:
    path = "Delen[latest:Dag]"
    attributes = {
        "personal_id": {"path": "Nr"},
        "began": {"path": f"{path}.Dag", "transform": words},
        "part": {"path": f"{path}.Naam"},
    }
    source = mapping(attributes=attributes, identity={"personal_id": "Nr"})
    schemas: dict[str, Any] = {"personal_id": {}, "began": {}, "part": {}}
    assert list(source_faults(source, CODES, {"e": schemas})) == []
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), schemas, source.time_zone)
    query = query_of(plan, ServiceExample(name="x", subject=ASKED))
    for order in (dates, dates[::-1]):
        parts = [{"Dag": one, "Naam": one} for one in order]
        read_one = plan.read({**ANSWER, "Delen": parts}, query)
        assert read_one.values.get("began") == found
        assert (read_one.values.get("part") in dates) == (found is not None)
        assert (read_one.doubts["part"].rule == "latest:undated") if found is None else not read_one.doubts


@pytest.mark.parametrize(
    ("words", "born", "outcome"),
    [
        ("date_vn", "01/01/1985", Outcome.FOUND), ("date_vn", "02/01/1985", Outcome.NO_MATCH),
        ("date_vn", "1985-01-01", Outcome.INVALID), ("date_vn", "1 januari 1985", Outcome.INVALID),
        ("text", "1985-01-01", Outcome.FOUND), ("text", "01/01/1985", Outcome.INVALID),
    ],
)  # fmt: skip
def test_birth_date_is_read_as_the_attribute_at_its_place_reads_it(
    words: str, born: str, outcome: Outcome
) -> None:
    rules = {"personal_id": {"path": "Nr"}, "began": {"path": "Geb", "transform": words}}
    source = mapping(attributes=rules, identity={"personal_id": "Nr", "birth_date": "Geb"})
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), SCHEMAS)
    found = plan.read(
        {"Nr": ASKED["personal_id"], "Geb": born}, query_of(plan, ServiceExample(name="x", subject=ASKED))
    )
    assert (found.outcome, found.alarm) == (outcome, outcome is Outcome.NO_MATCH)
    if outcome is Outcome.INVALID:
        read_by = "date_vn" if words == "date_vn" else "date_dash"
        assert found.faults == (AnswerFault(FaultCode.UNREADABLE, "birth_date", "Geb", read_by),)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ([], {"v": 1}), ([], ["a"]), ([], True), ([], False), ("decimal", {"v": "1"}), ("date_vn", ["01/01/1985"]),
        ("as_list", [{"a": 1}]), ("as_list", ["B1", {"a": 1}]), ("split_comma", [["B1"]]), ("entry_number", "12"),
        ("population_address", "Hà Nội"), ("rows", "x"), ("owners", 7),
    ],
)  # fmt: skip
def test_value_of_another_shape_is_left_out_with_its_cause(words: Any, given: object) -> None:
    source = mapping(
        attributes={"personal_id": {"path": "Nr"}, "began": {"path": "X", "else": "Y", "transform": words}},
        identity={"personal_id": "Nr"},
    )
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), {})
    query = query_of(plan, ServiceExample(name="x", subject=ASKED))
    for place in ("X", "Y"):
        found = plan.read({"Nr": ASKED["personal_id"], place: given}, query)
        assert found.faults == (
            AnswerFault(
                FaultCode.OTHER_SHAPE, "began", "X", ",".join([words] if isinstance(words, str) else words)
            ),
        )
        assert found.doubts["began"].kind == "value_invalid"
    blanks: list[object] = [None, "", " ", [], {}, [""]]
    for blank in blanks:
        found = plan.read({"Nr": ASKED["personal_id"], "X": blank}, query)
        assert (found.outcome, found.faults) == (Outcome.FOUND, ())


@pytest.mark.parametrize("given", [[{"a": ["b"]}, {}], "x", 7, False])
@pytest.mark.parametrize("place", ["X", "Y"])
def test_list_or_text_where_an_object_is_read_is_left_out_with_its_cause(place: str, given: object) -> None:
    rules = {"personal_id": {"path": "Nr"}, "began": {"path": "X.a.b", "else": "Y.a", "transform": "count"}}
    source = mapping(attributes=rules, identity={"personal_id": "Nr"})
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), {})
    query = query_of(plan, ServiceExample(name="x", subject=ASKED))
    found = plan.read({"Nr": ASKED["personal_id"], place: given}, query)
    assert (found.outcome, found.values.get("began")) == (Outcome.FOUND, None)
    assert found.faults == (AnswerFault(FaultCode.OTHER_SHAPE, "began", "X.a.b", "count"),)
    assert found.doubts["began"].kind == "value_invalid"
    hollows: list[object] = [[{"a": [""]}, None], "", " ", None]
    for hollow in hollows:
        blank = plan.read({"Nr": ASKED["personal_id"], place: hollow}, query)
        assert (blank.outcome, blank.faults, blank.doubts) == (Outcome.FOUND, (), {})


def test_text_where_an_object_may_stand_as_well_is_read() -> None:
    rules = {"personal_id": {"path": "Nr"}, "began": {"path": "X.tag", "else": "X", "transform": "date_vn"}}
    source = mapping(attributes=rules, identity={"personal_id": "Nr"})
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), {})
    query = query_of(plan, ServiceExample(name="x", subject=ASKED))
    for given in ("01/02/2020", {"tag": "01/02/2020"}):
        found = plan.read({"Nr": ASKED["personal_id"], "X": given}, query)
        assert (found.values["began"], found.faults) == ("2020-02-01", ())


@pytest.mark.parametrize("found_when", ["", "Nr"])
def test_record_that_is_not_surely_the_latest_is_invalid_and_never_absent(found_when: str) -> None:
    rules = {"personal_id": {"path": "Nr"}, "began": {"path": "Dag", "transform": "date_vn"}}
    words = {"record": "Delen[latest:Dag]", "found_when": found_when, "identity": {"personal_id": "Nr"}}
    source = mapping(attributes=rules, **words)
    assert list(source_faults(source, CODES, {"e": SCHEMAS})) == []
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), SCHEMAS)
    query = query_of(plan, ServiceExample(name="x", subject=ASKED))
    for days, outcome in (
        (("01/02/2020", "01/03/2020"), Outcome.FOUND),
        (("", "01/03/2020"), Outcome.INVALID),
    ):
        found = plan.read({"Delen": [{"Nr": ASKED["personal_id"], "Dag": day} for day in days]}, query)
        assert (found.outcome, found.alarm) == (outcome, False)
    assert found.faults == (AnswerFault(FaultCode.SEVERAL_RECORDS, path="Delen[latest:Dag]"),)


def test_name_of_parts_is_compared_whatever_its_attribute_is_called() -> None:
    name = {"path": "Naam", "parts": ["Voor", "Tussen", "Achter"], "transform": ["name_joined", "title_case"]}
    rules = {"personal_id": {"path": "Nr"}, "began": name}
    source = mapping(attributes=rules, identity={"personal_id": "Nr", "full_name": "Naam"})
    plan = ServicePlan("s", "o", source.services["o"], CODES, (), {})
    for asked, outcome in ((ASKED["full_name"], Outcome.FOUND), ("Piet Bakker", Outcome.NO_MATCH)):
        query = query_of(plan, ServiceExample(name="x", subject={**ASKED, "full_name": asked}))
        assert plan.read(ANSWER, query).outcome is outcome


def test_name_without_its_last_part_identifies_nobody() -> None:
    assert read({**ANSWER, "Naam": {"Voor": "JAN", "Tussen": "VAN DER"}}).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"path": "a", "parts": ["x", "y", "z"]}, "'parts' without a transform"),
        ({"path": "a", "transform": "date_parts"}, "'date_parts' without 'parts'"),
        ({"path": "a", "parts": ["x", "y"], "transform": "date_parts"}, "reads a year, a month and a day"),
        ({"path": "a", "transform": "epoch_second"}, "transform 'epoch_second' does not exist"),
    ],
)
def test_parts_and_transforms_that_do_not_fit_are_refused(rule: dict[str, Any], says: str) -> None:
    said = list(source_faults(mapping(attributes={"began": rule}), CODES, {"e": SCHEMAS}))
    assert [says in what for _, what, *_ in said] == [True], said


def test_unknown_zone_and_missing_units_are_refused_with_a_remedy() -> None:
    source = mapping(attributes={"began": {"path": "a", "transform": "area_m2_comma"}})
    lacking = load_codes(Path(__file__).parents[2] / "mappings" / "codes")
    lists = {name: one for name, one in lacking.lists.items() if name != "area_units"}
    said = list(
        source_faults(
            source.model_copy(update={"time_zone": "Europe/Amsterdm"}),
            type(lacking)(lists, lacking.units, {}),
            {"e": SCHEMAS},
        )
    )
    assert ("did you mean 'Europe/Amsterdam'?" in said[0][2], said[0][0]) == (True, ("time_zone",))
    assert "add mappings/codes/area_units.yaml" in said[1][2]
    assert len(said) == 2
