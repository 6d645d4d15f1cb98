"""A serving process holds few connections to PostgreSQL, whatever it is asked; the server is asked how many."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from tests.faults.test_consents_store import agreed, asked
from tests.flows.conftest import House, build
from tests.stores.conftest import migrated_database, postgres, postgres_url

__all__ = ("migrated_database", "postgres", "postgres_url")

#: stated in adapters/stores/POSTGRES.md
MOST = 12
ROUNDS, AT_ONCE = 3, 6
HELD = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'motlan'"
)


async def highest(url: str, ended: asyncio.Event) -> int:
    """The most connections that the server has seen of the gateway."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "others"})
    most = 0
    try:
        while not ended.is_set():
            most = max(most, await connection.fetchval(HELD))
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
    return most


async def sent(house: House, method: str, path: str, client: str, **more: Any) -> int:
    """The status; the whole answer is read."""
    headers = {"Authorization": f"Bearer {await house.token(client)}"}
    async with house.session.request(method, house.url + path, headers=headers, **more) as answer:
        await answer.read()
        return answer.status


async def proven(house: House) -> int:
    """Status of a proof that the log only grew."""
    return await sent(house, "GET", "/v1/audit/proof/consistency?from=1", "portal")


async def exported(house: House) -> int:
    return await sent(house, "POST", "/v1/audit/export", "auditor", json={})


async def everything(house: House, consent: str) -> set[int]:
    """Statuses of requests of all kinds at the same time."""
    report = {"report": "requesters", "month": "2026-11"}
    found = await asyncio.gather(
        asked(house, consent),
        house.post("/v1/audit/search", {}, "auditor"),
        house.post("/v1/consents/search", {}),
        house.post("/v1/corrections/search", {}),
        house.post("/v1/audit/report", report, "auditor"),
    )
    return {one[0] for one in found} | {await proven(house), await exported(house)}


@pytest.mark.parametrize("attributes", ["", "read-write", "primary"])
async def test_process_holds_at_most_twelve_connections_under_load_of_all_kinds(
    postgres_url: str, tmp_path: Path, attributes: str
) -> None:
    """Also where the address asks for the primary of several servers."""
    url = f"{postgres_url}&target_session_attrs={attributes}" if attributes else postgres_url
    async with build(tmp_path, {"gateway.log.url": url}) as house:
        consent = await agreed(house)
        async with asyncio.timeout(30):
            while await proven(house) != 200:
                await asyncio.sleep(0.1)
        ended = asyncio.Event()
        counting = asyncio.create_task(highest(postgres_url, ended))
        for _ in range(1 if attributes else ROUNDS):
            for statuses in await asyncio.gather(*(everything(house, consent) for _ in range(AT_ONCE))):
                assert statuses == {200}
        ended.set()
        # the writer, the sequencer and all three lanes are in use
        assert 5 <= await counting <= MOST
