"""Composition root: configuration → catalogue → log → sources → use cases → applications.

Each resource is opened by one cleanup context and closed by it; `Gateway` holds the two listeners.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from gateway import registry
from gateway.access.requesters import Requesters
from gateway.accessing import accessing
from gateway.anchors.faults import anchor_faults
from gateway.api.context import SERVICES, AuditDoor, Services
from gateway.api.door import DoorRunner
from gateway.api.middleware import add_headers, expect, outermost
from gateway.api.openapi import add_documents
from gateway.api.operation import live, ready
from gateway.api.proxies import proxies
from gateway.api.routes import add_operations
from gateway.api.tls import server_context
from gateway.audit.in_force import InForce, announce, in_force
from gateway.auditing import auditing
from gateway.config import Configuration
from gateway.crosscheck import crosscheck
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults
from gateway.keeping.roots import root_keys, signing_texts
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.ports import Cache, ExchangeLog, Sequencer, Source
from gateway.prefill.gather import Gatherer
from gateway.prefill.service import Prefill
from gateway.settings import address_of
from gateway.strict_yaml import read
from gateway.telemetry import Metrics, log

LOG: web.AppKey[ExchangeLog] = web.AppKey("log")
CACHE: web.AppKey[Cache] = web.AppKey("cache")
SOURCES: web.AppKey[Mapping[str, Source]] = web.AppKey("sources")
SEQUENCER: web.AppKey[Sequencer] = web.AppKey("sequencer")
AUDIT: web.AppKey[AuditDoor] = web.AppKey("audit")
#: how long the start waits for the record of the configuration; a log that is away gets it later
_TELL_SECONDS = 2.0


class SystemClock:
    """Wall-clock time of the machine."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What one process is made of, before anything is opened."""

    configuration: Configuration
    catalogue: Catalogue
    #: project data: holds `schemas/`, `mappings/`
    root: Path
    #: folder for what must survive (SQLite, keys)
    state: Path
    metrics: Metrics
    in_force: InForce


PARTS: web.AppKey[Composition] = web.AppKey("parts")


def compose(configuration: Configuration, root: Path, state: Path) -> Composition:
    """Read the mappings; ConfigError with everything that does not fit."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    catalogue = load_catalogue(root)
    faults = Faults()
    crosscheck(configuration, catalogue, faults)
    faults.add(anchor_faults(configuration, root))
    faults.finish()
    return Composition(
        configuration=configuration, catalogue=catalogue, root=root, state=state, metrics=Metrics(),
        in_force=in_force(configuration, root),
    )  # fmt: skip


def api_application(metrics: Metrics) -> web.Application:
    """The door without what is behind it: middleware, routes, documents."""
    app = web.Application(middlewares=[outermost(metrics)])
    app.on_response_prepare.append(add_headers)
    add_operations(app)
    add_documents(app)
    return app


def application(parts: Composition) -> web.Application:
    """The API with one cleanup context per resource, in the order in which they need one another."""
    app = api_application(parts.metrics)
    app[PARTS] = parts
    app.cleanup_ctx.extend([_log, _audit, _cache, _sources, _services])
    return app


async def _log(app: web.Application) -> AsyncIterator[None]:
    parts = app[PARTS]
    app[LOG], app[SEQUENCER] = open_log(parts)
    app[SEQUENCER].start()
    telling = asyncio.create_task(announce(app[LOG], parts.in_force, SystemClock(), "start"))
    await asyncio.wait((telling,), timeout=_TELL_SECONDS)
    yield
    telling.cancel()
    await app[LOG].close()
    await app[SEQUENCER].close()


async def _audit(app: web.Application) -> AsyncIterator[None]:
    async with auditing(app[PARTS], app[LOG], app[SEQUENCER], SystemClock()) as app[AUDIT]:
        yield


async def _sources(app: web.Application) -> AsyncIterator[None]:
    app[SOURCES] = open_sources(app[PARTS])
    for name in app[SOURCES]:
        log().info("source.opened", source=name, mark=app[PARTS].configuration.sources[name].mark)
    yield
    for source in app[SOURCES].values():
        await source.close()


async def _cache(app: web.Application) -> AsyncIterator[None]:
    url = app[PARTS].configuration.gateway.cache_url
    app[CACHE] = registry.store(url, "open_cache")(url)
    yield
    await app[CACHE].close()


async def _services(app: web.Application) -> AsyncIterator[None]:
    parts = app[PARTS]
    prefill = open_prefill(parts, app[SOURCES], app[LOG], app[CACHE])
    async with accessing(parts, SystemClock()) as access:
        app[SERVICES] = Services(
            clock=SystemClock(), configuration=parts.configuration, catalogue=parts.catalogue, prefill=prefill,
            access=access, proxies=proxies(parts.configuration.gateway.access.proxy),
            sources=app[SOURCES], log=app[LOG], audit=app[AUDIT], anchors=app[AUDIT].anchors.rounds,
        )  # fmt: skip
        yield
    await prefill.close()


def admin_application(app: web.Application, metrics: Metrics) -> web.Application:
    """Health and metrics on their own listener; shares what `app` opened."""
    admin = web.Application(middlewares=[outermost(Metrics())])
    admin.on_response_prepare.append(add_headers)
    admin[SERVICES] = app[SERVICES]

    async def render(_request: web.Request) -> web.Response:
        if AUDIT in app:
            metrics.gauges(await app[AUDIT].watch.gauges())
        return web.Response(body=metrics.render(), headers={"Content-Type": metrics.content_type})

    for path, handler in {"/health/live": live, "/health/ready": ready, "/metrics": render}.items():
        admin.router.add_route("GET", path, handler, expect_handler=expect)
    return admin


class Gateway:
    """The two listeners of one process."""

    def __init__(self, parts: Composition) -> None:
        """Nothing is opened yet."""
        self.parts = parts
        self._runners: list[DoorRunner] = []
        self.app: web.Application | None = None
        self.api = self.admin = ""

    async def start(self, *, reuse_port: bool = False, with_admin: bool = True) -> None:
        """Open everything and listen; `api` and `admin` are then the addresses."""
        settings = self.parts.configuration.gateway
        self.app = application(self.parts)
        api, tls = settings.api, self._tls()
        self.api = await self._listen(self.app, api.host, api.port, reuse_port=reuse_port, tls=tls)
        if with_admin:
            admin = admin_application(self.app, self.parts.metrics)
            self.admin = await self._listen(admin, settings.admin.host, settings.admin.port, reuse_port=False)

    async def stop(self) -> None:
        """Stop listening, let requests under way finish, close everything."""
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._runners.clear()

    def _tls(self) -> ssl.SSLContext | None:
        settings = self.parts.configuration
        if settings.gateway.api.tls is None:
            return None
        pinned = Requesters(settings.requesters, settings.root).pinned()
        return server_context(settings.gateway.api.tls, settings.root, pinned)

    async def _listen(
        self,
        app: web.Application,
        host: str,
        port: int,
        *,
        reuse_port: bool,
        tls: ssl.SSLContext | None = None,
    ) -> str:
        runner = DoorRunner(app, self.parts.configuration.gateway.limits)
        self._runners.append(runner)
        await runner.setup()
        await listen(runner, host, port, reuse_port=reuse_port, tls=tls)
        return address_of(host, runner.addresses[0][1], "https" if tls else "http")


async def listen(
    runner: web.AppRunner,
    host: str,
    port: int,
    *,
    reuse_port: bool = False,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Listen; ConfigError when the address is taken or not ours."""
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls, reuse_port=reuse_port or None, backlog=1024)
        await site.start()
    except OSError as error:
        what = f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigError([Problem("config/gateway.yaml", 0, what, "choose another port, or 0")]) from None


def open_sources(parts: Composition) -> dict[str, Source]:
    """Every configured source, by its adapter; ConfigError has every fault that one of them found."""
    tools = registry.source_tools(parts.root, SystemClock())
    opened: dict[str, Source] = {}
    faults = Faults()
    for name, settings in parts.configuration.sources.items():
        plans = parts.catalogue.services.get(name, {})
        try:
            opened[name] = registry.open_source(settings, plans, tools)
        except ConfigError as error:
            faults.add(_with_line(problem, parts) for problem in error.problems)
    faults.finish()
    return opened


def _with_line(problem: Problem, parts: Composition) -> Problem:
    """Adapters know places of their settings and mappings, and no lines."""
    folder, _, name = problem.file.partition("/")
    document = parts.configuration.documents.get(name)
    if folder == "mappings" and problem.place:
        document = read(parts.root / problem.file, parts.root)
    return document.located(problem) if document is not None and problem.place else problem


def open_prefill(
    parts: Composition, sources: Mapping[str, Source], log: ExchangeLog, cache: Cache
) -> Prefill:
    """The use case over what was opened."""
    valid = {
        f"{name}.{operation}": service.valid_seconds
        for name, settings in parts.configuration.sources.items()
        for operation, service in settings.services.items()
    }
    clock, digest = SystemClock(), parts.in_force.digest
    gatherer = Gatherer(sources, valid, clock, parts.metrics)
    return Prefill(parts.configuration, parts.catalogue, gatherer, log, cache, clock, parts.metrics, digest)


def open_log(parts: Composition) -> tuple[ExchangeLog, Sequencer]:
    """The exchange log of the configuration, and what numbers its records; each record wakes it."""
    settings = parts.configuration.gateway.log
    # Before any key is made: keys that stand belong to a log that stood.
    registry.store(settings.url, "make_log")(settings.url, parts.state)
    log = registry.store(settings.url, "open_log")(
        settings.url, parts.state, settings.origin, root_keys(settings, parts.state)
    )
    sequencer: Sequencer = registry.store(settings.url, "open_sequencer")(
        settings.url, parts.state, settings.origin, signing_texts(settings)
    )
    log.written = sequencer.wake
    return log, sequencer
