"""`motlan log archive`, `log prune`, `log prove-archive`: how long records stay, and where they are afterwards."""

import base64
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from gateway.audit.proofs import TreeProofs
from gateway.cli.client import ClientAnswer, GatewayClient
from gateway.cli.desk import CommandDesk, asks
from gateway.cli.export_file import opened_export
from gateway.cli.files import OUT, write
from gateway.cli.options import cell
from gateway.cli.progress import record_bar
from gateway.cli.proving import newest_note
from gateway.cli.store import Store, keeps
from gateway.composition.keeper import Keeper
from gateway.domain import sentences as say
from gateway.domain.errors import Unprocessable
from gateway.domain.problems import CommandCode
from gateway.exchange_log.note import NoteBroken, NoteVerifier
from gateway.keeping.archive import Archiver, ArchiveStores, notes_in
from gateway.keeping.archive_note import ArchiveNote, note_beside, read_note
from gateway.keeping.months import Month, due_for_destruction, newest_cold
from gateway.keeping.pruning import Pruning, VerifiedArchive

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--until", metavar="YYYY-MM", help="Up to this month; default: the newest that left the hot period."
)
@click.option("--list", "listed", is_flag=True, help="Show what archives there are, and which are due.")
@keeps
def archive(*, until: str | None, listed: bool, store: Store) -> int:
    """Write whole months of the log into signed files, which `motlan verify-log` verifies. Deletes nothing.

    \b
    Examples:
      motlan log archive --dir /var/lib/motlan
      motlan log archive --list
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    if listed:
        return _list(store)
    found = store.done(lambda: _written(keeper, until, bar=not (store.quiet or store.as_json)))
    names = [str(keeper.archive_folder / one.name) for one in found]
    facts = {"archives": [one._asdict() for one in found], "folder": str(keeper.archive_folder)}
    store.say(facts, "\n".join(names) or "không có gì để lưu trữ / nothing to archive")
    return 0


async def _written(keeper: Keeper, until: str | None, *, bar: bool) -> list[ArchiveNote]:
    now = keeper.now()
    last = Month.parse(until) if until else newest_cold(now, keeper.settings.retention.hot_months)
    if last >= Month.of(now):
        raise Unprocessable(say.MONTH_RUNNING(month=last), code=CommandCode.PERIOD_RUNNING)
    keeper.log()
    signers, reader = keeper.signers(), keeper.reader()
    with record_bar(shown=bar) as advance:
        stores = ArchiveStores(
            reader=reader, proofs=TreeProofs(reader, reader), retention=keeper.retention(),
            folder=keeper.archive_folder, signers=signers, vkeys=await keeper.vkeys(), clock=keeper,
        )  # fmt: skip
        try:
            return [one async for one in Archiver(stores, advance).write(last)]
        except OSError as error:
            raise Unprocessable(
                say.FOLDER_NOT_WRITABLE(folder=keeper.archive_folder, why=error.strerror),
                code=CommandCode.FOLDER_WRONG,
            ) from None


def _list(store: Store) -> int:
    keeper = store.keeper
    years, now = keeper.settings.retention.archive_years, keeper.now()

    async def look() -> list[dict[str, Any]]:
        keeper.log()
        history = await keeper.history().history()
        verifiers = [NoteVerifier.parse(vkey) for vkey in await keeper.vkeys()]
        return [
            {
                **one._asdict(),
                "there": (keeper.archive_folder / one.name).exists(),
                "signed": _is_signed(keeper.archive_folder / one.name, verifiers),
                "pruned": one.end <= history.below,
                "due_for_destruction": due_for_destruction(Month.parse(one.month), now, years),
            }
            for one in notes_in(keeper.archive_folder)
        ]

    found = store.done(look)
    table = Table("tệp / file", "tháng / month", "từ / from", "số / records", "trạng thái / state")
    for one in found:
        words = {"pruned": "pruned", "due_for_destruction": "DUE for destruction"}
        marks = [word for name, word in words.items() if one[name]]
        marks += ["NOT signed"] * (not one["signed"]) + ["file MISSING"] * (not one["there"])
        table.add_row(*map(cell, (one["name"], one["month"], one["first"], one["count"], ", ".join(marks))))
    store.say(found, table, width=160)
    return 0


def _is_signed(archive: Path, verifiers: list[NoteVerifier]) -> bool:
    try:
        read_note(note_beside(archive), verifiers)
    except (NoteBroken, OSError):
        return False
    return True


@click.command()
@click.option(
    "--archive",
    "archives",
    multiple=True,
    required=True,
    type=_FILE,
    help="The archive; repeat it for several.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@keeps
def prune(*, archives: tuple[Path, ...], yes: bool, store: Store) -> int:
    """Delete archived records from the database, after their archive was verified against its tree. Proofs stay.

    On PostgreSQL it needs the administrator's address (`log.admin_url`).

    \b
    Examples:
      motlan log prune --archive archives/motlan-example-exchange-log-2024-10-0-5120.jsonl.gz
      motlan log prune --yes --archive "$FIRST" --archive "$SECOND" --set gateway.log.admin_url="$URL"
    """  # noqa: D301 -- \b is click's
    found = store.done(lambda: _pruned(store, archives, yes=yes))
    if found is None:
        click.echo("không xóa / nothing was deleted", err=True)
        return 1
    checked, gone = found
    facts = {"pruned": gone, "archives": [one.note.name for one in checked]}
    store.say(facts, f"{gone} bản ghi đã xóa / records deleted")
    return 0


async def _pruned(
    store: Store, archives: tuple[Path, ...], *, yes: bool
) -> tuple[list[VerifiedArchive], int] | None:
    """The checked archives and the number of deleted records; None if the operator declined."""
    keeper = store.keeper
    recorder, reader = keeper.recorder(), keeper.reader()
    proofs = TreeProofs(reader, reader)
    log = keeper.pruning()
    pruning = Pruning(recorder, log, log, proofs, await keeper.vkeys(), keeper.hot)
    checked = await pruning.check(archives)
    if not (yes or _confirmed(checked)):
        return None
    gone, bar = 0, not (store.quiet or store.as_json)
    with record_bar(shown=bar, total=sum(one.note.count for one in checked)) as advance:
        async for so_far in pruning.prune(checked):
            advance(so_far - gone)
            gone = so_far
    return checked, gone


def _confirmed(checked: list[VerifiedArchive]) -> bool:
    count = sum(one.note.count for one in checked)
    names = ", ".join(one.note.name for one in checked)
    return click.confirm(f"{names}: xóa {count} bản ghi khỏi cơ sở dữ liệu / delete these records?", err=True)


@click.command("prove-archive")
@click.argument("file", type=_FILE)
@click.option("--out", required=True, type=OUT, help="Where to write.")
@asks("auditor")
def prove_archive(*, file: Path, out: Path, desk: CommandDesk) -> int:
    """Fetch today's checkpoint with the proof that the log of an archive, or of any export, is its beginning.

    \b
    Examples:
      motlan log prove-archive old.jsonl.gz --out today.checkpoint
      motlan verify-log old.jsonl.gz --checkpoint today.checkpoint --vkey "$VKEY"
    """  # noqa: D301 -- \b is click's
    try:
        size = int(opened_export(file)["checkpoint"].split("\n")[1])
    except (KeyError, IndexError, ValueError, TypeError, OSError, EOFError):
        raise click.UsageError(f"{file} is no export of an exchange log") from None
    proof = desk.fetched(lambda client: _proof(client, size))
    write(out, proof)
    desk.say({"file": str(out), "old": size}, str(out))
    return 0


def _proof(client: GatewayClient, size: int) -> str | ClientAnswer:
    """As witnesses are asked (C2SP tlog-witness): the old size, the proof, an empty line, the checkpoint."""
    note = newest_note(client)
    if isinstance(note, ClientAnswer):
        return note
    path = f"/v1/audit/proof/consistency?from={size}&to={note.split(chr(10))[1]}"
    answer = client.get(path, "Consistency")
    if answer.status != 200:
        return answer
    hashes = [base64.b64encode(bytes.fromhex(one)).decode() for one in answer.body["proof"]]
    return "".join(f"{line}\n" for line in (f"old {size}", *hashes, "")) + note
