"""A clamd on loopback that speaks INSTREAM, and can be away, slow, or wrong."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

#: what it takes for malware
MARK = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


class FakeClamd:
    """Answers each stream; `reply` replaces its answer, `most` is its StreamMaxLength."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.reply: bytes | None = None
        self.most = 100_000_000
        self.silent = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(10) == b"zINSTREAM\0"
            content = bytearray()
            while length := struct.unpack(">I", await reader.readexactly(4))[0]:
                content += await reader.readexactly(length)
                if len(content) > self.most:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.seen.append(len(content))
            if self.silent:
                await asyncio.sleep(30)
            found = b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if MARK in content else b"stream: OK\0"
            writer.write(self.reply or found)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def clamd(socket: Path | None = None) -> AsyncIterator[FakeClamd]:
    """One on a port, or on a local socket."""
    fake = FakeClamd()
    if socket is None:
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        fake.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(fake.serve, str(socket))
        fake.url = f"unix://{socket}"
    try:
        yield fake
    finally:
        server.close()
