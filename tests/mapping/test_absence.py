"""What an answer without a record means, dates that contradict each other, and signs that nobody sees."""

from typing import Any

import pytest

from gateway.checks.service_examples import query_of
from gateway.domain.evidence import Outcome, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.model import ServiceExample, ServiceMapping, SourceMapping
from gateway.mapping.source import ServicePlan
from gateway.mapping.source_faults import source_faults
from tests.contract.test_mappings import CATALOGUE


def asked(plan: ServicePlan, **more: Any) -> SourceQuery:
    return query_of(plan, ServiceExample(name="x", subject={"personal_id": "033175904826", **more}))


#: a request that sends name and birth date
NAMED = {"ten": {"from": "subject.full_name"}, "sinh": {"from": "subject.birth_date"}}


@pytest.mark.parametrize(
    ("tree", "outcome", "reason", "alarm"),
    [
        ({"so": "033175904826", "ten": None}, Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON, False),
        ({"so": None, "ten": None}, Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON, False),
        ({"so": "033175904827", "ten": None}, Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, True),
        ({"so": "033175904827"}, Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, True),
        ({"ma": "2", "so": "033175904827"}, Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, True),
        ({"ma": "2", "so": "033175904826"}, Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON, False),
        (
            {"ma": "2", "so": "033175904826", "loi": "Không có dữ liệu"},
            Outcome.NOT_FOUND,
            Reason.NO_SUCH_PERSON,
            False,
        ),
        ({"ma": "2", "loi": {"ten": "Lê"}}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ({"ma": "2", "khac": "Lê"}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        (
            {"ma": "2", "so": "033175904826", "ten": "Lê Thị Thử"},
            Outcome.INVALID,
            Reason.SOURCE_ANSWER_INVALID,
            False,
        ),
        ({"ma": "2", "dan": {"ma": "01"}}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ({"ten": None, "dan": "01"}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
        ({"ten": "", "dan": {"x": None}}, Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON, False),
        ({"khac": "01"}, Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, False),
    ],
)
def test_absence_is_what_the_contract_calls_so_and_never_of_another_number(
    tree: dict[str, object], outcome: Outcome, reason: Reason, alarm: bool
) -> None:
    plan = _service({
        "found_when": "ten", "identity": {"personal_id": "so"},
        "status": "ma", "statuses": {"2": "not_found", "*": "found"}, "envelope": "loi",
        "attributes": {"full_name": {"path": "ten"}, "ethnicity": {"path": "dan"}},
    })  # fmt: skip
    answer = plan.read(tree, asked(plan))
    assert (answer.outcome, answer.reason, answer.alarm) == (outcome, reason, alarm)


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"kq": {"ma": "1", "loi": "Không có"}}, None),
        ({"kq": {"ma": "1", "dong": {"ten": "", "so": "033175904826"}}}, None),
        ({"kq": {"ma": "1", "dong": {"tongSo": 0, "cac": []}}}, None),
        # yes and no, where the mapping names their place
        ({"kq": {"ma": "1", "loi": False}}, None),
        ({"kq": {"ma": "1", "khac": False}}, "kq"),
        ({"kq": {"ma": "1", "dong": {"tongSo": 1, "cac": []}}}, "kq.dong.tongSo"),
        # at places that the mapping neither reads nor names
        ({"kq": {"ma": "1", "khac": {"ten": "Lê"}}}, "kq"),
        ({"kq": {"ma": "1"}, "dong": {"ten": "Lê"}}, "kq.dong"),
        ({"kq": {"ma": "1", "dong": {"ten": "Lê"}}}, "kq.dong.ten"),
        ({"kq": {"ma": "1", "dong": [{"ten": "A"}, {"ten": "B"}]}}, "kq.dong.ten"),
    ],
)
def test_status_for_nothing_found_is_believed_beside_no_record(
    tree: dict[str, object], place: str | None
) -> None:
    plan = _service({
        "record": "kq.dong", "found_when": "ten", "identity": {"personal_id": "so"},
        "status": "kq.ma", "statuses": {"0": "found", "1": "not_found"}, "envelope": ["kq.loi", "kq.dong.tongSo"],
        "attributes": {"full_name": {"path": "ten"}},
    })  # fmt: skip
    answer = plan.read(tree, asked(plan))
    assert answer.outcome is (Outcome.INVALID if place else Outcome.NOT_FOUND)
    causes = [(FaultCode.UNKNOWN_FORM, place)] if place else []
    assert [(fault.code, fault.path) for fault in answer.faults] == causes


@pytest.mark.parametrize("given", ["x", 7, True, [{"ten": "Lê"}], {"tt": "x"}, {"tt": [{"ten": "Lê"}]}])
def test_record_or_its_key_that_is_no_object_is_another_form(given: object) -> None:
    plan = _service({
        "record": "dong", "found_when": "tt", "no_identity": "x", "attributes": {"full_name": {"path": "tt.ten"}},
    })  # fmt: skip
    without_key = _service({"record": "dong", "attributes": {"full_name": {"path": "tt.ten"}}})
    for one in (plan,) if isinstance(given, dict | list) else (plan, without_key):
        answer = one.read({"dong": given}, asked(one))
        assert (answer.outcome, answer.alarm) == (Outcome.INVALID, False)
        assert [(fault.code, fault.path) for fault in answer.faults] == [(FaultCode.UNKNOWN_FORM, "dong")]


def test_record_that_is_a_text_is_read_where_it_is_the_value() -> None:
    plan = _service({"record": "dong", "attributes": {"full_name": {"path": ""}}})
    assert plan.read({"dong": "Lê Thị Thử"}, asked(plan)).values == {"full_name": "Lê Thị Thử"}
    by_status = {"status": "ma", "statuses": {"0": "found", "1": "not_found"}}
    plan = _service({"record": "dong", **by_status, "attributes": {"full_name": {"path": ""}}})
    assert plan.read({"ma": "1", "dong": "Lê Thị Thử"}, asked(plan)).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"loi": "Không có dữ liệu", "trang": {"tong": 0, "so": 1}, "dong": None}, None),
        ({"trang": {"tong": "0"}}, None),
        ({"moTa": "Không có", "maLoi": "201", "dong": None}, None),
        ({"moTa": "Hệ thống bảo trì", "maLoi": "", "dong": None}, "moTa"),
        ({"moTa": "Hệ thống bảo trì", "dong": None}, "moTa"),
        ({"loi": {"dong": {"ten": "A"}}, "dong": None}, "loi"),
        ({"loi": ["A"], "dong": None}, "loi"),
        ({"trang": {"tong": 3}, "dong": None}, "trang.tong"),
        ({"trang": {"tong": " 1.000 "}, "dong": None}, "trang.tong"),
        ({"trang": [{"tong": 0}], "dong": None}, "trang.tong"),
        ({"trang": {"khac": "x"}, "dong": None}, "trang"),
        # yes and no may answer the question
        ({"loi": True, "dong": None}, "loi"),
        ({"loi": False, "dong": None}, "loi"),
        # no place of a record
        ({"loi": "Lỗi hệ thống"}, "dong"),
        ({"ma": "1", "loi": "Không có"}, None),
        ({"ma": "1", "trang": {"tong": 3}}, "trang.tong"),
    ],
)  # fmt: skip
def test_envelope_frees_one_text_or_a_count_of_nothing(said: dict[str, object], place: str | None) -> None:
    plan = _service({
        "record": "dong", "found_when": "ten", "status": "ma", "statuses": {"0": "found", "1": "not_found"},
        "envelope": [
            "loi", "trang.tong", {"path": "trang.so", "any_number": "true"},
            {"path": "maLoi", "any_number": "true"}, {"path": "moTa", "beside": "maLoi"},
        ],
        "attributes": {"full_name": {"path": "ten"}},
    })  # fmt: skip
    answer = plan.read({"ma": "0", **said}, asked(plan))
    assert [fault.path for fault in answer.faults] == ([place] if place else [])
    assert answer.outcome is (Outcome.INVALID if place else Outcome.NOT_FOUND)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("kq.trang.tong", None), ("kq", "above it"), ("kq.dong", "is the record"),
        ("kq.dong.so", "'personal_id' of 'identity'"),
        ("kq.dong.dan.ma", "attribute 'ethnicity'"), ("kq.dong.dan.ma.x", "attribute 'ethnicity'"),
        ("kq.dong.dan", "attribute 'ethnicity'"), ("kq.dong.ten.x", "'found_when'"),
        ("kq.trang[0].tong", "row of a list"),
        ("kq.dong.tong", None),
    ],
)  # fmt: skip
def test_envelope_names_no_place_that_is_read(path: str, what: str | None) -> None:
    mapping = _service({
        "record": "kq.dong", "found_when": "ten", "identity": {"personal_id": "so"}, "envelope": path,
        "attributes": {"ethnicity": {"path": "dan.ma"}},
    }).mapping  # fmt: skip
    source = SourceMapping(source="s", title=mapping.title, services={"o": mapping})
    found = [
        fault for fault in source_faults(source, CATALOGUE.codes, {"person": {}}) if "envelope:" in fault[1]
    ]
    assert [fault[0] for fault in found] == ([("services", "o", "answer", "envelope")] if what else [])
    assert all(str(what) in fault[1] and "'envelope'" in fault[2] for fault in found)


def test_place_for_what_no_request_says_of_the_subject_is_named() -> None:
    request = {"soSo": {"from": "subject.number"}, "so": {"from": "subject.personal_id"}}
    mapping = _service({"attributes": {"ethnicity": {"path": "dan"}}}, request).mapping
    source = SourceMapping(source="s", title=mapping.title, services={"o": mapping})
    found = [
        fault[0]
        for fault in source_faults(source, CATALOGUE.codes, {"person": {}})
        if "never sent" in fault[1]
    ]
    assert found == [("services", "o", "request", "soSo")]


@pytest.mark.parametrize(("request_rule", "outcome"), [({}, Outcome.INVALID), (NAMED, Outcome.NOT_FOUND)])
def test_name_that_the_request_does_not_send_says_that_there_is_a_record(
    request_rule: dict[str, Any], outcome: Outcome
) -> None:
    whose = {"personal_id": "so", "full_name": "ten", "birth_date": "sinh"}
    plan = _service({
        "found_when": "the", "identity": whose,
        "attributes": {"full_name": {"path": "ten"}, "card": {"path": "the"}},
    }, request_rule)  # fmt: skip
    tree = {"so": "033175904826", "ten": "Lê Thị Thử", "sinh": "1975-04-15", "the": ""}
    answer = plan.read(tree, asked(plan, full_name="Lê Thị Thử", birth_date="1975-04-15"))
    assert answer.outcome is outcome


@pytest.mark.parametrize(
    ("numbers", "outcome", "number"),
    [
        (["", "7"], Outcome.FOUND, "7"), (["7", ""], Outcome.FOUND, "7"), (["", ""], Outcome.NOT_FOUND, None),
    ],
)  # fmt: skip
def test_blank_row_beside_one_that_fits_is_passed_over(
    numbers: list[str], outcome: Outcome, number: str | None
) -> None:
    plan = _service({
        "record": "dong", "found_when": "giay", "tells_apart": ["number"],
        "identity": {"personal_id": "so", "full_name": "ten"}, "attributes": {"number": {"path": "giay"}},
    }, NAMED)  # fmt: skip
    rows = [{"so": "033175904826", "ten": "Lê Thị Thử", "giay": one} for one in numbers]
    answer = plan.read({"dong": rows}, asked(plan, full_name="Lê Thị Thử"))
    assert (answer.outcome, answer.values.get("number")) == (outcome, number)


@pytest.mark.parametrize(("empty", "outcome"), [("invalid", Outcome.INVALID), ("absent", Outcome.NOT_FOUND)])
@pytest.mark.parametrize("tree", [{}, None])
def test_answer_without_any_member_means_what_its_mapping_says(
    empty: str, outcome: Outcome, tree: object
) -> None:
    plan = _service({"found_when": "ten", "empty": empty, "attributes": {"full_name": {"path": "ten"}}})
    assert plan.read(tree, asked(plan)).outcome is outcome


def test_two_dates_of_one_answer_that_contradict_each_other_are_a_doubt() -> None:
    plan = _service({
        "identity": {"personal_id": "so", "birth_date": "sinh"},
        "attributes": {
            "birth_date": {"path": "sinh", "transform": "population_birth_date"}, "ethnicity": {"path": "d"},
        },
    })  # fmt: skip
    tree = {"so": "033175904826", "d": "01", "sinh": {"Nam": "1957", "NgayThangNam": "19750415"}}
    answer = plan.read(tree, asked(plan, birth_date="1975-04-15"))
    assert answer.values == {"birth_date": "1975-04-15", "ethnicity": "01"}
    assert answer.doubts["birth_date"].kind == "dates_differ"
    assert answer.doubts["birth_date"].candidates == ("1975-04-15", "1957")


def test_dates_that_contradict_each_other_identify_nobody() -> None:
    plan = _service({
        "identity": {"full_name": "ten", "birth_date": "sinh"},
        "attributes": {"birth_date": {"path": "sinh", "transform": "population_birth_date"}},
    })  # fmt: skip
    tree = {"ten": "LÊ THỊ THỬ", "sinh": {"Nam": "1957", "NgayThangNam": "19750415"}}
    answer = plan.read(tree, asked(plan, full_name="Lê Thị Thử", birth_date="1975-04-15"))
    assert (answer.outcome, answer.values) == (Outcome.INVALID, {})


@pytest.mark.parametrize(("status", "outcome"), [(True, Outcome.FOUND), (False, Outcome.NOT_FOUND)])
def test_status_may_be_yes_or_no(status: object, outcome: Outcome) -> None:
    plan = _service({
        "status": "thay", "statuses": {"true": "found", "false": "not_found"},
        "attributes": {"full_name": {"path": "ten"}},
    })  # fmt: skip
    assert (
        plan.read({"thay": status, "ten": "Lê Thị Thử" if status is True else None}, asked(plan)).outcome
        is outcome
    )


@pytest.mark.parametrize(
    ("tree", "outcome"),
    [
        ({"so": "033175904826", "dong": None}, Outcome.NOT_FOUND),
        ({"dong": {"SO": "033175904826", "ten": ""}}, Outcome.NOT_FOUND),
        ({"dong": {"ten": "", "maSo": "033175904826"}}, Outcome.NOT_FOUND),
        # the number of somebody's child, mother or card, at a place of that name
        ({"me": {"so": "033175904826"}, "dong": None}, Outcome.INVALID),
        ({"dong": {"ten": "", "con": [{"maSo": "033175904826"}]}}, Outcome.INVALID),
    ],
)
def test_number_that_was_asked_is_an_echo_at_its_whole_place_alone(
    tree: dict[str, object], outcome: Outcome
) -> None:
    plan = _service({
        "record": "dong", "found_when": "ten", "identity": {"personal_id": "maSo"},
        "attributes": {"full_name": {"path": "ten"}},
    }, {"so": {"from": "subject.personal_id"}})  # fmt: skip
    assert plan.read(tree, asked(plan)).outcome is outcome


HIDDEN_SIGNS = {
    "right to left": "\u202e", "isolate": "\u2066", "arabic mark": "\u061c", "next line": "\u0085", "c1": "\u009b",
    "line feed": "\n", "carriage return": "\r", "tag": "\U000e0041", "soft hyphen": "\u00ad", "zero width": "\u200b",
    "escape": "\x1b", "line separator": "\u2028",
}  # fmt: skip


@pytest.mark.parametrize("sign", HIDDEN_SIGNS.values(), ids=HIDDEN_SIGNS)
@pytest.mark.parametrize("transform", ["text", "title_case", "as_list", "split_semicolon"])
def test_value_with_a_sign_that_nobody_sees_is_left_out(sign: str, transform: str) -> None:
    plan = _service({"attributes": {
        "household_book": {"path": "x", "transform": transform}, "ethnicity": {"path": "d"},
    }})  # fmt: skip
    answer = plan.read({"x": f"Số{sign}1", "d": "01"}, asked(plan))
    assert answer.values == {"ethnicity": "01"}
    assert [fault.code for fault in answer.faults] == [FaultCode.HIDDEN_SIGNS]


def test_line_breaks_around_a_value_and_tabulators_in_it_are_spaces() -> None:
    plan = _service({"attributes": {"full_name": {"path": "x"}}})
    assert plan.read({"x": "\r\n  Lê\tThị\u00a0Thử \n"}, asked(plan)).values == {"full_name": "Lê Thị Thử"}


def _service(answer: dict[str, Any], request: dict[str, Any] | None = None) -> ServicePlan:
    title = {"vi": "x", "en": "x"}
    mapping = ServiceMapping.model_validate({
        "evidence": "person", "title": title, "subjects": ["person"], "examples": [{"name": "x"}],
        "request": request or {}, "answer": answer,
    })  # fmt: skip
    return ServicePlan("s", "o", mapping, CATALOGUE.codes)
