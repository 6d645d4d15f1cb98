"""An export fetched from a gateway into a file: whole or not at all, in constant memory, with progress."""

import gzip
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.client import ClientAnswer, GatewayClient, Unreachable
from gateway.cli.files import written

_RECORD = b'{"i":'
_LAST = b'{"end":true'
_COUNT = re.compile("[0-9]{1,9}", re.ASCII)
_STEP = 500
_LONGEST_LINE = 1 << 24


class Written(NamedTuple):
    """What was written."""

    records: int
    #: size of the log at the checkpoint; 0 for CSV
    size: int
    bytes: int
    #: of a search: months and archives where it could not look
    skipped_periods: list[str]
    archives: list[str]
    #: records that were written and had no number yet
    waiting: int = 0


def write_export(
    client: GatewayClient, body: dict[str, Any], out: str, *, csv: bool, progress: bool
) -> Written | ClientAnswer:
    """Fetch it; the answer of the gateway when it gives none. Unreachable when it broke off: no file is left then."""
    with client.streamed("/v1/audit/export", body) as got:
        if isinstance(got, ClientAnswer):
            return got
        with _opened(out) as file, _bar(shown=progress) as step:
            passed = [_words(got.headers, name) for name in ("X-Skipped-Periods", "X-Archives")]
            done = _csv(got, file, *passed) if csv else _copied(got, file, step)
            waiting = got.headers.get("X-Records-Waiting", "")
            return done._replace(waiting=int(waiting) if _COUNT.fullmatch(waiting) else 0)


def opened_export(path: Path) -> Any:  # noqa: ANN401 -- JSON
    """The first line of an export, compressed or not; ValueError or OSError when it is none."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.open(raw) if packed else raw as file:
            return orjson.loads(file.readline(_LONGEST_LINE))


def _copied(lines: Iterator[bytes], file: BinaryIO, step: "_Step") -> Written:
    head = next(lines, b"")
    if not head.startswith(b'{"motlan_export":'):
        raise Unreachable("the gateway sent no export")
    try:
        first = orjson.loads(head)
        step.total(first["to"] - first["from"] if first.get("contiguous", True) else None)
        size = int(first["checkpoint"].split("\n")[1])
        searched = first.get("searched", {})
        passed = [list(map(str, searched.get(name, ()))) for name in ("skipped_periods", "archives")]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Unreachable("the gateway sent an export whose first line cannot be read") from None
    records, written, line = 0, file.write(head), head
    for line in lines:
        written += file.write(line)
        if line.startswith(_RECORD):
            records += 1
            step.to(records)
    if not line.startswith(_LAST):
        raise Unreachable("the export broke off before its last line")
    return Written(records, size, written, skipped_periods=passed[0], archives=passed[1])


def _words(headers: Mapping[str, str], name: str) -> list[str]:
    return [word for word in headers.get(name, "").split(", ") if word]


def _csv(lines: Iterator[bytes], file: BinaryIO, skipped: list[str], archives: list[str]) -> Written:
    records, written = -1, 0
    for line in lines:
        records += 1
        written += file.write(line)
    return Written(records, 0, written, skipped, archives)


@contextmanager
def _opened(out: str) -> Iterator[BinaryIO]:
    """The file, under another name until it is whole; `-` is standard output."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with written(Path(out)) as file:
        yield file


class _Step:
    """A progress bar, or none."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", total=None)

    def total(self, records: int | None) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=records)

    def to(self, records: int) -> None:
        if self._bar is not None and self._task is not None and records % _STEP == 0:
            self._bar.update(self._task, completed=records)


@contextmanager
def _bar(*, shown: bool) -> Iterator[_Step]:
    if not shown:
        yield _Step(None)
        return
    columns = (TextColumn("bản ghi / records"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Step(bar)
