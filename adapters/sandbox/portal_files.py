"""Download of the files of the portal's dossiers: `GET /national_bus/files/<36-character id>`, streamed.

It misbehaves like every peer (`source: national_bus`, `operation: files`; a rule without an operation counts here too).
"""

import asyncio

from aiohttp import web

from adapters.sandbox.connection import as_response, send
from adapters.sandbox.misbehave import Switchboard
from adapters.sandbox.portal import BUS, SimulatedPortal
from adapters.sandbox.served_files import chunks, content
from adapters.sandbox.spoil import replaced
from adapters.sandbox.wire import Reply

OPERATION = "files"
_PDF = "application/pdf"


def add_files(
    app: web.Application, board: Switchboard, portal: SimulatedPortal, closing: asyncio.Event
) -> None:
    """Add the download to the application."""

    async def download(request: web.Request) -> web.StreamResponse:
        board.count(BUS, OPERATION)
        served = portal.files.get(request.match_info["uid"])
        if served is None:
            return web.json_response({"message": "Không tìm thấy tệp"}, status=404)
        rule = board.take(BUS, OPERATION, opens=False)
        if rule is not None:
            instead = replaced(rule, BUS, f"{request.scheme}://{request.host}")
            whole = Reply(body=b"" if instead else content(served), content_type=_PDF)
            return await send(rule, request, instead or whole, closing)
        if served.size < _SMALL:
            return as_response(Reply(body=content(served), content_type=_PDF))
        response = web.StreamResponse(headers={"Content-Type": _PDF})
        response.content_length = served.size
        await response.prepare(request)
        for piece in chunks(served):
            await response.write(piece)
        return response

    app.router.add_get(f"/{BUS}/files/{{uid}}", download)


_SMALL = 65_536
