"""A source with a provider behind it, whatever that speaks: what is said on the wire is a value that it holds.

Promises: `ask` always answers, by its end; a defect of ours is an outcome too, and spoils no other source.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from adapters.transport.answers import checked
from adapters.transport.breaker import Behalf
from adapters.transport.call import AnswerReading, Auth, HttpPeer, ProviderCall, Speech, Wire
from adapters.transport.connection import HttpAnswer
from adapters.transport.faults import ProviderError, refused_here
from adapters.transport.health import Health
from gateway.domain.evidence import Outcome, SourceAnswer, SourceQuery
from gateway.domain.fault_codes import FaultCode
from gateway.domain.identifiers import procedure_code
from gateway.domain.reasons import Reason
from gateway.ports.clock import Clock
from gateway.ports.sources import GivenAnswer

if TYPE_CHECKING:
    from gateway.config.configuration import ServiceSettings


#: letters of a national code (`1.004873`); what is longer has a suffix
_NATIONAL = 8


class SourceSpeech(Speech[SourceQuery, SourceAnswer], Protocol):
    """What is said to a provider of evidence."""

    def given(self, query: SourceQuery, given: GivenAnswer) -> tuple[Wire, HttpAnswer] | None:
        """The bytes of an example's answer, and a request that reads it; see gateway.ports.sources.AnswerReader."""


class ProviderSource:
    """Implements gateway.ports.sources.Source."""

    def __init__(self, peer: HttpPeer, auth: Auth, clock: Clock, speech: SourceSpeech) -> None:
        """Nothing is connected yet."""
        self._peer = peer
        self._auth = auth
        self._speech = speech
        self._health = Health(clock, peer.guard)

    def ask(self, query: SourceQuery, end: float, landed: Callable[[SourceAnswer], None]) -> None:
        """The provider's answer, or the outcome that says why there is none."""
        ProviderCall(self._peer, self._auth, self._speech, query, end, partial(self._answer, landed)).begin()

    def _answer(
        self, landed: Callable[[SourceAnswer], None], call: ProviderCall[SourceQuery, SourceAnswer]
    ) -> None:
        fault = call.fault
        if call.asked.trace is not None:
            call.add_to(call.asked.trace)
        if fault is None:
            read, received = call.reading.value, hashlib.sha256(call.answer.body).digest()
            answer = SourceAnswer(
                read.outcome, read.values, read.doubts, read.reason, read.retry_in, read.source_updated_at,
                call.digest, received, read.alarm, read.unvouched, read.declared, read.faults, read.found_id,
                read.is_blank, read.is_unsure, read.confirms,
            )  # fmt: skip
        else:
            answer = fault_answer(fault, call.digest if call.sent else b"")
        self._health.note(answer)
        landed(answer)

    def read_given(self, query: SourceQuery, given: GivenAnswer) -> SourceAnswer | None:
        """See gateway.ports.sources.AnswerReader."""
        came = self._speech.given(query, given)
        if came is None:
            return None
        peer, (wire, answer) = self._peer, came
        try:
            answer = checked(
                answer, wire.accepts, peer.answer_bytes, peer.tools.clock, peer.meanings,
                reads_absence=wire.reads_absence,
            )  # fmt: skip
            return self._speech.read(query, answer).value
        except ProviderError as error:
            return fault_answer(error)

    def state(self) -> Health:
        """How the source is doing."""
        return self._health

    async def close(self) -> None:
        """End the calls under way, close connections."""
        await self._auth.close()
        await self._peer.close()


def fault_answer(error: ProviderError, sent: bytes = b"") -> SourceAnswer:
    """A call without an answer; `sent`: digest of its request."""
    reported = () if error.fault is None else (error.fault,)
    return SourceAnswer(
        error.outcome, reason=error.reason, retry_in=error.retry_in, request_digest=sent, faults=reported
    )


def fault_reading(error: ProviderError) -> AnswerReading[SourceAnswer]:
    """A fault that a whole answer states. One that says no is sound; one about the provider, or unknown, is trouble."""
    known = error.fault is not None and error.fault.code is FaultCode.FAULT and error.fault.provider_code
    is_trouble = error.outcome is Outcome.UNAVAILABLE or (not known and error.outcome is Outcome.INVALID)
    return AnswerReading(fault_answer(error), at_fault=is_trouble, accepted=False)


def behalf_of(query: SourceQuery) -> Behalf:
    """Person, question and requester of a query, for the breaker."""
    person = hash(query.subject.key)
    question = hash((query.service, person, query.official.personal_id))
    return Behalf(query.requester, person, question, query.service)


def parameters_of(service: "ServiceSettings", query: SourceQuery) -> Mapping[str, str]:
    """What the settings send with each request; ProviderError(NOT_AGREED) without a code for its procedure."""
    if not service.procedure_codes:
        return service.parameters
    codes = service.procedure_codes
    code = codes.get(query.procedure)
    if code is None and len(query.procedure) > _NATIONAL:
        code = codes.get(procedure_code(query.procedure))
    code = code or codes.get("*")
    if not code:
        raise refused_here(FaultCode.NO_PROCEDURE_CODE, Reason.NOT_AGREED)
    return {**service.parameters, "procedure_code": code}
