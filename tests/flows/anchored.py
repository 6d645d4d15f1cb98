"""What tests of anchors share: a gateway with anchors of its own configuration, and a witness beside it."""

import asyncio
import base64
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.anchors.witness_door import build_witness, vkey_of
from gateway.config.gateway import Listener
from gateway.exchange_log.note import NoteSigner
from gateway.serving.server import ServeOptions, running, sandbox_at
from tests import fresh, unhurried
from tests.flows.conftest import ROOT, House

SEED = bytes(range(7, 39))
ORIGIN = "motlan.example/exchange-log"
VKEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(SEED)).vkey
WITNESS_SEED = bytes(range(9, 41))
WITNESS_NAME = "inspectorate.example/witness"


def configured(folder: Path, words: str) -> Path:
    """The shipped configuration with `log.anchors` set to these words (YAML)."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    file = config / "gateway.yaml"
    lines = "".join(f"    {line}\n" for line in words.splitlines())
    file.write_text(file.read_text("utf-8").replace("log:\n", f"log:\n  anchors:\n{lines}"), "utf-8")
    return config


@asynccontextmanager
async def gateway(config: Path, state: Path, sandbox: str) -> AsyncIterator[House]:
    """A gateway over `config`, whose log is signed by SEED."""
    _keyed(state)
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")} | unhurried.settings()
    plan = ServeOptions(root=ROOT, config=config, state=state, overrides=ports, sandbox=sandbox)
    async with running(plan) as (_, content), aiohttp.ClientSession() as session:
        described: dict[str, Any] = content
        yield House(
            described["gateway"], described["admin"], f"{sandbox}/__sandbox", state,
            described["clients"], described["personas"], session,
        )  # fmt: skip


def _keyed(state: Path) -> None:
    fresh.log_in(state)
    (state / "exchange-log-signing.key").write_bytes(base64.b64encode(SEED))


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """A sandbox, and the certificate of its time stamping authority in a file."""
    async with sandbox_at(ROOT, Listener(port=0)) as address, aiohttp.ClientSession() as session:
        async with session.get(f"{address}/tsa/ca.pem") as answer:
            file = folder / "ca.pem"
            file.write_bytes(await answer.read())
        yield address, file


@asynccontextmanager
async def witness(memory: Path, port: int = 0, seed: bytes = WITNESS_SEED) -> AsyncIterator[tuple[str, str]]:
    """A witness of the log of SEED: its address and its key."""
    app = build_witness(WITNESS_NAME, seed, [VKEY], memory)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", vkey_of(app)
    finally:
        await runner.cleanup()


async def ask(house: House, number: int = 0) -> tuple[int, Any, Any]:
    """One prefill, in another official's name each time: status, answer, headers."""
    subjects = {"requester": house.subject("facts_example"), "person": {"same_as": "requester"}}
    official = {"personal_id": f"0330915832{number:02}", "agency": "000.00.14.H31"}
    body = {"procedure": "1.004873", "subjects": subjects, "official": official}
    headers = {"Authorization": f"Bearer {await house.token()}"}
    async with house.session.post(f"{house.url}/v1/prefill", json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), dict(answer.headers)


async def health(house: House) -> Any:
    async with house.session.get(f"{house.admin}/health/ready") as answer:
        told = await answer.json()
        assert answer.status == (503 if told["status"] == "not_ready" else 200)
        return told


async def anchors(house: House) -> Any:
    return (await health(house))["dependencies"]["anchors"]


async def until(house: House, holds: Callable[[Any], bool], seconds: float = 20) -> Any:
    """Wait until the anchors, as `/health/ready` shows them, are so."""
    end = time.monotonic() + seconds
    while not holds(shown := await anchors(house)):
        assert time.monotonic() < end, shown
        await asyncio.sleep(0.1)
    return shown


async def listed(house: House, size: int | None = None) -> Any:
    headers = {"Authorization": f"Bearer {await house.token('auditor')}"}
    query = "" if size is None else f"?size={size}"
    async with house.session.get(f"{house.url}/v1/audit/anchors{query}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def ready(shown: Any) -> bool:
    return all(one["state"] == "ready" and one["size"] for one in shown.values())
