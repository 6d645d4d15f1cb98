"""`motlan log quarantine`: rows in the log's database that no gateway wrote."""

from typing import Any

import click
from rich.table import Table

from gateway.cli.options import cell
from gateway.cli.store import Store, keeps
from gateway.domain.dates import rfc3339

_REASONS = {
    "unreadable": "không phải bản ghi / no record",
    "untagged": "không có nhãn xác thực / without a tag",
    "keyless": "tháng không có khóa / a month without keys",
    "forged": "nhãn xác thực sai / with a tag that does not hold",
    "twice": "bản ghi đã có trong cây / a record that has a place already",
}


@click.command()
@click.option("--seen", is_flag=True, help="Mark those that are shown: they raise no alarm any more.")
@keeps
def quarantine(*, seen: bool, store: Store) -> int:
    """List rows that were put into the database and got no place in the log. Exit code 1: there are some.

    Each stays in `append_log` under its number. Find out who wrote it before you mark it.

    \b
    Examples:
      motlan log quarantine --dir /var/lib/motlan
      motlan log quarantine --seen --set gateway.log.admin_url="$URL"
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper

    async def look() -> list[dict[str, Any]]:
        keeper.log()
        quarantine = keeper.quarantine()
        rows = await quarantine.unseen()
        if seen:
            await quarantine.mark_seen(rows, rfc3339(keeper.now()))
        return [row._asdict() for row in rows]

    found = store.done(look)
    table = Table("số dòng / row", "lý do / reason", "lúc / refused", "giá trị băm / leaf hash")
    for one in found:
        words = _REASONS.get(one["reason"], one["reason"])
        table.add_row(*map(cell, (one["seq"], words, one["refused"], one["leaf_hash"])))
    store.say(found, table if found else "không có / none", width=160)
    return int(bool(found) and not seen)
