"""`motlan erase-period`: the keys of a month are destroyed."""

import click

from gateway.cli.store import Store, keeps
from gateway.composition.keeper import Keeper
from gateway.keeping.archive import notes_in
from gateway.keeping.erasure import Erased, Erasure

#: where bytes of destroyed keys still are -> what to do about it
_REMAINS = {
    "tables": "deleted, but the tables still hold the bytes until they are vacuumed (PostgreSQL: as the owner,"
    " VACUUM FULL period_keys; SQLite: a reader holds the file, repeat the command)",
    "journal": "the write-ahead log of PostgreSQL (pg_wal), its archive and backups still hold the wrapped bytes, until"
    " the server recycles it and you destroy those; to end it now, change the root key (motlan keys rotate root)"
    " and destroy the former one",
}

_NOT_ARCHIVED = (
    "{period} chưa được lưu trữ / {period} is not archived yet: an archive that is made later (motlan log archive)"
    " holds its records as they are then, with their people sealed for good"
)


@click.command("erase-period")
@click.argument("period", metavar="YYYY-MM")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--before-its-time", "reason", metavar="REASON", help="Although the hot period is not over.")
@keeps
def erase_period(*, period: str, yes: bool, reason: str | None, store: Store) -> int:
    """Destroy the keys of one month: nobody reads or finds the people in its records any more. Proofs stay.

    \b
    Examples:
      motlan erase-period 2024-10 --dir /var/lib/motlan
      motlan erase-period 2026-08 --yes --before-its-time 'Quyết định số 12/QĐ-STP'
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper

    async def work() -> Erased | None:
        recorder = keeper.recorder()
        erasure = Erasure(recorder, keeper.vault(), keeper.hot)
        again = await erasure.check(period, reason)
        if not (again or store.quiet or await _archived(keeper, period)):
            click.echo(_NOT_ARCHIVED.format(period=period), err=True)
        if not (yes or _typed(period)):
            return None
        return await erasure.erase(period, reason)

    erased = store.done(work)
    if erased is None:
        click.echo("không xóa / nothing was erased", err=True)
        return 1
    store.say(erased._asdict(), _told(erased))
    return 1 if "tables" in erased.remains else 0


async def _archived(keeper: Keeper, period: str) -> bool:
    """Whether archives reach that month: a file that is there, or one whose records were pruned."""
    folder = keeper.archive_folder
    there = {one.month for one in notes_in(folder) if (folder / one.name).exists()}
    pruned = {one.month for one in (await keeper.history().history()).archives}
    return max(there | pruned, default="") >= period


def _typed(period: str) -> bool:
    text = f"Nhập lại {period} để hủy khóa, không thể khôi phục / type {period} to destroy its keys for good"
    return str(click.prompt(text, err=True, default="", show_default=False)).strip() == period


def _told(erased: Erased) -> str:
    words = (
        "đã bị hủy từ trước / was erased before" if erased.again else "đã hủy khóa / its keys are destroyed"
    )
    return "\n".join([f"{erased.period}: {words}", *(_REMAINS[place] for place in erased.remains)])
