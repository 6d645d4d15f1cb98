"""The outbox over a real store: what a defect of ours, a long wait and a short lease do to its deliveries."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from gateway.domain.dossier import MessageKind
from gateway.exchange_log.recorder import Recorder
from gateway.ports.relay import (
    DeliveryEvent,
    DeliveryOutcome,
    DeliveryRow,
    DeliveryState,
    OutboundMessage,
    PortalAnswer,
)
from gateway.relay.deliveries import remedy
from gateway.relay.outbox import Outbox, OutboxLimits
from gateway.telemetry import Metrics
from tests import fresh
from tests.stores.opened import RelayTables, open_relay
from tests.stores.relayed import delivery, write
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql

URL = "sqlite:///exchange.db"
STEP: dict[str, Any] = {"kind": MessageKind.PROGRESS, "next_at": 0.0}
CONFIRMED = PortalAnswer(DeliveryOutcome.CONFIRMED)
REFUSED = PortalAnswer(DeliveryOutcome.REFUSED, "message_refused")
AWAY = PortalAnswer(DeliveryOutcome.UNAVAILABLE, "receiver_busy")


class Hands:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 27, 5, tzinfo=UTC) + timedelta(seconds=self.seconds)

    @property
    def posix(self) -> float:
        return self.now().timestamp()


class Bus:
    """A portal in memory: it says what it is asked to say of a delivery, else that it confirms."""

    def __init__(self) -> None:
        self.kinds, self.looks_up = frozenset(MessageKind), False
        self.answers: dict[str, PortalAnswer] = {}
        self.took: list[OutboundMessage] = []
        self.happens: Callable[[OutboundMessage], None] = self.took.append

    async def deliver(self, message: OutboundMessage, end: float) -> PortalAnswer:
        del end
        self.happens(message)
        return self.answers.get(message.delivery, CONFIRMED)


class Plain:
    """Contents of messages, not sealed."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}

    async def open(self, period: str, sealed: bytes, context: str) -> Mapping[str, Any]:
        del period, sealed
        found: Mapping[str, Any] = self.bodies.get(context, {"entries": []})
        return found


class Post(NamedTuple):
    """An outbox and what it works with."""

    outbox: Outbox
    rows: RelayTables
    log: SqlExchangeLog
    bus: Bus
    contents: Plain
    clock: Hands

    async def queue(self, *rows: DeliveryRow) -> None:
        await write(self.log, self.rows.change(deliveries=rows))

    async def until(self, number: str, *states: DeliveryState) -> DeliveryRow:
        """The delivery as soon as it stands so."""
        async with asyncio.timeout(20):
            while True:
                row = await self.rows.delivery(number)
                assert row is not None
                if row.state in states:
                    return row
                await asyncio.sleep(0.02)


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    fresh.log_in(tmp_path)
    log, rows = open_log(URL, tmp_path, ORIGIN, ROOT_KEY), open_relay(URL, tmp_path)
    clock, bus, contents = Hands(), Bus(), Plain()
    recorder = Recorder(log=log, clock=clock, digest="", metrics=Metrics())
    outbox = Outbox(
        rows=rows, portals={"national_bus": bus}, contents=contents, recorder=recorder,  # type: ignore[dict-item,arg-type]
        limits=OutboxLimits(lease=60.0, give_up=3_600.0), at_once={"national_bus": 2},
    )  # fmt: skip
    yield Post(outbox, rows, log, bus, contents, clock)
    await outbox.close()
    await rows.close()
    await log.close()


async def test_defect_at_one_message_holds_up_that_message_only_and_is_in_its_history(post: Post) -> None:
    """A message of another release: what this one cannot read does not leave, and is given up with its reason."""
    post.contents.bodies["d1"] = {"dossier": {"of": "a newer release"}}
    await post.queue(
        delivery("d1", next_at=0.0), *(delivery(f"p{n}", f"H33.{n}", **STEP) for n in range(2, 6))
    )
    post.outbox.start()
    for number in range(2, 6):
        await post.until(f"p{number}", DeliveryState.DELIVERED)
    waits = await post.until("d1", DeliveryState.UNCONFIRMED)
    assert (waits.reason, waits.attempts) == ("gateway_fault", 1)
    assert "d1" not in {one.delivery for one in post.bus.took}
    post.clock.seconds = 7_200.0
    post.outbox.wake()
    assert (await post.until("d1", DeliveryState.DEAD)).reason == "gateway_fault"


async def test_defect_after_sending_leaves_it_to_be_looked_up_and_others_go_on(post: Post) -> None:
    def fails_once(message: OutboundMessage) -> None:
        post.bus.took.append(message)
        if message.delivery == "p1" and not message.unconfirmed:
            raise ZeroDivisionError

    post.bus.happens = fails_once
    await post.queue(delivery("p1", **STEP), delivery("p2", "H33.2", **STEP))
    post.outbox.start()
    await post.until("p2", DeliveryState.DELIVERED)
    await post.until("p1", DeliveryState.UNCONFIRMED)
    post.clock.seconds = 40.0
    post.outbox.wake()
    await post.until("p1", DeliveryState.DELIVERED)
    assert [one.unconfirmed for one in post.bus.took if one.delivery == "p1"] == [False, True]


async def test_kind_that_a_newer_release_queued_stops_no_receiver(post: Post, tmp_path: Path) -> None:
    await post.queue(delivery("new", "H33.9", **STEP), delivery("p1", **STEP))
    await run_sql(URL, tmp_path, "UPDATE deliveries SET kind = 'hologram' WHERE id = 'new'")
    post.outbox.start()
    await post.until("p1", DeliveryState.DELIVERED)
    assert [one.delivery for one in post.bus.took] == ["p1"]
    assert (await post.until("new", DeliveryState.SENDING)).attempts == 1


async def test_replay_after_long_is_tried_as_long_as_a_new_one_and_looked_up(post: Post) -> None:
    post.bus.answers["p1"] = REFUSED
    await post.queue(delivery("p1", opened=post.clock.posix, **STEP))
    post.outbox.start()
    await post.until("p1", DeliveryState.DEAD)
    post.clock.seconds, post.bus.answers["p1"] = 900_000.0, AWAY
    await write(post.log, post.rows.replay("p1", DeliveryEvent(post.clock.posix, "replayed")))
    post.outbox.wake()
    async with asyncio.timeout(20):
        while (
            len(post.bus.took) < 2 or (await post.until("p1", *DeliveryState)).state is DeliveryState.SENDING
        ):
            await asyncio.sleep(0.02)
    assert (await post.until("p1", *DeliveryState)).state is DeliveryState.UNCONFIRMED
    assert [one.unconfirmed for one in post.bus.took] == [False, True]
    post.clock.seconds += 3_700.0
    post.outbox.wake()
    await post.until("p1", DeliveryState.DEAD)
    # nobody knows any more whether it is there: the history does not say that it is not
    assert [one.what for one in await post.rows.history("p1")] == [
        "queued", "dead", "replayed", "unreached", "dead",
    ]  # fmt: skip


async def test_what_waits_until_its_lease_is_short_is_not_sent_under_it(post: Post) -> None:
    """Attempts that take long: those that were claimed with them must not begin when another may have them."""
    begun, leases = [], dict[str, float]()

    async def slow(message: OutboundMessage, end: float) -> PortalAnswer:
        del end
        row = await post.rows.delivery(message.delivery)
        assert row is not None
        begun.append(message.delivery)
        leases[message.delivery] = row.lease_until - post.clock.posix
        post.clock.seconds += 20.0
        return CONFIRMED

    post.bus.deliver = slow  # type: ignore[method-assign]
    post.outbox.at_once = {
        "national_bus": 1
    }  # else one moves the clock between another's look at it and its begin
    await post.queue(*(delivery(f"p{n}", f"H33.{n}", **STEP) for n in range(12)))
    post.outbox.start()
    for number in range(12):
        await post.until(f"p{number}", DeliveryState.DELIVERED)
    assert sorted(begun) == sorted(f"p{n}" for n in range(12))
    assert min(leases.values()) >= 30.0


async def test_code_that_a_receiver_gave_is_sent_with_what_follows(post: Post) -> None:
    post.bus.answers["d1"] = CONFIRMED._replace(reference="B.77")
    await post.queue(delivery("d1", **STEP), delivery("p2", **STEP))
    post.outbox.start()
    await post.until("p2", DeliveryState.DELIVERED)
    assert [one.reference for one in post.bus.took] == ["", "B.77"]


async def test_receiver_whose_queue_cannot_be_read_is_served_later(post: Post) -> None:
    claim, broken = post.rows.claim, [True]

    async def fails_first(*args: Any) -> Any:
        if broken:
            broken.pop()
            raise ZeroDivisionError
        return await claim(*args)

    post.rows.claim = fails_first  # type: ignore[method-assign,assignment]
    await post.queue(delivery("p1", **STEP))
    post.outbox.start()
    await post.until("p1", DeliveryState.DELIVERED)


@pytest.mark.parametrize("kind", list(MessageKind))
def test_remedy_of_a_refused_message_names_what_helps_its_kind(kind: MessageKind) -> None:
    row = delivery("p1", kind=kind, state=DeliveryState.DEAD, reason="message_not_writable")
    told = remedy(row)
    if kind is MessageKind.DOSSIER:
        assert "post the dossier again" in told["en"]
    else:
        assert "motlan outbox drop p1" in told["en"]
        assert "motlan outbox drop p1" in told["vi"]
