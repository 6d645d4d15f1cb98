"""`motlan log report`: the reports of the exchange log as a table, JSON or CSV."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.audit.report_words import REPORTS, cell, csv_of
from gateway.cli.desk import CommandDesk, asks
from gateway.cli.files import OUT, write
from gateway.cli.filters import TIMES, moment
from gateway.cli.options import as_json, options, plain
from gateway.cli.options import cell as shown
from gateway.cli.paging import looked_past
from gateway.domain.dates import local_text

_WIDTH = 180
_HOURS = re.compile(r"([0-2][0-9]:[0-5][0-9])-([0-2][0-9]:[0-5][0-9])", re.ASCII)
_WEEKDAYS = re.compile(r"[1-7]+", re.ASCII)
#: columns that hold times
_TIMES = ("first", "last")
_VOLUME = ("weeks", "compare", "threshold", "least")


@click.command()
@click.argument("name", type=click.Choice(list(REPORTS)), metavar="|".join(REPORTS))
@click.option("--month", metavar="MONTH", help="A month in Việt Nam, as 2026-11; or --since and --until.")
@options(*TIMES)
@click.option("--requester", help="Only this system.")
@click.option("--agency", help="Only in the name of this agency.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Rows; sums are over all."
)
@click.option(
    "--weeks", type=click.IntRange(2, 26), help="volume: compared with so many weeks before; default 8."
)
@click.option(
    "--compare",
    type=click.Choice(["weekday", "all"]),
    help="volume: with the same weekday (default) or all days.",
)
@click.option("--threshold", type=float, help="volume: reported above this score; default 3.5.")
@click.option(
    "--least", type=click.IntRange(0), help="volume: reported from so many exchanges a day; default 10."
)
@click.option("--office", metavar="HH:MM-HH:MM", help="hours: office hours; default 07:00-18:00.")
@click.option("--weekdays", metavar="DIGITS", help="hours: working days, Monday is 1; default 12345.")
@click.option(
    "--holiday", "holidays", multiple=True, metavar="DAY", help="hours: a public holiday; repeat it."
)
@click.option(
    "--workday", "workdays", multiple=True, metavar="DAY", help="hours: a day off on which there was work."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.option("--out", type=OUT, help="Write a file.")
@asks("auditor")
def report(
    *,
    name: str,
    form: str,
    out: Path | None,
    desk: CommandDesk,
    **given: Any,  # noqa: ANN401 -- options, each of its own type
) -> int:
    """Count what the exchange log holds: what is shown names nobody. The report itself is recorded.

    \b
    requesters  exchanges, refusals, dossiers of each system and month
    outcomes    what came of the calls to each source
    volume      days on which a system asked far more than in its weeks before
    hours       access outside office hours, by system and official
    lookups     officials who look people up without a dossier

    \b
    Examples:
      motlan log report requesters --month 2026-11
      motlan log report volume --month 2026-11 --threshold 5 --compare all
      motlan log report hours --month 2026-09 --holiday 2026-09-01 --holiday 2026-09-02
      motlan log report lookups --month 2026-11 --format csv --out lookups.csv
    """  # noqa: D301 -- \b is click's
    body = {"report": name, **_body(given)}
    answer = desk.asked(lambda client: client.post("/v1/audit/report", body, "Report"))
    text = _written(answer.body, "json" if desk.as_json else form, wide=out is not None)
    if form == "csv" and not desk.as_json:  # which has no place for it
        for line in looked_past(answer.body):
            click.echo(plain(line), err=True)
    if out is not None:
        write(out, text)
    elif not desk.quiet:
        click.echo(text, nl=False)
    return 0


def _body(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the request out of the options that were given."""
    plain = ("month", "requester", "agency", "limit", *_VOLUME)
    body = {key: given[key] for key in plain if given[key] is not None}
    body |= {key: moment(given[key], key) for key in ("since", "until") if given[key] is not None}
    if office := _office(given):
        body["office"] = office
    return body


def _office(given: Mapping[str, Any]) -> dict[str, Any]:
    office: dict[str, Any] = {key: list(given[key]) for key in ("holidays", "workdays") if given[key]}
    if (hours := given["office"]) is not None:
        if not (found := _HOURS.fullmatch(hours)):
            raise click.UsageError("--office: write it as 07:00-18:00")
        office |= {"opens": found[1], "closes": found[2]}
    if (days := given["weekdays"]) is not None:
        if not _WEEKDAYS.fullmatch(days):
            raise click.UsageError("--weekdays: write digits from 1 (Monday) to 7, as 12345")
        office["weekdays"] = sorted(set(map(int, days)))
    return office


def _written(answer: Mapping[str, Any], form: str, *, wide: bool) -> str:
    if form == "json":
        return as_json(answer) + "\n"
    if form == "csv":
        return b"".join(csv_of(answer)).decode()
    width = _WIDTH if wide or not sys.stdout.isatty() else None
    console = Console(width=width)
    with console.capture() as shown:
        console.print(_table(answer))
    return shown.get() + _below(answer)


def _table(answer: Mapping[str, Any]) -> Table:
    table = Table(title=shown(f"{answer['title']} / {answer['title_en']}"))
    for column in answer["columns"]:
        table.add_column(shown(f"{column['title']}\n{column['title_en']}"))
    for row in answer["rows"]:
        table.add_row(*(_cell(column["name"], row.get(column["name"], "")) for column in answer["columns"]))
    return table


def _cell(name: str, value: object) -> Text:
    return shown(local_text(cell(value)) if name in _TIMES else cell(value))


def _below(answer: Mapping[str, Any]) -> str:
    """Span, sums and method."""
    totals = ", ".join(f"{name}: {value}" for name, value in answer["totals"].items())
    settings = ", ".join(f"{name}: {cell(value)}" for name, value in answer["settings"].items())
    lines = [f"{local_text(answer['since'])} … {local_text(answer['until'])}", f"tổng / totals: {totals}"]
    lines += [f"theo / with: {settings}"] * bool(settings)
    lines += [*looked_past(answer), answer["how"], answer["how_en"]]
    return "".join(f"{plain(line)}\n" for line in lines)
