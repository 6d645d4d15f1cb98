"""What the handlers share: the use cases behind the door, and who is asking.

Nothing here decides; it only carries what `app.py` composed to where it is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.access.requesters import Requesters
from gateway.access.service import AccessService
from gateway.anchors.listing import Listing
from gateway.anchors.rounds import Rounds
from gateway.api.catalogue_cache import CatalogueCache
from gateway.api.proxies import Proxies
from gateway.audit.export import Exports
from gateway.audit.reports import Reports
from gateway.audit.service import Audit
from gateway.audit.usage import Usage
from gateway.audit.watch import Watch
from gateway.config.configuration import Configuration
from gateway.consents.service import ConsentBook
from gateway.corrections.service import Corrections
from gateway.documents.keys import DocumentKey
from gateway.exchange_log.recorder import Recorder
from gateway.login.id_tokens import Logins
from gateway.mapping.load import Catalogue
from gateway.own_data.store import OwnStore
from gateway.ports.clock import Clock
from gateway.ports.sources import Source
from gateway.prefill.attest import Attest
from gateway.prefill.service import Prefill
from gateway.subject_requests.service import SubjectRequests

#: of the use case, ready for JSON
Answer = Mapping[str, object]


class Anchoring(NamedTuple):
    """The anchors of the log: how they stand, and what they have proven."""

    rounds: Rounds
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizens:
    """What citizens have a say in, by the words of one configuration."""

    consents: ConsentBook
    own: OwnStore
    #: what they demand as data subjects
    demands: SubjectRequests
    #: compares their forms with what was answered
    attest: Attest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDoor:
    """The use cases behind the auditors' door."""

    audit: Audit
    exports: Exports
    reports: Reports
    usage: Usage
    watch: Watch
    anchors: Anchoring
    #: the same door with the words of another composition
    of: Callable[[Any], "AuditDoor"]


@dataclass(slots=True)
class Loaded:
    """The configuration in force, and why a newer one was not taken up."""

    digest: str
    #: file and line of everything to mend in the newer one; empty if there is none
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a handler may use; opened and closed by `app.py`."""

    configuration: Configuration
    catalogue: Catalogue
    prefill: Prefill
    access: AccessService
    sources: Mapping[str, Source]
    recorder: Recorder
    clock: Clock
    #: whose proof of a login counts
    logins: Logins
    #: None if nobody is told of what is wrong
    corrections: Corrections | None = None
    #: signs answers for those who ask for it
    document_key: DocumentKey | None = None
    #: None if the log is only written
    audit: AuditDoor | None = None
    #: None if nobody looks after anchors
    anchors: Rounds | None = None
    #: how the last reload went; None if nothing is reloaded
    loaded: "Loaded | None" = None
    #: requests under way, per requester
    under_way: dict[str, int] = field(default_factory=dict)
    #: the same for those that wait for late answers
    waiting: dict[str, int] = field(default_factory=dict)
    #: consents, attests, requests of data subjects; None if none are kept
    citizens: "Citizens | None" = None
    #: rows of shared catalogues that were fetched lately
    kept_rows: CatalogueCache = field(default_factory=CatalogueCache)
    #: proxies that may hand over a certificate
    proxies: Proxies = field(default_factory=Proxies)

    def demand(self) -> None:
        """LogNotSigned, NotAnchored: no new exchange begins while its record would prove nothing."""
        if self.audit is not None:
            self.audit.watch.demand()
        if self.anchors is not None and self.anchors.refusing:
            self.anchors.demand()

    @property
    def requesters(self) -> Requesters:
        """Who is known here."""
        return self.access.requesters
