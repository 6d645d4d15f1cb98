"""`motlan witness`: a server that signs that exchange logs only grow (C2SP tlog-witness)."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
import orjson
import uvloop
from aiohttp import web

from gateway import registry, telemetry
from gateway.api.bodies import read_bytes
from gateway.api.dispatcher import check_head
from gateway.api.door import DoorRunner
from gateway.api.problems import problem
from gateway.cli.options import JSON, QUIET, READY, state_folder
from gateway.config.gateway import DoorLimits
from gateway.domain.errors import ConfigError, GatewayError, Problem
from gateway.domain.identifiers import new_exchange_id
from gateway.exchange_log.key_files import key_in
from gateway.serving.listeners import listen
from gateway.serving.server import stop_event, write_ready

_KEY = "witness.key"
_MEMORY = "witness.db"
_NAME = "motlan.example/witness"
#: a submission is a few kilobytes and sent at once; so many connections stay below the usual limit of open files
_LIMITS = DoorLimits(
    body_bytes=65_536, header_seconds=3, body_seconds=3, idle_seconds=10, unread_seconds=3, connections=500
)


@click.command()
@click.option(
    "--log-vkey",
    "log_vkeys",
    multiple=True,
    required=True,
    metavar="KEY",
    help="Public key of a log to be witnessed; repeat it for more logs, and while a log changes its key.",
)
@click.option("--name", default=_NAME, show_default=True, help="Name of this witness, as a host and a path.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Seed, 32 bytes in base64; default one made in --dir.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for its memory and its key.",
)
@click.option("--first", is_flag=True, help="A key that stands already begins with an empty memory.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8091, show_default=True, help="0 takes a free one."
)
@READY
@JSON
@QUIET
def witness(
    *,
    log_vkeys: tuple[str, ...],
    name: str,
    key: Path | None,
    folder: Path | None,
    first: bool,
    host: str,
    port: int,
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run a witness until SIGTERM or Ctrl-C.

    It signs a checkpoint only when the log grew out of the one that it signed before, and so belongs to
    somebody else than the log's operator. Its memory is its honesty: without it, it does not start again.

    \b
    Examples:
      motlan witness --log-vkey "$VKEY" --name inspectorate.example/witness --dir witness
      motlan witness --log-vkey "$VKEY" --key /run/secrets/witness --dir witness --first
    """  # noqa: D301 -- \b is click's
    home = folder.resolve() if folder is not None else state_folder(None) / "witness"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_memory(home, key, first=first)
    app = guarded_witness(name, key_in(key or home / _KEY), log_vkeys, home / _MEMORY, _LIMITS)
    uvloop.run(
        _run(app, (host, port), ready_file, lambda content: _say(content, as_json=as_json, quiet=quiet))
    )


def guarded_witness(
    name: str, seed: bytes, log_vkeys: Sequence[str], memory: Path, limits: DoorLimits
) -> web.Application:
    """The witness as an application that takes bodies within the limits only; ConfigError as `build_witness`."""

    async def read(request: web.Request) -> bytes:
        return await read_bytes(request, limits.body_bytes, limits.body_seconds)

    build = registry.resolve("adapters.anchors.witness_door", "build_witness")
    built: web.Application = build(name, seed, log_vkeys, memory, read)
    return built


@dataclass(slots=True)
class _WitnessDispatcher:
    """An aiohttp application, as a door has requests answered."""

    dispatch: Callable[[web.Request], Awaitable[web.StreamResponse]]
    under_way: int = 0


def guarded_runner(app: web.Application, limits: DoorLimits) -> DoorRunner:
    """Serves the application on connections that are timed and capped."""
    app.freeze()
    loop, make = asyncio.get_running_loop(), cast("Callable[..., web.Request]", web.Request)

    def request(*parts: Any) -> web.Request:  # noqa: ANN401 -- as aiohttp's server gives them
        return make(*parts, loop)

    entry = app._handle  # noqa: SLF001 -- what the application's own runner calls

    async def checked(request: web.Request) -> web.StreamResponse:
        try:
            check_head(request)
        except GatewayError as error:
            refused: Any = problem(error, new_exchange_id())
            return cast("web.StreamResponse", refused)
        return await entry(request)

    return DoorRunner(_WitnessDispatcher(checked), limits, request_type=request)


async def _run(
    app: web.Application,
    address: tuple[str, int],
    ready_file: Path | None,
    say: Callable[[dict[str, object]], None],
) -> None:
    """Serve until a stop signal; `say` is called once with the address."""
    telemetry.set_up()
    stop = stop_event()
    runner = guarded_runner(app, _LIMITS)
    await runner.setup()
    try:
        host, port = address
        await listen(runner, host, port)
        content: dict[str, object] = {
            "pid": os.getpid(),
            "url": f"http://{host}:{runner.addresses[0][1]}",
            "vkey": registry.resolve("adapters.anchors.witness_door", "vkey_of")(app),
        }
        if ready_file is not None:
            write_ready(ready_file, content)
        say(content)
        await stop.wait()
    finally:
        await runner.cleanup()


def _say(content: dict[str, object], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(content).decode())
    elif not quiet:
        click.echo(f"witness: {content['url']}\nvkey: {content['vkey']}")
    sys.stdout.flush()


def _check_memory(home: Path, key: Path | None, *, first: bool) -> None:
    """A key without its memory could sign a fork of what it signed before: ConfigError."""
    stands = (key or home / _KEY).exists()
    if stands and not (home / _MEMORY).exists() and not first:
        what = "the key stands, its memory does not: it might sign a fork of what it signed before"
        remedy = f"restore {_MEMORY}; for a key that never signed, say --first"
        raise ConfigError([Problem(str(home / _MEMORY), 0, what, remedy)])
    if key is not None and not stands:
        raise ConfigError(
            [Problem(str(key), 0, "there is no key", "leave --key out, and one is made in --dir")]
        )
