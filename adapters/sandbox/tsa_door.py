"""The door of the sandbox's time stamping authority: `POST /tsa`, and the certificate to trust at `/tsa/ca.pem`.

It misbehaves like every peer (`source: tsa`). `wrong_person` is a well-formed stamp with one lie in it: `field` says
which (`imprint`, `nonce`, `policy`, `signer`, `usage`, `time`); `fault200` is a refusal in the words of RFC 3161.
"""

import asyncio

from aiohttp import web

from adapters.sandbox.connection import as_response, send
from adapters.sandbox.misbehave import Misbehaviour, Mode, Switchboard
from adapters.sandbox.spoil import replaced, spoiled
from adapters.sandbox.tsa import LIES, SOURCE, Authority
from adapters.sandbox.wire import Reply

#: the others would look for fields in the answer
_SPOILING = frozenset({Mode.GARBAGE, Mode.HUGE, Mode.GZIP_BOMB})


def add_authority(app: web.Application, board: Switchboard, closing: asyncio.Event) -> None:
    """Add the authority, with keys of its own, to the application."""
    authority = Authority()

    async def stamp(request: web.Request) -> web.StreamResponse:
        board.count(SOURCE, "stamp")
        rule = board.take(SOURCE, "stamp", opens=False)
        query = await request.read()
        if rule is None:
            return as_response(authority.answer(query))
        reply = _misbehaved(rule, authority, query, f"{request.scheme}://{request.host}")
        return await send(rule, request, reply, closing)

    async def ca(_request: web.Request) -> web.Response:
        return web.Response(body=authority.ca, content_type="application/x-pem-file")

    app.router.add_post(f"/{SOURCE}", stamp)
    app.router.add_get(f"/{SOURCE}/ca.pem", ca)


def _misbehaved(rule: Misbehaviour, authority: Authority, query: bytes, origin: str) -> Reply:
    if rule.mode is Mode.FAULT200:
        return authority.answer(query, "status")
    if rule.mode is Mode.WRONG_PERSON:
        return authority.answer(query, rule.field if rule.field in LIES else LIES[0])
    instead = replaced(rule, SOURCE, origin)
    if instead is not None:
        return instead
    reply = authority.answer(query)
    return spoiled(rule, reply) if rule.mode in _SPOILING else reply
