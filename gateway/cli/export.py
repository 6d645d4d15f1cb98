"""`motlan log export`: the log, a stretch of it or what a search finds, in a file that can be verified."""

import sys
from pathlib import Path

import click

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.export_file import Written, write_export
from gateway.cli.files import note_in
from gateway.cli.filters import FILTERS, TIMES, export_body
from gateway.cli.options import as_json, options, plain
from gateway.cli.paging import passed_over


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE|-",
    help="Where to write; - is standard output.",
)
@click.option("--from", "first", type=click.IntRange(0), help="First index of a range.")
@click.option("--to", "end", type=click.IntRange(0), help="Index after the last of a range.")
@click.option("--day", metavar="DAY", help="One day in Việt Nam, as 2026-11-25.")
@click.option(
    "--grown-from",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="CHECKPOINT",
    help="File with a checkpoint that you kept: the proof for `verify-log --since` goes with the export.",
)
@click.option("--csv", is_flag=True, help="For spreadsheets; proves nothing.")
@options(*TIMES, *FILTERS)
@asks("auditor")
def export(
    *,
    out: str,
    first: int | None,
    end: int | None,
    day: str | None,
    grown_from: Path | None,
    csv: bool,
    desk: CommandDesk,
    **filters: str | None,
) -> int:
    """Write the whole log, a range or a day of it, or what a search finds, for `motlan verify-log`.

    Here --since and --until are times; in `motlan verify-log` --since is the file of a checkpoint, the one that
    --grown-from takes here.

    \b
    Examples:
      motlan log export --day 2026-11-25 --out day.jsonl --grown-from yesterday.checkpoint
      motlan log export --procedure 1.004873 --csv --out certificates.csv
    """  # noqa: D301 -- \b is click's
    if csv and grown_from is not None:
        raise click.UsageError("--csv proves nothing: --grown-from goes without it")
    body = export_body(filters, first, end, day) | ({"format": "csv"} if csv else {})
    body |= {} if grown_from is None else {"grown_from": note_in(grown_from)}
    bar = not desk.quiet and sys.stderr.isatty()
    try:
        written = desk.fetched(lambda client: write_export(client, body, out, csv=csv, progress=bar))
    except OSError as error:
        raise click.UsageError(f"the file cannot be written ({error.strerror})") from None
    if desk.as_json and out != "-":
        click.echo(as_json(written._asdict() | {"file": out}))
    elif not desk.quiet:
        click.echo(plain(_told(written, out)), err=True)
    return 0


def _told(written: Written, out: str) -> str:
    text = f"{out}: {written.records} records, {written.bytes} bytes"
    if written.size:
        text += f", of a log of {written.size}\nkiểm tra / check it: motlan verify-log {out} --vkey …"
    if written.waiting:
        text += (
            f"\n{written.waiting} bản ghi chưa có số, xuất lại sau 10 giây"
            " / records wait for their number and are not in it: export again in 10 seconds"
        )
    return "\n".join([text, *passed_over(written.skipped_periods, written.archives)])
