"""The request of a portal: one procedure, its subjects, one official, one purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.login import Login
from gateway.domain.parties import Official, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """Who acts for a subject of the request, as the portal states it."""

    #: parent, guardian, legal_representative, authorised
    kind: str
    #: the represented role; None: the role that signs in
    of: str | None = None
    #: None: the subject of the role that signs in
    subject: Subject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillRequest:
    """A request with checked grammar; the service checks whether it fits the procedure."""

    procedure: str
    #: role (`role#2` for the second of many) -> subject, or the role with the same subject (`same_as`)
    subjects: Mapping[str, Subject | str]
    #: None: the agency's duty official is used
    official: Official | None = None
    #: of the official, else of the requester
    agency: str = ""
    dossier: str | None = None
    #: None: the procedure's own
    purpose: str | None = None
    #: id of the consent that the request uses
    consent: str | None = None
    #: code of the document that lets the applicant act for another person
    mandate: str | None = None
    #: None: the applicant acts for themselves, or the request states no representation
    representative: Representative | None = None
    account: Mapping[str, object] = field(default_factory=dict)
    #: proof of who signed in; None: no proof
    login: Login | None = None
    #: form keys to fill; None: all
    fields: tuple[str, ...] | None = None
    #: form keys that the citizen filled already; never overwritten
    known: Mapping[str, object] = field(default_factory=dict)
    #: form keys that the portal fills and locks itself, with its values; they get a check and no second value
    held: Mapping[str, object] = field(default_factory=dict)
    #: the whole answer is signed (SD-JWT)
    signed: bool = False
    #: shown to the citizen first, who may refuse it
    preview: bool = False
    #: address of this gateway, as the caller knows it: the issuer of signed answers
    issuer: str = ""
    #: fields of records about the requester's message signature; empty: unsigned
    proof: Mapping[str, str] = field(default_factory=dict)
