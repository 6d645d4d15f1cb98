"""Exports that are being read while records are pruned: they break off, and never end as if fewer were all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.stores.opening import open_log
from adapters.stores.sequencer import open_sequencer
from gateway.audit.export import Exports, Span
from gateway.audit.filters import Filters
from gateway.config.gateway import LogSettings
from gateway.domain.errors import Gone, LogUnavailable
from gateway.domain.identifiers import RequesterId, new_exchange_id
from gateway.domain.parties import Caller, Requester
from gateway.ports.exchange_log import LogSearch
from gateway.serving.server import ServeOptions, running
from tests import fresh
from tests.stores.numbered import run_until
from tests.stores.sample import some_record

ROOT = Path(__file__).resolve().parents[2]
COUNT = 600
CALLER = Caller(
    requester=Requester(id=RequesterId("auditor"), name="", scopes=frozenset()),
    agency="000.00.14.H31",
    exchange=new_exchange_id(),
)
#: many close together, few, and in between a tile without any
FILTERS = (Filters(plain=LogSearch(phase="intent")), Filters(plain=LogSearch(requester="one_gate")))


@pytest.fixture(name="exports")
async def _exports(tmp_path: Path) -> AsyncIterator[Exports]:
    settings = LogSettings()
    fresh.log_in(tmp_path)
    log = open_log(settings.url, tmp_path, settings.origin, None)
    sequencer = open_sequencer(settings.url, tmp_path, settings.origin)
    records = [some_record(requester="one_gate" if n % 300 == 7 else "portal") for n in range(COUNT)]
    await asyncio.gather(*map(log.append, records))
    await log.close()
    await run_until(sequencer, COUNT)
    ports = {f"gateway.{name}.port": "0" for name in ("api", "admin")}
    async with running(ServeOptions(root=ROOT, config=ROOT / "config", state=tmp_path, overrides=ports)) as (
        gateway,
        _,
    ):
        assert gateway.app is not None
        yield gateway.app.shared.audit.exports


def delete(folder: Path, below: int, mark: int) -> None:
    """The records below a place go, as pruning lets them go: the mark first."""
    with closing(sqlite3.connect(folder / "exchange.db")) as connection, connection:
        connection.execute("INSERT INTO log_pruned VALUES (?, ?, '2026-11-25T00:00:00.000Z')", (mark, mark))
        connection.execute("DELETE FROM append_log WHERE seq <= ?", (below,))


@pytest.mark.parametrize("filters", FILTERS, ids=["many", "few"])
@pytest.mark.parametrize("csv", [False, True])
@pytest.mark.parametrize("below", [8, 9, 300])
async def test_search_breaks_off_when_hits_were_pruned(
    exports: Exports, tmp_path: Path, filters: Filters, csv: bool, below: int
) -> None:
    lines = await exports.found(CALLER, filters, csv=csv)
    delete(tmp_path, below, below)
    with pytest.raises((Gone, LogUnavailable)):
        _ = [line async for line in lines]


@pytest.mark.parametrize("csv", [False, True])
@pytest.mark.parametrize("below", [5, 256, 400])
async def test_range_breaks_off_when_records_of_it_were_pruned(
    exports: Exports, tmp_path: Path, csv: bool, below: int
) -> None:
    lines = await exports.range_lines(CALLER, Span(0, 500), csv=csv)
    delete(tmp_path, below, below)
    with pytest.raises(Gone, match="were pruned"):
        _ = [line async for line in lines]
