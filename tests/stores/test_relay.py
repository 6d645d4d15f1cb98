"""Dossiers and deliveries over both databases: stored with their record or not at all, sent in order, each once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.stores.log import SqlExchangeLog
from gateway.domain.errors import RelayUnavailable, RowConflict
from gateway.ports.relay import DeliveryEvent, DeliverySearch, DeliveryState, DossierSearch
from tests.stores.opened import RelayTables, open_relay
from tests.stores.relayed import BUS, OTHER, OWNER, delivery, dossier, event, key, write
from tests.stores.sample import some_record

DEAD, DELIVERED, QUEUED = DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.QUEUED
SENDING, SUPERSEDED, UNCONFIRMED = (
    DeliveryState.SENDING, DeliveryState.SUPERSEDED, DeliveryState.UNCONFIRMED,
)  # fmt: skip


@pytest.fixture
async def relay(url: str, tmp_path: Path) -> AsyncIterator[RelayTables]:
    opened = open_relay(url, tmp_path)
    yield opened
    await opened.close()


async def states(relay: RelayTables) -> dict[str, str]:
    return {row.id: row.state for row in await relay.deliveries(DeliverySearch())}


async def claimed(relay: RelayTables, now: float, holder: str = "one", most: int = 50) -> list[str]:
    return [row.id for row in await relay.claim(BUS, holder, now, 60.0, most)]


# ------------------------------------------------------------------------------------------------ changes


async def test_dossier_is_stored_with_its_step_delivery_key_and_record(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    one = dossier(persons=(OWNER, OTHER))
    await write(log, relay.change(key=key(), dossier=one, events=[event()], deliveries=[delivery("d1")]))
    assert await relay.dossier("province", "H33.1") == one
    assert await relay.events("province", "H33.1") == [event()]
    assert await relay.delivery("d1") == delivery("d1", seq=1)
    assert await relay.history("d1") == [DeliveryEvent(10.0, "queued", exchange="x1")]
    assert await relay.key("one_gate", "k1") == key()
    assert len(await log.recent(10)) == 1
    assert await relay.dossier("national_bus", "H33.1") is None
    assert await relay.delivery("d2") is None
    assert await relay.key("portal", "k1") is None


async def test_change_that_meets_another_one_stores_nothing_and_no_record(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(key=key(), dossier=dossier()))
    refused = (
        relay.change(key=key(), dossier=dossier("H33.2"), events=[event("H33.2")]),
        relay.change(key=key("k2"), dossier=dossier(), deliveries=[delivery("d1")]),
        relay.change(key=key("k2"), dossier=dossier(version=3), before=2, events=[event()]),
        relay.change(key=key("k2"), dossier=dossier("H33.2", 2), before=1, events=[event("H33.2")]),
    )
    for work in refused:
        with pytest.raises(RowConflict):
            await write(log, work)
    assert len(await log.recent(10)) == 1
    assert await relay.key("one_gate", "k2") is None
    assert await relay.dossier("province", "H33.2") is None
    assert await relay.events("province", "H33.1") == []
    assert await states(relay) == {}


async def test_of_concurrent_changes_of_a_version_exactly_one_wins(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    for version in range(1, 6):
        works = [
            relay.change(
                dossier=dossier(version=version, status=f"s{number}"),
                before=version - 1,
                events=[event(number=f"e{version}.{number}")],
            )
            for number in range(20)
        ]
        results = await asyncio.gather(
            *(log.append(some_record(), work) for work in works), return_exceptions=True
        )
        lost = [result for result in results if isinstance(result, BaseException)]
        assert [type(one) for one in lost] == [RowConflict] * 19
        [winner] = [number for number, result in enumerate(results) if result not in lost]
        kept = await relay.dossier("province", "H33.1")
        assert kept is not None
        assert (kept.version, kept.status) == (version, f"s{winner}")
        assert (await relay.events("province", "H33.1"))[-1].id == f"e{version}.{winner}"
    assert len(await relay.events("province", "H33.1")) == len(await log.recent(100)) == 5


async def test_row_that_no_table_takes_is_refused_alone(log: SqlExchangeLog, relay: RelayTables) -> None:
    """Records of a moment share a transaction: one that cannot be stored must not refuse the others."""
    await log.append(some_record())
    twice = [delivery("same"), delivery("same", "H33.0")]
    works = [relay.change(dossier=dossier(f"H33.{number}")) for number in range(20)]
    works[7] = relay.change(dossier=dossier("H33.7"), deliveries=twice)
    works[9] = relay.change(dossier=dossier("H33.9", facts="\udc80"))
    results = await asyncio.gather(
        *(log.append(some_record(), work) for work in works),
        *(log.append(some_record()) for _ in range(20)),
        return_exceptions=True,
    )
    failed = {number: type(one) for number, one in enumerate(results) if isinstance(one, BaseException)}
    assert failed == {7: RelayUnavailable, 9: RelayUnavailable}
    assert len(await log.recent(100)) == 39
    assert len(await relay.dossiers(DossierSearch())) == 18
    assert await states(relay) == {}
