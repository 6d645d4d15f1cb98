"""The consents' database hangs: nobody waits beyond his time, and nobody waits behind another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from tests.flows.conftest import House, build, new_official
from tests.flows.test_consents import later
from tests.stores.conftest import migrated_database, postgres, postgres_url

__all__ = ("migrated_database", "postgres", "postgres_url")

DEADLINE_MS, AT_ONCE = 1_000, 8
#: a machine that is busy may take so long on top
GRACE_SECONDS = 1.5


@asynccontextmanager
async def hanging(url: str) -> AsyncIterator[None]:
    """Whoever asks for consents waits."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE consents IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def agreed(house: House) -> str:
    who = house.subject("married")
    body = {
        "subject": {"personal_id": who["personal_id"]}, "purpose": "residence_registration",
        "attributes": {"population.TraCuuThongTinCongDan": ["full_name", "gender"]}, "text_version": "v1",
        "language": "vi", "channel": "portal", "expires_at": later(),
    }  # fmt: skip
    status, answer = await house.post("/v1/consents", body)
    assert status == 200, answer
    return str(answer["consent"])


async def asked(house: House, consent: str) -> tuple[int, Any, float]:
    """Status, code and how many seconds it took."""
    body = {
        "procedure": "1.004222", "subjects": {"applicant": house.subject("married")}, "official": new_official(),
        "consent": consent, "deadline_ms": DEADLINE_MS,
    }  # fmt: skip
    loop = asyncio.get_running_loop()
    began = loop.time()
    status, answer = await house.post("/v1/prefill", body)
    return status, answer.get("code"), loop.time() - began


async def test_consents_that_cannot_be_looked_up_in_time_are_told_in_time(
    postgres_url: str, tmp_path: Path
) -> None:
    async with build(tmp_path, {"gateway.log.url": postgres_url}) as house:
        consent = await agreed(house)
        assert (await asked(house, consent))[0] == 200
        async with hanging(postgres_url):
            told = await asyncio.gather(*(asked(house, consent) for _ in range(AT_ONCE)))
            assert [one[:2] for one in told] == [(503, "consents_unavailable")] * AT_ONCE
            assert max(one[2] for one in told) < DEADLINE_MS / 1000 + GRACE_SECONDS
            # who comes next hears of it at once
            status, _, seconds = await asked(house, consent)
            assert status == 503
            assert seconds < DEADLINE_MS / 1000 / 2
        async with asyncio.timeout(10):
            while (await asked(house, consent))[0] != 200:
                await asyncio.sleep(0.1)


async def test_consents_that_hang_before_the_answer_leaves_hold_it_up_for_a_moment_only(
    postgres_url: str, tmp_path: Path
) -> None:
    words = {"gateway.log.url": postgres_url, "agreements.portal.consent": "required"}
    async with build(tmp_path, words) as house:
        consent = await agreed(house)
        await house.misbehave("population", "slow", seconds=0.5)
        under_way = asyncio.create_task(asked(house, consent))
        await asyncio.sleep(0.25)
        async with hanging(postgres_url):
            status, _, seconds = await under_way
        assert status == 200
        assert 1 < seconds < DEADLINE_MS / 1000 + 1 + GRACE_SECONDS
