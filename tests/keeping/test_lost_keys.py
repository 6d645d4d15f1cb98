"""Keys of months that somebody spoilt or destroyed by hand: named, never silent, and no harm to other months."""

import asyncio
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import typed
from tests.api.test_audit import Office, fits
from tests.faults.conftest import logged
from tests.keeping.shelf import COLD, HOT, WHO, fill, opened

__all__ = ["logged"]

SPOILT, KEPT, GONE = COLD[1], COLD[2], COLD[3]


def run(folder: Path, *statements: str) -> None:
    """What an operator does to the keys, whom no trigger stops."""
    with closing(sqlite3.connect(folder / "exchange.db", timeout=10)) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'period_keys'").fetchall():
            database.execute(f"DROP TRIGGER IF EXISTS {name}")
        for one in statements:
            database.execute(one)


async def alarm(office: Office, logged: io.BytesIO, words: str) -> None:
    """Until the gateway tells it."""
    async with asyncio.timeout(20):
        while words not in logged.getvalue().decode():
            await asyncio.sleep(0.1)
    async with office.session.get(f"{office.admin}/health/ready") as answer:
        assert (await answer.json())["dependencies"]["records"] == "altered"


async def test_month_whose_keys_do_not_open_is_named_and_hides_no_other(
    tmp_path: Path, logged: io.BytesIO
) -> None:
    await fill(tmp_path, (*COLD, HOT), 2)
    run(tmp_path, f"UPDATE period_keys SET wrapped = 'x' WHERE period = '{SPOILT}'")
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
