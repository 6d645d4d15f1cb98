"""Dossiers and deliveries over both databases: stored with their record or not at all, sent in order, each once."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from adapters.stores.relay import RELAY
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import RelayUnavailable, RowConflict
from gateway.ports.relay import DeliveryEvent, DeliverySearch, DeliveryState, DossierSearch
from tests.stores.opened import RelayTables, open_database, open_relay
from tests.stores.relayed import BUS, OTHER, OWNER, delivery, dossier, event, key, settled, write
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

DEAD, DELIVERED, QUEUED = DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.QUEUED
SENDING, SUPERSEDED = DeliveryState.SENDING, DeliveryState.SUPERSEDED
UNCONFIRMED = DeliveryState.UNCONFIRMED


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


async def test_step_that_is_stored_stays_and_later_ones_are_added(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(events=[event(number="late", at=9.0), event(number="early", at=2.0)]))
    await write(log, relay.change(events=[event(number="late", at=1.0), event(number="middle", at=5.0)]))
    assert [(one.id, one.at) for one in await relay.events("province", "H33.1")] == [
        ("early", 2.0), ("middle", 5.0), ("late", 9.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dossier_events SET verdict = 'late'",
        "UPDATE dossier_events SET sealed = 'other'",
        "DELETE FROM dossier_events",
        "UPDATE delivery_events SET what = 'confirmed'",
        "DELETE FROM delivery_events",
        "DELETE FROM deliveries",
        "DELETE FROM dossiers",
    ],
)
async def test_what_happened_is_not_changed_and_nothing_is_deleted_not_even_by_the_owner(
    log: SqlExchangeLog, relay: RelayTables, url: str, tmp_path: Path, statement: str
) -> None:
    await write(log, relay.change(dossier=dossier(), events=[event()], deliveries=[delivery("d1")]))
    with pytest.raises((sqlite3.IntegrityError, asyncpg.InsufficientPrivilegeError), match="append-only"):
        await run_sql(url, tmp_path, statement)


async def test_step_is_not_replaced_on_sqlite(sqlite_log: SqlExchangeLog, tmp_path: Path) -> None:
    relay = open_relay("sqlite:///exchange.db", tmp_path)
    await write(sqlite_log, relay.change(events=[event()], deliveries=[delivery("d1")]))
    other = "SELECT origin, code, id, 'x', status, at, came, verdict, period, sealed FROM dossier_events"
    await run_sql("sqlite:///exchange.db", tmp_path, f"INSERT OR REPLACE INTO dossier_events {other}")
    assert await relay.events("province", "H33.1") == [event()]
    with pytest.raises(sqlite3.IntegrityError):
        await run_sql(
            "sqlite:///exchange.db",
            tmp_path,
            "INSERT OR REPLACE INTO delivery_events VALUES (1,'','','','','','','')",
        )
    await relay.close()


# ------------------------------------------------------------------------------------------------- claims


async def test_first_of_each_dossier_is_claimed_and_the_others_wait_for_it(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    kind = MessageKind.PROGRESS
    rows = [delivery("a1"), delivery("a2", kind=kind), delivery("b1", "H33.2"), delivery("a3", kind=kind)]
    await write(log, relay.change(deliveries=rows))
    first = await relay.claim(BUS, "one", 10.0, 60.0, 50)
    assert list(first) == [
        delivery("a1", seq=1, lease_until=70.0, tried=10.0),
        delivery("b1", "H33.2", seq=3, lease_until=70.0, tried=10.0),
    ]  # fmt: skip
    assert await claimed(relay, 11.0) == []
    under_way = await relay.delivery("a1")
    assert under_way is not None
    assert (under_way.state, under_way.attempts, under_way.lease_until) == (SENDING, 1, 70.0)
    await write(log, relay.settle(settled("a1")))
    assert await claimed(relay, 21.0) == ["a2"]
    await write(log, relay.settle(settled("a2", QUEUED, next_at=40.0)))  # what comes later waits as well
    assert await relay.due(BUS, 21.0) == 40.0
    assert await claimed(relay, 39.0) == []
    assert await claimed(relay, 40.0) == ["a2"]
    await write(log, relay.settle(settled("a2", DEAD)))
    assert await claimed(relay, 99.0) == ["b1"]  # its lease is over; a3 waits behind the dead one
    assert await states(relay) == {"a1": DELIVERED, "a2": DEAD, "a3": QUEUED, "b1": SENDING}


async def test_claims_take_what_is_due_for_their_receiver_and_no_more_than_they_want(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    rows = [delivery(f"d{number}", f"H33.{number}", next_at=10.0 + number) for number in range(6)]
    await write(log, relay.change(deliveries=[*rows, delivery("other", target="ministry")]))
    assert await relay.due(BUS, 1.0) == 10.0
    assert await claimed(relay, 9.9) == []
    assert await claimed(relay, 13.0, most=2) == ["d0", "d1"]
    assert await claimed(relay, 13.5, most=9) == ["d2", "d3"]
    assert await relay.due(BUS, 13.0) == 14.0
    assert await relay.due("nobody", 13.0) is None
    assert [row.id for row in await relay.claim("ministry", "one", 13.0, 60.0, 9)] == ["other"]


async def test_delivery_of_a_process_that_ended_is_claimed_as_one_that_may_have_arrived(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(deliveries=[delivery("d1")]))
    await claimed(relay, 10.0)
    assert await claimed(relay, 69.9, "two") == []
    [again] = await relay.claim(BUS, "two", 70.0, 60.0, 50)
    assert (again.state, again.attempts) == (SENDING, 1)
    with pytest.raises(RowConflict):
        await write(log, relay.settle(settled("d1")))
    await write(log, relay.settle(settled("d1", holder="two")))
    assert await states(relay) == {"d1": DELIVERED}
    assert await relay.history("d1") == [
        DeliveryEvent(10.0, "queued", exchange="x1"),
        DeliveryEvent(20.0, "confirmed", "", 1, "x2"),
    ]
    with pytest.raises(RowConflict):
        await write(log, relay.settle(settled("d1", holder="two")))
    assert len(await log.recent(10)) == 2


async def test_lease_that_is_given_back_leaves_the_delivery_as_it_was(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(
        log, relay.change(deliveries=[delivery("d1"), delivery("d2", "H33.2"), delivery("d3", "H33.3")])
    )
    await claimed(relay, 10.0)
    await write(log, relay.settle(settled("d2", UNCONFIRMED, next_at=30.0)))
    await claimed(relay, 30.0)
    await relay.release("two", ["d1", "d2"])
    assert await states(relay) == {"d1": SENDING, "d2": SENDING, "d3": SENDING}
    await relay.release("one", ["d1", "d2"])
    found = await relay.claim(BUS, "two", 31.0, 60.0, 50)
    assert [(row.id, row.state, row.attempts) for row in found] == [("d1", QUEUED, 0), ("d2", UNCONFIRMED, 1)]
    [late] = await relay.claim(BUS, "two", 70.0, 60.0, 50)
    await relay.release("two", [late.id])
    [row] = await relay.claim(BUS, "two", 71.0, 60.0, 50)
    assert (row.id, row.state, row.attempts) == (
        "d3",
        UNCONFIRMED,
        1,
    )  # the process that ended may have sent it


async def test_of_many_workers_each_delivery_goes_to_one(
    log: SqlExchangeLog, url: str, tmp_path: Path
) -> None:
    stores = [open_relay(url, tmp_path) for _ in range(8)]
    rows = [delivery(f"d{number:03}", f"H33.{number % 120}") for number in range(240)]
    await write(log, stores[0].change(deliveries=rows))
    taken: list[str] = []

    async def work(relay: RelayTables, name: str) -> None:
        now = 10.0
        while await relay.due(BUS, now) is not None:
            found = await relay.claim(BUS, name, now, 1_000.0, 7)
            taken.extend(row.id for row in found)
            for row in found:
                await log.append(some_record(), relay.settle(settled(row.id, holder=name, at=now)))
            now += 0.01

    await asyncio.gather(*(work(relay, f"w{number}") for number, relay in enumerate(stores)))
    assert sorted(taken) == [row.id for row in rows]
    assert set((await states(stores[0])).values()) == {DELIVERED}
    for relay in stores:
        await relay.close()


# ------------------------------------------------------------------------------ superseded, replayed, pulled


async def test_newer_version_of_a_dossier_supersedes_the_dead_one_and_no_other(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    kind = MessageKind.PROGRESS
    rows = [
        delivery("a1"),
        delivery("b1", "H33.2", kind=kind),
        delivery("c1", "H33.3"),
        delivery("e1", "H33.4"),
    ]
    await write(log, relay.change(deliveries=rows))
    await claimed(relay, 10.0)
    for number in ("a1", "b1", "c1"):
        await write(log, relay.settle(settled(number, DEAD)))
    newer = [
        delivery("a2", opened=30.0, exchange="x3"), delivery("b2", "H33.2"), delivery("c2", "H33.3", kind=kind),
        delivery("e2", "H33.4"), delivery("f2", target="ministry"),
    ]  # fmt: skip
    await write(log, relay.change(deliveries=newer))
    assert await states(relay) == {
        "a1": SUPERSEDED, "b1": DEAD, "c1": DEAD, "e1": SENDING,
        "a2": QUEUED, "b2": QUEUED, "c2": QUEUED, "e2": QUEUED, "f2": QUEUED,
    }  # fmt: skip
    assert (await relay.history("a1"))[-1] == DeliveryEvent(30.0, "superseded", "", 1, "x3")
    assert await claimed(relay, 40.0) == ["a2"]


async def test_version_that_dies_under_a_newer_one_does_not_hold_it_up(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(deliveries=[delivery("d1")]))
    await claimed(relay, 10.0)
    await write(log, relay.change(deliveries=[delivery("d2")]))
    await write(log, relay.settle(settled("d1", DEAD)))
    assert await states(relay) == {"d1": SUPERSEDED, "d2": QUEUED}
    assert [one.what for one in await relay.history("d1")] == ["queued", "dead", "superseded"]
    assert await claimed(relay, 21.0) == ["d2"]


async def test_newer_dossier_passes_messages_that_wait_for_the_dossier(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    progress = MessageKind.PROGRESS
    await write(log, relay.change(deliveries=[delivery("p1", kind=progress), delivery("p2", kind=progress)]))
    assert await claimed(relay, 10.0) == ["p1"]
    await write(log, relay.change(deliveries=[delivery("d3"), delivery("p4", kind=progress)]))
    assert await claimed(relay, 15.0) == [], "p1 is under way"
    waits = settled("p1", QUEUED, next_at=25.0)._replace(reason="receiver_busy")
    await write(log, relay.settle(waits))
    assert await claimed(relay, 21.0) == [], "another reason: nothing passes p1"
    assert await claimed(relay, 26.0) == ["p1"]
    waits = settled("p1", QUEUED, at=27.0, next_at=29.0)._replace(reason="dossier_not_there")
    await write(log, relay.settle(waits))
    assert await claimed(relay, 30.0) == ["d3"]
    await write(log, relay.settle(settled("d3", at=31.0)))
    for number, name in enumerate(("p1", "p2", "p4")):
        assert await claimed(relay, 40.0 + number) == [name]
        await write(log, relay.settle(settled(name, at=40.0 + number)))


async def test_dossier_that_passes_a_waiting_step_goes_at_once(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(deliveries=[delivery("p1", kind=MessageKind.PROGRESS)]))
    assert await claimed(relay, 10.0) == ["p1"]
    for number, reason, goes in (("d2", "receiver_busy", []), ("d3", "dossier_not_there", ["d2"])):
        waits = settled("p1", QUEUED, at=11.0, next_at=90.0)._replace(reason=reason)
        await write(log, relay.settle(waits))
        await write(log, relay.change(deliveries=[delivery(number, next_at=11.0)]))
        assert await claimed(relay, 12.0) == goes
        if not goes:
            assert await claimed(relay, 90.0) == ["p1"]


async def test_change_that_a_receiver_never_takes_is_passed_by_what_follows(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    steps = [delivery(number, kind=MessageKind.PROGRESS) for number in ("d2", "d3")]
    await write(log, relay.change(deliveries=[delivery("d1"), *steps]))
    assert await claimed(relay, 10.0) == ["d1"]
    refused = settled("d1", DEAD)._replace(reason="change_not_taken")
    await write(log, relay.settle(refused))
    assert await claimed(relay, 21.0) == ["d2"]
    await write(log, relay.settle(settled("d2", at=22.0)))
    # sent again by an operator it is the first one, and what follows waits for its end
    await write(log, relay.replay("d1", DeliveryEvent(23.0, "replayed")))
    assert await claimed(relay, 24.0) == ["d1"]
    await write(log, relay.settle(refused))
    assert await claimed(relay, 25.0) == ["d3"]
    await write(log, relay.settle(settled("d3", at=26.0)))
    assert await states(relay) == {"d1": DEAD, "d2": DELIVERED, "d3": DELIVERED}
    await write(log, relay.change(deliveries=[delivery("d4", version=2, next_at=27.0)]))
    assert await claimed(relay, 27.0) == ["d4"]
    assert (await states(relay))["d1"] == SUPERSEDED


async def test_dead_delivery_is_queued_again_once(log: SqlExchangeLog, relay: RelayTables) -> None:
    await write(log, relay.change(deliveries=[delivery("d1"), delivery("d2", kind=MessageKind.PROGRESS)]))
    await claimed(relay, 10.0)
    replayed = DeliveryEvent(30.0, "replayed", exchange="x9")
    with pytest.raises(RowConflict):
        await write(log, relay.replay("d1", replayed))
    await write(log, relay.settle(settled("d1", DEAD)))
    await write(log, relay.replay("d1", replayed))
    with pytest.raises(RowConflict):
        await write(log, relay.replay("d1", replayed))
    again = await relay.delivery("d1")
    assert again is not None
    # Its receiver may have it from a former attempt: it is looked up.
    assert (again.state, again.attempts, again.reason, again.next_at) == (UNCONFIRMED, 0, "", 30.0)
    assert (await relay.history("d1"))[-1] == replayed
    assert await claimed(relay, 30.0) == ["d1"]


async def test_clock_of_a_host_decides_no_lease_where_hosts_share_a_server(
    postgres_url: str, tmp_path: Path
) -> None:
    """Clocks of hosts are up to five minutes off: each may believe that the other's lease has ended, or its own."""
    log = open_log(postgres_url, tmp_path, ORIGIN, ROOT_KEY)
    relay = RelayTables(open_database(postgres_url, tmp_path, RELAY), by_server_time=True)
    now = time.time()
    await write(
        log, relay.change(deliveries=[delivery("d1", next_at=now), delivery("d2", "H33.2", next_at=now)])
    )
    for holder, clock in (("slow", now - 290.0), ("fast", now + 290.0)):
        [row] = await relay.claim(BUS, holder, clock, 60.0, 1)
        assert now + 50 < row.lease_until < time.time() + 61
    for holder, clock in (("slow", now - 290.0), ("third", now), ("fast", now + 290.0)):
        assert await relay.claim(BUS, holder, clock, 60.0, 9) == []
    ended = "UPDATE {} = {} - 70.0"
    await run_sql(postgres_url, tmp_path, ended.format("deliveries SET lease_until", "lease_until"))
    await run_sql(postgres_url, tmp_path, ended.format("delivery_queues SET due_at", "due_at"))
    found = await relay.claim(BUS, "slow", now - 290.0, 60.0, 9)
    assert {(row.id, row.state) for row in found} == {("d1", SENDING), ("d2", SENDING)}
    await relay.close()
    await log.close()


async def test_first_attempt_is_dated_again_after_a_replay_and_kept_over_others(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(deliveries=[delivery("d1")]))
    times = []
    for now, ends in ((50.0, QUEUED), (60.0, DEAD), (900.0, QUEUED), (910.0, DELIVERED)):
        if now == 900.0:
            await write(log, relay.replay("d1", DeliveryEvent(900.0, "replayed")))
        [row] = await relay.claim(BUS, "one", now, 60.0, 1)
        times.append(row.tried)
        await write(log, relay.settle(settled("d1", ends, at=now, next_at=now)))
    assert times == [50.0, 50.0, 900.0, 900.0]


async def test_code_that_a_receiver_gives_a_dossier_comes_with_later_deliveries_to_it(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    rows = [delivery(f"d{number}") for number in range(1, 4)]
    await write(
        log, relay.change(deliveries=[*rows, delivery("other", "H33.2"), delivery("x", target="ministry")])
    )
    seen = []
    for name, said in (("d1", "B.77"), ("d2", ""), ("d3", "B.78")):
        found = await relay.claim(BUS, "one", 10.0, 60.0, 50)
        seen.append({row.id: row.reference for row in found})
        await write(log, relay.settle(settled(name, at=10.0)._replace(reference=said)))
    assert seen == [{"d1": "", "other": ""}, {"d2": "B.77"}, {"d3": "B.77"}]
    assert [row.reference for row in await relay.claim("ministry", "one", 10.0, 60.0, 5)] == [""]


async def test_dropped_delivery_ends_and_what_waited_for_it_goes(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    kind = MessageKind.PROGRESS
    await write(log, relay.change(deliveries=[delivery("p1", kind=kind), delivery("p2", kind=kind)]))
    dropped = DeliveryEvent(30.0, "dropped", "dropped_by_operator", exchange="x9")
    assert await claimed(relay, 10.0) == ["p1"]
    with pytest.raises(RowConflict):
        await write(log, relay.drop("p1", dropped))
    await write(log, relay.settle(settled("p1", DEAD)))
    assert await claimed(relay, 25.0) == []
    await write(log, relay.drop("p1", dropped))
    with pytest.raises(RowConflict):
        await write(log, relay.replay("p1", dropped))
    ended = await relay.delivery("p1")
    assert ended is not None
    assert (ended.state, ended.reason) == (SUPERSEDED, "dropped_by_operator")
    assert (await relay.history("p1"))[-1] == dropped
    assert await claimed(relay, 30.0) == ["p2"]


async def test_inbox_gives_what_is_not_acknowledged_in_order_and_to_its_system_only(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    rows = [delivery(f"d{number}", f"H33.{number % 2}", target="inbox:one_gate") for number in range(1, 6)]
    await write(log, relay.change(deliveries=[*rows, delivery("x1", target="inbox:other"), delivery("p1")]))
    assert [row.id for row in await relay.inbox("one_gate", 0, 3)] == ["d1", "d2", "d3"]
    assert [row.id for row in await relay.inbox("one_gate", 3, 9)] == ["d4", "d5"]
    event = DeliveryEvent(50.0, "acknowledged", exchange="x7")
    await write(log, relay.acknowledge("one_gate", ["d1", "d3", "d3", "x1", "p1", "none"], event))
    await write(log, relay.acknowledge("one_gate", ["d1", "d4"], event._replace(at=60.0)))
    await write(log, relay.acknowledge("one_gate", [], event))
    assert [row.id for row in await relay.inbox("one_gate", 0, 9)] == ["d2", "d5"]
    assert [row.id for row in await relay.inbox("other", 0, 9)] == ["x1"]
    assert (await relay.history("d1"))[1:] == [event]
    done = await relay.delivery("d4")
    assert done is not None
    assert (done.state, done.changed) == (DELIVERED, 60.0)
    assert await relay.due("inbox:one_gate", 99.0) is None
    assert await relay.claim("inbox:one_gate", "one", 99.0, 60.0, 9) == []


# ------------------------------------------------------------------------------------------------ searches


async def test_dossiers_are_found_by_owner_code_state_and_time_last_changed_first(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    rows = [
        dossier("H33.1", changed=1.0),
        dossier("H33.2", changed=2.0, persons=(OTHER, OWNER), status="processed"),
        dossier("H33.2", changed=3.0, persons=(), origin="national_bus", requester="other"),
        dossier("H33.4", changed=4.0, persons=(OTHER,), procedure="2.000"),
    ]
    for row in rows:
        await write(log, relay.change(dossier=row))
    one, two, three, four = rows
    for wanted, found in (
        (DossierSearch(), [four, three, two, one]),
        (DossierSearch(persons=(OWNER, OTHER)), [four, two, one]),
        (DossierSearch(persons=(OWNER,), requester="one_gate", status="processed"), [two]),
        (DossierSearch(persons=(b"n" * 16,)), []),
        (DossierSearch(code="H33.2"), [three, two]),
        (DossierSearch(code="H33.2", origin="province"), [two]),
        (DossierSearch(requester="other"), [three]),
        (DossierSearch(procedure="2.000"), [four]),
        (DossierSearch(since=2.0, until=4.0), [three, two]),
        (DossierSearch(most=2), [four, three]),
        (DossierSearch(after=(3.0, "H33.2")), [two, one]),
    ):
        assert list(await relay.dossiers(wanted)) == found


async def test_dossier_whose_owner_was_corrected_is_found_by_the_new_number_only(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(dossier=dossier()))
    await write(log, relay.change(dossier=dossier(version=2, persons=(OTHER,)), before=1))
    assert await relay.dossiers(DossierSearch(persons=(OWNER,))) == []
    assert [row.code for row in await relay.dossiers(DossierSearch(persons=(OTHER,)))] == ["H33.1"]


async def test_deliveries_are_found_by_state_and_receiver_newest_first_and_counted_while_open(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    rows = [delivery(f"d{number}", f"H33.{number}") for number in range(1, 5)]
    rows.append(delivery("d5", "H33.5", target="inbox:one_gate", requester="other"))
    await write(log, relay.change(deliveries=rows))
    await claimed(relay, 10.0, most=3)
    await write(log, relay.settle(settled("d1")), relay.settle(settled("d2", DEAD)))
    for wanted, found in (
        (DeliverySearch(), "d5 d4 d3 d2 d1"),
        (DeliverySearch(states=("dead", "queued")), "d5 d4 d2"),
        (DeliverySearch(states=("queued",), target=BUS), "d4"),
        (DeliverySearch(states=("delivered", "dead")), "d2 d1"),
        (DeliverySearch(states=("delivered",), code="H33.2"), ""),
        (DeliverySearch(code="H33.2"), "d2"),
        (DeliverySearch(requester="other"), "d5"),
        (DeliverySearch(before=3, most=1), "d2"),
    ):
        assert " ".join(row.id for row in await relay.deliveries(wanted)) == found
    assert await relay.counts() == {
        (BUS, "queued"): 1, (BUS, "sending"): 1, (BUS, "dead"): 1, ("inbox:one_gate", "queued"): 1,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------- erasure


async def test_payload_is_erased_when_all_was_delivered_long_ago_and_facts_stay(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    for code in ("H33.1", "H33.2", "H33.3", "H33.4", "H33.5"):
        await write(log, relay.change(dossier=dossier(code), events=[event(code)]))
    for number, code in enumerate(("H33.1", "H33.1", "H33.2", "H33.3", "H33.4"), 1):
        await write(log, relay.change(deliveries=[delivery(f"d{number}", code)]))
    for now in (10.0, 21.0):
        for one in await claimed(relay, now):
            at, state = (90.0 if one == "d4" else 20.0), (DEAD if one == "d3" else DELIVERED)
            await write(log, relay.settle(settled(one, state, at=at)))
    await write(log, relay.change(dossier=dossier("H33.4", 2, changed=95.0), before=1))
    # 2 has a dead delivery, 3 was confirmed later, 4 changed later (its first message is old), 5 was never sent.
    assert await relay.erase(80.0, 100.0) == 2
    assert await relay.erase(80.0, 101.0) == 0
    kept = {row.code: row.sealed for row in await relay.dossiers(DossierSearch())}
    assert {code for code, sealed in kept.items() if not sealed} == {"H33.1"}
    assert await relay.dossier("province", "H33.1") == dossier(sealed=b"", erased=100.0)
    assert await relay.events("province", "H33.1") == [event(sealed=b"")]
    assert {row.id for row in await relay.deliveries(DeliverySearch()) if not row.sealed} == {
        "d1",
        "d2",
        "d5",
    }
    assert len(await relay.dossiers(DossierSearch(persons=(OWNER,)))) == 5
    assert [one.what for one in await relay.history("d1")] == ["queued", "confirmed"]


async def test_what_the_receiver_said_last_is_kept_with_the_delivery_and_erased_with_its_message(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d1")]))
    assert await relay.receiver_text("d1") == await relay.receiver_text("nobody's") == b""
    assert await claimed(relay, 10.0) == ["d1"]
    await write(
        log, relay.settle(settled("d1", QUEUED, at=11.0, next_at=12.0, receiver_text=b"sealed words"))
    )
    assert await relay.receiver_text("d1") == b"sealed words"
    assert await claimed(relay, 12.0) == ["d1"]
    await write(log, relay.settle(settled("d1", QUEUED, at=13.0, next_at=14.0)))
    assert await relay.receiver_text("d1") == b"", "the last attempt had no answer"
    assert await claimed(relay, 14.0) == ["d1"]
    await write(log, relay.settle(settled("d1", DEAD, at=15.0, receiver_text=b"sealed words")))
    await write(log, relay.drop("d1", DeliveryEvent(20.0, "dropped")))
    assert await relay.erase(15.0, 100.0) == 0
    assert await relay.receiver_text("d1") == b"sealed words"
    assert await relay.erase(80.0, 100.0) == 1
    assert await relay.receiver_text("d1") == b""


async def test_report_of_a_wrong_value_is_erased_when_its_owner_has_it_long_enough(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    for number in ("d1", "d2"):
        report = delivery(number, order_key=f"correction|{number}", kind=MessageKind.CORRECTION)
        await write(log, relay.change(deliveries=[report]))
    assert sorted(await claimed(relay, 10.0)) == ["d1", "d2"]
    await write(log, relay.settle(settled("d1", at=20.0)))
    await write(log, relay.settle(settled("d2", at=90.0)))
    assert await relay.erase(80.0, 100.0) == 1
    assert await relay.erase(80.0, 101.0) == 0
    assert {row.id for row in await relay.deliveries(DeliverySearch()) if not row.sealed} == {"d1"}


async def test_what_comes_after_an_erasure_or_without_a_dossier_is_erased_by_its_own_age(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d1")]))
    await claimed(relay, 10.0)
    await write(log, relay.settle(settled("d1")))
    assert await relay.erase(80.0, 100.0) == 1
    gone = dossier(version=2, sealed=b"", erased=100.0, changed=110.0)
    step, voucher = event(number="step", came=110.0), event("H33.9", "voucher", came=110.0)
    late = [
        delivery("d2", kind=MessageKind.PROGRESS, next_at=110.0),
        delivery("d3", "H33.9", kind=MessageKind.NOTICE, next_at=110.0),
        delivery("d4", "H33.8", kind=MessageKind.NOTICE, next_at=999.0),
    ]
    await write(log, relay.change(dossier=gone, before=1, events=[step, voucher], deliveries=late))
    assert sorted(await claimed(relay, 110.0)) == ["d2", "d3"]
    await write(log, relay.settle(settled("d2", at=111.0)), relay.settle(settled("d3", at=111.0)))
    assert await relay.erase(105.0, 200.0) == 0
    assert await relay.erase(190.0, 200.0) == 4
    assert await relay.erase(190.0, 201.0) == 0
    assert {row.id for row in await relay.deliveries(DeliverySearch()) if row.sealed} == {"d4"}
    kept = [*await relay.events("province", "H33.1"), *await relay.events("province", "H33.9")]
    assert kept == [step._replace(sealed=b""), voucher._replace(sealed=b"")]


async def test_file_is_referred_to_until_the_content_of_its_last_dossier_is_erased(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    ours, other, nobody = "a" * 64, "b" * 64, "c" * 64
    await write(log, relay.change(dossier=dossier(), files=[ours, other], deliveries=[delivery("d1")]))
    await write(log, relay.change(dossier=dossier(version=2), before=1, files=[other]))
    await write(log, relay.change(dossier=dossier("H33.2"), files=[other]))
    assert await claimed(relay, 10.0) == ["d1"]
    await write(log, relay.settle(settled("d1")))
    assert await relay.referred([ours, other, nobody]) == {ours, other}
    assert await relay.erase(80.0, 100.0) == 1
    assert await relay.referred([ours, other, nobody]) == {other}
    assert await relay.referred([]) == set()


async def test_file_that_a_message_or_step_names_is_referred_to_until_nothing_of_it_is_left(
    log: SqlExchangeLog, relay: RelayTables
) -> None:
    voucher, stepped, late = "a" * 64, "b" * 64, "c" * 64
    # a voucher of a dossier that nobody knows, pulled by its system; a step of a dossier; one after its erasure
    pulled = delivery("d1", "H33.9", kind=MessageKind.NOTICE)
    await write(
        log, relay.change(events=[event("H33.9", "v", came=2.0)], deliveries=[pulled], files=[voucher])
    )
    await write(log, relay.change(dossier=dossier(), deliveries=[delivery("d2")]))
    await write(log, relay.change(dossier=dossier(version=2), before=1, events=[event()], files=[stepped]))
    assert sorted(await claimed(relay, 10.0)) == ["d1", "d2"]
    await write(log, relay.settle(settled("d2")))
    assert await relay.erase(80.0, 100.0) == 2, "the dossier, and the step without one"
    assert await relay.referred([voucher, stepped]) == {voucher}, "the message waits for its receiver"
    gone = dossier(version=3, sealed=b"", erased=100.0, changed=110.0)
    await write(
        log, relay.change(dossier=gone, before=2, events=[event(number="e9", came=110.0)], files=[late])
    )
    await write(log, relay.settle(settled("d1", at=111.0)))
    await relay.erase(105.0, 200.0)
    assert await relay.referred([voucher, late]) == {voucher, late}
    await relay.erase(190.0, 200.0)
    assert await relay.referred([voucher, late]) == set()


async def test_erased_payload_leaves_the_file(sqlite_log: SqlExchangeLog, tmp_path: Path) -> None:
    relay = open_relay("sqlite:///exchange.db", tmp_path)
    work = relay.change(
        dossier=dossier(sealed=b"canary" * 9), deliveries=[delivery("d1", sealed=b"canary" * 9)]
    )
    await write(sqlite_log, work)
    await claimed(relay, 10.0)
    await write(sqlite_log, relay.settle(settled("d1")))
    assert await relay.erase(80.0, 100.0) == 1
    files = await asyncio.to_thread(lambda: [path.read_bytes() for path in tmp_path.glob("exchange.db*")])
    assert all(b"canary" not in text for text in files)
    await relay.close()


async def test_old_keys_are_forgotten(log: SqlExchangeLog, relay: RelayTables) -> None:
    await write(log, *(relay.change(key=key(f"k{number}")._replace(at=float(number))) for number in range(4)))
    await relay.forget_keys(2.0)
    assert [await relay.key("one_gate", f"k{number}") is not None for number in range(4)] == [
        False, False, True, True,
    ]  # fmt: skip
    await write(log, relay.change(key=key("k1")))


async def test_key_is_reserved_once_until_its_answer_its_end_or_its_age(relay: RelayTables) -> None:
    row = key()._replace(status=0, answer=b"", at=50.0)
    assert await relay.reserve(row, 0.0)
    assert not await relay.reserve(row._replace(at=60.0), 50.0)
    assert not await relay.reserve(row._replace(at=90.0, digest=b"another"), 80.0)
    assert await relay.reserve(row._replace(at=90.0), 80.0)
    await relay.abandon(row)
    assert await relay.key("one_gate", "k1") == row._replace(at=90.0)
    await relay.abandon(row._replace(at=90.0))
    assert await relay.key("one_gate", "k1") is None
    assert await relay.reserve(row, 0.0)
    await relay.remember(key())
    await relay.remember(key()._replace(answer=b"later"))
    await relay.abandon(row)
    assert not await relay.reserve(row._replace(at=900.0), 800.0)
    assert await relay.key("one_gate", "k1") == key()


async def test_database_that_is_away_says_so(tmp_path: Path) -> None:
    relay = open_relay("postgresql://nobody:canary@127.0.0.1:1/none", tmp_path)
    with pytest.raises(RelayUnavailable):
        await relay.dossier("province", "H33.1")
    with pytest.raises(RelayUnavailable):
        await relay.claim(BUS, "one", 1.0, 1.0, 1)
    await relay.close()
