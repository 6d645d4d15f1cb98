"""`motlan log`: what auditors ask a running gateway about its exchange log.

Ids of people come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.cli_client import asked, client_for, refusal
from gateway.cli_filters import (
    CLIENT,
    FILTERS,
    TIMES,
    VKEY,
    export_body,
    filters_of,
    options,
)
from gateway.cli_report import report
from gateway.cli_subject import subject
from gateway.client import Answer
from gateway.export_file import Written, write_export
from gateway.proving import Shown, check_exchange, check_growth, check_inclusion, read_receipt, vkey_of

_Found = TypeVar("_Found")
_PAGE = 200
#: of a table that goes into a file
_WIDTH = 180
_NOTE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def log() -> None:
    """Search, export and prove what the exchange log of a running gateway holds.

    \b
    Examples:
      motlan log search --procedure 1.004873 --since 2026-11-25
      motlan log export --day 2026-11-25 --out day.jsonl
    """  # noqa: D301 -- \b is click's


log.add_command(report)
log.add_command(subject)


@log.command()
@options(*FILTERS, *TIMES)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Records at most.")
@options(*CLIENT)
def search(
    *,
    limit: int,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
    **filters: str | None,
) -> int:
    """Find records, newest first. What is shown names nobody. The search itself is recorded.

    \b
    Examples:
      motlan log search --dossier H31.14-260105-0007
      echo 033190001234 | motlan log search --subject - --source population --json
    """  # noqa: D301 -- \b is click's
    body = filters_of(filters)
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    records: list[Any] = []
    cursor: str | None = None
    while True:
        page = {**body, "limit": min(_PAGE, limit - len(records)), **({"cursor": cursor} if cursor else {})}
        answer = _asked(partial(client.post, "/v1/audit/search", page))
        if answer is None or answer.status != 200:
            return _failed(answer)
        records += answer.body["records"]
        cursor = answer.body["next"]
        if cursor is None or len(records) >= limit:
            break
    if as_json:
        click.echo(orjson.dumps({"records": records, "next": cursor}).decode())
    elif not quiet:
        wide = None if sys.stdout.isatty() else _WIDTH
        Console(width=wide).print(_records(records, more=cursor is not None))
    return 0


@log.command()
@click.option("--out", required=True, metavar="FILE|-", help="Where to write; - is standard output.")
@click.option("--from", "first", type=click.IntRange(0), help="First index of a range.")
@click.option("--to", "end", type=click.IntRange(0), help="Index after the last of a range.")
@click.option("--day", metavar="DAY", help="One day in Việt Nam, as 2026-11-25.")
@click.option("--csv", is_flag=True, help="For spreadsheets; proves nothing.")
@options(*TIMES, *FILTERS, *CLIENT)
def export(
    *,
    out: str,
    first: int | None,
    end: int | None,
    day: str | None,
    csv: bool,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
    **filters: str | None,
) -> int:
    """Write the whole log, a range or a day of it, or what a search finds, for `motlan verify-log`.

    \b
    Examples:
      motlan log export --day 2026-11-25 --out day.jsonl
      motlan log export --procedure 1.004873 --csv --out certificates.csv
    """  # noqa: D301 -- \b is click's
    body = export_body(filters, first, end, day) | ({"format": "csv"} if csv else {})
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    bar = not quiet and sys.stderr.isatty()
    written = _asked(lambda: write_export(client, body, out, csv=csv, progress=bar))
    if not isinstance(written, Written):
        return _failed(written)
    if as_json and out != "-":
        click.echo(orjson.dumps(written._asdict() | {"file": out}).decode())
    elif not quiet:
        click.echo(_told(written, out), err=True)
    return 0


@log.command()
@click.argument("receipt", required=False, metavar="HASH|FILE|-")
@click.option("--exchange", "exchange_id", help="All records of this exchange (auditors).")
@VKEY
@options(*CLIENT)
def prove(
    *,
    receipt: str | None,
    exchange_id: str | None,
    vkey: str | None,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Redeem a receipt: fetch the proof that its record is in the log, and check it here.

    The receipt is the leaf hash, or the JSON of an answer that has it, from a file or standard input.

    \b
    Examples:
      motlan prefill 1.004873 --subject … --json | motlan log prove -
      motlan log prove --exchange 01KB0000000000000000000000 --ready-file ready.json
    """  # noqa: D301 -- \b is click's
    if (receipt is None) == (exchange_id is None):
        raise click.UsageError("give a receipt (hash, file or -) or --exchange, one of them")
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    known = vkey or vkey_of(ready_file)
    if exchange_id is not None:
        shown = _asked(lambda: check_exchange(client, exchange_id, known))
    else:
        leaf = read_receipt(receipt or "")
        shown = _asked(lambda: check_inclusion(client, leaf, known))
    return _verdict(shown, as_json=as_json, quiet=quiet)


@log.command()
@click.option("--since", type=_NOTE, help="A checkpoint that you kept: the log must have only grown.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Keep the checkpoint in a file.")
@VKEY
@options(*CLIENT)
def checkpoint(
    *,
    since: Path | None,
    out: Path | None,
    vkey: str | None,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Fetch the newest signed checkpoint; with an older one, check that nothing before it was changed.

    \b
    Examples:
      motlan log checkpoint --out today.checkpoint
      motlan log checkpoint --since yesterday.checkpoint --vkey log+0e1a74b5+AaXB…
    """  # noqa: D301 -- \b is click's
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    older = None if since is None else since.read_text("utf-8")
    shown = _asked(lambda: check_growth(client, older, vkey or vkey_of(ready_file)))
    if isinstance(shown, Shown) and shown.good and out is not None:
        out.write_text(shown.note, "utf-8")
    return _verdict(shown, as_json=as_json, quiet=quiet)


def _asked(call: Callable[[], _Found]) -> _Found | None:
    """As `asked`, for calls that give something else than an answer; an error of the disk is told as such."""
    try:
        return asked(call)
    except OSError as error:
        raise click.UsageError(f"the file cannot be written ({error.strerror})") from None


def _failed(answer: Answer | None) -> int:
    """Say what the gateway refused; the exit code."""
    if answer is None:
        return 3
    click.echo(refusal(answer), err=True)
    return 2 if answer.status in {400, 422} else 1


def _verdict(shown: Shown | Answer | None, *, as_json: bool, quiet: bool) -> int:
    if not isinstance(shown, Shown):
        return _failed(shown)
    if as_json:
        click.echo(orjson.dumps(shown.facts).decode())
    elif not quiet:
        click.echo(shown.words)
        if "note" in shown.facts:
            click.echo(shown.note, nl=False)
    return 0 if shown.good else 1


def _told(written: Written, out: str) -> str:
    told = f"{out}: {written.records} records, {written.bytes} bytes"
    if not written.size:
        return told
    return f"{told}, of a log of {written.size}\nkiểm tra / check it: motlan verify-log {out} --vkey …"


def _records(records: list[Any], *, more: bool) -> Table:
    table = Table("số / no.", "thời gian / time", "giai đoạn / phase", "hệ thống / by", "thủ tục / procedure",
                  "hồ sơ / dossier", "nguồn / sources", "kết quả / result")  # fmt: skip
    for record in records:
        calls = dict.fromkeys(f"{c['source']}: {c['outcome'] or '…'}" for c in record.get("calls", ()))
        cells = (record.get(name, "") for name in "time phase requester procedure dossier".split())
        table.add_row(str(record["leaf_index"]), *cells, ", ".join(calls), record.get("result", ""))
    if more:
        table.caption = "còn nữa: --limit / there are more: --limit"
    return table
