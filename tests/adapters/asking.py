"""Awaiting what sources and calls tell by callback."""

import asyncio

from adapters.transport.breaker import NOBODY, Behalf
from adapters.transport.call import AnswerReading, Auth, HttpPeer, ProviderCall, Wire
from adapters.transport.connection import HttpAnswer
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

    def read(self, asked: Wire, answer: HttpAnswer) -> AnswerReading[HttpAnswer]:  # noqa: ARG002
        return AnswerReading(answer, accepted=False)

    def behalf(self, asked: Wire) -> Behalf:  # noqa: ARG002
        return NOBODY


async def called(
    peer: HttpPeer, wire: Wire, end: float, auth: Auth | None = None, speech: Plain | None = None
) -> HttpAnswer:
    """The answer to one request; ProviderError when there is none."""
    waiting: asyncio.Future[ProviderCall[Wire, HttpAnswer]] = asyncio.get_running_loop().create_future()

    def done(call: ProviderCall[Wire, HttpAnswer]) -> None:
        if not waiting.cancelled():
            waiting.set_result(call)

    ProviderCall(peer, auth or HeaderAuth(), speech or Plain(), wire, end, done).begin()
    call = await waiting
    if call.fault is not None:
        raise call.fault
    return call.reading.value
