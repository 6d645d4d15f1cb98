"""Open event streams of the operators' pages: what a thousand of them take of one worker.

    python -m tests.bench.streams [--streams 1000] [--seconds 10]

The gateway and its sandbox are a process of their own; memory is its resident set before and with the streams open,
CPU its own while nothing changes. One session stands for 167 officials: its limit of streams is lifted here.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

from gateway import telemetry
from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.bench.load import cpu_seconds
from tests.flows.conftest import House
from tests.login.browser import Browser, Town
from tests.pages.trial import entered

ROOT = Path(__file__).parents[2]
#: of one stream, in KB
MOST_KB = 30
_SERVER = "import sys; from tests.bench import streams; streams.serve(sys.argv[1])"


def serve(folder: str) -> None:
    """The server's process: says where it is, and ends with its input."""

    async def run() -> None:
        state = Path(folder)
        fresh.log_in(state)
        telemetry.set_up()
        ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}
        plan = ServeOptions(
            root=ROOT, config=ROOT / "config", state=state, overrides=ports, with_sandbox=True
        )
        async with running(plan) as (gateway, content):
            assert gateway.app is not None
            operation = gateway.app.services.operation
            assert operation is not None
            operation.streams._most_of_session = 1_000_000
            operation.streams._most = 1_000_000
            print(orjson.dumps(content, default=str).decode(), flush=True)
            await asyncio.to_thread(sys.stdin.read)

    uvloop.run(run())


def resident_kb(pid: int) -> int:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


async def first_event(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientResponse:
    """A stream whose first cells have come."""
    stream = await session.get(url, timeout=aiohttp.ClientTimeout(total=None))
    assert stream.status == 200, await stream.text()
    async for line in stream.content:
        if line.startswith(b"data: "):
            return stream
    raise AssertionError("no event")


async def measured(described: Any, pid: int, count: int, seconds: float) -> dict[str, float]:
    """The figures of so many streams."""
    async with aiohttp.ClientSession() as plain:
        house = House(
            described["gateway"], described["admin"], described["sandbox"]["control"], Path(),
            described["clients"], described["personas"], plain,
        )  # fmt: skip
        async with Browser(Town(house, None, None)) as browser:  # type: ignore[arg-type]
            await entered(browser, "/ops", "van.hanh")
            url = f"{house.url}/ops/events"
            jar = browser.session.cookie_jar
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(
                cookie_jar=jar, connector=connector, read_bufsize=65_536
            ) as session:
                warm = [await first_event(session, url) for _ in range(20)]
                for one in warm:
                    one.close()
                await asyncio.sleep(3)
                before = resident_kb(pid)
                streams = []
                for start in range(0, count, 50):
                    batch = [first_event(session, url) for _ in range(min(50, count - start))]
                    streams += await asyncio.gather(*batch)
                began = cpu_seconds([pid])
                await asyncio.sleep(seconds)
                cpu = (cpu_seconds([pid]) - began) / seconds
                taken = (resident_kb(pid) - before) / count
                for one in streams:
                    one.close()
    return {"streams": count, "kb_each": round(taken, 1), "cpu_share": round(cpu, 3)}


@asynccontextmanager
async def served(folder: str) -> AsyncIterator[tuple[Any, int]]:
    """The server's process: what it says of itself, and its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        limit=4_000_000,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield orjson.loads(await process.stdout.readline()), process.pid
    finally:
        process.stdin.close()
        await process.wait()


async def main(count: int, seconds: float) -> int:
    """Measure, print one line of JSON; 1 if a stream takes too much."""
    with tempfile.TemporaryDirectory(prefix="motlan-streams-") as folder:
        async with served(folder) as (described, pid):
            found = await measured(described, pid, count, seconds)
    print(orjson.dumps(found).decode())
    return int(found["kb_each"] > MOST_KB)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.streams, given.seconds)))
