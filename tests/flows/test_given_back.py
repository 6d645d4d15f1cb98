"""What the gateway fills, given back as typed or held by the portal, names nobody and nothing else."""

from typing import Any

import pytest

from gateway.cli.casts import Casting
from tests.flows.conftest import House, on_session
from tests.golden.matrix import castings, catalogue

pytestmark = on_session


@pytest.mark.parametrize("code", sorted(catalogue().procedures))
async def test_values_of_the_form_given_back_change_no_field_and_no_paper(
    shared_house: House, code: str
) -> None:
    """In every second cast as typed, in the others as held."""
    asked = [one for one in castings() if one.procedure == code]
    checked = [
        await _changes_nothing(shared_house, one, ("known", "held")[at % 2]) for at, one in enumerate(asked)
    ]
    assert sum(checked) > 2


async def _changes_nothing(house: House, casting: Casting, word: str) -> bool:
    body: dict[str, Any] = dict(casting.body)
    status, plain = await house.post("/v1/prefill", body)
    if status != 200:
        return False
    own = {
        key: one["value"]
        for key, one in plain["fields"].items()
        if one["state"] == "filled" and not one["doubt"]
    }
    status, again = await house.post("/v1/prefill", body | {word: own | body.get(word, {})})
    assert status == 200, (casting.name, again)
    assert again["form"] == plain["form"], casting.name
    before, after = ({one["code"]: one["state"] for one in answer["papers"]} for answer in (plain, again))
    for paper, state in before.items():
        assert after[paper] == state, (casting.name, paper)
    return True
