"""Idempotency-Key between processes: a request under a key is done by one of them, also when one dies at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.errors import Conflict, Unprocessable
from gateway.ports.relay import KeyRow
from gateway.relay.request_keys import RequestKeys
from tests import fresh
from tests.relay.test_outbox import Hands
from tests.stores.opened import RelayTables, open_relay

ASKED = "one_gate", "k1", b"request"


@pytest.fixture
async def rows(tmp_path: Path) -> AsyncIterator[RelayTables]:
    fresh.log_in(tmp_path)
    opened = open_relay("sqlite:///exchange.db", tmp_path)
    yield opened
    await opened.close()


def process(rows: RelayTables, clock: Hands) -> RequestKeys:
    return RequestKeys(rows=rows, clock=clock, secret=b"s" * 32)


async def begun(keys: RequestKeys, asked: bytes = b"request") -> KeyRow:
    async with keys.held("one_gate", "k1", asked) as row:
        assert row is not None
        return row if row.status else await keys.begin(row)


async def test_twin_at_another_process_waits_and_then_gets_the_answer_of_the_first(rows: RelayTables) -> None:
    clock = Hands()
    one, other = process(rows, clock), process(rows, clock)
    row = await begun(one)
    assert row.status == 0
    with pytest.raises(Conflict):
        await begun(other)
    with pytest.raises(Unprocessable):
        await begun(other, b"another request")
    await rows.remember(one.answered(row, 200, b"first"))
    again = await begun(other)
    assert (again.status, other.answer(again)) == (200, b"first")
    await rows.remember(other.answered(row, 200, b"second"))
    assert other.answer(await begun(other)) == b"first"


async def test_two_that_looked_at_the_same_moment_are_done_by_one(rows: RelayTables) -> None:
    clock = Hands()
    one, other = process(rows, clock), process(rows, clock)
    async with one.held(*ASKED) as mine, other.held(*ASKED) as theirs:
        assert mine is not None
        assert theirs is not None
        row = await one.begin(mine)
        with pytest.raises(Conflict):
            await other.begin(theirs)
        await rows.remember(one.answered(row, 200, b"first"))
        assert (await other.begin(theirs)).status == 200


async def test_failed_request_is_free_at_once_and_one_of_a_dead_process_later(rows: RelayTables) -> None:
    clock = Hands()
    one, other = process(rows, clock), process(rows, clock)
    await one.give_up(await begun(one))
    left = await begun(other)  # and its process ends
    clock.seconds = 300.0  # the clock of a host may be five minutes fast
    with pytest.raises(Conflict):
        await begun(one)
    clock.seconds = 601.0
    assert (await begun(one)).at > left.at
    await other.give_up(left)  # it was only slow: the key is no longer its own
    with pytest.raises(Conflict):
        await begun(other)
