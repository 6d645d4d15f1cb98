"""Why a real PostgreSQL refuses is said by the class of the cause, with what to do about it, in both languages."""

import asyncio
import io
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from adapters.stores.database import LOG
from adapters.stores.postgres import Lane
from gateway import telemetry
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable
from gateway.domain.sentences import Sentence
from tests.stores.opened import open_database
from tests.stores.sample import run_sql

CODES = {
    "08006": say.DATABASE_UNREACHABLE,
    "25006": say.DATABASE_READ_ONLY,
    "28P01": say.DATABASE_LOGIN_REFUSED,
    "3D000": say.DATABASE_NAME_UNKNOWN,
    "3F000": say.DATABASE_SCHEMA_OTHER,
    "40001": say.DATABASE_LOCKED,
    "42501": say.DATABASE_RIGHT_MISSING,
    "42703": say.DATABASE_SCHEMA_OTHER,
    "53100": say.DISK_FULL,
    "53200": say.DATABASE_MEMORY_FULL,
    "53300": say.DATABASE_CONNECTIONS_FULL,
    "55P03": say.DATABASE_LOCKED,
    "57P01": say.DATABASE_STOPPING,
    "58030": say.DISK_ERROR,
    "XX001": say.DATABASE_DAMAGED,
}


async def refusal(url: str, statement: str = "SELECT 1") -> Sentence | None:
    """What is said when the statement fails over a connection of its own."""
    connection = Lane(url)
    try:
        with pytest.raises(LogUnavailable) as caught:
            await connection.use(lambda asked: asked.execute(statement), LogUnavailable)
        return caught.value.sentence
    finally:
        await connection.close()


def account(url: str, name: str) -> str:
    return url.replace("//postgres:", f"//{name}:")


@pytest.fixture
async def guest(postgres_url: str, tmp_path: Path) -> str:
    """The address for an account without rights."""
    name = f"guest{uuid4().hex[:8]}"
    await run_sql(postgres_url, tmp_path, f"CREATE ROLE {name} LOGIN")
    return account(postgres_url, name)


@pytest.mark.parametrize("state", CODES)
async def test_cause_is_said_by_the_class_of_the_state(postgres_url: str, state: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'canary 033' USING ERRCODE = '{state}'; END $$"
    said = await refusal(postgres_url, raising)
    assert said == CODES[state]
    assert said is not None
    assert ":" in said.vi or said is say.DATABASE_LOCKED


async def test_state_of_no_class_is_named_and_the_text_of_the_server_is_not(postgres_url: str) -> None:
    said = await refusal(postgres_url, "DO $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = 'P0042'; END $$")
    assert said == say.WITH_SQLSTATE(what=say.DATABASE_TAKES_NOTHING, state="P0042")


async def test_account_that_the_server_does_not_know(postgres_url: str) -> None:
    assert await refusal(account(postgres_url, "nobody")) == say.DATABASE_LOGIN_REFUSED


async def test_database_that_the_server_does_not_have(postgres_url: str) -> None:
    head, _, options = postgres_url.partition("?")
    other = f"{head.rpartition('/')[0]}/nowhere?{options}"
    assert await refusal(other) == say.DATABASE_NAME_UNKNOWN


async def test_account_without_a_free_connection(postgres_url: str, guest: str, tmp_path: Path) -> None:
    name = guest.split("//")[1].partition(":")[0]
    await run_sql(postgres_url, tmp_path, f"ALTER ROLE {name} CONNECTION LIMIT 0")
    assert await refusal(guest) == say.DATABASE_CONNECTIONS_FULL


async def test_limit_of_the_server_that_is_reached(postgres_url: str) -> None:
    large = "SET temp_file_limit = 64; SET work_mem = 64; SELECT count(*) FROM"
    large += " (SELECT i FROM generate_series(1, 20000) i ORDER BY -i) sorted"
    assert await refusal(postgres_url, large) == say.DATABASE_LIMIT_REACHED


async def test_server_that_is_not_there() -> None:
    assert await refusal("postgresql://motlan:canary@127.0.0.1:1/motlan") == say.DATABASE_UNREACHABLE


@pytest.mark.parametrize("end", [":port/motlan", "/motlan?target_session_attrs=primary_only"])
async def test_address_that_cannot_be_read(end: str) -> None:
    assert await refusal(f"postgresql://motlan@127.0.0.1{end}") == say.DATABASE_ADDRESS_WRONG


@pytest.mark.parametrize("fault", [ValueError("canary"), KeyError("canary")])
async def test_fault_of_our_own_is_not_the_operators_and_its_type_is_logged(
    postgres_url: str, fault: Exception
) -> None:
    telemetry.set_up(sink := io.BytesIO())
    lane = Lane(postgres_url)

    async def fails(_: object) -> None:
        raise fault

    with pytest.raises(LogUnavailable) as caught:
        await lane.use(fails, LogUnavailable)
    await lane.close()
    assert caught.value.sentence == say.DATABASE_TAKES_NOTHING
    line = orjson.loads(sink.getvalue())
    assert (line["event"], line["error"]) == ("store.failed", type(fault).__name__)
    assert b"canary" not in sink.getvalue()


async def test_trigger_that_keeps_records_asks_for_no_grant(postgres_url: str) -> None:
    said = await refusal(postgres_url, "DELETE FROM log_tiles")
    assert said == say.DATABASE_TAKES_NOTHING


async def test_server_shows_connections_under_our_name_or_under_that_of_the_address(
    postgres_url: str,
) -> None:
    shown = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    for url, name in ((postgres_url, "motlan"), (f"{postgres_url}&application_name=portal", "portal")):
        connection, reading = Lane(url), open_database(url, Path(), LOG)
        try:
            assert await connection.use(lambda asked: asked.fetchval(shown), LogUnavailable) == name
            assert await reading.read(shown) == [(name,)]
        finally:
            await connection.close()
            await reading.close()


# ------------------------------------------------------------------------------------- a server of before


@asynccontextmanager
async def server_of_release(version: str) -> AsyncIterator[str]:
    """Something on loopback that lets everybody in, as a PostgreSQL of this release does; gives its address."""

    ended = asyncio.Event()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        said = f"server_version\0{version}\0".encode()
        for kind, content in ((b"R", bytes(4)), (b"S", said), (b"K", bytes(8)), (b"Z", b"I")):
            writer.write(kind + struct.pack("!i", len(content) + 4) + content)
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://motlan@127.0.0.1:{port}/motlan?sslmode=disable"
        await ended.wait()


async def read(url: str) -> Sentence | None:
    reading = open_database(url, Path(), LOG)
    try:
        with pytest.raises(LogUnavailable) as caught:
            await reading.read("SELECT 1")
        return caught.value.sentence
    finally:
        await reading.close()


@pytest.mark.parametrize("ask", [refusal, read])
async def test_release_before_16_is_refused_at_once_with_both_numbers(
    ask: Callable[[str], Awaitable[Sentence | None]],
) -> None:
    async with server_of_release("15.4") as url:
        assert await ask(url) == say.DATABASE_TOO_OLD(found=15, oldest=16)
