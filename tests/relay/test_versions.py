"""Which version of a forwarded dossier comes once more, over the months of the log's keys."""

from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.exchange_log.keys import PeriodKeys
from gateway.ports.relay import DossierRow
from gateway.relay.versions import replaced_version, with_version
from tests.relay.twins import dossier


def keys(month: str, seed: int) -> PeriodKeys:
    cipher = AESGCM(bytes([seed]) * 32)
    return PeriodKeys(
        period=month, index=bytes([seed]) * 32, digest=bytes([seed + 1]) * 32, encryption=cipher
    )


KEYS = {"2026-11": keys("2026-11", 1), "2026-12": keys("2026-12", 2)}


async def keys_of(month: str) -> PeriodKeys | None:
    return KEYS.get(month)


def content(note: str) -> dict[str, Any]:
    return {"dossier": {"code": "H31-QG-1", "note": note}}


def stored(*versions: tuple[str, str]) -> DossierRow:
    """A dossier that had these contents, each stored in a month."""
    row = dossier("H31-QG-1")
    seen: list[Any] = []
    for version, (note, month) in enumerate(versions, 1):
        before = row._replace(facts=orjson.dumps({"versions": seen})) if seen else None
        seen = with_version(before, KEYS[month], content(note), version)
    return row._replace(facts=orjson.dumps({"versions": seen}))


async def test_version_of_an_earlier_month_is_known_again() -> None:
    row = stored(("a", "2026-11"), ("b", "2026-11"), ("c", "2026-12"))
    found = [await replaced_version(keys_of, row, content(note)) for note in "abcd"]
    assert found == [1, 2, 0, 0]


async def test_last_version_is_not_a_replaced_one_although_it_came_before_too() -> None:
    """It is taken anew after an erasure; that leaves it in the list twice."""
    row = stored(("a", "2026-11"), ("b", "2026-11"), ("b", "2026-12"))
    assert await replaced_version(keys_of, row, content("b")) == 0
    assert await replaced_version(keys_of, row, content("a")) == 1


async def test_version_whose_month_is_erased_is_a_new_one() -> None:
    row = stored(("a", "2026-11"), ("b", "2026-12"))

    async def erased(month: str) -> PeriodKeys | None:
        return None if month == "2026-11" else KEYS[month]

    assert await replaced_version(erased, row, content("a")) == 0


async def test_list_of_versions_is_bounded() -> None:
    row = stored(*((str(note), "2026-11") for note in range(60)))
    seen = orjson.loads(row.facts)["versions"]
    assert [seen[0][0], seen[-1][0], len(seen)] == [11, 60, 50]
