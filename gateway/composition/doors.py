"""Opens the wire-compatible doors, and what fetches dossiers instead. Part of the composition root."""

from collections.abc import Callable
from functools import partial

from gateway import registry
from gateway.access.requesters import Requesters
from gateway.api.opened_door import OpenedDoor
from gateway.composition.composition import Composition, with_line
from gateway.config.portals import PortalSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults
from gateway.domain.identifiers import ExchangeId, RequesterId, new_exchange_id
from gateway.domain.parties import Caller, Requester
from gateway.files.service import DossierFiles
from gateway.mapping.messages import PortalPlans
from gateway.ports.files import FileUids
from gateway.ports.relay import Desk, DoorVisitor
from gateway.relay.desk import ForwardingDesk, MessageFiles, RequesterDesk
from gateway.relay.fetching import FileFetcher
from gateway.relay.guesses import LookupGuesses
from gateway.relay.messages import FILES
from gateway.relay.pulling import PulledPortal
from gateway.relay.service import DossierRelay

#: the desk of one call at the door of a portal
DeskOf = Callable[[PortalSettings, DoorVisitor], Desk]


class Desks:
    """Desks for who was let in, under one configuration."""

    def __init__(
        self, relay: DossierRelay, files: DossierFiles, requesters: Requesters, uids: FileUids,
        guesses: LookupGuesses,
    ) -> None:  # fmt: skip
        """`requesters`: the provincial systems; `uids`: of files that portals were sent."""
        self._uids = uids
        self._relay = relay
        self._guesses = guesses
        self._files = files
        self._requesters = requesters

    def of(self, portal: PortalSettings, visitor: DoorVisitor) -> Desk:
        """The desk of one call."""
        assert portal.door is not None
        holder = self._caller(visitor.requester or portal.door.forwards_to, portal.portal, visitor.exchange)
        files = MessageFiles(files=self._files, caller=holder)
        if not visitor.requester:
            return ForwardingDesk(
                relay=self._relay, portal=portal, exchange=ExchangeId(visitor.exchange), files=files,
                uids=self._uids, guesses=self._guesses,
            )  # fmt: skip
        behind = self._relay.outbox.portals.get(portal.door.asks or portal.portal)
        return RequesterDesk(
            relay=self._relay, caller=holder, files=files, guesses=self._guesses, behind=behind
        )

    def _caller(self, name: str, portal: str, exchange: str) -> Caller:
        """The provincial system; the portal itself where nothing is forwarded."""
        known = self._requesters.named(name) if name else None
        if known is None:
            nobody = Requester(id=RequesterId(portal), name=portal, scopes=frozenset())
            return Caller(requester=nobody, agency="", exchange=ExchangeId(exchange))
        return Caller(requester=known.requester, agency=known.agency, exchange=ExchangeId(exchange))


def open_doors(parts: Composition, desk_of: DeskOf) -> tuple[OpenedDoor, ...]:
    """The doors through which others call. ConfigError has the faults of all of them."""
    faults, opened = Faults(), []
    for name, settings in parts.configuration.portals.items():
        unknown = settings.mapping and settings.mapping not in parts.catalogue.portals
        if (
            settings.door is None or settings.door.pull_seconds or unknown
        ):  # `check-config` reports the mapping
            continue
        try:
            door = registry.open_door(settings, plans_of(parts, settings), None)
        except ConfigError as error:
            faults.add(with_line(problem, parts) for problem in error.problems)
            continue
        opened.append(
            OpenedDoor(portal=name, settings=settings.door, door=door, desk=partial(desk_of, settings))
        )
    faults.finish()
    return tuple(opened)


def open_pullers(parts: Composition, desks: Desks, tools: object) -> list[PulledPortal]:
    """What fetches dossiers of portals that offer them. Raises ConfigError."""
    opened = []
    for name, settings in parts.configuration.portals.items():
        if settings.door is not None and settings.door.pull_seconds:
            puller = registry.open_puller(settings, plans_of(parts, settings), tools)
            opened.append(PulledPortal(
                name=name, puller=puller, desk=_of_a_round(desks, settings), seconds=settings.door.pull_seconds
            ))  # fmt: skip
    return opened


def _of_a_round(desks: Desks, settings: PortalSettings) -> Callable[[], Desk]:
    return lambda: desks.of(settings, DoorVisitor(settings.portal, "", "", str(new_exchange_id())))


def open_fetchers(parts: Composition, desks: Desks, relay: DossierRelay) -> dict[str, FileFetcher]:
    """Receivers of the outbox that fetch files for the dossiers of portals. Raises ConfigError."""
    opened = {}
    for name, settings in parts.configuration.portals.items():
        if settings.door is not None and settings.door.fetch_from:
            most = parts.configuration.gateway.files.most_bytes
            remote = registry.open_remote_files(settings.door.fetch_from, settings.door.fetch_private, most)
            opened[FILES + name] = FileFetcher(relay, settings, remote, _of_a_round(desks, settings))
    return opened


def plans_of(parts: Composition, settings: PortalSettings) -> PortalPlans:
    """The messages of a portal that has a door. Raises ConfigError."""
    plans = parts.catalogue.portals.get(settings.mapping)
    if plans is None:
        what = "a door needs 'mapping': the messages that it reads"
        remedy = "name a file of mappings/portals, without .yaml"
        raise ConfigError(
            [Problem(f"config/portals/{settings.portal}.yaml", 0, what, remedy, place=("mapping",))]
        )
    return plans
