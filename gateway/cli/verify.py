"""`motlan verify-log`: an export of an exchange log, verified offline with nothing but its file and a public key."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from gateway import VERSION
from gateway.cli.files import OUT, note_in, write
from gateway.cli.options import JSON, QUIET, VKEYS
from gateway.exchange_log.note import NoteBroken
from gateway.exchange_log.report import report_lines
from gateway.exchange_log.standalone import standalone
from gateway.exchange_log.verdict import Verdict
from gateway.exchange_log.verify import verify_export

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
_NOTE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("verify-log")
@click.argument("export", metavar="FILE", required=False, type=_FILE)
@VKEYS
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="KEY",
    help="Public key of a witness that must have signed the checkpoint as well; may be repeated.",
)
@click.option(
    "--checkpoint",
    type=_NOTE,
    help="File with the signed checkpoint for which it must be made, or `log prove-archive` proved.",
)
@click.option(
    "--since",
    type=_NOTE,
    help="File with an older signed checkpoint: the log must have only grown. (In `log export` --since is a time;"
    " give it this file as --grown-from, else a day that begins behind it shows nothing.)",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Decode every record, not only its phase and time; its JSON must be canonical.",
)
@click.option(
    "--emit-standalone",
    type=OUT,
    help="Write the verifier as one Python file that needs only `cryptography`.",
)
@JSON
@QUIET
def verify_log(
    *,
    export: Path | None,
    vkeys: tuple[str, ...],
    witnesses: tuple[str, ...],
    checkpoint: Path | None,
    since: Path | None,
    strict: bool,
    emit_standalone: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Verify an export of an exchange log offline, and name the record that is wrong.

    \b
    Examples:
      motlan verify-log day.jsonl --vkey 'log.example/main+1a2b3c4d+AQ…'
      motlan verify-log day.jsonl --vkey "$KEY" --since yesterday.checkpoint --json
      motlan verify-log --emit-standalone verify_motlan_log.py
    """  # noqa: D301 -- \b is click's
    if emit_standalone is not None:
        _write(emit_standalone, quiet=quiet)
        if export is None:
            return 0
    if export is None:
        raise click.UsageError("give the FILE of an export, or --emit-standalone PATH")
    if not vkeys:
        remedy = "give --vkey KEY or set MOTLAN_LOG_VKEY to the key that the log's operator published"
        raise click.UsageError(f"the key in the file itself proves nothing: {remedy}")
    notes = {
        "checkpoint": None if checkpoint is None else note_in(checkpoint),
        "since": None if since is None else note_in(since),
    }
    verdict = _verified(export, (vkeys, witnesses), notes, strict=strict, bar=not quiet)
    if as_json:
        click.echo(json.dumps(verdict.as_json()))
    elif not (quiet and verdict.good):
        for line in report_lines(verdict):
            click.echo(line, err=not verdict.good)
    return 0 if verdict.good else 1


def _verified(
    export: Path,
    keys: tuple[Sequence[str], Sequence[str]],
    notes: Mapping[str, str | None],
    *,
    strict: bool,
    bar: bool,
) -> Verdict:
    try:
        with _opened(export) as file, _bar(export, shown=bar) as progress:
            return verify_export(file, keys[0], witnesses=keys[1], strict=strict, progress=progress, **notes)
    except NoteBroken as error:
        place = "--vkey or --witness" if keys[1] else "--vkey"
        raise click.UsageError(f"{place}: {error}; copy the whole key, name+id+base64") from None
    except OSError as error:
        raise click.UsageError(f"{export} cannot be read ({error.strerror})") from None


def _write(path: Path, *, quiet: bool) -> None:
    write(path, standalone(VERSION, path.name))
    if not quiet:
        click.echo(f"{path}: python3 {path.name} --help")


@contextlib.contextmanager
def _opened(export: Path) -> Iterator[BinaryIO]:
    if str(export) == "-":
        yield sys.stdin.buffer
        return
    with export.open("rb") as file:
        yield file


@contextlib.contextmanager
def _bar(export: Path, *, shown: bool) -> Iterator[Callable[[int], object] | None]:
    """A progress bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal) or str(export) == "-":
        yield None
        return
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None if export.suffix == ".gz" else export.stat().st_size)
        yield lambda count: progress.advance(task, count)
