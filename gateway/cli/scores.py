"""`motlan scores`: the scores of service quality of a month, and the dossiers that cost points."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import click
from rich.table import Table
from rich.text import Text

from gateway.audit.shown import csv_line
from gateway.cli.desk import CommandDesk, asks
from gateway.cli.options import cell, plain
from gateway.relay import words
from gateway.relay.scoring import Indicator

_WIDTH = 180
_SHORT = 20
_COLUMNS = "dossier agency procedure indicator reason late_seconds".split()


@click.command()
@click.option("--month", metavar="MONTH", help="A month in Việt Nam, as 2026-11; default: this one.")
@click.option("--agency", help="Only the dossiers of this agency.")
@click.option(
    "--csv", "as_csv", is_flag=True, help="The dossiers that cost points as CSV on standard output."
)
@asks("one_gate")
def scores(*, month: str | None, agency: str | None, as_csv: bool, desk: CommandDesk) -> int:
    """Compute in advance how the month is scored, by agency and procedure. Names nobody.

    A requester sees its own dossiers; with the scope admin, all.

    \b
    Examples:
      motlan scores --month 2026-11
      motlan scores --agency 000.00.14.H31 --csv > lost.csv
    """  # noqa: D301 -- \b is click's
    if desk.as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other: give one of them")
    given = {"month": month, "agency": agency}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    found = desk.asked(lambda client: client.get(f"/v1/scores{'?' if query else ''}{query}", "Scores")).body
    if as_csv:
        click.echo("".join(_csv(found)), nl=False)
    else:
        desk.say(found, _table(found), _lost(found), _rest(found), width=_WIDTH)
    return 0


def _table(found: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table(
        "cơ quan / agency", "thủ tục / procedure", "hồ sơ / dossiers", "quá hạn chưa xong / overdue",
        *(words.both(words.INDICATORS, one) for one in Indicator), title=plain(found["month"]),
    )  # fmt: skip
    for group in found["groups"]:
        table.add_row(*_cells(group, group["agency"], group["procedure"]))
    table.add_row(*_cells(found["total"], "tổng / total", ""), style="bold")
    return table


def _cells(group: Any, agency: str, procedure: str) -> Iterator[Text]:  # noqa: ANN401 -- the JSON answer
    yield from map(cell, (agency, procedure, group["dossiers"], group["overdue"]))
    for one in Indicator:
        tally = group["scores"][one]
        rate = "-" if tally["rate"] is None else f"{tally['rate']:.1%} ({tally['good']}/{tally['counted']})"
        yield cell(rate)


def _lost(found: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table("hồ sơ / dossier", "chỉ số / indicator", "lý do mất điểm / why it costs points")
    for one in found["lost"][:_SHORT]:
        late = f" ({one['late_seconds'] / 3_600:.1f} giờ / hours)" if one["late_seconds"] else ""
        why = words.both(words.LOST, one["reason"]) + late
        table.add_row(*map(cell, (one["dossier"], words.both(words.INDICATORS, one["indicator"]), why)))
    return table


def _rest(found: Any) -> str:  # noqa: ANN401 -- the JSON answer
    rest = len(found["lost"]) - _SHORT + found["left_out"]
    return f"còn {rest} dòng: dùng --csv / {rest} more: use --csv" if rest > 0 else ""


def _csv(found: Any) -> Iterator[str]:  # noqa: ANN401 -- the JSON answer
    yield csv_line(_COLUMNS).decode()
    for one in found["lost"]:
        yield csv_line([str(one[name]) for name in _COLUMNS]).decode()
