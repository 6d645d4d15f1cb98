"""Guesses are counted for everybody but an official whose dossier the gateway itself knows as alive."""

from pathlib import Path

import pytest

from adapters.stores.quotas import MemoryQuotas
from gateway.app import SystemClock
from gateway.config.configuration import load
from gateway.config.gateway import PolicySettings
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import RequesterId
from gateway.domain.parties import Official, Requester, Subject, SubjectKind
from gateway.mapping.load import load_catalogue
from gateway.prefill.case import Case, Cases
from gateway.prefill.counting import Counting
from gateway.prefill.request import PrefillRequest
from tests.prefill.test_service import _Named

ROOT = Path(__file__).parents[2]
ONE_GATE = Requester(id=RequesterId("one_gate"), name="one gate", scopes=frozenset({"prefill"}))
OFFICIAL = Official(personal_id="033093000001", agency="000.00.14.H31")


@pytest.fixture(scope="module")
def cases() -> Cases:
    return Cases(load(ROOT / "config"), load_catalogue(ROOT), SystemClock())


def case_of(cases: Cases, name: str, official: Official | None) -> Case:
    who = Subject(
        kind=SubjectKind.PERSON,
        personal_id="033190482619",
        full_name=name,
        birth_date=PartialDate(1990, 2, 15),
    )
    return cases.of(
        PrefillRequest(
            procedure="1.004873",
            subjects={"requester": who, "person": "requester"},
            official=official,
            agency="000.00.14.H31",
            dossier="H31.14-261127-0007",
        ),
        ONE_GATE,
    )


async def beyond(counting: Counting, case: Case, *, is_alive: bool) -> list[str]:
    found = await counting.admitted([], case, ONE_GATE, is_dossier_alive=is_alive)
    return [one.limit.rule for one in found]


async def test_official_with_a_live_dossier_is_not_kept_from_it_by_the_guesses_of_others(
    cases: Cases,
) -> None:
    recorder = _Named()
    counting = Counting(PolicySettings(), MemoryQuotas(), b"secret", recorder)  # type: ignore[arg-type]
    for letter in "ABCDEF":
        told = await beyond(counting, case_of(cases, f"Trần Thị {letter}", OFFICIAL), is_alive=False)
    assert told == ["unusual:claims"]
    right = case_of(cases, "Trần Thị Mẫu", OFFICIAL)
    assert await beyond(counting, right, is_alive=True) == []
    # whose dossier nobody but the requester knows, and a citizen, who works on none, are counted
    assert await beyond(counting, right, is_alive=False) == ["unusual:claims"]
    assert await beyond(counting, case_of(cases, "Trần Thị Mẫu", None), is_alive=True) == ["unusual:claims"]
