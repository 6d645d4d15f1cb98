"""The other rows: memory, start-up, growth with the catalogue, one hanging source, retry storms.

python -m tests.bench.promises [--seconds S]
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench import gateway_target
from tests.bench.load import Figures, Target, measure
from tests.bench.run import Place, bind, median, start_gateway, started, stubbed

ROOT = Path(__file__).parents[2]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure promises beside raw speed.")
    parser.add_argument("--seconds", type=float, default=4)
    seconds = parser.parse_args().seconds
    bind(1)
    figures: dict[str, Any] = {}
    for part in (memory, growth, one_source_hangs, retry_storm):
        figures.update(part(seconds))
        for name, value in figures.items():
            print(f"{name:58}{value}", file=sys.stderr)
    print(json.dumps({"bench": "promises", "cpus": os.cpu_count(), "figures": figures}))


def memory(seconds: float) -> dict[str, Any]:
    """Memory after as many requests, and after three times as many more."""
    with stubbed() as at:
        target = start_gateway(Place(at.stack, at.folder / "gateway", at.stub))
        return {
            "MB at saturation": _run(target, seconds).memory_mb,
            "MB after three times as many requests": _run(target, seconds * 3).memory_mb,
        }


def growth(seconds: float) -> dict[str, Any]:
    """1 000 procedures and 200 sources against the shipped catalogue."""
    with stubbed() as at:
        small = start_gateway(Place(at.stack, at.folder / "small", at.stub))
        before = statistics.median(_run(small, seconds).cpu_ms for _ in range(3))
    with stubbed() as at:
        began = time.monotonic()
        large = start_gateway(Place(at.stack, at.folder / "large", at.stub), _enlarge)
        ready = time.monotonic() - began
        after = statistics.median(_run(large, seconds).cpu_ms for _ in range(3))
        return {
            "start with 1 000 procedures, 200 sources, seconds to ready": round(ready, 2),
            "CPU ms a prefill, shipped catalogue": before,
            "CPU ms a prefill, 1 000 procedures, 200 sources": after,
        }


def one_source_hangs(seconds: float) -> dict[str, Any]:
    """One of the sources hangs: the others answer, by the deadline; with its breaker open at once."""
    return asyncio.run(_sandboxed(_hanging, seconds))


def retry_storm(seconds: float) -> dict[str, Any]:
    """Every answer of one source breaks off: how many calls the provider sees for one of ours."""
    return asyncio.run(_sandboxed(_storm, max(seconds * 5, 20)))


async def _sandboxed(part: Any, seconds: float) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = folder / "ready.json"
        ports = ("--port", "0", "--set", "gateway.admin.port=0", "--set", "gateway.sandbox.port=0")
        command = [sys.executable, "-m", "gateway", "serve", "--with-sandbox", "--quiet", *ports,
                   "--dir", str(folder / "state"), "--ready-file", str(file)]  # fmt: skip
        process = stack.enter_context(started(command, 0, folder / "log"))
        gateway_target.wait_ready(folder, process)
        ready = json.loads(file.read_text("utf-8"))
        async with aiohttp.ClientSession() as session:
            found: dict[str, Any] = await part(_Portal(session, ready), seconds)
            return found


class _Portal:
    """Asks prefills of the sandboxed gateway, each under another official so that nothing is shared."""

    def __init__(self, session: aiohttp.ClientSession, ready: Mapping[str, Any]) -> None:
        self.session = session
        self.url = ready["gateway"]
        self.control = ready["sandbox"]["control"]
        client = ready["clients"]["portal"]
        self._basic = aiohttp.encode_basic_auth(client["client_id"], client["client_secret"])
        who = next(one for one in ready["personas"] if "facts_example" in one["traits"])
        self._who = {name: who[name] for name in ("personal_id", "full_name", "birth_date")}
        self._headers: dict[str, str] = {}
        self._number = 0

    async def ask(self) -> tuple[float, dict[str, str]]:
        """Milliseconds, and the outcome of each source."""
        if not self._headers:
            form, headers = {"grant_type": "client_credentials"}, {"Authorization": self._basic}
            async with self.session.post(f"{self.url}/oauth2/token", data=form, headers=headers) as answer:
                self._headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        self._number += 1
        official = {"personal_id": f"033085{self._number:06}", "agency": "000.00.14.H31", "account": "bench"}
        subjects = {"requester": self._who, "person": {"same_as": "requester"}}
        body = {"procedure": "1.004873", "subjects": subjects, "official": official, "deadline_ms": 1000}
        began = time.perf_counter()
        async with self.session.post(f"{self.url}/v1/prefill", json=body, headers=self._headers) as answer:
            found = await answer.json()
        elapsed = (time.perf_counter() - began) * 1000
        return elapsed, {entry["source"]: entry["outcome"] for entry in found["sources"]}

    async def paced(self, rate: float, seconds: float) -> list[tuple[float, dict[str, str]]]:
        """So many requests a second, whatever the answers take."""
        tasks, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            tasks.append(asyncio.create_task(self.ask()))
            await asyncio.sleep(1 / rate)
        return await asyncio.gather(*tasks)

    async def misbehave(self, source: str, mode: str) -> None:
        async with self.session.post(f"{self.control}/misbehave", json={"source": source, "mode": mode}):
            pass

    async def calls(self) -> dict[str, int]:
        async with self.session.get(f"{self.control}/calls") as answer:
            found: dict[str, int] = (await answer.json())["calls"]
            return found


async def _hanging(portal: _Portal, seconds: float) -> dict[str, Any]:
    calm = await portal.paced(10, seconds)
    await portal.misbehave("civil_status", "hang")
    first = await portal.paced(10, 2)
    await asyncio.sleep(6)
    later = await portal.paced(10, seconds)
    return {
        "p95 ms, all sources well": round(_quantile([ms for ms, _ in calm], 0.95), 1),
        "p95 ms, one source hangs, deadline 1000": round(_quantile([ms for ms, _ in first], 0.95), 1),
        "p95 ms, its breaker open": round(_quantile([ms for ms, _ in later], 0.95), 1),
        "other source found while one hangs": f"{sum(o['population'] == 'found' for _, o in first)}/{len(first)}",
    }


async def _storm(portal: _Portal, seconds: float) -> dict[str, Any]:
    await portal.ask()
    before = (await portal.calls())["civil_status.trichLuc"]
    await portal.misbehave("civil_status", "reset")
    asked = await portal.paced(20, seconds)
    seen = (await portal.calls())["civil_status.trichLuc"] - before
    return {
        "storm: calls at the provider for one request": round(seen / len(asked), 3),
        "storm: requests": len(asked),
    }


def _enlarge(folder: Path) -> None:
    template = (folder / f"mappings/procedures/{gateway_target.CODE}.yaml").read_text("utf-8")
    form = folder / f"schemas/forms/{gateway_target.CODE}.schema.json"
    for number in range(1_000):
        code = f"8.{number:06}"
        copy = template.replace(gateway_target.CODE, code)
        (folder / f"mappings/procedures/{code}.yaml").write_text(copy, "utf-8")
        words = form.read_text("utf-8").replace(gateway_target.CODE, code)
        (folder / f"schemas/forms/{code}.schema.json").write_text(words, "utf-8")
    for number in range(200):
        for room in ("config", "mappings"):
            text = (folder / room / "sources/driving_licence.yaml").read_text("utf-8")
            name = f"copy_{number}"
            text = text.replace("source: driving_licence", f"source: {name}")
            (folder / room / f"sources/{name}.yaml").write_text(text, "utf-8")
    agreement = folder / "config/agreements/bench.yaml"
    agreement.write_text(agreement.read_text("utf-8").replace(f'["{gateway_target.CODE}"]', '["*"]'), "utf-8")


def _run(target: Target, seconds: float) -> Figures:
    return median([measure(target, seconds)])


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


if __name__ == "__main__":
    main()
