"""`motlan procedures` and `motlan prefill`: a client of a running gateway.

Personal data come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from gateway.cli.desk import CommandDesk, asks
from gateway.cli.options import cell
from gateway.cli.tables import fields_table, papers_table, warnings_table
from gateway.exchange_log.durable import replace_file

_NUMBER = re.compile(r"[0-9]{9}|[0-9]{12}", re.ASCII)

SUBJECTS = click.option(
    "--subject",
    "subjects",
    multiple=True,
    required=True,
    metavar="ROLE=-|FILE|same:ROLE",
    help="JSON of a subject from standard input (-), a file, or the same as another role.",
)

OFFICIAL = click.option(
    "--official",
    metavar="-|FILE",
    help="JSON of the official in whose name is asked: personal_id, agency. Default: the agency's duty official.",
)

LOGIN = click.option(
    "--login",
    type=click.File("r", encoding="ascii"),
    callback=lambda _context, _option, file: None if file is None else file.read().strip(),
    help="File with the ID token that proves who signed in; - for standard input.",
)


@click.command()
@asks()
def procedures(*, desk: CommandDesk) -> int:
    """List the procedures of a running gateway, with the roles that each takes.

    \b
    Examples:
      motlan procedures
      motlan procedures --gateway http://127.0.0.1:8080 --json
    """  # noqa: D301 -- \b is click's
    answer = desk.asked(lambda client: client.get("/v1/procedures", "Procedures"))
    table = Table("mã / code", "thủ tục / procedure", "vai trò / roles")
    for item in answer.body["procedures"]:
        roles = ", ".join(
            name + ("?" if role.get("optional") else "") for name, role in item["subjects"].items()
        )
        table.add_row(*map(cell, (item["code"], item["title"], roles)))
    desk.say(answer.body, table)
    return 0


ACCOUNT = click.option(
    "--account",
    metavar="-|FILE",
    help="JSON of the claims of who signed in: SoDinhDanh, IAL. The national portal needs it.",
)

REPRESENTATIVE = click.option(
    "--representative",
    metavar="-|FILE",
    help="JSON of who acts for somebody else: kind (parent, guardian, …), of, subject.",
)


@click.command()
@click.argument("code")
@SUBJECTS
@OFFICIAL
@ACCOUNT
@REPRESENTATIVE
@click.option("--dossier", help="Dossier code.")
@click.option("--purpose", help="Purpose; default the procedure's own.")
@click.option("--consent", help="Id of the consent that it rests on.")
@click.option("--mandate", help="Code of the document that lets the applicant act for somebody else.")
@LOGIN
@click.option("--deadline-ms", type=click.IntRange(1), help="Time for the sources.")
@click.option(
    "--passport",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Have the answer signed (SD-JWT), and write that here.",
)
@asks("portal")
def prefill(
    *,
    code: str,
    subjects: tuple[str, ...],
    official: str | None,
    account: str | None,
    representative: str | None,
    dossier: str | None,
    purpose: str | None,
    deadline_ms: int | None,
    passport: Path | None,
    desk: CommandDesk,
    **more: str | None,
) -> int:
    """Prefill the form of a procedure.

    Without a secret, a gateway on this machine is asked with the sandbox's own:
    the first example works while `make serve` runs.

    \b
    Examples:
      echo '{"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}' |
        motlan prefill 1.004873 --subject requester=- --subject person=same:requester
      motlan prefill 1.004873 --subject requester=person.json --subject person=same:requester --json
      motlan prefill 1.004873 --subject requester=a.json --subject person=same:requester --official me.json
      motlan prefill 1.004873 --subject requester=a.json --subject person=same:requester --passport a.sd-jwt
      motlan prefill 1.004873 --subject requester=a.json --subject person=same:requester --login id-token.txt
      motlan prefill 1.004873 --subject requester=a.json --subject person=same:requester --account signed-in.json
        --client-id national_portal
      motlan prefill 1.001612 --subject requester=a.json --subject members=b.json --subject members=c.json
    """  # noqa: D301 -- \b is click's
    body: dict[str, Any] = {"procedure": code, "subjects": gathered(map(subject_of, subjects))}
    body |= {
        key: value
        for key, value in {"dossier": dossier, "purpose": purpose, "deadline_ms": deadline_ms, **more}.items()
        if value is not None
    }
    if official is not None:
        body["official"] = read_json(official, "--official")
    if account is not None:
        body["account"] = read_json(account, "--account")
    if representative is not None:
        body["representative"] = read_json(representative, "--representative")
    if passport is not None:
        body["passport"] = "sd-jwt"
    answer = desk.asked(lambda client: client.post("/v1/prefill", body, "PrefillAnswer"))
    tables = (fields_table(answer.body), papers_table(answer.body), warnings_table(answer.body))
    desk.say(answer.body, *filter(None, tables))
    if passport is not None:
        _write(passport, str(answer.body["passport"]))
    return 0


def _write(path: Path, signed: str) -> None:
    """Only the owner can read the file: it has personal data."""
    try:
        replace_file(path, signed.encode("ascii"))
    except OSError as error:
        raise click.UsageError(f"--passport: {path} cannot be written ({error.strerror})") from None


def gathered(subjects: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Role -> subject; a role that is named again gets a list, as roles take that take many."""
    found: dict[str, list[Any]] = {}
    for role, subject in subjects:
        found.setdefault(role, []).append(subject)
    return {role: each[0] if len(each) == 1 else each for role, each in found.items()}


def subject_of(text: str) -> tuple[str, object]:
    """A role and its subject, as `--subject` has them."""
    role, equals, place = text.partition("=")
    if not equals:
        raise click.UsageError(f"--subject {role}: write ROLE=-, ROLE=FILE or ROLE=same:ROLE")
    if place.startswith("same:"):
        return role, {"same_as": place.removeprefix("same:")}
    if place.startswith("{") or _NUMBER.fullmatch(place):
        click.echo("warning: an argument can be read by everybody on this machine; use - or a file", err=True)
        return role, {"personal_id": place} if _NUMBER.fullmatch(place) else _json(
            place.encode(), f"--subject {role}"
        )
    if place == "-" and sys.stdin.isatty():
        return role, _prompted()
    return role, read_json(place, f"--subject {role}")


def read_json(place: str, option: str) -> object:
    """JSON from standard input or a file; a usage error names the option."""
    try:
        return _json(sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes(), option)
    except OSError as error:
        raise click.UsageError(f"{option}: the file cannot be read ({error.strerror})") from None


def _json(raw: bytes, option: str) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise click.UsageError(f"{option}: JSON is expected") from None


def _prompted() -> dict[str, str]:
    names = ("personal_id", "full_name", "birth_date")
    given = {name: click.prompt(name, default="", show_default=False, err=True) for name in names}
    return {name: value for name, value in given.items() if value}
