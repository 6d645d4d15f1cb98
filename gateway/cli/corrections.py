"""`motlan corrections`: reports to the owners of databases, and how they stand."""

from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.files import OUT, written
from gateway.cli.options import cell
from gateway.cli.paging import pages
from gateway.domain.dates import local_text

_WIDTH = 160
_STATES = {
    "queued": "chờ chuyển / queued", "taken": "đã lấy ra để chuyển / taken", "received": "cơ quan đã nhận / received",
    "corrected": "đã chỉnh sửa / corrected", "refused": "từ chối / refused",
    "unreadable": "không đọc được / unreadable",
}  # fmt: skip


@click.group()
def corrections() -> None:
    """Reports to the owners of databases.

    \b
    Examples:
      motlan corrections list
      motlan corrections take cr-abcdefghijkmnpqrstuvwxyz --out report.json
    """  # noqa: D301 -- \b is click's


@corrections.command("list")
@click.option("--state", type=click.Choice([*_STATES]), help="Only those that stand so.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Reports at most.")
@asks("portal")
def list_corrections(*, state: str | None, limit: int, desk: CommandDesk) -> int:
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
    desk.say(answer, _table(answer["corrections"]), width=_WIDTH)
    return 0


@corrections.command("take")
@click.argument("correction")
@click.option("--out", type=OUT, help="File for the report (mode 0600); left out: standard output.")
@asks("portal")
def take(*, correction: str, out: Path | None, desk: CommandDesk) -> int:
    """Take a whole report out, to bring it to the owner of the database. It names the person: keep it safe.

    \b
    Examples:
      motlan corrections take cr-abcdefghijkmnpqrstuvwxyz --out report.json
      motlan corrections take cr-abcdefghijkmnpqrstuvwxyz --json
    """  # noqa: D301 -- \b is click's
    body = {"correction": correction}
    answer = desk.asked(lambda client: client.post("/v1/corrections/take", body, "CorrectionTaken")).body
    text = orjson.dumps(answer["report"], option=orjson.OPT_INDENT_2).decode() + "\n"
    if out is not None:
        with written(out) as file:
            file.write(text.encode())
        out.chmod(0o600)
    shown = {name: value for name, value in answer.items() if name != "report"} if out is not None else answer
    desk.say(shown, _table([answer]), "" if out is not None else text.rstrip(), width=_WIDTH)
    return 0


@corrections.command("update")
@click.argument("correction")
@click.argument("state", type=click.Choice(("received", "corrected", "refused")))
@click.option("--reference", required=True, help="The owner's document that says so: number and day.")
@asks("portal")
def update(*, correction: str, state: str, reference: str, desk: CommandDesk) -> int:
    """Say what the owner of the database answered: that it has the report, corrected, or refused.

    \b
    Examples:
      motlan corrections update cr-abcdefghijkmnpqrstuvwxyz received --reference 'Biên nhận 12/C06'
      motlan corrections update cr-abcdefghijkmnpqrstuvwxyz corrected --reference 'Công văn 123/C06 ngày 02/12/2026'
    """  # noqa: D301 -- \b is click's
    body = {"correction": correction, "state": state, "reference": reference}
    answer = desk.asked(lambda client: client.post("/v1/corrections/update", body, "CorrectionState")).body
    desk.say(answer, _table([answer]), width=_WIDTH)
    return 0


def _table(found: list[Any]) -> Table:
    table = Table(
        "mã / id",
        "tình trạng / state",
        "nguồn / source",
        "trường / attribute",
        "gửi lúc / opened",
        "thay đổi lúc / changed",
    )
    for one in found:
        times = (local_text(one["opened_at"]), local_text(one["changed_at"] or "—"))
        state = _STATES.get(one["state"], one["state"])
        table.add_row(cell(one["id"]), cell(state), cell(one["source"]), cell(one["attribute"]), *times)
    return table
