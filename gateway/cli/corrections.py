"""`motlan corrections`: reports to the owners of databases, and how they stand."""

import click
from rich.table import Table

from gateway.cli.desk import Desk, asks
from gateway.cli.options import cell
from gateway.cli.paging import pages
from gateway.domain.dates import local_text

_WIDTH = 160


@click.group()
def corrections() -> None:
    """Reports to the owners of databases.

    \b
    Examples:
      motlan corrections list
      motlan corrections list --state queued --json
    """  # noqa: D301 -- \b is click's


@corrections.command("list")
@click.option(
    "--state", type=click.Choice(["queued", "delivered", "unreadable"]), help="Only those that stand so."
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Reports at most.")
@asks("portal")
def list_corrections(*, state: str | None, limit: int, desk: Desk) -> int:
    """List the reports of this requester, newest first; with the scope admin, of all. Names nobody.

    \b
    Examples:
      motlan corrections list --state queued
      motlan corrections list --client-id portal --json
    """  # noqa: D301 -- \b is click's
    body = {"state": state} if state else {}
    answer = desk.asked(
        lambda client: pages(client, "/v1/corrections/search", body, "Corrections", "corrections", limit)
    ).body
    table = Table(
        "mã / id",
        "tình trạng / state",
        "nguồn / source",
        "trường / attribute",
        "gửi lúc / opened",
        "đến / delivered",
    )
    for one in answer["corrections"]:
        times = (local_text(one["opened_at"]), local_text(one["delivered_at"] or "—"))
        table.add_row(*(cell(one[name]) for name in ("id", "state", "source", "attribute")), *times)
    desk.say(answer, table, width=_WIDTH)
    return 0
