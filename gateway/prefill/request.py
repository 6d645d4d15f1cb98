"""What a portal asks: one procedure, its subjects, one official, one purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.login import Login
from gateway.domain.parties import Official, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """Who acts for a subject of the request, as the portal says."""

    #: parent, guardian, legal_representative, authorised
    kind: str
    #: role of who is represented; None: of who signs in
    of: str | None = None
    #: None: the subject of the role that signs in
    subject: Subject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillRequest:
    """A request after its grammar was checked; whether it fits the procedure is the service's to say."""

    procedure: str
    #: role (`role#2` for the second of many) -> subject, or the role whose subject it is (`same_as`)
    subjects: Mapping[str, Subject | str]
    #: None: the agency's duty official stands in
    official: Official | None = None
    #: of the official, else of the requester
    agency: str = ""
    dossier: str | None = None
    #: None: the procedure's own
    purpose: str | None = None
    #: id of the consent that the request rests on
    consent: str | None = None
    #: code of the document that lets the applicant act for somebody else
    mandate: str | None = None
    #: None: the applicant acts for themselves, or the request does not say what they are to the others
    representative: Representative | None = None
    account: Mapping[str, object] = field(default_factory=dict)
    #: proof of who signed in; None: there is none
    login: Login | None = None
    #: form keys to fill; None: all
    fields: tuple[str, ...] | None = None
    #: form keys that the citizen filled already; never overwritten
    known: Mapping[str, object] = field(default_factory=dict)
    #: form keys that the portal fills and locks itself, with its values; they get a check and no second value
    held: Mapping[str, object] = field(default_factory=dict)
    #: the answer is to be signed as a whole (SD-JWT)
    signed: bool = False
    #: shown to the citizen first, who may refuse it
    preview: bool = False
    #: our address, as the caller knows it: signs what is signed
    issuer: str = ""
    #: what records keep of the requester's signature under the message; blank: it did not sign
    proof: Mapping[str, str] = field(default_factory=dict)
