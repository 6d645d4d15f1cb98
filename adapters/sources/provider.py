"""A source with a provider behind it, whatever that speaks: what is said on the wire is a value that it holds.

Promises: `ask` always answers, by the deadline; a defect of ours is an outcome too, and spoils no other source.
"""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from adapters.transport.breaker import Behalf
from adapters.transport.faults import ProviderError, refused_here
from adapters.transport.health import Health
from adapters.transport.http import HttpPeer, Wire
from adapters.transport.signers import Auth
from gateway.domain.evidence import Outcome, Reason, SourceAnswer, SourceQuery, failed
from gateway.domain.identifiers import procedure_code
from gateway.ports import Clock
from gateway.telemetry import log

if TYPE_CHECKING:
    from gateway.config import ServiceSettings

#: answers above this size are read in a thread, one at a time
LARGE_BYTES = 65_536


class Speech(Protocol):
    """What is said on the wire to one provider."""

    def write(self, query: SourceQuery) -> Wire:
        """The request for one query; ProviderError when it cannot or may not be written."""

    async def call(self, wire: Wire, query: SourceQuery, deadline: float) -> tuple[SourceAnswer, bytes]:
        """The answer and the bytes it was read from; ProviderError when there is none."""


class Provider:
    """Implements gateway.ports.Source."""

    def __init__(self, name: str, peer: HttpPeer, auth: Auth, clock: Clock, speech: Speech) -> None:
        """`name` is the source's; nothing is connected yet. `speech` calls through `peer` and `auth`."""
        self._name = name
        self._peer = peer
        self._auth = auth
        self._speech = speech
        self._health = Health(clock, peer.guard)

    async def ask(self, query: SourceQuery, deadline: float) -> SourceAnswer:
        """The provider's answer, or the outcome that says why there is none."""
        sent = b""
        try:
            wire = self._speech.write(query)._replace(behalf=_behalf(query))
            sent = wire.digest
            read, received = await self._speech.call(wire, query, deadline)
            answer = read._replace(request_digest=sent, response_digest=hashlib.sha256(received).digest())
        except ProviderError as fault:
            digest = sent if fault.sent else b""
            answer = SourceAnswer(
                fault.outcome, reason=fault.reason, retry_in=fault.retry_in, request_digest=digest
            )
        except Exception as error:  # noqa: BLE001 -- a defect here must not spoil the other sources' answers
            log().error(
                "source.defect", source=self._name, service=query.service, reason=type(error).__name__
            )
            answer = failed(Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
        self._health.note(answer.outcome)
        return answer

    def state(self) -> Health:
        """How the source is doing."""
        return self._health

    async def close(self) -> None:
        """Close connections and stop token fetches."""
        await self._auth.close()
        await self._peer.close()


def parameters_of(service: "ServiceSettings", query: SourceQuery) -> Mapping[str, str]:
    """What the settings send with each request; ProviderError(NOT_AGREED) without a code for its procedure."""
    if not service.procedure_codes:
        return service.parameters
    codes = service.procedure_codes
    code = codes.get(procedure_code(query.procedure)) or codes.get("*")
    if not code:
        raise refused_here(Reason.NOT_AGREED)
    return {**service.parameters, "procedure_code": code}


def _behalf(query: SourceQuery) -> Behalf:
    person = hash(query.subject.key)
    return Behalf(query.requester, person, hash((query.service, person, query.official.personal_id)))
