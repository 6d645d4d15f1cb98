"""Late answers: kept for one requester, and told at once to whoever waits in the same process."""

import asyncio

import pytest

from adapters.stores.memory import open_cache
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import RequesterId
from gateway.prefill.pending import PendingStore

PORTAL = RequesterId("portal")


async def test_state_is_for_its_requester_and_its_token_alone() -> None:
    store = PendingStore(open_cache("memory://"), 60)
    token = store.new_token()
    await store.put(token, PORTAL, {"version": 1})
    assert await store.get(token, PORTAL) == {"version": 1}
    for other in ((token, RequesterId("one_gate")), (store.new_token(), PORTAL)):
        with pytest.raises(NotFound):
            await store.get(*other)


async def test_everybody_who_waits_for_a_state_is_told_and_nobody_twice() -> None:
    store = PendingStore(open_cache("memory://"), 60)
    token = store.new_token()
    changes = [store.change(token) for _ in range(3)]
    other = store.change(store.new_token())
    waiting = [asyncio.create_task(one.wait()) for one in changes]
    await store.put(token, PORTAL, {"version": 1})
    assert await asyncio.gather(*waiting) == [True] * 3
    assert not store.change(token).is_set()
    assert not other.is_set()


async def test_nothing_is_kept_of_those_who_went() -> None:
    store = PendingStore(open_cache("memory://"), 60)
    for _ in range(100):
        store.change(store.new_token())
    assert len(store._changes) == 0
