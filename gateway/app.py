"""Composition root: configuration → catalogue → log → sources → use cases → applications.

Each resource is opened by one cleanup context and closed by it; `Gateway` holds the two listeners.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from gateway import registry
from gateway.accessing import accessing
from gateway.api.context import SERVICES, AuditDoor, Loaded, Services
from gateway.api.middleware import add_headers, outermost
from gateway.api.openapi import add_documents
from gateway.api.proxies import proxies
from gateway.api.routes import add_operations
from gateway.audit.in_force import announce
from gateway.auditing import auditing
from gateway.composition import Composition, same_sources
from gateway.consenting import Citizens, Shelves, citizens, consenting
from gateway.correcting import correcting
from gateway.document_key import open_document_key
from gateway.documents.keys import DocumentKey
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults
from gateway.log_keys import check_keys, derived, root_keys, signing_keys
from gateway.ports import Cache, ExchangeLog, Sequencer, Source
from gateway.ports_consents import OwnData
from gateway.ports_policy import Quotas
from gateway.prefill.admission import Access
from gateway.prefill.gather import Gatherer
from gateway.prefill.sealing import Sealer
from gateway.prefill.service import Prefill
from gateway.strict_yaml import read
from gateway.telemetry import Metrics, log

LOG: web.AppKey[ExchangeLog] = web.AppKey("log")
CACHE: web.AppKey[Cache] = web.AppKey("cache")
ACCESS: web.AppKey[Access] = web.AppKey("access")
SOURCES: web.AppKey[Mapping[str, Source]] = web.AppKey("sources")
SEQUENCER: web.AppKey[Sequencer] = web.AppKey("sequencer")
AUDIT: web.AppKey[AuditDoor] = web.AppKey("audit")
DOCUMENT_KEY: web.AppKey[DocumentKey] = web.AppKey("document_key")
SHELVES: web.AppKey[Shelves] = web.AppKey("shelves")
CITIZENS: web.AppKey[Citizens] = web.AppKey("citizens")
#: what one configuration opened, and those of its sources that another edition closes
EDITION: web.AppKey[AsyncExitStack] = web.AppKey("edition")
KEPT: web.AppKey[dict[str, Source]] = web.AppKey("kept")
PREFILL: web.AppKey[Prefill] = web.AppKey("prefill")
UNDER_WAY: web.AppKey[tuple[dict[str, int], dict[str, int]]] = web.AppKey("under_way")
#: how long the start waits for the record of the configuration; a log that is away gets it later
_TELL_SECONDS = 2.0
_QUOTAS_LABEL = b"motlan quotas v1"
_PREVIEW_LABEL = b"motlan preview v1"


class SystemClock:
    """Wall-clock time of the machine."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)


PARTS: web.AppKey[Composition] = web.AppKey("parts")


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
    app[PARTS], app[EDITION], app[KEPT], app[UNDER_WAY] = parts, AsyncExitStack(), {}, ({}, {})
    app.cleanup_ctx.extend([_log, _audit, _shelves, _cache, _edition])
    return app


def successor(parts: Composition, former: web.Application) -> web.Application:
    """The API of another configuration over what `former` opened: log, cache, counts, sources that stay the same."""
    app = api_application(parts.metrics)
    app[PARTS], app[EDITION] = parts, AsyncExitStack()
    app[LOG], app[SEQUENCER], app[CACHE] = former[LOG], former[SEQUENCER], former[CACHE]
    app[ACCESS], app[UNDER_WAY], app[SHELVES] = former[ACCESS], former[UNDER_WAY], former[SHELVES]
    app[AUDIT] = former[AUDIT].of(parts)
    app[KEPT] = {name: former[SOURCES][name] for name in same_sources(parts, former[PARTS])}
    app.cleanup_ctx.append(_edition)
    return app


async def _edition(app: web.Application) -> AsyncIterator[None]:
    """What belongs to one configuration; it may be closed before the application is."""
    parts = app[PARTS]
    async with app[EDITION] as opened:
        settings = parts.configuration
        app[DOCUMENT_KEY] = open_document_key(settings.gateway.documents, settings.root, parts.state)
        for one in (_sources, _services):
            await opened.enter_async_context(asynccontextmanager(one)(app))
        yield


async def _log(app: web.Application) -> AsyncIterator[None]:
    parts = app[PARTS]
    await check_keys(parts.configuration.gateway.log, parts.state)
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


async def _shelves(app: web.Application) -> AsyncIterator[None]:
    async with consenting(app[PARTS], SystemClock()) as app[SHELVES]:
        yield


async def _sources(app: web.Application) -> AsyncIterator[None]:
    shelves, parts, access = app[SHELVES], app[PARTS], app[ACCESS]
    app[CITIZENS] = citizens(shelves, parts, app[LOG], SystemClock(), app[DOCUMENT_KEY], access)
    app[SOURCES] = open_sources(app[PARTS], app[KEPT], app[CITIZENS].own)
    for name in [one for one in app[SOURCES] if one not in app[KEPT]]:
        log().info("source.opened", source=name, mark=app[PARTS].configuration.sources[name].mark)
    yield
    for name, source in app[SOURCES].items():
        if name not in app[KEPT]:
            await source.close()


async def _cache(app: web.Application) -> AsyncIterator[None]:
    parts = app[PARTS]
    url = parts.configuration.gateway.cache_url
    app[CACHE] = registry.store(url, "open_cache")(url)
    quotas: Quotas = registry.store(url, "open_quotas")(url)
    roots = root_keys(parts.configuration.gateway.log, parts.state)
    secret, shown = [await derived(roots, label) for label in (_QUOTAS_LABEL, _PREVIEW_LABEL)]
    app[ACCESS] = Access(quotas=quotas, secret=secret, preview_secret=shown)
    yield
    await quotas.close()
    await app[CACHE].close()


async def _services(app: web.Application) -> AsyncIterator[None]:
    parts = app[PARTS]
    people = app[CITIZENS]
    shelves = app[SHELVES]
    rests_on = app[ACCESS]._replace(
        consents=people.consents, own=people.own, decisions=shelves.decisions, reader=shelves.reader
    )
    key = app[DOCUMENT_KEY]
    sealer = Sealer(key, parts.configuration.gateway.documents.passport_days)
    prefill = app[PREFILL] = open_prefill(parts, app[SOURCES], app[LOG], app[CACHE], rests_on, sealer)
    clock = SystemClock()
    async with (
        accessing(parts, clock, (key.jwks,)) as access,
        correcting(parts, app[LOG], clock, app[SHELVES], app[ACCESS]) as corrections,
    ):
        app[SERVICES] = Services(
            clock=SystemClock(), configuration=parts.configuration, catalogue=parts.catalogue, prefill=prefill,
            access=access, document_key=key, corrections=corrections,
            proxies=proxies(parts.configuration.gateway.access.proxy),
            sources=app[SOURCES], log=app[LOG], audit=app[AUDIT], anchors=app[AUDIT].anchors.rounds,
            loaded=Loaded(parts.in_force.digest), under_way=app[UNDER_WAY][0], waiting=app[UNDER_WAY][1],
            citizens=people,
        )  # fmt: skip
        yield
    await prefill.close()


def open_sources(
    parts: Composition, opened_before: Mapping[str, Source] | None = None, own: OwnData | None = None
) -> dict[str, Source]:
    """Every configured source, by its adapter; ConfigError has every fault that one of them found."""
    tools = registry.source_tools(parts.root, SystemClock(), own)
    opened: dict[str, Source] = {}
    faults = Faults()
    for name, settings in parts.configuration.sources.items():
        if opened_before is not None and name in opened_before:
            opened[name] = opened_before[name]
            continue
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
    parts: Composition,
    sources: Mapping[str, Source],
    log: ExchangeLog,
    cache: Cache,
    access: Access,
    sealer: Sealer,
) -> Prefill:
    """The use case over what was opened."""
    valid = {
        f"{name}.{operation}": service.valid_seconds
        for name, settings in parts.configuration.sources.items()
        for operation, service in settings.services.items()
    }
    clock, digest = SystemClock(), parts.in_force.digest
    gatherer = Gatherer(sources, valid, clock, parts.metrics)
    return Prefill(
        parts.configuration,
        parts.catalogue,
        gatherer,
        log,
        cache,
        clock,
        parts.metrics,
        access,
        digest,
        sealer,
    )


def open_log(parts: Composition) -> tuple[ExchangeLog, Sequencer]:
    """The exchange log of the configuration, and what numbers its records; each record wakes it."""
    settings = parts.configuration.gateway.log
    # Before any key is made: keys that stand belong to a log that stood.
    registry.store(settings.url, "make_log")(settings.url, parts.state)
    log = registry.store(settings.url, "open_log")(
        settings.url, parts.state, settings.origin, root_keys(settings, parts.state)
    )
    sequencer: Sequencer = registry.store(settings.url, "open_sequencer")(
        settings.url, parts.state, settings.origin, signing_keys(settings)
    )
    log.sequencer = sequencer
    return log, sequencer
