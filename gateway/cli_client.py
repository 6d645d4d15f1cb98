"""`motlan procedures` and `motlan prefill`: a client of a running gateway.

Personal data come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.cli_serve import JSON, QUIET
from gateway.client import Answer, Client, Unreachable
from gateway.config import load
from gateway.domain.errors import ConfigError
from gateway.serving import clients, data_root

GATEWAY = click.option("--gateway", envvar="MOTLAN_GATEWAY", help="Address; default http://127.0.0.1:8080.")
READY = click.option(
    "--ready-file",
    type=click.Path(path_type=Path, exists=True),
    help="Address and client from `serve --ready-file`.",
)
_Found = TypeVar("_Found")
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
    client = client_for(gateway, ready_file, "", "")
    answer = asked(lambda: client.get("/v1/procedures"))
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

    Without a secret, a gateway on this machine is asked with the sandbox's own:
    the first example works while `make serve` runs.

    \b
    Examples:
      echo '{"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}' |
        motlan prefill 1.004873 --subject requester=- --subject person=same:requester
      motlan prefill 1.004873 --subject requester=person.json --subject person=same:requester --json
      motlan prefill 1.001612 --subject requester=a.json --subject members=b.json --subject members=c.json
    """  # noqa: D301 -- \b is click's
    body: dict[str, Any] = {"procedure": code, "subjects": _gathered(map(_subject, subjects))}
    body |= {
        key: value
        for key, value in {"dossier": dossier, "purpose": purpose, "deadline_ms": deadline_ms}.items()
        if value is not None
    }
    client = client_for(gateway, ready_file, client_id, client_secret or "")
    answer = asked(lambda: client.post("/v1/prefill", body))
    if answer is None:
        return 3
    if as_json:
        click.echo(orjson.dumps(answer.body).decode())
    elif answer.status != 200:
        click.echo(refusal(answer), err=True)
    elif not quiet:
        Console().print(fields_table(answer.body), papers_table(answer.body))
    return 0 if answer.status == 200 else 1


def _gathered(subjects: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Role -> subject; a role that is named again gets a list, as roles take that take many."""
    found: dict[str, list[Any]] = {}
    for role, subject in subjects:
        found.setdefault(role, []).append(subject)
    return {role: each[0] if len(each) == 1 else each for role, each in found.items()}


def refusal(answer: Answer) -> str:
    """A problem for people: what, where, and what may have been meant."""
    body = answer.body if isinstance(answer.body, dict) else {}
    lines = [f"{body.get('title_vi', answer.status)} / {body.get('title', '')}: {body.get('detail', '')}"]
    lines += [f"  {fault.get('pointer', '')} {fault.get('detail', '')}" for fault in body.get("errors", ())]
    if near := body.get("near"):
        lines.append(f"gần giống / near: {', '.join(near)}")
    return "\n".join(lines)


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
        by = replaced_by(paper["by"], body["evidence"]) if paper.get("by") else _reason(paper)
        table.add_row(paper["title"], paper["state"], by)
    return table


def replaced_by(by: Any, evidence: Any) -> str:  # noqa: ANN401 -- the JSON answer
    """What proves, in words: `population: full name, birth date; never married`."""
    sources: dict[str, dict[str, None]] = {}
    rules: dict[str, None] = {}
    for word in _leaves(by):
        place, _, name = word.partition(":")
        if place == "is":
            rules[name.replace("_", " ")] = None
            continue
        attribute = name.partition(".")[2] or name
        source = evidence.get(place, {}).get("source", place)
        sources.setdefault(source, {})[attribute.replace("_", " ").replace(".", " ")] = None
    told = [f"{source.replace('_', ' ')}: {', '.join(names)}" for source, names in sources.items()]
    return "; ".join([*told, *rules])


def _leaves(by: Any) -> Iterator[str]:  # noqa: ANN401 -- the JSON answer
    if isinstance(by, dict):
        by = [item for group in by.values() for item in group]
    if isinstance(by, list):
        for item in by:
            yield from _leaves(item)
    elif by:
        yield str(by)


def _reason(paper: Any) -> str:  # noqa: ANN401 -- the JSON answer
    return str((paper.get("reason") or {}).get("code", ""))


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


def client_for(gateway: str | None, ready_file: Path | None, client_id: str, secret: str) -> Client:
    """A client of the gateway that the options name; UsageError when the secret is not known."""
    base = gateway or "http://127.0.0.1:8080"
    if ready_file is not None:
        content = orjson.loads(ready_file.read_bytes())
        base = gateway or content["gateway"]
        known = content["clients"].get(client_id)
        if known and not secret:
            client_id, secret = known["client_id"], known["client_secret"] or ""
    if client_id and not secret:
        secret = _sandbox_secret(base, client_id)
        if not secret:
            remedy = "set MOTLAN_CLIENT_SECRET, or give --ready-file"
            raise click.UsageError(f"the secret of client '{client_id}' is not known: {remedy}")
    return Client(base, client_id, secret)


def _sandbox_secret(base: str, client_id: str) -> str:
    """The secret in the shipped sandbox configuration; it is sent to this machine only."""
    if urlsplit(base).hostname not in {"127.0.0.1", "::1", "localhost"}:
        return ""
    try:
        known = clients(load(data_root() / "config")).values()
    except ConfigError:
        return ""
    return next((str(one["client_secret"] or "") for one in known if one["client_id"] == client_id), "")


def asked(call: Callable[[], _Found]) -> _Found | None:
    """What the gateway answered; None, and a word about it, when nobody does."""
    try:
        return call()
    except Unreachable as error:
        click.echo(f"{error}{_remedy(str(error))}", err=True)
        return None


def _remedy(what: str) -> str:
    if what.startswith("no token"):
        return "; set MOTLAN_CLIENT_SECRET to the client's secret, or give --ready-file"
    return "; start it with: motlan serve --with-sandbox" if "does not answer" in what else ""
