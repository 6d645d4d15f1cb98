"""The queue of deliveries against a model: whatever happens in whichever order, none is stuck, doubled or overtaken."""

import asyncio
import itertools
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.stores.log import SqlExchangeLog
from adapters.stores.opening import open_log
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import RowConflict
from gateway.ports.relay import OPEN, DeliveryEvent, DeliveryRow, DeliveryState, Settled
from tests.stores.opened import RelayTables, open_relay
from tests.stores.relayed import delivery, write
from tests.stores.sample import ORIGIN, ROOT_KEY

LEASE = 10.0
DELIVERED, DEAD, QUEUED = DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.QUEUED
SENDING, UNCONFIRMED = DeliveryState.SENDING, DeliveryState.UNCONFIRMED
DOSSIERS, HOLDERS = st.integers(0, 2), st.sampled_from(["one", "two"])


class Add(NamedTuple):
    """New deliveries, in one change."""

    dossiers: list[int]
    kind: MessageKind


class Claim(NamedTuple):
    """What is due, for one process."""

    holder: str
    most: int


class Settle(NamedTuple):
    """The end of an attempt of whichever delivery; `holder` may have lost it."""

    which: int
    holder: str
    state: DeliveryState


class Release(NamedTuple):
    """One lease is given back."""

    which: int
    holder: str


class Replay(NamedTuple):
    """One delivery is queued again."""

    which: int


class Wait(NamedTuple):
    """Nothing, for so many seconds."""

    seconds: float


Act = Add | Claim | Settle | Release | Replay | Wait
WHICH = st.integers(0, 5)
ACTS = st.one_of(
    st.builds(Add, st.lists(DOSSIERS, min_size=1, max_size=3), st.sampled_from([*MessageKind][:2])),
    st.builds(Claim, HOLDERS, st.integers(1, 3)),
    st.builds(Settle, WHICH, HOLDERS, st.sampled_from([DELIVERED, DEAD, QUEUED, UNCONFIRMED])),
    st.builds(Release, WHICH, HOLDERS),
    st.builds(Replay, WHICH),
    st.builds(Wait, st.sampled_from([1.0, 6.0, 11.0])),
)
NUMBERS = itertools.count()


class Queue:
    """The store, and beside it a list that says what it should hold."""

    def __init__(self, log: SqlExchangeLog, relay: RelayTables) -> None:
        self.log = log
        self.relay = relay
        #: nobody else's in this database
        self.target = f"bus{next(NUMBERS)}"
        self.now = 100.0
        self.rows: list[DeliveryRow] = []
        self.holders: dict[str, str] = {}
        self.before: dict[str, DeliveryState] = {}

    async def do(self, act: Act) -> None:
        self.now += 0.25
        match act:
            case Add():
                await self._add(act)
            case Claim():
                await self._claim(act)
            case Settle():
                await self._settle(act)
            case Release():
                await self._release(act)
            case Replay():
                await self._replay(act)
            case Wait():
                self.now += act.seconds
        kept = {row.id: row for row in await self._kept()}
        assert {row.id: (row.state, row.attempts) for row in self.rows} == {
            number: (row.state, row.attempts) for number, row in kept.items()
        }

    async def drain(self) -> None:
        """With a receiver that takes all, and an operator who replays, every delivery arrives, in order."""
        for row in [row for row in self.rows if row.state is DEAD]:
            await self._replay(Replay(self.rows.index(row)))
        arrived: dict[str, list[str]] = {}
        self.now += 100.0
        while await self.relay.due(self.target, self.now) is not None:
            self.now += 0.25
            found = await self.relay.claim(self.target, "last", self.now, LEASE, 2)
            assert found or await self.relay.due(self.target, self.now) is None
            for row in found:
                arrived.setdefault(row.order_key, []).append(row.id)
                event = DeliveryEvent(self.now, "confirmed")
                await write(self.log, self.relay.settle(Settled(row.id, "last", DELIVERED, "", 0.0, event)))
        waiting = [row for row in self.rows if row.state in OPEN]
        for order_key in {row.order_key for row in self.rows}:
            expected = [row.id for row in waiting if row.order_key == order_key]
            assert arrived.pop(order_key, []) == expected
        assert not arrived
        assert not any(row.state in OPEN for row in await self._kept())

    async def _kept(self) -> list[DeliveryRow]:
        return [found for row in self.rows if (found := await self.relay.delivery(row.id)) is not None]

    def _queue(self, order_key: str) -> list[int]:
        return [n for n, row in enumerate(self.rows) if row.order_key == order_key and row.state in OPEN]

    def _due(self) -> list[int]:
        heads = [self._queue(order_key)[:1] for order_key in {row.order_key for row in self.rows}]
        return [n for head in heads for n in head if self._is_due(self.rows[n])]

    def _is_due(self, row: DeliveryRow) -> bool:
        if row.state is SENDING:
            return row.lease_until <= self.now
        return row.state in (QUEUED, UNCONFIRMED) and row.next_at <= self.now

    def _put(self, n: int, **changes: object) -> None:
        self.rows[n] = self.rows[n]._replace(**changes)  # type: ignore[arg-type]

    def _supersede(self, order_key: str) -> None:
        """Dead versions before the newest open one."""
        versions = [n for n in self._queue(order_key) if self.rows[n].kind is MessageKind.DOSSIER]
        for n in versions[:-1]:
            if self.rows[n].state is DEAD:
                self._put(n, state=DeliveryState.SUPERSEDED)

    async def _add(self, act: Add) -> None:
        new = [
            delivery(
                f"{self.target}.{len(self.rows) + n}",
                f"H33.{one}",
                target=self.target,
                kind=act.kind,
                next_at=self.now,
            )
            for n, one in enumerate(act.dossiers)
        ]
        await write(self.log, self.relay.change(deliveries=new))
        self.rows += new
        for row in new:
            self._supersede(row.order_key)

    async def _claim(self, act: Claim) -> None:
        due = self._due()
        found = await self.relay.claim(self.target, act.holder, self.now, LEASE, act.most)
        assert len(found) == min(len(due), act.most)
        for row in found:
            [n] = [n for n in due if self.rows[n].id == row.id]
            assert (row.state, row.attempts) == (self.rows[n].state, self.rows[n].attempts)
            self.before[row.id], self.holders[row.id] = row.state, act.holder
            self._put(n, state=SENDING, attempts=row.attempts + 1, lease_until=self.now + LEASE)

    async def _settle(self, act: Settle) -> None:
        if act.which >= len(self.rows):
            return
        row = self.rows[act.which]
        event = DeliveryEvent(self.now, str(act.state))
        work = self.relay.settle(Settled(row.id, act.holder, act.state, "", self.now + 5.0, event))
        if row.state is not SENDING or self.holders[row.id] != act.holder:
            try:
                await write(self.log, work)
            except RowConflict:
                return
            raise AssertionError
        await write(self.log, work)
        self._put(act.which, state=act.state, next_at=self.now + 5.0)
        self._supersede(row.order_key)

    async def _release(self, act: Release) -> None:
        if act.which >= len(self.rows):
            return
        row = self.rows[act.which]
        await self.relay.release(act.holder, [row.id])
        if row.state is SENDING and self.holders[row.id] == act.holder:
            before = self.before[row.id]
            state = UNCONFIRMED if before is SENDING else before
            self._put(act.which, state=state, attempts=row.attempts - 1)

    async def _replay(self, act: Replay) -> None:
        if act.which >= len(self.rows) or self.rows[act.which].state is not DEAD:
            return
        await write(self.log, self.relay.replay(self.rows[act.which].id, DeliveryEvent(self.now, "replayed")))
        self._put(act.which, state=UNCONFIRMED, attempts=0, next_at=self.now)


def test_no_delivery_is_stuck_doubled_or_overtaken_whatever_happens(url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        relay = open_relay(url, tmp_path)

        async def opened() -> SqlExchangeLog:
            return open_log(url, tmp_path, ORIGIN, ROOT_KEY)

        log = runner.run(opened())

        @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(ACTS, max_size=25))
        def follows_the_model(acts: list[Act]) -> None:
            async def follow() -> None:
                queue = Queue(log, relay)
                for act in acts:
                    await queue.do(act)
                await queue.drain()

            runner.run(follow())

        follows_the_model()
        runner.run(relay.close())
        runner.run(log.close())
