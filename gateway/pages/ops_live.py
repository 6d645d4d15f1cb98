"""Live parts of the operators' pages: cells of sources, and lines of this process's log, as server-sent events.

A stream holds no state of its own but a number. What all streams show is made once a second, for all of them together.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from gateway.api.context import Operation
from gateway.api.request import Request
from gateway.api.response import begin_stream
from gateway.console import formats
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, LoginsUnavailable, NotFound
from gateway.operation.streams import LONGEST
from gateway.pages.frame import Visit
from gateway.pages.ops_sources import attention, cells_of, sources_known, sources_now
from gateway.telemetry import tail

#: seconds between two signs of life, and the longest life of a stream after its session
_BEAT, _SESSION = 15, 2
#: seconds between two queries of the database
_ATTENTION = 10
#: `Last-Event-ID` of a stream of lines: process, number of its next line
_PLACE = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")
_ENDED = b"event: end\ndata: {}\n\n"
_LONGEST_FILTER = 100

Produce = Callable[[], Awaitable[bytes]]


def operation_of(request: Request) -> Operation:
    """What operators use. Raises NotFound when there is none."""
    found = request.services.operation
    if found is None:
        raise NotFound(say.NO_LOGINS)
    return found


async def source_events(request: Request, visit: Visit) -> web.StreamResponse:
    """`GET /ops/events`: event `cells` when a cell changed, and at the beginning."""
    operation = operation_of(request)
    seen = [b""]

    async def produce() -> bytes:
        event = await _cells_event(request, visit, operation)
        if event == seen[0]:
            return b""
        seen[0] = event
        return event

    return await _stream(request, visit, operation, produce)


async def _cells_event(request: Request, visit: Visit, operation: Operation) -> bytes:
    """The cells now, in the language of the visit; the same bytes for all streams of a second."""

    async def needs() -> bytes:
        answer = await sources_now(request.services, operation)
        found = await attention(request.services, visit.caller, answer["sources"])
        return orjson.dumps(sorted(one["what"] for one in found))

    async def cells() -> bytes:
        answer = sources_known(request.services, operation)
        shown = {one["source"]: cells_of(one, visit.language)._asdict() for one in answer["sources"]}
        paused = sum(one["state"] != "available" for one in answer["sources"])
        data = {"cells": shown, "paused": paused, "count": len(shown), "needs": orjson.loads(known)}
        return b"event: cells\ndata: " + orjson.dumps(data) + b"\n\n"

    known = await operation.stream_cache.of("needs", needs, _ATTENTION)
    return await operation.stream_cache.of(f"cells {visit.language}", cells)


# ------------------------------------------------------------------------------------------------------- lines


class LineFilter(NamedTuple):
    """Which lines are wanted; blank: any."""

    requester: str = ""
    #: beginning of the route
    route: str = ""
    #: `404`, or its first digit
    status: str = ""

    def fits(self, line: Mapping[str, Any]) -> bool:
        """Whether a line is wanted."""
        return (
            self.requester in {"", line.get("requester")}
            and str(line.get("route", "")).startswith(self.route)
            and str(line.get("status", "")).startswith(self.status)
        )


def filter_of(form: Mapping[str, str]) -> LineFilter:
    """The filter of a query. Raises BadRequest."""
    found = LineFilter(*(form.get(name, "").strip() for name in LineFilter._fields))
    if any(len(one) > _LONGEST_FILTER for one in found):
        raise BadRequest(say.QUERY_WORD(name="requester, route, status", words=f"≤ {_LONGEST_FILTER}"))
    return found._replace(status=found.status.removesuffix("xx"))


def newest_lines(wanted: LineFilter, count: int, after: int = -1) -> tuple[list[dict[str, Any]], int]:
    """The newest wanted lines behind number `after`, oldest first, and the number of the newest line of all."""
    kept = tail(after)
    found = [line for _, raw in kept if wanted.fits(line := orjson.loads(raw))]
    return found[-count:], kept[-1][0] if kept else after


#: columns of the table of lines: name, word, class
COLUMNS = (
    ("time", ("Giờ", "Time"), "num"), ("event", ("Việc", "Event"), ""), ("route", ("Đường dẫn", "Route"), ""),
    ("status", ("Mã", "Status"), "r"), ("ms", ("ms", "ms"), "r"), ("requester", ("Hệ thống", "Requester"), ""),
    ("more", ("Khác", "More"), ""),
)  # fmt: skip
_OWN_COLUMN = frozenset({"time", "event", "route", "method", "status", "elapsed_ms", "requester", "level"})


def cells_of_line(line: Mapping[str, Any]) -> dict[str, str]:
    """What the table shows of a line, by column."""
    more = [
        f"{name}={value}"
        for name, value in line.items()
        if name not in _OWN_COLUMN and value not in ("", None)
    ]
    level = [] if line.get("level") in {"info", None} else [str(line["level"])]
    cells = {
        "time": formats.exact_clock(str(line.get("time", ""))), "event": str(line.get("event", "")),
        "route": f"{line.get('method', '')} {line.get('route', '')}".strip(), "status": str(line.get("status", "")),
        "ms": formats.number(line["elapsed_ms"]) if "elapsed_ms" in line else "",
        "requester": str(line.get("requester", "")), "more": " ".join([*level, *more]),
    }  # fmt: skip
    return {name: formats.seen(cells[name]) or "–" for name, _, _ in COLUMNS}


async def line_events(request: Request, visit: Visit) -> web.StreamResponse:
    """`GET /ops/tail/events`: event `lines` with new lines; `Last-Event-ID` goes on where a stream broke.

    Where another process made that id, all lines that this one keeps come, and the page drops those that it has.
    """
    wanted, operation = filter_of(visit.form), operation_of(request)
    last = _PLACE.fullmatch(request.headers.get("Last-Event-ID", visit.form.get("after", "")))
    is_anew = last is not None and last[1] != operation.streams.process
    place = [-1 if is_anew else newest_lines(wanted, 1)[1] if last is None else int(last[2]) - 1]

    async def produce() -> bytes:
        found, place[0] = newest_lines(wanted, 500, place[0])
        if not found:
            return b""
        return (
            f"id: {place_of(operation, place[0])}\nevent: lines\ndata: ".encode()
            + orjson.dumps([list(cells_of_line(one).values()) for one in found])
            + b"\n\n"
        )

    return await _stream(request, visit, operation, produce, is_anew=is_anew)


def place_of(operation: Operation, number: int) -> str:
    """From where a stream goes on behind the line with this number (-1: none yet), in this process only."""
    return f"{operation.streams.process}-{number + 1}"


# ------------------------------------------------------------------------------------------------------ stream


async def _stream(
    request: Request, visit: Visit, operation: Operation, produce: Produce, *, is_anew: bool = False
) -> web.StreamResponse:
    """First says which process answers: not always the one that made the page. `is_anew`: what is shown is over."""
    session, process = visit.session, orjson.dumps({"process": os.getpid(), "anew": is_anew})
    with operation.streams.opened("" if session is None else session.id):
        stream = await begin_stream(request, "text/event-stream", **{"X-Accel-Buffering": "no"})
        await stream.write(b"retry: 2000\nevent: process\ndata: " + process + b"\n\n" + await produce())
        end, began = asyncio.get_running_loop().time() + LONGEST, operation.streams.now
        while not operation.ended.is_set() and asyncio.get_running_loop().time() < end:
            await operation.streams.tick()
            age = operation.streams.now - began
            if age % _SESSION == 0 and not await _lives(request, visit):
                await stream.write(_ENDED)
                break
            if piece := await produce() or (b":\n\n" if age % _BEAT == 0 else b""):
                await stream.write(piece)
        await stream.write_eof()
    return stream


async def _lives(request: Request, visit: Visit) -> bool:
    """Whether the session of a visit still lives; while the store is away, nobody knows, and the stream goes on."""
    here, session = request.services.sign_in, visit.session
    if here is None or session is None:
        return False
    try:
        return await here.broker.sessions.find(session.id) is not None
    except LoginsUnavailable:
        return True
