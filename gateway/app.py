"""Composition root: configuration → catalogue → log → sources → use cases → services of the doors.

What is opened here is closed here, in reverse; `Gateway` holds the two listeners.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway import registry
from gateway.access.requesters import Requesters
from gateway.api.context import AuditDoor, Citizens, Loaded, Operation, Services
from gateway.api.logins import resume
from gateway.api.proxies import proxies
from gateway.api.tls import server_context
from gateway.audit.in_force import announce
from gateway.composition.access import accessing
from gateway.composition.anchors import ask_witnesses
from gateway.composition.audit import auditing
from gateway.composition.composition import Composition, same_sources, with_line
from gateway.composition.consents import citizens, sweeping
from gateway.composition.corrections import correcting
from gateway.composition.document_key import open_document_key
from gateway.composition.doors import Desks, open_doors, open_fetchers, open_pullers
from gateway.composition.files import opened_files
from gateway.composition.log_keys import check_keys, derived, root_keys, signing_keys
from gateway.composition.logins import LoginMandates, LoginState, login_state, signing_in
from gateway.composition.openid import login_keys, open_id
from gateway.composition.papers import open_papers, sweeping_papers
from gateway.composition.reconcile import relay_desk
from gateway.composition.relay import RELAY_LABEL, PublicAddress, RelayParts, portal_tools, relaying
from gateway.composition.trials import open_trials
from gateway.consents.sealing import PersonKeys
from gateway.console.pages import Pages
from gateway.domain import sentences as say
from gateway.domain.errors import ConfigError, DatabaseUnfit, LogUnavailable, Problem
from gateway.domain.faults import Faults
from gateway.domain.sentences import Sentence
from gateway.exchange_log.keys import RootKeys
from gateway.exchange_log.recorder import Recorder
from gateway.files.service import DossierFiles
from gateway.login.handles import forwarded_logins
from gateway.login.id_tokens import Logins
from gateway.operation.configurations import ConfigurationTexts
from gateway.operation.mutes import Mutes
from gateway.operation.streams import StreamCache, Streams
from gateway.ports.cache import Cache
from gateway.ports.consents import OwnData
from gateway.ports.exchange_log import ExchangeLog, Sequencer
from gateway.ports.policy import Quotas
from gateway.ports.sources import Source
from gateway.ports.stores import Stores
from gateway.prefill.admission import DecisionInputs
from gateway.prefill.coverage import Coverage
from gateway.prefill.gather import Gatherer
from gateway.prefill.mandates import MandateProofs
from gateway.prefill.sealing import Sealer
from gateway.prefill.service import Prefill
from gateway.relay.guesses import LookupGuesses
from gateway.relay.pulling import pulling
from gateway.telemetry import log

#: how long the start waits for the record of the configuration; a log that is away gets it later
_TELL_SECONDS = 2.0
#: and for a database that does not answer
_CHECK_SECONDS = 5.0
_QUOTAS_LABEL = b"motlan quotas v1"
_PREVIEW_LABEL = b"motlan preview v1"


class SystemClock:
    """Wall-clock time of the machine."""

    #: the time now, aware, in UTC; no function of ours: a prefill asks eleven times
    now = staticmethod(partial(datetime.now, UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What every configuration of one process uses; opened once and closed with the process."""

    #: under the configuration of the start
    recorder: Recorder
    sequencer: Sequencer
    audit: AuditDoor
    stores: Stores
    person_keys: PersonKeys
    cache: Cache
    #: under the configuration of the start
    logins: LoginState
    access: DecisionInputs
    #: under the configuration of the start
    files: DossierFiles
    relay_secret: bytes
    #: known when the process listens
    address: PublicAddress
    #: why nobody can sign in: other processes would not see the session; None: they would
    no_sign_in: Sentence | None = None
    #: live pages
    streams: Streams = field(default_factory=Streams)
    #: requests under way, and those that wait for late answers, per requester
    under_way: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    #: breakers, places and pauses of sources, which a reload and a trial of a draft keep
    guards: dict[object, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class App:
    """What one configuration opened, over what the process shares."""

    parts: Composition
    shared: Shared
    sources: dict[str, Source]
    #: those of its sources that the App of another configuration closes
    lent: dict[str, Source]
    citizens: Citizens
    prefill: Prefill
    services: Services
    #: what connections are wrapped by; None: TLS does not end here
    tls: ssl.SSLContext | None
    opened: AsyncExitStack

    async def close(self) -> None:
        """Close what nobody else uses."""
        await self.opened.aclose()


async def open_shared(
    parts: Composition, opened: AsyncExitStack, *, is_one_of_several: bool = False
) -> Shared:
    """Open it in the order in which its parts need one another; `opened` closes what is open, also after a fault.

    `is_one_of_several`: other processes answer at the same address.
    """
    cache = await opened.enter_async_context(_opened_cache(parts))
    recorder, sequencer, stores = await opened.enter_async_context(_opened_log(parts, cache))
    roots = root_keys(parts.configuration.gateway.log, parts.state)
    audit = await opened.enter_async_context(auditing(parts, stores, recorder, sequencer))
    await opened.enter_async_context(sweeping(stores, recorder.clock))
    access = await opened.enter_async_context(_opened_quotas(parts))
    files = await opened.enter_async_context(opened_files(parts, roots, recorder))
    await opened.enter_async_context(sweeping_papers(stores, files, recorder.clock))
    relay_secret = await derived(roots, RELAY_LABEL)
    logins = await opened.enter_async_context(login_state(parts, roots, recorder.clock))
    return Shared(
        recorder=recorder, sequencer=sequencer, audit=audit, stores=stores, cache=cache, logins=logins,
        access=access, files=files, relay_secret=relay_secret,
        address=PublicAddress(parts.configuration.gateway.issuer.rstrip("/")),
        person_keys=PersonKeys(roots, stores.keeping),
        no_sign_in=say.NO_SHARED_LOGINS if is_one_of_several and _is_own_memory(parts) else None,
    )  # fmt: skip


def _is_own_memory(parts: Composition) -> bool:
    """Whether sessions live in this process alone."""
    return parts.configuration.gateway.cache_url.startswith("memory:")


async def open_app(parts: Composition, shared: Shared, former: App | None = None) -> App:
    """Open what one configuration needs; sources that stay the same are taken from `former`.

    ConfigError: then nothing is open.
    """
    async with AsyncExitStack() as opened:
        recorder = replace(shared.recorder, digest=parts.in_force.digest, codes=_codes(parts))
        clock, settings = recorder.clock, parts.configuration.gateway
        key = open_document_key(settings.documents, parts.configuration.root, parts.state)
        people = citizens(shared.stores, shared.person_keys, parts, recorder, key, shared.access)
        lent = {name: former.sources[name] for name in same_sources(parts, former.parts)} if former else {}
        sources = open_sources(parts, lent, people.own, shared.guards)
        for name in [one for one in sources if one not in lent]:
            log().info("source.opened", source=name, mark=parts.configuration.sources[name].mark)
        opened.push_async_callback(_close_sources, sources, lent)
        rests = RelayParts(
            stores=shared.stores, person_keys=shared.person_keys, recorder=recorder, cache=shared.cache,
            secret=shared.relay_secret, files=shared.files, address=shared.address, key=key,
        )  # fmt: skip
        relay = await opened.enter_async_context(relaying(parts, rests))
        desk = await opened.enter_async_context(relay_desk(parts, shared.stores, relay))
        rests_on = shared.access._replace(
            consents=people.consents, own=people.own, decisions=shared.stores.decisions,
            reader=shared.stores.reader, dossiers=relay.lookups if _asks_relay(parts) else None,
        )  # fmt: skip
        files = replace(shared.files, recorder=recorder)
        sealer = Sealer(key, settings.documents.passport_days)
        prefill = open_prefill(parts, sources, recorder, shared.cache, rests_on, sealer)
        opened.push_async_callback(prefill.close)
        papers = await open_papers(
            parts, prefill, recorder, sources, replace(shared.files, recorder=recorder), shared.stores,
            shared.person_keys, people.consents, relay.contents,
        )  # fmt: skip
        trials = open_trials(parts, prefill, sources, recorder, people.own, shared.guards)
        keys = await login_keys(parts, shared.stores.reader)
        published = (key.jwks,) if keys is None else (key.jwks, keys.signing.jwks)
        refresh = keys.signing.refresh if keys is not None else None
        access = await opened.enter_async_context(accessing(parts, shared.stores, clock, published, refresh))
        corrections = await correcting(
            parts, recorder, shared.stores, shared.person_keys, shared.access, relay
        )
        audit = shared.audit.of(parts)
        id_tokens = Logins(
            parts.configuration.logins, parts.configuration.root, lambda: clock.now().timestamp()
        )
        logins = forwarded_logins(id_tokens, shared.logins.values, parts.configuration.identity_providers)
        proofs = MandateProofs(
            configuration=parts.configuration,
            catalogue=parts.catalogue,
            steps=prefill.steps,
            recorder=recorder,
        )
        mandates = LoginMandates(proofs, access.requesters)
        openid = (
            open_id(
                parts.configuration, access, shared.logins, keys, recorder, shared.address, resume, mandates
            )
            if keys is not None and shared.no_sign_in is None
            else None
        )
        sign_in = (
            await opened.enter_async_context(
                signing_in(parts, shared.logins, recorder, openid, mandates, shared.access)
            )
            if shared.no_sign_in is None
            else None
        )
        guesses = LookupGuesses.under(
            settings.policy, rows=relay.rows, contents=relay.contents, recorder=recorder,
            quotas=shared.access.quotas, secret=shared.access.secret,
        )  # fmt: skip
        desks = Desks(relay, files, access.requesters, shared.stores.file_uids, guesses)
        for name, fetcher in open_fetchers(parts, desks, relay).items():
            relay.outbox.portals[name] = fetcher
            opened.push_async_callback(fetcher.close)
        await opened.enter_async_context(pulling(open_pullers(parts, desks, portal_tools(parts, rests))))
        services = Services(
            clock=clock, configuration=parts.configuration, catalogue=parts.catalogue, prefill=prefill,
            papers=papers, trials=trials, access=access, document_key=key, corrections=corrections,
            proxies=proxies(settings.access.proxy), sources=sources, recorder=recorder, audit=audit,
            anchors=audit.anchors.rounds,
            loaded=Loaded(parts.in_force.digest), under_way=shared.under_way, waiting=shared.waiting,
            citizens=people, logins=logins, openid=openid, sign_in=sign_in,
            no_sign_in=shared.no_sign_in,
            pages=Pages(is_sandbox=settings.profile == "sandbox"),
            files=files, relay=relay, doors=open_doors(parts, desks.of),
            request_keys=relay.keys, relay_desk=desk, guesses=guesses,
            operation=await _operation(parts, shared, recorder),
        )  # fmt: skip
        tls = await asyncio.to_thread(_tls, parts, access.requesters)
        relay.outbox.start()
        desk.reconciliations.reconciler.start()
        return App(
            parts=parts, shared=shared, sources=sources, lent=lent, citizens=people, prefill=prefill,
            services=services, tls=tls, opened=opened.pop_all(),
        )  # fmt: skip


async def _operation(parts: Composition, shared: Shared, recorder: Recorder) -> Operation:
    """What operators use; keeps the text of the configuration for them."""
    configuration, texts, reader = parts.configuration, ConfigurationTexts(parts.state), shared.stores.reader
    await asyncio.to_thread(texts.keep, parts.in_force.digest, configuration, parts.root)
    mutes = Mutes(recorder=recorder, reader=reader, sources=frozenset(configuration.sources))
    return Operation(
        mutes=mutes, coverage=Coverage(configuration, parts.catalogue), configuration_texts=texts, reader=reader,
        metrics=parts.metrics, streams=shared.streams, stream_cache=StreamCache(shared.streams),
    )  # fmt: skip


def _asks_relay(parts: Composition) -> bool:
    """Whether an agreement wants dossiers that the gateway knows: without one, no prefill looks them up."""
    return any(one.dossier.checked_by == "relay" for one in parts.configuration.agreements.values())


def _tls(parts: Composition, requesters: Requesters) -> ssl.SSLContext | None:
    """With the certificates of the requesters that this configuration knows."""
    settings = parts.configuration.gateway.api.tls
    if settings is None:
        return None
    return server_context(settings, parts.configuration.root, requesters.pinned())


async def _close_sources(sources: Mapping[str, Source], lent: Mapping[str, Source]) -> None:
    for name, source in sources.items():
        if name not in lent:
            await source.close()


@asynccontextmanager
async def _opened_cache(parts: Composition) -> AsyncIterator[Cache]:
    url = parts.configuration.gateway.cache_url
    cache: Cache = registry.store(url, "open_cache")(url)
    try:
        yield cache
    finally:
        await cache.close()


@asynccontextmanager
async def _opened_log(parts: Composition, cache: Cache) -> AsyncIterator[tuple[Recorder, Sequencer, Stores]]:
    await _check_store(parts)
    await check_keys(parts.configuration.gateway.log, parts.state)
    log, sequencer = open_log(parts, cache)
    stores = open_stores(parts, root_keys(parts.configuration.gateway.log, parts.state))
    if sequencer.unseen:
        await ask_witnesses(parts, stores.reader, SystemClock(), sequencer.claim)
    sequencer.start()
    recorder = Recorder(
        log=log, clock=SystemClock(), digest=parts.in_force.digest, metrics=parts.metrics, codes=_codes(parts)
    )
    telling = asyncio.create_task(announce(recorder, parts.in_force, "start"))
    await asyncio.wait((telling,), timeout=_TELL_SECONDS)
    try:
        yield recorder, sequencer, stores
    finally:
        telling.cancel()
        await stores.close()
        await log.close()
        await sequencer.close()


def _codes(parts: Composition) -> frozenset[str]:
    """Agencies, procedures and purposes, which records name."""
    configuration, catalogue = parts.configuration, parts.catalogue
    return frozenset(
        (*configuration.agencies, *configuration.purposes, *catalogue.procedures, *catalogue.aliases)
    )


async def _check_store(parts: Composition) -> None:
    """ConfigError when the database is not as this release needs it; one that is away is met later."""
    url = parts.configuration.gateway.log.url
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await registry.store(url, "check_store")(url, may_own=_may_own(parts))
    except DatabaseUnfit as error:
        raise ConfigError([Problem("log.url", 0, str(error.sentence))]) from None
    except (LogUnavailable, TimeoutError) as error:
        log().warning("log.unavailable", reason=getattr(error, "detail", "TimeoutError"))


def _may_own(parts: Composition) -> bool:
    """In production the gateway's account may not be the owner of the tables."""
    return parts.configuration.gateway.profile != "production"


@asynccontextmanager
async def _opened_quotas(parts: Composition) -> AsyncIterator[DecisionInputs]:
    url = parts.configuration.gateway.cache_url
    quotas: Quotas = registry.store(url, "open_quotas")(url)
    roots = root_keys(parts.configuration.gateway.log, parts.state)
    secret, shown = [await derived(roots, label) for label in (_QUOTAS_LABEL, _PREVIEW_LABEL)]
    try:
        yield DecisionInputs(quotas=quotas, secret=secret, preview_secret=shown)
    finally:
        await quotas.close()


def open_sources(
    parts: Composition, opened_before: Mapping[str, Source] | None = None, own: OwnData | None = None,
    guards: dict[object, Any] | None = None,
) -> dict[str, Source]:  # fmt: skip
    """Every configured source, by its adapter; ConfigError has every fault that one of them found."""
    tools = registry.source_tools(parts.root, SystemClock(), own, guards)
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
            faults.add(with_line(problem, parts) for problem in error.problems)
    faults.finish()
    return opened


def open_prefill(
    parts: Composition,
    sources: Mapping[str, Source],
    recorder: Recorder,
    cache: Cache,
    access: DecisionInputs,
    sealer: Sealer,
) -> Prefill:
    """The use case over what was opened."""
    valid = {
        f"{name}.{operation}": service.valid_seconds
        for name, settings in parts.configuration.sources.items()
        for operation, service in settings.services.items()
    }
    gatherer = Gatherer(sources, valid, recorder.clock, parts.metrics)
    return Prefill(parts.configuration, parts.catalogue, gatherer, recorder, cache, access, sealer)


def open_stores(parts: Composition, roots: RootKeys) -> Stores:
    """All that is kept in the database of the log, beside its writer and its sequencer."""
    url = parts.configuration.gateway.log.url
    stores: Stores = registry.store(url, "open_stores")(url, parts.state, roots)
    return stores


def open_log(parts: Composition, cache: Cache) -> tuple[ExchangeLog, Sequencer]:
    """The exchange log of the configuration, and what numbers its records; each record wakes it.

    `cache` holds its high-water mark beside the state folder: what other hosts have seen.
    """
    settings = parts.configuration.gateway.log
    # Before any key is made: keys that stand belong to a log that stood.
    registry.store(settings.url, "make_log")(settings.url, parts.state)
    roots = root_keys(settings, parts.state)
    keys = signing_keys(settings)
    open_high_water = registry.store(settings.url, "open_high_water")
    high_water = open_high_water(parts.state, settings.origin, keys, cache)
    log = registry.store(settings.url, "open_log")(
        settings.url, parts.state, settings.origin, roots, high_water, may_own=_may_own(parts)
    )
    sequencer: Sequencer = registry.store(settings.url, "open_sequencer")(
        settings.url, parts.state, settings.origin, keys, root_key=roots, high_water=high_water
    )
    log.sequencer = sequencer
    return log, sequencer
