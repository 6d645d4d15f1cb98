"""A browser and its machine: a gateway with the simulated providers, two systems, and what a person does there."""

import asyncio
import base64
import hashlib
import html
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
from aiohttp import web

from gateway.serving.listeners import Gateway
from gateway.serving.server import ServeOptions, running
from tests import fresh, unhurried
from tests.flows.conftest import ROOT, House
from tests.flows.test_records import records

NATIONAL, VNEID = "national_portal", "vneid"
SYSTEMS = ("system_one", "system_two")


KIND = """
identifier: xx_nine
title: {vi: Số chín, en: Number of nine}
names: person
patterns: ["[0-9]{9}"]
written: {vi: 9 chữ số, en: 9 digits}
example: "123456780"
"""


def project(folder: Path, port: int, **more: str) -> Path:
    """A project with two systems that log people in; they listen on `port`. `more`: lines of their `login`."""
    for room in ("config", "mappings", "schemas"):
        shutil.copytree(ROOT / room, folder / room)
    (folder / "schemas/identifiers").mkdir()
    (folder / "schemas/identifiers/xx_nine.yaml").write_text(KIND, "utf-8")
    for name in SYSTEMS:
        extra = "".join(f"  {key}: {value}\n" for key, value in {"consent": "none", **more}.items())
        text = (
            f"requester: {name}\ntitle: {{vi: 'Hệ thống <{name}>', en: 'System <{name}>'}}\n"
            f"agency: 000.00.14.H31\nclient_id: client-{name}\nclient_secret: {{value: sandbox-only-{name}}}\n"
            "scopes: [prefill, dossiers]\nagreements: [portal]\nlogin:\n"
            f"  redirect_uris: [http://127.0.0.1:{port}/{name}/callback]\n"
            f"  initiate_login_uri: http://127.0.0.1:{port}/{name}/login\n"
            f"  post_logout_redirect_uris: [http://127.0.0.1:{port}/{name}/bye]\n"
            f"  backchannel_logout_uri: http://127.0.0.1:{port}/{name}/backchannel\n"
            "  claims: [name, birthdate, personal_id]\n" + extra
        )
        (folder / "config" / "requesters" / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@dataclass
class Systems:
    """Where systems listen, and what came."""

    port: int = 0
    logout_tokens: list[tuple[str, str]] = field(default_factory=list)
    #: statuses that are answered first
    statuses: list[int] = field(default_factory=list)


@asynccontextmanager
async def systems() -> AsyncIterator[Systems]:
    """Both systems' back channels on one port."""
    found = Systems()

    async def told(request: web.Request) -> web.Response:
        form = await request.post()
        found.logout_tokens.append((request.match_info["name"], str(form["logout_token"])))
        return web.Response(status=found.statuses.pop(0) if found.statuses else 200)

    app = web.Application()
    app.router.add_post("/{name}/backchannel", told)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Landing:
    """One answer to the browser."""

    status: int
    url: str
    location: str
    text: str
    headers: Any

    @property
    def exchange(self) -> str:
        return str(self.headers["X-Exchange-Id"])

    @property
    def h1(self) -> str:
        found = re.search(r"<h1>(.*?)<span", self.text, re.DOTALL)
        return html.unescape(found[1].strip()) if found else ""

    @property
    def buttons(self) -> list[str]:
        """Where the links that look like buttons lead."""
        return [html.unescape(one) for one in re.findall(r'<a class="button[^"]*" href="([^"]*)"', self.text)]

    def hidden(self, form: str = "") -> dict[str, str]:
        """The hidden fields of the first form, or of the one with this action."""
        forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', self.text, re.DOTALL)
        body = next(inner for action, inner in forms if form in action)
        pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', body)
        return {name: html.unescape(value) for name, value in pairs}


class MovedClock:
    """The clock of a gateway, moved by a test."""

    def __init__(self, clock: object) -> None:
        self._clock, self._ahead = clock, timedelta()

    def move(self, **ahead: float) -> None:
        """Further ahead; with nothing, back to the right time."""
        self._ahead = self._ahead + timedelta(**ahead) if ahead else timedelta()
        vars(self._clock)["now"] = lambda: datetime.now(UTC) + self._ahead


@dataclass(frozen=True)
class Town:
    """A gateway with its providers, and the systems."""

    house: House
    systems: Systems
    clock: MovedClock
    #: None: it is never reloaded
    gateway: Gateway | None = None
    root: Path = Path()

    @asynccontextmanager
    async def changed(self, file: str, old: str, new: str) -> AsyncIterator[None]:
        """Change a file of the project, and put it back at the end."""
        before = (self.root / file).read_text("utf-8")
        try:
            await self.reload(file, old, new)
            yield
        finally:
            await self.reload(file, (self.root / file).read_text("utf-8"), before)

    async def reload(self, file: str, old: str, new: str) -> None:
        """Change a file of the project, and wait until that is in force."""
        assert self.gateway is not None
        path, before = self.root / file, self.gateway.app
        text = path.read_text("utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new), "utf-8")
        self.gateway.asked.set()
        async with asyncio.timeout(60):
            while self.gateway.app is before:
                await asyncio.sleep(0.05)

    def records(self, exchange: str = "") -> list[dict[str, Any]]:
        """The login records of the log, oldest first; of one exchange, or all."""
        found = [one for one in records(self.house) if one["phase"] == "login"]
        return [one for one in found if not exchange or one["exchange"] == exchange]


@asynccontextmanager
async def town(folder: Path, overrides: dict[str, str] | None = None, **more: str) -> AsyncIterator[Town]:
    """All of it. `overrides`: settings; `more`: lines of the systems' `login`."""
    fresh.log_in(folder / "state")
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}
    links = {"gateway.logins.deep_link_client": "system_one"}
    async with systems() as found:
        root = project(folder / "project", found.port, **more)
        plan = ServeOptions(
            root=root, config=root / "config", state=folder / "state", with_sandbox=True,
            overrides={**unhurried.settings(root), **ports, **links, **(overrides or {})},
        )  # fmt: skip
        async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
            described: dict[str, Any] = content
            assert gateway.app is not None
            house = House(
                described["gateway"], described["admin"], described["sandbox"]["control"], folder / "state",
                described["clients"], described["personas"], session,
            )  # fmt: skip
            yield Town(house, found, MovedClock(gateway.app.services.clock), gateway, root)


class Browser:
    """A browser that follows nothing by itself."""

    def __init__(self, at: Town) -> None:
        self.house, self.systems = at.house, at.systems
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.verifier = secrets.token_urlsafe(48)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def go(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Landing:
        method = "GET" if form is None else "POST"
        whole = urljoin(self.house.url, url)
        async with self.session.request(
            method, whole, data=form, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            location = answer.headers.get("Location", "")
        if location.startswith(
            ("/login/mandate?", "/login/consent?", "/login/again?")
        ):  # the next page has an address of its own
            return await self.go(location)
        return Landing(answer.status, whole, location, text, answer.headers)

    @property
    def cookies(self) -> dict[str, str]:
        return {one.key: one.value for one in self.session.cookie_jar}

    def lose_cookies(self) -> None:
        self.session.cookie_jar.clear()

    def authorize(self, system: str, **more: str) -> str:
        """A system's authorization request."""
        port = self.systems.port
        digest = hashlib.sha256(self.verifier.encode()).digest()
        words = {
            "response_type": "code", "client_id": f"client-{system}", "scope": "openid name personal_id",
            "redirect_uri": f"http://127.0.0.1:{port}/{system}/callback", "state": "st-1", "nonce": "no-1",
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), **more,
        }  # fmt: skip
        return f"/oauth2/authorize?{urlencode(words)}"

    async def lie(self, lie: str, times: int = 1) -> None:
        """The providers lie so often."""
        order = {"lie": lie, "count": times}
        async with self.house.session.post(f"{self.house.control}/identity/misbehave", json=order) as answer:
            assert answer.status < 300, await answer.text()

    async def move_providers(self, ahead: float) -> None:
        """The providers' clock is ahead of the true time by so many seconds."""
        order = {"ahead_seconds": ahead}
        async with self.house.session.post(f"{self.house.control}/identity/clock", json=order) as answer:
            assert answer.status < 300, await answer.text()

    async def at_provider(self, url: str, account: str = "mau", *, cancel: bool = False) -> str:
        """What a person does at a provider: the address with which the browser comes back."""
        order = {"authorize": url, "account": account, "cancel": cancel}
        async with self.house.session.post(f"{self.house.control}/identity/sign_in", json=order) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            return str(said["location"])

    async def at_door(self, url: str, account: str) -> str:
        """The same at the provider's own pages, whose session this browser keeps: known there, nobody is asked."""
        page = await self.go(url)
        for _ in range(8):
            if page.status == 200:
                action = html.unescape(re.findall(r'<form[^>]*action="([^"]*)"', page.text)[0])
                page = await self.go(urljoin(page.url, action), page.hidden() | {"account": account})
            elif "/login/callback/" in page.location:
                break
            else:
                page = await self.go(urljoin(page.url, page.location))
        return page.location

    async def chosen(self, landing: Landing, provider: str = NATIONAL) -> Landing:
        """The provider's button on the page of choice."""
        return await self.go(next(one for one in landing.buttons if f"provider={provider}" in one))

    async def signed_in(self, start: str, account: str = "mau", provider: str = NATIONAL) -> Landing:
        """From a first address through a provider to what follows the callback."""
        landing = await self.go(start)
        if landing.status == 200:
            landing = await self.chosen(landing, provider)
        assert landing.status == 303, landing.text
        return await self.go(await self.at_provider(landing.location, account))

    async def userinfo(self, token: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self.house.session.get(f"{self.house.url}/oauth2/userinfo", headers=headers) as said:
            return said.status, await said.json()

    async def redeem(self, system: str, landing: Landing) -> dict[str, Any]:
        """A system takes its code from an address, and redeems it."""
        answer = dict(parse_qsl(urlsplit(landing.location).query))
        port = self.systems.port
        form = {
            "grant_type": "authorization_code", "code": answer["code"], "code_verifier": self.verifier,
            "redirect_uri": f"http://127.0.0.1:{port}/{system}/callback",
        }  # fmt: skip
        headers = {"Authorization": aiohttp.encode_basic_auth(f"client-{system}", f"sandbox-only-{system}")}
        async with self.house.session.post(
            f"{self.house.url}/oauth2/token", data=form, headers=headers
        ) as said:
            body: dict[str, Any] = await said.json()
            assert said.status == 200, body
            return body
