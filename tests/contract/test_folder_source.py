"""The contract of all sources, over one without a network: examples are understood, trouble is never an answer."""

from pathlib import Path

import pytest

from gateway.domain.evidence import Outcome
from tests.adapters.test_folder_csv import DAMAGE, MAPPING, PLAN, asked, drop, opened

HEADER = ("personal_id", "full_name", "permit_no", "valid_until", "kind")


@pytest.mark.parametrize("example", MAPPING.services["permits"].examples, ids=lambda one: one.name)
async def test_source_is_understood_by_its_peer(tmp_path: Path, example: object) -> None:
    one = PLAN.mapping.examples[PLAN.mapping.examples.index(example)]
    row = ",".join(str(one.answer.get(name, "")) for name in HEADER)
    drop(tmp_path, f"{','.join(HEADER)}\n{row}\n".encode())
    async with opened(tmp_path) as source:
        answer = await asked(source, one.subject["personal_id"], full_name=one.subject["full_name"])
    assert (answer.outcome, answer.values) == (one.outcome, one.evidence)


async def test_source_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async with opened(tmp_path / "nowhere") as source:
        answer = await asked(source)
    assert answer.outcome is Outcome.UNAVAILABLE
    assert answer.faults


async def test_source_never_raises_and_never_takes_trouble_for_an_answer(tmp_path: Path) -> None:
    outcomes = {}
    for number, damage in enumerate(DAMAGE):
        folder = tmp_path / str(number)
        folder.mkdir()
        DAMAGE[damage](folder)
        async with opened(folder) as source:
            outcomes[damage] = (await asked(source)).outcome
    assert set(outcomes.values()) <= {Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.REFUSED}, outcomes
