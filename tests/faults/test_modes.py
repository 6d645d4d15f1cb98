"""Every way in which the sandbox misbehaves, at four sources of two protocols, seen at the gateway's door."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.sandbox.misbehave import AT_RECEIVERS, Mode
from gateway.domain.errors import ConfigError
from tests.faults.conftest import PATIENT, assert_nothing_leaked, between, found
from tests.flows.conftest import ROOT, House, build
from tests.flows.test_records import records

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: source -> procedure, role
ASKED = {
    "population": ("1.004873", "requester"),
    "civil_status": ("1.004873", "requester"),
    "social_insurance": ("9.000001", "applicant"),
    "health_card": ("9.000001", "applicant"),
}
Expected = set[tuple[str, str | None]]
CUT: Expected = {("unavailable", "deadline_reached")}
INVALID: Expected = {("invalid", "source_answer_invalid")}
BROKEN: Expected = {("unavailable", "source_unreachable")}
BUSY: Expected = {("unavailable", "source_busy")}
OTHER: Expected = {("invalid", "source_answer_other_person")}
WELL: Expected = {("found", None)}
EXPECTED: dict[Mode, Expected] = {
    Mode.SLOW: CUT, Mode.HANG: CUT, Mode.DRIP: CUT, Mode.RESET: BROKEN, Mode.DROP_AFTER_COMMIT: BROKEN,
    Mode.TRUNCATE: BROKEN, Mode.GARBAGE: INVALID, Mode.HTML: INVALID, Mode.EMPTY: INVALID,
    Mode.FAULT200: INVALID | BUSY | {("unavailable", "source_unreachable"), ("unavailable", "source_timeout")},
    Mode.STATUS429: BUSY, Mode.STATUS503: BUSY, Mode.WRONG_PERSON: OTHER, Mode.TWO_PEOPLE: OTHER,
    Mode.MISSING_FIELD: WELL, Mode.EXTRA_FIELD: WELL, Mode.NULL_FIELD: WELL, Mode.WRONG_CHARSET: INVALID,
    Mode.HUGE: INVALID, Mode.GZIP_BOMB: INVALID, Mode.DOCTYPE: INVALID, Mode.REDIRECT: INVALID,
    Mode.EXPIRED_SESSION: {("refused", "source_refused")},
}  # fmt: skip

PAUSING = (Mode.STATUS429, Mode.STATUS503)
#: two sources, of either protocol, meet them all, but what asks for a pause, for which see test_limits.py
WHOLLY = ("population", "civil_status")
#: the others meet what comes of their own way of reading; that no source takes trouble for an answer shows
#: tests/contract/test_sources.py of each
OTHERWISE = {
    Mode.WRONG_PERSON, Mode.TWO_PEOPLE, Mode.MISSING_FIELD, Mode.NULL_FIELD, Mode.EXTRA_FIELD, Mode.WRONG_CHARSET,
    Mode.EXPIRED_SESSION, *PAUSING,
}  # fmt: skip
CASES = [
    (source, mode)
    for source in ASKED
    for mode in EXPECTED
    if (mode not in PAUSING if source in WHOLLY else mode in OTHERWISE)
    or (source, mode) in {("social_insurance", Mode.FAULT200), ("health_card", Mode.HANG)}
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    settings = {f"sources.{source}.{name}": value for source in ASKED for name, value in PATIENT.items()}
    async with build(tmp_path_factory.mktemp("modes"), settings) as house:
        yield house


async def ask(house: House, source: str, number: int, **more: Any) -> Any:
    procedure, role = ASKED[source]
    subjects = {role: house.subject("facts_example")}
    if procedure == "1.004873":
        subjects["person"] = {"same_as": role}
    official = {"personal_id": f"033089{number:06}", "agency": "000.00.14.H31"}
    return await house.prefill(procedure, subjects, official=official, **more)


async def test_every_mode_is_tried() -> None:
    assert EXPECTED.keys() == set(Mode) - AT_RECEIVERS


#: these say whom they are about by name and birth date: without one of the two nobody can tell
NAMELESS = {
    (source, mode)
    for source in ("social_insurance", "health_card")
    for mode in (Mode.MISSING_FIELD, Mode.NULL_FIELD)
}


@pytest.mark.parametrize(("source", "mode"), CASES)
async def test_misbehaviour_is_an_outcome_of_its_source_alone(
    patient: House, logged: io.BytesIO, source: str, mode: Mode
) -> None:
    number = 1_000 * [*ASKED].index(source) + 10 * [*Mode].index(mode)
    async with patient.session.post(f"{patient.control}/reset"):
        pass
    await patient.misbehave(source, mode)
    answer = await ask(patient, source, number, deadline_ms=1_200 if EXPECTED[mode] == CUT else 3_000)
    outcomes = found(answer)
    expected = {("invalid", "source_answer_invalid")} if (source, mode) in NAMELESS else EXPECTED[mode]
    assert outcomes[source] in expected
    others = {one for name, one in outcomes.items() if name != source}
    if (source, EXPECTED[mode]) == ("health_card", CUT):
        # see test_outages.py: whoever comes in a later wave is not asked in time
        others -= {("skipped", None)}
    assert others == WELL
    assert "sandbox.elsewhere" not in await patient.calls()
    exchange = (answer["exchange_id"], "outcome")
    first = next(one for one in records(patient) if (one["exchange"], one["phase"]) == exchange)
    said = {call["source"]: call["outcome"] for call in first["calls"]}[source]
    assert said == ("unknown" if EXPECTED[mode] == CUT else outcomes[source][0])
    await assert_nothing_leaked(patient, logged)
    async with patient.session.post(f"{patient.control}/reset"):
        pass
    if mode in PAUSING:
        await asyncio.sleep(1.05)
    if mode in {*PAUSING, Mode.RESET, Mode.EXPIRED_SESSION, Mode.GARBAGE}:
        assert set(found(await ask(patient, source, number + 1)).values()) == WELL


async def test_unknown_result_code_is_not_taken_for_a_person_who_does_not_match(patient: House) -> None:
    async with patient.session.post(f"{patient.control}/reset"):
        pass
    await patient.misbehave("health_card", Mode.FAULT200)
    outcome, _ = found(await ask(patient, "health_card", 9_500))["health_card"]
    assert outcome in {"unavailable", "invalid", "refused"}


@pytest.mark.parametrize("source", ["civil_status", "social_insurance", "health_card"])
async def test_session_that_ended_is_opened_again_at_once(patient: House, source: str) -> None:
    async with patient.session.post(f"{patient.control}/reset"):
        pass
    await patient.misbehave(source, "expired_session", times=1)
    assert set(found(await ask(patient, source, 9_000 + [*ASKED].index(source))).values()) == WELL


AWAY = {
    "nowhere": ("", ""),
    "description": ("<wsdl:types>", '<wsdl:import namespace="urn:x" location="{}/x.wsdl"/><wsdl:types>'),
    "schema": ("<xs:schema>", '<xs:schema><xs:import namespace="urn:x" schemaLocation="{}/x.xsd"/>'),
    "document type": ("<wsdl:definitions", '<!DOCTYPE a SYSTEM "{}/x.dtd"><wsdl:definitions'),
}


@pytest.mark.parametrize("name", AWAY)
async def test_description_that_leads_away_is_refused_without_a_call(tmp_path: Path, name: str) -> None:
    """Threat T6: descriptions come from disk, whole."""
    shutil.copytree(ROOT / "schemas/sources/population", tmp_path / "away")
    file = tmp_path / "away/population.wsdl"
    async with between("catcher") as catcher:
        old, new = AWAY[name]
        file.write_text(file.read_text("utf-8").replace(old, new.format(catcher.url), 1), "utf-8")
        made = build(tmp_path, {"sources.population.options.wsdl": str(file)})
        if name == "nowhere":
            async with made:
                return
        with pytest.raises(ConfigError):
            async with made:
                pass
        assert catcher.calls == []
