"""The story of an exchange: every phase in words of people, whatever is in the records."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.story import Story
from gateway.audit.story_words import EVENTS, OUTCOMES, PHASES
from gateway.audit.titles import Titles
from gateway.config.configuration import load
from gateway.domain.evidence import Outcome
from gateway.domain.exchange import Phase
from gateway.mapping.load import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "ab" * 32
CALL = {
    "call": "c-1", "source": "population", "data_service": "TraCuuThongTinCongDan", "subject": "requester",
    "attributes": ["full_name", "birth_date"], "outcome": "found", "elapsed_ms": 12, "cached": False,
    "shared_with": "",
}  # fmt: skip
INTENT: dict[str, Any] = {
    "leaf_index": 7, "leaf_hash": "cd" * 32, "exchange_id": "01M8F0K355GDVAM6SEGVA9W798",
    "time": "2026-11-27T02:14:32.039Z", "phase": "intent", "requester": "portal", "agency": "000.00.14.H31",
    "procedure": "1.004873", "dossier": "", "purpose": "civil_registration", "result": "", "on_duty": True,
    "rules": ["agreement:portal"], "notes": {"asked_by": "requester"}, "legal_basis": "Luật 91/2025",
    "configuration": DIGEST, "has_official": True, "subjects": ["person", "requester"], "people": 1, "fields": [],
    "calls": [{**CALL, "outcome": "", "elapsed_ms": 0}],
}  # fmt: skip
OUTCOME = {
    **INTENT, "leaf_index": 8, "time": "2026-11-27T02:14:32.122Z", "phase": "outcome", "notes": {"late": False},
    "fields": ["nycHoTen"],
    "calls": [CALL, {**CALL, "source": "civil_status", "data_service": "trichLuc", "outcome": "unavailable"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(Titles(load(ROOT / "config"), load_catalogue(ROOT), ROOT), DIGEST)


def test_the_sentence_says_who_asked_how_many_about_how_many_for_what(story: Story) -> None:
    told = story.tell([INTENT, OUTCOME])
    assert told["sentence"] == (
        "Ngày 27/11/2026 lúc 09:14:32, Cổng Dịch vụ công tỉnh Hưng Yên hỏi 1 nguồn về 1 người để giải quyết thủ tục"
        " Cấp giấy xác nhận tình trạng hôn nhân. Một nguồn có dữ liệu, một nguồn không trả lời được."
        " 1 trường đã rời cổng sau 83 ms."
    )
    assert told["sentence_en"].endswith(
        "One source had data, one source could not answer. 1 field left after 83 ms."
    )
    assert [step["kind"] for step in told["steps"]] == ["intent", "calls", "outcome"]


def test_rules_stand_per_field_only_under_the_configuration_in_force(story: Story) -> None:
    left = story.tell([INTENT, OUTCOME])["steps"][-1]["left"]
    (group,) = left["groups"]
    assert group["source"]["code"] == "population"
    assert [rule["code"] for rule in group["rules"]] == [
        "agreement:portal",
        "population-identity-and-residence",
    ]
    former = [{**one, "configuration": "ef" * 32} for one in (INTENT, OUTCOME)]
    left = story.tell(former)["steps"][-1]["left"]
    assert not left["is_known"]
    assert left["groups"][0]["source"] is None


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_is_told_without_a_code(story: Story, phase: Phase) -> None:
    record = {**INTENT, "phase": phase.value, "subjects": [], "people": 0, "calls": []}
    told = story.tell([record])
    (step,) = told["steps"]
    assert step["title"] != step["title_en"]
    assert step["said"] != step["said_en"]
    assert phase.value not in told["sentence"]
    assert phase.value in PHASES


def test_every_event_and_outcome_has_words_in_both_languages() -> None:
    assert {str(one) for one in Outcome} | {"", "unknown"} == OUTCOMES.keys()
    for vi, en in EVENTS.values():
        assert vi.endswith(".")
        assert en.endswith(".")
        assert vi != en


def test_unreadable_records_and_hostile_texts_are_told_too(story: Story) -> None:
    hostile = "<script>\u202e\u200b" + "x" * 10_000
    names = ("requester", "agency", "procedure", "dossier", "purpose", "result", "legal_basis", "time")
    record = {**OUTCOME, **dict.fromkeys(names, hostile), "rules": [hostile], "subjects": [hostile]}
    told = story.tell([{"leaf_index": 3, "leaf_hash": "00", "unreadable": True}, record])
    assert told["steps"][0]["unreadable"]
    assert json.dumps(told)
    assert story.row({"leaf_index": 3, "leaf_hash": "00", "unreadable": True})["result"] is None


def test_a_refusal_says_its_reason_and_that_nothing_was_given(story: Story) -> None:
    refused = {**INTENT, "phase": "refusal", "result": "outside_hours", "calls": []}
    told = story.tell([refused])
    assert sum(fact["value"]["code"] == "outside_hours" for fact in told["steps"][0]["facts"]) == 1
    assert told["steps"][0]["said"] == "Quy tắc không cho phép. Không có dữ liệu nào được trả."
    assert story.row(refused)["result"]["title"] == "Ngoài giờ mà thỏa thuận cho phép"


def test_a_source_that_nobody_asked_is_said_apart(story: Story) -> None:
    tax = {**CALL, "call": "c-2", "source": "tax", "data_service": "x", "outcome": ""}
    planned = {**INTENT, "calls": [*INTENT["calls"], tax]}
    asked = {**OUTCOME, "calls": [CALL]}
    decided = {**OUTCOME, "phase": "consent", "result": "decision", "calls": []}
    skipped = {**OUTCOME, "calls": [CALL, {**tax, "outcome": "skipped"}]}
    for records in ([planned, asked], [planned, asked, decided], [planned, skipped]):
        told = story.tell(records)
        assert "định hỏi 2 nguồn" in told["sentence"]
        assert (
            "Một nguồn có dữ liệu, một nguồn không được hỏi (Cơ sở dữ liệu thuế (mô phỏng))."
            in told["sentence"]
        )
        assert "meant to ask 2 sources" in told["sentence_en"]
        assert "One source had data, one source was not asked (" in told["sentence_en"]
    assert " hỏi 2 nguồn" in story.tell([planned])["sentence"]


def test_a_decision_is_told_by_sources_and_fields_not_by_codes(story: Story) -> None:
    notes = {
        "accepted": "e1", "refused": "e2", "emptied": "nycHoTen", "account_level": "unknown", "preview": True,
        "login": "vneid",
    }  # fmt: skip
    other = {**CALL, "call": "c-2", "source": "civil_status", "data_service": "trichLuc"}
    outcome = {**OUTCOME, "calls": [CALL, other]}
    decided = {**OUTCOME, "phase": "consent", "result": "decision", "notes": notes, "calls": []}
    facts = story.tell([INTENT, outcome, decided])["steps"][-1]["facts"]
    said = {fact["name"]: fact["value"]["title"] for fact in facts}
    assert not any("note" in fact or fact["name"] == "Ghi chú" for fact in facts)
    assert "dân cư" in said["Dữ liệu được dùng"]
    assert "hộ tịch" in said["Dữ liệu không được dùng"]
    assert said["Trường để trống vì không dùng"] not in {"", "nycHoTen"}
    assert said["Mức của tài khoản"] == "không rõ"


@pytest.mark.parametrize(
    ("notes", "vi", "en"),
    [
        ({"level": 2}, "mức độ 2", "level 2"),
        ({"account_level": "IAL=2 level=2"}, "IAL 2, mức độ 2", "IAL 2, level 2"),
        ({"account_level": "unknown"}, "không rõ", "unknown"),
        ({"provider": "national_portal"}, "Cổng Dịch vụ công Quốc gia", "National public-service portal"),
        ({"login": "vneid"}, "Tài khoản định danh điện tử (VNeID)", "Electronic identity account (VNeID)"),
        ({"bound": "cookie"}, "cookie của trình duyệt", "a cookie of the browser"),
        ({"reason": "login_expired"}, "Phiên đăng nhập đã hết hạn", "The login took too long and has ended"),
        ({"reason": "theo đơn 12"}, "theo đơn 12", "theo đơn 12"),
        ({"holder": "nobody"}, "nobody", "nobody"),
        ({"channel": "counter"}, "tại quầy một cửa", "at a counter"),
        ({"origin": "province"}, "hệ thống của tỉnh", "a system of the province"),
        ({"status": "accepted"}, "Được tiếp nhận", "accepted at the counter"),
        ({"detail": "mix_up"}, "câu trả lời của nơi xác thực khác", "an answer of another identity provider"),
        (
            {"predicates": "alive age_at_least:18"},
            "Còn sống, Đủ tuổi: 18",
            "Is alive, Is at least so old: 18",
        ),
        ({"attributes": "phone email"}, "Số điện thoại, Thư điện tử", "Phone, E-mail"),
    ],
)
def test_codes_in_notes_are_told_in_words(story: Story, notes: dict[str, Any], vi: str, en: str) -> None:
    record = {**INTENT, "phase": "login", "result": "login_done", "notes": notes, "calls": []}
    (step,) = story.tell([record])["steps"]
    facts = [one for one in step["facts"] if "note" not in one]
    assert (vi, en) in [(one["value"]["title"], one["value"]["title_en"]) for one in facts]
