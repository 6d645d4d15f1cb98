"""What exports carry for whoever kept a checkpoint, and what they say of what they could not look at."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.exchange_log.note import Checkpoint, NoteSigner
from tests import typed
from tests.api.test_audit import Office
from tests.exchange_log.sample import key
from tests.keeping.shelf import opened


ELSEWHERE = NoteSigner("elsewhere", key(1)).sign(Checkpoint("elsewhere", 1, bytes(32)).text())


@pytest.fixture(name="office")
async def _office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as made:
        (tmp_path / "ready.json").write_bytes(ready(made))
        yield made


def ready(office: Office) -> bytes:
    return orjson.dumps(
        {"gateway": office.url, "clients": office.clients, "log": {"vkey": office.vkey, "origin": ""}}
    )


async def run(office: Office, *words: str, given: str = "") -> typed.Said:
    file = ("--ready-file", str(office.state / "ready.json"))
    return await asyncio.to_thread(typed.motlan, *words, *file, given=given)


async def verified(office: Office, file: Path, since: Path) -> typed.Said:
    words = ("verify-log", str(file), "--vkey", office.vkey, "--since", str(since))
    return await asyncio.to_thread(typed.motlan, *words)


async def test_day_that_begins_behind_a_kept_checkpoint_shows_growth_with_its_proof(office: Office) -> None:
    kept, out = office.state / "kept", office.state / "out.jsonl"
    await office.settled(*[await office.plant(time="2026-11-20T01:00:00.000Z") for _ in range(3)])
    assert (await run(office, "log", "checkpoint", "--out", str(kept))).code == 0
    await office.settled(await office.plant(time="2026-11-22T01:00:00.000Z"))
    for hour in range(5):
        await office.settled(await office.plant(time=f"2026-11-24T0{hour}:00:00.000Z"))
    day = ("log", "export", "--day", "2026-11-24", "--out", str(out))
    assert (await run(office, *day)).code == 0
    said = await verified(office, out, kept)
    assert (said.code, "--grown-from" in said.err) == (1, True), said.err
    for words in (
        day, ("log", "export", "--from", "7", "--out", str(out)),
        ("log", "export", "--procedure", "1.004873", "--out", str(out)),
    ):  # fmt: skip
        said = await run(office, *words, "--grown-from", str(kept))
        assert said.code == 0, said.err
        said = await verified(office, out, kept)
        assert (said.code, "whose checkpoint you kept" in said.out) == (0, True), said.err
    said = await run(office, *day, "--csv", "--grown-from", str(kept))
    assert (said.code, "proves nothing" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"grown_from": 1_000_000}, "the log has"),
        ({"grown_from": "yesterday"}, "byte by byte"),
        ({"grown_from": ELSEWHERE}, "another log"),
        ({"grown_from": 1, "format": "csv"}, "CSV proves nothing"),
    ],
)  # fmt: skip
async def test_checkpoint_out_of_which_nothing_can_be_proven_is_refused(
    office: Office, given: dict[str, Any], told: str
) -> None:
    await office.settled(await office.plant())
    status, problem = await office.post("/v1/audit/export", given)
    assert (status, told in problem["detail"]) == (400, True), problem
    head = json.loads((await office.export(grown_from=1)).partition(b"\n")[0])
    assert list(head["consistency"]) == ["1"]
