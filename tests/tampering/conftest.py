"""A log as it comes about over the door, what an auditor keeps of it, and a state folder for an operator to alter."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from click.testing import CliRunner

from gateway import VERSION
from gateway.cli.verify import verify_log
from gateway.exchange_log.note import Checkpoint
from gateway.exchange_log.standalone import standalone
from gateway.ports.exchange_log import Sequencer
from gateway.serving.server import ServeOptions, running
from tests.api.office import Office
from tests.faults.conftest import logged
from tests.flows.conftest import ROOT, House, build
from tests.flows.test_audit import redeemed

__all__ = ["logged"]

#: prefills before and after the auditor keeps yesterday's checkpoint; each leaves two records
BEFORE, AFTER = 60, 90
AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an auditor holds, and the state folder of the gateway that is no more."""

    state: Path
    vkey: str
    #: notes of the shorter log and of the whole
    yesterday: str
    today: str
    #: the whole log, a stretch of it, and what a search found
    export: bytes
    range_lines: bytes
    found: bytes
    receipt: dict[str, str]
    verifier: Path

    @property
    def size(self) -> int:
        return size_of(self.today)


@dataclass(frozen=True, slots=True)
class Told:
    """What the verifier says of a file."""

    code: int
    text: str


Verify = Callable[..., Told]
Served = Callable[[Path], AbstractAsyncContextManager[tuple[Office, Sequencer]]]


def size_of(note: str) -> int:
    return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Made once: 300 records over the door, numbered by the gateway itself."""
    return asyncio.run(_made(tmp_path_factory.mktemp("evidence")))


async def _made(folder: Path) -> Evidence:
    async with build(folder / "state", {}) as house:
        await _prefilled(house, BEFORE)
        yesterday = await _note(house)
        receipt = await _prefilled(house, AFTER)
        today = await _note(house)
        export = await _export(house, {"to": size_of(today)})
        # over a border of tiles, with something left and right of it
        range_lines = await _export(house, {"from": 100, "to": 280})
        found = await _export(house, {"search": {"phase": "outcome"}})
    verifier = folder / "verify_motlan_log.py"
    verifier.write_text(standalone(VERSION, verifier.name), "utf-8")
    return Evidence(
        folder / "state", _vkey(found), yesterday, today, export, range_lines, found, receipt, verifier
    )


async def _prefilled(house: House, count: int) -> dict[str, str]:
    """So many prefills, numbered; the receipt of one of them."""
    who = house.subject("facts_example")
    subjects = {"requester": who, "person": {"same_as": "requester"}}
    answers: list[Any] = []
    while len(answers) < count:
        answers += await asyncio.gather(*(house.prefill("1.004873", subjects) for _ in range(AT_ONCE)))
    for answer in answers:
        await redeemed(house, answer["receipt"])
    receipt: dict[str, str] = answers[count // 2]["receipt"]
    return receipt


async def _note(house: House) -> str:
    async with house.session.get(f"{house.url}/log/checkpoint") as answer:
        return await answer.text()


async def _export(house: House, body: dict[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    async with house.session.post(f"{house.url}/v1/audit/export", json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


def _vkey(export: bytes) -> str:
    vkey: str = orjson.loads(export.partition(b"\n")[0])["vkeys"][0]
    return vkey


@pytest.fixture
def state(evidence: Evidence, tmp_path: Path) -> Path:
    """A copy of the state folder, for an operator to work on."""
    return shutil.copytree(evidence.state, tmp_path / "state")


def operate(state: Path, *done: str | Callable[[sqlite3.Connection], object]) -> None:
    """What an operator with full access to the database does: no trigger stops him."""
    with closing(sqlite3.connect(state / "exchange.db")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for one in done:
            database.execute(one) if isinstance(one, str) else one(database)


@pytest.fixture
def verify(evidence: Evidence, tmp_path: Path) -> Verify:
    """`motlan verify-log`. The verifier as one file says the same: see `test_files.py`."""

    def verified(export: bytes, *, vkey: str = "", **notes: str) -> Told:
        words = words_for(tmp_path, export, vkey or evidence.vkey, **notes)
        ran = CliRunner().invoke(verify_log, words, standalone_mode=False)
        assert ran.exception is None, ran.exc_info
        return Told(ran.return_value, ran.output)

    return verified


def words_for(folder: Path, export: bytes, vkey: str, **notes: str) -> list[str]:
    """The words for a verifier, after putting what it reads into the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "export.jsonl").write_bytes(export)
    words = [str(folder / "export.jsonl"), "--vkey", vkey]
    for name, note in notes.items():
        (folder / name).write_bytes(note.encode())
        words += [f"--{name}", str(folder / name)]
    return words


@pytest.fixture
def served() -> Served:
    """A gateway without sandbox over a state folder."""

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[tuple[Office, Sequencer]]:
        ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
        plan = ServeOptions(root=ROOT, config=ROOT / "config", state=folder, overrides=ports)
        async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
            described: dict[str, Any] = content
            assert gateway.app is not None
            office = Office(
                gateway.api, gateway.admin, folder, gateway.app.shared.recorder.log, described["log"]["vkey"],
                described["clients"], session,
            )  # fmt: skip
            yield office, gateway.app.shared.sequencer

    return opened
