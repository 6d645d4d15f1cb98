"""Late answers: kept for one requester, and told at once to whoever waits in the same process."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.stores.memory import open_cache
from gateway.domain.errors import NotFound, PendingUnavailable
from gateway.domain.identifiers import RequesterId
from gateway.prefill.pending import PendingStore

PORTAL = RequesterId("portal")
SECONDS = 60
SECRET = bytes(32)


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 28, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def opened(clock: SetClock | None = None, secret: bytes = SECRET) -> PendingStore:
    """A store that has kept nothing."""
    return PendingStore(open_cache("memory://"), SECONDS, secret, clock or SetClock())


async def test_state_is_for_its_requester_and_its_token_alone() -> None:
    store = opened()
    token = store.new_token(PORTAL)
    await store.put(token, PORTAL, {"version": 1})
    assert await store.get(token, PORTAL) == {"version": 1}
    for other in ((token, RequesterId("one_gate")), ("p_3q2-7wAAAAB", PORTAL)):
        with pytest.raises(NotFound):
            await store.get(*other)


async def test_everybody_who_waits_for_a_state_is_told_and_nobody_twice() -> None:
    store = opened()
    token = store.new_token(PORTAL)
    changes = [store.change(token) for _ in range(3)]
    other = store.change(store.new_token(PORTAL))
    waiting = [asyncio.create_task(one.wait()) for one in changes]
    await store.put(token, PORTAL, {"version": 1})
    assert await asyncio.gather(*waiting) == [True] * 3
    assert not store.change(token).is_set()
    assert not other.is_set()


async def test_nothing_is_kept_of_those_who_went() -> None:
    store = opened()
    for _ in range(100):
        store.change(store.new_token(PORTAL))
    assert len(store._changes) == 0


async def test_state_that_the_store_lost_is_no_unknown_one_until_its_time_is_over() -> None:
    clock = SetClock()
    token = opened(clock).new_token(PORTAL)
    emptied = opened(clock)
    with pytest.raises(PendingUnavailable, match="no longer has"):
        await emptied.get(token, PORTAL)
    clock.time += timedelta(seconds=SECONDS)
    with pytest.raises(NotFound):
        await emptied.get(token, PORTAL)


@pytest.mark.parametrize("change", ["requester", "secret", "text"])
async def test_token_that_was_not_given_here_to_this_requester_is_unknown(change: str) -> None:
    token = opened(secret=bytes(31) if change == "secret" else SECRET).new_token(PORTAL)
    given = ("B" if token[0] == "A" else "A") + token[1:] if change == "text" else token
    with pytest.raises(NotFound):
        await opened().get(given, RequesterId("one_gate") if change == "requester" else PORTAL)
