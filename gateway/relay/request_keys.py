"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): requests with the same key are done once.

A key belongs to its requester and is remembered for days: keyed digests of it and of its request, and its sealed
answer. A key may be made of a person's number, so it is stored nowhere.
The same key with another request is refused; a twin that is under way, in any process, is asked to come again. A
request that failed may be sent again under its key; one whose process died, when it must have ended.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import blake2s

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain import sentences as say
from gateway.domain.errors import Conflict, GatewayError, Unprocessable
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.aead import seal, unseal
from gateway.ports.clock import Clock
from gateway.ports.relay import KeyRow, RelayRows

_DIGEST_BYTES = 16
#: a request without an answer for so long has ended with its process: none takes so long, and clocks of hosts differ
_ENDED_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKeys:
    """The keys of all requesters."""

    rows: RelayRows
    clock: Clock
    secret: bytes = field(repr=False)
    _under_way: set[tuple[str, str]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def held(self, requester: str, key: str, asked: bytes) -> AsyncIterator[KeyRow | None]:
        """The key while its request is under way; `status` 0: it has no answer yet. None without a key.

        `asked`: the bytes of the request. Raises Conflict while a twin is under way, Unprocessable when another request
        used the key, RelayUnavailable.
        """
        if not key:
            yield None
            return
        place = requester, self._digest(f"{requester}\0{key}".encode(), b"name").hex()
        if place in self._under_way:
            raise Conflict(say.TWIN_UNDER_WAY, code=ProblemCode.REQUEST_UNDER_WAY, retry_after=1)
        self._under_way.add(place)
        try:
            digest = self._digest(asked, b"key")
            known = await self.rows.key(*place)
            if known is not None and known.digest != digest:
                raise Unprocessable(say.KEY_REUSED, code=ProblemCode.IDEMPOTENCY_KEY_REUSED)
            yield known or KeyRow(*place, digest, b"", 0, self.clock.now().timestamp())
        finally:
            self._under_way.discard(place)

    async def begin(self, row: KeyRow) -> KeyRow:
        """The key, stored before its request is done; or with its answer, when another process has done it meanwhile.

        Raises Conflict while another process does it, RelayUnavailable.
        """
        now = self.clock.now().timestamp()
        mine = row._replace(at=now)
        if await self.rows.reserve(mine, now - _ENDED_SECONDS):
            return mine
        known = await self.rows.key(row.requester, row.key)
        if known is not None and known.digest != row.digest:
            raise Unprocessable(say.KEY_REUSED, code=ProblemCode.IDEMPOTENCY_KEY_REUSED)
        if known is None or not known.status:
            raise Conflict(say.TWIN_UNDER_WAY, code=ProblemCode.REQUEST_UNDER_WAY, retry_after=1)
        return known

    async def give_up(self, row: KeyRow) -> None:
        """Its request failed, and may be sent again at once."""
        with contextlib.suppress(GatewayError):
            await self.rows.abandon(row)

    def answered(self, row: KeyRow, status: int, body: bytes) -> KeyRow:
        """The key with its answer, sealed."""
        return row._replace(status=status, answer=seal(self._cipher(), body, _context(row)))

    def answer(self, row: KeyRow) -> bytes:
        """The answer under a key; empty when it was altered."""
        return unseal(self._cipher(), row.answer, _context(row)) or b""

    def _digest(self, text: bytes, person: bytes) -> bytes:
        return blake2s(text, key=self.secret, digest_size=_DIGEST_BYTES, person=person).digest()

    def _cipher(self) -> AESGCM:
        return AESGCM(blake2s(self.secret, digest_size=32, person=b"answers").digest())


def _context(row: KeyRow) -> bytes:
    return f"{row.requester}\0{row.key}".encode()
