"""`motlan log export`: the log, a stretch of it or what a search finds, in a file that can be verified."""

import sys

import click
import orjson

from gateway.cli.desk import Desk, asks
from gateway.cli.export_file import Written, write_export
from gateway.cli.filters import FILTERS, TIMES, export_body
from gateway.cli.options import options


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
@click.option("--csv", is_flag=True, help="For spreadsheets; proves nothing.")
@options(*TIMES, *FILTERS)
@asks("auditor")
def export(
    *,
    out: str,
    first: int | None,
    end: int | None,
    day: str | None,
    csv: bool,
    desk: Desk,
    **filters: str | None,
) -> int:
    """Write the whole log, a range or a day of it, or what a search finds, for `motlan verify-log`.

    \b
    Examples:
      motlan log export --day 2026-11-25 --out day.jsonl
      motlan log export --procedure 1.004873 --csv --out certificates.csv
    """  # noqa: D301 -- \b is click's
    body = export_body(filters, first, end, day) | ({"format": "csv"} if csv else {})
    bar = not desk.quiet and sys.stderr.isatty()
    try:
        written = desk.fetched(lambda client: write_export(client, body, out, csv=csv, progress=bar))
    except OSError as error:
        raise click.UsageError(f"the file cannot be written ({error.strerror})") from None
    if desk.as_json and out != "-":
        click.echo(orjson.dumps(written._asdict() | {"file": out}).decode())
    elif not desk.quiet:
        click.echo(_told(written, out), err=True)
    return 0


def _told(written: Written, out: str) -> str:
    told = f"{out}: {written.records} records, {written.bytes} bytes"
    if not written.size:
        return told
    return f"{told}, of a log of {written.size}\nkiểm tra / check it: motlan verify-log {out} --vkey …"
