"""`motlan log prove` and `motlan log checkpoint`: what the log proves, checked here."""

from pathlib import Path

import click

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.files import OUT, note_in, write
from gateway.cli.options import VKEYS
from gateway.cli.proving import (
    CheckResult,
    check_exchange,
    check_growth,
    check_inclusion,
    read_receipt,
    vkeys_of,
)

_NOTE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("receipt", required=False, metavar="HASH|FILE|-")
@click.option("--exchange", "exchange_id", help="All records of this exchange (auditors).")
@VKEYS
@asks("auditor")
def prove(*, receipt: str | None, exchange_id: str | None, vkeys: tuple[str, ...], desk: CommandDesk) -> int:
    """Redeem a receipt: fetch the proof that its record is in the log, and check it here.

    The receipt is the leaf hash, or the JSON of an answer that has it, from a file or standard input.

    \b
    Examples:
      motlan prefill 1.004873 --subject … --json | motlan log prove -
      motlan log prove --exchange 01KB0000000000000000000000 --ready-file ready.json
    """  # noqa: D301 -- \b is click's
    if (receipt is None) == (exchange_id is None):
        raise click.UsageError("give a receipt (hash, file or -) or --exchange, one of them")
    known = vkeys or vkeys_of(desk.ready_file)
    if exchange_id is not None:
        return _verdict(desk, desk.fetched(lambda client: check_exchange(client, exchange_id, known)))
    leaf = read_receipt(receipt or "")
    return _verdict(desk, desk.fetched(lambda client: check_inclusion(client, leaf, known)))


@click.command()
@click.option("--since", type=_NOTE, help="A checkpoint that you kept: the log must have only grown.")
@click.option("--out", type=OUT, help="Keep the checkpoint in a file.")
@VKEYS
@asks("auditor")
def checkpoint(*, since: Path | None, out: Path | None, vkeys: tuple[str, ...], desk: CommandDesk) -> int:
    """Fetch the newest signed checkpoint; with an older one, check that nothing before it was changed.

    \b
    Examples:
      motlan log checkpoint --out today.checkpoint
      motlan log checkpoint --since yesterday.checkpoint --vkey log+0e1a74b5+AaXB…
    """  # noqa: D301 -- \b is click's
    older = None if since is None else note_in(since)
    known = vkeys or vkeys_of(desk.ready_file)
    shown = desk.fetched(lambda client: check_growth(client, older, known))
    if shown.good and out is not None:
        write(out, shown.note)
    return _verdict(desk, shown)


def _verdict(desk: CommandDesk, shown: CheckResult) -> int:
    note = [shown.note.removesuffix("\n")] * ("note" in shown.facts)
    desk.say(shown.facts, shown.words, *note)
    return 0 if shown.good else 1
