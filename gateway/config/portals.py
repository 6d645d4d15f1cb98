"""Portals: `config/portals/<portal>.yaml`, systems that dossiers are sent to, and that send dossiers to us.

What an adapter reads (`auth`, `options`, `door.options`) is checked by the adapter.
"""

from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.config.gateway import AS_LIST, Label, Limits, WordList
from gateway.config.values import Secret, Settings
from gateway.domain.dossier import MessageKind


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("is no network", "write an address or a network, as in 10.0.0.0/28") from None
    return text


def _is_origin(text: str) -> str:
    parts = urlsplit(text)
    plain = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in text or plain != text:
        raise ValueError("is no origin", "write scheme, host and port only, as in https://files.example:8443")
    return text


Origin = Annotated[str, AfterValidator(_is_origin)]
Network = Annotated[str, AfterValidator(_network)]


class PortalDoor(Settings):
    """How dossiers of a portal come in: it calls us at these paths, or it offers them and we fetch them."""

    adapter: str = Field(pattern=r"^adapters\.")
    #: the beginning of its paths, without a slash at the end; blank: the adapter's paths as they are
    prefix: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    #: it does not call: its dossiers are fetched, so often
    pull_seconds: int = Field(0, ge=0, le=86_400)
    #: the portal itself, or requesters with tokens of ours, which they fetch at this door
    callers: Literal["portal", "requesters"] = "portal"
    #: the header `X-Portal-Secret` of each call
    secret: Secret | None = None
    #: member of the body that has the secret instead, at its top or in its `data`; blank: the header
    secret_member: str = ""
    #: largest body; files in base64 are a third larger than files
    body_bytes: int = Field(104_857_600, gt=0, le=1_073_741_824)
    #: networks that it calls from; none: any
    allow: Annotated[tuple[Network, ...], AS_LIST] = ()
    #: SHA-256 of its client certificate, hexadecimal; blank: none is wanted
    certificate: str = Field("", pattern=r"^([0-9a-fA-F]{64})?$")
    #: further settings, read and checked by the adapter
    options: dict[str, Any] = {}
    #: portal that read-only operations are passed on to; blank: this one
    asks: str = ""
    #: origins (`https://host[:port]`) from which files are fetched that a message names by their address; none: none
    fetch_from: Annotated[tuple[Origin, ...], AS_LIST] = ()
    #: networks whose addresses may be called for that, although they are not public
    fetch_private: Annotated[tuple[Network, ...], AS_LIST] = ()
    #: the provincial system that pulls what comes; blank: none
    forwards_to: str = ""
    #: portals that get what comes pushed; `requester` of theirs says whose inbox items are acknowledged by it
    pushes_to: WordList = ()
    #: a dossier of a procedure that is not configured: stored and parked, or refused
    unknown_procedure: Literal["park", "refuse"] = "park"


class PortalLimits(Limits):
    """Limits of calls to a portal. One that loses a tenth of its answers still takes the rest.

    It is paused when half of the calls fail.
    """

    total_ms: int = Field(20_000, gt=0, le=3_600_000)
    breaker_share: float = Field(0.5, ge=0, le=1)


class PortalSettings(Settings):
    """`config/portals/<portal>.yaml`: another system's address and its protocol."""

    portal: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    adapter: str = Field(pattern=r"^adapters\.")
    title: Label
    mark: Literal["seen", "memory", "sandbox"]
    #: blank: it is not called, it only calls us
    url: str = ""
    #: form of its protocol, where the adapter has several
    profile: str = ""
    #: read and checked by the adapter
    auth: dict[str, Any] = {}
    #: further settings, read and checked by the adapter
    options: dict[str, Any] = {}
    limits: PortalLimits = PortalLimits()
    #: provincial system whose address it is: a delivered push is acknowledged in its inbox; blank: nobody's
    requester: str = ""
    #: what is queued for it
    takes: Annotated[tuple[MessageKind, ...], BeforeValidator(lambda given: given or ()), AS_LIST] = ()
    #: databases whose owner it belongs to: reports of wrong values in them are queued for it
    sources: WordList = ()
    #: its words: `mappings/portals/<mapping>.yaml`; blank: ours
    mapping: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,39})?$")
    door: PortalDoor | None = None
