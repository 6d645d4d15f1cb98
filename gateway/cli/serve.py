"""`motlan serve`, `motlan sandbox`, `motlan demo`: what stays up."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import orjson
import uvloop

from gateway.cli.greeting import greeting
from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    READY,
    SET,
    STATE,
    config_here,
    data_root,
    overrides,
    root_of,
    state_folder,
)
from gateway.config.gateway import Listener
from gateway.serving.server import ServeOptions, sandbox_at, stop_event, with_ports, write_ready
from gateway.serving.server import serve as serve_one
from gateway.serving.workers import WorkerFailed, serve_many


@click.command()
@CONFIG
@STATE
@SET
@click.option("--host", help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the API; 0 takes free ones for all listeners."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes on the port. Several share logins, late answers, previews, quotas, claims and alerts by"
    " `cache_url: redis://…` only; with memory:// nobody can sign in, each counts alone, and limits are as many times"
    " as wide.",
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
) -> ServeOptions:
    folder = config_here(config)
    return ServeOptions(
        root=root_of(folder),
        config=folder,
        state=state_folder(state),
        overrides=given,
        with_sandbox=with_sandbox,
        ready_file=ready_file,
    )


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
    plan = ServeOptions(
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
