"""Keys of months that somebody spoilt or destroyed by hand: named, never silent, and no harm to other months."""

import asyncio
import io
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.errors import LogUnavailable
from tests import typed
from tests.api.office import Office, fits
from tests.faults.conftest import logged
from tests.keeping.shelf import COLD, HOT, WHO, fill, opened

__all__ = ["logged"]

SPOILT, KEPT, GONE = COLD[1], COLD[2], COLD[3]

SPOIL = "UPDATE period_keys SET wrapped = 'x' WHERE period = '{}'"
DELETE = "DELETE FROM period_keys WHERE period = '{}'"


def run(folder: Path, *statements: str) -> None:
    """What an operator does to the keys, whom no trigger stops."""
    with closing(sqlite3.connect(folder / "exchange.db", timeout=10)) as database, database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = 'period_keys'"
        ).fetchall():
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
        for one in statements:
            database.execute(one)


async def planted_for_ever(office: Office, month: str) -> None:
    while True:
        await office.plant(time=f"{month}-01T00:00:00.000Z")
        await asyncio.sleep(0.1)


async def alarm(office: Office, logged: io.BytesIO, words: str) -> None:
    """Until the gateway tells it."""
    async with asyncio.timeout(60):
        while words not in logged.getvalue().decode():
            await asyncio.sleep(0.1)
    async with office.session.get(f"{office.admin}/health/ready") as answer:
        assert (await answer.json())["dependencies"]["records"] == "altered"


async def test_month_whose_keys_do_not_open_is_named_and_hides_no_other(
    tmp_path: Path, logged: io.BytesIO
) -> None:
    await fill(tmp_path, (*COLD, HOT), 2)
    run(tmp_path, SPOIL.format(SPOILT))
    wanted: dict[str, Any] = {"subject": {"personal_id": WHO}}
    async with opened(tmp_path) as office:
        status, page = await office.post("/v1/audit/search", {**wanted, "phase": "intent"})
        assert (status, len(page["records"]), page["skipped_periods"]) == (200, 8, [SPOILT])
        status, uses = await office.post("/v1/usage", wanted, client="citizen")
        assert (status, uses["skipped_periods"]) == (200, [SPOILT])
        for place, readable in ((2, False), (4, True)):
            exchange = office.leaves()[place]["exchange"]
            body = {"exchange_id": exchange, "reason": "Kiểm tra khóa hỏng"}
            status, answer = await office.post("/v1/audit/identify", body)
            fits("Identified", answer)
            assert (status, answer["records"][0]["readable"]) == (200, readable)
            assert office.leaves()[-1]["notes"]["of"] == exchange
        await alarm(office, logged, f"the root key does not open the keys of {SPOILT}")
    said = typed.motlan("keys", "rotate", "root", "--dir", str(tmp_path))
    assert (said.code, f"the keys of: {SPOILT}\n" in said.out) == (1, True), said
    async with opened(tmp_path) as office:
        status, page = await office.post("/v1/audit/search", {**wanted, "phase": "intent"})
        assert (status, len(page["records"]), page["skipped_periods"]) == (200, 8, [SPOILT])


async def test_gateway_writes_no_more_with_keys_that_were_destroyed_by_hand(
    tmp_path: Path, logged: io.BytesIO
) -> None:
    now = time.strftime("%Y-%m", time.gmtime())
    await fill(tmp_path, (GONE, KEPT), 1)
    async with opened(tmp_path) as office:
        await office.settled(await office.plant(time=f"{now}-01T00:00:00.000Z"))
        delete = DELETE.format(now)
        with closing(sqlite3.connect(tmp_path / "exchange.db")) as database:
            with pytest.raises(sqlite3.IntegrityError, match="not deleted"):
                database.execute(delete)
            # An older one is deleted, as the command does it, but without a record.
            database.execute(DELETE.format(GONE))
            database.commit()
        await alarm(office, logged, f"the keys of {GONE} are gone, and no record tells of it")
        run(tmp_path, delete)
        await alarm(office, logged, f"the keys of {now} are gone, and no record tells of it")
        async with asyncio.timeout(60):
            with pytest.raises(LogUnavailable, match=f"the keys of {now} are gone"):
                await planted_for_ever(office, now)
        status, problem = await office.post("/v1/audit/search", {})
        assert (status, problem["code"]) == (503, "log_unavailable")
        async with office.session.get(f"{office.admin}/health/ready") as answer:
            assert answer.status == 503
    async with opened(tmp_path) as office:
        with pytest.raises(LogUnavailable):
            await office.plant(time=f"{now}-01T00:00:00.000Z")
