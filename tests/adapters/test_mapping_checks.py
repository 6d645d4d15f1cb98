"""What source mappings hold against the subject, and until when a paper counts as valid."""

from datetime import date
from pathlib import Path

import pytest

from adapters.transport.shapes import Shape
from adapters.transport.soap import Decoder
from gateway.domain.dates import PartialDate
from gateway.domain.evidence import Outcome, SourceQuery
from gateway.domain.identifiers import CallId
from gateway.domain.parties import Official, Subject, SubjectKind
from gateway.domain.reasons import Reason
from gateway.mapping.load import load_catalogue
from gateway.mapping.model import AnswerRule
from gateway.mapping.papers import still_valid
from gateway.mapping.paths import Paths, steps_of
from gateway.mapping.records import compare, identity_checks, paper_list, provider_transforms
from gateway.mapping.transforms import Unreadable
from tests.code_lists import load_codes
from tests.mapping.plain_reader import plain

ROOT = Path(__file__).parents[2]
ASKED = Subject(
    kind=SubjectKind.PERSON,
    personal_id="033190482617",
    full_name="Trần Thị Mẫu",
    birth_date=PartialDate(1990, 2, 15),
)


def matches(record: object, identity: dict[str, str], subject: Subject = ASKED, path: str = "born") -> bool:
    words = {
        "identity": identity,
        "attributes": {
            "birth_date": {"path": path, "transform": "date_vn"},
            "members": {"path": "CongDan", "transform": "members"},
        },
    }
    paths, named = Paths(), provider_transforms(load_codes(ROOT / "mappings/codes"))
    rule = AnswerRule.model_validate(words)
    checks = identity_checks(rule, named, lambda name: paths.add(steps_of(rule.identity[name])))
    return False not in compare(checks, paths.read(record), subject)


@pytest.mark.parametrize(
    ("name", "same"), [("TRẦN THỊ MẪU", True), ("Tran  Thi Mau", True), (None, True), ("Trần Thị Mận", False)]
)
def test_names_are_compared_without_case_and_tone_marks(name: str | None, same: bool) -> None:
    assert matches({"n": name}, {"full_name": "n"}) is same


@pytest.mark.parametrize(
    ("born", "same"),
    [("15/02/1990", True), ("02/1990", True), ("1990", True), (None, True), ("16/02/1990", False), ("1991", False)],
)  # fmt: skip
def test_birth_dates_are_compared_as_precisely_as_both_are_known(born: str | None, same: bool) -> None:
    assert matches({"born": born}, {"birth_date": "born"}) is same


def test_blank_personal_id_is_nobody_and_blank_old_id_is_not() -> None:
    assert not matches({"id": None}, {"personal_id": "id"})
    by_card = Subject(kind=SubjectKind.PERSON, old_id="145730286")
    assert matches({"id": None}, {"old_id": "id"}, by_card)
    assert not matches({"id": "145730287"}, {"old_id": "id"}, by_card)
    assert matches({"id": "145730287"}, {"old_id": "id"})


def test_record_that_leaves_blank_whom_it_is_about_is_no_answer() -> None:
    plan = load_catalogue(ROOT).services["health_card"]
    query = SourceQuery(
        call_id=CallId("x-1"), service="health_card.KQNhanLichSuKCB2024", subject=ASKED, attributes=("card_number",),
        official=Official(personal_id="033085914627", agency="a"), procedure="1.004873", purpose="p",
    )  # fmt: skip
    card = {"maKetQua": "000", "maThe": "DN4330000000001", "hoTen": "", "ngaySinh": None}
    read = plan["KQNhanLichSuKCB2024"].read
    assert read(card, query).reason is Reason.SOURCE_ANSWER_INVALID
    assert read({**card, "hoTen": "TRẦN THỊ MẪU"}, query).reason is Reason.SOURCE_ANSWER_INVALID
    assert read({**card, "ngaySinh": "15/02/1990"}, query).reason is Reason.SOURCE_ANSWER_INVALID
    both = {**card, "hoTen": "TRẦN THỊ MẪU", "ngaySinh": "15/02/1990"}
    assert read(both, query).outcome is Outcome.FOUND
    assert read({**card, "hoTen": "TRẦN THỊ MẬN"}, query).reason is Reason.SOURCE_ANSWER_OTHER_PERSON


def test_subject_is_one_of_the_members() -> None:
    rule = {"personal_id": "CongDan"}
    members = [{"SoDinhDanh": "033048615093"}, {"SoDinhDanh": ASKED.personal_id}]
    assert matches({"CongDan": members}, rule)
    assert matches({"CongDan": members[1]}, rule)
    assert not matches({"CongDan": members[:1]}, rule)


@pytest.mark.parametrize(
    ("written", "until", "valid"),
    [
        ("05/01/2026", "2026-01-05", True),
        ("04/01/2026", "2026-01-04", False),
        ("20260104", "2026-01-04", False),
        ("01/2026", "2026-01", False),
        ("12/2025", "2025-12", False),
        ("2026", "2026", False),
        ("2025", "2025", False),
        ("02/2026", "2026-02", True),
        ("2027", "2027", True),
        ("31/02/2027", "0000", False),
        ("không thời hạn", "0000", False),
    ],
)
def test_paper_is_valid_on_its_last_day_and_not_proven_so_where_that_day_is_unknown(
    written: str, until: str, valid: bool
) -> None:
    (paper,) = paper_list([{"MaKetQua": "KQ.1", "ThoiHanHieuLuc": written}]) or [{}]
    assert paper["valid_until"] == until
    assert still_valid(paper, date(2026, 1, 5)) is valid


def test_paper_without_an_end_is_valid() -> None:
    assert still_valid({"result_code": "KQ.1"}, date(2026, 1, 5))


def test_markup_that_never_repeats_is_not_learnt_for_ever() -> None:
    decoder = Decoder(Shape.of("a", Shape.of("b")))
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    for number in range(700):
        body = f'<a x="{number}"><b>1</b></a>'
        data = f'<s:Envelope xmlns:s="{space}"><s:Body>{body}</s:Body></s:Envelope>'
        assert plain(decoder.decode(data.encode())) == {"b": "1"}
    assert len(decoder._plans) <= 256
    assert decoder._misses == 512


@pytest.mark.parametrize("name", ["members", "owners", "first_main", "paper_list"])
def test_list_that_is_longer_than_any_real_one_cannot_be_read(name: str) -> None:
    read = provider_transforms(load_codes(ROOT / "mappings/codes"))[name]
    item = {"hoTen": "Nguyễn Thử", "NAME": "Trồng lúa", "MaKetQua": "KQ.1", "ChuHo": {"SoDinhDanh": "1"}}
    assert read([item] * 500)
    with pytest.raises(Unreadable):
        read([item] * 501)
