"""`motlan log anchors`: what anchors outside have proven of the exchange log of a running gateway."""

import base64
from pathlib import Path
from typing import Any

import click

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.proving import anchors_told


@click.command()
@click.option(
    "--size", type=click.IntRange(1), help="Those of the checkpoint of so many records; default the newest."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write notes, stamps and lines into this folder.",
)
@asks("auditor")
def anchors(*, size: int | None, out: Path | None, desk: CommandDesk) -> int:
    """List time stamps, cosignatures and daily files of the log's checkpoints, with what verifies them.

    \b
    Examples:
      motlan log anchors
      motlan log anchors --size 1200 --out proofs
      openssl ts -verify -data proofs/national-1200.note -in proofs/national-1200.tsr -CAfile authority.pem
    """  # noqa: D301 -- \b is click's
    query = "" if size is None else f"?size={size}"
    answer = desk.asked(lambda client: client.get(f"/v1/audit/anchors{query}", "Anchors"))
    if out is not None:
        _write(out, answer.body["anchors"])
    proofs = [
        f"{one['name']} {one['size']}: {one.get('token') or one.get('line', '').strip()}"
        for one in answer.body["anchors"]
    ]
    desk.say(answer.body, *(anchors_told(answer.body) or ["chưa có neo nào / no anchors"]), *proofs)
    return 0


def _write(folder: Path, listed: list[Any]) -> None:
    """What each anchor vouches for, and its proof beside it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in listed:
            stem = f"{one['name'].replace('/', '_')}-{one['size']}"
            note = one["note"] + one.get("line", "")
            (folder / f"{stem}.note").write_bytes(note.encode())
            if "token" in one:
                (folder / f"{stem}.tsr").write_bytes(base64.b64decode(one["token"]))
    except OSError as error:
        raise click.UsageError(f"--out: {folder} cannot be written ({error.strerror})") from None
