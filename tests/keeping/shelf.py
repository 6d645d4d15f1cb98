"""What the tests of the keeper share: a log of past months, the command line, and a gateway over the same folder."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import orjson

from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from gateway.config.gateway import LogSettings
from gateway.keeping.months import Month
from gateway.serving.server import ServeOptions, running
from tests import fresh, typed
from tests.api.office import Office
from tests.stores.numbered import run_until
from tests.stores.sample import some_record

ROOT = Path(__file__).parents[2]
ORIGIN = LogSettings().origin
URL = LogSettings().url
WHO = "033506718294"
OFFICIAL = "033817264093"
#: outside the hot period by the shipped setting, whenever the tests run, and one month inside
COLD = tuple(str(Month.of(datetime.now(UTC)).plus(-25 - back)) for back in (3, 2, 1, 0))
HOT = str(Month.of(datetime.now(UTC)).plus(-24))


async def fill(
    folder: Path, months: Sequence[str] = (*COLD, HOT), count: int = 5, url: str = URL
) -> list[str]:
    """So many records in each month, in the tree; their leaf hashes."""
    fresh.log_in(folder)
    log = open_log(url, folder, ORIGIN, None)
    sequencer = open_sequencer(url, folder, ORIGIN)
    hashes: list[str] = []
    for month in months:
        records = [
            some_record(
                time=f"{month}-{day % 28 + 1:02}T03:04:05.678Z", official=OFFICIAL,
                subjects={"requester": f"person|{WHO}"}, dossier="H31.14-240901-0007",
            )
            for day in range(count)
        ]  # fmt: skip
        hashes += [one.leaf_hash for one in await asyncio.gather(*map(log.append, records))]
    await log.close()
    await run_until(sequencer, len(hashes))
    # what the keeper's commands have recorded is numbered with them
    assert (sequencer.records >= len(hashes), sequencer.fault) == (True, "")
    return hashes


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "gateway", *words, "--dir", str(folder)]


def motlan(folder: Path, *words: str, given: str = "", code: int = 0) -> str:
    """What the command says on standard output, or, when it says no, on the other one."""
    said = typed.motlan(*words, "--dir", str(folder), given=given)
    assert said.code == code, said.err
    return said.out if code == 0 else said.err


def facts(folder: Path, *words: str) -> Any:
    return orjson.loads(motlan(folder, *words, "--json"))


@asynccontextmanager
async def opened(
    folder: Path, url: str = URL, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Office]:
    """A gateway over the folder; `more` are further settings."""
    fresh.log_in(folder)
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
    overrides = {**ports, "gateway.log.url": url, **more}
    plan = ServeOptions(root=ROOT, config=ROOT / "config", state=folder, overrides=overrides)
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        described: dict[str, Any] = content
        assert gateway.app is not None
        yield Office(
            gateway.api, gateway.admin, folder, gateway.app.shared.recorder.log,
            described["log"]["vkey"], described["clients"], session,
        )  # fmt: skip


def kill(folder: Path, seconds: float, *words: str) -> None:
    """Start a command and kill it after a while, wherever it is."""
    process = subprocess.Popen(  # noqa: S603 -- this interpreter
        command(folder, *words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.kill()
    process.wait()


def in_files(folder: Path, wanted: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and wanted in path.read_bytes()]
