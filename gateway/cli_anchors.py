"""`motlan log anchors`: what anchors outside have proven of the exchange log of a running gateway."""

import base64
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli_client import asked, client_for, refusal
from gateway.cli_filters import CLIENT, options
from gateway.proving import anchors_told


@click.command()
@click.option(
    "--size", type=click.IntRange(1), help="Those of the checkpoint of so many records; default the newest."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write notes, stamps and lines into this folder.",
)
@options(*CLIENT)
def anchors(
    *,
    size: int | None,
    out: Path | None,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """List time stamps, cosignatures and daily files of the log's checkpoints, with what verifies them.

    \b
    Examples:
      motlan log anchors
      motlan log anchors --size 1200 --out proofs
      openssl ts -verify -data proofs/national-1200.note -in proofs/national-1200.tsr -CAfile authority.pem
    """  # noqa: D301 -- \b is click's
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    answer = asked(lambda: client.get(f"/v1/audit/anchors{'' if size is None else f'?size={size}'}"))
    if answer is None:
        return 3
    if answer.status != 200:
        click.echo(refusal(answer), err=True)
        return 1
    if out is not None:
        _write(out, answer.body["anchors"])
    if as_json:
        click.echo(orjson.dumps(answer.body).decode())
    elif not quiet:
        for line in anchors_told(answer.body) or ["chưa có neo nào / no anchors"]:
            click.echo(line)
        for one in answer.body["anchors"]:
            click.echo(f"{one['name']} {one['size']}: {one.get('token') or one.get('line', '').strip()}")
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
