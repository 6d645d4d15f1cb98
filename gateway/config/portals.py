"""Portals: `config/portals/<portal>.yaml`, systems that dossiers are sent to, and that send dossiers to us.

What an adapter reads (`auth`, `options`, `door.options`) is checked by the adapter.
"""

from ipaddress import ip_network
from typing import Annotated, Any, Literal

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


Network = Annotated[str, AfterValidator(_network)]


class PortalDoor(Settings):
    """How a portal calls us: at which paths, and what proves that it is the portal."""

    adapter: str = Field(pattern=r"^adapters\.")
    #: the beginning of its paths, without a slash at the end
    prefix: str = Field(pattern=r"^(/[A-Za-z0-9._~-]+)+$")
    #: the header `X-Portal-Secret` of each call, or what `options` of the door says instead
    secret: Secret | None = None
    #: networks that it calls from; none: any
    allow: Annotated[tuple[Network, ...], AS_LIST] = ()
    #: SHA-256 of its client certificate, hexadecimal; blank: none is wanted
    certificate: str = Field("", pattern=r"^([0-9a-fA-F]{64})?$")
    #: further settings, read and checked by the adapter
    options: dict[str, Any] = {}
    #: the provincial system that pulls what comes; blank: none
    forwards_to: str = ""
    #: portals that get what comes pushed
    pushes_to: WordList = ()
    #: a dossier of a procedure that is not configured: stored and parked, or refused
    unknown_procedure: Literal["park", "refuse"] = "park"


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
    limits: Limits = Limits(total_ms=20_000)
    #: what is queued for it
    takes: Annotated[tuple[MessageKind, ...], BeforeValidator(lambda given: given or ()), AS_LIST] = ()
    #: databases whose owner it belongs to: reports of wrong values in them are queued for it
    sources: WordList = ()
    #: its words: `mappings/portals/<mapping>.yaml`; blank: ours
    mapping: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,39})?$")
    door: PortalDoor | None = None
