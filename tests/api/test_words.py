"""What is wrong with a request is told in plain words, at its place."""

import json
import re
from typing import Any

import pytest

from gateway.api.grammar import WORDS
from gateway.api.routes import OPERATIONS
from tests.api.conftest import GOOD, Door

PARENT = {"parent_personal_id": "033174962058"}
WHO = {"personal_id": "033174962058", "full_name": "Ngô Văn Lời", "birth_date": "1974-03-05"}


def body(**more: Any) -> dict[str, Any]:
    return {**GOOD, **more}


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(one["pointer"], one["detail"]) for one in answer.json["errors"]]


async def test_number_of_another_length_is_told_how_it_is_written(door: Door) -> None:
    answer = await door.post("/v1/prefill", body(subjects={"requester": {**WHO, "personal_id": "03317"}}))
    ((place, said),) = faults(answer)
    assert place == "/subjects/requester/personal_id"
    assert "12 digits" in said
    assert "^" not in answer.raw.decode()


async def test_array_for_a_body_is_told_what_is_expected(door: Door) -> None:
    answer = await door.post("/v1/prefill", [1])
    answer.assert_problem(400)
    assert "a JSON object is expected" in str(answer.json["detail"])
    assert "PrefillBody" not in answer.raw.decode()


@pytest.mark.parametrize(
    ("asked", "near"),
    [("khai sinh", "1.001193"), ("Khai sinh", "1.001193"), ("marriage_registration", "1.000894"),
     ("marital status", "1.004873")],
)  # fmt: skip
async def test_procedure_called_by_its_name_is_told_its_code(door: Door, asked: str, near: str) -> None:
    answer = await door.post("/v1/prefill", body(procedure=asked))
    answer.assert_problem(404, "procedure_unknown")
    assert near in str(answer.json["near"])


@pytest.mark.parametrize(
    "dossier",
    [
        "033.190.001.234",
        "H31.033-190-001-234",
        "Nguyen-Van-A-1990",
        "Le-Van-A-1990",
        "NGUYEN-VAN-A-1990",
        "A033190001234",
        "H31.14-001205-123456",
        "0900337218",
        "33905337218",
        "tranthimau",
        "H31.14-260105-Tran",
        "H31.14-260105-123x",
        "H31.14-001205-12x",
        "H31.14-260105-0900337218x",
    ],
)
async def test_dossier_that_may_name_a_person_is_refused(door: Door, dossier: str) -> None:
    answer = await door.post("/v1/prefill", body(dossier=dossier))
    answer.assert_problem(422)
    assert [place for place, _ in faults(answer)] == ["/dossier"]
    assert dossier not in answer.raw.decode()
    assert not door.prefill.asked


@pytest.mark.parametrize(
    "dossier",
    [
        "H31.14-260105-0007",
        "H31.123-260105-0007",
        "G09.20-20260609-0092637",
        "H31.14-260105-48213",
        "H31-QG-0001",
        "G01.899.106.000-260105-0007",
        "H31.14-260105-3f9a",
        "H31-20260105-garb",
    ],
)
async def test_dossier_of_each_form_that_is_known_is_taken(door: Door, dossier: str) -> None:
    assert (await door.post("/v1/prefill", body(dossier=dossier))).status == 200


async def test_member_that_is_too_much_for_a_person_is_the_one_that_is_named(door: Door) -> None:
    for one in (
        {**WHO, "tax_code": "0100109106"},
        {"personal_id": WHO["personal_id"], "tax_code": "0100109106"},
    ):
        answer = await door.post("/v1/prefill", body(subjects={"requester": one}))
        answer.assert_problem(400)
        assert [place for place, _ in faults(answer)] == ["/subjects/requester/tax_code"]


async def test_token_of_somebody_else_is_refused_in_words(door: Door) -> None:
    answer = await door.post("/v1/prefill", GOOD, Authorization="Bearer nonsense")
    answer.assert_problem(401, "invalid_token")
    assert "fetch one at /oauth2/token" in str(answer.json["detail"])


@pytest.mark.parametrize(
    ("path", "sent", "place", "told"),
    [
        ("audit/search", {"subject": {"x": 1}}, "/subject/x", "known: personal_id, old_id, passport"),
        ("audit/export", {"search": {"subject": {"newborn": {**PARENT, "x": 1}}}}, "/search/subject/newborn/x",
         "known: parent_personal_id, full_name, birth_date"),
        ("audit/search", {"exchange_id": "1"}, "/exchange_id", "26 capital letters and digits"),
        ("audit/identify", {"exchange_id": "0" * 26, "reason": "x"}, "/reason", "has at least 10 characters"),
        ("audit/identify", {"reason": "of an exchange"}, "/exchange_id", "is missing"),
        ("audit/search", {"limit": "5"}, "/limit", "a whole number is expected"),
        ("audit/search", {"limit": 500}, "/limit", "is at most 200"),
        ("audit/export", {"format": "xml"}, "/format", "is one of: 'jsonl', 'csv'"),
        ("audit/export", {"grown_from": [1]}, "/grown_from", "a number of records, or the text"),
        ("audit/report", {"report": "hours", "month": "2026-13"}, "/month", "a month such as 2026-11"),
        ("audit/report", {"report": "hours", "office": {"weekdays": 5}}, "/office/weekdays", "a list is expected"),
        ("prefill", body(account={"a": [1]}), "/account/a", "text, a whole number, true, false or null"),
        ("prefill", body(subjects=[]), "/subjects", "a JSON object is expected: {…}"),
        ("prefill", body(login="yes"), "/login", "three parts with dots between"),
        ("prefill", body(subjects={"requester": {**WHO, "x": 1}}), "/subjects/requester/x", "is not a known member"),
    ],
)  # fmt: skip
async def test_fault_is_told_in_our_words_at_its_own_place(
    door: Door, path: str, sent: dict[str, Any], place: str, told: str
) -> None:
    answer = await door.post(f"/v1/{path}", sent, "portal" if path == "prefill" else "auditor")
    ((where, said),) = faults(answer)
    assert (where, told in said) == (place, True), said
    assert told in str(answer.json["detail"])
    assert not any(word in answer.raw.decode() for word in ("Input should", "Field required", "should have"))


def test_every_pattern_of_a_request_is_told_in_words() -> None:
    patterns = set(re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps([
        item.body.model_json_schema() for item in OPERATIONS if item.body is not None
    ], ensure_ascii=False)))  # fmt: skip
    assert {json.loads(f'"{one}"') for one in patterns} <= WORDS.keys()
