"""`motlan log search`: records that match, newest first."""

from typing import Any

import click
from rich.table import Table

from gateway.cli.desk import Desk, asks
from gateway.cli.filters import FILTERS, TIMES, filters_of
from gateway.cli.options import options
from gateway.cli.paging import pages, passed_over

#: of a table that goes into a file
_WIDTH = 180


@click.command()
@options(*FILTERS, *TIMES)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Records at most.")
@asks("auditor")
def search(
    *,
    limit: int,
    desk: Desk,
    **filters: str | None,
) -> int:
    """Find records, newest first. What is shown names nobody. The search itself is recorded.

    \b
    Examples:
      motlan log search --dossier H31.14-260105-0007
      echo 033190001234 | motlan log search --subject - --source population --json
    """  # noqa: D301 -- \b is click's
    body = filters_of(filters)
    answer = desk.asked(lambda client: pages(client, "/v1/audit/search", body, "records", limit))
    found = answer.body
    desk.say(
        found, _records(found["records"], more=found["next"] is not None), *passed_over(found), width=_WIDTH
    )
    return 0


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
