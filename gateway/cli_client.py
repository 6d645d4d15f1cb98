"""`motlan procedures` and `motlan prefill`: a client of a running gateway.

Personal data come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import re
import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.cli_serve import JSON, QUIET
from gateway.client import Answer, Client, Unreachable

GATEWAY = click.option("--gateway", envvar="MOTLAN_GATEWAY", help="Address; default http://127.0.0.1:8080.")
READY = click.option(
    "--ready-file",
    type=click.Path(path_type=Path, exists=True),
    help="Address and client from `serve --ready-file`.",
)
_NUMBER = re.compile(r"[0-9]{9}|[0-9]{12}", re.ASCII)


@click.command()
@GATEWAY
@READY
@JSON
@QUIET
def procedures(*, gateway: str | None, ready_file: Path | None, as_json: bool, quiet: bool) -> int:
    """List the procedures of a running gateway, with the roles that each takes.

    \b
    Examples:
      motlan procedures
      motlan procedures --gateway http://127.0.0.1:8080 --json
    """  # noqa: D301 -- \b is click's
    client = _client(gateway, ready_file, "", "")
    answer = _ask(lambda: client.get("/v1/procedures"))
    if answer is None:
        return 3
    if as_json:
        click.echo(orjson.dumps(answer.body).decode())
        return 0
    table = Table("mã / code", "thủ tục / procedure", "vai / roles")
    for item in answer.body["procedures"]:
        roles = ", ".join(name + ("?" if role["optional"] else "") for name, role in item["subjects"].items())
        table.add_row(item["code"], item["title"], roles)
    if not quiet:
        Console().print(table)
    return 0


@click.command()
@click.argument("code")
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    required=True,
    metavar="ROLE=-|FILE|same:ROLE",
    help="JSON of a subject from standard input (-), a file, or the same as another role.",
)
@click.option("--dossier", help="Dossier code.")
@click.option("--purpose", help="Purpose; default the procedure's own.")
@click.option("--deadline-ms", type=click.IntRange(1), help="Time for the sources.")
@click.option("--client-id", envvar="MOTLAN_CLIENT_ID", default="portal", show_default=True)
@click.option("--client-secret", envvar="MOTLAN_CLIENT_SECRET", help="Better in the environment.")
@GATEWAY
@READY
@JSON
@QUIET
def prefill(
    *,
    code: str,
    subjects: tuple[str, ...],
    dossier: str | None,
    purpose: str | None,
    deadline_ms: int | None,
    client_id: str,
    client_secret: str | None,
    gateway: str | None,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Prefill the form of a procedure.

    \b
    Examples:
      motlan prefill 1.004873 --subject requester=- --subject person=same:requester < person.json
      motlan prefill 1.004873 --subject requester=person.json --subject person=same:requester --json
    """  # noqa: D301 -- \b is click's
    body: dict[str, Any] = {"procedure": code, "subjects": dict(map(_subject, subjects))}
    body |= {
        key: value
        for key, value in {"dossier": dossier, "purpose": purpose, "deadline_ms": deadline_ms}.items()
        if value is not None
    }
    client = _client(gateway, ready_file, client_id, client_secret or "")
    answer = _ask(lambda: client.post("/v1/prefill", body))
    if answer is None:
        return 3
    if as_json:
        click.echo(orjson.dumps(answer.body).decode())
    elif answer.status != 200:
        click.echo(
            f"{answer.body['title_vi']} / {answer.body['title']}: {answer.body.get('detail', '')}", err=True
        )
    elif not quiet:
        Console().print(fields_table(answer.body), papers_table(answer.body))
    return 0 if answer.status == 200 else 1


def fields_table(body: Any, only: int | None = None) -> Table:  # noqa: ANN401 -- the JSON answer
    """Fields that hold or could have held a value, with where it comes from."""
    table = Table("trường / field", "trạng thái / state", "giá trị / value", "nguồn / source")
    for name, field in list(body["fields"].items())[:only]:
        evidence = body["evidence"].get(field.get("evidence") or "", {})
        reason = (field.get("reason") or {}).get("code", "")
        source = f"{evidence['source']} · {field.get('attribute')}" if evidence else reason
        table.add_row(name, field["state"], shown(field["value"]), source)
    return table


def papers_table(body: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    """Every paper and what became of it."""
    table = Table("giấy tờ / paper", "trạng thái / state", "thay bằng / by")
    for paper in body["papers"]:
        by = (
            orjson.dumps(paper["by"]).decode()
            if paper.get("by")
            else (paper.get("reason") or {}).get("code", "")
        )
        table.add_row(paper["title"], paper["state"], by)
    return table


def shown(value: object) -> str:
    """A value in one cell."""
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def _subject(text: str) -> tuple[str, object]:
    role, equals, place = text.partition("=")
    if not equals:
        raise click.UsageError(f"--subject {role}: write ROLE=-, ROLE=FILE or ROLE=same:ROLE")
    if place.startswith("same:"):
        return role, {"same_as": place.removeprefix("same:")}
    if place.startswith("{") or _NUMBER.fullmatch(place):
        click.echo("warning: an argument can be read by everybody on this machine; use - or a file", err=True)
        return role, {"personal_id": place} if _NUMBER.fullmatch(place) else _json(place.encode(), role)
    if place == "-":
        return role, _prompted() if sys.stdin.isatty() else _json(sys.stdin.buffer.read(), role)
    try:
        return role, _json(Path(place).read_bytes(), role)
    except OSError as error:
        raise click.UsageError(f"--subject {role}: the file cannot be read ({error.strerror})") from None


def _json(raw: bytes, role: str) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise click.UsageError(f"--subject {role}: JSON is expected") from None


def _prompted() -> dict[str, str]:
    names = ("personal_id", "full_name", "birth_date")
    given = {name: click.prompt(name, default="", show_default=False, err=True) for name in names}
    return {name: value for name, value in given.items() if value}


def _client(gateway: str | None, ready_file: Path | None, client_id: str, secret: str) -> Client:
    base = gateway or "http://127.0.0.1:8080"
    if ready_file is not None:
        content = orjson.loads(ready_file.read_bytes())
        base = gateway or content["gateway"]
        known = content["clients"].get(client_id)
        if known and not secret:
            client_id, secret = known["client_id"], known["client_secret"]
    return Client(base, client_id, secret)


def _ask(call: Any) -> Answer | None:  # noqa: ANN401 -- a thunk
    try:
        answer: Answer = call()
    except Unreachable as error:
        click.echo(f"{error}; start it with: motlan serve --with-sandbox", err=True)
        return None
    return answer
