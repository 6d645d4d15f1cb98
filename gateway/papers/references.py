"""References to found papers: sealed, opaque handles with a limited life (AES-256-GCM).

A reference opens only for the requester that searched, for the dossier of the search, and until its end. The path at
the paper store is inside: a caller can never name one.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain import sentences as say
from gateway.domain.errors import NotFound
from gateway.domain.identifiers import RequesterId
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.aead import seal, unseal
from gateway.ports.clock import Clock

_CONTEXT = b"paper|"


class PaperHandle(NamedTuple):
    """One file of one paper, as a search found it; personal data."""

    #: exchange of the search
    search: str
    #: role of the owner, and `Subject.key`
    role: str
    owner: str
    #: data service that found it; blank: a kept paper
    service: str
    #: id of a kept paper; blank: a paper of the store
    kept: str
    authority: str
    path: str
    file_name: str
    result_code: str
    title: str
    #: components that it may replace
    components: Sequence[str]
    procedure: str
    dossier: str
    purpose: str
    legal_basis: str
    agency: str
    official: str
    on_duty: bool
    #: consents on which the search depended
    consents: Sequence[str]
    #: `Subject.key` under which a kept paper lies: an older number of the owner
    kept_under: str = ""


class References:
    """Seals and opens references."""

    def __init__(self, secret: bytes, seconds: int, clock: Clock) -> None:
        """`secret`, shared by all processes, seals them; `seconds`: their life."""
        self._key = AESGCM(blake2b(secret, digest_size=32, person=b"motlan-papers").digest())
        self._seconds = seconds
        self._clock = clock

    @property
    def until(self) -> datetime:
        """The end of a reference that is sealed now."""
        return self._clock.now() + timedelta(seconds=self._seconds)

    def sealed(self, handle: PaperHandle, requester: RequesterId) -> str:
        """The reference; URL-safe."""
        plain = orjson.dumps([self.until.timestamp(), *handle])
        return base64.urlsafe_b64encode(seal(self._key, plain, _CONTEXT + requester.encode())).decode()

    def opened(self, reference: str, requester: RequesterId, dossier: str) -> PaperHandle:
        """What it refers to. Raises NotFound, in one way, when it may not be used here and now."""
        try:
            sealed = base64.b64decode(reference, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _unknown() from None
        plain = unseal(self._key, sealed, _CONTEXT + requester.encode())
        if plain is None:
            raise _unknown()
        until, *members = _list(plain)
        handle = PaperHandle(*members)
        if until <= self._clock.now().timestamp() or handle.dossier != dossier:
            raise _unknown()
        return handle


def _list(plain: bytes) -> list[Any]:
    found: list[Any] = orjson.loads(plain)
    return found


def _unknown() -> NotFound:
    return NotFound(say.NO_SUCH_PAPER, code=ProblemCode.PAPER_UNKNOWN)
