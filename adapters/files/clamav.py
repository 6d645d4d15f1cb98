r"""ClamAV: clamd's command INSTREAM over TCP or a local socket (clamd(8), "COMMANDS").

`zINSTREAM\0`, then pieces, each behind its length in four bytes, then a length of zero; the reply is `stream: OK`,
`stream: <name> FOUND`, or ends in `ERROR`. A file larger than clamd's `StreamMaxLength` is an error there.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

from gateway.config.gateway import ScannerSettings
from gateway.ports.files import ScanResult, ScanVerdict
from gateway.telemetry import log

_CONNECT_SECONDS = 2.0
_LONGEST_REPLY = 1_024
_STRANGE = re.compile(r"[^A-Za-z0-9._:-]")
_AWAY = ScanResult(ScanVerdict.UNAVAILABLE)


def open_scanner(settings: ScannerSettings) -> "ClamAv":
    """The scanner at an address; it is asked at the first file."""
    return ClamAv(settings)


class ClamAv:
    """`Scanner` by clamd; each file has its own connection."""

    def __init__(self, settings: ScannerSettings) -> None:
        """`settings`: `files.scanner`."""
        self._at = urlsplit(settings.url)
        self._seconds = settings.seconds

    async def scan(self, pieces: AsyncIterator[bytes]) -> ScanResult:
        """The verdict; UNAVAILABLE if clamd is away, slow, or answers with an error."""
        try:
            async with asyncio.timeout(self._seconds):
                reply = await self._asked(pieces)
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            log().error("scanner.unavailable", error=error)
            return _AWAY
        return _read(reply)

    async def _asked(self, pieces: AsyncIterator[bytes]) -> str:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await self._connected()
        try:
            # clamd closes after an error while pieces are still sent: its reply says why
            with suppress(ConnectionError):
                writer.write(b"zINSTREAM\0")
                async for piece in pieces:
                    writer.write(struct.pack(">I", len(piece)))
                    writer.write(piece)
                    await writer.drain()
                writer.write(struct.pack(">I", 0))
                await writer.drain()
            return (await reader.readuntil(b"\0")).decode("utf-8", "replace").rstrip("\0")
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._at.scheme == "unix":
            return await asyncio.open_unix_connection(self._at.path, limit=_LONGEST_REPLY)
        return await asyncio.open_connection(self._at.hostname, self._at.port, limit=_LONGEST_REPLY)


def _read(reply: str) -> ScanResult:
    verdict = reply.removeprefix("stream: ")
    if verdict == "OK":
        return ScanResult(ScanVerdict.CLEAN)
    if verdict.endswith(" FOUND"):
        return ScanResult(ScanVerdict.FOUND, _STRANGE.sub("_", verdict.removesuffix(" FOUND"))[:100])
    log().error("scanner.unavailable", fault="size limit" if "size limit" in verdict else "error")
    return _AWAY
