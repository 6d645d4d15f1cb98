"""What is wrong with a request is told in plain words, at its place."""

from typing import Any

import pytest

from tests.api.conftest import GOOD, Door

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
    assert "a JSON object is expected" in answer.json["detail"]
    assert "PrefillBody" not in answer.raw.decode()


@pytest.mark.parametrize(
    ("asked", "near"),
    [("khai sinh", "1.001193"), ("Khai sinh", "1.001193"), ("marriage_registration", "1.000894"),
     ("marital status", "1.004873")],
)  # fmt: skip
async def test_procedure_called_by_its_name_is_told_its_code(door: Door, asked: str, near: str) -> None:
    answer = await door.post("/v1/prefill", body(procedure=asked))
    answer.assert_problem(404, "procedure_unknown")
    assert near in answer.json["near"]


@pytest.mark.parametrize(
    "dossier",
    [
        "033.190.001.234",
        "H31.033-190-001-234",
        "Nguyen-Van-A-1990",
        "Le-Van-A-1990",
        "NGUYEN-VAN-A-1990",
        "A033190001234",
    ],
)
async def test_dossier_that_may_name_a_person_is_refused(door: Door, dossier: str) -> None:
    answer = await door.post("/v1/prefill", body(dossier=dossier))
    answer.assert_problem(422)
    assert [place for place, _ in faults(answer)] == ["/dossier"]
    assert dossier not in answer.raw.decode()
    assert not door.prefill.asked


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
    assert "fetch one at /oauth2/token" in answer.json["detail"]
