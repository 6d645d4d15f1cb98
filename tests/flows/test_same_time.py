"""T2: what is another requester's is answered as what does not exist: the same words, in the same time."""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import House, new_official

_ROUNDS = 600
#: of medians, apart by chance and by the machine: what an opened seal would cost is a tenth of an answer
_APART = 0.10


async def late_token(house: House) -> str:
    subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
    body: dict[str, Any] = {
        "procedure": "1.004873",
        "subjects": subjects,
        "official": new_official(),
        "deadline_ms": 1,
    }
    return str((await house.prefill(**body))["pending"])


def invented(rng: random.Random, like: str) -> str:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(rng.choice(signs) for _ in like)


@pytest.mark.slow
async def test_token_of_another_requester_takes_as_long_as_none(make_house: Callable[..., Any]) -> None:
    """Interleaved, so that both meet the same machine; medians, so that one pause of it does not count."""
    async with make_house() as house:
        await house.misbehave("civil_status", "slow", seconds=0.3)
        theirs = await late_token(house)
        headers = {"Authorization": f"Bearer {await house.token('one_gate')}"}
        rng, taken = random.Random(7), dict[str, list[float]](theirs=[], nobody=[])
        bodies: dict[str, set[str]] = {"theirs": set(), "nobody": set()}
        for _ in range(_ROUNDS):
            asked = [("theirs", theirs), ("nobody", invented(rng, theirs))]
            rng.shuffle(asked)
            for name, token in asked:
                began = time.perf_counter()
                async with house.session.post(
                    f"{house.url}/v1/prefill/resume", json={"pending": token}, headers=headers
                ) as answer:
                    body = await answer.json()
                taken[name].append(time.perf_counter() - began)
                del body["exchange_id"]
                bodies[name].add(repr((answer.status, sorted(body.items()))))
        assert bodies["theirs"] == bodies["nobody"]
        assert len(bodies["theirs"]) == 1
    middle = {name: statistics.median(found) for name, found in taken.items()}
    assert abs(middle["theirs"] / middle["nobody"] - 1) < _APART, middle
