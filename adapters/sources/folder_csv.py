"""A register that is a file: `permits.csv` (RFC 4180) that comes into a folder each night, sorted by number.

It counts once its marker `permits.csv.ok` names its SHA-256, rows and times. A good file serves until its end.
"""

import asyncio
import csv
import hashlib
import io
import os
import threading
import weakref
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel

from adapters.sources.tasks import TaskSource
from adapters.transport.health import Health
from adapters.transport.tools import Tools
from gateway.domain.dates import rfc3339
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.evidence import AnswerFault, Outcome, SourceAnswer, SourceQuery, failed
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.mapping.source import ServicePlan
from gateway.ports.clock import Clock
from gateway.telemetry import log

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings

_LINE_BYTES, _MARKER_BYTES, _ROWS_AT_ONCE, _MOST_DOUBLES = 16_384, 4_096, 200, 1_000
_DAMAGED = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID, AnswerFault(FaultCode.FILE_DAMAGED))
_AWAY = failed(Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE, AnswerFault(FaultCode.FILE_MISSING))
_NOBODY = failed(Outcome.NOT_FOUND, Reason.NO_SUCH_PERSON)
_SEVERAL = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_OTHER_PERSON, AnswerFault(FaultCode.SEVERAL_RECORDS))
_END: tuple[str, list[str]] = ("\U0010ffff", [])  # behind every number
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # what is no regular file has no digest


def open_source(settings: "SourceSettings", services: Mapping[str, ServicePlan], tools: Tools) -> TaskSource:
    """One data service: `path` is the file in `options.folder`, the request names the column of the number."""
    paths = [service.path.lstrip("/") for service in settings.services.values()]
    is_one = len(paths) == 1 and all(len(plan.mapping.request) == 1 for plan in services.values())
    if settings.options.keys() != {"folder"} or not is_one:
        file, remedy = f"config/sources/{settings.source}.yaml", "write 'folder', one service, one place"
        raise ConfigError([Problem(file, 0, "it reads one column of one file", remedy)])
    register = FileRegister(tools.root / str(settings.options["folder"]) / paths[0], services, tools.clock)
    return TaskSource(register.answer, Health(tools.clock), register.stopped.set)


class DropMarker(BaseModel):
    """`<file>.ok`, JSON. `rows` without the header; as of when the data are, and until when they may be used."""

    sha256: str
    rows: int
    as_of: AwareDatetime
    valid_until: AwareDatetime


class DroppedFile:
    """One whole file. Raises ValueError or csv.Error where it is not as agreed, OSError where it is not there."""

    def __init__(self, path: Path, marker: Path, column: str, stopped: threading.Event) -> None:
        """Reads all of it, in a thread, with pauses for requests. No row fits a header that names a column twice."""
        with os.fdopen(os.open(marker, _FLAGS), "rb") as file:
            self.marker = DropMarker.model_validate_json(file.read(_MARKER_BYTES))
        self._fd = os.open(path, _FLAGS)
        weakref.finalize(self, os.close, self._fd)  # once no look-up under way holds this file
        self._state, digest, rows, doubles, before = _state(self._fd), hashlib.sha256(), 0, 0, ""
        with open(self._fd, "rb", closefd=False) as file:
            digest.update(line := file.readline(_LINE_BYTES))
            [self._header] = [[*dict.fromkeys(row)] for row in _rows(line.removeprefix(b"\xef\xbb\xbf"))]
            self._column, self._begin, self._size = self._header.index(column), len(line) - 1, self._state[1]
            while line := file.readline(_LINE_BYTES):
                [row] = _rows(line)
                key = row[self._column] if len(row) == len(self._header) else "\n"
                if (rows % _ROWS_AT_ONCE == 0 and stopped.wait(0.0002)) or not before <= key.strip() == key:
                    raise ValueError
                digest.update(line)
                rows, doubles, before = rows + 1, doubles + (key == before), key
        whole = (self.marker.rows, self.marker.sha256, self._state)
        if whole != (rows, digest.hexdigest(), _state(self._fd)) or doubles > _MOST_DOUBLES:
            raise ValueError

    def answer(self, plan: ServicePlan, query: SourceQuery, key: str) -> SourceAnswer:
        """What the row of a number says, in a thread: a sorted file is halved until the place is found."""
        at = bisect_left(range(self._size), key, self._begin, key=lambda at: self._next(at)[0][0])
        found = [row for number, row in self._next(at) if number == key]
        if _state(self._fd) != self._state:
            raise ValueError  # somebody writes into the file that was read
        if len(found) != 1:
            return _SEVERAL._replace(alarm=True) if found else _NOBODY
        read = plan.read(dict(zip(self._header, found[0], strict=True)), query)
        asked, came = (hashlib.sha256(part.encode()).digest() for part in (key, "\n".join(found[0])))
        updated = rfc3339(self.marker.as_of)
        return read._replace(source_updated_at=updated, request_digest=asked, response_digest=came)

    def _next(self, at: int) -> list[tuple[str, list[str]]]:
        """The two rows behind the next line break, fewer at the end, each with its number; and the end."""
        lines = os.pread(self._fd, 3 * _LINE_BYTES, at).split(b"\n", 3)[1:3]
        return [*((row[self._column], row) for line in lines for row in _rows(line)), _END]


class FileRegister:
    """The newest good file at a place."""

    def __init__(self, path: Path, plans: Mapping[str, ServicePlan], clock: Clock) -> None:
        """Nothing is read yet."""
        self._both, self._plans, self._clock = (path, path.with_name(f"{path.name}.ok")), plans, clock
        self._file: DroppedFile | None = None
        self._loading: asyncio.Future[None] | None = None
        self._seen, self.stopped = list[tuple[int, ...]](), threading.Event()

    async def answer(self, query: SourceQuery) -> SourceAnswer:
        """The row about the subject; a first file is waited for, a newer one is not."""
        plan = self._plans[query.service.partition(".")[2]]
        ((column, number),) = plan.request(query, {}, "").items()
        query.looks_up(self._both[0].name, {column: number})
        seen = await asyncio.to_thread(lambda: [_state(one) if one.exists() else () for one in self._both])
        if seen != self._seen and (self._loading is None or self._loading.done()):
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._renew, query.service, column, seen))
        if self._file is None and self._loading is not None:
            await asyncio.shield(self._loading)
        if (file := self._file) is None or self._clock.now() >= file.marker.valid_until:
            return _DAMAGED if file is None and all(seen) else _AWAY
        try:
            return await asyncio.to_thread(file.answer, plan, query, str(number))
        except (ValueError, LookupError, csv.Error):
            return _DAMAGED

    def _renew(self, service: str, column: str, seen: list[tuple[int, ...]]) -> None:
        try:
            new = DroppedFile(*self._both, column, self.stopped)
            self._file, self._seen = max(new, self._file or new, key=lambda one: one.marker.as_of), seen
        except (OSError, ValueError, csv.Error) as error:
            self._seen = [] if isinstance(error, OSError) else seen
            log().warning("source.file.refused", service=service, reason=type(error).__name__)


def _rows(lines: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(lines.decode("utf-8"), newline=""), strict=True))


def _state(file: int | Path) -> tuple[int, ...]:
    return (of := os.stat(file)).st_ino, of.st_size, of.st_mtime_ns  # noqa: PTH116 -- of descriptors too
