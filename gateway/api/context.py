"""The use cases that handlers share, and the answers of the anchors.

`app.py` composes them; nothing is decided here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.access.requesters import Requesters
from gateway.access.service import AccessService
from gateway.anchors.listing import Listing
from gateway.anchors.rounds import Rounds
from gateway.api.catalogue_cache import CatalogueCache
from gateway.api.opened_door import OpenedDoor
from gateway.api.proxies import Proxies
from gateway.api.unproven import UnprovenRefusals
from gateway.audit.export import Exports
from gateway.audit.growth import CheckpointComparison
from gateway.audit.reports import Reports
from gateway.audit.service import Audit
from gateway.audit.story import Story
from gateway.audit.titles import Titles
from gateway.audit.usage import Usage
from gateway.audit.watch import Watch
from gateway.config.configuration import Configuration
from gateway.consents.service import ConsentBook
from gateway.console.pages import Pages
from gateway.corrections.service import Corrections
from gateway.documents.keys import DocumentKey
from gateway.domain.sentences import Sentence
from gateway.exchange_log.recorder import Recorder
from gateway.files.service import DossierFiles
from gateway.login.broker import Broker
from gateway.login.floods import Floods, PageRate
from gateway.login.handles import ForwardedLogins
from gateway.login.logout import SignOut
from gateway.login.logout_tokens import LogoutTokens
from gateway.login.people_tokens import PeopleTokens
from gateway.login.provider import OpenIdProvider
from gateway.login.redemption import Redemption
from gateway.mapping.load import Catalogue
from gateway.operation.configurations import ConfigurationTexts
from gateway.operation.mutes import Mutes
from gateway.operation.streams import StreamCache, Streams
from gateway.own_data.listing import KeptListing
from gateway.own_data.store import OwnStore
from gateway.papers.fetch import Fetching
from gateway.papers.keep import KeptPapers
from gateway.papers.listing import PaperListing
from gateway.papers.search import Searching
from gateway.papers.stored import StoredPapers
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import LogReader
from gateway.ports.sources import Source
from gateway.prefill.attest import Attest
from gateway.prefill.coverage import Coverage
from gateway.prefill.service import Prefill
from gateway.relay.deliveries import Deliveries
from gateway.relay.guesses import LookupGuesses
from gateway.relay.reconciliations import Reconciliations
from gateway.relay.request_keys import RequestKeys
from gateway.relay.scores import Scores
from gateway.relay.service import DossierRelay
from gateway.subject_requests.service import SubjectRequests
from gateway.telemetry import Metrics
from gateway.trials.service import Trials

#: an answer of a use case, ready for JSON
Answer = Mapping[str, object]


class Anchoring(NamedTuple):
    """The anchors of the log: their states and proofs."""

    rounds: Rounds
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizens:
    """The use cases for citizens, for one configuration."""

    consents: ConsentBook
    own: OwnStore
    #: what is kept, for its owner
    kept: KeptListing
    #: their requests as data subjects
    subject_requests: SubjectRequests
    #: compares finished forms with released values
    attest: Attest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDoor:
    """The auditors' use cases."""

    audit: Audit
    exports: Exports
    reports: Reports
    usage: Usage
    #: exchanges in words
    story: Story
    #: compares checkpoints
    growth: CheckpointComparison
    watch: Watch
    anchors: Anchoring
    titles: Titles
    #: the same, with the titles of another composition
    of: Callable[[Any], "AuditDoor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """The use cases of papers."""

    searching: Searching
    #: those of the store, for the person who signed in
    stored: StoredPapers
    fetching: Fetching
    #: papers that citizens let be kept
    keeping: KeptPapers
    #: all that the gateway holds of one person
    listing: PaperListing


@dataclass(slots=True)
class Loaded:
    """The configuration in force, and why a newer one was refused."""

    digest: str
    #: file and line of each fault of the newer one; empty for none
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayDesk:
    """What operators of the relay use."""

    deliveries: Deliveries
    reconciliations: Reconciliations
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What operators of the gateway use beside the relay."""

    mutes: Mutes
    coverage: Coverage
    #: texts of configurations
    configuration_texts: ConfigurationTexts
    #: digests of configurations in the log
    reader: LogReader
    metrics: Metrics
    #: of the process
    streams: Streams
    #: what streams of this configuration show
    stream_cache: StreamCache
    #: set when another configuration took its place, or the process ends: streams end
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Logins of people at this gateway: the way of their browsers."""

    broker: Broker
    sign_out: SignOut
    floods: Floods
    #: what one session may ask of the pages
    page_rate: PageRate


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """Logins of people for provincial systems."""

    provider: OpenIdProvider
    redemption: Redemption
    people: PeopleTokens
    logout_tokens: LogoutTokens
    #: goes on with a kept authorization request (request, id) to a Response: the person signs in, or is signed in
    resume: Callable[[Any, str], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of the handlers; `app.py` opens and closes them."""

    configuration: Configuration
    catalogue: Catalogue
    prefill: Prefill
    papers: Papers
    trials: Trials
    access: AccessService
    sources: Mapping[str, Source]
    recorder: Recorder
    clock: Clock
    #: verifies forwarded logins
    logins: ForwardedLogins
    #: templates and assets
    pages: Pages
    #: None if no system logs people in here
    openid: "OpenId | None" = None
    #: None if there is no identity provider, or nowhere to keep sessions that all processes see
    sign_in: "SignIn | None" = None
    #: why nobody can sign in; None where `sign_in` is, or no provider
    no_sign_in: Sentence | None = None
    #: None if corrections are off
    corrections: Corrections | None = None
    #: None if no files are kept
    files: DossierFiles | None = None
    #: doors in the protocols of others
    doors: tuple[OpenedDoor, ...] = ()
    #: None if no dossiers are relayed
    relay: DossierRelay | None = None
    #: counts look-ups by the number of an owner
    guesses: LookupGuesses | None = None
    #: what its operators use
    relay_desk: "RelayDesk | None" = None
    #: what operators of the gateway use; None if the log is only written
    operation: Operation | None = None
    #: Idempotency-Keys; None without a store of them
    request_keys: RequestKeys | None = None
    #: signs answers on request
    document_key: DocumentKey | None = None
    #: None if the log is only written
    audit: AuditDoor | None = None
    #: None without anchors
    anchors: Rounds | None = None
    #: result of the last reload; None without reloads
    loaded: "Loaded | None" = None
    #: running requests, per requester
    under_way: dict[str, int] = field(default_factory=dict)
    #: the same for requests that wait for late answers
    waiting: dict[str, int] = field(default_factory=dict)
    #: consents, attests, requests of data subjects; None if none are kept
    citizens: "Citizens | None" = None
    #: cached rows of shared catalogues
    kept_rows: CatalogueCache = field(default_factory=CatalogueCache)
    #: proxies that may forward a certificate
    proxies: Proxies = field(default_factory=Proxies)
    #: bounds records that anybody can cause
    unproven: UnprovenRefusals = field(default_factory=UnprovenRefusals)

    def demand(self) -> None:
        """Raises LogNotSigned or NotAnchored: no new exchange may begin without a provable record."""
        if self.audit is not None:
            self.audit.watch.demand()
        if self.anchors is not None and self.anchors.refusing:
            self.anchors.demand()

    @property
    def requesters(self) -> Requesters:
        """The known requesters."""
        return self.access.requesters
