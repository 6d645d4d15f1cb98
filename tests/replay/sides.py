"""A side of the comparison: one tree of the product, checked out or worked on, and the gateways that run from it."""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.replay import wire

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120.0
_STOP_SECONDS = 40.0
_TOKEN_SECONDS = 300.0


class NotPossible(Exception):
    """The comparison cannot be made."""


def check_out(commit: str, folder: Path) -> Path:
    """The files of a commit in `folder`. NotPossible for a commit that this repository does not have."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    made = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 -- git, by fixed words
    if made.returncode:
        raise NotPossible(f"git does not give the tree of {commit}: {made.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@dataclass(slots=True)
class Gateway:
    """A running gateway with its sandbox."""

    ready: dict[str, Any]
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return _port(self.ready["gateway"])

    async def token(self, client: str) -> str:
        """An access token of a client of the ready file."""
        made, token = self._tokens.get(client, (0.0, ""))
        if not token or time.monotonic() - made > _TOKEN_SECONDS:
            headers = {
                "Authorization": self.basic(client),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            sent = wire.message(
                "POST", "/oauth2/token", {"Host": "gateway", **headers}, b"grant_type=client_credentials"
            )
            answer = await wire.ask(self.port, sent)
            token = str(json.loads(answer.body)["access_token"])
            self._tokens[client] = (time.monotonic(), token)
        return token

    def basic(self, client: str) -> str:
        """The field Authorization by which a client asks for a token."""
        known = self.ready["clients"][client]
        pair = f"{known['client_id']}:{known['client_secret']}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    async def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the control door of the sandbox."""
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Host": "sandbox", "Content-Type": "application/json"}
        address = self.ready["sandbox"]["control"]
        try:
            answer = await wire.ask(_port(address), wire.message(method, f"/__sandbox{path}", headers, sent))
        except (OSError, wire.Gone) as error:
            raise NotPossible(f"the process of gateway and sandbox ended: {error}") from None
        if answer.status >= 300:
            raise NotPossible(f"the sandbox refuses {body}: {answer.body.decode()}")
        return json.loads(answer.body) if answer.body else None

    async def calls(self) -> dict[str, int]:
        """How many calls each operation of each simulated authority received."""
        found: dict[str, int] = (await self.control("GET", "/calls"))["calls"]
        return found

    async def leaves(self) -> dict[str, list[str]]:
        """The records of the log as an auditor exports them: exchange -> leaves, in the order of the log."""
        headers = {
            "Host": "gateway",
            "Authorization": f"Bearer {await self.token('auditor')}",
            "Content-Type": "application/json",
        }
        answer = await wire.ask(self.port, wire.message("POST", "/v1/audit/export", headers, b"{}"))
        if answer.status != 200:
            raise NotPossible(f"the log cannot be exported: {answer.body.decode()[:500]}")
        found: dict[str, list[str]] = {}
        for line in answer.body.splitlines():
            leaf = json.loads(line).get("leaf")
            if leaf is not None:
                found.setdefault(json.loads(leaf)["exchange"], []).append(leaf)
        return found


@asynccontextmanager
async def running(
    tree: Path, settings: Mapping[str, str], folder: Path, state: Path | None = None
) -> AsyncIterator[Gateway]:
    """A gateway of this tree with these settings; its `state` and what it says are kept in `folder`."""
    process = _started(tree, settings, folder, state or folder / "state")
    try:
        yield Gateway(await _ready(process, tree, folder))
    finally:
        process.terminate()
        await asyncio.to_thread(_ended, process)


def _started(tree: Path, settings: Mapping[str, str], folder: Path, state: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True)
    more = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command = [
        sys.executable, "-m", "gateway", "serve", "--with-sandbox", "--quiet", "--port", "0",
        "--dir", str(state), "--ready-file", str(folder / "ready.json"), *more,
    ]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MOTLAN_")}
    with (folder / "said").open("wb") as said:
        return subprocess.Popen(  # noqa: S603 -- our own command
            command, cwd=tree, stdout=said, stderr=said, env={**environment, "PYTHONPATH": str(tree)}
        )


async def _ready(process: subprocess.Popen[bytes], tree: Path, folder: Path) -> dict[str, Any]:
    """The ready file's content. NotPossible when the gateway does not start, or not with the data of its tree."""
    ready = folder / "ready.json"
    end = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > end:
            said = (folder / "said").read_text("utf-8")[-2000:]
            raise NotPossible(f"the gateway of {tree} does not start:\n{said}")
        await asyncio.sleep(0.05)
    content: dict[str, Any] = json.loads(ready.read_text("utf-8"))
    if not Path(content["config"]).is_relative_to(tree):
        raise NotPossible(f"the gateway of {tree} took the configuration of {content['config']}")
    return content


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def utc_now() -> datetime:
    return datetime.now(UTC)


def _port(address: str) -> int:
    return int(address.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
