"""`motlan` as somebody types it, in this process: to start one for each command takes longer than the command."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import structlog
from click.testing import CliRunner

from gateway import telemetry
from gateway.cli import run

ROOT = Path(__file__).parents[1]
#: it takes over the standard streams of the process
_ONE_AT_A_TIME = threading.Lock()


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def motlan(*words: str, given: str = "", environment: dict[str, str | None] | None = None) -> Said:
    """Exit code and words of one command. Blocks: beside a server of this process, call it in a thread."""
    if not structlog.is_configured():  # else a gateway of this process writes its lines to standard output
        telemetry.set_up(io.BytesIO())
    with ThreadPoolExecutor(1) as thread:  # commands have loops of their own
        return thread.submit(_typed, words, given, environment).result()


def _typed(words: tuple[str, ...], given: str, environment: dict[str, str | None] | None) -> Said:
    with _ONE_AT_A_TIME, CliRunner().isolation(given, environment) as (out, err, _):
        code = run(list(words))
        return Said(code, out.getvalue().decode(), err.getvalue().decode())
