"""Running the gateway: one process or several on one port, the sandbox beside it, the ready file, the drain.

SIGTERM and SIGINT stop accepting, let running requests finish within 25 seconds, then close everything.
"""

import asyncio
import gc
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from gateway import registry, telemetry
from gateway.checks.production import no_sandbox
from gateway.composition.composition import compose
from gateway.config.access import RequesterSettings
from gateway.config.configuration import Configuration, load
from gateway.config.gateway import Listener, address_of
from gateway.config.identity import IdentityProviderSettings
from gateway.config.portals import PortalSettings
from gateway.exchange_log.durable import replace_file
from gateway.serving.hanging_up import remember_hang_up
from gateway.serving.listeners import Gateway, listen
from gateway.serving.reloading import Reloader

SANDBOX = "http://127.0.0.1:8090"
_DRAIN_SECONDS = 25
#: addresses of a system that logs people in (`login` of a requester)
_ADDRESSES = (
    "redirect_uris", "initiate_login_uri", "post_logout_redirect_uris", "backchannel_logout_uri",
    "frontchannel_logout_uri",
)  # fmt: skip
_YOUNG_OBJECTS = 50_000
#: file descriptors for databases, sources, anchors and probes
_FILES_BESIDE = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of the command line."""

    root: Path
    config: Path
    state: Path
    overrides: Mapping[str, str]
    with_sandbox: bool = False
    ready_file: Path | None = None
    reuse_port: bool = False
    #: URL of a sandbox in another process
    sandbox: str = ""


def configured(plan: ServeOptions, sandbox: str = "") -> Configuration:
    """The configuration, read now; `sandbox`: URL for its sources and portals."""
    return at_sandbox(load(plan.config, plan.overrides), sandbox)


def at_sandbox(configuration: Configuration, sandbox: str) -> Configuration:
    """The configuration with the addresses of a running sandbox; a blank URL changes nothing."""
    if not sandbox:
        return configuration
    moved = {
        folder: {
            name: item.model_copy(
                update={"url": _moved(item.url, sandbox), "auth": _moved(item.auth, sandbox)}
            )
            for name, item in getattr(configuration, folder).items()
        }
        for folder in ("sources", "portals")
    }
    moved["portals"] = {name: _fetching(item, sandbox) for name, item in moved["portals"].items()}
    providers = {name: _signing_in(item, sandbox) for name, item in configuration.identity_providers.items()}
    requesters = {name: _logging_in(item, sandbox) for name, item in configuration.requesters.items()}
    return configuration.model_copy(
        update={**moved, "identity_providers": providers, "requesters": requesters}
    )


def _logging_in(settings: RequesterSettings, sandbox: str) -> RequesterSettings:
    """With the sandbox's address where people come back to a system of the sandbox."""
    if settings.login is None:
        return settings
    addresses = settings.login.model_dump(include=set(_ADDRESSES))
    moved = {name: _moved(value, sandbox) for name, value in addresses.items()}
    return settings.model_copy(update={"login": settings.login.model_copy(update=moved)})


def _signing_in(settings: IdentityProviderSettings, sandbox: str) -> IdentityProviderSettings:
    """With the sandbox's address in the issuer and the pinned addresses."""
    endpoints = settings.endpoints.model_copy(update=_moved(settings.endpoints.model_dump(), sandbox))
    return settings.model_copy(update={"issuer": _moved(settings.issuer, sandbox), "endpoints": endpoints})


def _fetching(settings: PortalSettings, sandbox: str) -> PortalSettings:
    """With the sandbox's address among the origins of files."""
    if settings.door is None or SANDBOX not in settings.door.fetch_from:
        return settings
    origins = tuple(sandbox if one == SANDBOX else one for one in settings.door.fetch_from)
    return settings.model_copy(update={"door": settings.door.model_copy(update={"fetch_from": origins})})


def _moved(value: Any, sandbox: str) -> Any:  # noqa: ANN401 -- plain data of the settings
    if isinstance(value, str):
        return sandbox + value.removeprefix(SANDBOX) if value.startswith(SANDBOX + "/") else value
    if isinstance(value, dict):
        return {key: _moved(item, sandbox) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_moved(item, sandbox) for item in value)
    return value


@asynccontextmanager
async def sandbox_at(root: Path, listener: Listener, only: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """The simulated peers on one port; yields their URL."""
    async with _sandbox_at(root, listener, only) as (_, address):
        yield address


@asynccontextmanager
async def _sandbox_at(
    root: Path, listener: Listener, only: tuple[str, ...] = ()
) -> AsyncIterator[tuple[web.Application, str]]:
    app = registry.resolve("adapters.sandbox.app", "build")(root, **({"only": only} if only else {}))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await listen(runner, listener.host, listener.port)
        yield app, address_of(listener.host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(
    plan: ServeOptions, *, with_admin: bool = True
) -> AsyncIterator[tuple[Gateway, dict[str, object]]]:
    """The running gateway (and sandbox), with the content of the ready file."""
    with _collector_off():
        loaded = load(plan.config, plan.overrides)
    if not plan.with_sandbox:
        async with _gateway(plan, loaded, plan.sandbox, with_admin) as gateway:
            yield gateway, description(plan, gateway, plan.sandbox)
        return
    no_sandbox(loaded)
    listener = loaded.gateway.sandbox
    async with (
        _sandbox_at(plan.root, listener) as (peers, address),
        _gateway(plan, loaded, address, with_admin) as gateway,
    ):
        registry.resolve("adapters.sandbox.app", "introduce")(peers, gateway.api)
        yield gateway, description(plan, gateway, address)


def spread(connections: int) -> None:
    """Raise the limit of open files to the needed number of connections, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FILES_BESIDE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        telemetry.log().warning("serve.few_files", configuration="limits.connections", count=most)


@asynccontextmanager
async def _gateway(
    plan: ServeOptions,
    loaded: Configuration,
    sandbox: str,
    with_admin: bool,  # noqa: FBT001 -- ours
) -> AsyncIterator[Gateway]:
    with _collector_off():
        gateway = Gateway(compose(at_sandbox(loaded, sandbox), plan.root, plan.state))
    spread(gateway.parts.configuration.gateway.limits.connections)
    reloading: asyncio.Task[None] | None = None
    try:
        await gateway.start(reuse_port=plan.reuse_port, with_admin=with_admin)
        reloading = asyncio.create_task(Reloader(gateway, lambda: configured(plan, sandbox)).run())
        yield gateway
    finally:
        if reloading is not None:
            reloading.cancel()
            await asyncio.wait((reloading,))
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await gateway.stop()
        except TimeoutError:
            telemetry.log().error("serve.drain_incomplete", seconds=_DRAIN_SECONDS)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Loading makes many lasting objects: the collector would double the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle() -> None:
    """Exclude loaded objects from garbage collection, and collect young ones less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)


def description(plan: ServeOptions, gateway: Gateway, sandbox: str) -> dict[str, object]:
    """The content of the ready file; client secrets only in the sandbox profile."""
    configuration = gateway.parts.configuration
    vkey = gateway.app.shared.sequencer.vkey if gateway.app is not None else None
    played = registry.resolve("adapters.sandbox.app", "sources")() if sandbox else ()
    peers = {name: f"{sandbox}/{name}" for name in sorted(played)}
    peers["control"] = f"{sandbox}/__sandbox"
    return {
        "pid": os.getpid(),
        "gateway": gateway.api,
        "admin": gateway.admin,
        "config": str(plan.config),
        "state": str(plan.state),
        "clients": clients(configuration),
        "log": {"origin": configuration.gateway.log.origin, "vkey": vkey},
        "sandbox": peers if sandbox else {},
        "personas": personas(plan.root) if sandbox else [],
    }


def clients(configuration: Configuration) -> dict[str, dict[str, object]]:
    """Requesters with their credentials of the sandbox profile."""
    shown = configuration.gateway.profile == "sandbox"
    return {
        name: {
            "client_id": item.client_id,
            "client_secret": item.client_secret.reveal() if shown and item.client_secret else None,
            "scopes": list(item.scopes),
        }
        for name, item in configuration.requesters.items()
    }


def personas(root: Path) -> list[dict[str, object]]:
    """The invented people of the sandbox."""
    people: list[dict[str, object]] = registry.resolve("adapters.sandbox.app", "personas")(root)
    return people


def write_ready(path: Path, content: Mapping[str, object]) -> None:
    """Write the ready file atomically, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, orjson.dumps(content, option=orjson.OPT_INDENT_2))


def stop_event(*, hang_up: bool = True) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; call this before the process reports that it is ready.

    SIGHUP (a closed terminal) sets it too, unless it means a reload (`hang_up`) or `nohup` ignores it.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if hang_up and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    return stop


def reload_at_hang_up(gateway: Gateway) -> None:
    """SIGHUP reloads the configuration; if the terminal is gone, it ends the process like SIGTERM.

    A SIGHUP during the start counts now.
    """
    before = remember_hang_up()

    def hung_up() -> None:
        if before.at_terminal and not os.isatty(0):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            gateway.asked.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up)
    if before.came:
        hung_up()


async def serve(plan: ServeOptions, announce: Callable[[Mapping[str, object]], None]) -> None:
    """Run until a signal; `announce` is called when everything answers."""
    telemetry.set_up()
    stop = stop_event(hang_up=False)
    remember_hang_up()
    async with running(plan) as (gateway, content):
        reload_at_hang_up(gateway)
        settle()
        if plan.ready_file is not None:
            write_ready(plan.ready_file, content)
        telemetry.log().info("serve.ready", pid=os.getpid())
        announce(content)
        await stop.wait()
        telemetry.log().info("serve.draining", pid=os.getpid())
    if plan.ready_file is not None:
        plan.ready_file.unlink(missing_ok=True)


def with_ports(plan: ServeOptions, **ports: int) -> ServeOptions:
    """The plan with some listeners' ports replaced, e.g. `api=0`."""
    more = {f"gateway.{name}.port": str(port) for name, port in ports.items()}
    return replace(plan, overrides={**plan.overrides, **more})
