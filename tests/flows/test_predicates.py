"""Predicates: yes, no or cannot tell, and no value leaves: not in the answer, not in the log, not in a metric."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import telemetry
from gateway.serving.server import ServeOptions, running, write_ready
from tests import fresh, typed, unhurried
from tests.flows.conftest import ROOT, House, new_official, on_session
from tests.flows.test_records import records

ASKED = ["age_at_least:18", "resident_of:33"]


async def ask(house: House, trait: str, *predicates: str, **more: Any) -> Any:
    subject = more.pop("subject", None) or house.subject(trait)
    body = {"subject": subject, "predicates": list(predicates), "official": new_official(), **more}
    status, answer = await house.post("/v1/predicates", body)
    assert status == 200, answer
    return answer


def told(answer: Any) -> dict[str, str]:
    return {word: one["answer"] for word, one in answer["predicates"].items()}


@on_session
async def test_predicates_are_answered_without_a_value(patient: House) -> None:
    answer = await ask(patient, "facts_example", *ASKED, "alive")
    assert told(answer) == {"age_at_least:18": "yes", "resident_of:33": "yes", "alive": "yes"}
    other = await ask(patient, "facts_example", "age_at_least:60", "resident_of:01")
    assert told(other) == {"age_at_least:60": "no", "resident_of:01": "no"}
    who, text = patient.subject("facts_example"), json.dumps([answer, other], ensure_ascii=False)
    assert not [value for value in who.values() if value in text]
    assert set(answer) == {"exchange_id", "purpose", "predicates", "receipt"}


@on_session
@pytest.mark.parametrize(
    ("trait", "expected"),
    [
        ("dead", "no"),
        ("missing", "cannot_tell"),
        ("life_unknown", "cannot_tell"),
        ("death_not_passed_on", "cannot_tell"),
    ],
)  # fmt: skip
async def test_nobody_is_alive_whose_death_is_known_or_whose_life_is_not(
    patient: House, trait: str, expected: str
) -> None:
    assert told(await ask(patient, trait, "alive")) == {"alive": expected}


@on_session
async def test_residence_in_a_commune_that_is_not_certain_decides_nothing(patient: House) -> None:
    assert told(await ask(patient, "old_commune_mapped", "resident_of:33")) == {"resident_of:33": "yes"}
    answer = await ask(patient, "old_commune_divided", "resident_of:33")
    assert told(answer) == {"resident_of:33": "cannot_tell"}


async def test_where_the_look_up_does_not_say_who_lives_the_check_of_deaths_is_asked(
    make_house: Callable[..., Any],
) -> None:
    lacking = {"sources__population__services__TraCuuThongTinCongDan__lacks": "life_status"}
    async with make_house(**lacking) as house:
        for trait, expected in (("facts_example", "yes"), ("dead", "no")):
            answer = await ask(house, trait, "alive")
            assert told(answer) == {"alive": expected}
            outcome = [one for one in records(house) if one["exchange"] == answer["exchange_id"]][-1]
            asked = {(one["operation"], *one["attributes"]) for one in outcome["calls"]}
            assert ("XacMinhTinhTrangChetMatTich", "life_status") in asked
            assert not [one for one in asked if one[0] == "TraCuuThongTinCongDan" and "life_status" in one]


@on_session
async def test_records_say_what_was_asked_and_that_it_was_answered_and_never_the_answer(
    patient: House,
) -> None:
    exchanges = {}
    for predicate in ("age_at_least:18", "age_at_least:60"):
        exchanges[predicate] = (await ask(patient, "facts_example", predicate))["exchange_id"]
    found = {word: [r for r in records(patient) if r["exchange"] == one] for word, one in exchanges.items()}
    shapes = []
    for word, (intent, outcome) in found.items():
        assert (intent["phase"], outcome["phase"]) == ("intent", "outcome")
        assert intent["notes"] == {"predicates": word}
        assert outcome["notes"] == {"answered": 1, "predicates": word}
        assert f"predicate:{word}" in intent["rules"]
        assert outcome["fields"] == {}
        shapes.append(
            {(c["source"], c["operation"], tuple(c["attributes"]), c["outcome"]) for c in outcome["calls"]}
        )
    # yes and no look the same
    assert shapes[0] == shapes[1]
    assert not [word for word in ("yes", "no", "cannot_tell") if f'"{word}"' in json.dumps(found)]


@on_session
async def test_the_least_is_asked(patient: House) -> None:
    exchange = (await ask(patient, "facts_example", "age_at_least:18"))["exchange_id"]
    outcome = [one for one in records(patient) if one["exchange"] == exchange][-1]
    assert [(one["source"], one["attributes"]) for one in outcome["calls"]] == [
        ("population", ["birth_date"])
    ]


@on_session
async def test_number_that_is_not_his_tells_nothing(patient: House) -> None:
    who = {**patient.subject("facts_example"), "full_name": "Ngô Văn Khác"}
    answer = await ask(patient, "", *ASKED, subject=who)
    assert set(told(answer).values()) == {"cannot_tell"}
    assert {one["reason"]["code"] for one in answer["predicates"].values()} == {"data_do_not_match"}


@on_session
@pytest.mark.parametrize("mode", ["reset", "hang", "garbage"])
async def test_source_that_does_not_answer_means_cannot_tell(patient: House, mode: str) -> None:
    await patient.misbehave("population", mode, times=2)
    answer = await ask(patient, "facts_example", *ASKED, deadline_ms=400)
    assert set(told(answer).values()) == {"cannot_tell"}
    reasons = {one["reason"]["code"] for one in answer["predicates"].values()}
    assert reasons <= {
        "source_unreachable",
        "source_answer_invalid",
        "deadline_reached",
        "source_busy",
        "source_timeout",
    }


@on_session
@pytest.mark.parametrize(
    ("predicates", "more", "status", "code"),
    [
        (["age_at_least:21"], {}, 403, "predicate_not_agreed"),
        (["age_at_least:18", "age_at_least:60"], {}, 422, "asked_twice"),
        (["age_at_lest:18"], {}, 422, "unknown_predicate"),
        (["age_at_least"], {}, 422, "value_not_possible"),
        (["age_at_least:018"], {}, 422, "value_not_possible"),
        (["age_at_least:１８"], {}, 422, "unprocessable"),
        (["resident_of:99"], {}, 422, "value_not_possible"),
        (["alive:1"], {}, 422, "value_not_possible"),
        (["alive"], {"purpose": "data_subject_access"}, 403, "predicate_not_agreed"),
        (["alive"], {"purpose": "no_such"}, 403, "purpose_not_allowed"),
        (["alive"], {"procedure": "1.004873"}, 400, "bad_request"),
        ([], {}, 422, "unprocessable"),
    ],
)  # fmt: skip
async def test_what_is_not_agreed_or_no_predicate_is_refused_and_nobody_is_asked(
    patient: House, predicates: list[str], more: dict[str, str], status: int, code: str
) -> None:
    before = await patient.calls()
    body = {"subject": patient.subject("facts_example"), "predicates": predicates, "official": new_official()}
    found, problem = await patient.post("/v1/predicates", {**body, **more})
    assert (found, problem["code"]) == (status, code), problem
    assert await patient.calls() == before
    if status == 403:
        refusal = records(patient)[-1]
        assert (refusal["phase"], refusal["result"]) == ("refusal", code)
        assert refusal["notes"] == {"predicates": " ".join(predicates)}


@on_session
async def test_requester_without_an_agreement_on_predicates_is_refused(
    make_house: Callable[..., Any],
) -> None:
    async with make_house(agreements__one_gate__predicates="age_at_least:18") as house:
        body = {
            "subject": house.subject("facts_example"),
            "predicates": ["alive"],
            "official": new_official(),
        }
        status, problem = await house.post("/v1/predicates", body, "one_gate")
    assert (status, problem["code"], problem["rule"]) == (403, "predicate_not_agreed", "predicate:alive")


@on_session
async def test_number_alone_identifies_nobody(patient: House) -> None:
    number = patient.subject("facts_example")["personal_id"]
    for subject, code in (
        ({"personal_id": number}, "identity_incomplete"),
        ({"full_name": "A"}, "unprocessable"),
    ):
        status, problem = await patient.post("/v1/predicates", {"subject": subject, "predicates": ["alive"]})
        assert (status, problem["code"]) == (422, code)


async def test_canary_shows_up_in_no_log_line_metric_or_record(make_house: Callable[..., Any]) -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with make_house() as house:
        who = house.subject("facts_example")
        await ask(house, "facts_example", *ASKED)
        await house.misbehave("population", "wrong_person", times=1)
        await ask(house, "facts_example", *ASKED)
        async with house.session.get(f"{house.admin}/metrics") as response:
            seen = await response.text() + sink.getvalue().decode() + json.dumps(records(house))
    for value in (
        who["personal_id"],
        who["full_name"],
        who["full_name"].upper(),
        who["birth_date"],
        "cannot_tell",
    ):
        assert value not in seen


async def test_command_asks_and_says_by_its_exit_code_whether_all_is_yes(tmp_path: Path) -> None:
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")} | unhurried.settings()
    state = tmp_path / "state"
    fresh.log_in(state)
    plan = ServeOptions(root=ROOT, config=ROOT / "config", state=state, overrides=ports, with_sandbox=True)
    async with running(plan) as (_, content):
        write_ready(tmp_path / "ready.json", content)
        one: Any = next(p for p in content["personas"] if "facts_example" in p["traits"])  # type: ignore[attr-defined]
        given = json.dumps({word: one[word] for word in ("personal_id", "full_name", "birth_date")})
        codes = []
        for word in ("age_at_least:18", "age_at_least:60", "age_at_least:21"):
            said = await asyncio.to_thread(
                typed.motlan,
                "ask",
                word,
                "--subject",
                "-",
                "--ready-file",
                str(tmp_path / "ready.json"),
                given=given,
            )
            codes.append(said.code)
            assert one["full_name"] not in said.out
    assert codes[:2] == [0, 1]
    assert codes[2] == 1
