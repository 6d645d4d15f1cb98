"""Awaiting what sources and calls tell by callback."""

import asyncio

from adapters.transport.breaker import NOBODY, Behalf
from adapters.transport.call import Auth, Call, HttpPeer, Reading, Wire
from adapters.transport.connection import Answer
from adapters.transport.tokens import HeaderAuth
from gateway.domain.evidence import SourceAnswer, SourceQuery
from gateway.ports.sources import Source


async def landed_from(source: Source, query: SourceQuery, end: float) -> SourceAnswer:
    """The answer of a source. It lands once: a second answer is an InvalidStateError."""
    waiting: asyncio.Future[SourceAnswer] = asyncio.get_running_loop().create_future()

    def landed(answer: SourceAnswer) -> None:
        if not waiting.cancelled():
            waiting.set_result(answer)

    source.ask(query, end, landed)
    return await waiting


class Plain:
    """Sends what it is asked, and reads nothing of the answer."""

    def write(self, asked: Wire) -> Wire:
        return asked

    def read(self, asked: Wire, answer: Answer) -> Reading[Answer]:  # noqa: ARG002
        return Reading(answer, accepted=False)

    def behalf(self, asked: Wire) -> Behalf:  # noqa: ARG002
        return NOBODY


async def called(
    peer: HttpPeer, wire: Wire, end: float, auth: Auth | None = None, speech: Plain | None = None
) -> Answer:
    """The answer to one request; ProviderError when there is none."""
    waiting: asyncio.Future[Call[Wire, Answer]] = asyncio.get_running_loop().create_future()

    def done(call: Call[Wire, Answer]) -> None:
        if not waiting.cancelled():
            waiting.set_result(call)

    Call(peer, auth or HeaderAuth(), speech or Plain(), wire, end, done).begin()
    call = await waiting
    if call.fault is not None:
        raise call.fault
    return call.reading.value
