"""Faults of the connection: waiting, dripping, breaking off.

Promises: nothing here outlives the server: every wait ends when the sandbox closes or the caller leaves.
"""

import asyncio
import socket
import struct

from aiohttp import web

from adapters.sandbox.misbehave import Misbehaviour, Mode
from adapters.sandbox.wire import Reply

SLOW_SECONDS = 10.0
DRIP_SECONDS = 0.5
_POLL_SECONDS = 0.1


async def pause(request: web.Request, closing: asyncio.Event, seconds: float | None) -> None:
    """Wait `seconds` (None: for ever), but not after the caller left or the sandbox closes."""
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    while not closing.is_set() and request.transport is not None and not request.transport.is_closing():
        left = _POLL_SECONDS if until is None else min(_POLL_SECONDS, until - loop.time())
        if left <= 0:
            return
        await asyncio.sleep(left)


def as_response(reply: Reply) -> web.Response:
    """The answer as it is."""
    return web.Response(
        body=reply.body, status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type}
    )


async def send(
    rule: Misbehaviour, request: web.Request, reply: Reply, closing: asyncio.Event
) -> web.StreamResponse:
    """Send an answer with the connection misbehaving as the rule says."""
    match rule.mode:
        case Mode.SLOW:
            await pause(request, closing, SLOW_SECONDS if rule.seconds is None else rule.seconds)
        case Mode.HANG:
            await pause(request, closing, None)
        case Mode.RESET:
            _break_off(request, hard=True)
        case Mode.DROP_AFTER_COMMIT:
            _break_off(request, hard=False)
        case Mode.TRUNCATE:
            return await _truncate(request, reply)
        case Mode.DRIP:
            return await _drip(
                request, reply, closing, DRIP_SECONDS if rule.seconds is None else rule.seconds
            )
        case _:
            pass
    return as_response(reply)


def _break_off(request: web.Request, *, hard: bool) -> None:
    """Close without an answer; hard: with a reset instead of an orderly end."""
    transport = request.transport
    if transport is None:
        return
    if not hard:
        transport.close()
        return
    opened = transport.get_extra_info("socket")
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _open(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(
        status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type}
    )
    response.content_length = len(reply.body)
    await response.prepare(request)
    return response


async def _truncate(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = await _open(request, reply)
    await response.write(reply.body[: len(reply.body) // 2])
    _break_off(request, hard=False)
    return response


async def _drip(
    request: web.Request, reply: Reply, closing: asyncio.Event, seconds: float
) -> web.StreamResponse:
    response = await _open(request, reply)
    try:
        for place in range(len(reply.body)):
            await response.write(reply.body[place : place + 1])
            await pause(request, closing, seconds)
            if closing.is_set():
                _break_off(request, hard=False)
                break
    except ConnectionError:
        _break_off(request, hard=False)
    return response
