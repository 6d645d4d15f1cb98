"""HTTP/1.1 (RFC 9112) over a plain socket: what is sent is exactly what stands here, what comes back is kept whole."""

import asyncio
from dataclasses import dataclass

_LONGEST_HEAD = 1_000_000
_ANSWER_SECONDS = 30.0
#: how long a connection is watched for a second answer
_QUIET_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status line, header fields as they came, body without its chunks."""

    status_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.status_line.split()[1])

    def header(self, name: str) -> str:
        """The first field of this lower-case name, or nothing."""
        return next((value for known, value in self.headers if known.lower() == name), "")


class Gone(Exception):
    """The server closed the connection without a whole answer."""


def message(method: str, path: str, headers: dict[str, str], body: bytes | None) -> bytes:
    """The bytes of a request; a body gets its Content-Length unless the headers say otherwise."""
    fields = dict(headers)
    if body is not None and not {"Content-Length", "Transfer-Encoding"} & fields.keys():
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


async def ask(port: int, sent: bytes) -> Answer:
    """Send one request on a connection of its own; Gone without an answer, TimeoutError after 30 seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_HEAD)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            writer.write(sent)
            return await _read(reader, head_only=sent.startswith(b"HEAD "))
    finally:
        writer.close()


async def hang_up(port: int, sent: bytes, seconds: float) -> None:
    """Send a request and go away after a while, without reading."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await asyncio.sleep(seconds)
    writer.close()


async def all_answers(port: int, sent: bytes) -> tuple[list[Answer], bool]:
    """Every answer to these bytes, and whether the server closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_HEAD)
    found: list[Answer] = []
    try:
        writer.write(sent)
        while True:
            async with asyncio.timeout(_QUIET_SECONDS if found else _ANSWER_SECONDS):
                found.append(await _read(reader, head_only=sent.startswith(b"HEAD ")))
    except TimeoutError:
        return found, False
    except (Gone, ConnectionError):
        return found, True
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, *, head_only: bool) -> Answer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        return await _answer(reader, head, head_only=head_only)
    except asyncio.IncompleteReadError as end:
        raise Gone(f"cut after {end.partial[:100]!r}") from None


async def _answer(reader: asyncio.StreamReader, head: bytes, *, head_only: bool) -> Answer:
    status_line, *lines = head[:-4].decode("latin-1").split("\r\n")
    pairs = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    fields = {name.lower(): value for name, value in pairs}
    status = int(status_line.split()[1])
    if head_only or status < 200 or status in {204, 304}:
        body = b""
    elif "chunked" in fields.get("transfer-encoding", ""):
        body = await _chunks(reader)
    elif "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    else:
        body = await reader.read()
    return Answer(status_line, pairs, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass
    return b"".join(parts)
