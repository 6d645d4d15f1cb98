"""Opens the relay: portals, outbox, use case. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

from gateway import registry
from gateway.composition.composition import Composition
from gateway.composition.files import sweeping_files
from gateway.composition.portals import open_portals
from gateway.composition.reconcile import status_rules
from gateway.consents.sealing import PersonKeys
from gateway.documents.keys import DocumentKey
from gateway.domain.errors import RelayUnavailable
from gateway.exchange_log.recorder import Recorder
from gateway.files.service import DossierFiles
from gateway.messages.message import Message
from gateway.messages.sign import request_fields
from gateway.ports.cache import Cache
from gateway.ports.files import FileAtPortal
from gateway.ports.relay import Portal
from gateway.ports.stores import Stores
from gateway.relay.contents import Contents, dossier_in_records
from gateway.relay.early import EarlySteps
from gateway.relay.inbox import DossierInbox
from gateway.relay.lookups import DossierLookups
from gateway.relay.messages import EARLY, DossierMessages
from gateway.relay.outbox import Outbox, OutboxLimits
from gateway.relay.request_keys import RequestKeys
from gateway.relay.service import DossierRelay
from gateway.telemetry import log

#: separates digests of requests and steps, and what the cache keeps, from all other uses of the root key
RELAY_LABEL = b"motlan relay v1"
_SWEEP_SECONDS = 3_600.0
_DAY = 86_400.0


@dataclass(slots=True)
class PublicAddress:
    """Where receivers find this gateway's files: the `issuer` of gateway.yaml, else where it listens."""

    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayParts:
    """What the relay uses of the process."""

    stores: Stores
    person_keys: PersonKeys
    recorder: Recorder
    cache: Cache
    secret: bytes
    files: DossierFiles
    address: PublicAddress
    key: DocumentKey


@contextlib.asynccontextmanager
async def relaying(parts: Composition, of: RelayParts) -> AsyncIterator[DossierRelay]:
    """The relay of one configuration, with the task that erases; `outbox.start()` begins to deliver."""
    contents = Contents(of.person_keys, of.recorder)
    settings, rows, clock = parts.configuration.gateway.relay, of.stores.relay, of.recorder.clock
    limits = OutboxLimits(lease=settings.lease_seconds, give_up=settings.give_up_hours * 3_600.0)
    keys = RequestKeys(rows=rows, clock=clock, secret=of.secret)
    async with contextlib.AsyncExitStack() as opened:
        portals = await _portals(parts, of, opened)
        # the other half of a portal's connections is for what people wait for
        at_once = {
            name: max(1, one.limits.connections // 2) for name, one in parts.configuration.portals.items()
        }
        outbox = Outbox(
            rows=rows,
            portals=portals,
            contents=contents,
            recorder=of.recorder,
            limits=limits,
            at_once=at_once,
            pushed={
                name: one.requester for name, one in parts.configuration.portals.items() if one.requester
            },
        )
        opened.push_async_callback(outbox.close)
        rules = status_rules(settings.statuses)
        relay = DossierRelay(
            configuration=parts.configuration, catalogue=parts.catalogue, rows=rows, contents=contents,
            recorder=of.recorder, outbox=outbox,
            messages=DossierMessages(
                configuration=parts.configuration, portals=portals, contents=contents, rules=rules
            ),
            lookups=DossierLookups(rows=rows, contents=contents, recorder=of.recorder, rules=rules),
            inbox=DossierInbox(rows=rows, contents=contents, recorder=of.recorder),
            keys=keys, secret=of.secret, rules=rules,
        )  # fmt: skip
        await opened.enter_async_context(
            sweeping_files(of.files, rows.referred, of.stores.kept_papers.referred)
        )
        portals[EARLY] = EarlySteps(relay)
        sweeping = asyncio.create_task(_sweep(relay), name="relay-sweep")
        try:
            yield relay
        finally:
            sweeping.cancel()
            await asyncio.wait((sweeping,))


async def _portals(
    parts: Composition, of: RelayParts, opened: contextlib.AsyncExitStack
) -> dict[str, Portal]:
    """Every portal that something can be queued for, or that is asked. Raises ConfigError."""
    portals = open_portals(parts, portal_tools(parts, of))
    for portal in portals.values():
        opened.push_async_callback(portal.close)
    return portals


def _signing(of: RelayParts) -> object:
    """Signs requests to provincial systems with the document key (RFC 9421)."""

    async def sign(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        parts = urlsplit(address)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        fields = {name.lower(): [value] for name, value in headers.items()}
        message = Message(fields, method, f"{parts.scheme}://{parts.netloc}", target)
        created = int(of.recorder.clock.now().timestamp())
        return await request_fields(message, body, created, of.key.kid, of.key.algorithm, of.key.sign)

    return sign


def _linking(parts: Composition, of: RelayParts) -> object:
    """Makes links to files, for a receiver that downloads them later."""
    seconds = parts.configuration.gateway.files.link_hours * 3_600

    async def link(file: str, name: str, whom: tuple[str, str, str]) -> str:
        receiver, dossier, _ = whom
        token, _ = await of.files.sealed_link(
            file.removeprefix("sha256:"),
            name,
            seconds,
            requester=receiver,
            dossier=dossier_in_records(dossier),
        )
        return f"{of.address.url}/files/{token}"

    return link


def _naming(of: RelayParts) -> object:
    """Gives files uids, by which a portal downloads them at its door."""

    async def uid(file: str, _name: str, whom: tuple[str, str, str]) -> str:
        receiver, dossier, origin = whom
        named = FileAtPortal(str(uuid4()), receiver, origin, dossier, file.removeprefix("sha256:"))
        return await of.stores.file_uids.named(named, of.recorder.clock.now().timestamp())

    return uid


def portal_tools(parts: Composition, of: RelayParts) -> object:
    """What all portals of a process share besides their settings."""
    clock = of.recorder.clock
    return registry.portal_tools(
        parts.root,
        clock,
        of.cache,
        of.secret,
        sign=_signing(of),
        link=_linking(parts, of),
        uid=_naming(of),
        files=of.files.files,
    )


async def _sweep(relay: DossierRelay) -> None:
    """Erase what is delivered for long enough, and forget old keys."""
    settings = relay.configuration.gateway.relay
    while True:
        now = relay.recorder.clock.now().timestamp()
        with contextlib.suppress(RelayUnavailable):
            erased = await relay.rows.erase(now - settings.erase_days * _DAY, now)
            await relay.rows.forget_keys(now - settings.key_days * _DAY)
            if erased:
                log().info("relay.erased", rows=erased)
        await asyncio.sleep(_SWEEP_SECONDS)
