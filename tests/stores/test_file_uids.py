"""Uids of files at portals over both databases: one for each portal, dossier and file, gone with the dossier."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.stores.log import SqlExchangeLog
from gateway.ports.files import FileAtPortal
from tests.stores.opened import RelayTables, UidTable, open_file_uids, open_relay
from tests.stores.relayed import BUS, delivery, dossier, settled, write

OURS, OTHER = "a" * 64, "b" * 64


@pytest.fixture
async def uids(url: str, tmp_path: Path) -> AsyncIterator[UidTable]:
    opened = open_file_uids(url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def relay(url: str, tmp_path: Path) -> AsyncIterator[RelayTables]:
    opened = open_relay(url, tmp_path)
    yield opened
    await opened.close()


def file(
    digest: str = OURS, portal: str = BUS, origin: str = "province", code: str = "H33.1"
) -> FileAtPortal:
    return FileAtPortal(str(uuid4()), portal, origin, code, digest)


async def test_each_portal_dossier_and_file_has_one_uid_that_stays(
    log: SqlExchangeLog, uids: UidTable, url: str, tmp_path: Path
) -> None:
    del log
    given = [
        file(), file(OTHER), file(portal="lgsp"), file(origin="national_bus"), file(code="H33.2"),
    ]  # fmt: skip
    assert [await uids.named(one, 5.0) for one in given] == [one.uid for one in given]
    again = open_file_uids(url, tmp_path)
    assert await again.named(given[0]._replace(uid=str(uuid4())), 9.0) == given[0].uid
    assert await again.find(given[0].uid, BUS) == given[0]
    await again.close()


async def test_uid_of_another_portal_is_unknown(log: SqlExchangeLog, uids: UidTable) -> None:
    del log
    uid = await uids.named(file(), 5.0)
    assert await uids.find(uid, "lgsp") is None
    assert await uids.find(str(uuid4()), BUS) is None


async def test_file_named_by_many_at_once_has_one_uid(
    log: SqlExchangeLog, uids: UidTable, url: str, tmp_path: Path
) -> None:
    del log
    other = open_file_uids(url, tmp_path)
    found = await asyncio.gather(*(one.named(file(), 5.0) for one in (uids, other) * 10))
    assert len(set(found)) == 1
    assert await uids.find(found[0], BUS) is not None
    await other.close()


async def test_uid_goes_with_the_content_of_its_dossier_and_holds_the_file_until_then(
    log: SqlExchangeLog, relay: RelayTables, uids: UidTable
) -> None:
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d1")]))
    await write(log, relay.change(dossier=dossier("H33.2")))
    gone, kept = await uids.named(file(), 12.0), await uids.named(file(OTHER, code="H33.2"), 12.0)
    stray = await uids.named(file(code="H33.9"), 90.0)
    await relay.claim(BUS, "one", 10.0, 60.0, 5)
    await write(log, relay.settle(settled("d1")))
    assert await relay.referred([OURS, OTHER]) == {OURS, OTHER}
    await relay.erase(80.0, 100.0)
    assert [await uids.find(one, BUS) is None for one in (gone, kept, stray)] == [True, False, False]
    await relay.erase(95.0, 101.0)
    assert [await uids.find(one, BUS) is None for one in (gone, kept, stray)] == [True, False, True]
    assert await relay.referred([OURS, OTHER]) == {OTHER}
