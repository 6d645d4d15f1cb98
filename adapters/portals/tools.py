"""The shared tools of all portals, without knowledge of one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from adapters.transport.tools import Tools
from gateway.ports.cache import Cache
from gateway.ports.files import Files

#: method, address, headers, body -> the headers that prove the request (RFC 9421, RFC 9530)
Sign = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Mapping[str, str]]]


class LinkFor(NamedTuple):
    """Who fetches a file, and why: the record of the download names both."""

    #: portal
    receiver: str
    #: code of the dossier
    dossier: str
    #: where the dossier was filed first
    origin: str = ""


#: reference (`sha256:…`) and name of a file -> the address, or the uid, by which a receiver fetches it; GatewayError
Link = Callable[[str, str, LinkFor], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalTools:
    """Tools of every call; the shared cache, with the secret that seals what is kept there; signing; links to files.

    `secret`: 32 bytes, the same in all processes. `link`, `uid` and `files` None: there are no files.
    """

    calls: Tools
    cache: Cache
    secret: bytes
    sign: Sign
    link: Link | None = None
    uid: Link | None = None
    files: Files | None = None
