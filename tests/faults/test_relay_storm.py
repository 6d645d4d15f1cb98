"""Promises P1, P2, P3 at the receiver: kill -9, database restarts, resends, answers dropped after the commit.

A sandbox in a process of its own is the receiver; its ledger counts what was lost and what took effect twice.
"""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.flows.conftest import ROOT
from tests.flows.test_dossiers import dossier, step
from tests.stores.conftest import migrated, postgres_server
from tests.stores.test_sequencer_kills import crash

_START_SECONDS = 60
_SENDERS = 16


@dataclass(kw_only=True)
class Storm:
    """One gateway that is killed and started again, one receiver, and what the senders were answered."""

    folder: Path
    dossiers: int
    words: tuple[str, ...] = ()
    #: the module that is run, and its words
    program: tuple[str, ...] = ("gateway",)
    port: int = 0
    control: str = ""
    rng: random.Random = field(default_factory=lambda: random.Random(14))
    #: code -> whether it was acknowledged
    acknowledged: set[str] = field(default_factory=set)
    progressed: set[str] = field(default_factory=set)
    url: str = ""
    clients: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the gateway, at the same port each time."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [
            sys.executable, "-m", *self.program, "serve", "--quiet", "--port", str(self.port), "--dir",
            str(self.folder / "state"), "--ready-file", str(ready), "--set", "gateway.admin.port=0", "--set",
            f"portals.national_bus.url={self.control.removesuffix('/__sandbox')}/national_bus", *self.words,
        ]  # fmt: skip
        with (self.folder / "err").open("ab") as err:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=err, stdout=subprocess.DEVNULL)  # noqa: S603
        _wait_for(ready, self.process)
        described = json.loads(ready.read_text("utf-8"))
        self.url, self.clients = described["gateway"], described["clients"]
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """As power loss does to a process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    async def send_all(self, session: aiohttp.ClientSession) -> None:
        """Every dossier until it is acknowledged; a fifth again, half of these under a new key."""
        waiting = [dossier(code=f"H31.77-260105-{number:05}") for number in range(self.dossiers)]

        async def sender() -> None:
            token = ""
            while waiting:
                body = waiting.pop()
                token = await self._until(session, token, "/v1/dossiers", body, f"key-{body['code']}")
                self.acknowledged.add(body["code"])
                if self.rng.random() < 0.2:
                    again = f"key-{body['code']}" if self.rng.random() < 0.5 else f"new-{body['code']}"
                    token = await self._until(session, token, "/v1/dossiers", body, again)
                if self.rng.random() < 0.3:
                    entries = {"entries": [step(body["code"])]}
                    token = await self._until(session, token, "/v1/dossiers/progress", entries, "")
                    self.progressed.add(body["code"])

        async with asyncio.TaskGroup() as group:
            for _ in range(_SENDERS):
                group.create_task(sender())

    async def _until(
        self, session: aiohttp.ClientSession, token: str, path: str, body: dict[str, Any], key: str
    ) -> str:
        """Send until it is accepted; a token that is not taken any more is asked for again."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                token = token or await self.token(session)
                headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
                async with session.post(self.url + path, json=body, headers=headers) as response:
                    if response.status == 202:
                        return token
                    assert response.status in (401, 409, 429, 503), await response.text()
                    token = "" if response.status == 401 else token
            await asyncio.sleep(0.1)

    async def token(self, session: aiohttp.ClientSession) -> str:
        known = self.clients["one_gate"]
        headers = {"Authorization": aiohttp.encode_basic_auth(known["client_id"], known["client_secret"])}
        form = {"grant_type": "client_credentials"}
        async with session.post(f"{self.url}/oauth2/token", data=form, headers=headers) as response:
            return str((await response.json())["access_token"]) if response.status == 200 else ""

    async def totals(self, session: aiohttp.ClientSession) -> dict[str, Any]:
        async with session.get(f"{self.control}/portal/ledger", params={"count": "0"}) as response:
            found: dict[str, Any] = (await response.json())["totals"]
            return found

    async def rows(self, session: aiohttp.ClientSession) -> dict[str, dict[str, Any]]:
        """The whole ledger, by code."""
        found: dict[str, dict[str, Any]] = {}
        while True:
            page = {"from": str(len(found)), "count": "1000"}
            async with session.get(f"{self.control}/portal/ledger", params=page) as response:
                rows = (await response.json())["dossiers"]
            found |= {row["code"]: row for row in rows}
            if not rows:
                return found

    async def state(self, session: aiohttp.ClientSession) -> str:
        """What stands where, for a failure."""
        totals = await self.totals(session)
        tail = (self.folder / "err").read_text("utf-8")[-3_000:]
        return f"acknowledged {len(self.acknowledged)}, ledger {totals}, log of the gateway: {tail}"

    async def misbehave(self, session: aiohttp.ClientSession, **rule: Any) -> None:
        body = {"source": "national_bus", **rule}
        async with session.post(f"{self.control}/misbehave", json=body) as response:
            assert response.status == 200, await response.text()


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not file.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


@contextlib.contextmanager
def receiver(folder: Path) -> Iterator[str]:
    """The sandbox in a process of its own; yields its control door."""
    ready = folder / "sandbox.json"
    command = [
        sys.executable,
        "-m",
        "gateway",
        "sandbox",
        "--quiet",
        "--port",
        "0",
        "--ready-file",
        str(ready),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait_for(ready, process)
        yield str(json.loads(ready.read_text("utf-8"))["sandbox"]["control"])
    finally:
        process.kill()
        process.wait(10)


@contextlib.asynccontextmanager
async def storming(
    folder: Path, dossiers: int, *words: str
) -> AsyncIterator[tuple[Storm, aiohttp.ClientSession]]:
    with receiver(folder) as control:
        storm = Storm(folder=folder, dossiers=dossiers, words=words, control=control)
        await asyncio.to_thread(storm.start)
        timeout = aiohttp.ClientTimeout(total=30)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                yield storm, session
        finally:
            storm.kill()


async def arrived(storm: Storm, session: aiohttp.ClientSession, seconds: float) -> dict[str, dict[str, Any]]:
    """The ledger when every acknowledged dossier and step is there."""
    rows: dict[str, dict[str, Any]] = {}
    missing: set[str] = set()
    try:
        async with asyncio.timeout(seconds):
            while True:
                while (await storm.totals(session))["dossiers"] < len(storm.acknowledged):
                    await asyncio.sleep(0.5)
                rows = await storm.rows(session)
                missing = {code for code in storm.acknowledged if not rows.get(code, {}).get("creates")}
                missing |= {code for code in storm.progressed if not rows.get(code, {}).get("progress_rows")}
                if not missing:
                    return rows
                await asyncio.sleep(min(5, 0.2 + len(rows) / 1_000))
    except TimeoutError:
        pytest.fail(f"not arrived in {seconds} s: {sorted(missing)[:5]}; {await storm.state(session)}")


def nothing_lost_or_doubled(storm: Storm, rows: dict[str, dict[str, Any]]) -> None:
    assert len(storm.acknowledged) == storm.dossiers
    assert [code for code in storm.acknowledged if code not in rows] == []
    assert [row["code"] for row in rows.values() if row["creates"] != 1] == []
    # After a kill it is unknown whether the receiver has it: the same content goes as an update and changes nothing.
    assert [row["code"] for row in rows.values() if len(set(row["digests"])) != 1] == []
    assert [row["code"] for row in rows.values() if row["progress_doubled"]] == []


SIZES = [
    # what a killed process held is taken up by the next when its lease is over
    pytest.param(150, 3, ("--set", "gateway.relay.lease_seconds=10"), id="150 dossiers, 3 kills"),
    pytest.param(10_000, 10, (), id="10 000 dossiers, 10 kills", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("dossiers", "kills", "words"), SIZES)
async def test_no_dossier_is_lost_or_doubled_by_kills_resends_and_dropped_answers(
    tmp_path: Path, dossiers: int, kills: int, words: tuple[str, ...]
) -> None:
    async with storming(tmp_path, dossiers, *words) as (storm, session):
        await storm.misbehave(session, mode="drop_after_commit", percent=10)
        sending = asyncio.create_task(storm.send_all(session))
        for number in range(kills):
            while len(storm.acknowledged) < dossiers * (number + 1) // (kills + 1) and not sending.done():
                await asyncio.sleep(0.02)
            storm.kill()
            await asyncio.to_thread(storm.start)
        await sending
        nothing_lost_or_doubled(storm, await arrived(storm, session, 120 + dossiers / 20))


@pytest.mark.slow
async def test_no_dossier_is_lost_or_doubled_when_postgres_restarts(tmp_path: Path) -> None:
    with postgres_server() as server:
        await asyncio.to_thread(migrated, str(server.get_uri()))
        url = f"gateway.log.url={server.get_uri()}"
        async with storming(tmp_path, 2_000, "--set", url) as (storm, session):
            await storm.misbehave(session, mode="drop_after_commit", percent=10)
            sending = asyncio.create_task(storm.send_all(session))
            for number in range(4):
                while len(storm.acknowledged) < 2_000 * (number + 1) // 5 and not sending.done():
                    await asyncio.sleep(0.02)
                if number % 2:
                    storm.kill()
                    await asyncio.to_thread(storm.start)
                else:
                    await asyncio.to_thread(crash, server)
                    await asyncio.to_thread(server.ensure_postgres_running)
            await sending
            nothing_lost_or_doubled(storm, await arrived(storm, session, 240))


@pytest.mark.slow
async def test_backlog_is_delivered_soon_after_the_receiver_is_back(tmp_path: Path) -> None:
    async with storming(tmp_path, 1_000) as (storm, session):
        await storm.misbehave(session, mode="status503")
        await storm.send_all(session)
        await asyncio.sleep(10)
        assert (await storm.totals(session))["dossiers"] == 0
        async with session.delete(f"{storm.control}/misbehave") as response:
            assert response.status == 204
        began = time.monotonic()
        rows = await arrived(storm, session, 600)
        assert time.monotonic() - began <= 60
        nothing_lost_or_doubled(storm, rows)
