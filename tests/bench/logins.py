"""Logins (issue of the broker): the full code flow, beside npm oidc-provider doing its half; logins in flight.

    python -m tests.bench.logins [--logins 500] [--flight 10000]

The gateway and the sandbox are processes of their own; the CPU is the gateway's. A login: authorize, the portal's
page, callback, the page that asks for whom one acts, code, token, userinfo, each with a browser of its own. The second
figure is the provider's half: the browser has a session already, as at every second system of a day. The peer
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
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from yarl import URL

from tests.bench.load import cpu_seconds

ROOT = Path(__file__).parents[2]
_CLIENT, _SECRET = "provincial_system", "sandbox-only-provincial-system"
_REDIRECT = "http://127.0.0.1:8090/provincial_system/callback"
#: of our pages only the one that asks for whom the person acts; one provider
_BARE = ("login.consent=none", "login.providers=national_portal")
_AT_ONCE = 8


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
    given = parser.parse_args()
    found = asyncio.run(_measured(given.logins, given.flight))
    for name, value in found.items():
        print(f"{name:58}{value:12.2f}")
    print(json.dumps({"bench": "logins", "cpus": os.cpu_count(), "figures": found}))


async def _measured(logins: int, flight: int) -> dict[str, float]:
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as (process, url):
        system = _System(url)
        await _many(20, system.login)
        found |= await _figures("login, all steps", process, logins, system.login)
        async with system.browser() as browser:
            await system.login(browser)
            found |= await _figures("login, with a session", process, logins, lambda: system.login(browser))
        before = _rss(process)
        await _many(flight, system.begin, at_once=32)
        found["in flight: bytes each"] = (_rss(process) - before) / flight
        before = _rss(process)
        await _many(logins, system.login)
        found["open sessions: bytes each"] = (_rss(process) - before) / logins
    if (ROOT / "tests/interop/node_modules/oidc-provider").is_dir():
        async with _peer() as (process, issuer):
            peer = _System(issuer, _PEER)
            await _many(20, peer.login)
            found |= await _figures("oidc-provider, its half", process, logins, peer.login)
    return found


async def _figures(
    name: str, process: int, count: int, one: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """CPU of the process and wall time of each."""
    cpu, began = cpu_seconds([process]), time.perf_counter()
    await _many(count, one)
    took, cpu = time.perf_counter() - began, cpu_seconds([process]) - cpu
    return {f"{name}: ms CPU": cpu * 1_000 / count, f"{name}: a second": count / took}


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

    def __init__(self, url: str, paths: dict[str, str] | None = None) -> None:
        self._url = url
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
            "client_id": _CLIENT, "response_type": "code", "scope": "openid", "redirect_uri": _REDIRECT,
            "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8), "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self._url}{self._paths['authorize']}?{urlencode(words)}", verifier

    async def _through(self, browser: aiohttp.ClientSession) -> None:
        url, verifier = self._asked()
        form: dict[str, str] | None = None
        while not url.startswith(_REDIRECT):
            method = "GET" if form is None else "POST"
            async with browser.request(method, url, data=form, allow_redirects=False) as response:
                if "Location" in response.headers:
                    url, form = str(response.url.join(URL(response.headers["Location"]))), None
                    continue
                page = _Forms()
                page.feed(await response.text())
                assert response.status == 200, (url, await response.text())
                action, form = (page.goes_on, None) if page.goes_on else page.forms[0]
                url = str(response.url.join(URL(action)))
        code = dict(parse_qsl(urlsplit(url).query))["code"]
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _REDIRECT,
            "code_verifier": verifier,
        }
        async with browser.post(self._url + self._paths["token"], data=sent, headers=self._basic) as response:
            assert response.status == 200, await response.text()
            token = (await response.json())["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        async with browser.get(self._url + self._paths["userinfo"], headers=bearer) as response:
            assert response.status == 200, await response.text()


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[tuple[int, str]]:
    """The gateway in a process of its own, and the sandbox in another, at their fixed ports."""
    ready, peers = folder / "ready.json", folder / "sandbox.json"
    words = [word for one in _BARE for word in ("--set", f"requesters.{_CLIENT}.{one}")]
    commands = (
        ["sandbox", "--quiet", "--ready-file", str(peers)],
        ["serve", "--quiet", "--dir", str(folder / "state"), "--ready-file", str(ready), *words],
    )
    started = []
    try:
        for command, file in zip(commands, (peers, ready), strict=True):
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "gateway", *command],
                    cwd=ROOT,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            while not file.exists():
                assert started[-1].poll() is None, f"{command[0]} ended: are its ports free?"
                time.sleep(0.05)
        yield started[-1].pid, str(json.loads(ready.read_text("utf-8"))["gateway"])
    finally:
        for process in started:
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
