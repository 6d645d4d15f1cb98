"""The consents' database hangs: no request waits beyond its time, and none waits behind another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from adapters.stores.postgres import _COMMAND_SECONDS
from gateway.domain import sentences as say
from tests.flows.conftest import House, build, new_official
from tests.flows.test_consents import later
from tests.stores.conftest import migrated_database, postgres, postgres_url

__all__ = ("migrated_database", "postgres", "postgres_url")

AT_ONCE = 8


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


async def asked(house: House, consent: str, deadline_ms: int = 10_000) -> tuple[int, Any]:
    """Status, and why."""
    body = {
        "procedure": "1.004222", "subjects": {"applicant": house.subject("married")}, "official": new_official(),
        "consent": consent, "deadline_ms": deadline_ms,
    }  # fmt: skip
    status, answer = await house.post("/v1/prefill", body)
    return status, answer.get("detail")


async def test_consents_that_cannot_be_looked_up_in_time_are_told_in_time(
    postgres_url: str, tmp_path: Path
) -> None:
    async with build(tmp_path, {"gateway.log.url": postgres_url}) as house:
        consent = await agreed(house)
        assert (await asked(house, consent))[0] == 200
        async with hanging(postgres_url):
            told = await asyncio.gather(*(asked(house, consent, 1_000) for _ in range(AT_ONCE)))
            # the request's own time was over, and not that of the database
            assert {status for status, _ in told} == {503}
            assert say.CONSENT_LATE.en in {why for _, why in told}
            # a request that comes soon after does not ask it, and does not wait for its own time
            soon = [await asked(house, consent, 1_000) for _ in range(4)]
            assert (503, say.DATABASE_LATE.en) in soon
        async with asyncio.timeout(30):
            while (await asked(house, consent))[0] != 200:
                await asyncio.sleep(0.1)


async def test_consents_that_hang_before_the_answer_leaves_hold_it_up_for_a_moment_only(
    postgres_url: str, tmp_path: Path
) -> None:
    words = {"gateway.log.url": postgres_url, "agreements.portal.consent": "required"}
    async with build(tmp_path, words) as house:
        consent = await agreed(house)
        await house.misbehave("population", "slow", seconds=3)
        began = asyncio.get_running_loop().time()
        under_way = asyncio.create_task(asked(house, consent))
        while not (await house.calls()).get("population.TraCuuThongTinCongDan"):
            await asyncio.sleep(0.02)
        async with hanging(postgres_url):
            assert (await under_way)[0] == 200
            took = asyncio.get_running_loop().time() - began
        # the look-up has a second; the database would end it after five
        assert took < 3 + _COMMAND_SECONDS
