"""`motlan serve`, `motlan sandbox`, `motlan demo`: what stays up."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson
import uvloop

from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    READY,
    SET,
    STATE,
    data_root,
    overrides,
    root_of,
    state_folder,
)
from gateway.serving import Plan, sandbox_at, stop_event, with_ports, write_ready
from gateway.serving import serve as serve_one
from gateway.settings import Listener
from gateway.workers import WorkerFailed, serve_many

_PROCEDURE = "1.004873"
_BEARER = "Authorization: Bearer $TOKEN"
_POST = f"-H \"{_BEARER}\" -H 'Content-Type: application/json'"
_OPEN_PATHS = (
    "/v1/procedures",
    f"/v1/procedures/{_PROCEDURE}",
    f"/v1/procedures/{_PROCEDURE}/form",
    "/v1/reasons",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/docs",
)
_PEOPLE = 8
_TRAITS = 3


@click.command()
@CONFIG
@STATE
@SET
@click.option("--host", help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the API; 0 takes free ones for all listeners."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on the port."
)
@READY
@click.option("--with-sandbox", is_flag=True, help="Start the simulated peers too and speak with them.")
@JSON
@QUIET
def serve(
    *,
    config: Path | None,
    state: Path | None,
    values: tuple[str, ...],
    host: str | None,
    port: int | None,
    workers: int,
    ready_file: Path | None,
    with_sandbox: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the gateway until SIGTERM or Ctrl-C.

    \b
    Examples:
      motlan serve --with-sandbox
      motlan serve --config config --port 0 --ready-file ready.json --set sources.population.url=http://127.0.0.1:9000
    """  # noqa: D301 -- \b is click's
    more = {"gateway.api.host": host, "gateway.api.port": None if port is None else str(port)}
    free = {"gateway.admin.port": "0", "gateway.sandbox.port": "0"} if port == 0 else {}
    given = free | overrides(values) | {key: value for key, value in more.items() if value is not None}
    plan = _plan(config, state, given, with_sandbox=with_sandbox, ready_file=ready_file)

    def announce(content: Mapping[str, object]) -> None:
        if as_json:
            click.echo(orjson.dumps(content).decode())
        elif not quiet:
            click.echo(greeting(content))

    if workers > 1:
        try:
            return serve_many(plan, workers, announce)
        except WorkerFailed as error:
            click.echo(str(error), err=True)
            return 2
    uvloop.run(serve_one(plan, announce))
    return 0


def _plan(
    config: Path | None,
    state: Path | None,
    given: dict[str, str],
    *,
    with_sandbox: bool,
    ready_file: Path | None,
) -> Plan:
    folder = (config or data_root() / "config").resolve()
    return Plan(
        root=root_of(folder),
        config=folder,
        state=state_folder(state),
        overrides=given,
        with_sandbox=with_sandbox,
        ready_file=ready_file,
    )


def greeting(content: Mapping[str, Any]) -> str:
    """Addresses, lines to paste for every path of the API, and whom the sandbox knows."""
    base = content["gateway"]
    shown = content["clients"].get("portal") or {}
    people = [person for person in content["personas"] if person["personal_id"] and person["full_name"]]
    lines = [f"Một Lần: {base}   tài liệu / docs: {base}/docs   admin: {content['admin']}"]
    if shown.get("client_secret"):
        lines += ["", "# mã truy cập / token", _token_line(base, shown)]
        if content["sandbox"] and len(people) > 1:
            lines += _prefill_lines(base, content["sandbox"]["control"], people)
        lines += ["", "# nguồn dữ liệu / sources", f'curl -s {base}/v1/sources -H "{_BEARER}"']
    if content.get("log"):
        lines += [
            "",
            "# khóa công khai của nhật ký / the log's public key",
            f"VKEY='{content['log']['vkey']}'",
        ]
    lines += ["", "# không cần mã truy cập / without a token"]
    lines += [f"curl -s {base}{path}" for path in _OPEN_PATHS]
    if people:
        lines += ["", "# người giả định trong sandbox / invented people (all: config/sandbox/personas.yaml)"]
        lines += [_introduced(person) for person in people[:_PEOPLE]]
    return "\n".join([*lines, "", "Ctrl-C stops."])


def _token_line(base: str, client: Mapping[str, Any]) -> str:
    who = f"{client['client_id']}:{client['client_secret']}"
    return (
        f"TOKEN=$(curl -s -u '{who}' -d grant_type=client_credentials {base}/oauth2/token"
        f" | {_picked('access_token')})"
    )


def _prefill_lines(base: str, control: str, people: list[Mapping[str, Any]]) -> list[str]:
    """The main job, then the same with a slow source: what is late comes with the pending token."""
    slow = '{"source":"civil_status","mode":"slow","seconds":3}'
    resume = f"""curl -sN {base}/v1/prefill/resume {_POST} -d '{{"pending":"'"$PENDING"'"}}'"""
    late = _prefill(base, people[1], deadline_ms=300)
    return [
        "",
        "# điền sẵn / prefill",
        _prefill(base, people[0]),
        "",
        "# một nguồn chậm, hạn chót ngắn: có mã chờ / a slow source and a short deadline give a pending token",
        "# (answers are kept for minutes: for another try take another person of the list below)",
        f"curl -s {control}/misbehave -H 'Content-Type: application/json' -d '{slow}'",
        f"PENDING=$({late} | {_picked('pending')})",
        "# đến muộn / what arrived late: as events, then as JSON",
        f"{resume} -H 'Accept: text/event-stream'",
        resume,
        f"curl -s -X DELETE {control}/misbehave",
    ]


def _prefill(base: str, person: Mapping[str, Any], **more: object) -> str:
    subject = {key: person[key] for key in ("personal_id", "full_name", "birth_date")}
    subjects = {"requester": subject, "person": {"same_as": "requester"}}
    body = orjson.dumps({"procedure": _PROCEDURE, "subjects": subjects, **more}).decode()
    return f"curl -s {base}/v1/prefill {_POST} -d {shlex.quote(body)}"


def _picked(name: str) -> str:
    return f"""sed -n 's/.*"{name}":"\\([^"]*\\)".*/\\1/p'"""


def _introduced(person: Mapping[str, Any]) -> str:
    traits = ", ".join(person["traits"][:_TRAITS])
    return f"#   {person['personal_id']}  {person['birth_date']:<10}  {person['full_name']}  ({traits})"


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only these peers.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 takes a free one."
)
@READY
@JSON
@QUIET
def sandbox(
    *, only: tuple[str, ...], host: str, port: int, ready_file: Path | None, as_json: bool, quiet: bool
) -> None:
    """Run the simulated peers until SIGTERM or Ctrl-C.

    \b
    Examples:
      motlan sandbox --port 8090
      motlan sandbox --only population --port 0 --ready-file peers.json
    """  # noqa: D301 -- \b is click's

    async def run() -> None:
        stop = stop_event()
        async with sandbox_at(data_root(), Listener(host=host, port=port), only) as address:
            content = {"pid": os.getpid(), "sandbox": {"base": address, "control": f"{address}/__sandbox"}}
            if ready_file is not None:
                write_ready(ready_file, content)
            if as_json:
                click.echo(orjson.dumps(content).decode())
            elif not quiet:
                click.echo(f"sandbox: {address}   control: {address}/__sandbox")
            sys.stdout.flush()
            await stop.wait()

    uvloop.run(run())


@click.command()
@click.option("--keep", is_flag=True, help="Stay up until SIGINT or SIGTERM.")
@READY
@STATE
@JSON
@QUIET
def demo(*, keep: bool, ready_file: Path | None, state: Path | None, as_json: bool, quiet: bool) -> int:
    """Start sandbox and gateway on free ports, show the main job for several people, stop.

    \b
    Examples:
      motlan demo
      motlan demo --keep --ready-file ready.json
    """  # noqa: D301 -- \b is click's
    from gateway.cli.demo import run_demo

    root = data_root()
    plan = Plan(
        root=root,
        config=root / "config",
        state=Path(),
        overrides={},
        with_sandbox=True,
        ready_file=ready_file,
    )
    return run_demo(
        with_ports(plan, api=0, admin=0, sandbox=0), state, keep=keep, as_json=as_json, quiet=quiet
    )
